"""Rules, levels, class, tiers and what is missing, as columns over the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from calcrisk.rules import expression as ex
from calcrisk.rules.decisive import Decisive
from calcrisk.rules.program import MINIMUM_KNOWN
from calcrisk.rules.sql.layers import Column, Layers
from calcrisk.rules.sql.terms import (
    Atom,
    certain,
    condition,
    every,
    flag,
    form,
    is_null,
    of_three,
    one_or_zero,
    opposite,
    some,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.rules.boxes import Box
    from calcrisk.rules.program import Axes, Program, Rule, Tier
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.sql.states import Source
    from calcrisk.rules.sql.terms import Condition, Truth

Side = Literal["low", "high"]
_MET, _UNDECIDED = 1, 2  # of the statuses 0, 1, 2
_LONGEST = 63  # letters of a column's name, in PostgreSQL


class Status(NamedTuple):
    """What a rule's column says, or what it is for every row."""

    met: bool | Condition
    undecided: bool | Condition


class Axis(NamedTuple):
    """The lowest and highest coordinate on one axis of a table: columns, or constants."""

    low: int | str
    high: int | str


class Answers:
    """The stages from the facts on; each method gives the columns of one."""

    def __init__(self, book: Rulebook, sources: Mapping[str, Source]) -> None:
        """Lay out the facts that the rules, the tables and the product need."""
        walk = book.walk
        self.data, self.program = book.data, walk.program
        self._decisive, self._gates = Decisive(walk), _gates(walk.program)
        self.layers = Layers(self.program, sources, [*self._read(), *sources], self._known())
        self._names = {slot: name for name, slot in self.program.slots.items()}
        self.statuses: list[Status] = []
        self._axes: dict[str, Axis] = {}

    def _read(self) -> list[str]:
        program, product = self.program, self.data["product"]
        rules = [name for rule in program.rules for name in ex.names(rule.when.node)]
        asked = [name for name, entry in program.inputs.items() if entry.spec["ask"] != "volunteered"]
        withheld = [tier.spec["withheld_when"] for tier in program.tiers if tier.spec["withheld_when"]]
        shown = [product[key] for key in ("value", "corrected", "at_limit")]
        gates = [name for name in self._gates if name != MINIMUM_KNOWN]
        return [*rules, *asked, *withheld, *shown, *gates, *self.data["minimum"]]

    def _known(self) -> list[str]:
        assessed = [name for tier in self.program.tiers for name in tier.spec["assessed_by"]]
        nodes = [part for rule in self.program.rules for part in ex.walk(rule.when.node)]
        return [*assessed, *(part.name for part in nodes if isinstance(part, ex.Known))]

    # ---- rules -------------------------------------------------------------------------------------------------------

    def rules(self) -> list[Column]:
        """Each rule as 1 (met), 0 (not met) or 2 (unknown), and the gates of the tables; constants have no column."""
        columns: list[Column] = []
        for rule in self.program.rules:
            holds = self.layers.truth(rule.when)
            if holds is None or isinstance(holds, bool):
                self.statuses.append(Status(holds is True, holds is None))
                continue
            name = column_of(rule.id)
            columns.append(Column(name, of_three(holds, _UNDECIDED), _source_of(rule)))
            self.statuses.append(_status(name))
        known = every(*(opposite(self.layers.unknown(name)) for name in self.data["minimum"]))
        self._minimum = f"{MINIMUM_KNOWN}_now"
        return [*columns, Column(self._minimum, one_or_zero(certain(known)))]

    # ---- levels ------------------------------------------------------------------------------------------------------

    def levels(self) -> list[Column]:
        """The lowest and highest level of each mechanism, and of each gate, from 0; nothing is NULL from here on."""
        columns: list[Column] = []
        for at, entry in enumerate(self.data["mechanisms"]):
            mine = [(rule, status) for rule, status in zip(self.program.rules, self.statuses, strict=True)]
            own = [(rule.level, status) for rule, status in mine if rule.mechanism == at]
            low = self._level(columns, f"{entry['name']}__lowest", [(level, one.met) for level, one in own])
            may_hold = [(level, certain(some(one.met, one.undecided))) for level, one in own]
            self._axes[entry["name"]] = Axis(low, self._level(columns, f"{entry['name']}__highest", may_hold))
        for name in self._gates:
            self._axes[name] = self._gate(columns, name)
        return columns

    @staticmethod
    def _level(columns: list[Column], name: str, raised: Sequence[tuple[int, bool | Condition]]) -> int | str:
        by_level = [(level, some(*(holds for at, holds in raised if at == level))) for level in _falling(raised)]
        written = _chosen([*by_level, (0, True)])
        if written.isdigit():
            return int(written)
        columns.append(Column(name, written))
        return name

    def _gate(self, columns: list[Column], name: str) -> Axis:
        if name == MINIMUM_KNOWN:  # while it is not, an answer could still make it so
            return Axis(self._minimum, 1)
        held = self.layers.columns.truths[name]
        if held is None or isinstance(held, bool):
            return Axis(int(held is True), int(held is not False))
        low, high = f"{name}__lowest", f"{name}__highest"
        columns.append(Column(low, one_or_zero(held)))
        columns.append(Column(high, f"CASE WHEN {condition(opposite(held))} THEN 0 ELSE 1 END"))
        return Axis(low, high)

    def axis(self, name: str) -> Axis:
        """Return the range of a mechanism or a gate."""
        return self._axes[name]

    # ---- tables ------------------------------------------------------------------------------------------------------

    def tables(self, *, possible: bool) -> list[Column]:
        """The row of the class table, the tiers with their ranges, and which rows are possible."""
        columns = [Column("row_now", _chosen(self._at(self.program.classes, "low")))]
        for tier in self.program.tiers:
            columns += self._tier(tier)
        if possible:
            reached = self._reachable(self.program.classes)
            columns += [Column(f"row_{at}", yes_or_no(holds)) for at, holds in reached.items()]
        return columns

    def _tier(self, tier: Tier) -> list[Column]:
        ranks = tier.order  # from the highest down (see check), so that the ends of a range lie at its corners
        assessed = [self.layers.columns.known[name] for name in tier.spec["assessed_by"]]
        withheld = tier.spec["withheld_when"]
        free = opposite(certain_yes(self.layers.columns.truths[withheld])) if withheld else True
        columns = [Column(f"{tier.name}__assessed", yes_or_no(every(certain_yes(some(*assessed)), free)))]  # type: ignore[arg-type]  # never unknown
        low = self._at(tier.axes, "low")
        columns.append(Column(f"{tier.name}__now", _chosen(low, ranks)))
        return [*columns, Column(f"{tier.name}__most", _chosen(self._at(tier.axes, "high"), ranks))]

    def _at(self, axes: Axes, side: Side) -> list[tuple[int, Truth]]:
        """Return each row with its own condition, over the lowest or the highest coordinates."""
        return [(at, self._row(node, side)) for at, node in enumerate(axes.table.rows)]

    def _row(self, node: ex.Node, side: Side) -> Truth:
        match node:
            case ex.Truth(value):
                return value
            case ex.And(items):
                return every(*(self._row(item, side) for item in items))
            case ex.Or(items):
                return some(*(self._row(item, side) for item in items))
            case ex.Name(name):
                return _at_least(getattr(self._axes[name], side), 1)
            case ex.Comparison(_, ex.Name(name), ex.Constant(level)):
                return _at_least(getattr(self._axes[name], side), int(level))
        raise TypeError(node)  # the table has checked its rows

    def _reachable(self, axes: Axes) -> dict[int, bool | Condition]:
        """Return, for each row that is reachable at all, whether one of its boxes meets the ranges."""
        names = axes.table.axes
        rows: dict[int, Truth] = {}
        for box in axes.table.boxes:
            rows[box.row] = some(rows.get(box.row, False), self._meets(box, names))
        return {row: certain(holds) for row, holds in sorted(rows.items())}

    def _meets(self, box: Box, names: Sequence[str]) -> Truth:
        sides = []
        for axis, low, high in box.sides:
            one = self._axes[names[axis]]
            sides += [_at_least(one.high, low), opposite(_at_least(one.low, high + 1))]
        return every(*sides)

    # ---- what is missing ---------------------------------------------------------------------------------------------

    def missing(self) -> dict[str, bool | Condition]:
        """Whether each input is open and something undecided waits for it, in the order of the variables."""
        found: dict[str, bool | Condition] = {}
        for name, entry in self.program.inputs.items():
            if entry.spec["ask"] != "volunteered" or self._may_be_open(name):
                waited = certain(every(self._open(name), self._waited_for(name)))
                if waited is not False:
                    found[name] = waited
        return found

    def _may_be_open(self, name: str) -> bool:
        held = self.layers.columns.truths if name in self.layers.columns.truths else self.layers.columns.quantities
        return (
            name in held
            and not self.program.inputs[name].spec["derived"]
            and self.layers.states.open(name) is not False
        )

    def _open(self, name: str) -> bool | Condition:
        states = self.layers.states
        stated = True if self.program.inputs[name].spec["ask"] != "volunteered" else opposite(states.silent(name))
        spoken = [opposite(states.silent(other)) for other in self.program.rejects.get(name, ())]
        return certain(every(self.layers.unknown(name), stated, some(*spoken) if spoken else True))

    def _waited_for(self, name: str) -> bool | Condition:
        question = self._decisive.question(name)
        rules = [status.undecided for at, status in enumerate(self.statuses) if question.rules >> at & 1]
        gates = [self._gate_open(gate) for at, gate in enumerate(self._decisive.gates) if question.gates >> at & 1]
        return True if question.minimum else certain(some(*rules, *gates))

    def _gate_open(self, name: str) -> bool | Condition:
        low, high = self._axes[name]
        if isinstance(low, int) and isinstance(high, int):
            return low < high
        return False if name == MINIMUM_KNOWN else Atom(f"{low} < {high}", f"{low} = {high}")

    def begins(self, tier: int) -> list[str]:
        """Return the inputs whose answer would begin a tier."""
        return [name for name in self.program.inputs if self._decisive.question(name).begins[tier]]


