"""What the tests of real patients share: where they lie, and the answer to a patient file."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calcrisk import Assessment, Patient, Rulebook, assess
from calcrisk.inputs import record_from
from calcrisk.inputs.documents import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.inputs.documents import Document
    from calcrisk.stated import Written

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_labs"
CASES = SAMPLES / "cases"
SHARED = Path(os.environ.get("CALCRISK_SHARED", ROOT.parent / "shared"))
"""Data that nobody of this project wrote; it is never part of the repository."""


def shared(path: str) -> Path:
    """Return a file of the shared data, or skip the test."""
    found = SHARED / path
    if not found.is_file():
        pytest.skip(f"no {path} in {SHARED}: set CALCRISK_SHARED to the folder that holds it")
    return found


def patient_from(document: Document | None, flags: Mapping[str, Written], source: str | None = None) -> Patient:
    """What a document and flags say, with a field for each input."""
    return Patient.of(record_from(document, flags, source))


def patient(path: Path) -> Patient:
    """The patient of a file."""
    return patient_from(read_document(path.read_bytes(), path.name), {})


@cache
def rulebook() -> Rulebook:
    """The rulebook in the package, read once."""
    return Rulebook.default()


def answer(stated: Patient) -> Assessment:
    """The answer of the rulebook in the package."""
    return assess(stated, rulebook())


def met(given: Assessment) -> set[str]:
    """The rules that hold."""
    return {finding.rule for finding in given.findings}
