"""The walk for one patient: fill the slots, take the steps, try the rules, read the tables.

Only what reads something stated is run; the rest keeps the answer it has for a patient of whom nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from calcrisk.rules.compile import MINIMUM_KNOWN
from calcrisk.rules.filling import Filler
from calcrisk.rules.reach import Reach
from calcrisk.rules.tables import Tables, TierAnswer, getter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calcrisk.rules.closures import Closure
    from calcrisk.rules.filling import Stated
    from calcrisk.rules.program import Condition, Program, Step, Tier
    from calcrisk.rules.reach import Bits

Form = Literal["exact", "bounded"]
Run = tuple[int, "Closure"]  # the slot of a step, and what computes it
_PLANS: Final = 4096  # patterns of what was stated that are kept; the patients of one clinic share few


@dataclass(slots=True)
class Evaluation:
    """One patient, walked: every slot, every rule's status, the ranges and what the tables say."""

    env: list[Any]
    bits: Bits  # what had to be run for it
    statuses: list[bool | None]
    met: list[int]  # the places of the rules that hold
    undecided: list[int]  # the places of the rules that cannot be told
    lows: list[int]
    highs: list[int]
    row: int
    possible: tuple[int, ...]
    tiers: tuple[TierAnswer, ...]
    implied: dict[str, str]
    follows: list[str]  # of the implied, all but a "no" to what was not spoken of
    inexact: bool  # whether a number is known only within bounds
    vague: bool  # whether anything was stated to be unknown, or is inexact


class _Plan(NamedTuple):
    """What is run for the patients who stated the same inputs, and the levels of the rules that need not be run."""

    steps: tuple[Run, ...]
    rules: tuple[tuple[int, Closure, int, int], ...]  # place, closure, mechanism, level
    lows: list[int]
    highs: list[int]
    met: list[int]
    undecided: list[int]
    display: tuple[Run, ...]


