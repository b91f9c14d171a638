"""A patient document, YAML or JSON: read to flat variables as they were written, each with its line and column.

Text flows in, a ``Document`` comes out. Units, limits and words are not looked at here; ``patient_from`` does that and
raises the faults of both together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from calcrisk.errors import Fault, InputError, did_you_mean
from calcrisk.inputs import json_text
from calcrisk.inputs.fold import fold
from calcrisk.inputs.nodes import Fields, Items, Node, Refusals, Text, is_null
from calcrisk.stated import Location, Written, fault, quoted
from calcrisk.variables import registry

if TYPE_CHECKING:
    from calcrisk.variables import Registry, Variable

MAX_BYTES = 1_000_000  # of a document; who reads one from elsewhere need read no more than one byte beyond
_DATES = ("as_of", "date")
_PANELS = "panels"
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(slots=True)
class Document:
    """What a document says: variables as written, the patient's id, the date it speaks of (ISO), warnings and faults.

    ``faults`` are those found so far; ``patient_from`` raises them together with the faults of the values.
    """

    source: str
    fields: dict[str, Written] = field(default_factory=dict)
    id: str | None = None
    as_of: str | None = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def warn(self, *, code: str, message: str) -> None:
        """Record something to know before the answer is used."""
        self.warnings.append((code, message))


def read_document(content: str | bytes, source: str) -> Document:
    """Read one patient document; ``source`` names it in messages, and ``.json`` at its end asks for exact JSON.

    Empty content is a patient of whom nothing is known. Raises InputError when nothing can be read at all; faults that
    leave the rest readable stand in the document's ``faults``.
    """
    if len(content) > MAX_BYTES:
        counted = "bytes" if isinstance(content, bytes) else "characters"
        message = f"more than {MAX_BYTES:,} {counted}: no one patient needs as many"
        hint = "for many patients write one file each"
        raise InputError([fault(Location(source), code="too-large", message=message, hint=hint)])
    text = decode(content, source) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    document = Document(source)
    node = _parse(text, source, document.faults)
    if isinstance(node, Fields):
        _Placing(registry(), document).top(node)
    elif node is not None and not is_null(node):
        at = Location(source, node.line, node.column)
        message = f"a patient is a mapping of names to values, not {_kind(node)}"
        document.faults.append(fault(at, code="not-a-mapping", message=message, hint="see `calcrisk template`"))
    return document


def decode(content: bytes, source: str) -> str:
    """Decode UTF-8, with or without a byte-order mark. Raises InputError, naming the place of the first bad byte."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        hint = "it looks like UTF-16: save it as UTF-8" if utf16 else "save the file as UTF-8"
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise InputError([fault(Location(source, line, column), code="not-utf8", message=message, hint=hint)]) from None


def _parse(text: str, source: str, faults: list[Fault]) -> Node | None:
    """Read exact JSON where the name asks for it or the text is it; otherwise YAML."""
    if source.lower().endswith(".json"):
        return json_text.read_json(text, source, faults)
    if text.lstrip().startswith("{"):
        found: list[Fault] = []
        try:
            node = json_text.read_json(text, source, found)
        except InputError:
            pass  # a YAML flow mapping looks alike
        else:
            faults.extend(found)
            return node
    from calcrisk.inputs.yaml_text import read_yaml  # what is JSON does not pay for it

    return read_yaml(text, source, faults)


def _kind(node: Node) -> str:
    return (
        "a list"
        if isinstance(node, Items)
        else "a mapping"
        if isinstance(node, Fields)
        else f"the text {quoted(node.text)}"
    )


