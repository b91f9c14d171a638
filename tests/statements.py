"""What the tests of values share: inputs and documents as they are written, and what comes of reading them."""

from __future__ import annotations

import pytest
from samples import patient_from

from calcrisk.errors import Fault, InputError
from calcrisk.inputs.documents import read_document
from calcrisk.stated import Location, Reading, Written
from calcrisk.values import read, settle
from calcrisk.variables import registry


def read_all(**stated: object) -> Reading:
    reading = Reading(registry())
    for name, raw in stated.items():
        read(registry()[name], Written(raw, "here", Location(path=name)), reading)
    settle(reading)
    return reading


def faults(text: str, source: str = "a.yaml") -> tuple[Fault, ...]:
    """The faults for which a document is refused."""
    with pytest.raises(InputError) as refused:
        patient_from(read_document(text, source), {})
    return refused.value.faults
