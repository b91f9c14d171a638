"""Columns in, columns out: the chemistry of one serum, of a million, or of a stream of blocks.

Rows are worked through in blocks that stay in the processor's cache; a row's answer does not hang on its block.
MODEL is docs/chemistry-model.md.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.newton import EXACT, solved
from calcrisk.chemistry.serum import MILLI, NOT_CONVERGED, SOLVED, fill, molal
from calcrisk.chemistry.speciation import CA, MG, NA, PR, P, Target, activities, phosphate, saturating, saturation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from calcrisk.chemistry.newton import State
    from calcrisk.chemistry.serum import Array, Filled, Serum
    from calcrisk.chemistry.speciation import Balance, Medium

    Columns = dict[str, NDArray[Any]]

ROWS: Final = 8192  # of a block, with those of its saturated sera: its temporary arrays stay in the cache
PRECIPICES: Final = ("dcpd", "acp")  # the phases whose saturation phosphate is told
REACH: Final = ("reached", "not_reached", "not_converged", "not_solved")  # whether one was found; the last: no serum
REACHED, NOT_REACHED, LOST, UNSOLVED = range(len(REACH))  # the codes of these words
_KEPT: Final = 2**21  # numbers; twice this is more than the temporary arrays of a block take
_FEW: Final = 256  # rows whose temporary arrays are kept anyway
_PERCENT: Final = 100.0  # of a whole

BESIDES: Final = (
    *("ionised_ca", "ionised_mg", "total_ca", "ca_x_p"),
    *("ca_free", "ca_protein", "ca_complexed", "p_free", "p_sodium", "p_calcium", "p_magnesium"),
    *("ionic_strength", "water_activity", "m_hpo4", "m_po4", "la_ca", "la_hpo4", "la_po4"),
)


def names(phases: Sequence[str], precipices: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns of numbers that ``solve`` gives for these phases."""
    per_ion = [f"si_{phase}_per_ion" for phase in phases]
    return (*BESIDES, *(f"si_{phase}" for phase in phases), *per_ion, *(f"p_at_si0_{phase}" for phase in precipices))


@cache
def shown() -> tuple[str, ...]:
    """Return the phases that are told unless others are asked for."""
    return tuple(name for name, phase in constants.phases().items() if phase.shown)


def solve(
    columns: Mapping[str, ArrayLike],
    *,
    phases: Sequence[str] | None = None,
    precipices: Sequence[str] = PRECIPICES,
    tolerance: float = EXACT,
    rows: int = ROWS,
) -> Columns:
    """Return the chemistry of every row: numbers, NaN where there is none, and why under ``status`` and ``assumed``.

    Columns are named as the fields of ``constants.json`` (``ca`` and ``p`` are required), in mmol per litre of serum
    (albumin and globulin g/L), NaN where nothing was measured; ``ionised_ca`` is a measured one, ``dialysis`` 1 or 0.
    ``status`` is a place in ``serum.STATUS``, ``assumed`` one bit for each of ``serum.ASSUMED``. ``p_at_si0_…`` is the
    phosphate (mmol/L) that saturates, all else as it is, the total calcium too (that which goes with a measured
    ionised one); NaN where there is none, and ``reach_…``, a place in ``REACH``, says why. ValueError for columns that
    have no meaning.
    """
    return solve_filled(fill(columns), phases=phases, precipices=precipices, tolerance=tolerance, rows=rows)


