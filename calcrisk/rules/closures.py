"""Nodes to closures: each expression becomes one Python function of the environment (a list with a slot a name).

``exact`` is the everyday walk: truths True, False, None; quantities float, None, NaN. ``bounded`` is the same meaning
over ``Span`` and ``FREE`` too, slower, used when a number is known only within bounds, for the proof at load that
nothing overflows, and for the question which missing input would decide. A property test holds the two to the same
answers.
"""

from __future__ import annotations

import operator as op
from typing import TYPE_CHECKING, Any, Final, TypeVar

from calcrisk.rules import expression as ex
from calcrisk.rules.logic import (
    CALCULATE,
    CALL,
    COMPARE,
    FREE,
    TIE,
    AnyQuantity,
    AnyTruth,
    Quantity,
    Slack,
    Span,
    Truth,
    compare_bounded,
    edges,
    of_limit,
    of_two,
    span_of,
    unknown_or_absent,
)
from calcrisk.rules.logic import bounded as apply_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Environment = Sequence[Any]
    Closure = Callable[[Environment], Any]
    Slots = Mapping[str, int]
    Holds = Callable[[float, float, float], bool]  # of two quantities and how close counts as equal

_KEPT: Final = 256  # answers of one choice that are kept
_Key = TypeVar("_Key")
_Made = TypeVar("_Made")
KNOWN: Final = "known:"  # the slot that says whether a name was stated


def exact(node: ex.Node, slots: Slots) -> Closure:  # noqa: C901, PLR0911  # one branch a kind of node
    """Build the everyday closure of one expression."""
    match node:
        case ex.Name(name):
            return op.itemgetter(slots[name])
        case ex.Known(name):
            return op.itemgetter(slots[KNOWN + name])
        case ex.Constant(value) | ex.Truth(value) | ex.Settled(value):
            return lambda _: value
        case ex.Comparison(operator, ex.Name(name), ex.Constant(limit)):
            return _COMPARED[operator](slots[name], *edges(limit))
        case ex.Comparison(operator, ex.Name(left), ex.Name(right)):
            return _compared_names(COMPARE[operator], slots[left], slots[right])
        case ex.Comparison(operator, left, right):
            return _compared(COMPARE[operator], exact(left, slots), exact(right, slots), _slack(right))
        case ex.Calculation(operator, left, right):
            return _calculated(CALCULATE[operator], exact(left, slots), exact(right, slots))
        case ex.Call(function, arguments):
            return _called(CALL[function], [exact(argument, slots) for argument in arguments])
        case ex.And(items):
            return _joined(items, slots, settles=False)
        case ex.Or(items):
            return _joined(items, slots, settles=True)
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


def _compared_names(holds: Holds, one: int, two: int) -> Closure:
    def run(env: Environment) -> Truth:
        a, b = env[one], env[two]
        if a is None or b is None:
            return _unless_absent(a, b)
        return holds(a, b, TIE * (abs(a) + abs(b)))  # `of_two` without its call

    return run


def _compared(holds: Holds, left: Closure, right: Closure, slack: Slack) -> Closure:
    def run(env: Environment) -> Truth:
        a, b = left(env), right(env)
        if a is None or b is None:
            return _unless_absent(a, b)
        return holds(a, b, slack(a, b))

    return run


def _unless_absent(a: Quantity, b: Quantity) -> Truth:
    """What a comparison with an unknown gives: unknown, but false when the other side is absent (NaN)."""
    other = b if a is None else a
    return None if other is None or other == other else False  # noqa: PLR0124  # NaN differs from itself


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


def _joined(items: tuple[ex.Node, ...], slots: Slots, *, settles: bool) -> Closure:
    """Join items by ``and`` (False settles) or ``or`` (True settles): plain names first, fetched without a call."""
    words, rest = _words(items) if settles else ({}, items)
    names = [slot for item in rest if (slot := _plain(item, slots)) is not None]
    negated = [slot for item in rest if isinstance(item, ex.Not) and (slot := _plain(item.item, slots)) is not None]
    others = [_one_of(slots[name], [*map(edges, codes)]) for name, codes in words.items()]
    others += [exact(item, slots) for item in rest if _plain(getattr(item, "item", item), slots) is None]
    for slot in negated:
        joined = _joined_all(others, settles=settles) if others else None
        others = [
            _guarded(slot, joined, closes=not settles, settles=settles) if joined else _negated(op.itemgetter(slot))
        ]
    if not others:
        return _names_only(op.itemgetter(*names, names[0]), settles=settles)  # a tuple also of one
    joined = _joined_all(others, settles=settles)
    if len(names) == 1:
        return _guarded(names[0], joined, closes=settles, settles=settles)
    return _joined_names(op.itemgetter(*names), joined, settles=settles) if names else joined


