"""What a question of a rulebook hangs on: the rules, facts and questions of inputs behind a tier or the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.rules import expression as ex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.rules.program import Axes, Program, Rule, Step


def rules_of(program: Program, axes: Axes) -> list[Rule]:
    """Return the rules that raise a mechanism of a table."""
    return [rule for rule in program.rules if rule.mechanism in axes.mechanisms]


def holders(program: Program, axes: Axes, also: Iterable[int] = ()) -> dict[str, None]:
    """Return, in order, what holds a condition or formula behind a table; ``also`` are further slots it reads."""
    steps = {step.name: step for step in program.steps}
    names = {slot: name for name, slot in program.slots.items()}
    rules = rules_of(program, axes)
    todo = [name for rule in rules for name in ex.names(rule.when.node)]
    todo += [names[slot] for slot in (*(slot for _, slot in axes.gates), *also)]
    found: dict[str, None] = dict.fromkeys(f"implied {each.target}" for each in program.implications)
    todo += [name for each in program.implications for name in ex.names(each.when.node)]
    while todo:
        name = todo.pop()
        if name in steps and name not in found:
            found[name] = None
            todo += _read(steps[name])
    return found | dict.fromkeys(rule.id for rule in rules)


def behind(program: Program, node: ex.Node) -> int:
    """Return the steps behind an expression, as the bits of the walk."""
    places = {step.name: at for at, step in enumerate(program.steps)}
    todo, bits = list(ex.names(node)), 0
    while todo:
        at = places.get(todo.pop())
        if at is not None and not bits >> at & 1:
            bits |= 1 << at
            todo += _read(program.steps[at])
    return bits


def _read(step: Step) -> Iterator[str]:
    for condition in step.conditions:
        yield from ex.names(condition.node)
