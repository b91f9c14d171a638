"""The dated panels of a document: each a mapping with a date and laboratory values, as ``labs`` has them or flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.dated import LABS, bad_date, is_read, moment_of, panel_of
from calcrisk.inputs.nodes import Fields, Items, Text, inside, is_null, kind_of, named
from calcrisk.stated import Reading, Written
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk.history.panels import Panel
    from calcrisk.inputs.nodes import Node, Refusals

_PATH: Final = "history.panels"
_DATE: Final = "date"
_NOTE: Final = "note"


class Panels:
    """Reads the panels of one document; what is wrong goes to its refusals, what is odd to ``warnings``."""

    def __init__(self, refusals: Refusals, written: Callable[[Node, str], Written]) -> None:
        """Take where faults go, and what makes a value of a node."""
        self._refusals, self._written = refusals, written
        self.warnings: list[tuple[str, str]] = []

    def read(self, node: Node) -> list[Panel]:
        """Return the panels of the list, in the order they stand."""
        if is_null(node):
            return []
        if not isinstance(node, Items):
            message, hint = f"panels is a list, not {kind_of(node)}", "write `- {date: …}`"
            self._refusals.add(node, _PATH, code="not-a-list", message=message, hint=hint)
            return []
        read = [self._panel(f"{_PATH}[{index}]", panel) for index, panel in enumerate(node.items)]
        return [panel for panel in read if panel]

    def _panel(self, path: str, node: Node) -> Panel | None:
        if not isinstance(node, Fields) or _DATE not in node.fields:
            message, hint = "a panel needs a date", "write `date: 2026-03-02` in it"
            self._refusals.add(node, path, code="missing-key", message=message, hint=hint)
            return None
        date = self._date(f"{path}.{_DATE}", node.fields[_DATE][1])
        stated = dict(self._values(path, node))
        reading = Reading(registry())
        panel = panel_of(date or "", stated, reading)
        self._refusals.faults.extend(reading.faults)
        self.warnings += [(code, f"{date}: {message}") for code, message in reading.warnings]
        return panel if date else None

    def _date(self, path: str, node: Node) -> str | None:
        text = node.text.strip() if isinstance(node, Text) else ""
        if (moment := moment_of(text)) is not None:
            return moment
        shown = text if isinstance(node, Text) else kind_of(node)
        self._refusals.faults.append(bad_date(shown, self._refusals.place(node, path)))
        return None

    def _values(self, path: str, node: Fields) -> Iterator[tuple[str, Written]]:
        seen: dict[str, Written] = {}
        for at, key, value in self._members(path, node):
            variable = registry().places.get((LABS, key.text)) or registry().get(key.text)
            if variable is None or not is_read(variable):
                self._refuse_name(key, at)
                continue
            written = self._written(value, at)
            if variable.name in seen:
                self._refusals.add_twice(variable.name, seen[variable.name], self._refusals.place(key, at))
            else:
                seen[variable.name] = written
                yield variable.name, written

    def _members(self, path: str, node: Fields) -> Iterator[tuple[str, Text, Node]]:
        for name, (key, value) in node.fields.items():
            within = inside(path, name) or path
            if name == LABS and isinstance(value, Fields):
                yield from ((inside(within, part) or within, own, one) for part, (own, one) in value.fields.items())
            elif name == LABS and not is_null(value):
                hint = "write the values beneath, as in `labs: {calcium: 9.6}`"
                self._refusals.add(value, within, code="not-a-mapping", message="labs is a group of inputs", hint=hint)
            elif name not in {_DATE, _NOTE, LABS}:
                yield within, key, value

    def _refuse_name(self, key: Text, path: str) -> None:
        if self._refusals.behind_a_comma(key, path):
            return
        hint = registry().hint(key.text, within=LABS) or "a panel takes date, note and the inputs of `labs`"
        message = f"{named(key.text)} is not a known input of a panel"
        self._refusals.add(key, path, code="unknown-field", message=message, hint=hint)