def _plain(item: ex.Node, slots: Slots) -> int | None:
    """Return the slot of what need only be fetched."""
    if isinstance(item, ex.Name):
        return slots[item.name]
    return slots[KNOWN + item.name] if isinstance(item, ex.Known) else None


def _words(items: tuple[ex.Node, ...]) -> tuple[dict[str, list[float]], list[ex.Node]]:
    """Take apart what asks for one of several words of a choice (``x in (a, b)``), and the rest."""
    words: dict[str, list[float]] = {}
    rest = []
    for item in items:
        match item:
            case ex.Comparison("==", ex.Name(name), ex.Constant(code)):
                words.setdefault(name, []).append(code)
            case _:
                rest.append(item)
    return words, rest


def _one_of(slot: int, codes: list[tuple[float, float]]) -> Closure:
    def run(env: Environment) -> Truth:
        value = env[slot]
        if value is None:
            return None
        for low, high in codes:  # noqa: SIM110  # `any` would make a generator each time
            if low <= value <= high:
                return True
        return False

    return run


def _names_only(fetch: Closure, *, settles: bool) -> Closure:
    def run(env: Environment) -> Truth:
        values = fetch(env)
        return settles if settles in values else (None if None in values else not settles)

    return run


def _joined_names(fetch: Closure, other: Closure, *, settles: bool) -> Closure:
    def run(env: Environment) -> Truth:
        values = fetch(env)
        if settles in values:
            return settles
        last: Truth = other(env)
        return last if last is settles or None not in values else None

    return run


def _guarded(slot: int, other: Closure, *, closes: bool, settles: bool) -> Closure:
    """Join a slot, or its negation, and another: ``closes`` is what the slot holds where it settles the matter."""

    def run(env: Environment) -> Truth:
        first: Truth = env[slot]
        if first is closes:
            return settles
        second: Truth = other(env)
        return second if first is not None or second is settles else None

    return run


def _joined_all(items: list[Closure], *, settles: bool) -> Closure:
    if len(items) == 1:
        return items[0]
    if len(items) == 2:  # noqa: PLR2004  # by far the commonest
        return _joined_both(*items, settles=settles)

    def run(env: Environment) -> Truth:
        answer: Truth = not settles
        for item in items:
            value: Truth = item(env)
            if value is settles:
                return settles
            if value is None:
                answer = None
        return answer

    return run


def _joined_both(one: Closure, two: Closure, *, settles: bool) -> Closure:
    def run(env: Environment) -> Truth:
        first: Truth = one(env)
        if first is settles:
            return settles
        second: Truth = two(env)
        return second if first is not None or second is settles else None

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
            return _joined_bounded([bounded(item, slots) for item in items], settles=False)
        case ex.Or(items):
            return _joined_bounded([bounded(item, slots) for item in items], settles=True)
        case ex.Not(item):
            return _negated_bounded(bounded(item, slots))
        case ex.Choose():
            pairs, last = _chain(node)
            branches = [(bounded(condition, slots), bounded(then, slots)) for condition, then in pairs]
            return _kept(_chosen_bounded(branches, bounded(last, slots)), node, slots)
    return exact(node, slots)


def _limited(slot: int, plain: Closure, operator: ex.Operator, limit: float) -> Closure:
    holds, slack = COMPARE[operator], of_limit(limit, limit)
    monotone = operator not in ("==", "!=")

    def run(env: Environment) -> AnyTruth:
        value = env[slot]
        if not isinstance(value, Span):  # most values are plain numbers also where one is a span
            return plain(env)  # type: ignore[no-any-return]  # closures are untyped by nature
        if monotone and (low := holds(value.lo, limit, slack)) == holds(value.hi, limit, slack):
            return low
        return compare_bounded(operator, value, limit, of_limit)

    return run


