"""A document as it was typed: texts, lists and mappings with their places. Numbers are text, so no digit is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from calcrisk.errors import Fault, InputError
from calcrisk.stated import Location, behind_a_comma, fault, quoted

if TYPE_CHECKING:
    from typing import Unpack

    from calcrisk.stated import Said, Written

MAX_DEPTH = 12  # a patient document needs five

MAX_FAULTS = 100  # of one document: who meets more has another problem

NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# A name is no longer than any of ours, and nothing in it parts the words of a record.
_NAME = re.compile(r"[\w.-]{1,40}")
_HEADING = re.compile(r"[^\W\d](?:[^\W\d]|[\s()/%_.-]){0,39}|[\w.-]{1,40}")
_HIDDEN = "this name"  # in the place of what is none
_DIGITS = re.compile(r"\d+(?:\s|$)")  # how a name begins that a comma cut off a number


class Text(NamedTuple):
    """A scalar as it was typed; ``plain`` when it stood without quotes."""

    text: str
    plain: bool
    line: int
    column: int

    @property
    def raw(self) -> str | None:
        """The text, or None when nothing is stated."""
        return None if self.plain and self.text in NULLS else self.text


class Items(NamedTuple):
    """A list."""

    items: list[Node]
    line: int
    column: int


class Fields(NamedTuple):
    """A mapping: each key's text with its own place and its value."""

    fields: dict[str, tuple[Text, Node]]
    line: int
    column: int


Node: TypeAlias = Text | Items | Fields


class Root(NamedTuple):
    """One patient's part of a text: what stands there (None for nothing at all), and what is wrong with it.

    ``id`` is what could be told of a part that cannot be read; a part that can be read names itself.
    """

    node: Node | None
    faults: list[Fault]
    id: str | None = None
    line: int = 1
    column: int = 1


class TooManyFaults(Exception):  # noqa: N818  # it ends the search for more, and no caller sees it
    """So much is wrong that the rest need not be looked at."""


def first_of(faults: list[Fault]) -> list[Fault]:
    """Return as many faults as are of use to anybody, and say behind them that there are more, where there are."""
    if len(faults) <= MAX_FAULTS:
        return faults
    kept = faults[:MAX_FAULTS]
    last, message = kept[-1], f"there are more than these {MAX_FAULTS} faults"
    more = Fault(code="too-many-faults", message=message, file=last.file, line=last.line, column=last.column)
    return [*kept, more._replace(hint="mend these first")]


def is_name(text: str) -> bool:
    """Tell what may be the name of a field; anything else may be a record, and no message repeats it."""
    return _NAME.fullmatch(text) is not None


def named(text: str, *, near: bool = False) -> str:
    """Return a name as a message says it, and of a key that is none nothing.

    ``near`` says that it is like a name of ours: blanks may stand in it then, as in a heading of a report.
    """
    return text if (_HEADING if near else _NAME).fullmatch(text) else _HIDDEN


def inside(path: str | None, name: str, *, near: bool = False) -> str | None:
    """Return the path of a field within another; of one without a name that can be told, the other's."""
    return ".".join(part for part in (path, named(name, near=near)) if part and part != _HIDDEN) or None


class Refusals(NamedTuple):
    """The faults found in one document, each at the node that it lies in."""

    source: str
    faults: list[Fault]

    def place(self, node: Node, path: str | None) -> Location:
        """Return where a node stands; ``path`` names it within the document."""
        return Location(self.source, node.line, node.column, path)

    def add(self, node: Node, path: str | None, **said: Unpack[Said]) -> None:
        """Record a fault that lies at a node. Raises TooManyFaults when more are of no use to anybody."""
        if len(self.faults) > MAX_FAULTS:
            raise TooManyFaults
        self.faults.append(fault(self.place(node, path), **said))

    def behind_a_comma(self, key: Text, path: str | None) -> bool:
        """Record, and tell, that a name is what a comma cut off a number: in braces a comma ends a value."""
        if not _DIGITS.match(key.text):
            return False
        self.add(key, path, **behind_a_comma(key.text))
        return True

    def add_twice(self, name: str, first: Written, at: Location) -> None:
        """Record that a variable is stated once more."""
        message = f"{name} is stated twice, first in line {first.location.line}"
        self.faults.append(fault(at, code="stated-twice", message=message, hint="keep one of the two"))


def is_null(node: Node) -> bool:
    """Tell whether nothing is stated here."""
    return isinstance(node, Text) and node.raw is None


def kind_of(node: Node) -> str:
    """Say what stands here, a text with its words."""
    if isinstance(node, Items):
        return "a list"
    return "a mapping" if isinstance(node, Fields) else f"the text {quoted(node.text)}"


def too_deep(source: str, line: int, column: int) -> InputError:
    """Refuse a document whose nesting no patient needs."""
    at = Location(source, line, column)
    return InputError(
        [
            fault(
                at, code="too-deep", message=f"nested more than {MAX_DEPTH} levels deep", hint="see `calcrisk template`"
            )
        ]
    )
