"""Columns in, columns out: the chemistry of one serum, of a million, or of a stream of blocks.

Rows are worked through in blocks that stay in the processor's cache; a row's answer does not hang on its block.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.newton import EXACT, State, look, solved
from calcrisk.chemistry.serum import MILLI, NOT_CONVERGED, SOLVED, Serum, fill, molal
from calcrisk.chemistry.speciation import PR, P, Target, activities, phosphate, saturation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from calcrisk.chemistry.constants import Phase
    from calcrisk.chemistry.newton import Looked
    from calcrisk.chemistry.serum import Array, Filled
    from calcrisk.chemistry.speciation import Activities

    Columns = dict[str, NDArray[Any]]

ROWS: Final = 4096  # of a block: its temporary arrays stay in the cache
PRECIPICES: Final = ("dcpd", "acp")  # the phases whose saturation phosphate is told
_KEPT: Final = 2**21  # numbers; twice this is more than the temporary arrays of a block take
_PERCENT: Final = 100.0  # of a whole
_MOST_PHOSPHATE: Final = 50.0  # mmol/L; above it a phase counts as not reached

BESIDES: Final = (
    *("ionised_ca", "ionised_mg", "total_ca", "ca_x_p"),
    *("ca_free", "ca_protein", "ca_complexed", "p_free", "p_sodium", "p_calcium", "p_magnesium"),
    *("ionic_strength", "water_activity", "m_hpo4", "m_po4", "la_ca", "la_hpo4", "la_po4"),
)


def names(phases: Sequence[str], precipices: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns of numbers that ``solve`` gives for these phases."""
    per_ion = [f"si_{phase}_per_ion" for phase in phases]
    return (*BESIDES, *(f"si_{phase}" for phase in phases), *per_ion, *(f"p_at_si0_{phase}" for phase in precipices))


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
    phosphate (mmol/L) that saturates, NaN where none up to 50 mmol/L does. ValueError for columns that have no meaning.
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
    _keep_memory()
    told = shown() if phases is None else tuple(phases)
    count = len(filled.status)
    answer: Columns = {name: np.full(count, np.nan) for name in names(told, precipices)}
    answer["status"], answer["assumed"] = filled.status.copy(), filled.assumed
    solvable = np.flatnonzero(filled.status == SOLVED)
    for begin in range(0, len(solvable), rows):
        _block(filled, solvable[begin : begin + rows], (told, tuple(precipices)), tolerance, answer)
    return answer


@cache
def _keep_memory() -> None:
    """Teach the allocator of glibc to keep what is let go, or each step takes its pages anew from the system.

    It raises its limits to the size of the largest array that was let go; this one is never written to, and takes no
    room. Three times as many rows a second; nothing changes where memory is managed otherwise.
    """
    np.empty(_KEPT)


def _block(
    filled: Filled,
    rows: NDArray[np.intp],
    wanted: tuple[tuple[str, ...], tuple[str, ...]],
    tolerance: float,
    answer: Columns,
) -> None:
    serum = molal(filled, rows)
    state, done, seen = solved(serum, tolerance=tolerance)
    answer["status"][rows[~done]] = NOT_CONVERGED
    if not done.all():
        kept = np.flatnonzero(done)
        serum, state, rows = serum.take(kept), state.take(kept), rows[kept]
        seen = look(serum, state, None)
    measured = {name: column[rows] for name, column in filled.values.items()}
    log_a = activities(serum, seen.here, seen.at, state.metals, state.water)
    told = _told(serum, state, seen, measured) | _indices(serum, log_a, wanted[0])
    told |= {"la_ca": log_a.ca, "la_hpo4": log_a.hpo4, "la_po4": log_a.po4}
    levels = precipices_of([constants.phases()[name] for name in wanted[1]], serum, state, tolerance)
    told |= {f"p_at_si0_{name}": level for name, level in zip(wanted[1], levels, strict=True)}
    for name, column in told.items():
        answer[name][rows] = column


def precipices_of(phases: Sequence[Phase], serum: Serum, begin: State, tolerance: float = EXACT) -> Sequence[Array]:
    """Return, for each phase, the phosphate (mmol/L of serum) that saturates; NaN where it is not reached."""
    if not phases:
        return []
    target = Target.of(phases, len(serum.kg))
    tiled = Serum(*(np.concatenate([part] * len(phases), axis=-1) for part in serum))
    begins = State(*(np.concatenate([part] * len(phases), axis=-1) for part in begin))
    _, done, seen = solved(tiled, target, begin=begins, tolerance=tolerance)
    with np.errstate(all="ignore"):  # rows that did not converge
        total = phosphate(seen.here, seen.at) * tiled.kg / MILLI
        levels = np.where(done & (total <= _MOST_PHOSPHATE), total, np.nan)
    return np.split(levels, len(phases))


def _told(serum: Serum, state: State, seen: Looked, measured: dict[str, Array]) -> dict[str, Array]:
    """Return what is told of every serum (MODEL section 8)."""
    at, free = seen.at, state.metals
    density = constants.value("water", "density_kg_per_l")
    calcium = free[0] + np.add.reduce(at.bound_ca)
    total = serum.ligands[P]
    return {
        "ionised_ca": free[0] * density / MILLI,
        "ionised_mg": free[1] * density / MILLI,
        "total_ca": calcium * serum.kg / MILLI,
        "ca_x_p": constants.value("units", "product_mg2_dl2_per_mmol2_l2") * measured["ca"] * measured["p"],
        "ca_free": _PERCENT * free[0] / calcium,
        "ca_protein": _PERCENT * at.bound_ca[PR] / calcium,
        "ca_complexed": _PERCENT * np.add.reduce(at.bound_ca[:PR]) / calcium,
        "p_free": _PERCENT * at.ligand[P] * seen.here.folded[P] / total,
        "p_sodium": _PERCENT * at.bound_na[P] / total,
        "p_calcium": _PERCENT * at.bound_ca[P] / total,
        "p_magnesium": _PERCENT * at.bound_mg[P] / total,
        "ionic_strength": state.ionic,
        "water_activity": state.water,
        "m_hpo4": at.ligand[P],
        "m_po4": at.ligand[P] * seen.here.po4,
    }


def _indices(serum: Serum, log_a: Activities, phases: Sequence[str]) -> dict[str, Array]:
    told = {}
    for name in phases:
        phase = constants.phases()[name]
        told[f"si_{name}"] = index = saturation(phase, serum, log_a)
        told[f"si_{name}_per_ion"] = index / phase.ions
    return told
