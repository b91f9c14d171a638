"""Doors for what is known of a patient: documents (YAML, JSON) and flags. Each ends in a ``Record``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.errors import InputError
from calcrisk.inputs.drawing import drawn
from calcrisk.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            raise InputError(drawn(fault, document.text, document.before) for fault in error.faults) from None
    return record_from(document.exact(), flags, source)  # which raises the same with the place of everything
