"""What SQL is built of: conditions of three values and quantities that may be absent, folded where they are constant.

A truth is ``True``, ``False``, ``None`` (unknown) or a condition, whose NULL means unknown. A condition stands only
where every dialect takes one (``CASE WHEN``, ``WHERE``); a column holds 1, 0 or NULL instead. Within ``booleans()`` a
column holds the condition itself, which an engine that has booleans works out in about half the time.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.rules.logic import COMPARE, TIE, edges, of_limit, of_two

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.rules.expression import Operator


class Atom(NamedTuple):
    """A condition that is written as it stands, and its opposite."""

    text: str
    opposite: str


class Every(NamedTuple):
    """True when all are."""

    items: tuple[Condition, ...]


class Some(NamedTuple):
    """True when any is."""

    items: tuple[Condition, ...]


Condition = Atom | Every | Some
Truth = bool | Condition | None
Number = float | str | None  # a constant, an expression, or unknown

UNKNOWN: Final = Atom("NULL = 1", "NULL = 1")
_CONSTANT: Final = {True: "1 = 1", False: "1 = 0", None: UNKNOWN.text}


class Quantity(NamedTuple):
    """A number, or a choice's code; ``absent`` (never unknown) while it was volunteered and not reported."""

    value: Number
    absent: bool | Condition = False


class Form(NamedTuple):
    """How a column holds a truth."""

    kind: str
    yes: str
    no: str


_INTEGERS: Final = Form("INTEGER", "1", "0")
_BOOLEANS: Final = Form("BOOLEAN", "TRUE", "FALSE")
_form: Final = ContextVar("form", default=_INTEGERS)


@contextmanager
def booleans() -> Iterator[None]:
    """Let columns hold truths as booleans: for an engine that has them, never for printed SQL."""
    before = _form.set(_BOOLEANS)
    try:
        yield
    finally:
        _form.reset(before)


def form() -> Form:
    """How columns hold truths here."""
    return _form.get()


def flag(column: str) -> Atom:
    """The condition that a column of truths holds, or an expression that gives one."""
    if form() is _INTEGERS:
        return Atom(f"{column} = 1", f"{column} = 0")
    held = column if column.isidentifier() or column.startswith("(") else f"({column})"
    return Atom(held, f"NOT {held}")


def is_null(expression: str) -> Atom:
    """The condition, never unknown, that an expression is NULL."""
    return Atom(f"{expression} IS NULL", f"{expression} IS NOT NULL")


# ---- conditions ------------------------------------------------------------------------------------------------------


def every(*truths: Truth) -> Truth:
    """Kleene's and."""
    return _joined(truths, settles=False)


def some(*truths: Truth) -> Truth:
    """Kleene's or."""
    return _joined(truths, settles=True)


def _joined(truths: Iterable[Truth], *, settles: bool) -> Truth:
    kind, items, unknown = Some if settles else Every, dict[Condition, None](), False
    for truth in truths:
        if truth is settles:
            return settles
        unknown = unknown or truth is None
        if isinstance(truth, kind):
            items |= dict.fromkeys(truth.items)
        elif isinstance(truth, (Atom, Every, Some)):
            items[truth] = None
    if unknown and items:
        items[UNKNOWN] = None
    if not items:
        return None if unknown else not settles
    return next(iter(items)) if len(items) == 1 else kind(tuple(items))


def opposite(truth: Truth) -> Truth:
    """Kleene's not, by De Morgan."""
    match truth:
        case Atom(text, other):
            return Atom(other, text)
        case Every(items):
            return some(*map(opposite, items))
        case Some(items):
            return every(*map(opposite, items))
    return None if truth is None else not truth


def certain(truth: Truth) -> bool | Condition:
    """Return a truth that is known never to be unknown."""
    if truth is None:
        raise ValueError("this may be unknown")
    return truth


def condition(truth: Truth) -> str:
    """Write a truth where a condition stands."""
    match truth:
        case Atom(text):
            return text
        case Every(items):
            return " AND ".join(f"({condition(item)})" if isinstance(item, Some) else condition(item) for item in items)
        case Some(items):
            return " OR ".join(f"({condition(item)})" if isinstance(item, Every) else condition(item) for item in items)
    return _CONSTANT[truth]


def stored(truth: Truth) -> str:
    """Write a truth as a column holds it, NULL where it is unknown."""
    if truth is None or isinstance(truth, bool):
        return f"CAST(NULL AS {form().kind})" if truth is None else _constant(truth)
    if held := _flagged(truth):
        return held
    if form() is _BOOLEANS:
        return f"({condition(truth)})"
    return f"CASE WHEN {condition(truth)} THEN 1 WHEN {condition(opposite(truth))} THEN 0 ELSE NULL END"


