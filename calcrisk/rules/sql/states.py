"""What was stated, as SQL: the value of each input, whether it was stated, and what follows from others.

The same as ``filling`` does for one patient, in the same order of precedence: what was stated, what another answer
implies, an open question, a question that no longer arises, silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.rules.sql.terms import (
    Atom,
    Quantity,
    certain,
    condition,
    every,
    flag,
    is_null,
    opposite,
    some,
    stored,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcrisk.rules.program import Program, Slotted
    from calcrisk.rules.sql.terms import Condition, Truth


class Source(NamedTuple):
    """Where one input comes from, as SQL over a table's own columns.

    ``value`` is the canonical number (a double), the code of a choice or 1 and 0 (integers), NULL where nothing was
    stated or read; ``unknown`` and ``odd`` are conditions that are never NULL: it was stated to be unknown; the cell
    says what plain SQL does not read.
    """

    value: str
    unknown: str | None = None
    odd: str | None = None


class State(NamedTuple):
    """One input as the rules see it. ``truth`` or ``quantity``, whichever it is; ``known`` as ``known(x)`` reads it."""

    truth: Truth
    quantity: Quantity | None
    known: Truth


class Given(NamedTuple):
    """Which columns of the input stage hold what was stated: its value, and the flag that it is unknown."""

    value: str | None
    unknown: str | None

    @property
    def stated(self) -> bool | Condition:
        """Whether a value was stated."""
        return opposite(is_null(self.value)) if self.value else False  # type: ignore[return-value]  # never unknown

    @property
    def opened(self) -> bool | Condition:
        """Whether it was stated to be unknown."""
        return flag(self.unknown) if self.unknown else False

    def says(self, code: int) -> bool | Condition:
        """Whether a yes/no was answered so, silence not."""
        if not self.value:
            return False
        return flag(self.value) if code else certain(opposite(flag(self.value)))


class States:
    """The states of a program's inputs, over the columns of the input stage."""

    def __init__(self, program: Program, given: Mapping[str, Given]) -> None:
        """Turn round what the program says of each input that answers, opens, closes or rejects another."""
        self._program, self._given = program, given
        self._order = {name: at for at, name in enumerate(program.inputs)}
        self._below, self._above = _turned(program.up), _turned(program.down)
        self._closers, self._rejecters = _turned(program.closes), _turned(program.rejects)
        self._statuses = {
            entry.spec["of"]: name for name, entry in program.inputs.items() if entry.spec["role"] == "status"
        }

    def of(self, name: str) -> State:
        """Return the state of one input."""
        entry = self._program.inputs[name]
        return self._yes_or_no(entry) if entry.spec["kind"] == "yesno" else self._number(entry)

    # ---- the parts of a state ----------------------------------------------------------------------------------------

    def _of(self, name: str) -> Given:
        return self._given.get(name, Given(None, None))

    def unread(self, name: str) -> bool | Condition:
        """Whether the sample was unfit, or may have been, so that the value is not read."""
        flags = (self._of(other) for other in self._rejecters.get(name, ()))
        unfit = some(*(some(_true(one.says(1)), one.opened) for one in flags))
        return certain(every(self._of(name).stated, unfit))

    def _answered(self, name: str) -> bool | Condition:
        return certain(every(self._of(name).stated, opposite(self.unread(name))))

    def open(self, name: str) -> bool | Condition:
        """Whether it was stated to be unknown, or its value is not read."""
        return certain(some(self._of(name).opened, self.unread(name)))

    def silent(self, name: str) -> bool | Condition:
        """Whether nothing was stated of it."""
        one = self._of(name)
        return certain(every(opposite(one.stated), opposite(one.opened)))

    def _moved(self, name: str) -> tuple[bool | Condition, bool | Condition]:
        """Whether, of an input that was not stated, another opens or closes the question: the last of them decides."""
        effects = [(self._order[other], True, self.open(other)) for other in self._below.get(name, ())]
        effects += [(self._order[other], False, self._answered(other)) for other in self._closers.get(name, ())]
        if (status := self._statuses.get(name)) is not None:
            highest = len(self._program.inputs[status].values) - 1
            column = self._of(status).value
            low = Atom(f"{column} < {highest}", f"{column} >= {highest}") if column else False
            effects.append((self._order[status], False, certain(every(self._answered(status), low))))
        opened: list[Truth] = []
        closed: list[Truth] = []
        later: Truth = False
        for _, opens, holds in sorted(effects, key=lambda effect: -effect[0]):
            (opened if opens else closed).append(every(holds, opposite(later)))
            later = some(later, holds)
        return certain(some(*opened)), certain(some(*closed))

    # ---- states ------------------------------------------------------------------------------------------------------

    def _yes_or_no(self, entry: Slotted) -> State:
        given, name = self._of(entry.name), entry.name
        implied_yes = some(*(self._of(other).says(1) for other in self._below.get(name, ())))
        implied_no = some(*(self._of(other).says(0) for other in self._above.get(name, ())))
        opened, closed = self._moved(name)
        said = flag(given.value) if given.value else None
        opened = certain(some(given.opened, opened))
        default: Truth = None if entry.default is None else bool(entry.default)
        value = first_of(
            [(given.stated, said), (implied_yes, True), (implied_no, False), (opened, None), (closed, False)], default
        )
        known = first_of([(some(given.stated, implied_yes, implied_no), True), (some(opened, closed), None)], False)
        return State(value, None, known)

    def _number(self, entry: Slotted) -> State:
        given, name = self._of(entry.name), entry.name
        unread, (opened, closed) = self.unread(name), self._moved(name)
        value = given.value
        if value and unread is not False:
            value = f"CASE WHEN {condition(unread)} THEN NULL ELSE {value} END"
        absent = closed if entry.default is None else opposite(opened)
        known = first_of([(self._answered(name), True), (some(self.open(name), opened, closed), None)], False)
        return State(None, Quantity(value, certain(every(self.silent(name), absent))), known)


def _true(said: bool | Condition) -> bool | Condition:  # noqa: FBT001  # a truth
    """What a silent column says is not true: its comparison with NULL must not spread."""
    if isinstance(said, bool):
        return said
    return certain(flag(yes_or_no(said)))


def first_of(cases: Iterable[tuple[Truth, Truth]], default: Truth) -> Truth:
    """Return the truth of the first case that holds; a case that is unknown does not."""
    kept: list[tuple[Truth, Truth]] = []
    for when, value in cases:
        if when is True:
            default = value
            break
        if when is not False and when is not None:
            kept.append((when, value))
    while kept and kept[-1][1] is default:
        kept.pop()
    if not kept:
        return default
    if len(kept) == 1 and _says_itself(*kept[0], default):
        return kept[0][1] if default is None else kept[0][0]
    whens = " ".join(f"WHEN {condition(when)} THEN {stored(value)}" for when, value in kept)
    return flag(f"CASE {whens} ELSE {stored(default)} END")


def _says_itself(when: Truth, value: Truth, default: Truth) -> bool:
    """Whether a lone case gives what a column says wherever it says something, or only whether it does."""
    if not isinstance(when, Atom) or not when.text.endswith(" IS NOT NULL"):
        return False
    if default is None:
        return isinstance(value, Atom) and value == flag(when.text.removesuffix(" IS NOT NULL"))
    return value is True and default is False


def _turned(edges: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return who names each."""
    turned: dict[str, list[str]] = {}
    for name, others in edges.items():
        for other in others:
            turned.setdefault(other, []).append(name)
    return turned
