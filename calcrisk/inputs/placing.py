"""From the nodes of a text to a ``Document``: each member goes to its variable, or is a fault with its place.

Units, limits and words are not looked at here, but in dated panels; ``record_from`` does that and raises the faults of
both together.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from calcrisk.errors import Fault, did_you_mean
from calcrisk.inputs.fold import fold
from calcrisk.inputs.nodes import (
    Fields,
    Items,
    Node,
    Refusals,
    Root,
    Text,
    TooManyFaults,
    first_of,
    inside,
    is_name,
    is_null,
    kind_of,
    named,
)
from calcrisk.stated import Location, Written, fault, quoted, shortened
from calcrisk.values import MEASURED
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcrisk.history.panels import Panel
    from calcrisk.variables import Registry, Variable

DATES = ("as_of", "date")
_PANELS = "panels"
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(slots=True)
class Document:
    """What a document says: variables as written, the patient's id, the date it speaks of (ISO), warnings and faults.

    ``faults`` are those found so far; ``record_from`` raises them together with the faults of the values. ``index`` is
    its place in its source, from 0. ``exact`` reads the same once more with the place of everything, where that was
    left out because nothing seemed wrong.
    """

    source: str
    fields: dict[str, Written] = field(default_factory=dict)
    id: str | None = None
    as_of: str | None = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    panels: tuple[Panel, ...] = ()  # dated ones; their values are read
    day: str | None = None  # of the values outside the panels, where it is stated
    index: int = 0
    text: str | bytes = ""  # what it was read from, behind so many lines of its source: a fault is drawn in it
    before: int = 0
    exact: Callable[[], Document] | None = None

    def warn(self, *, code: str, message: str) -> None:
        """Record something to know before the answer is used."""
        self.warnings.append((code, message))


def place(root: Root, source: str, index: int, text: str | bytes = "", before: int = 0) -> Document:
    """Make a document of what stands in one root; nothing at all is a fault, unless it is told already why."""
    document = Document(source, faults=root.faults, index=index, id=root.id, text=text, before=before)
    node = root.node
    if isinstance(node, Fields):
        with suppress(TooManyFaults):
            _Placing(registry(), document).top(node)
    elif node is not None and not is_null(node):
        at = Location(source, node.line, node.column)
        kind = "a list" if isinstance(node, Items) else "a text"  # which is not repeated: it may hold a whole record
        message = f"a patient is a mapping of names to values, not {kind}"
        document.faults.append(fault(at, code="not-a-mapping", message=message, hint="see `calcrisk template`"))
    elif not root.faults:
        at = Location(source, root.line)
        message = "nothing is stated here of any patient"
        document.faults.append(fault(at, code="empty", message=message, hint="`calcrisk template` shows what can be"))
    document.faults = first_of(document.faults)
    return document


class _Placing:
    """Puts each member of a document where it belongs: a variable, a group, a list, or a fault."""

    def __init__(self, variables: Registry, document: Document) -> None:
        self._variables = variables
        self._document = document
        self._refusals = Refusals(document.source, document.faults)
        self._groups = {group.name for group in variables.groups if group.name}

    def top(self, node: Fields) -> None:
        """Place the members of the whole document."""
        lists: dict[str, Node] = {}
        for name, (key, value) in node.fields.items():
            if name == "id":
                self._id(value)
            elif name in DATES:
                self._as_of(name, value)
            elif name in self._variables.lists:
                lists[name] = value
            elif name in self._groups:
                self._group(name, value)
            else:
                self._member(None, key, value)
        for name, value in lists.items():
            fold(name, value, self._document.fields, self._refusals)
        newest = max((panel.date for panel in self._document.panels), default=None)
        self._document.day = self._document.as_of
        self._document.as_of = self._document.as_of or (newest and newest.partition(" ")[0])

    def _group(self, group: str, node: Node) -> None:
        if isinstance(node, Fields):
            for name, (key, value) in node.fields.items():
                if name == _PANELS and group == "history":
                    self._panels(value)
                else:
                    self._member(group, key, value)
        elif not is_null(node):
            message = f"{group} is a group of inputs, not {kind_of(node)}"
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
            self._refuse_name(group, key, node)
            return
        path = f"{group}.{key.text}" if group else key.text
        written = self._written(node, path)
        first = self._document.fields.get(variable.name)
        if first is None or first.is_empty:
            self._document.fields[variable.name] = written
        elif not written.is_empty:
            self._refusals.add_twice(variable.name, first, self._refusals.place(key, path))

    def _refuse_name(self, group: str | None, key: Text, node: Node) -> None:
        elsewhere = self._variables.get(key.text)
        hints = [self._variables.hint(key.text, within=group), self._near_section(key.text)]
        if group is None and not isinstance(node, Text):  # what holds others is a group or a list
            hints.reverse()
        hint = next(filter(None, hints), None)
        name, path = named(key.text, near=bool(hint)), inside(group, key.text, near=bool(hint))
        if self._refusals.behind_a_comma(key, path):
            return
        if group is not None and elsewhere is not None:
            message = f"{name} does not belong to {group}"
            self._refusals.add(key, path, code="wrong-group", message=message, hint=_belongs(elsewhere))
            return
        message = f"{name} is not a known input" + (f" of {group}" if group else "")
        self._refusals.add(
            key, path, code="unknown-field", message=message, hint=hint or "`calcrisk template` lists every input"
        )

    def _near_section(self, name: str) -> str | None:
        return did_you_mean(name, [*self._groups, *self._variables.lists, "id", *DATES])

    def _written(self, node: Node, path: str) -> Written:
        origin = f"{self._refusals.source}:{node.line}"
        at = self._refusals.place(node, path)
        if isinstance(node, Text):
            return Written(node.raw, origin, at)
        if isinstance(node, Items):
            return Written([None] * len(node.items), origin, at)
        _, unit = node.fields.get("unit", (None, None))
        if unit is not None and not isinstance(unit, Text):
            self._refuse_unit(unit, path)
            return Written(None, origin, at)  # of a number in an unknown unit nothing else can be said
        parts = {
            name: self._part(*part, path) for name, part in node.fields.items() if self._may_be_a_part(part[0], path)
        }
        return Written(parts, origin, at)

    def _refuse_unit(self, node: Node, path: str) -> None:
        message, hint = f"a unit cannot be {kind_of(node)}", "write the unit alone, as in `{value: 9.9, unit: mg/dL}`"
        self._refusals.add(node, f"{path}.unit", code="wrong-kind", message=message, hint=hint)

    def _may_be_a_part(self, key: Text, path: str) -> bool:
        """Tell, and record, that no part of a measurement can be named so; whatever may be one is judged with it."""
        if is_name(key.text) or key.text[:1].isdigit():
            return True
        message, hint = f"{named(key.text)} is no part of a measurement", f"it takes {', '.join(MEASURED)}"
        self._refusals.add(key, path, code="unknown-field", message=message, hint=hint)
        return False

    def _part(self, key: Text, node: Node, path: str) -> Written:
        """Return a part of a measurement; one that is not known lies where its name stands."""
        part = self._written(node, f"{path}.{shortened(key.text)}")
        return part if key.text in MEASURED else part._replace(location=self._refusals.place(key, part.location.path))

    def _id(self, node: Node) -> None:
        if isinstance(node, Text):
            self._document.id = node.raw
        else:
            self._refusals.add(
                node, "id", code="wrong-kind", message=f"id cannot be {kind_of(node)}", hint="write a short text"
            )

    def _as_of(self, name: str, node: Node) -> None:
        found = None if is_null(node) else self._date(name, node)
        first = self._document.as_of
        if found and first and found != first:
            message = f"the date is stated twice: {first} and {found}"
            self._refusals.add(node, name, code="stated-twice", message=message, hint="keep one of the two")
        self._document.as_of = first or found

    def _panels(self, node: Node) -> None:
        from calcrisk.inputs.panels import Panels  # most patients have none

        panels = Panels(self._refusals, self._written)
        self._document.panels = tuple(panels.read(node))
        self._document.warnings.extend(panels.warnings)

    def _date(self, path: str, node: Node) -> str | None:
        text = node.text if isinstance(node, Text) else kind_of(node)
        if (found := iso_date(text)) is not None:
            return found
        self._refusals.add(
            node,
            path,
            code="not-a-date",
            message=f"{quoted(text.strip())} is not a date",
            hint="write year-month-day, as 2026-03-02",
        )
        return None


def iso_date(text: str) -> str | None:
    """Return a day of the calendar as it is written everywhere (``2026-03-02``), or None where it is none."""
    bare = text.strip()
    return _day(bare) if _ISO.fullmatch(bare) else None


@lru_cache(maxsize=1024)
def _day(bare: str) -> str | None:
    try:
        return date.fromisoformat(bare).isoformat()
    except ValueError:
        return None


def _belongs(variable: Variable) -> str:
    return (
        f"write it as `{variable.group}: {{{variable.key}: …}}`"
        if variable.group
        else f"write `{variable.key}: …` at top level"
    )
