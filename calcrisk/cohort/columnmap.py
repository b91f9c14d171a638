"""A column map: which column of somebody's table is which input, in which unit and with which codes.

    id: SEQN
    columns:
      calcium: LBXSCA
      vitamin_d_25: {column: LBXVIDMS, unit: nmol/L}
      diabetes: {column: DIQ010, codes: {1: yes, 2: no, 3: unknown, 7: unknown, 9: unknown}}
      phosphate: {column: result, unit_column: result_unit}
      hypertension: {expression: "systolic >= 140 or BPQ020 == 1"}
    constants: {dialysis: yes}
    assume: {tissue_damage: no}

A constant holds for every row. An assumption fills a silence: where a row says otherwise, or implies it, that stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from calcrisk.cohort.long import unit_column
from calcrisk.errors import Fault, UsageError, did_you_mean
from calcrisk.rules import expression as ex
from calcrisk.stated import quoted
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.cohort.long import Long

_ID = "id"
_SHOWN = 20  # columns of a table that a hint lists


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one input comes from: a column with its unit, or with a column of units, and codes; or an expression.

    ``codes`` give, for what stands in a cell, a word of the input's, ``unknown``, or None for what is not stated.
    """

    variable: str
    column: str | None = None
    unit: str | None = None
    unit_column: str | None = None
    codes: Mapping[str, str | None] | None = None
    expression: str | None = None
    node: ex.Node | None = None  # the expression, once the columns are known
    line: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that it reads, those of its expression included."""
        named = (self.column, self.unit_column, *ex.words(self.expression or ""))
        return tuple(dict.fromkeys(filter(None, named)))


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What a map says. ``source`` is its file, ``faults`` what is wrong in it before any table is seen."""

    source: str
    id: str | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    assume: Mapping[str, str] = field(default_factory=dict)
    long: Long | None = None
    faults: tuple[Fault, ...] = ()

    def widened(self, columns: Iterable[str]) -> ColumnMap:
        """Return the map of the table of draws that a long table of these columns becomes; raises ``UsageError``."""
        if self.long is None:
            return self
        known = list(columns)
        wrong = [self._no_column(Entry("long"), name, known) for name in self.long.columns if name not in known]
        if self.faults or wrong:
            raise UsageError([*self.faults, *wrong])
        units = {each: unit_column(each) for each in self.long.analytes if registry()[each].units}
        # what has no unit (a pH) is a number whatever stands beside it: laboratories write "units" there, or "pH"
        analytes = {each: Entry(each, each, unit_column=units.get(each)) for each in self.long.analytes}
        return replace(self, id="id", entries={**analytes, **self.entries}, long=None)

    def against(self, columns: Iterable[str]) -> ColumnMap:
        """Return the map with its expressions read over a table's columns; raises ``UsageError`` with every fault."""
        known = list(columns)
        faults = [*self.faults, *(each for entry in self.entries.values() for each in self._lacking(entry, known))]
        if self.id is not None and self.id not in known:
            faults.append(self._no_column(Entry("id"), self.id, known))
        read = {name: self._read(entry, known, faults) for name, entry in self.entries.items()}
        if faults:
            raise UsageError(faults)
        return replace(self, entries=read)

    def _lacking(self, entry: Entry, known: list[str]) -> Iterator[Fault]:
        for name in (entry.column, entry.unit_column):
            if name is not None and name not in known:
                yield self._no_column(entry, name, known)

    def _no_column(self, entry: Entry, column: str, known: list[str]) -> Fault:
        hint = did_you_mean(column, known) or f"the table has {', '.join(known[:_SHOWN])}"
        return self._fault(entry, "unknown-column", f"the table has no column {quoted(column)}", hint)

    def _fault(self, entry: Entry, code: str, message: str, hint: str | None = None) -> Fault:
        return Fault(code=code, message=message, file=self.source, line=entry.line, path=entry.variable, hint=hint)

    def _read(self, entry: Entry, known: list[str], faults: list[Fault]) -> Entry:
        if entry.expression is None:
            return entry
        scope = {name: ex.Symbol("number") for name in known}
        yesno = registry()[entry.variable].kind == "yesno"
        try:
            node = ex.parse(entry.expression, scope, expect="yesno" if yesno else "number", bare=True)
        except ex.ExpressionError as error:
            faults.append(self._fault(entry, "expression", f"{error.message}\n{error.drawing()}"))
            return entry
        return replace(entry, node=node)


def plain_map(columns: Iterable[str], source: str) -> ColumnMap:
    """Return the map of a table whose columns are named as the inputs are, and ``id``; case makes no difference.

    Raises ``UsageError`` where two columns are named as one input.
    """
    found: dict[str, list[str]] = {}
    for name in columns:
        found.setdefault(name.strip().casefold(), []).append(name)
    faults = [
        Fault(code="column-twice", message=f"{' and '.join(names)} are one input, {word}", file=source, path=word)
        for word, names in found.items()
        if len(names) > 1 and (word in registry() or word == _ID)
    ]
    if faults:
        raise UsageError(faults)
    entries = {word: Entry(word, names[0]) for word, names in found.items() if word in registry()}
    return ColumnMap(source, found[_ID][0] if _ID in found else None, entries)
