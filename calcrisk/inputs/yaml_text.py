"""YAML as far as a patient document needs it: one document of mappings, lists and scalars, without its traps.

Walks the parser's events, so that every value keeps its digits, line and column and nothing is expanded. Refused: tags,
aliases, merge keys, duplicate keys, a second document. YAML 1.1's own readings (``1:30`` as 90, ``010`` as 8) never
happen, for scalars stay text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml  # noqa: TID253 - `documents` imports this module only when there is YAML to read

from calcrisk.errors import Fault, InputError
from calcrisk.inputs.nodes import MAX_DEPTH, Fields, Items, Node, Text, too_deep
from calcrisk.stated import Location, fault

if TYPE_CHECKING:
    from collections.abc import Callable

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is several times faster, and not everywhere


def read_yaml(text: str, source: str, faults: list[Fault]) -> Node | None:
    """Read one YAML document; None when it is empty.

    Faults that leave the rest readable are added to ``faults``. Raises InputError when nothing can be read.
    """
    try:
        loader = _LOADER(text)
        try:
            return _Walk(loader.get_event, source, faults).document()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise InputError([_marked(error, text, source)]) from None
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        raise InputError([_unprintable(text, source)]) from None


class _Walk:
    """One pass over the events of a document."""

    def __init__(self, get_event: Callable[[], yaml.Event], source: str, faults: list[Fault]) -> None:
        self._next = get_event
        self._source = source
        self._faults = faults

    def document(self) -> Node | None:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        node = self._node(self._next(), 0)
        self._next()  # the document's end
        if not isinstance(after := self._next(), yaml.StreamEndEvent):
            self._refuse(
                after,
                code="several-documents",
                message="a second document begins here",
                hint="write one patient a file",
            )
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        line, column = _place(event)
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                self._refuse_tag(event, event.tag)
            return Text(event.value, not event.style, line, column)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                event,
                code="yaml-alias",
                message=f"*{event.anchor} repeats another value",
                hint="write the value itself",
            )
            return Text("", plain=True, line=line, column=column)
        if depth >= MAX_DEPTH:
            raise too_deep(self._source, line, column)
        if isinstance(event, yaml.CollectionStartEvent) and event.tag is not None:
            self._refuse_tag(event, event.tag)
        if isinstance(event, yaml.MappingStartEvent):
            return Fields(self._fields(depth + 1), line, column)
        return Items(self._items(depth + 1), line, column)

    def _items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth))
        return items

    def _fields(self, depth: int) -> dict[str, tuple[Text, Node]]:
        fields: dict[str, tuple[Text, Node]] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth)
            value = self._node(self._next(), depth)
            if not isinstance(key, Text):
                self._refuse(event, code="bad-key", message="a key must be a word", hint="write `name: value`")
            elif key.plain and key.text == "<<":
                self._refuse(
                    event, code="merge-key", message="<< merges other values in", hint="write the values themselves"
                )
            elif key.text in fields:
                first = fields[key.text][0]
                message = f"{key.text} stands twice in one mapping, first in line {first.line}"
                self._refuse(event, code="duplicate-key", message=message, hint="keep one of the two")
            else:
                fields[key.text] = (key, value)
        return fields

    def _refuse_tag(self, event: yaml.Event, tag: str) -> None:
        message = f"the tag {tag} is not read"
        self._refuse(event, code="yaml-tag", message=message, hint="write the value without a tag")

    def _refuse(self, event: yaml.Event, *, code: str, message: str, hint: str) -> None:
        at = Location(self._source, *_place(event))
        self._faults.append(fault(at, code=code, message=message, hint=hint))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark: Any = event.start_mark  # a parsed event has one
    return mark.line + 1, mark.column + 1


def _marked(error: yaml.MarkedYAMLError, text: str, source: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    at = Location(source, mark.line + 1, mark.column + 1) if mark else Location(source)
    context = f" {error.context}" if error.context else ""
    return fault(at, code="bad-yaml", message=f"not readable as YAML: {error.problem}{context}", hint=_mend(at, text))


def _mend(at: Location, text: str) -> str:
    """Guess at the commonest slips of a line: a tab, or an open quote or bracket."""
    lines = text.splitlines()
    here = lines[at.line - 1] if at.line is not None and at.line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "indent with spaces, not with a tab"
    return "write `name: value`, indented alike within a group, and quotes round a text that holds `: `"


def _unprintable(text: str, source: str) -> Fault:
    """Say where the first character stands that YAML does not allow."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    offset = found.start() if found else 0
    at = Location(source, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
    message = f"not readable as YAML: the character U+{ord(text[offset]):04X} is not text"
    return fault(at, code="bad-yaml", message=message, hint="take it out, and save the file as UTF-8")
