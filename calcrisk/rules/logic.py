"""What the operators mean: Kleene's three values, exact ties, guarded arithmetic, numbers known within bounds.

A truth is ``True``, ``False`` or ``None`` (unknown). A quantity is a float, ``None`` (unknown), NaN (**absent**:
volunteered and not reported; every comparison with it is false) or a ``Span`` (known within bounds). ``FREE`` is the
truth of a condition that one freely chosen answer could make true or false; only the question "which missing input
would decide?" brings it in.
"""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from calcrisk.rules.expression import Arithmetic, Function, Operator

ABSENT: Final = math.nan
TIE: Final = 5e-10  # relative: a tie written in decimals is a tie, though doubles say a little more (8.8 × 6.25 is 55)


class Freedom(Enum):
    """The one value of a condition that hangs on the answer being tried."""

    FREE = "free"


FREE: Final = Freedom.FREE


class Span(NamedTuple):
    """A number somewhere from ``lo`` to ``hi``; ``free`` when it may be chosen at will, else it is merely inexact."""

    lo: float
    hi: float
    free: bool = False


Slack = Callable[[float, float], float]
Quantity = float | None
Truth = bool | None
AnyQuantity = float | Span | None
AnyTruth = bool | Freedom | None

COMPARE: Final[dict[Operator, Callable[[float, float, float], bool]]] = {
    # (a, b, tolerance); each is false when either side is absent (NaN)
    ">=": lambda a, b, t: a >= b - t,
    ">": lambda a, b, t: a > b + t,
    "<": lambda a, b, t: a < b - t,
    "<=": lambda a, b, t: a <= b + t,
    "==": lambda a, b, t: b - t <= a <= b + t,
    "!=": lambda a, b, t: a < b - t or a > b + t,
}


def of_two(a: float, b: float) -> float:
    """How close two quantities must be to count as equal."""
    return TIE * (abs(a) + abs(b))


def of_limit(_: float, limit: float) -> float:
    """How close a quantity must be to a constant limit to count as equal."""
    return TIE * abs(limit)


def compare(operator: Operator, a: float, b: float, slack: Slack = of_two) -> bool:
    """Compare two known quantities; absent ones compare false."""
    return COMPARE[operator](a, b, slack(a, b))


def edges(limit: float) -> tuple[float, float]:
    """Return the two edges of the tie round a constant limit, for comparisons folded once at load."""
    slack = of_limit(limit, limit)
    return limit - slack, limit + slack


def _finite(value: float) -> float | None:
    # An infinity never enters: what overflows is unknown, in both walks.
    return None if math.isinf(value) else value


def divide(a: float, b: float) -> float | None:
    """Divide; by 0 unknown, unless what is divided is absent."""
    return _finite(a / b) if b != 0 else (ABSENT if math.isnan(a) else None)


def power(a: float, b: float) -> float | None:
    """Raise to a power; a base of 0 or less gives unknown, an absent operand absent (``nan ** 0`` is 1 in Python)."""
    if math.isnan(a) or math.isnan(b):
        return ABSENT
    return _guarded(lambda: a**b) if a > 0 else None


def logarithm(a: float) -> float | None:
    """Natural logarithm; of 0 or less unknown."""
    return ABSENT if math.isnan(a) else (math.log(a) if a > 0 else None)


def exponential(a: float) -> float | None:
    """Raise e to a power; unknown where it overflows."""
    return _guarded(lambda: math.exp(a))


def _guarded(calculate: Callable[[], float]) -> float | None:
    try:
        return _finite(calculate())
    except OverflowError:
        return None


def least(*values: float) -> float:
    """Return the smallest; absent when any is absent."""
    return ABSENT if any(map(math.isnan, values)) else min(values)


def greatest(*values: float) -> float:
    """Return the largest; absent when any is absent."""
    return ABSENT if any(map(math.isnan, values)) else max(values)


CALCULATE: Final[dict[Arithmetic, Callable[[float, float], float | None]]] = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": divide,
    "**": power,
}
CALL: Final[dict[Function, Callable[..., float | None]]] = {
    "min": least,
    "max": greatest,
    "ln": logarithm,
    "exp": exponential,
}


def unknown_or_absent(*values: AnyQuantity) -> float | None:
    """What arithmetic gives when not all operands are numbers: an absent one settles it, else it is unknown."""
    return ABSENT if any(isinstance(value, float) and math.isnan(value) for value in values) else None


def span_of(value: float | Span) -> Span:
    """A number as a span of no width."""
    return value if isinstance(value, Span) else Span(value, value)


def bounded(
    calculate: Callable[..., float | None], values: Sequence[AnyQuantity], *, divides: bool = False
) -> AnyQuantity:
    """Apply an operation to quantities of which some are spans: the span of its results, unknown where undefined."""
    spans = []
    for value in values:
        if value is None or value != value:  # noqa: PLR0124  # NaN, absent, differs from itself
            return unknown_or_absent(*values)
        spans.append(span_of(value))
    if divides and spans[1].lo <= 0 <= spans[1].hi:
        return None
    # Every operation is monotone in each operand on its guarded domain, so its extremes lie at corners.
    corners = product(*[(span.lo,) if span.lo == span.hi else (span.lo, span.hi) for span in spans])
    results = []
    for corner in corners:
        if (result := calculate(*corner)) is None:
            return None
        results.append(result)
    lo, hi = min(results), max(results)
    return lo if lo == hi else Span(lo, hi, any(span.free for span in spans))


_LOWEST_FIRST: Final = (">=", ">")  # comparisons that are least likely to hold where the left side is lowest


def compare_bounded(operator: Operator, a: AnyQuantity, b: AnyQuantity, slack: Slack = of_two) -> AnyTruth:
    """Compare quantities of which some may be spans: undecided when these overlap, ``FREE`` when a free one decides."""
    if a is None or b is None or a != a or b != b:  # noqa: PLR0124  # NaN, absent, differs from itself
        return False if isinstance(unknown_or_absent(a, b), float) else None
    one, two, holds = span_of(a), span_of(b), COMPARE[operator]
    undecided = FREE if one.free or two.free else None
    if operator in ("==", "!="):
        apart = compare("<", one.hi, two.lo, slack) or compare(">", one.lo, two.hi, slack)
        return operator == "!=" if apart else undecided
    low, high = (one.lo, two.hi), (one.hi, two.lo)
    worst, best = (low, high) if operator in _LOWEST_FIRST else (high, low)
    if holds(*worst, slack(*worst)):
        return True
    return undecided if holds(*best, slack(*best)) else False
