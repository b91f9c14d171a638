"""What one more "yes" would make of an answer: the walk of before, gone again where the yes reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk.rules.closures import KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.rules.filling import Stated
    from calcrisk.rules.reducing import Bits
    from calcrisk.rules.scalar import Evaluation, Walk
    from calcrisk.rules.tables import TierAnswer


class _Stated(NamedTuple):
    """A yes as a reader gives it."""

    value: bool


class _Yes(NamedTuple):
    """What a yes to one input reaches, whoever the patient is."""

    sets: tuple[tuple[str, int, int], ...]  # the input and what follows from it: name, slot, and the slot of `known`
    steps: Bits  # by their places
    spoken: Bits  # every slot that may change
    rules: frozenset[int]  # the places of those that read any of these
    begins: tuple[tuple[int, ...], ...]  # for each tier, the slots of `known` that begin it


class Outcome(NamedTuple):
    """The row of the class table, and the tiers."""

    row: int
    tiers: tuple[TierAnswer, ...]


class Supposing:
    """Asks, for one rulebook, what a yes would change."""

    def __init__(self, walk: Walk) -> None:
        """Keep the walk."""
        self._walk, self._program = walk, walk.program
        self._yes: dict[str, _Yes | None] = {}

    def with_yes(self, found: Evaluation, given: Mapping[str, Stated], name: str) -> Outcome:
        """Return what ``found``, the answer to ``given``, would be with a yes to an input that was not stated."""
        if name not in self._yes:
            self._yes[name] = self._reached(name)
        yes = self._yes[name]
        if yes is None:
            other = self._walk.evaluate({**given, name: _Stated(value=True)})
            return Outcome(other.row, other.tiers)
        env = self._gone_again(yes, found, given, name)
        read = self._walk.tables.read(env, *self._levels(yes, found, env))
        tiers = zip(self._program.tiers, read.tiers, found.plan.assessed, yes.begins, strict=True)
        assessed = [
            (answers, told(env) or (any(env[slot] is True for slot in begins) and not _withheld(tier.withheld, env)))
            for tier, answers, told, begins in tiers
        ]
        return Outcome(read.row, tuple([answers[known] for answers, known in assessed]))

    def _gone_again(self, yes: _Yes, found: Evaluation, given: Mapping[str, Stated], name: str) -> list[Any]:
        env = found.env.copy()
        for other, slot, known in yes.sets:
            stated = given.get(other)
            if other == name or ((stated is None or stated.value is None) and other not in found.implied):
                env[slot] = env[known] = True
        runs = self._walk.planner.together(yes.steps)
        for slot, run in runs.left(found.plan.spoken | yes.spoken, found.plan.form):
            env[slot] = run(env)
        env[self._walk.minimum_slot] = self._walk.minimum_known(env)
        return env

    def _levels(self, yes: _Yes, found: Evaluation, env: list[Any]) -> tuple[list[int], list[int]]:
        planner, spoken, form = self._walk.planner, found.plan.spoken | yes.spoken, found.plan.form
        held: list[tuple[int, bool | None]] = [(at, True) for at in found.met if at not in yes.rules]
        held += [(at, None) for at in found.undecided if at not in yes.rules]
        for at in yes.rules:
            run = planner.rule(at, spoken, form)
            held.append((at, run(env) if run else planner.statuses[at]))
        lows, highs = [0] * self._program.mechanisms, [0] * self._program.mechanisms
        for at, status in held:
            if status is not False:
                rule = self._program.rules[at]
                highs[rule.mechanism] = max(highs[rule.mechanism], rule.level)
                lows[rule.mechanism] = max(lows[rule.mechanism], rule.level if status else 0)
        return lows, highs

    def _reached(self, name: str) -> _Yes | None:
        """Return what a yes reaches; None where it does more than to say yes to others, and the whole walk is gone."""
        program, affected = self._program, self._walk.reach.affected
        names = (name, *program.up.get(name, ()))
        implying = frozenset[str]().union(*(rule.when.mentions for rule in program.implications))
        targets = {rule.target for rule in program.implications}
        if not implying.union(targets, program.rejects, program.closes).isdisjoint(names):
            return None
        sets = tuple((each, program.slots[each], program.slots[KNOWN + each]) for each in names)
        slots = {slot for _, *both in sets for slot in both}
        steps = 0
        for slot in slots:
            steps |= affected[slot]
        slots |= {step.slot for at, step in enumerate(program.steps) if steps >> at & 1}
        slots.add(self._walk.minimum_slot)
        rules = frozenset(at for at, rule in enumerate(program.rules) if not rule.when.read.isdisjoint(slots))
        begins = tuple(tuple(slot for slot in tier.assessed_by if slot in slots) for tier in program.tiers)
        return _Yes(sets, steps, sum(1 << slot for slot in slots), rules, begins)


def _withheld(slot: int | None, env: list[Any]) -> bool:
    return slot is not None and env[slot] is True
