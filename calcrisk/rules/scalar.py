"""The walk for one patient: fill the slots, take the steps, try the rules, read the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from calcrisk.rules.closures import KNOWN
from calcrisk.rules.compile import MINIMUM_KNOWN
from calcrisk.rules.logic import ABSENT, Span, span_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calcrisk.rules.boxes import Bounds
    from calcrisk.rules.closures import Closure
    from calcrisk.rules.program import Axes, Condition, Program, Step, Tier

Form = Literal["exact", "bounded"]


class Bounded(Protocol):
    """A number known only within bounds, as a reader gives it."""

    @property
    def lo(self) -> float:
        """The lowest it can be."""

    @property
    def hi(self) -> float:
        """The highest it can be."""


class Stated(Protocol):
    """One thing stated of a patient, canonical: ``None`` when it was stated to be unknown."""

    @property
    def value(self) -> float | bool | str | Bounded | None:
        """The number, yes/no or word."""


class TierAnswer(NamedTuple):
    """Ranks in the rulebook's order of tiers; not assessed when none of its questions was answered."""

    assessed: bool
    tier: int
    lowest: int
    highest: int


@dataclass(slots=True)
class Evaluation:
    """One patient, walked: every slot, every rule's status, the ranges and what the tables say."""

    env: list[Any]
    statuses: list[bool | None]
    lows: list[int]
    highs: list[int]
    row: int
    possible: tuple[int, ...]
    tiers: tuple[TierAnswer, ...]
    implied: dict[str, str] = field(default_factory=dict)
    inexact: bool = False


class _Closures:
    """A program's closures in one form, in the order they are run."""

    def __init__(self, program: Program, form: Form) -> None:
        self.steps = [_runner(step, form) for step in program.steps]
        self.rules = [_closure(rule.when, form) for rule in program.rules]
        self.display = [_runner(step, form) for step in program.display]


