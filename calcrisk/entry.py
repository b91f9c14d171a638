"""One thing of a rulebook explained: what every renderer of ``calcrisk explain`` starts from.

All that is said stands here, each sentence with its sources; a renderer only lays it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.grounds import Citation, Reference

FORMAT = 1  # of the JSON


class Statement(NamedTuple):
    """A sentence or a number, and who says so: its sources, or a mark (``design choice``, ``unconfirmed``)."""

    text: str
    name: str | None = None  # what it is called: of a number, a fact, a row
    evidence: tuple[Citation, ...] = ()
    mark: str | None = None
    value: float | None = None
    unit: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it, nothing left out."""
        return {**self._asdict(), "evidence": [{"id": each.id, "at": each.at} for each in self.evidence]}


class Part(NamedTuple):
    """Statements under one title; ``many`` are names that a narrow page may count instead of listing."""

    title: str
    statements: tuple[Statement, ...]
    many: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"title": self.title, "statements": [statement.as_json() for statement in self.statements]}


class Other(NamedTuple):
    """Something else, and how to ask for it."""

    kind: str
    name: str
    title: str


class Entry(NamedTuple):
    """The page of one thing."""

    kind: str
    name: str
    title: str
    file: str | None
    parts: tuple[Part, ...]
    references: Mapping[str, Reference]
    also: tuple[Other, ...] = ()  # what else has this name
    see: tuple[Other, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the page as JSON has it: ``format``, then its fields; unknown is null and never absent."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "name": self.name,
            "title": self.title,
            "file": self.file,
            "parts": [part.as_json() for part in self.parts],
            "also": [other._asdict() for other in self.also],
            "see": [other._asdict() for other in self.see],
            "references": {name: dict(vars(known)) for name, known in self.references.items()},
        }
