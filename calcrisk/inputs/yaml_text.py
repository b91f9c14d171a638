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
from calcrisk.inputs.nodes import MAX_DEPTH, Fields, Items, Node, Root, Text, too_deep
from calcrisk.stated import Location, fault, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is several times faster, and not everywhere
_DASHES, _DOTS = "---", "..."  # begin and end a document
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line
_MARK = re.compile(r"(?<![^\n\r\x85\u2028\u2029])(?:---|\.\.\.)(?![^ \t\n\r\x85\u2028\u2029])")
_NOTHING = re.compile(
    r"(?:---|\.\.\.)?"
    r"(?:(?:[ \t]*(?:#[^\n\r\x85\u2028\u2029]*)?|%[^\n\r\x85\u2028\u2029]*)(?:[\n\r\x85\u2028\u2029]|\Z))*"
)


def yaml_parts(text: str) -> list[tuple[str, int]]:
    """Take a text apart at its document marks: each document, and how many lines stand before it.

    Comments and directives belong to the document behind them; a mark at the very end begins nothing.
    """
    if _DASHES not in text and _DOTS not in text:  # allowed nowhere else at the beginning of a line
        return [(text, 0)]
    starts = [0, *(mark.start() for mark in _MARK.finditer(text) if mark.start()), len(text)]
    found: list[tuple[str, int]] = []
    begin = lines = 0
    for start, end in itertools.pairwise(starts):
        if text.startswith(_DOTS, start):  # not every parser takes this mark at the beginning of a text
            lines += len(_BREAK.findall(text, begin, start))
            begin = start + len(_DOTS)
        begins = text.startswith(_DASHES, start) and not (found and end == len(text))
        if not begins and _NOTHING.fullmatch(text, start, end):
            continue
        found.append((text[begin:end], lines))
        lines += len(_BREAK.findall(text, begin, end))
        begin = end
    return found


def read_yaml(text: str, source: str, before: int = 0) -> list[Root]:
    """Read one YAML document that stands behind so many lines: a patient, or a list of them. Never raises."""
    walk = _Walk(source, before)
    try:
        loader = _LOADER(text)
        try:
            return walk.roots(loader.get_event)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        return walk.broken(_marked(error, text, source, before))
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        return walk.broken(_unprintable(text, source, before))
    except InputError as error:
        return walk.broken(*error.faults)


class _Walk:
    """One pass over the events of a document."""

    def __init__(self, source: str, before: int) -> None:
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
                message = f"{shortened(key.text)} stands twice in one mapping, first in line {first.line}"
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

    def _refuse(self, event: yaml.Event, *, code: str, message: str, hint: str) -> None:
        at = Location(self._source, *self._place(event))
        self._faults.append(fault(at, code=code, message=message, hint=hint))


def _marked(error: yaml.MarkedYAMLError, text: str, source: str, before: int) -> Fault:
    mark = error.problem_mark or error.context_mark
    lines = _BREAK.split(text)
    last = len(lines) - 1
    at = Location(source)
    if mark is not None:  # where a text ends without a line's end, the parser goes on to a line that nobody wrote
        line, column = (mark.line, mark.column) if mark.line <= last else (last, len(lines[last]))
        at = Location(source, line + before + 1, column + 1)
    context = f" {error.context}" if error.context else ""
    hint = _mend(text, mark.line if mark else None)
    return fault(at, code="bad-yaml", message=f"not readable as YAML: {error.problem}{context}", hint=hint)


def _mend(text: str, line: int | None) -> str:
    """Guess at the commonest slips of a line: a tab, or an open quote or bracket."""
    lines = text.splitlines()
    here = lines[line] if line is not None and line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "indent with spaces, not with a tab"
    return "write `name: value`, indented alike within a group, and quotes round a text that holds `: `"


def _unprintable(text: str, source: str, before: int) -> Fault:
    """Say where the first character stands that YAML does not allow."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    offset = found.start() if found else 0
    at = Location(source, text.count("\n", 0, offset) + before + 1, offset - text.rfind("\n", 0, offset))
    message = f"not readable as YAML: the character U+{ord(text[offset]):04X} is not text"
    return fault(at, code="bad-yaml", message=message, hint="take it out, and save the file as UTF-8")
