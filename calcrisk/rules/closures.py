"""Nodes to closures: each expression becomes one Python function of the environment (a list with a slot a name).

``exact`` is the everyday walk: truths True, False, None; quantities float, None, NaN. ``bounded`` is the same meaning
over ``Span`` and ``FREE`` too, slower, used when a number is known only within bounds, for the proof at load that
nothing overflows, and for the question which missing input would decide. A property test holds the two to the same
answers.
"""

from __future__ import annotations

import operator as op
from typing import TYPE_CHECKING, Any, Final

from calcrisk.rules import expression as ex
from calcrisk.rules.logic import (
    CALCULATE,
    CALL,
    FREE,
    AnyQuantity,
    AnyTruth,
    Freedom,
    Quantity,
    Slack,
    Span,
    Truth,
    compare,
    compare_bounded,
    edges,
    of_limit,
    of_two,
    unknown_or_absent,
)
from calcrisk.rules.logic import bounded as apply_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Environment = Sequence[Any]
    Closure = Callable[[Environment], Any]
    Slots = Mapping[str, int]

_MANY: Final = 3  # names in a row that are worth fetching together
KNOWN: Final = "known:"  # the slot that says whether a name was stated


def exact(node: ex.Node, slots: Slots) -> Closure:  # noqa: C901, PLR0911  # one branch a kind of node
    """Build the everyday closure of one expression."""
    match node:
        case ex.Name(name):
            return op.itemgetter(slots[name])
        case ex.Known(name):
            return op.itemgetter(slots[KNOWN + name])
        case ex.Constant(value) | ex.Truth(value):
            return lambda _: value
        case ex.Comparison(operator, ex.Name(name), ex.Constant(limit)):
            return _COMPARED[operator](slots[name], *edges(limit))
        case ex.Comparison(operator, left, right):
            return _compared(operator, exact(left, slots), exact(right, slots), _slack(right))
        case ex.Calculation(operator, left, right):
            return _calculated(CALCULATE[operator], exact(left, slots), exact(right, slots))
        case ex.Call(function, arguments):
            return _called(CALL[function], [exact(argument, slots) for argument in arguments])
        case ex.And(items):
            return _all([exact(item, slots) for item in items])
        case ex.Or(items):
            return _any(_with_names_at_once(items, slots))
        case ex.Not(item):
            return _negated(exact(item, slots))
        case ex.Choose(condition, then, otherwise):
            return _chosen(exact(condition, slots), exact(then, slots), exact(otherwise, slots))


def _at_least(slot: int, low: float, _high: float) -> Closure:
    return lambda env: None if (value := env[slot]) is None else value >= low


def _above(slot: int, _low: float, high: float) -> Closure:
    return lambda env: None if (value := env[slot]) is None else value > high


def _below(slot: int, low: float, _high: float) -> Closure:
    return lambda env: None if (value := env[slot]) is None else value < low


def _at_most(slot: int, _low: float, high: float) -> Closure:
    return lambda env: None if (value := env[slot]) is None else value <= high


def _equal(slot: int, low: float, high: float) -> Closure:
    return lambda env: None if (value := env[slot]) is None else low <= value <= high


def _unequal(slot: int, low: float, high: float) -> Closure:
    return lambda env: None if (value := env[slot]) is None else value < low or value > high


_COMPARED: Final[dict[ex.Operator, Callable[[int, float, float], Closure]]] = {
    ">=": _at_least,
    ">": _above,
    "<": _below,
    "<=": _at_most,
    "==": _equal,
    "!=": _unequal,
}


def _slack(right: ex.Node) -> Slack:
    # Folding has put a constant on the right.
    return of_limit if isinstance(right, ex.Constant) else of_two


def _compared(operator: ex.Operator, left: Closure, right: Closure, slack: Slack) -> Closure:
    def run(env: Environment) -> Truth:
        a, b = left(env), right(env)
        if a is None or b is None:
            return None if unknown_or_absent(a, b) is None else False
        return compare(operator, a, b, slack)

    return run


def _calculated(calculate: Callable[[float, float], Quantity], left: Closure, right: Closure) -> Closure:
    def run(env: Environment) -> Quantity:
        a, b = left(env), right(env)
        return unknown_or_absent(a, b) if a is None or b is None else calculate(a, b)

    return run


def _called(function: Callable[..., Quantity], arguments: list[Closure]) -> Closure:
    def run(env: Environment) -> Quantity:
        values = [argument(env) for argument in arguments]
        return unknown_or_absent(*values) if None in values else function(*values)

    return run


def _all(items: list[Closure]) -> Closure:
    if len(items) == 2:  # noqa: PLR2004  # by far the commonest
        return _both(*items)

    def run(env: Environment) -> Truth:
        answer: Truth = True
        for item in items:
            value = item(env)
            if value is False:
                return False
            if value is None:
                answer = None
        return answer

    return run


def _with_names_at_once(items: tuple[ex.Node, ...], slots: Slots) -> list[Closure]:
    # Questions with many findings behind them are long lists of names: these are fetched in one go.
    plain = [item for item in items if isinstance(item, ex.Name)]
    if len(plain) < _MANY:
        return [exact(item, slots) for item in items]
    others = [exact(item, slots) for item in items if not isinstance(item, ex.Name)]
    return [_any_of(op.itemgetter(*(slots[item.name] for item in plain))), *others]


