"""The walk for one patient: fill the slots, take the steps, try the rules, read the tables.

Only what reads something spoken of is run, as far as it hangs on that; the rest keeps the answer it has for a patient
of whom nothing is known (``plans``).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from calcrisk.rules.filling import Filler
from calcrisk.rules.plans import CLOSURES, Planner, question, unless_stated
from calcrisk.rules.program import MINIMUM_KNOWN
from calcrisk.rules.reach import Reach
from calcrisk.rules.tables import Tables, getter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.rules.filling import Filled, Stated
    from calcrisk.rules.plans import Form, Plan, Run
    from calcrisk.rules.program import Program, Step
    from calcrisk.rules.reducing import Bits
    from calcrisk.rules.tables import Reading, TierAnswer


class Evaluation:
    """One patient, walked: every slot, every rule's status, the ranges and what the tables say."""

    __slots__ = (
        *("env", "plan", "statuses", "met", "undecided", "lows", "highs", "row", "possible", "tiers"),
        *("implied", "follows", "inexact", "vague"),
    )

    def __init__(  # noqa: PLR0913  # one part each; a dataclass takes half a millisecond of every start
        self,
        filled: Filled,
        plan: Plan,  # what had to be run for it
        statuses: list[bool | None],
        ranges: tuple[list[int], list[int]],  # the lowest and the highest level of each mechanism
        rules: tuple[list[int], list[int]],  # the places of those that hold, and of those that cannot be told
        read: Reading,
        tiers: tuple[TierAnswer, ...],
    ) -> None:
        """Take what was found."""
        self.env, self.plan, self.statuses = filled.env, plan, statuses
        self.lows, self.highs = ranges
        self.met, self.undecided = rules
        self.row, self.possible, self.tiers = read.row, read.possible, tiers
        self.implied = filled.implied
        self.follows = filled.follows  # of the implied, all but a "no" to what was not spoken of
        self.inexact = filled.inexact  # whether a number is known only within bounds
        self.vague = filled.vague  # whether anything was stated to be unknown, or is inexact


class Walk:
    """The scalar walk over one program."""

    def __init__(self, program: Program) -> None:
        """Work out what does not change from patient to patient."""
        self.program = program
        self.minimum_slot = program.slots[MINIMUM_KNOWN]
        self.tables = Tables(program, self.minimum_slot)
        self.planner = Planner(program, self.minimum_slot)
        self.filler = Filler(program, self.planner.nothing_known)
        self._minimum = getter(program.minimum)
        self._runs: dict[Form, list[Run]] = {}

    @cached_property
    def reach(self) -> Reach:
        """Who reads whom among the steps."""
        return Reach(self.program)

    def evaluate(self, given: Mapping[str, Stated]) -> Evaluation:
        """Answer for one patient: ``given`` holds what was stated, in canonical units."""
        filled = self.filler.fill(given)
        env, plan = filled.env, self.planner.plan(filled.spoken, "bounded" if filled.inexact else "exact")
        for slot, run in plan.steps:
            env[slot] = run(env)
        env[self.minimum_slot] = self.minimum_known(env)
        statuses = self.planner.statuses.copy()
        lows, highs, met, undecided = [found.copy() for found in plan.untried]
        for at, run, mechanism, level in plan.rules:
            status = run(env)
            statuses[at] = status
            if status is not False:  # max is a call, and dear for every rule of every patient
                (met if status else undecided).append(at)
                if level > highs[mechanism]:  # noqa: PLR1730  # as above
                    highs[mechanism] = level
                if status and level > lows[mechanism]:
                    lows[mechanism] = level
        if plan.untried.undecided or plan.untried.met:  # else they were found in their order
            met.sort()
            undecided.sort()
        read = self.tables.read(env, lows, highs)
        tiers = tuple([answers[told(env)] for answers, told in zip(read.tiers, plan.assessed, strict=True)])
        return Evaluation(filled, plan, statuses, (lows, highs), (met, undecided), read, tiers)

    def steps(self, bits: Bits, form: Form) -> tuple[Run, ...]:
        """Return the steps of these bits (of ``reach``), in order and whole: whatever the slots hold."""
        if form not in self._runs:
            self._runs[form] = [_whole(step, self.program.slots, form) for step in self.program.steps]
        return tuple(run for at, run in enumerate(self._runs[form]) if bits >> at & 1)

    def minimum_known(self, env: Sequence[Any]) -> bool:
        """Tell whether every input of the rulebook's minimum is known, be it within bounds."""
        return None not in self._minimum(env)

    def finish(self, found: Evaluation) -> None:
        """Take the facts that are only for display."""
        for slot, run in found.plan.display:
            found.env[slot] = run(found.env)

    def leaves(self, name: str) -> frozenset[str]:
        """Return the inputs behind a fact (an input stands for itself)."""
        return self.program.leaves.get(name, frozenset((name,)))


def _whole(step: Step, slots: Mapping[str, int], form: Form) -> Run:
    """Return a step as it is run whatever the slots hold."""
    slot, known, run = step.slot, step.stated, CLOSURES[form](step.whole, slots)
    if known is None:
        return slot, run
    if step.asked is None:
        return slot, unless_stated(slot, known, run)
    unstated = question(run, step.default)
    return slot, lambda env: env[slot] if env[known] is not False else unstated(env)
