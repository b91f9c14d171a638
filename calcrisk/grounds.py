"""What an answer stands on: whose it is and which rulebook gave it, what was read and derived, what is cited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from calcrisk.parts import Part, Shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Scalar = float | bool | str | None


class Citation(Part):
    """A reference by its id, and the place in it."""

    id: str
    at: str


class Reference(Shared):
    """What a citation id stands for; ``objection`` says in a sentence what it speaks against where it is cited so."""

    citation: str
    doi: str | None
    url: str | None
    claim: str
    objection: str | None
    population: str
    strength: str


def citations(entries: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the document of each citation once, in order; ``entries`` are the ``where`` of a rulebook's entry."""
    pairs = dict.fromkeys((entry["source"], entry["at"]) for entry in entries)
    return tuple({"id": source, "at": at} for source, at in pairs)


def reference_of(entry: Mapping[str, Any]) -> Reference:
    """Make a reference of what a rulebook says of it."""
    kept = {key: entry[key] for key in ("citation", "doi", "url", "claim", "objection", "strength")}
    return Reference(**kept, population=entry["population"] or "not stated")


class Input(Part):
    """One thing stated of the patient, canonical, with what was written and where.

    ``lowest`` and ``highest`` are the ends that were stated, both the value itself where that is known exactly: of
    ``>10`` the value and the highest are None. A rule reads such a number up to the limit of the input. A yes or no
    has no ends.
    """

    value: Scalar
    lowest: Scalar
    highest: Scalar
    unit: str | None
    as_written: str
    origin: Annotated[str, Field(alias="from")]  # "hd.yaml:6", "--calcium", "Patient", or "implied by dialysis"
    label: str


class Fact(Part):
    """A derived quantity; ``given`` when the patient's document stated it and its inputs were not used.

    Known within bounds only, it has no value: ``lowest`` and ``highest`` bound it, None where nobody measured that end.
    Both are the value of an exact one; a yes or no has neither.
    """

    value: Scalar
    lowest: Scalar
    highest: Scalar
    unit: str | None
    label: str
    given: bool


class RulebookIdentity(Shared):
    """Which rulebook answered: two answers with the same hash and profile came from the same rules."""

    id: str
    version: str
    sha256: str
    profile: str


class PatientIdentity(Part):
    """The patient's own identifier, as given."""

    id: str | None
