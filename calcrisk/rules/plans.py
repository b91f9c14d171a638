"""What is run for patients of whom the same slots are spoken: the rest is what it is when nothing is known."""

from __future__ import annotations

from functools import reduce
from operator import itemgetter, or_
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import bounded, exact, kept
from calcrisk.rules.reducing import Reduction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calcrisk.rules.closures import Closure
    from calcrisk.rules.program import Condition, Program, Step, Tier
    from calcrisk.rules.reducing import Bits

Form = Literal["exact", "bounded"]
Run = tuple[int, "Closure"]  # the slot of a step, and what computes it
Try = tuple[int, "Closure", int, int]  # the place of a rule, what tells whether it holds, its mechanism and level
_PLANS: Final = 4096  # plans that are kept; the patients of one clinic share few
_KEPT: Final = 128  # of what is left of one expression, for one or another of the slots it reads


class Untried(NamedTuple):
    """What the rules that need not be tried come to: levels, and the places of those that hold and that may hold."""

    lows: list[int]
    highs: list[int]
    met: list[int]
    undecided: list[int]


class Plan(NamedTuple):
    """What is run for patients of whom the same slots are spoken."""

    form: Form
    spoken: Bits  # the slots, of facts as well, that may hold something else than when nothing is known
    steps: tuple[Run, ...]
    rules: tuple[Try, ...]
    untried: Untried
    display: tuple[Run, ...]
    assessed: tuple[Callable[[Sequence[Any]], bool], ...]  # for each tier, whether any of its questions was answered


class Part:
    """An expression of the program, and what is left of it for patients of whom more or less is spoken."""

    def __init__(self, node: ex.Node, read: Iterable[int], planner: Planner, *, yes_no: bool) -> None:
        """``read`` are the slots that the node reads."""
        self._node, self._yes_no = node, yes_no
        self._slots, self._nothing_known = planner.slots, planner.nothing_known
        self.reads = sum([1 << slot for slot in read])
        self._left: dict[tuple[Bits, Form], Closure | None] = {}

    def settled(self) -> Any:  # noqa: ANN401  # of any kind
        """Return what the expression is when nothing is known."""
        return cast("ex.Settled", self._reduced(0)).value

    def left(self, spoken: Bits, form: Form) -> Closure | None:
        """Return what is left of it; None where it is what it is when nothing is known."""
        read = self.reads & spoken
        if not read:
            return None
        key = (read, form)
        try:
            return self._left[key]
        except KeyError:
            node = self._reduced(spoken)
            left = None if isinstance(node, ex.Settled) else CLOSURES[form](node, self._slots)
            return kept(self._left, key, left, _KEPT)

    def _reduced(self, spoken: Bits) -> ex.Node:
        reduction = Reduction(self._slots, self._nothing_known, spoken)
        return (reduction.truth if self._yes_no else reduction.quantity)(self._node)


class _Stepping:
    """A step: the formula of a fact, or the question of an input, which is open or not."""

    def __init__(self, step: Step, part: Part, nothing_known: list[Any]) -> None:
        self._part, self._held = part, nothing_known
        self.slot, self.default, self.asks = step.slot, step.default, step.asked is not None
        self._known = -1 if step.stated is None else step.stated
        self.stated = 0 if step.stated is None else 1 << step.stated
        held = part.settled()
        if self.asks:
            held = step.default if held is False else None
        # what is open even when nothing is known is laid for every patient: implications read the slot before any step
        self.laid = (step.slot, _always(held)) if self.stated and held is not nothing_known[step.slot] else None
        nothing_known[step.slot] = held
        self.reads = part.reads | self.stated

    def run(self, spoken: Bits, form: Form) -> Run | None:
        """Return what computes it; None where its slot holds what it should."""
        stated = self.stated & spoken
        if stated and self.asks:  # it was answered, or written unknown, or closed: whether it is asked is no matter
            return None
        left = self._part.left(spoken, form)
        if stated:
            left = unless_stated(self.slot, self._known, left or _always(self._held[self.slot]))
        elif left and self.asks:
            left = question(left, self.default)
        return left and (self.slot, left)


