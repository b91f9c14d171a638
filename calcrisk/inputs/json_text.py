"""JSON exactly as RFC 8259 has it, into nodes that keep every digit and place (the standard library keeps neither)."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder

from calcrisk.errors import Fault, InputError
from calcrisk.inputs.nodes import MAX_DEPTH, Fields, Items, Node, Text, too_deep
from calcrisk.stated import Location, fault, quoted

_DECODER = JSONDecoder()
_BLANK = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])", re.ASCII)
_WORD = re.compile(r"[\w.+-]+")
_HALF = re.compile(r"[\ud800-\udfff]")


def read_json(text: str, source: str, faults: list[Fault]) -> Node | None:
    """Read one JSON value; None when there is nothing but blanks.

    Duplicate keys are added to ``faults``. Raises InputError when the text is not JSON.
    """
    return _Reader(text, source, faults).document()


class _Reader:
    """Recursive descent; ``_at`` is the offset of what comes next."""

    def __init__(self, text: str, source: str, faults: list[Fault]) -> None:
        self._text = text
        self._source = source
        self._faults = faults
        self._at = 0

    def document(self) -> Node | None:
        if not self._peek():
            return None
        node = self._node(0)
        if self._peek():
            raise self._error("something stands behind the end of the document", "write one patient a file")
        return node

    def _peek(self) -> str:
        """Step over blanks and return the next character, empty at the end."""
        if match := _BLANK.match(self._text, self._at):
            self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _place(self, offset: int) -> tuple[int, int]:
        return self._text.count("\n", 0, offset) + 1, offset - self._text.rfind("\n", 0, offset)

    def _node(self, depth: int) -> Node:
        first = self._peek()
        line, column = self._place(self._at)
        if first == '"':
            return Text(self._string(), plain=False, line=line, column=column)
        if first not in ("{", "["):
            return Text(self._plain(), plain=True, line=line, column=column)
        if depth >= MAX_DEPTH:
            raise too_deep(self._source, line, column)
        self._at += 1
        return (
            Fields(self._fields(depth + 1), line, column)
            if first == "{"
            else Items(self._items(depth + 1), line, column)
        )

    def _string(self) -> str:
        text: str
        try:
            text, self._at = _DECODER.raw_decode(self._text, self._at)
        except JSONDecodeError as error:
            self._at = error.pos
            raise self._error(
                error.msg.lower().removesuffix(" at"), "close the quotes; write a line break as \\n"
            ) from None
        if _HALF.search(text):
            raise self._error("a text holds half a character", "save the file as UTF-8")
        return text

    def _plain(self) -> str:
        match = _PLAIN.match(self._text, self._at)
        if match is None:
            word = _WORD.match(self._text, self._at)
            found = word[0] if word else self._text[self._at : self._at + 1]
            message = f"{quoted(found)} is not a JSON value" if found else "it ends too early"
            raise self._error(message, "write a number, true, false, null, or a text in double quotes")
        self._at = match.end()
        return match[0]

    def _items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        if self._peek() == "]":
            self._at += 1
            return items
        while True:
            items.append(self._node(depth))
            if self._ends("]"):
                return items

    def _fields(self, depth: int) -> dict[str, tuple[Text, Node]]:
        fields: dict[str, tuple[Text, Node]] = {}
        if self._peek() == "}":
            self._at += 1
            return fields
        while True:
            key = self._key()
            value = self._node(depth)
            if key.text in fields:
                self._refuse_twice(key, fields[key.text][0])
            else:
                fields[key.text] = (key, value)
            if self._ends("}"):
                return fields

    def _key(self) -> Text:
        if self._peek() != '"':
            raise self._error(
                "a key in double quotes was expected",
                "write names in double quotes, and no comma before a closing brace",
            )
        line, column = self._place(self._at)
        key = Text(self._string(), plain=False, line=line, column=column)
        if self._peek() != ":":
            raise self._error("a colon was expected after the key", 'write "name": value')
        self._at += 1
        return key

    def _ends(self, closing: str) -> bool:
        found = self._peek()
        if found not in (",", closing) or not found:
            raise self._error(f"a comma or {closing} was expected", "put a comma between two members")
        self._at += 1
        return found == closing

    def _refuse_twice(self, key: Text, first: Text) -> None:
        message = f"{key.text} stands twice in one mapping, first in line {first.line}"
        at = Location(self._source, key.line, key.column)
        self._faults.append(fault(at, code="duplicate-key", message=message, hint="keep one of the two"))

    def _error(self, message: str, hint: str) -> InputError:
        at = Location(self._source, *self._place(self._at))
        return InputError([fault(at, code="bad-json", message=f"not readable as JSON: {message}", hint=hint)])