class _Placing:
    """Puts each member of a document where it belongs: a variable, a group, a list, or a fault."""

    def __init__(self, variables: Registry, document: Document) -> None:
        self._variables = variables
        self._document = document
        self._refusals = Refusals(document.source, document.faults)
        self._newest_panel: str | None = None
        self._groups = {group.name for group in variables.groups if group.name}

    def top(self, node: Fields) -> None:
        """Place the members of the whole document."""
        lists: dict[str, Node] = {}
        for name, (key, value) in node.fields.items():
            if name == "id":
                self._id(value)
            elif name in _DATES:
                self._as_of(name, value)
            elif name in self._variables.lists:
                lists[name] = value
            elif name in self._groups:
                self._group(name, value)
            else:
                self._member(None, key, value)
        for name, value in lists.items():
            fold(name, value, self._document.fields, self._refusals)
        self._document.as_of = self._document.as_of or self._newest_panel

    def _group(self, group: str, node: Node) -> None:
        if isinstance(node, Fields):
            for name, (key, value) in node.fields.items():
                if name == _PANELS and group == "history":
                    self._panels(value)
                else:
                    self._member(group, key, value)
        elif not is_null(node):
            message = f"{group} is a group of inputs, not {_kind(node)}"
            self._refusals.add(
                node,
                group,
                code="not-a-mapping",
                message=message,
                hint=f"write the inputs beneath, as in {self._example(group)}",
            )

    def _example(self, group: str) -> str:
        first = next(variable for variable in self._variables.values() if variable.group == group)
        return f"`{group}: {{{first.key}: …}}`"

    def _member(self, group: str | None, key: Text, node: Node) -> None:
        variable = self._variables.places.get((group, key.text))
        if variable is None:
            self._refuse_name(group, key)
            return
        path = f"{group}.{key.text}" if group else key.text
        written = self._written(node, path)
        first = self._document.fields.get(variable.name)
        if first is None or first.is_empty:
            self._document.fields[variable.name] = written
        elif not written.is_empty:
            self._refusals.add_twice(variable.name, first, self._refusals.place(key, path))

    def _refuse_name(self, group: str | None, key: Text) -> None:
        path = f"{group}.{key.text}" if group else key.text
        elsewhere = self._variables.get(key.text)
        if group is not None and elsewhere is not None:
            self._refusals.add(
                key,
                path,
                code="wrong-group",
                message=f"{key.text} does not belong to {group}",
                hint=_belongs(elsewhere),
            )
            return
        hint = self._variables.hint(key.text, within=group) or self._near_section(key.text)
        message = f"{key.text} is not a known input" + (f" of {group}" if group else "")
        self._refusals.add(
            key, path, code="unknown-field", message=message, hint=hint or "`calcrisk template` lists every input"
        )

    def _near_section(self, name: str) -> str | None:
        return did_you_mean(name, [*self._groups, *self._variables.lists, "id", *_DATES])

    def _written(self, node: Node, path: str) -> Written:
        origin = f"{self._refusals.source}:{node.line}"
        at = self._refusals.place(node, path)
        if isinstance(node, Text):
            return Written(node.raw, origin, at)
        if isinstance(node, Items):
            return Written([None] * len(node.items), origin, at)
        return Written(
            {name: self._written(part, f"{path}.{name}") for name, (_, part) in node.fields.items()}, origin, at
        )

    def _id(self, node: Node) -> None:
        if isinstance(node, Text):
            self._document.id = node.raw
        else:
            self._refusals.add(
                node, "id", code="wrong-kind", message=f"id cannot be {_kind(node)}", hint="write a short text"
            )

    def _as_of(self, name: str, node: Node) -> None:
        found = None if is_null(node) else self._date(name, node)
        first = self._document.as_of
        if found and first and found != first:
            message = f"the date is stated twice: {first} and {found}"
            self._refusals.add(node, name, code="stated-twice", message=message, hint="keep one of the two")
        self._document.as_of = first or found

    def _panels(self, node: Node) -> None:
        """Take the newest panel's date; the values in dated panels are not evaluated yet, and that is said."""
        if is_null(node):
            return
        if not isinstance(node, Items):
            self._refusals.add(
                node,
                "history.panels",
                code="not-a-list",
                message=f"panels is a list, not {_kind(node)}",
                hint="write `- {date: …}`",
            )
            return
        dates = [found for index, panel in enumerate(node.items) if (found := self._panel_date(index, panel))]
        if node.items:
            counted = f"{len(node.items)} dated panel{'s' * (len(node.items) > 1)}"
            message = f"{counted} in history.panels: their values are not used yet"
            self._document.warn(code="panels-not-used", message=message)
        self._newest_panel = max(dates, default=None)

    def _panel_date(self, index: int, panel: Node) -> str | None:
        path = f"history.panels[{index}]"
        if isinstance(panel, Fields) and "date" in panel.fields:
            return self._date(f"{path}.date", panel.fields["date"][1])
        self._refusals.add(
            panel, path, code="missing-key", message="a panel needs a date", hint="write `date: 2026-03-02` in it"
        )
        return None

    def _date(self, path: str, node: Node) -> str | None:
        text = node.text.strip() if isinstance(node, Text) else _kind(node)
        try:
            if _ISO.fullmatch(text):
                return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
        self._refusals.add(
            node,
            path,
            code="not-a-date",
            message=f"{quoted(text)} is not a date",
            hint="write year-month-day, as 2026-03-02",
        )
        return None


def _belongs(variable: Variable) -> str:
    return (
        f"write it as `{variable.group}: {{{variable.key}: …}}`"
        if variable.group
        else f"write `{variable.key}: …` at top level"
    )