class Planner:
    """Makes and keeps the plans of one program."""

    def __init__(self, program: Program, minimum: int) -> None:
        """Work out a patient of whom nothing is known; ``minimum`` is the slot of the gate that is read last."""
        self._program, self.slots = program, program.slots
        self.nothing_known: list[Any] = list(program.blank)
        self.nothing_known[minimum] = False
        self._minimum = sum(1 << slot for slot in program.minimum), 1 << minimum
        self._steps = [self._stepping(step) for step in program.steps]
        self._rules = [self.part(rule.when) for rule in program.rules]
        self.statuses: list[bool | None] = [part.settled() for part in self._rules]
        self._display = [self._stepping(step) for step in program.display]
        self._plans: dict[tuple[Bits, Form], Plan] = {}
        self._together: dict[Bits, Together] = {}

    def part(self, condition: Condition) -> Part:
        """Return a condition as what may be left of it is asked for."""
        return Part(condition.node, condition.read, self, yes_no=True)

    def _stepping(self, step: Step) -> _Stepping:
        yes_no = step.asked is not None or self._program.symbols[step.name].kind == "yesno"
        return _Stepping(step, Part(step.whole, step.read, self, yes_no=yes_no), self.nothing_known)

    def rule(self, at: int, spoken: Bits, form: Form) -> Closure | None:
        """Return what is left of the rule at this place; None where it is what it is when nothing is known."""
        return self._rules[at].left(spoken, form)

    def together(self, bits: Bits) -> Together:
        """Return these steps, by their places, to be run together."""
        try:
            return self._together[bits]
        except KeyError:
            steps = [step for at, step in enumerate(self._steps) if bits >> at & 1]
            return kept(self._together, bits, Together(steps), _KEPT)

    def plan(self, spoken: Bits, form: Form) -> Plan:
        """Return the plan for patients of whom these slots were spoken."""
        try:
            return self._plans[spoken, form]
        except KeyError:
            return kept(self._plans, (spoken, form), self._made(spoken, form), _PLANS)

    def _made(self, spoken: Bits, form: Form) -> Plan:
        steps, spoken = _runs(self._steps, spoken, form)
        behind, minimum = self._minimum  # laid after the steps, and before any rule is tried
        spoken |= minimum if spoken & behind else 0
        left = [part.left(spoken, form) if part.reads & spoken else None for part in self._rules]
        rules = enumerate(zip(self._program.rules, left, strict=True))
        tried = tuple([(at, holds, rule.mechanism, rule.level) for at, (rule, holds) in rules if holds])
        display, spoken = _runs(self._display, spoken, form)
        assessed = tuple([_assessment(tier, spoken) for tier in self._program.tiers])
        return Plan(form, spoken, steps, tried, self._untried(left), display, assessed)

    def _untried(self, left: Iterable[Closure | None]) -> Untried:
        pairs = enumerate(zip(left, self.statuses, strict=True))
        held = [(at, status) for at, (tried, status) in pairs if tried is None and status is not False]
        met = [at for at, status in held if status]
        return Untried(*self.levels(held), met, [at for at, status in held if status is None])

    def levels(self, held: Iterable[tuple[int, bool | None]]) -> tuple[list[int], list[int]]:
        """Return the lowest and highest level of each mechanism, by the rules that hold or may: place and status."""
        lows, highs = [0] * self._program.mechanisms, [0] * self._program.mechanisms
        for at, status in held:
            rule = self._program.rules[at]
            highs[rule.mechanism] = max(highs[rule.mechanism], rule.level)
            lows[rule.mechanism] = max(lows[rule.mechanism], rule.level if status else 0)
        return lows, highs


class Together:
    """Steps that are run together."""

    def __init__(self, steps: Sequence[_Stepping]) -> None:
        """Keep them in their order."""
        self._steps, self._reads = steps, reduce(or_, [step.reads for step in steps], 0)
        self._runs: dict[tuple[Bits, Form], tuple[Run, ...]] = {}

    def left(self, spoken: Bits, form: Form) -> tuple[Run, ...]:
        """Return what is run for them."""
        key = (spoken & self._reads, form)
        try:
            return self._runs[key]
        except KeyError:
            return kept(self._runs, key, _runs(self._steps, spoken, form)[0], _KEPT)


def _runs(steps: Iterable[_Stepping], spoken: Bits, form: Form) -> tuple[tuple[Run, ...], Bits]:
    """Return what is run for these steps, in order, and what is then spoken of."""
    runs: list[Run] = []
    for step in steps:
        if run := step.run(spoken, form):
            runs.append(run)
            spoken |= 1 << step.slot
        elif step.laid and not step.stated & spoken:
            runs.append(step.laid)
    return tuple(runs), spoken


def _assessment(tier: Tier, spoken: Bits) -> Callable[[Sequence[Any]], bool]:
    """Return what tells whether any of a tier's questions was answered, and nothing withholds it."""
    asked, withheld = [slot for slot in tier.assessed_by if spoken >> slot & 1], tier.withheld
    if not asked:
        return lambda _: False
    fetch = itemgetter(*asked, asked[0])  # a tuple also of one
    if withheld is None:
        return lambda env: True in fetch(env)
    return lambda env: True in fetch(env) and env[withheld] is not True


def _always(value: Any) -> Closure:  # noqa: ANN401  # of any kind
    return lambda _: value


def question(asked: Closure, default: Any) -> Closure:  # noqa: ANN401  # of any kind
    """Return what an input holds of which nothing is stated: open (None) unless its question does not arise."""
    return lambda env: default if asked(env) is False else None


def unless_stated(slot: int, known: int, value: Closure) -> Closure:
    """Return a fact that may be stated: as it is then, else worked out, also where it is stated to be unknown."""
    return lambda env: env[slot] if env[known] else value(env)


CLOSURES: Final[dict[Form, Callable[[ex.Node, Mapping[str, int]], Closure]]] = {"exact": exact, "bounded": bounded}
