"""What a rulebook is once compiled: slots, steps in order, rules, tables, sentences. Frozen; shared by every walk."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.rules.closures import bounded, exact, slots_read
from calcrisk.rules.expression import Choose, Settled, names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calcrisk.rules.boxes import Table
    from calcrisk.rules.closures import Closure
    from calcrisk.rules.expression import Node, Symbol
    from calcrisk.rules.text import Shown, Template

MINIMUM_KNOWN: Final = "minimum_known"  # the built-in gate: every input of the rulebook's minimum is known
Spec = dict[str, Any]  # one entry of the rulebook as its YAML says it, defaults filled in


class Condition:
    """One expression in all its forms, each made when it is first needed."""

    def __init__(self, text: str, node: Node, slots: Mapping[str, int], leaves: Mapping[str, frozenset[str]]) -> None:
        """Keep the node; ``slots`` tells where each name lies, ``leaves`` the inputs behind each fact."""
        self.text, self.node = text, node
        self._slots, self._leaves = slots, leaves

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The inputs it mentions, through facts."""
        behind = [self._leaves.get(name, frozenset((name,))) for name in names(self.node)]
        return frozenset[str]().union(*behind) - {MINIMUM_KNOWN}

    @cached_property
    def read(self) -> frozenset[int]:
        """The slots it reads itself."""
        return slots_read(self.node, self._slots)

    @cached_property
    def exact(self) -> Closure:
        """The everyday closure."""
        return exact(self.node, self._slots)

    @cached_property
    def bounded(self) -> Closure:
        """The closure over bounds and freedom."""
        return bounded(self.node, self._slots)


class Slotted(NamedTuple):
    """A place in the environment: an input or a fact.

    ``default`` is what the place holds while nothing is stated: None (an open question), False or NaN (assumed absent).
    """

    name: str
    slot: int
    spec: Spec
    default: bool | float | None
    values: tuple[str, ...]
    codes: Mapping[str, float]
    whole: tuple[float, float] | None  # a number's hard limits, a choice's first and last code; None for yes/no


class Step(NamedTuple):
    """One thing computed, in order: a fact, or an input that is open only while its question applies."""

    name: str
    slot: int
    stated: int | None  # the slot that says the patient stated it
    value: Condition | None  # a fact's formula
    valid: Condition | None  # a fact is unknown unless this holds
    asked: Condition | None  # an input's question
    default: bool | float | None

    @property
    def conditions(self) -> list[Condition]:
        """The question, or the formula and what makes it valid."""
        return [each for each in (self.value, self.valid, self.asked) if each is not None]

    @property
    def read(self) -> frozenset[int]:
        """The slots that these read themselves."""
        return frozenset[int]().union(*[each.read for each in self.conditions])

    @property
    def whole(self) -> Node:
        """The question, or the formula of a fact, unknown unless it is valid."""
        if self.asked is not None:
            return self.asked.node
        value = Settled(None) if self.value is None else self.value.node
        return value if self.valid is None else Choose(self.valid.node, value, Settled(None))


class Implication(NamedTuple):
    """An input that follows from others when it was not stated."""

    target: str
    value: bool | float
    when: Condition
    because: str


class Rule(NamedTuple):
    """One rule: when it holds, it raises its mechanism to its level."""

    id: str
    mechanism: int
    level: int
    when: Condition
    because: Template
    phrase: Template
    margin: tuple[Shown, Shown] | None
    spec: Spec


class Clause(NamedTuple):
    """A sentence, or the part of one, said only when its condition (if any) is true."""

    when: Condition | None
    say: Template
    spec: Spec
    at: int  # its number among all clauses


class Band(NamedTuple):
    """A span of time since a finding, from ``begins`` (None: from the beginning) to where the next one begins."""

    status: str
    begins: Condition | None
    say: Template


class Latency(NamedTuple):
    """How long one finding takes to calcify, said when its clause holds; ``onset`` is the slot of the time since."""

    clause: Clause
    onset: int
    bands: tuple[Band, ...]
    spec: Spec


class Axes(NamedTuple):
    """A decision table with the mechanisms (by index) and gates (by slot) its axes are, in order."""

    table: Table
    mechanisms: tuple[int, ...]
    gates: tuple[tuple[str, int], ...]


class Row:
    """A row of the class table: its class, sentence and clauses, which are compiled when they are first needed."""

    def __init__(self, say: Template, label: str, clauses: Callable[[], tuple[Clause, ...]], spec: Spec) -> None:
        """``clauses`` compiles them; of many rows one answers for a patient."""
        self.id: str = spec["id"]
        self.label, self.say, self.spec = label, say, spec
        self._clauses = clauses

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """What may be said behind its sentence."""
        return self._clauses()


class Tier(NamedTuple):
    """The table of one of the three questions; ``order`` gives the rank of each row's tier."""

    name: str
    axes: Axes
    order: tuple[int, ...]
    assessed_by: tuple[int, ...]
    withheld: int | None
    spec: Spec


class Program(NamedTuple):
    """Everything the walks need."""

    slots: Mapping[str, int]
    symbols: Mapping[str, Symbol]
    shown: Mapping[str, Shown]
    inputs: Mapping[str, Slotted]
    silent: tuple[str, ...]  # those whose silence may be taken for absence, the ones that most rules mention first
    blank: tuple[Any, ...]
    up: Mapping[str, tuple[str, ...]]  # yes here means yes there
    down: Mapping[str, tuple[str, ...]]  # no here means no there
    closes: Mapping[str, tuple[str, ...]]  # stated here, these are no longer open
    rejects: Mapping[str, tuple[str, ...]]  # yes here, or unknown, and the values of these are not read
    leaves: Mapping[str, frozenset[str]]  # the inputs behind each fact
    implications: tuple[Implication, ...]
    steps: tuple[Step, ...]
    display: tuple[Step, ...]  # facts that no rule reads, taken only when somebody looks
    mechanisms: int
    rules: tuple[Rule, ...]
    rows: tuple[Row, ...]
    classes: Axes
    minimum: tuple[int, ...]
    tiers: tuple[Tier, ...]
    consider: tuple[Clause, ...]
    levers: tuple[Clause, ...]
    warnings: tuple[Clause, ...]
    caveats: tuple[Clause, ...]
    notes: tuple[Clause, ...]
    kinetics: tuple[Latency, ...]  # shown, never scored
