"""The free calcium, magnesium and sodium that close the mass balances (MODEL section 7).

For given activity coefficients the balances are the gradient of a strictly convex function of the logarithms of the
free metals, so a damped Newton method finds the one solution from any start. Ionic strength and water activity are
brought up to date once a step. Rows are solved independently of each other: each leaves the iteration when it has met
the tolerance, so no row's answer hangs on its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from calcrisk.chemistry.speciation import (
    SODIUM,
    Balance,
    C,
    Medium,
    P,
    balance,
    excess,
    ionic_strength,
    medium,
    saturating,
    water_activity,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcrisk.chemistry.serum import Array, Serum
    from calcrisk.chemistry.speciation import Target

EXACT: Final = 1e-10  # relative change at which a row is done: every digit that is shown, and six more
QUICK: Final = 1e-6  # the same for cohorts: SI within 1e-6
STEPS: Final = 30  # Newton steps before the fallback
LONGEST: Final = 1.0  # the longest step, in natural logarithms
_SHORT: Final = 0.1  # natural logarithms; beneath it a rise comes of the ionic strength, which moves as well
_FALLBACK_STEPS: Final = 400  # substitutions before a row is given up
_OVERSHOT: Final = 0.9  # of the slope at its beginning; a step that ends on so steep a rise went too far
_RESIDUAL: Final = 10.0  # tolerances that the balances may be off, relative to the totals
# the usual free parts of the metals, where the search begins
_START: Final = ((0.5,), (0.55,), (0.98,))
_BICARBONATE: Final = 0.94  # of the total CO2 is bicarbonate then
_DIVALENT: Final = 2.0  # what a free divalent metal adds to the ionic strength, by half the square of its charge
_PHOSPHATE: Final = 1.8  # and a phosphate, at its usual charge
_WATER: Final = 0.995  # a usual water activity


class State(NamedTuple):
    """Where a row is: free Ca, Mg and Na (mol/kg; first axis), ionic strength, water activity."""

    metals: Array
    ionic: Array
    water: Array

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> State:
        """Return some of the rows."""
        return State(*(part[..., rows] for part in self))

    def put(self, rows: NDArray[np.intp], some: State) -> None:
        """Write some of the rows."""
        for whole, part in zip(self, some, strict=True):
            whole[..., rows] = part


class Looked(NamedTuple):
    """One look at the balances: the medium, where everything is, and what each balance holds too much."""

    here: Medium
    at: Balance
    hpo4: Array | None
    over: Array


class Stride(NamedTuple):
    """The last step (natural logarithms of the metals), and the slope of the convex function where it began."""

    step: Array
    slope: Array


def look(serum: Serum, state: State, target: Target | None) -> Looked:
    """Look at the balances; with a target, the phosphate is what saturates it."""
    here = medium(serum, state.ionic, state.water)
    hpo4 = None if target is None else saturating(target, serum, here, state.metals, state.water)
    at = balance(serum, here, state.metals, hpo4)
    return Looked(here, at, hpo4, excess(serum, at, state.metals))


def start(serum: Serum) -> State:
    """Return where the search begins."""
    totals = np.stack((serum.ca, serum.mg, serum.na))
    metals = totals * np.asarray(_START)
    metals[0] = np.where(np.isnan(serum.held_ca), metals[0], serum.held_ca)
    carbon, phosphate = serum.ligands[C], serum.ligands[P]
    ionic = (serum.na + serum.inert + _BICARBONATE * carbon) / 2
    ionic = ionic + _DIVALENT * (metals[0] + metals[1]) + _PHOSPHATE * phosphate
    return State(metals, ionic, np.full_like(ionic, _WATER))


def solved(
    serum: Serum, target: Target | None = None, *, begin: State | None = None, tolerance: float = EXACT
) -> tuple[State, NDArray[np.bool_], Looked]:
    """Solve every row, by Newton's method and else by substitution; tell which rows converged, and a last look.

    A row counts only when its mass balances close as well.
    """
    with np.errstate(all="ignore"):  # what overflows does not converge, and is told
        state, done = newton(serum, target, begin or start(serum), tolerance=tolerance)
        left = np.flatnonzero(~done)
        if left.size:
            again, closed = substitution(serum.take(left), _few(target, left), tolerance=tolerance)
            state.put(left, again)
            done[left] = closed
        totals = np.stack((serum.ca, serum.mg, serum.na))
        seen = look(serum, state, target)
        off = np.abs(seen.over) / totals
        return state, done & (np.maximum.reduce(off) <= _RESIDUAL * tolerance), seen


def newton(  # noqa: PLR0913  # tests force the damping by these
    serum: Serum,
    target: Target | None,
    begin: State,
    *,
    tolerance: float,
    most: int = STEPS,
    longest: float = LONGEST,
) -> tuple[State, NDArray[np.bool_]]:
    """Take Newton steps, no longer than ``longest`` and halved where they overshoot; tell which rows converged."""
    answer = State(*(part.copy() for part in begin))
    done = np.zeros(len(serum.ca), dtype=bool)
    rows, state = np.arange(len(done)), answer
    last: Stride | None = None
    for _ in range(most):
        state, last, changed = _stepped(serum, target, state, last, longest)
        near = changed < tolerance
        if near.any():
            answer.put(rows[near], state.take(near))
            done[rows[near]] = True
            far = ~near
            if not far.any():
                break
            keep = np.flatnonzero(far)
            rows, state, serum, target = rows[far], state.take(far), serum.take(keep), _few(target, keep)
            last = Stride(*(part[..., far] for part in last))
    return answer, done


def _few(target: Target | None, rows: NDArray[np.intp]) -> Target | None:
    return None if target is None else target.take(rows)


def _stepped(
    serum: Serum, target: Target | None, state: State, last: Stride | None, longest: float
) -> tuple[State, Stride, Array]:
    """Take one step; return where it leads, the step, and the largest relative change."""
    seen = look(serum, state, target)
    step = _solution(_jacobian(serum, target, seen, state.metals), seen.over)
    length = np.maximum.reduce(np.abs(step))
    step = step / np.maximum(1, length / longest)
    stride, moved = Stride(step, np.add.reduce(seen.over * step)), step
    if last is not None:
        stride, moved = _searched(stride, last, seen.over)
    metals = state.metals * np.exp(moved)
    hpo4 = None if target is None else saturating(target, serum, seen.here, metals, state.water)
    there = balance(serum, seen.here, metals, hpo4)
    ionic = ionic_strength(serum, seen.here, there, metals, state.water)
    water = water_activity(serum, seen.here, there, metals, state.water, hpo4)
    changed = np.maximum(np.maximum.reduce(np.abs(moved)), np.abs(ionic - state.ionic) / ionic)
    return State(metals, ionic, water), stride, changed


def _searched(stride: Stride, last: Stride, over: Array) -> tuple[Stride, Array]:
    """Search along the last step: where the function rises steeply at its end, go half of the way back instead."""
    back = np.maximum.reduce(np.abs(last.step)) > _SHORT
    if back.any():
        back &= np.add.reduce(over * last.step) > _OVERSHOT * -last.slope
    if not back.any():
        return stride, stride.step
    half = last.step / 2
    kept = Stride(np.where(back, half, stride.step), np.where(back, last.slope / 2, stride.slope))
    return kept, np.where(back, -half, stride.step)


class _Jacobian(NamedTuple):
    """The derivatives by metals of row and column (Ca, Mg, Na); ``nm`` is ``mn``."""

    cc: Array
    cm: Array
    cn: Array
    mc: Array
    mm: Array
    mn: Array
    nc: Array
    nn: Array


def _jacobian(serum: Serum, target: Target | None, seen: Looked, metals: Array) -> _Jacobian:
    """Return the derivatives of the balances by the logarithms of the free metals.

    They are symmetric and positive definite, but for a target: its phosphate falls as the calcium rises.
    """
    at, few = seen.at, slice(SODIUM)
    cc = metals[0] + np.add.reduce(at.bound_ca) - _over_ligands(at.share_ca, at.bound_ca)
    cm = mc = -_over_ligands(at.share_ca, at.bound_mg)
    cn = nc = -_over_ligands(at.share_na, at.bound_ca[few])
    if target is not None:
        steep = target.ca / (target.po4 + target.hpo4)
        cc, mc, nc = cc - steep * at.bound_ca[P], mc - steep * at.bound_mg[P], nc - steep * at.bound_na[P]
    held = ~np.isnan(serum.held_ca)
    if held.any():
        cc, cm, cn = np.where(held, 1, cc), np.where(held, 0, cm), np.where(held, 0, cn)
        mc, nc = np.where(held, 0, mc), np.where(held, 0, nc)
    return _Jacobian(
        *(cc, cm, cn, mc),
        mm=metals[1] + np.add.reduce(at.bound_mg) - _over_ligands(at.share_mg, at.bound_mg),
        mn=-_over_ligands(at.share_na, at.bound_mg[few]),
        nc=nc,
        nn=metals[2] + np.add.reduce(at.bound_na) - _over_ligands(at.share_na, at.bound_na),
    )


def _over_ligands(share: Array, bound: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->j", share, bound))


def _solution(matrix: _Jacobian, over: Array) -> Array:
    """Solve J · step = -f by elimination, all rows of the block at once."""
    by_m, by_n = matrix.mc / matrix.cc, matrix.nc / matrix.cc
    mm, mn, mg = matrix.mm - by_m * matrix.cm, matrix.mn - by_m * matrix.cn, over[1] - by_m * over[0]
    nm, nn, na = matrix.mn - by_n * matrix.cm, matrix.nn - by_n * matrix.cn, over[2] - by_n * over[0]
    by_n = nm / mm
    na = (na - by_n * mg) / (nn - by_n * mn)
    mg = (mg - mn * na) / mm
    step = np.empty_like(over)
    step[0], step[1], step[2] = (matrix.cm * mg + matrix.cn * na - over[0]) / matrix.cc, -mg, -na
    return step


def substitution(
    serum: Serum, target: Target | None, *, tolerance: float, most: int = _FALLBACK_STEPS
) -> tuple[State, NDArray[np.bool_]]:
    """Substitute M = T / (1 + Σ k L) from M = T downwards: slow, monotone, and sure for given coefficients."""
    totals = np.stack((serum.ca, serum.mg, serum.na))
    held = np.isnan(serum.held_ca)
    state = start(serum)
    state = state._replace(metals=np.stack((np.where(held, totals[0], serum.held_ca), totals[1], totals[2])))
    changed = np.full(len(serum.ca), np.inf)
    for _ in range(most):
        seen = look(serum, state, target)
        bound = np.stack([np.add.reduce(part) for part in (seen.at.bound_ca, seen.at.bound_mg, seen.at.bound_na)])
        metals = totals / (1 + bound / state.metals)
        metals[0] = np.where(held, metals[0], serum.held_ca)
        ionic = ionic_strength(serum, seen.here, seen.at, state.metals, state.water)
        water = water_activity(serum, seen.here, seen.at, state.metals, state.water, seen.hpo4)
        moved = np.maximum.reduce(np.abs(np.log(metals / state.metals)))
        changed = np.maximum(moved, np.abs(ionic - state.ionic) / ionic)
        state = State(metals, ionic, water)
        if np.all(changed < tolerance):
            break
    return state, changed < tolerance
