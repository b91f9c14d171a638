"""YAML as far as patient documents need it: mappings, lists and scalars, without its traps.

Walks the parser's events, so that every value keeps its digits, line and column and nothing is expanded. Refused: tags,
aliases, merge keys, duplicate keys. YAML 1.1's own readings (``1:30`` as 90, ``010`` as 8) never happen, for scalars
stay text.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import yaml  # noqa: TID253 - `documents` imports this module only when there is YAML to read

from calcrisk.errors import Fault, InputError
from calcrisk.inputs.nodes import MAX_DEPTH, Fields, Items, Node, Root, Text, named, too_deep
from calcrisk.inputs.yaml_faults import BREAK, indented_by, marked, unprintable
from calcrisk.stated import Location, fault, shortened

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from calcrisk.stated import Said

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is several times faster, and not everywhere
_BLOCKS = (">", "|")  # the styles of a text over several lines
_DASHES, _DOTS = "---", "..."  # begin and end a document
_MARK = re.compile(r"(?<![^\n\r\x85\u2028\u2029])(?:---|\.\.\.)(?![^ \t\n\r\x85\u2028\u2029])")
_JOINED = "\ufeff"  # the mark of byte order
_FILES = re.compile(r"(?<![^\n\r\x85\u2028\u2029])\ufeff")
_NOTHING = re.compile(
    r"(?:---|\.\.\.)?"
    r"(?:(?:[ \t]*(?:#[^\n\r\x85\u2028\u2029]*)?|%[^\n\r\x85\u2028\u2029]*)(?:[\n\r\x85\u2028\u2029]|\Z))*"
)


def yaml_parts(text: str) -> list[tuple[str, int]]:
    """Take a text apart at its document marks: each document, and how many lines stand before it.

    Comments and directives belong to the document behind them; a mark at the very end begins nothing. A byte-order mark
    at the beginning of a line begins a document too: a file that was joined to others.
    """
    if _JOINED not in text:
        return _parts(text)
    found: list[tuple[str, int]] = []
    lines = 0
    for file in _FILES.split(text):
        if not _NOTHING.fullmatch(file):
            found += [(part, before + lines) for part, before in _parts(file)]
        lines += len(BREAK.findall(file))
    return found


def _parts(text: str) -> list[tuple[str, int]]:
    if _DASHES not in text and _DOTS not in text:  # allowed nowhere else at the beginning of a line
        return [(text, 0)]
    starts = [0, *(mark.start() for mark in _MARK.finditer(text) if mark.start()), len(text)]
    found: list[tuple[str, int]] = []
    begin = lines = 0
    for start, end in itertools.pairwise(starts):
        if text.startswith(_DOTS, start):  # not every parser takes this mark at the beginning of a text
            lines += len(BREAK.findall(text, begin, start))
            begin = start + len(_DOTS)
        begins = text.startswith(_DASHES, start) and not (found and end == len(text))
        if not begins and _NOTHING.fullmatch(text, start, end):
            continue
        found.append((text[begin:end], lines))
        lines += len(BREAK.findall(text, begin, end))
        begin = end
    return found


def read_yaml(text: str, source: str, before: int = 0) -> list[Root]:
    """Read one YAML document that stands behind so many lines: a patient, or a list of them. Never raises."""
    walk = _Walk(text, source, before)
    try:
        loader = _LOADER(text)
        try:
            return walk.roots(loader.get_event)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        return walk.broken(marked(error, text, source, before))
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        return walk.broken(unprintable(text, source, before))
    except InputError as error:
        return walk.broken(*error.faults)


class _Walk:
    """One pass over the events of a document."""

    def __init__(self, text: str, source: str, before: int) -> None:
        self._text = text
        self._source = source
        self._before = before
        self._next: Callable[[], yaml.Event]
        self._found: list[Root] = []
        self._faults: list[Fault] = []
        self._id: str | None = None  # of the patient being read
        self._outer = 0  # the depth at which a patient begins

    def roots(self, get_event: Callable[[], yaml.Event]) -> list[Root]:
        self._next = get_event
        self._next()  # the stream's start
        while not isinstance(self._next(), yaml.StreamEndEvent):
            event = self._next()
            if isinstance(event, yaml.SequenceStartEvent) and event.tag is None:
                self._outer = 1
                while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                    self._patient(event)
                    self._faults, self._id = [], None
            else:
                self._patient(event)
            self._next()  # the document's end
        return self._found

    def broken(self, *faults: Fault) -> list[Root]:
        """Return what was read before the text could be read no further, and the patient that is lost there."""
        at = faults[0]
        lost = Root(None, [*self._faults, *faults], self._id, at.line or 1, at.column or 1)
        return [*(self._found if self._outer else []), lost]  # what stands behind a whole document spoils it

    def _patient(self, event: yaml.Event) -> None:
        line, column = self._place(event)
        self._found.append(Root(self._node(event, self._outer), self._faults, None, line, column))

    def _node(self, event: yaml.Event, depth: int) -> Node:
        line, column = self._place(event)
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                self._refuse_tag(event, event.tag)
            if event.style in _BLOCKS and not event.value.strip():
                self._refuse_bound(event)
            return Text(event.value, not event.style, line, column)
        if isinstance(event, yaml.AliasEvent):
            self._refuse_alias(event)
            return Text("", plain=True, line=line, column=column)
        if depth >= MAX_DEPTH + self._outer:
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
                message = f"{named(key.text)} stands twice in one mapping, first in line {first.line}"
                self._refuse(event, code="duplicate-key", message=message, hint="keep one of the two")
            else:
                fields[key.text] = (key, value)
                if key.text == "id" and depth == self._outer + 1 and isinstance(value, Text):
                    self._id = value.raw
        return fields

    def _place(self, event: yaml.Event) -> tuple[int, int]:
        mark: Any = event.start_mark  # a parsed event has one
        return mark.line + self._before + 1, mark.column + 1

    def _refuse_alias(self, event: yaml.AliasEvent) -> None:
        """Refuse the first alias of a patient: a text that has one may have very many."""
        if any(fault.code == "yaml-alias" for fault in self._faults):
            return
        message = f"*{shortened(event.anchor or '')} repeats another value"
        self._refuse(event, code="yaml-alias", message=message, hint="write the value itself in place of every alias")

    def _refuse_tag(self, event: yaml.Event, tag: str) -> None:
        message = f"the tag {shortened(tag)} is not read"
        self._refuse(event, code="yaml-tag", message=message, hint="write the value without a tag")

    def _refuse_bound(self, event: yaml.Event) -> None:
        """Refuse a text of nothing whose sign and digit were meant for a bound; any other says nothing."""
        mark: Any = event.start_mark
        if (said := indented_by(self._text, mark.line, mark.column)) is not None:
            self._refuse(event, **said)

    def _refuse(self, event: yaml.Event, **said: Unpack[Said]) -> None:
        self._faults.append(fault(Location(self._source, *self._place(event)), **said))