def certain_yes(truth: Truth) -> bool | Condition:
    """Whether a truth is yes, where unknown counts as no."""
    return truth is True if truth is None or isinstance(truth, bool) else certain(flag(yes_or_no(truth)))


def column_of(rule: str) -> str:
    """Name the column of a rule."""
    return f"r_{rule.replace('-', '_')}"[:_LONGEST]


def _status(column: str) -> Status:
    if form().kind == "BOOLEAN":
        return Status(Atom(column, f"{column} IS NOT TRUE"), certain(is_null(column)))
    return Status(_equals(column, _MET), _equals(column, _UNDECIDED))


def _equals(column: str, code: int) -> Atom:
    return Atom(f"{column} = {code}", f"{column} <> {code}")


def _at_least(coordinate: int | str, least: int) -> bool | Condition:
    if isinstance(coordinate, int):
        return coordinate >= least
    return Atom(f"{coordinate} >= {least}", f"{coordinate} < {least}") if least > 0 else True


def _chosen(rows: Sequence[tuple[int, Truth]], named: Sequence[int] | None = None) -> str:
    """Write which of the rows is the first that holds; ``named`` gives another number for each."""
    whens: list[str] = []
    for row, holds in rows:
        answer = row if named is None else named[row]
        if holds is True:
            return f"CASE {' '.join(whens)} ELSE {answer} END" if whens else str(answer)
        if holds is not False:
            whens.append(f"WHEN {condition(holds)} THEN {answer}")
    return f"CASE {' '.join(whens)} END"


def _falling(raised: Sequence[tuple[int, bool | Condition]]) -> list[int]:
    return sorted({level for level, _ in raised}, reverse=True)


def _source_of(rule: Rule) -> str:
    cited = "; ".join(f"{entry['source']} ({entry['at']})" for entry in rule.spec["where"])
    return f"{rule.id}: {cited or 'a design choice'}"


def _gates(program: Program) -> list[str]:
    axes = (program.classes, *(tier.axes for tier in program.tiers))
    return list(dict.fromkeys(name for one in axes for name, _ in one.gates))
