"""The free calcium, magnesium and sodium that close the mass balances (MODEL, docs/chemistry-model.md, section 7).

For given activity coefficients the balances are the gradient of a strictly convex function of the logarithms of the
free metals, so a damped Newton method finds the one solution from any start. Ionic strength and water activity are
brought up to date once a step, the ionic strength by the secant method. Rows are solved independently of each other:
each leaves the iteration when what the next step would change is within the tolerance, so no row's answer hangs on its
neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from calcrisk.chemistry.serum import Rows
from calcrisk.chemistry.speciation import (
    CA,
    METALS,
    MG,
    NA,
    C,
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
    from calcrisk.chemistry.speciation import Balance, Medium, Target

EXACT: Final = 1e-10  # relative change still to come at which a row is done: every digit that is shown, and six more
QUICK: Final = 1e-6  # the same for cohorts: SI within 1e-6
STEPS: Final = 30  # Newton steps before the fallback
_FEW: Final = 256  # rows that are carried on when they are done: to leave them out takes longer
LONGEST: Final = 1.0  # the longest step, in natural logarithms
_SHORT: Final = 0.1  # natural logarithms; beneath it a rise comes of the ionic strength, which moves as well
_FALLBACK_STEPS: Final = 400  # substitutions before a row is given up
_OVERSHOT: Final = 0.9  # of the slope at its beginning; a step that ends on so steep a rise went too far
_CONTRACTION: Final = 0.047  # the most of a change of the ionic strength that comes back (MODEL 7)
_WEIGHT: Final = 3.0  # of the ionic strength among what is still to come: an index sums the activities of many ions
_RESIDUAL: Final = 10.0  # tolerances that the balances may be off, relative to the totals
# the usual free parts of the metals, where the search begins
_START: Final = np.array([[0.5], [0.55], [0.98]])
_BICARBONATE: Final = 0.94  # of the total CO2 is bicarbonate then
_DIVALENT: Final = 2.0  # what a free divalent metal adds to the ionic strength, by half the square of its charge
_PHOSPHATE: Final = 1.8  # and a phosphate, at its usual charge
_WATER: Final = 0.995  # a usual water activity


class State(Rows):
    """Where a row is: free Ca, Mg and Na (mol/kg; first axis), ionic strength, water activity."""

    metals: Array
    ionic: Array
    water: Array

    def put(self, rows: NDArray[np.intp], some: State) -> None:
        """Write some of the rows."""
        for whole, part in zip(vars(self).values(), vars(some).values(), strict=True):
            whole[..., rows] = part


class Looked:
    """One look at the balances: the medium, where everything is, and what each balance holds too much."""

    def __init__(self, here: Medium, at: Balance, over: Array) -> None:
        """Take what was seen."""
        self.here, self.at, self.over = here, at, over


class Stride(Rows):
    """The last step (natural logarithms of the metals), and the slope of the convex function where it began.

    ``ionic`` is the ionic strength of the beginning, ``went`` how far from it that of the metals at the end is,
    ``far`` the length of the step.
    """

    step: Array
    slope: Array
    ionic: Array
    went: Array
    far: Array


def look(serum: Serum, state: State, target: Target | None) -> Looked:
    """Look at the balances (MODEL 6.3); with a target, the phosphate is what saturates it (MODEL 6.6)."""
    here = medium(serum, state.ionic, state.water)
    at = _balance(serum, here, target, state.metals, state.water)
    return Looked(here, at, excess(serum, at))


def _balance(serum: Serum, here: Medium, target: Target | None, metals: Array, water: Array) -> Balance:
    hpo4 = None if target is None else saturating(target, serum, here, metals, water)
    return balance(serum, here, metals, hpo4)


def start(serum: Serum) -> State:
    """Return where the search begins (MODEL 7)."""
    metals = serum.totals * _START
    metals[CA] = np.where(np.isnan(serum.held_ca), metals[CA], serum.held_ca)
    ionic = (serum.totals[NA] + serum.inert + _BICARBONATE * serum.ligands[C]) / 2
    ionic = ionic + _DIVALENT * (metals[CA] + metals[MG]) + _PHOSPHATE * serum.ligands[P]
    return State(metals, ionic, np.full_like(ionic, _WATER))


def solved(
    serum: Serum, target: Target | None = None, *, tolerance: float = EXACT
) -> tuple[State, NDArray[np.bool_], Looked]:
    """Solve every row, by Newton's method and else by substitution; tell which converged, and a last look (MODEL 7).

    A row counts only when its mass balances close as well.
    """
    with np.errstate(all="ignore"):  # what overflows does not converge, and is told
        state, done = newton(serum, target, start(serum), tolerance=tolerance)
        left = np.flatnonzero(~done)
        if left.size:
            again, closed = substitution(serum.take(left), target and target.take(left), tolerance=tolerance)
            state.put(left, again)
            done[left] = closed
        seen = look(serum, state, target)
        off = np.maximum.reduce(np.abs(seen.over) / serum.totals)
        return state, done & (off <= _RESIDUAL * tolerance), seen


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
    rows = np.arange(len(serum.kg))
    answer, state, done = begin.take(rows), begin, np.zeros(len(rows), dtype=bool)
    last: Stride | None = None
    for _ in range(most):
        state, last, left = _stepped(serum, target, state, last, longest)
        near = np.flatnonzero((left < tolerance) & ~done[rows])
        if near.size:
            answer.put(rows[near], state.take(near))
            done[rows[near]] = True
            if done.all():
                break
            if len(rows) > _FEW:
                far = np.flatnonzero(~done[rows])
                rows, state, serum, last = rows[far], state.take(far), serum.take(far), last.take(far)
                target = target and target.take(far)
    return answer, done


def _stepped(
    serum: Serum, target: Target | None, state: State, last: Stride | None, longest: float
) -> tuple[State, Stride, Array]:
    """Take one step; return where it leads, the step, and the relative change that is still to come (an estimate)."""
    seen = look(serum, state, target)
    step = _solution(_jacobian(serum, target, seen.at), seen.over)
    length = np.maximum.reduce(np.abs(step))
    step = step / np.maximum(1, length / longest)
    slope, moved = np.add.reduce(seen.over * step), step
    if last is not None:
        step, slope, moved = _searched(step, slope, last, seen.over)
    metals = state.metals * np.exp(moved)
    there = _balance(serum, seen.here, target, metals, state.water)
    ionic = ionic_strength(seen.here, there, metals)
    water = water_activity(serum, seen.here, there, metals, aimed=target is not None)
    stride = Stride(step, slope, state.ionic, ionic - state.ionic, np.maximum.reduce(np.abs(moved)))
    left = np.maximum(_to_come(stride, last), _WEIGHT * np.abs(stride.went) / ionic)
    return State(metals, ionic if last is None else ionic + _ahead(stride, last), water), stride, left


def _to_come(stride: Stride, last: Stride | None) -> Array:
    """Return the length of the next step, which is to this one as this one is to the last, and no longer."""
    return stride.far if last is None else np.asarray(stride.far * np.fmin(stride.far / last.far, 1))


def _ahead(stride: Stride, last: Stride) -> Array:
    """Return how far the ionic strength will still go, by its last two changes (secant method)."""
    share = 1 + (stride.went - last.went) / (stride.ionic - last.ionic)
    share = np.fmax(np.fmin(share, _CONTRACTION), -_CONTRACTION)  # also where nothing changed, and 0 / 0 is NaN
    return np.asarray(stride.went * share / (1 - share))


def _searched(step: Array, slope: Array, last: Stride, over: Array) -> tuple[Array, Array, Array]:
    """Search along the last step: where the function rises steeply at its end, go half of the way back instead.

    Return the step that the next one is judged by, the slope where it began, and where to go now.
    """
    back = last.far > _SHORT
    if back.any():
        back &= np.add.reduce(over * last.step) > _OVERSHOT * -last.slope
    if not back.any():
        return step, slope, step
    half = last.step / 2
    return np.where(back, half, step), np.where(back, last.slope / 2, slope), np.where(back, -half, step)


def _jacobian(serum: Serum, target: Target | None, at: Balance) -> Array:
    """Return the derivatives of the balances by the logarithms of the free metals (MODEL 7).

    They are symmetric and positive definite, but for a target: its phosphate falls as the calcium rises.
    """
    matrix: Array = np.negative(np.einsum("alj,blj->abj", at.bound, at.per * at.free))
    matrix.reshape(METALS * METALS, -1)[:: METALS + 1] += at.held  # the diagonal
    if target is not None:
        matrix[:, CA] -= target.by_ca * at.bound[:, P]
    measured = ~np.isnan(serum.held_ca)
    if measured.any():
        matrix[CA] = np.where(measured, [[1], [0], [0]], matrix[CA])
    return matrix


def _solution(matrix: Array, over: Array) -> Array:
    """Solve J · step = -f by elimination, all rows of the block at once (MODEL 7: J du = -f)."""
    by = matrix[1:, 0] / matrix[0, 0]
    rest, left = matrix[1:, 1:] - by[:, None] * matrix[0, 1:], over[1:] - by * over[0]
    last = rest[1, 0] / rest[0, 0]
    na = (left[1] - last * left[0]) / (rest[1, 1] - last * rest[0, 1])
    mg = (left[0] - rest[0, 1] * na) / rest[0, 0]
    ca = (over[0] - matrix[0, 1] * mg - matrix[0, 2] * na) / matrix[0, 0]
    return -np.array((ca, mg, na))


def substitution(
    serum: Serum, target: Target | None, *, tolerance: float, most: int = _FALLBACK_STEPS
) -> tuple[State, NDArray[np.bool_]]:
    """Substitute M = T / (1 + Σ k L) from M = T downwards (MODEL 7): slow, monotone, sure for given coefficients."""
    totals, follows = serum.totals, np.isnan(serum.held_ca)
    metals = totals.copy()
    metals[CA] = np.where(follows, metals[CA], serum.held_ca)
    state = start(serum)._replace(metals=metals)
    changed = np.full(len(serum.kg), np.inf)
    for _ in range(most):
        seen = look(serum, state, target)
        metals = totals / (seen.at.held / state.metals)  # held is M · (1 + Σ k L)
        metals[CA] = np.where(follows, metals[CA], serum.held_ca)
        ionic = ionic_strength(seen.here, seen.at, state.metals)
        water = water_activity(serum, seen.here, seen.at, state.metals, aimed=target is not None)
        moved = np.maximum.reduce(np.abs(np.log(metals / state.metals)))
        changed = np.maximum(moved, np.abs(ionic - state.ionic) / ionic)
        state = State(metals, ionic, water)
        if np.all(changed < tolerance):
            break
    return state, changed < tolerance
