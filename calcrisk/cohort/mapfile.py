"""A map file read: by the reader of patient documents, so that every fault has its line and all are told together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from calcrisk import units
from calcrisk.cohort.codes import loinc
from calcrisk.cohort.columnmap import ColumnMap, Entry
from calcrisk.cohort.long import ONE_ROW, PATIENT, TIME_UNITS, Long
from calcrisk.errors import Fault, UsageError, cannot_read, did_you_mean
from calcrisk.inputs.nodes import Fields, Items, Refusals, Text, TooManyFaults, first_of, is_null
from calcrisk.inputs.yaml_text import read_yaml
from calcrisk.stated import UNKNOWN, Reading, Written, quoted
from calcrisk.values import read
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcrisk.inputs.nodes import Node
    from calcrisk.variables import Variable

_SECTIONS: Final = ("id", "columns", "constants", "assume", "long")
_WORDS: Final = ("column", "unit", "unit_column", "expression")
_KEYS: Final = (*_WORDS, "codes")
_LONG: Final = ("patient", "encounter", "time", "analyte", "value", "unit", "time_unit", "one_row", "analytes")
_BY_CODE: Final = "loinc"
_Made = TypeVar("_Made")


def read_map(path: str) -> ColumnMap:
    """Read a map file; its faults are told with those that only its table shows. Raises ``UsageError`` for none.

    So does one of which so much is wrong that its table need not be looked at.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError([cannot_read(path, error)]) from None
    except UnicodeDecodeError:
        raise UsageError([Fault(code="not-utf8", message="this is not UTF-8", file=path)]) from None
    roots = read_yaml(text, path)
    reading = _Reading(path)
    reading.refusals.faults.extend(fault for root in roots for fault in root.faults)
    faults = reading.refusals.faults
    try:
        made = reading.map(roots[0].node) if roots and roots[0].node is not None else None
    except TooManyFaults:
        raise UsageError(first_of(faults)) from None
    if made is None or not (made.entries or made.long or faults):
        faults.append(_empty(path))
    if made is None:
        raise UsageError(faults)
    return replace(made, faults=tuple(faults))


def _empty(path: str) -> Fault:
    hint = "write `columns:` with a line for each input, or `long:`; `calcrisk columns suggest` proposes one"
    return Fault(code="empty-map", message="this map names no column", file=path, hint=hint)