class Walk:
    """The scalar walk over one program."""

    def __init__(self, program: Program) -> None:
        """Fold what does not change from patient to patient."""
        self.program = program
        self._exact = _Closures(program, "exact")
        self._places = [(rule.mechanism, rule.level) for rule in program.rules]
        self.minimum_slot = program.slots[MINIMUM_KNOWN]
        self._touched: dict[str, frozenset[str]] = {}
        self._mentioned: dict[str, tuple[int, ...]] = {}
        self._reading: dict[str, tuple[tuple[int, Closure], ...]] = {}
        self._codes = {name: entry.codes for name, entry in program.inputs.items()}
        # Whether a name was stated: True; False; None for "stated as unknown" and for a question that no longer arises.
        self._known = {name: program.slots[KNOWN + name] for name in program.inputs}
        self._up, self._down = (
            {
                name: [(other, program.slots[other], self._known[other]) for other in others]
                for name, others in spread.items()
            }
            for spread in (program.up, program.down)
        )
        self.minimum = tuple(name for name, entry in program.inputs.items() if entry.slot in program.minimum)
        self.asked = tuple(entry for entry in program.inputs.values() if entry.spec["ask"] != "volunteered")
        self._statuses = {name for name, entry in program.inputs.items() if entry.spec["role"] == "status"}
        self.readers = [
            reader(axes, self.minimum_slot) for axes in (program.classes, *(tier.axes for tier in program.tiers))
        ]

    def evaluate(self, given: Mapping[str, Stated]) -> Evaluation:
        """Answer for one patient: ``given`` holds what was stated, in canonical units."""
        env = list(self.program.blank)
        inexact = self._fill(env, given)
        implied = self._imply(env, given)
        closures = self._bounded if inexact else self._exact
        for slot, run in closures.steps:
            env[slot] = run(env)
        env[self.minimum_slot] = None not in [env[slot] for slot in self.program.minimum]
        statuses = [rule(env) for rule in closures.rules]
        lows, highs = self.levels(statuses)
        ranges = [reader(env, lows, highs) for reader in self.readers]
        row, possible = self.program.classes.table.read(ranges[0])
        tiers = tuple(
            self._tier(tier, bounds, env) for tier, bounds in zip(self.program.tiers, ranges[1:], strict=True)
        )
        return Evaluation(env, statuses, lows, highs, row, possible, tiers, implied, inexact)

    @cached_property
    def _bounded(self) -> _Closures:
        return _Closures(self.program, "bounded")

    def finish(self, found: Evaluation) -> None:
        """Take the facts that are only for display."""
        for slot, run in (self._bounded if found.inexact else self._exact).display:
            found.env[slot] = run(found.env)

    def known_slot(self, name: str) -> int:
        """Return the slot that says whether an input was stated."""
        return self._known[name]

    def leaves(self, name: str) -> frozenset[str]:
        """Return the inputs behind a fact (an input stands for itself)."""
        return self.program.leaves.get(name, frozenset((name,)))

    def touched(self, name: str) -> frozenset[str]:
        """Return the inputs that an answer can settle: itself, what it implies, and what it makes needless to ask."""
        if name not in self._touched:
            program, spec = self.program, self.program.inputs[name].spec
            follow = (rule.target for rule in program.implications if name in rule.when.mentions)
            of = (spec["of"],) if name in self._statuses else ()
            spread = (others.get(name, ()) for others in (program.up, program.down, program.closes))
            self._touched[name] = frozenset((name, *follow, *of, *(other for others in spread for other in others)))
        return self._touched[name]

    def rules_that_mention(self, name: str) -> tuple[int, ...]:
        """Return the places of the rules that mention an input, or one that it can settle, through facts."""
        if name not in self._mentioned:
            rules, touched = enumerate(self.program.rules), self.touched(name)
            self._mentioned[name] = tuple(at for at, rule in rules if touched & rule.when.mentions)
        return self._mentioned[name]

    def steps_that_read(self, name: str) -> tuple[tuple[int, Closure], ...]:
        """Return the facts to take again, in order, when an input is tried with a free value."""
        if name not in self._reading:
            pairs, touched = zip(self.program.steps, self._bounded.steps, strict=True), self.touched(name)
            self._reading[name] = tuple(
                run for step, run in pairs if step.asked is None and touched & self.leaves(step.name)
            )
        return self._reading[name]

    def levels(self, statuses: Sequence[bool | None]) -> tuple[list[int], list[int]]:
        """Return the lowest and highest level of each mechanism: of the rules that hold, and with the unknown ones."""
        lows, highs = [0] * self.program.mechanisms, [0] * self.program.mechanisms
        for status, (mechanism, level) in zip(statuses, self._places, strict=True):
            if status is False:
                continue
            if level > highs[mechanism]:  # noqa: PLR1730  # a call of max for every rule of every patient is dear
                highs[mechanism] = level
            if status and level > lows[mechanism]:
                lows[mechanism] = level
        return lows, highs

    def _fill(self, env: list[Any], given: Mapping[str, Stated]) -> bool:
        inexact = False
        slots, closes = self.program.slots, self.program.closes
        for name, stated in given.items():
            value = stated.value
            if isinstance(value, str):
                value = self._codes[name][value]
            elif value is not None and not isinstance(value, float | int):
                value, inexact = Span(value.lo, value.hi), True
            env[slots[name]] = value
            env[self._known[name]] = True if value is not None else None
            if name in closes and value is not None:
                self._close(env, closes[name], given)
            if value is None:
                self._open(env, self.program.up.get(name, ()), given)
            if name in self._statuses:
                self._close_by_status(env, name, value, given)
        return inexact

    def _close(self, env: list[Any], names: Sequence[str], given: Mapping[str, Stated]) -> None:
        for name in names:
            if name not in given:
                entry = self.program.inputs[name]
                env[entry.slot] = False if entry.spec["kind"] == "yesno" else ABSENT
                env[self._known[name]] = None

    def _open(self, env: list[Any], names: Sequence[str], given: Mapping[str, Stated]) -> None:
        # A yes to the open question would be a yes here too, so silence is no longer absence.
        for name in names:
            if name not in given:
                env[self.program.slots[name]] = env[self._known[name]] = None

    def _close_by_status(self, env: list[Any], name: str, value: Any, given: Mapping[str, Stated]) -> None:  # noqa: ANN401  # of any kind
        # "low", "normal" or "not high" answers what every rule asks of the number; the highest word leaves it open.
        entry = self.program.inputs[name]
        if value is not None and span_of(value).hi < len(entry.values) - 1:
            self._close(env, (entry.spec["of"],), given)

    def _imply(self, env: list[Any], given: Mapping[str, Stated]) -> dict[str, str]:
        implied: dict[str, str] = {}
        for name, stated in given.items():
            value = stated.value
            if value is True and name in self._up:
                _spread(env, self._up[name], given, implied, (value, name))
            elif value is False and name in self._down:
                _spread(env, self._down[name], given, implied, (value, name))
        for rule in self.program.implications:
            holds = rule.when.bounded(env)
            answered = rule.target in given and given[rule.target].value is not None
            if answered or rule.target in implied or holds is False:
                continue
            if holds is True:
                self._set(env, rule.target, rule.value)
                implied[rule.target] = rule.because
            else:
                self._open(env, (rule.target,), given)
        return implied

    def _set(self, env: list[Any], name: str, value: float | bool) -> None:  # noqa: FBT001  # a yes/no is a value here
        env[self.program.slots[name]] = value
        env[self._known[name]] = True

    @staticmethod
    def _tier(tier: Tier, ranges: Bounds, env: Sequence[Any]) -> TierAnswer:
        answered = any(env[slot] for slot in tier.assessed_by)
        withheld = tier.withheld is not None and env[tier.withheld] is True
        row, possible = tier.axes.table.read(ranges)
        ranks = [tier.order[at] for at in possible]
        return TierAnswer(answered and not withheld, tier.order[row], min(ranks), max(ranks))


def _spread(
    env: list[Any],
    others: Sequence[tuple[str, int, int]],
    given: Mapping[str, Stated],
    implied: dict[str, str],
    answer: tuple[bool, str],
) -> None:
    value, by = answer
    for other, slot, known in others:
        if (other not in given or given[other].value is None) and other not in implied:
            env[slot], env[known], implied[other] = value, True, by


def _closure(condition: Condition, form: Form) -> Closure:
    return condition.exact if form == "exact" else condition.bounded


def _runner(step: Step, form: Form) -> tuple[int, Closure]:
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


def reader(axes: Axes, minimum: int) -> Callable[[Sequence[Any], Sequence[int], Sequence[int]], Bounds]:
    """Build the function that reads a table's ranges: levels from lows and highs, gates from their slots.

    The gate of the minimum is special: while false, an answer could still make it true.
    """
    mechanisms, gates = axes.mechanisms, tuple(slot for _, slot in axes.gates)

    def read(env: Sequence[Any], lows: Sequence[int], highs: Sequence[int]) -> Bounds:
        levels = [(lows[at], highs[at]) for at in mechanisms]
        opened = [
            (1, 1) if env[slot] is True else ((0, 0) if env[slot] is False and slot != minimum else (0, 1))
            for slot in gates
        ]
        return (*levels, *opened)

    return read
