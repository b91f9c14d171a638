"""Doors for what is known of a patient: documents (YAML, JSON) and flags. Each ends in a ``Record``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from calcrisk.errors import InputError
from calcrisk.inputs.drawing import as_written, drawn
from calcrisk.record import Record
from calcrisk.values import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.errors import Fault
    from calcrisk.inputs.documents import Document
    from calcrisk.stated import Written


def record_from(document: Document | None, flags: Mapping[str, Written], source: str | None = None) -> Record:
    """Read the patient of a document and flags; what a flag says replaces what the document says.

    Raises InputError with every fault of the document and of the values, in the order of the lines.
    """
    if document is None:
        return Record.from_written({}, over=flags, source=source)
    if flags and document.exact:
        document = document.exact()
    try:
        return Record.from_written(
            document.fields,
            over=flags,
            id=document.id,
            source=source or document.source,
            warnings=document.warnings,
            faults=document.faults,
            panels=document.panels,
            day=document.day,
        )
    except InputError as error:
        if document.exact is None:
            raise InputError(_shown(document, error)) from None
    return record_from(document.exact(), flags, source)  # which raises the same with the place of everything


def _shown(document: Document, error: InputError) -> Iterator[Fault]:
    """Draw each fault in its line; a number that was refused is told as it was written."""
    own = dict(_texts(document.fields.values()))
    for fault in error.faults:
        written = own.get((fault.line, fault.column))
        yield drawn(as_written(fault, written), document.text, document.before, written)


def _texts(fields: Iterable[Written]) -> Iterator[tuple[tuple[int | None, int | None], str]]:
    """Give every text that a document states, by the place where it stands."""
    for written in fields:
        if isinstance(written.raw, str):
            yield (written.location.line, written.location.column), written.raw
        elif isinstance(written.raw, Mapping):
            yield from _texts(part for name, part in written.raw.items() if name in MEASURED)
