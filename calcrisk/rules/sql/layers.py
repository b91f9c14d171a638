"""Inputs and facts as columns, in stages: each reads only columns of the stages before it.

What is constant for every row (an input that the table does not have, and what hangs on it alone) becomes no column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.rules import expression as ex
from calcrisk.rules.sql.nodes import Columns, quantity, truth
from calcrisk.rules.sql.states import Given, State, States, first_of
from calcrisk.rules.sql.terms import (
    Atom,
    Every,
    Quantity,
    Some,
    certain,
    condition,
    every,
    flag,
    form,
    is_null,
    number,
    opposite,
    some,
    stored,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcrisk.rules.program import Condition, Implication, Program, Step
    from calcrisk.rules.sql.states import Source
    from calcrisk.rules.sql.terms import Condition as Conditional
    from calcrisk.rules.sql.terms import Truth

_INPUT = 0  # the first stage; the states are the second


class Column(NamedTuple):
    """One column of a stage; ``note`` is the comment above it."""

    name: str
    sql: str
    note: str = ""


class Layers:
    """The stages up to the facts; ``columns`` then says what each name stands for."""

    def __init__(
        self, program: Program, sources: Mapping[str, Source], read: Iterable[str], known: Iterable[str]
    ) -> None:
        """Lay out what the names in ``read`` need; of those in ``known``, whether they were stated, too."""
        self.program = program
        self.stages: list[list[Column]] = [[], []]
        choices = (name for name, symbol in program.symbols.items() if symbol.kind == "choice")
        self._truths: dict[str, Truth] = {}
        self._quantities: dict[str, Quantity] = {}
        self._known: dict[str, Truth] = {}
        self.columns = Columns(self._truths, self._quantities, self._known, frozenset(choices))
        self._depth: dict[str, int] = {}
        self._computed = {step.name: step for step in program.steps}
        implied = {rule.target for rule in program.implications}
        self._known_read = {*known, *implied, *(self._computed.keys() & program.inputs.keys())}
        self._needed = self._closure([*read, *known])
        self.states = self._place_sources(sources)
        self._place_states()
        for at, implication in enumerate(program.implications):
            self._imply(implication, f"{implication.target}__follows_{at}")
        for step in program.steps:
            if step.name in self._needed:
                self._take(step)

    def unknown(self, name: str) -> bool | Conditional:
        """Whether an input or fact is unknown, which itself is always known."""
        if name in self._truths:
            held = self._truths[name]
            if held is None or isinstance(held, bool):
                return held is None
            return is_null(condition(held).removesuffix(" = 1"))
        value, absent = self._quantities[name]
        nothing = is_null(value) if isinstance(value, str) else value is None
        return certain(every(nothing, opposite(absent)))

    def truth(self, when: Condition) -> Truth:
        """Write a condition over the columns."""
        return truth(when.node, self.columns)

    # ---- what is needed ----------------------------------------------------------------------------------------------

    def _closure(self, read: Iterable[str]) -> set[str]:
        needed: set[str] = set()
        waiting = [*read, *(name for rule in self.program.implications for name in rule.when.mentions)]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                step = self._computed.get(name)
                for part in step.conditions if step else ():
                    waiting.extend(ex.names(part.node))
                    self._known_read |= {each.name for each in ex.walk(part.node) if isinstance(each, ex.Known)}
        return needed

    # ---- inputs ------------------------------------------------------------------------------------------------------

    def _place_sources(self, sources: Mapping[str, Source]) -> States:
        """Place what the table says; under its own name where the rules read it as it stands."""
        own = {name: _given(name, name, sources[name]) for name in self.program.inputs if name in sources}
        states = States(self.program, own)
        moved = [name for name in own if name in self._computed or _said(states.of(name)) != name]
        given = own | {name: _given(name, f"{name}__given", sources[name]) for name in moved}
        for name, (value, unknown) in given.items():
            self.stages[_INPUT].append(Column(value or name, self._read(name, sources[name].value)))
            if unknown:
                lies_open = f"CASE WHEN {sources[name].unknown} THEN {form().yes} ELSE {form().no} END"
                self.stages[_INPUT].append(Column(unknown, lies_open))
        return States(self.program, given)

    def _read(self, name: str, sql: str) -> str:
        is_truth = self.program.symbols[name].kind == "yesno"
        return f"CAST({sql} AS BOOLEAN)" if is_truth and form().kind == "BOOLEAN" else sql

    def _place_states(self) -> None:
        for name in self.program.inputs:
            if name in self._needed:
                # where a step comes later, the name is the step's
                self._hold(f"{name}__said" if name in self._computed else name, self.states.of(name), _INPUT, name)

    def _hold(self, column: str, state: State, depth: int, name: str) -> None:
        if state.quantity is None:
            self._put_truth(name, state.truth, depth, column)
        else:
            self._put_quantity(name, state.quantity, depth, column)
        if name in self._known_read:
            self._known[name] = self._placed(f"{column}__known", state.known, depth, name)

    def _imply(self, rule: Implication, column: str) -> None:
        """Let an input that was not stated, nor implied before, follow from a condition that holds."""
        name, holds, known = rule.target, self.truth(rule.when), self._known[rule.target]
        depth = max(map(self._deep, (name, *rule.when.mentions)))
        free = opposite(certain(flag(yes_or_no(known)) if isinstance(known, Atom) else known is True))
        follows = every(free, flag(yes_or_no(holds)) if isinstance(holds, Atom | Every | Some) else holds)
        lies_open = every(free, self._undecided(holds), self.states.silent(name))
        told = first_of([(follows, True), (lies_open, None)], known)
        state = self._following(name, rule.value, follows, lies_open)
        self._hold(column, state._replace(known=told), depth, name)

    @staticmethod
    def _undecided(holds: Truth) -> bool | Conditional:
        if holds is None or isinstance(holds, bool):
            return holds is None
        return is_null(f"({stored(holds)})")

    def _following(self, name: str, value: bool | float, follows: Truth, lies_open: Truth) -> State:  # noqa: FBT001  # yes, no or a code
        if name in self._truths:
            held = first_of([(follows, bool(value)), (lies_open, None)], self._truths[name])
            return State(held, None, None)
        was = self._quantities[name]
        if follows is False and lies_open is False:
            return State(None, was, None)
        whens = [f"WHEN {condition(when)} THEN {then}" for when, then in ((follows, int(value)), (lies_open, "NULL"))]
        text = f"CASE {' '.join(whens)} ELSE {was.value or 'NULL'} END"
        absent = certain(first_of([(some(follows, lies_open), False)], was.absent))
        return State(None, Quantity(text, absent), None)

    # ---- steps -------------------------------------------------------------------------------------------------------

    def _take(self, step: Step) -> None:
        depth = max(map(self._deep, {step.name, *(name for part in step.conditions for name in ex.names(part.node))}))
        if step.asked is not None:
            self._ask(step, self.truth(step.asked), depth)
        elif self.program.symbols[step.name].kind == "yesno":
            self._put_truth(step.name, self._truth_of(step), depth, step.name)
        else:
            self._put_quantity(step.name, self._quantity_of(step), depth, step.name)

    def _ask(self, step: Step, asked: Truth, depth: int) -> None:
        """An input whose question may not arise: silence is absence then, and an open question otherwise."""
        name, silent = step.name, opposite(self._known[step.name])
        if name in self._truths:
            cases: list[tuple[Truth, Truth]] = [(every(silent, opposite(asked)), False), (silent, None)]
            self._put_truth(name, first_of(cases, self._truths[name]), depth, name)
        else:
            value, absent = self._quantities[name]
            cases = [(every(silent, opposite(asked)), True), (silent, False)]
            self._put_quantity(name, Quantity(value, certain(first_of(cases, absent))), depth, name)

    def _truth_of(self, step: Step) -> Truth:
        computed = truth(step.value.node, self.columns) if step.value else None
        if step.valid is not None:
            computed = first_of([(self.truth(step.valid), computed)], None)
        if step.stated is None:
            return computed
        return first_of([(self._known[step.name], self._truths[step.name])], computed)

    def _quantity_of(self, step: Step) -> Quantity:
        computed = quantity(step.value.node, self.columns) if step.value else Quantity(None)
        if step.valid is not None:
            computed = _only_if(self.truth(step.valid), computed)
        known = False if step.stated is None else self._known[step.name]
        if known is False or known is None:
            return computed
        stated = self._quantities[step.name].value
        value = f"CASE WHEN {condition(known)} THEN {stated} ELSE {number(computed.value)} END"
        return Quantity(value, certain(first_of([(known, False)], computed.absent)))

    # ---- columns -----------------------------------------------------------------------------------------------------

    def _deep(self, name: str) -> int:
        return self._depth.get(name, _INPUT)

    def _put_truth(self, name: str, held: Truth, depth: int, column: str) -> None:
        self._depth[name] = max(depth, self._deep(name))  # also where it gets no column of its own
        self._truths[name] = self._placed(column, held, depth, name)

    def _put_quantity(self, name: str, held: Quantity, depth: int, column: str) -> None:
        self._depth[name] = max(depth, self._deep(name))
        value, absent = held.value, held.absent
        if isinstance(value, str) and not value.isidentifier():
            self._add(column, value, depth, name)
            value = column
        if not isinstance(absent, bool) and not _is_plain(absent):
            self._add(f"{column}__absent", yes_or_no(absent), depth, name)
            absent = flag(f"{column}__absent")
        self._quantities[name] = Quantity(value, absent)

    def _placed(self, column: str, held: Truth, depth: int, name: str = "") -> Truth:
        """Give a truth a column of its own, unless it is a constant or reads a column as it stands."""
        if held is None or isinstance(held, bool) or _is_plain(held):
            return held
        self._add(column, stored(held), depth, name)
        return flag(column)

    def _add(self, column: str, sql: str, depth: int, name: str) -> None:
        at = depth + 1
        while len(self.stages) <= at:
            self.stages.append([])
        self.stages[at].append(Column(column, sql))
        if name:
            self._depth[name] = max(at, self._deep(name))


def _only_if(valid: Truth, computed: Quantity) -> Quantity:
    if valid is True:
        return computed
    if valid is False or valid is None:
        return Quantity(None)
    value = f"CASE WHEN {condition(valid)} THEN {number(computed.value)} END"
    return Quantity(value, certain(first_of([(valid, computed.absent)], False)))


def _is_plain(held: Conditional) -> bool:
    """Whether a condition only reads a column as it stands."""
    text = held.text if isinstance(held, Atom) else ""
    return text.removesuffix(" = 1").removesuffix(" IS NOT NULL").removesuffix(" IS NULL").isidentifier()


def _given(name: str, column: str, source: Source) -> Given:
    return Given(column, f"{name}__unknown" if source.unknown else None)


def _said(state: State) -> object:
    """Return the column that a state is as it stands, or whatever else it is."""
    if state.quantity is not None:
        return state.quantity.value
    return state.truth.text.removesuffix(" = 1") if isinstance(state.truth, Atom) else state.truth