class Walk:
    """The scalar walk over one program."""

    def __init__(self, program: Program) -> None:
        """Work out what does not change from patient to patient."""
        self.program = program
        self.reach = Reach(program)
        self.minimum_slot = program.slots[MINIMUM_KNOWN]
        self.tables = Tables(program, self.minimum_slot)
        self._minimum = getter(program.minimum)
        self._assessed = [_assessment(tier) for tier in program.tiers]
        self._runs: dict[Form, list[Run]] = {"exact": [_run(step, "exact") for step in program.steps]}
        self._plans: dict[tuple[Bits, Form], _Plan] = {}
        self.nothing_known, self._blank_statuses, self._always = self._nothing_stated()
        inputs = {entry.slot for entry in program.inputs.values()}  # implications read them before any step is run
        blank = [program.blank[slot] if slot in inputs else held for slot, held in enumerate(self.nothing_known)]
        self.filler = Filler(program, self.reach, blank)

    def _nothing_stated(self) -> tuple[list[Any], list[bool | None], Bits]:
        """Walk a patient of whom nothing is known; the last answer: the questions that this already opens."""
        program, env, always = self.program, list(self.program.blank), 0
        env[self.minimum_slot] = False
        bits = (*range(self.reach.first_rule), *range(self.reach.first_display, self.reach.first_clause))
        for at, step in zip(bits, (*program.steps, *program.display), strict=True):
            slot, run = _run(step, "exact")
            held, env[slot] = env[slot], run(env)
            if step.stated is not None and env[slot] is not held:
                always |= 1 << at
        return env, [rule.when.exact(env) for rule in program.rules], always

    def evaluate(self, given: Mapping[str, Stated]) -> Evaluation:
        """Answer for one patient: ``given`` holds what was stated, in canonical units."""
        filled = self.filler.fill(given, self._always)
        env, plan = filled.env, self._plan(filled.bits, "bounded" if filled.inexact else "exact")
        for slot, run in plan.steps:
            env[slot] = run(env)
        env[self.minimum_slot] = self.minimum_known(env)
        statuses, lows, highs = list(self._blank_statuses), list(plan.lows), list(plan.highs)
        met, undecided = list(plan.met), list(plan.undecided)
        for at, run, mechanism, level in plan.rules:
            statuses[at] = status = run(env)
            if status is not False:  # as _raise has it: a call for every rule of every patient is dear
                (met if status else undecided).append(at)
                if level > highs[mechanism]:  # noqa: PLR1730  # as above
                    highs[mechanism] = level
                if status and level > lows[mechanism]:
                    lows[mechanism] = level
        if plan.undecided or plan.met:  # else they were found in their order
            met.sort()
            undecided.sort()
        read = self.tables.read(env, lows, highs)
        tiers = tuple([answers[told(env)] for answers, told in zip(read.tiers, self._assessed, strict=True)])
        return Evaluation(
            env,
            filled.bits,
            statuses,
            met,
            undecided,
            lows,
            highs,
            read.row,
            read.possible,
            tiers,
            filled.implied,
            filled.follows,
            filled.inexact,
            filled.vague,
        )

    def _plan(self, bits: Bits, form: Form) -> _Plan:
        plan = self._plans.get((bits, form))
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[bits, form] = self._made(bits, form)
        return plan

    def _made(self, bits: Bits, form: Form) -> _Plan:
        lows, highs = [0] * self.program.mechanisms, [0] * self.program.mechanisms
        rules: list[tuple[int, Closure, int, int]] = []
        met: list[int] = []
        undecided: list[int] = []
        for at, (rule, status) in enumerate(zip(self.program.rules, self._blank_statuses, strict=True)):
            if bits >> (self.reach.first_rule + at) & 1:
                rules.append((at, _closure(rule.when, form), rule.mechanism, rule.level))
            elif status is not False:
                (met if status else undecided).append(at)
                _raise(rule.mechanism, rule.level, status, lows, highs)
        shown = [step for at, step in enumerate(self.program.display, self.reach.first_display) if bits >> at & 1]
        display = tuple(_run(step, form) for step in shown)
        return _Plan(self.steps(bits, form), tuple(rules), lows, highs, met, undecided, display)

    def steps(self, bits: Bits, form: Form) -> tuple[Run, ...]:
        """Return the steps of these bits, in order."""
        if form not in self._runs:
            self._runs[form] = [_run(step, form) for step in self.program.steps]
        return tuple(run for at, run in enumerate(self._runs[form]) if bits >> at & 1)

    def minimum_known(self, env: Sequence[Any]) -> bool:
        """Tell whether every input of the rulebook's minimum is known, be it within bounds."""
        return None not in self._minimum(env)

    def finish(self, found: Evaluation) -> None:
        """Take the facts that are only for display."""
        for slot, run in self._plan(found.bits, "bounded" if found.inexact else "exact").display:
            found.env[slot] = run(found.env)

    def leaves(self, name: str) -> frozenset[str]:
        """Return the inputs behind a fact (an input stands for itself)."""
        return self.program.leaves.get(name, frozenset((name,)))


def _raise(mechanism: int, level: int, status: bool | None, lows: list[int], highs: list[int]) -> None:  # noqa: FBT001  # a truth of three values
    """Let a rule that holds, or may hold, raise its mechanism."""
    highs[mechanism] = max(highs[mechanism], level)
    if status:
        lows[mechanism] = max(lows[mechanism], level)


def _assessment(tier: Tier) -> Callable[[Sequence[Any]], bool]:
    """Return what tells whether any of a tier's questions was answered, and nothing withholds it."""
    fetch, withheld = getter(tier.assessed_by), tier.withheld
    if withheld is None:
        return lambda env: True in fetch(env)
    return lambda env: True in fetch(env) and env[withheld] is not True


def _closure(condition: Condition, form: Form) -> Closure:
    return condition.exact if form == "exact" else condition.bounded


def _run(step: Step, form: Form) -> Run:
    if step.asked:
        return step.slot, _question(step, _closure(step.asked, form))
    value = _closure(step.value, form) if step.value else (lambda _: None)
    if step.valid:
        value = _valid(value, _closure(step.valid, form))
    return step.slot, value if step.stated is None else _unless_stated(step.slot, step.stated, value)


def _question(step: Step, asked: Closure) -> Closure:
    slot, stated, default = step.slot, step.stated or 0, step.default

    def run(env: Sequence[Any]) -> Any:  # noqa: ANN401  # an environment holds values of every kind
        if env[stated] is not False:
            return env[slot]
        return default if asked(env) is False else None

    return run


def _valid(value: Closure, valid: Closure) -> Closure:
    return lambda env: value(env) if valid(env) is True else None


def _unless_stated(slot: int, stated: int, value: Closure) -> Closure:
    return lambda env: env[slot] if env[stated] else value(env)
