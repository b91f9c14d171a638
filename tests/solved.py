"""The chemistry of patients of whom this or that is known, for the tests of what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samples import answer

from calcrisk import Assessment, Patient
from calcrisk.chemistry.answer import with_chemistry

if TYPE_CHECKING:
    from calcrisk.assessment import Chemistry

WORKED: dict[str, Any] = {
    "calcium": "2.40 mmol/L",
    "phosphate": "1.10 mmol/L",
    "magnesium": "0.85 mmol/L",
    "albumin": "42 g/L",
    "total_protein": "70 g/L",
    "blood_ph": 7.40,
    "bicarbonate": 25,
    "sodium": 140,
    "potassium": 4.3,
    "chloride": 103,
    "sulfate": 0.33,
    "citrate": 0.11,
    "lactate": 1.0,
}


def chemistry(**stated: Any) -> Chemistry:
    """The chemistry of a patient of whom this is known."""
    (solved,) = with_chemistry([answer(Patient(**stated))])
    assert isinstance(solved, Assessment)
    assert solved.chemistry is not None
    return solved.chemistry


def with_curves(**stated: Any) -> Assessment:
    (solved,) = with_chemistry([answer(Patient(**stated))], isopleth=True)
    assert isinstance(solved, Assessment)
    return solved
