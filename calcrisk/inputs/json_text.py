"""JSON exactly as RFC 8259 has it, into nodes that keep every digit and place (the standard library keeps neither)."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder

from calcrisk.errors import Fault, InputError
from calcrisk.inputs.nodes import MAX_DEPTH, Fields, Items, Node, Root, Text, named, too_deep
from calcrisk.stated import Location, fault, quoted

_DECODER = JSONDecoder()
_BLANK = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])", re.ASCII)
_WORD = re.compile(r"[\w.+-]+")
_ONE_A_FILE = "write one patient a file, or several as an array: [{…}, {…}]"
_ONE_A_LINE = "write one patient a line"
_A_PATIENT = 'write {"name": value, …}, with names in double quotes'
_A_VALUE = "write a number, true, false, null, or a text in double quotes"
_NO_NAN, _NANS = "write null where nothing is known", ("NaN", "nan", "None")
_OPENING = ("{", "[")
_BRACE = re.compile(r"^\{", re.MULTILINE)
_MARKS = re.compile(r"^\ufeff", re.MULTILINE)  # of byte order: what files have at their beginning, joined to one
_HALF = re.compile(r"[\ud800-\udfff]")


def read_json(text: str, source: str, *, several: bool = False) -> list[Root]:
    """Read JSON: one value is one patient, the elements of an array are one each. Never raises.

    Where the text stops being JSON one patient is at fault, those before it are whole, and what follows is lost. With
    ``several``, one value may stand behind another, as ``jq`` writes them, and reading goes on at the next line that
    begins with a brace.
    """
    return _Reader(_MARKS.sub("", text), source).run() if several else _Reader(text, source).roots()


def read_json_line(text: str, source: str, line: int) -> Root:
    """Read one line of newline-delimited JSON; ``line`` is its number. Never raises."""
    return _Reader(text, source, line, _ONE_A_LINE).root()


class _Reader:
    """Recursive descent; ``_at`` is the offset of what comes next."""

    def __init__(self, text: str, source: str, first_line: int = 1, alone: str = _ONE_A_FILE) -> None:
        self._text = text
        self._source = source
        self._first = first_line
        self._alone = alone
        self._faults: list[Fault] = []
        self._at = 0
        self._line, self._line_start, self._counted = first_line, 0, 0  # as far as lines have been counted
        self._id: str | None = None  # of the patient being read
        self._outer = 0  # the depth at which a patient begins

    def roots(self) -> list[Root]:
        if self._peek() != "[":
            return [self.root()]
        found: list[Root] = []
        try:
            self._read(found)
            self._expect_end()
        except InputError as error:
            found.append(self._broken(error))
        return found

    def run(self) -> list[Root]:
        """Read one value behind the other."""
        found: list[Root] = []
        while self._peek() in _OPENING:
            try:
                self._read(found)
            except InputError as error:
                found.append(self._broken(error))
                self._at = next((match.start() for match in _BRACE.finditer(self._text, self._at)), len(self._text))
        return [*found, self.root()] if self._peek() or not found else found

    def _read(self, found: list[Root]) -> None:
        """Read one value: a patient, or the elements of an array."""
        several = self._peek() == "["
        self._outer = int(several)
        self._at += several
        if several and self._peek() == "]":
            self._at += 1
            return
        while True:
            found.append(self._patient())
            self._faults, self._id = [], None
            if not several or self._ends("]"):
                return

    def root(self) -> Root:
        try:
            if not self._peek():
                return Root(None, [], line=self._first)
            root = self._patient()
            self._expect_end()
        except InputError as error:
            return self._broken(error)
        return root

    def _patient(self) -> Root:
        self._faults, self._id = [], None
        self._peek()
        line, column = self._place()
        return Root(self._node(self._outer), self._faults, None, line, column)

    def _broken(self, error: InputError) -> Root:
        at = error.faults[0]
        return Root(None, [*self._faults, *error.faults], self._id, at.line or 1, at.column or 1)

    def _expect_end(self) -> None:
        if self._peek():
            raise self._error("something stands behind the end of the document", self._alone)

    def _peek(self) -> str:
        """Step over blanks and return the next character, empty at the end."""
        if match := _BLANK.match(self._text, self._at):
            self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _place(self) -> tuple[int, int]:
        """Return line and column of what comes next; no part of a text is looked through twice."""
        if breaks := self._text.count("\n", self._counted, self._at):
            self._line += breaks
            self._line_start = self._text.rfind("\n", self._counted, self._at) + 1
        self._counted = self._at
        return self._line, self._at - self._line_start + 1

    def _node(self, depth: int) -> Node:
        first = self._peek()
        line, column = self._place()
        if first == '"':
            return Text(self._string(), plain=False, line=line, column=column)
        if first not in ("{", "["):
            return Text(self._plain(depth), plain=True, line=line, column=column)
        if depth >= MAX_DEPTH + self._outer:
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

    def _plain(self, depth: int) -> str:
        match = _PLAIN.match(self._text, self._at)
        if match is None:
            if depth == self._outer and self._peek():  # what is no JSON at all is not repeated: it may hold a record
                raise self._error("a patient in braces was expected", _A_PATIENT)
            word = _WORD.match(self._text, self._at)
            found = word[0] if word else self._text[self._at : self._at + 1]
            message = f"{quoted(found)} is not a JSON value" if found else "it ends too early"
            raise self._error(message, _NO_NAN if found in _NANS else _A_VALUE)
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
                if key.text == "id" and depth == self._outer + 1 and isinstance(value, Text):
                    self._id = value.raw
            if self._ends("}"):
                return fields

    def _key(self) -> Text:
        if self._peek() != '"':
            hint = "write names in double quotes, and no comma before a closing brace"
            if self._text[self._at : self._at + 1].isdigit():
                hint = "write a decimal point, not a comma"
            raise self._error("a key in double quotes was expected", hint)
        line, column = self._place()
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
        message = f"{named(key.text)} stands twice in one mapping, first in line {first.line}"
        at = Location(self._source, key.line, key.column)
        self._faults.append(fault(at, code="duplicate-key", message=message, hint="keep one of the two"))

    def _error(self, message: str, hint: str) -> InputError:
        at = Location(self._source, *self._place())
        return InputError([fault(at, code="bad-json", message=f"not readable as JSON: {message}", hint=hint)])
