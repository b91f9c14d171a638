"""A document as it was typed: texts, lists and mappings with their places. Numbers are text, so no digit is lost."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from calcrisk.errors import InputError
from calcrisk.stated import Location, fault

MAX_DEPTH = 12  # a patient document needs five
MAX_CHARACTERS = 1_000_000

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Text(NamedTuple):
    """A scalar as it was typed; ``plain`` when it stood without quotes."""

    text: str
    plain: bool
    line: int
    column: int

    @property
    def raw(self) -> str | None:
        """The text, or None when nothing is stated."""
        return None if self.plain and self.text in _NULLS else self.text


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


def is_null(node: Node) -> bool:
    """Tell whether nothing is stated here."""
    return isinstance(node, Text) and node.raw is None


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