def yes_or_no(truth: bool | Condition) -> str:  # noqa: FBT001  # a truth
    """Write a truth as a column holds it; unknown, where it can be, counts as no."""
    if isinstance(truth, bool):
        return _constant(truth)
    if form() is _BOOLEANS or _flagged(truth):
        return f"COALESCE({stored(truth)}, {form().no})"
    return f"CASE WHEN {condition(truth)} THEN 1 ELSE 0 END"


def of_three(truth: Condition, unknown: int) -> str:
    """Write a truth as 1, 0 and a number for unknown, or as a boolean, whose NULL is unknown."""
    if form() is _BOOLEANS:
        return stored(truth)
    if held := _flagged(truth):
        return f"COALESCE({held}, {unknown})"
    return f"CASE WHEN {condition(truth)} THEN 1 WHEN {condition(opposite(truth))} THEN 0 ELSE {unknown} END"


def one_or_zero(truth: bool | Condition) -> str:  # noqa: FBT001  # a truth
    """Write a truth as a number, in every form; unknown counts as no."""
    return str(int(truth)) if isinstance(truth, bool) else f"CASE WHEN {condition(truth)} THEN 1 ELSE 0 END"


def _constant(said: bool) -> str:  # noqa: FBT001  # a truth
    return form().yes if said else form().no


def _flagged(truth: Condition) -> str | None:
    """Return the column, or the expression, that a flag reads."""
    held = truth.text.removesuffix(" = 1") if isinstance(truth, Atom) else None
    return held if held and truth == flag(held) else None


# ---- quantities ------------------------------------------------------------------------------------------------------


def number(value: Number) -> str:
    """Write a number as a double: its exponent makes a literal one, and a cast where a dialect reads decimals."""
    if value is None:
        return "CAST(NULL AS DOUBLE)"
    return value if isinstance(value, str) else f"CAST({literal(value)} AS DOUBLE)"


def literal(value: float) -> str:
    """Write a constant beside a double."""
    return f"{value!r}e0" if "e" not in repr(value) else repr(value)


def compared(operator: Operator, left: Quantity, right: Quantity, *, limit: bool, whole: bool) -> Truth:
    """Compare two quantities with the ties of ``logic``: to a constant ``limit``, or to one another.

    ``whole`` tells that both are codes of a choice, which need no tolerance.
    """
    absent = certain(some(left.absent, right.absent))
    if absent is True:
        return False
    return every(opposite(absent), _compared(operator, left.value, right.value, limit=limit, whole=whole))


def _compared(operator: Operator, left: Number, right: Number, *, limit: bool, whole: bool) -> Truth:
    if left is None or right is None:
        return None
    if isinstance(left, float) and isinstance(right, float):
        slack = of_limit(left, right) if limit else of_two(left, right)
        return COMPARE[operator](left, right, slack)
    if whole:
        return _code_compared(operator, _code(left), _code(right))
    low, high = _edges(left, right, limit=limit)
    return _between(operator, left if isinstance(left, str) else literal(left), low, high)


def _code(value: float | str) -> str:
    return value if isinstance(value, str) else str(int(value))


_OPPOSITE: Final = {">=": "<", ">": "<=", "<": ">=", "<=": ">", "==": "<>", "!=": "="}


def _code_compared(operator: Operator, left: str, right: str) -> Atom:
    sign = {"==": "=", "!=": "<>"}.get(operator, operator)
    return Atom(f"{left} {sign} {right}", f"{left} {_OPPOSITE[operator]} {right}")


def _edges(left: float | str, right: float | str, *, limit: bool) -> tuple[str, str]:
    """Write the two edges of the tie round what stands on the right."""
    if limit and isinstance(right, float):
        low, high = edges(right)
        return literal(low), literal(high)
    one, two = (f"ABS({side})" if isinstance(side, str) else literal(abs(side)) for side in (left, right))
    slack = f"{literal(TIE)} * ({one} + {two})"
    written = right if isinstance(right, str) else literal(right)
    return f"({written} - {slack})", f"({written} + {slack})"


def _between(operator: Operator, left: str, low: str, high: str) -> Truth:
    match operator:
        case ">=":
            return Atom(f"{left} >= {low}", f"{left} < {low}")
        case ">":
            return Atom(f"{left} > {high}", f"{left} <= {high}")
        case "<":
            return Atom(f"{left} < {low}", f"{left} >= {low}")
        case "<=":
            return Atom(f"{left} <= {high}", f"{left} > {high}")
    within = every(Atom(f"{left} >= {low}", f"{left} < {low}"), Atom(f"{left} <= {high}", f"{left} > {high}"))
    return within if operator == "==" else opposite(within)


def finite(value: float | None) -> Number:
    """A constant that was worked out; what is absent there is an error of the rulebook's, so it is unknown."""
    return None if value is None or math.isnan(value) else value
