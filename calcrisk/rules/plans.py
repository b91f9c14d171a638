"""What is run for patients of whom the same slots are spoken: the rest is what it is when nothing is known."""

from __future__ import annotations

from functools import reduce
from operator import itemgetter, or_
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import bounded, exact, slots_read
from calcrisk.rules.reducing import Reducer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calcrisk.rules.closures import Closure
    from calcrisk.rules.program import Condition, Program, Step, Tier
    from calcrisk.rules.reducing import Bits

Form = Literal["exact", "bounded"]
Run = tuple[int, "Closure"]  # the slot of a step, and what computes it
Try = tuple[int, "Closure", int, int]  # the place of a rule, what tells whether it holds, its mechanism and level
_PLANS: Final = 4096  # plans that are kept; the patients of one clinic share few
_KEPT: Final = 256  # what is left of one expression, for one or another of the slots it reads


class Untried(NamedTuple):
    """What the rules that need not be tried come to: levels, and the places of those that hold and that may hold."""

    lows: list[int]
    highs: list[int]
    met: list[int]
    undecided: list[int]


class Plan(NamedTuple):
    """What is run for patients of whom the same slots are spoken."""

    spoken: Bits  # the slots, of facts as well, that may hold something else than when nothing is known
    steps: tuple[Run, ...]
    rules: tuple[Try, ...]
    untried: Untried
    display: tuple[Run, ...]
    assessed: tuple[Callable[[Sequence[Any]], bool], ...]  # for each tier, whether any of its questions was answered


class Part:
    """An expression of the program, and what is left of it for patients of whom more or less is spoken."""

    def __init__(self, node: ex.Node, slots: Mapping[str, int], reduced: Callable[[ex.Node, Bits], ex.Node]) -> None:
        """``reduced`` is the reducer's, for a condition or a quantity."""
        self._node, self._slots, self._reduced = node, slots, reduced
        self.reads = sum([1 << slot for slot in slots_read(node, slots)])
        self._left: dict[tuple[Bits, Form], Closure | None] = {}

    def settled(self) -> Any:  # noqa: ANN401  # of any kind
        """Return what the expression is when nothing is known."""
        return cast("ex.Settled", self._reduced(self._node, 0)).value

    def left(self, spoken: Bits, form: Form) -> Closure | None:
        """Return what is left of it; None where it is what it is when nothing is known."""
        read = self.reads & spoken
        if not read:
            return None
        key = (read, form)
        if key not in self._left:
            if len(self._left) >= _KEPT:
                self._left.clear()
            node = self._reduced(self._node, spoken)
            self._left[key] = None if isinstance(node, ex.Settled) else _CLOSURES[form](node, self._slots)
        return self._left[key]


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
            left = _unless_stated(self.slot, self._known, left or _always(self._held[self.slot]))
        elif left and self.asks:
            left = _question(left, self.default)
        return left and (self.slot, left)


class Planner:
    """Makes and keeps the plans of one program."""

    def __init__(self, program: Program, minimum: int) -> None:
        """Work out a patient of whom nothing is known; ``minimum`` is the slot of the gate that is read last."""
        self._program = program
        self.nothing_known: list[Any] = list(program.blank)
        self.nothing_known[minimum] = False
        self._minimum = sum(1 << slot for slot in program.minimum), 1 << minimum
        self._reducer = Reducer(program.slots, self.nothing_known)
        self._steps = [self._stepping(step) for step in program.steps]
        self._rules = [self.part(rule.when) for rule in program.rules]
        self.statuses: list[bool | None] = [part.settled() for part in self._rules]
        self._display = [self._stepping(step) for step in program.display]
        self._plans: dict[tuple[Bits, Form], Plan] = {}
        self._together: dict[Bits, Together] = {}

    def part(self, condition: Condition) -> Part:
        """Return a condition as what may be left of it is asked for."""
        return Part(condition.node, self._program.slots, self._reducer.truth)

    def _stepping(self, step: Step) -> _Stepping:
        yes_no = step.asked is not None or self._program.symbols[step.name].kind == "yesno"
        reduced = self._reducer.truth if yes_no else self._reducer.quantity
        return _Stepping(step, Part(step.whole, self._program.slots, reduced), self.nothing_known)

    def rule(self, at: int, spoken: Bits, form: Form) -> Closure | None:
        """Return what is left of the rule at this place; None where it is what it is when nothing is known."""
        return self._rules[at].left(spoken, form)

    def together(self, bits: Bits) -> Together:
        """Return these steps, by their places, to be run together."""
        if bits not in self._together:
            self._together[bits] = Together([step for at, step in enumerate(self._steps) if bits >> at & 1])
        return self._together[bits]

    def plan(self, spoken: Bits, form: Form) -> Plan:
        """Return the plan for patients of whom these slots were spoken."""
        plan = self._plans.get((spoken, form))
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[spoken, form] = self._made(spoken, form)
        return plan

    def _made(self, spoken: Bits, form: Form) -> Plan:
        steps, spoken = _runs(self._steps, spoken, form)
        left = [part.left(spoken, form) if part.reads & spoken else None for part in self._rules]
        rules = enumerate(zip(self._program.rules, left, strict=True))
        tried = tuple([(at, holds, rule.mechanism, rule.level) for at, (rule, holds) in rules if holds])
        behind, minimum = self._minimum
        display, spoken = _runs(self._display, spoken | minimum if spoken & behind else spoken, form)
        assessed = tuple([_assessment(tier, spoken) for tier in self._program.tiers])
        return Plan(spoken, steps, tried, self._untried(left), display, assessed)

    def _untried(self, left: Iterable[Closure | None]) -> Untried:
        lows, highs = [0] * self._program.mechanisms, [0] * self._program.mechanisms
        met: list[int] = []
        undecided: list[int] = []
        for at, (rule, tried, status) in enumerate(zip(self._program.rules, left, self.statuses, strict=True)):
            if tried is None and status is not False:
                (met if status else undecided).append(at)
                highs[rule.mechanism] = max(highs[rule.mechanism], rule.level)
                lows[rule.mechanism] = max(lows[rule.mechanism], rule.level if status else 0)
        return Untried(lows, highs, met, undecided)


class Together:
    """Steps that are run together."""

    def __init__(self, steps: Sequence[_Stepping]) -> None:
        """Keep them in their order."""
        self._steps, self._reads = steps, reduce(or_, [step.reads for step in steps], 0)
        self._kept: dict[tuple[Bits, Form], tuple[Run, ...]] = {}

    def left(self, spoken: Bits, form: Form) -> tuple[Run, ...]:
        """Return what is run for them."""
        key = (spoken & self._reads, form)
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = _runs(self._steps, spoken, form)[0]
        return self._kept[key]


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


def _question(asked: Closure, default: Any) -> Closure:  # noqa: ANN401  # of any kind
    return lambda env: default if asked(env) is False else None


def _unless_stated(slot: int, known: int, value: Closure) -> Closure:
    return lambda env: env[slot] if env[known] else value(env)


_CLOSURES: Final[dict[Form, Callable[[ex.Node, Mapping[str, int]], Closure]]] = {"exact": exact, "bounded": bounded}
