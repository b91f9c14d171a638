"""Which open inputs are missing, and which of them would decide: what the answer to one question alone could move.

An open input is *missing* when something undecided mentions it. It is *decisive* when, with it free to take any value
and every other open question left unknown, the class or a tier could become another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk.rules.logic import FREE, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcrisk.rules.program import Rule, Slotted
    from calcrisk.rules.scalar import Evaluation, Stated, Walk


class MissingInput(NamedTuple):
    """An open input that something undecided waits for; ``could_change`` is empty when it would not decide."""

    name: str
    could_change: tuple[str, ...]


def undecided_rules(walk: Walk, found: Evaluation) -> list[Rule]:
    """Return the rules whose status is unknown."""
    return [rule for rule, status in zip(walk.program.rules, found.statuses, strict=True) if status is None]


def open_inputs(walk: Walk, found: Evaluation, given: Mapping[str, Stated]) -> list[str]:
    """Return the inputs that are unknown or inexact, in the order of the variables; none of them is derived."""
    unsettled = {entry.name for entry in walk.asked if is_open(found.env[entry.slot])}
    inputs = walk.program.inputs
    said = {name for name in given if not inputs[name].spec["derived"] and is_open(found.env[inputs[name].slot])}
    return sorted(unsettled | said, key=lambda name: inputs[name].slot)


def is_open(value: Any) -> bool:  # noqa: ANN401  # an environment holds values of every kind
    """Whether a value is unknown, or known only within bounds."""
    return value is None or isinstance(value, Span)


def missing_inputs(walk: Walk, found: Evaluation, opened: Sequence[str]) -> list[MissingInput]:
    """Return which of the ``opened`` inputs are missing: those first that could change the class, then the tiers."""
    undecided = undecided_rules(walk, found)
    wanted = frozenset[str]().union(*(rule.when.mentions for rule in undecided), _wanted_by_gates(walk, found))
    names = [name for name in opened if walk.touched(name) & wanted]
    answers = [MissingInput(name, _could_change(walk, found, name)) for name in names]
    effects = ("classification", *(tier.name for tier in walk.program.tiers))
    return sorted(answers, key=lambda answer: [effect not in answer.could_change for effect in effects])


def _wanted_by_gates(walk: Walk, found: Evaluation) -> frozenset[str]:
    program = walk.program
    tables = (program.classes, *(tier.axes for tier in program.tiers))
    gates = {name for axes in tables for name, slot in axes.gates if found.env[slot] is None}
    wanted = frozenset[str]().union(*(walk.leaves(name) for name in gates))
    return wanted.union(walk.minimum)


def _could_change(walk: Walk, found: Evaluation, name: str) -> tuple[str, ...]:
    env = _with_free(walk, found, walk.program.inputs[name])
    highs = list(found.lows)
    for at in walk.rules_that_mention(name):
        rule = walk.program.rules[at]
        if found.statuses[at] is None and rule.level > highs[rule.mechanism] and rule.when.bounded(env) in (True, FREE):
            highs[rule.mechanism] = rule.level
    return tuple(_moved(walk, found, env, highs, name))


def _with_free(walk: Walk, found: Evaluation, entry: Slotted) -> list[Any]:
    env = list(found.env)
    for settled in (walk.program.inputs[name] for name in walk.touched(entry.name)):
        held = env[settled.slot]
        lo, hi = (held.lo, held.hi) if isinstance(held, Span) else (settled.whole or (0.0, 0.0))
        if is_open(held):
            env[settled.slot] = Span(lo, hi, free=True) if settled.whole else FREE
    for slot, run in walk.steps_that_read(entry.name):
        env[slot] = run(env)
    minimum = walk.program.minimum
    env[walk.minimum_slot] = True if None not in [env[slot] for slot in minimum] else None
    return env


def _moved(walk: Walk, found: Evaluation, env: Sequence[Any], highs: Sequence[int], name: str) -> Iterable[str]:
    program = walk.program
    classes = {program.rows[row].spec["class"] for row in _reached(walk, 0, env, found.lows, highs)}
    if classes != {program.rows[found.row].spec["class"]}:
        yield "classification"
    for at, (tier, answer) in enumerate(zip(program.tiers, found.tiers, strict=True), start=1):
        ranks = {tier.order[row] for row in _reached(walk, at, env, found.lows, highs)}
        withheld = False if tier.withheld is None else env[tier.withheld]
        begins = not answer.assessed and any(walk.known_slot(each) in tier.assessed_by for each in walk.touched(name))
        if withheld is not True and (begins or (answer.assessed and (withheld is FREE or ranks != {answer.tier}))):
            yield tier.name


def _reached(walk: Walk, table: int, env: Sequence[Any], lows: Sequence[int], highs: Sequence[int]) -> tuple[int, ...]:
    axes = (walk.program.classes, *(tier.axes for tier in walk.program.tiers))[table]
    ranges = [*((lows[at], highs[at]) for at in axes.mechanisms)]
    for _, slot in axes.gates:
        value = env[slot]
        ranges.append((1, 1) if value is True else ((0, 1) if value is FREE else (0, 0)))
    return axes.table.possible(tuple(ranges))
