"""What dated panels say of today and of the past, made to stand when a value of today is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.past import recall

if TYPE_CHECKING:
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.stated import Given


def standing(patient: Patient | Record, book: Rulebook, as_of: str | None) -> dict[str, Given]:
    """Return what ``assess`` takes from a patient's panels, as it takes it; nothing of what is stated outside them.

    A patient of whom it is stated as well is answered the same, and keeps it where calcium or phosphate is changed.
    """
    if not patient.panels:
        return {}
    return {name: one for name, one in recall(patient, book, as_of).given.items() if name not in patient.given}
