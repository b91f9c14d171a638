"""Many patients: each is assessed or refused, in order, and none stops the others.

``assess_many`` is for programs and notebooks; ``outcomes`` is the same for one unit of work, for whoever spreads units
over processes. Whatever comes in comes out: as many outcomes as patients, each in its place.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from calcrisk._version import __version__
from calcrisk.assessing import assess, identity
from calcrisk.assessment import Assessment, PatientIdentity, Refused
from calcrisk.errors import CalcriskError, Fault
from calcrisk.inputs import patient_from
from calcrisk.inputs.sources import find
from calcrisk.telling import tell_where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.inputs.documents import Document
    from calcrisk.inputs.sources import Unit
    from calcrisk.rules.rulebook import Rulebook


def assess_many(
    *paths: str | os.PathLike[str], rulebook: Rulebook, as_of: str | None = None
) -> Iterator[Assessment | Refused]:
    """Assess every patient of files and folders, one after the other, in flat memory.

    ``as_of`` (ISO) is the date the answers speak of, in place of each document's own. Nothing is raised for bad input:
    a patient that cannot be read is a ``Refused`` in its place, and so is a path that does not exist or leads to
    something else: a table (CSV, Parquet), a pipe, answers of calcrisk.
    """
    for unit in find([os.fspath(path) for path in paths]).units():
        yield from outcomes(unit, rulebook, as_of)


def outcomes(unit: Unit, rulebook: Rulebook, as_of: str | None = None) -> Iterator[Assessment | Refused]:
    """Assess or refuse every patient of one unit of work, in order."""
    for document in unit.documents():
        yield outcome(document, rulebook, as_of)


def outcome(document: Document, rulebook: Rulebook, as_of: str | None = None) -> Assessment | Refused:
    """Assess the patient of a document, or refuse it with every fault it has."""
    day = as_of or document.as_of
    try:
        return assess(patient_from(document, {}), rulebook, as_of=day, index=document.index)
    except CalcriskError as error:
        return _refused(document, rulebook, day, error.faults)
    except Exception as error:  # noqa: BLE001  # a defect of ours: it is told, and the other patients go on
        tell_where(error)
        message = f"{type(error).__name__}: a defect in calcrisk, not in your data; please report it"
        hint = "set CALCRISK_DEBUG=1 to see where"
        fault = Fault(code="defect", message=message, file=document.source, hint=hint)
        return _refused(document, rulebook, day, [fault])


def _refused(document: Document, book: Rulebook, as_of: str | None, faults: Iterable[Fault]) -> Refused:
    return Refused(
        format=1,
        calcrisk=__version__,
        source=document.source,
        index=document.index,
        status="refused",
        as_of=as_of,
        rulebook=identity(book),
        patient=PatientIdentity(id=document.id),
        errors=tuple(fault._asdict() for fault in faults),
    )
