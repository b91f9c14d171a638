"""Many patients: each is assessed or refused, in order, and none stops the others.

``assess_many`` is for programs and notebooks; ``outcomes`` is the same for documents that are read, for whoever spreads
them over processes. Whatever comes in comes out: as many outcomes as patients, each in its place.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from calcrisk._version import __version__
from calcrisk.assessing import assess, identity
from calcrisk.assessment import Assessment, Refused
from calcrisk.errors import CalcriskError, Fault
from calcrisk.grounds import PatientIdentity
from calcrisk.inputs import record_from
from calcrisk.inputs.sources import find
from calcrisk.telling import tell_where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calcrisk.inputs.documents import Document
    from calcrisk.rules.rulebook import Rulebook

_TOGETHER: Final = 32  # patients
_Result = TypeVar("_Result")


def assess_many(
    *paths: str | os.PathLike[str], rulebook: Rulebook, as_of: str | None = None
) -> Iterator[Assessment | Refused]:
    """Assess every patient of files and folders, one after the other, in flat memory.

    ``as_of`` (ISO) is the date the answers speak of, in place of each document's own. Nothing is raised for bad input:
    a patient that cannot be read is a ``Refused`` in its place, and so is a path that does not exist or leads to
    something else: a table (CSV, Parquet), a pipe, answers of calcrisk.
    """
    for unit in find([os.fspath(path) for path in paths]).units():
        yield from outcomes(unit.documents(), rulebook, as_of)


def outcomes(
    documents: Iterable[Document], rulebook: Rulebook, as_of: str | None = None
) -> Iterator[Assessment | Refused]:
    """Assess or refuse the patient of every document, in order.

    A few are read together, then assessed together: one thing done again and again runs quicker than all in turn.
    """
    coming = iter(documents)
    while some := list(islice(coming, _TOGETHER)):
        read = [_tried(partial(record_from, document, {}), document, rulebook, as_of) for document in some]
        for document, patient in zip(some, read, strict=True):
            if isinstance(patient, Refused):
                yield patient
                continue
            day = as_of or document.as_of
            assessed = partial(assess, patient, rulebook, as_of=day, index=document.index)
            yield _tried(assessed, document, rulebook, as_of)


def _tried(work: Callable[[], _Result], document: Document, rulebook: Rulebook, as_of: str | None) -> _Result | Refused:
    """Do the work on a document, or refuse its patient with every fault it has."""
    day = as_of or document.as_of
    try:
        return work()
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