def _any_of(fetch: Callable[[Environment], tuple[Truth, ...]]) -> Closure:
    def run(env: Environment) -> Truth:
        values = fetch(env)
        return True if True in values else (None if None in values else False)

    return run


def _both(one: Closure, two: Closure) -> Closure:
    def run(env: Environment) -> Truth:
        first = one(env)
        if first is False:
            return False
        second = two(env)
        return False if second is False else (None if first is None or second is None else True)

    return run


def _any(items: list[Closure]) -> Closure:
    if len(items) == 1:
        return items[0]
    if len(items) == 2:  # noqa: PLR2004  # by far the commonest
        return _either_of(*items)

    def run(env: Environment) -> Truth:
        answer: Truth = False
        for item in items:
            value = item(env)
            if value is True:
                return True
            if value is None:
                answer = None
        return answer

    return run


def _either_of(one: Closure, two: Closure) -> Closure:
    def run(env: Environment) -> Truth:
        first = one(env)
        if first is True:
            return True
        second = two(env)
        return True if second is True else (None if first is None or second is None else False)

    return run


def _negated(item: Closure) -> Closure:
    return lambda env: None if (value := item(env)) is None else not value


def _chosen(condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    def run(env: Environment) -> Quantity:
        truth = condition(env)
        if truth is None:
            return None
        value: Quantity = then(env) if truth else otherwise(env)
        return value

    return run


def bounded(node: ex.Node, slots: Slots) -> Closure:  # noqa: PLR0911  # one branch a kind of node
    """Build the closure of one expression over bounds and freedom."""
    match node:
        case ex.Comparison(operator, ex.Name(name), ex.Constant(limit)):
            return _limited(slots[name], exact(node, slots), operator, limit)
        case ex.Comparison(operator, left, right):
            return _compared_bounded(operator, bounded(left, slots), bounded(right, slots), _slack(right))
        case ex.Calculation(operator, left, right):
            sides = [bounded(left, slots), bounded(right, slots)]
            return _applied(CALCULATE[operator], sides, divides=operator == "/")
        case ex.Call(function, arguments):
            return _applied(CALL[function], [bounded(argument, slots) for argument in arguments])
        case ex.And(items):
            return _all_bounded([bounded(item, slots) for item in items])
        case ex.Or(items):
            return _any_bounded([bounded(item, slots) for item in items])
        case ex.Not(item):
            return _negated_bounded(bounded(item, slots))
        case ex.Choose(condition, then, otherwise):
            return _chosen_bounded(bounded(condition, slots), bounded(then, slots), bounded(otherwise, slots))
    return exact(node, slots)


def _limited(slot: int, plain: Closure, operator: ex.Operator, limit: float) -> Closure:
    # Most values are plain numbers also where one is a span.
    def run(env: Environment) -> AnyTruth:
        value = env[slot]
        return compare_bounded(operator, value, limit, of_limit) if isinstance(value, Span) else plain(env)

    return run


def _compared_bounded(operator: ex.Operator, left: Closure, right: Closure, slack: Slack) -> Closure:
    return lambda env: compare_bounded(operator, left(env), right(env), slack)


def _applied(calculate: Callable[..., Quantity], arguments: list[Closure], *, divides: bool = False) -> Closure:
    return lambda env: apply_bounded(calculate, tuple(argument(env) for argument in arguments), divides=divides)


def _all_bounded(items: list[Closure]) -> Closure:
    # False settles it; unknown beside free stays unknown, since the free answer alone cannot make it true.
    def run(env: Environment) -> AnyTruth:
        answer: AnyTruth = True
        for item in items:
            value = item(env)
            if value is False:
                return False
            if value is not True and answer is not None:
                answer = value
        return answer

    return run


def _any_bounded(items: list[Closure]) -> Closure:
    def run(env: Environment) -> AnyTruth:
        answer: AnyTruth = False
        for item in items:
            value = item(env)
            if value is True:
                return True
            if value is not False and answer is not FREE:
                answer = value
        return answer

    return run


def _negated_bounded(item: Closure) -> Closure:
    return lambda env: value if (value := item(env)) is None or value is FREE else not value


def _chosen_bounded(condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    def run(env: Environment) -> AnyQuantity:
        truth = condition(env)
        if isinstance(truth, bool):
            return then(env) if truth else otherwise(env)  # type: ignore[no-any-return]  # closures are untyped by nature
        return _either(then(env), otherwise(env), truth)

    return run


def _either(one: AnyQuantity, two: AnyQuantity, truth: Freedom | None) -> AnyQuantity:
    # A freely chosen condition may pick either branch: anything between them is possible.
    known = [value for value in (one, two) if value is not None and value == value]  # noqa: PLR0124  # NaN differs from itself
    if truth is None or len(known) < 2:  # noqa: PLR2004  # both branches
        return None
    lows, highs = zip(*((v.lo, v.hi) if isinstance(v, Span) else (v, v) for v in known), strict=True)
    return Span(min(lows), max(highs), free=True)
