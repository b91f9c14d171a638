"""One number of one patient moved along its whole range, all else kept: where the rules turn, what they say between.

The comparisons that the number can turn are proved (``courses``) to turn once each; bisection finds where, to more than
nine digits. Between two turns nothing changes, so one evaluation answers for the whole piece.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.rules.closures import bounded, exact
from calcrisk.stated import Given
from calcrisk.variables import registry
from calcrisk.whatif.cone import behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calcrisk.rules import expression as ex
    from calcrisk.rules.plans import Form
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.scalar import Evaluation
    from calcrisk.whatif.courses import Turn

_PRECISE: Final = 1e-12  # relative: bisection ends here, three digits beyond the nine that are promised
_SPLIT: Final[dict[str, tuple[ex.Operator, ex.Operator]]] = {"==": (">=", "<="), "!=": ("<", ">")}

Stated = dict[str, Given]
Ends = tuple[tuple[float, float], ...]
Test = tuple[int, tuple[Any, Any]]  # the bits of the steps behind a comparison, and its two closures


class Piece(NamedTuple):
    """Values between two turns, both ends belonging to it."""

    low: float
    high: float

    def nearest(self, value: float) -> float:
        """Return the value of the piece that lies nearest to another."""
        return min(max(value, self.low), self.high)


class Line:
    """One number of a patient on its way from the lowest value that is read to the highest."""

    def __init__(
        self, book: Rulebook, given: Mapping[str, Given], name: str, turns: Iterable[Turn], ends: Ends = ()
    ) -> None:
        """Take the number's proved turns, and ``ends`` that were found of others; ``given`` must state it exactly."""
        self.name, self._book = name, book
        self.given: Stated = dict(given)
        self._slot = book.walk.program.inputs[name].slot
        self.low, self.high = domain(name)
        self._found = ends
        self._tests = [test for turn in turns for test in _tests(book, turn)]

    def at(self, value: float, **others: float) -> Evaluation:
        """Evaluate the patient with another value of the number, and of others."""
        given = self.given | {name: replaced(self.given[name], other) for name, other in others.items()}
        given[self.name] = replaced(given[self.name], value)
        return self._book.evaluate(given)

    def pieces(self, **others: float) -> list[Piece]:
        """Return the pieces of the whole range, from the lowest, ``others`` being set to these values."""
        ends = sorted(self.ends(**others))
        starts, pieces = self.low, []
        for before, after in ends:
            if before >= starts:
                pieces.append(Piece(starts, before))
            starts = max(starts, after)
        return [*pieces, Piece(starts, self.high)] if starts <= self.high else pieces

    def ends(self, **others: float) -> Ends:
        """Return for each turn the last value before it and the first after it."""
        return (*self._found, *(self._ends(self.at(self.low, **others)) if self._tests else ()))

    def _ends(self, found: Evaluation) -> Iterator[tuple[float, float]]:
        form: Form = "bounded" if found.inexact else "exact"
        for bits, (plain, within) in self._tests:
            told = within if form == "bounded" else plain
            runs = self._book.walk.steps(bits, form)
            yield from _turned(self._trial(found.env, runs, told), self.low, self.high)

    def _trial(self, env: Sequence[Any], runs: Sequence[Any], told: Any) -> Callable[[float], Any]:  # noqa: ANN401  # a closure
        held, slot = list(env), self._slot

        def truth(value: float) -> Any:  # noqa: ANN401  # a truth of three values
            held[slot] = value
            for place, run in runs:
                held[place] = run(held)
            return told(held)

        return truth


def domain(name: str) -> tuple[float, float]:
    """Return the lowest and highest value of an input that is read: its hard limits, without what is taken for a slip.

    A bare number below or above some value is refused, since it looks like another unit.
    """
    variable = registry()[name]
    low, high = variable.hard or (0.0, 0.0)
    for trap in variable.unit_traps:
        if trap.get("act", "refuse") == "refuse" and trap.get("unit") in (None, variable.unit):
            low = max(low, float(trap["below"])) if trap.get("below") is not None else low
            high = min(high, float(trap["above"])) if trap.get("above") is not None else high
    return float(low), float(high)


def replaced(given: Given, value: float) -> Given:
    """Return a statement with another value."""
    return given._replace(value=float(value))


def _tests(book: Rulebook, turn: Turn) -> Iterator[Test]:
    program, node = book.walk.program, turn.node
    for operator in _SPLIT.get(node.operator, (node.operator,)):
        each = node._replace(operator=operator)
        yield behind(program, each), (exact(each, program.slots), bounded(each, program.slots))


def _turned(truth: Callable[[float], Any], low: float, high: float) -> Iterator[tuple[float, float]]:
    """Find where a truth that turns one way stops being what it was: the last value before and the first after."""
    first, last = truth(low), truth(high)
    if first is last:
        return
    before, after = _bisected(lambda value: truth(value) is first, low, high)
    yield before, after
    if truth(after) is not last:  # undecided in between: a number beside it is known within bounds only
        yield _bisected(lambda value: truth(value) is not last, after, high)


def _bisected(before: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    while high - low > _PRECISE * max(abs(low), abs(high)):
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        if before(middle):
            low = middle
        else:
            high = middle
    return low, high