class _Reading:
    def __init__(self, source: str) -> None:
        self.refusals = Refusals(source, [])

    def map(self, node: Node) -> ColumnMap:
        top = self._members(node, "", _SECTIONS)
        self._complain_of_twice(top)
        return ColumnMap(
            source=self.refusals.source,
            id=self._text(top, "id", ""),
            entries=self._inputs(top, "columns", self._entry),
            constants=self._inputs(top, "constants", self._answer),
            assume=self._inputs(top, "assume", self._answer),
            long=self._long(top["long"]) if "long" in top else None,
        )

    # ---- nodes -------------------------------------------------------------------------------------------------------

    def _refuse(self, node: Node, path: str, message: str, hint: str | None, code: str = "map") -> None:
        self.refusals.add(node, path, code=code, message=message, hint=hint)

    def _members(self, node: Node, path: str, known: tuple[str, ...] = ()) -> dict[str, Node]:
        """Return the members of a mapping that are stated; of a wrong one, or any whose name is not known, a fault."""
        if not isinstance(node, Fields):
            self._refuse(node, path, f"{path or 'a column map'} is a mapping", "write `name: …`, one a line")
            return {}
        for key, (name, _) in node.fields.items():
            if known and key not in known:
                hint = did_you_mean(key, known) or f"it takes {', '.join(known)}"
                self._refuse(name, f"{path}.{key}".strip("."), f"there is no {quoted(key)} here", hint)
        kept = {key: value for key, (_, value) in node.fields.items() if not known or key in known}
        return {key: value for key, value in kept.items() if not is_null(value)}

    def _text(self, members: dict[str, Node], key: str, path: str) -> str | None:
        node = members.get(key)
        if node is None:
            return None
        if not isinstance(node, Text):
            self._refuse(node, f"{path}.{key}".strip("."), f"{key} is one word", None)
            return None
        return node.text

    def _inputs(
        self, top: dict[str, Node], section: str, made: Callable[[Variable, Node, str], _Made | None]
    ) -> dict[str, _Made]:
        """Read a section whose members are inputs."""
        found: dict[str, _Made] = {}
        for name, node in self._members(top[section], section).items() if section in top else ():
            variable = registry().get(name)
            if variable is None:
                hint = registry().hint(name) or "`calcrisk template` lists every input"
                self._refuse(node, f"{section}.{name}", f"{quoted(name)} is not a known input", hint, "unknown-field")
            elif (one := made(variable, node, f"{section}.{name}")) is not None:
                found[name] = one
        return found

    def _complain_of_twice(self, top: dict[str, Node]) -> None:
        """A constant is what every row says: neither a column nor an assumption can say it as well."""
        constants = top.get("constants")
        for name, (node, _) in constants.fields.items() if isinstance(constants, Fields) else ():
            for section in ("columns", "assume"):
                other = top.get(section)
                if isinstance(other, Fields) and name in other.fields:
                    message = f"{name} stands under {section} as well (line {other.fields[name][0].line})"
                    self._refuse(node, f"constants.{name}", message, "keep one of the two")

    # ---- entries -----------------------------------------------------------------------------------------------------

    def _entry(self, variable: Variable, node: Node, path: str) -> Entry | None:
        if isinstance(node, Text):
            return Entry(variable.name, node.text, line=node.line)
        members = self._members(node, path, _KEYS)
        column, unit, beside, expression = (self._text(members, key, path) for key in _WORDS)
        if (column is None) == (expression is None):
            self._refuse(node, path, "it takes a column or an expression", "write one of the two")
            return None
        if unit is not None and units.find(variable, unit) is None:
            hint = f"write {units.either(variable.units)}" if variable.units else "leave it out"
            message = f"{variable.name} is not measured in {quoted(unit)}"
            self._refuse(members["unit"], f"{path}.unit", message, hint, "unknown-unit")
        codes = self._codes(variable, members["codes"], path) if "codes" in members else None
        return Entry(variable.name, column, unit, beside, codes, expression, line=node.line)

    def _codes(self, variable: Variable, node: Node, path: str) -> dict[str, str | None]:
        codes: dict[str, str | None] = {}
        for key, (_, value) in node.fields.items() if isinstance(node, Fields) else ():
            codes[key] = None if is_null(value) else self._answer(variable, value, f"{path}.codes.{key}")
        if not isinstance(node, Fields):
            self._members(node, f"{path}.codes")
        return codes

    def _answer(self, variable: Variable, node: Node, path: str) -> str | None:
        """Return what an input is to be, when a patient could state it so."""
        if not isinstance(node, Text):
            self._refuse(node, path, "this is one word or number", None)
            return None
        reading = Reading(registry())
        read(variable, Written(node.text, path, self.refusals.place(node, path)), reading)
        self.refusals.faults.extend(reading.faults)
        return UNKNOWN if node.text.casefold() == UNKNOWN else node.text

    # ---- long tables -------------------------------------------------------------------------------------------------

    def _long(self, node: Node) -> Long | None:
        members = self._members(node, "long", _LONG)
        named = {key: self._text(members, key, "long") for key in _LONG[:-1]}
        for key in ("patient", "analyte", "value"):
            if named[key] is None:
                self._refuse(node, "long", f"a long table needs its column of the {key}", f"write `{key}: COLUMN`")
        for key, words in (("time_unit", TIME_UNITS), ("one_row", ONE_ROW)):
            if named[key] is not None and named[key] not in words:
                hint = did_you_mean(named[key] or "", words) or f"write one of {', '.join(words)}"
                self._refuse(members[key], f"long.{key}", f"there is no {key} {quoted(named[key])}", hint)
        if named["one_row"] == PATIENT and named["encounter"] and named["time_unit"]:
            hint = "leave `encounter` out where times are counted from one day of the patient, or `one_row`"
            self._refuse(
                members["one_row"], "long.one_row", "times that begin anew in each encounter are no history", hint
            )
        by_code = isinstance(labels := members.get("analytes"), Text) and labels.text.casefold() == _BY_CODE
        analytes = loinc() if by_code else self._inputs(members, "analytes", self._labels)
        if not analytes:
            self._refuse(
                node,
                "long.analytes",
                "no analyte is named",
                'write `calcium: ["Calcium, Total"]`, or `analytes: loinc`',
            )
        return Long(**{key: value or "" for key, value in named.items()}, analytes=analytes)

    def _labels(self, variable: Variable, node: Node, path: str) -> tuple[str, ...] | None:
        if variable.kind != "number":
            self._refuse(node, path, f"{variable.name} is no number", "name laboratory results here")
            return None
        nodes = node.items if isinstance(node, Items) else [node]
        words = [each.text for each in nodes if isinstance(each, Text) and not is_null(each)]
        for each in nodes:
            if is_null(each) or not isinstance(each, Text):
                self._refuse(each, path, "a result is named by one word or number", 'write `["Calcium, Total"]`')
        if not nodes:
            self._refuse(node, path, "no result is named", f"write `{variable.name}: NAME`, or leave it out")
        return tuple(words) or None
