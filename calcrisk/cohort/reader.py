"""An odd row, read as a patient document is read: the same words mean the same, and the same faults are told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from calcrisk import units
from calcrisk.cohort.cells import TABLE_WORDS, as_number, says_also
from calcrisk.cohort.gaps import GAPS
from calcrisk.cohort.tables import PLACE, SOURCE
from calcrisk.inputs.documents import Document
from calcrisk.rules.closures import exact
from calcrisk.rules.expression import names
from calcrisk.stated import UNKNOWN, Location, Written, fault, quoted
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.cohort.columnmap import ColumnMap, Entry
    from calcrisk.errors import Fault
    from calcrisk.rules.expression import Node
    from calcrisk.variables import Variable

_YES_NO: Final = {True: "yes", False: "no"}


class Reader:
    """Turns rows of one table into documents."""

    def __init__(self, column_map: ColumnMap, as_of: str | None = None) -> None:
        """Take a map whose expressions were read, and the day (ISO) that the answers speak of."""
        self._map, self._as_of = column_map, as_of

    def __call__(self, row: Mapping[str, Any]) -> Document:
        """Return the document of one row: its cells as they were written, each with its row and column."""
        source, place = str(row[SOURCE]), int(row[PLACE])
        fields: dict[str, Written] = {}
        faults: list[Fault] = []
        for each, entry in self._map.entries.items():
            at = Location(source, path=entry.column or each)
            try:
                said = _said(entry, row)
            except _NoCodeError as error:
                faults.append(_no_code(entry, str(error), at))
                continue
            if said is not None:
                fields[each] = Written(said, f"{source}, row {place + 1}", at)
        self._add(fields, self._map.constants, "the same for every row")
        assumed = {each: word for each, word in self._map.assume.items() if _is_silent(each, word, fields)}
        self._add(fields, assumed, "assumed of every row")
        identifier = row.get(self._map.id) if self._map.id else None
        whose = None if identifier is None else str(identifier)
        return Document(source, fields, id=whose, as_of=self._as_of, faults=faults, index=place)

    def _add(self, fields: dict[str, Written], words: Mapping[str, str], origin: str) -> None:
        for each, word in words.items():
            fields.setdefault(each, Written(word, origin, Location(self._map.source, path=each)))


class _NoCodeError(Exception):
    """A cell holds what a map's codes do not list."""


def _no_code(entry: Entry, written: str, at: Location) -> Fault:
    known = ", ".join(entry.codes or {})
    message = f"{entry.variable}: {quoted(written)} is none of the map's codes"
    hint = f"add it to the codes of the map, which has {known}"
    return fault(at, code="unknown-code", message=message, expected=known, got=written, hint=hint)


def _said(entry: Entry, row: Mapping[str, Any]) -> str | None:
    variable = registry()[entry.variable]
    if entry.node is not None:
        return _worked_out(entry.node, row, variable)
    written = _shown(row[entry.column or ""])
    return None if written is None else _meant(entry, row, written)


def _meant(entry: Entry, row: Mapping[str, Any], written: str) -> str | None:
    """What a cell says, in the words of a document; None where it is a sign for "not stated"."""
    variable = registry()[entry.variable]
    for code, word in (entry.codes or {}).items():
        if _same(code, written):
            return word
    if written in GAPS:
        return None
    if variable.kind == "number":
        return _with_unit(entry, row, written)
    if entry.codes is not None and written.casefold() != UNKNOWN:
        raise _NoCodeError(written)
    if variable.kind == "yesno":
        return _YES_NO.get(TABLE_WORDS.get(written.casefold(), None), written)  # type: ignore[arg-type]  # None is in no table
    return written


def _shown(raw: object) -> str | None:
    """Return a cell as it would have been written; None where nothing is stated."""
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None
    if isinstance(raw, bool):
        return _YES_NO[raw]
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw).strip() or None


def _same(code: str, written: str) -> bool:
    number = as_number(code)
    return code.strip().casefold() == written.casefold() if number is None else number == as_number(written)


def _with_unit(entry: Entry, row: Mapping[str, Any], written: str) -> str:
    """Put the unit of the column behind a bare number."""
    beside = _shown(row[entry.unit_column]) if entry.unit_column else None
    unit = entry.unit if beside is None or beside in GAPS else beside
    measured = units.measure(written)
    return f"{written} {unit}" if unit and measured is not None and not measured.unit else written


def _worked_out(node: Node, row: Mapping[str, Any], variable: Variable) -> str | None:
    slots = {each: at for at, each in enumerate(sorted(names(node)))}
    value = exact(node, slots)([_number(row[each]) for each in slots])
    if value is None:
        return None
    return _YES_NO[bool(value)] if variable.kind == "yesno" else repr(float(value))


def _number(raw: object) -> float | None:
    written = _shown(raw)
    measured = None if written is None else units.measure(written)
    return None if measured is None or measured.bound or measured.unit else measured.number


def _is_silent(variable: str, word: str, fields: Mapping[str, Written]) -> bool:
    """Whether a row neither says nor implies anything against an assumption."""
    said = [other for each, written in fields.items() for other in says_also(registry()[each], str(written.raw))]
    if variable in fields or variable in said:
        return False
    implications = registry().implications
    if TABLE_WORDS.get(word.casefold()) is False:
        return not any(_answers(each, fields, yes=True) for each, others in implications.items() if variable in others)
    return not any(_answers(each, fields, yes=False) for each in implications.get(variable, ()))


def _answers(variable: str, fields: Mapping[str, Written], *, yes: bool) -> bool:
    return variable in fields and TABLE_WORDS.get(str(fields[variable].raw).casefold()) is yes