def _compared_bounded(operator: ex.Operator, left: Closure, right: Closure, slack: Slack) -> Closure:
    holds = COMPARE[operator]

    def run(env: Environment) -> AnyTruth:
        a, b = left(env), right(env)
        if isinstance(a, float) and isinstance(b, float):
            return holds(a, b, slack(a, b))
        if a is None or b is None:
            return _unless_absent(a, b)
        return compare_bounded(operator, a, b, slack)

    return run


def _applied(calculate: Callable[..., Quantity], arguments: list[Closure], *, divides: bool = False) -> Closure:
    def run(env: Environment) -> AnyQuantity:
        values = [argument(env) for argument in arguments]
        for value in values:
            if not isinstance(value, float):
                return apply_bounded(calculate, values, divides=divides)
        return calculate(*values)

    return run


def _joined_bounded(items: list[Closure], *, settles: bool) -> Closure:
    # Beside free, unknown stays for ``and``, since the free answer alone cannot make it true; for ``or`` it can.
    prevails = FREE if settles else None

    def run(env: Environment) -> AnyTruth:
        answer: AnyTruth = not settles
        for item in items:
            value: AnyTruth = item(env)
            if value is settles:
                return settles
            if not isinstance(value, bool) and answer is not prevails:
                answer = value
        return answer

    return run


def _negated_bounded(item: Closure) -> Closure:
    return lambda env: value if (value := item(env)) is None or value is FREE else not value


def _chain(node: ex.Node) -> tuple[list[tuple[ex.Node, ex.Node]], ex.Node]:
    """Return what ``x if c else (y if d else …)`` chooses from, each with its condition, and what is left."""
    pairs = []
    while isinstance(node, ex.Choose):
        pairs.append((node.condition, node.then))
        node = node.otherwise
    return pairs, node


def slots_read(node: ex.Node, slots: Slots) -> frozenset[int]:
    """Return the slots that an expression reads itself."""
    read = []
    for part in ex.walk(node):
        if isinstance(part, ex.Name):
            read.append(slots[part.name])
        elif isinstance(part, ex.Known):
            read.append(slots[KNOWN + part.name])
    return frozenset(read)


def kept(made: dict[_Key, _Made], key: _Key, one: _Made, most: int) -> _Made:
    """Keep one more, and nothing of before where there are ``most``; another thread may do the same meanwhile."""
    if len(made) >= most:
        made.clear()
    made[key] = one
    return one


def _kept(run: Closure, node: ex.Node, slots: Slots) -> Closure:
    """Keep the answers of a choice by what it reads: a limit for an unknown age is asked for again and again."""
    read = slots_read(node, slots)
    answers: dict[tuple[Any, ...], AnyQuantity] = {}

    def run_once(env: Environment) -> AnyQuantity:
        key = tuple([env[slot] for slot in read])
        try:
            return answers[key]
        except KeyError:
            answer: AnyQuantity = run(env)
            return kept(answers, key, answer, _KEPT)

    return run_once


def _chosen_bounded(branches: list[tuple[Closure, Closure]], last: Closure) -> Closure:
    # A freely chosen condition may pick its branch or go on: anything between what can be reached is possible.
    def run(env: Environment) -> Any:  # noqa: ANN401  # as `_hull`
        reached = []
        for condition, then in branches:
            truth = condition(env)
            if truth is None:
                return None
            if truth is not False:
                reached.append(then(env))
                if truth is True:
                    break
        else:
            reached.append(last(env))
        return reached[0] if len(reached) == 1 else _hull(reached)

    return run


def _hull(values: list[Any]) -> Any:  # noqa: ANN401  # of quantities, or of truths
    if any(value is None or value != value for value in values):  # noqa: PLR0124  # NaN, absent, differs from itself
        return None
    if isinstance(values[0], float | Span):
        spans = [span_of(value) for value in values]
        return Span(min(span.lo for span in spans), max(span.hi for span in spans), free=True)
    return values[0] if all(value is values[0] for value in values) else FREE