def solve_filled(
    filled: Filled,
    *,
    phases: Sequence[str] | None = None,
    precipices: Sequence[str] = PRECIPICES,
    tolerance: float = EXACT,
    rows: int = ROWS,
) -> Columns:
    """Return what ``solve`` does, of columns that are filled already."""
    wanted = (shown() if phases is None else tuple(phases), tuple(precipices))
    told = names(*wanted)
    table = np.full((len(told), len(filled.status)), np.nan)
    answer: Columns = dict(zip(told, table, strict=True))
    answer["status"], answer["assumed"] = filled.status.copy(), filled.assumed
    reach = np.full((len(precipices), len(filled.status)), UNSOLVED, dtype=np.uint8)
    answer |= dict(zip((f"reach_{name}" for name in precipices), reach, strict=True))
    solvable = np.flatnonzero(filled.status == SOLVED)
    size = max(1, rows // (1 + len(precipices)))
    if len(solvable) > _FEW:
        _keep_memory()
    for begin in range(0, len(solvable), size):
        block = solvable[begin : begin + size]
        found, reached, done = _block(filled, block, wanted, tolerance)
        kept = slice(None) if done.all() else done
        table[:, block[kept]] = [found[name][kept] for name in told]
        reach[:, block[kept]] = reached[:, kept]
        answer["status"][block[~done]] = NOT_CONVERGED
    return answer


@cache
def _keep_memory() -> None:
    """Teach the allocator of glibc to keep what is let go, or each step takes its pages anew from the system.

    It raises its limits to the size of the largest array that was let go; this one is never written to, and takes no
    room. Three times as many rows a second; nothing changes where memory is managed otherwise.
    """
    np.empty(_KEPT)


def _block(
    filled: Filled, rows: NDArray[np.intp], wanted: tuple[tuple[str, ...], tuple[str, ...]], tolerance: float
) -> tuple[dict[str, Array], NDArray[np.uint8], NDArray[np.bool_]]:
    """Return what is told of some rows, which precipices they have (``REACH``), and which of them converged.

    The phosphates that saturate them are found in the same run, as further rows: calls of numpy cost one row most.
    """
    phases, count = [constants.phases()[name] for name in wanted[1]], len(rows)
    serum = molal(filled, np.tile(rows, 1 + len(phases)))
    target = Target.of([None, *phases], count) if phases else None
    if target is not None:
        _hold_totals(serum, count)
    state, done, seen = solved(serum, target, tolerance=tolerance)
    with np.errstate(all="ignore"):  # rows that did not converge
        total = phosphate(seen.here, seen.at) * serum.kg / MILLI
        reach = _reach(serum, target, total, done)
        levels = np.where(reach == REACHED, total, np.nan).reshape(-1, count)
        parts = serum.first(count), state.first(count), seen.here.first(count), seen.at.first(count)
        told = _told(*parts) | _active(*parts, wanted[0])
        told["ca_x_p"] = _product(filled, rows)
    told |= {f"p_at_si0_{name}": level for name, level in zip(wanted[1], levels[1:], strict=True)}
    return told, reach.reshape(-1, count)[1:], done[:count]


def _hold_totals(serum: Serum, count: int) -> None:
    """Let the saturated sera, behind the first ``count``, keep the total where the ionised was measured (MODEL 6.5).

    More phosphate binds more calcium, so the free calcium falls on the way to the precipice; what stays is the total,
    here the one that goes with the measured free calcium. A measurement that says what the model says changes nothing.
    """
    measured = np.flatnonzero(~np.isnan(serum.held_ca[:count]))
    if measured.size:
        _, _, seen = solved(serum.take(measured))
        for begin in range(count, len(serum.kg), count):
            serum.totals[CA, begin + measured] = seen.at.held[CA]
        serum.held_ca[count:] = np.nan


def _reach(serum: Serum, target: Target | None, total: Array, done: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return for each row whether its phosphate (mmol/L) is one that occurs (MODEL 6.6).

    Where no solution was found there may be none: a serum that is below saturation at the most phosphate is so at any
    less as well (a test asks sixty of them), and only what is left was not solved.
    """
    most = constants.value("precipices", "most_phosphate")
    reach = (total > most).astype(np.uint8)  # REACHED or NOT_REACHED
    lost = np.flatnonzero(~done)
    reach[lost] = LOST
    if target is not None and lost.size:
        full, aim = serum.take(lost), target.take(lost)
        full.ligands[P] = most * MILLI / full.kg
        state, solvable, seen = solved(full)
        needed = saturating(aim, full, seen.here, state.metals, state.water)
        reach[lost[solvable & (seen.at.ligand[P] < needed)]] = NOT_REACHED
    return reach


def warned(filled: Filled, solved: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Return the rows that each warning of ``constants.json`` is for, by its code; only solved rows have any."""
    entries, values, done = constants.document()["warnings"], filled.values, solved["status"] == SOLVED
    predicted, estimated = done & np.isnan(filled.ionised_ca), filled.assumes("ph_estimated")
    found = {
        "albumin-low": predicted & albumin_low(filled),
        "albumin-assumed": predicted & filled.assumes("albumin"),
        "calcium-differs": np.abs(values["ca"] - solved["total_ca"]) > entries["calcium-differs"]["limit"],
        "acp-ph-range": done & _far_from_usual(filled, *entries["acp-ph-range"]["range"]),
        "ph-estimated": done & estimated,
        "ph-assumed": done & filled.assumes("ph") & ~estimated,
        "estimate-poor": predicted,
    }
    if filled.beside_bound is not None:  # something was known within bounds
        found["at-bound"] = done & np.logical_or.reduce([~done, *filled.at_bound.values()])
        found["bound-not-used"] = done & filled.beside_bound
    return found


def _far_from_usual(filled: Filled, lowest: float, highest: float) -> NDArray[np.bool_]:
    """Tell which rows have a pH outside these, or a bound at one of them: the true one lies beyond."""
    ph = filled.values["ph"]
    outside = (ph < lowest) | (ph > highest)
    at = filled.at_bound.get("ph")
    return outside if at is None else outside | at & ((ph == lowest) | (ph == highest))


def albumin_low(filled: Filled) -> NDArray[np.bool_]:
    """Tell which rows have an albumin below the warning's limit (MODEL 13), or a bound at it: the true one is lower."""
    limit, albumin = constants.document()["warnings"]["albumin-low"]["limit"], filled.values["albumin"]
    low, at = albumin < limit, filled.at_bound.get("albumin")
    return np.asarray(low if at is None else low | at & (albumin == limit))


def _told(serum: Serum, state: State, here: Medium, at: Balance) -> dict[str, Array]:
    """Return what is told of every serum (MODEL section 8)."""
    litre = constants.value("water", "density_kg_per_l") / MILLI
    calcium, phosphates = at.held[CA], serum.ligands[P] / _PERCENT
    per_cent = calcium / _PERCENT
    return {
        "ionised_ca": state.metals[CA] * litre,
        "ionised_mg": state.metals[MG] * litre,
        "total_ca": calcium * serum.kg / MILLI,
        "ca_free": state.metals[CA] / per_cent,
        "ca_protein": at.bound[CA, PR] / per_cent,
        "ca_complexed": np.add.reduce(at.bound[CA, :PR]) / per_cent,
        "p_free": at.ligand[P] * here.folded[P] / phosphates,
        "p_sodium": at.bound[NA, P] / phosphates,
        "p_calcium": at.bound[CA, P] / phosphates,
        "p_magnesium": at.bound[MG, P] / phosphates,
        "ionic_strength": state.ionic,
        "water_activity": state.water,
        "m_hpo4": at.ligand[P],
        "m_po4": at.ligand[P] * here.po4,
    }


def _active(serum: Serum, state: State, here: Medium, at: Balance, phases: Sequence[str]) -> dict[str, Array]:
    """Return activities and the indices made of them (MODEL 6.4)."""
    log_a = activities(serum, here, at, state.metals, state.water)
    solids = [constants.phases()[name] for name in phases]
    told = dict(zip(("la_ca", "la_hpo4", "la_po4"), log_a, strict=False))
    for name, solid, index in zip(phases, solids, saturation(solids, serum, log_a), strict=True):
        told[f"si_{name}"], told[f"si_{name}_per_ion"] = index, index / solid.ions
    return told


def _product(filled: Filled, rows: NDArray[np.intp]) -> Array:
    factor = constants.value("units", "product_mg2_dl2_per_mmol2_l2")
    return np.asarray(factor * filled.values["ca"][rows] * filled.values["p"][rows])
