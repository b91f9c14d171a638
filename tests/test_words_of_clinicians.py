"""What clinicians type, and were told something else than they meant: each row failed before it was mended."""

from __future__ import annotations

import pytest

from calcrisk.stated import Location, Range, Reading, Value, Written
from calcrisk.values import read, settle
from calcrisk.variables import registry


def read_all(**stated: object) -> Reading:
    reading = Reading(registry())
    for name, raw in stated.items():
        read(registry()[name], Written(raw, "here", Location(path=name)), reading)
    settle(reading)
    return reading


G3 = Range(2, 3)


@pytest.mark.parametrize(
    ("typed", "stage", "also"),
    [
        ("5ND", "G5", {"dialysis": False}),
        ("g5nd", "G5", {"dialysis": False}),
        ("stage 5ND", "G5", {"dialysis": False}),
        ("5 HD", "G5", {"dialysis": True}),
        ("5PD", "G5", {"dialysis": True}),
        ("CKD5D", "G5", {"dialysis": True}),
        ("CKD stage 5D", "G5", {"dialysis": True}),
        ("5T", "G5", {"organ_transplant": True}),
        ("CKD 3T", None, {}),  # no range says something else as well: refused, and not half read
        ("Stage 5", "G5", {}),
        ("stage 3b", "G3b", {}),
        ("stage 3", G3, {}),
        ("CKD 4", "G4", {}),
        ("CKD 3a", "G3a", {}),
        ("CKD G4", "G4", {}),
        ("stage 4 CKD", "G4", {}),
        ("CKD stage 2", "G2", {}),
        ("III", G3, {}),
        ("IIIb", "G3b", {}),
        ("iv", "G4", {}),
        ("stage V", "G5", {}),
    ],
)
def test_a_stage_is_read_as_people_write_it(typed: str, stage: Value, also: dict[str, bool]) -> None:
    wanted = {} if stage is None else {"ckd_stage": stage, **also}
    assert {name: given.value for name, given in read_all(ckd_stage=typed).given.items()} == wanted


STAGES = "none, G1, G2, G3, G3a, G3b, G4, G5, G5D or unknown"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("G4 A3", "write G4 alone: the albuminuria category is no input"),
        ("CKD G3b/A2", "write G3b alone: the albuminuria category is no input"),
        ("A3", f"write {STAGES}"),
        ("6", f"write {STAGES}"),
        ("stage 6", f"write {STAGES}"),  # another number is no slip
        ("kidny failure", "did you mean 'kidney failure'?"),
    ],
)
def test_a_stage_that_is_none_is_told_what_to_write(typed: str, hint: str) -> None:
    [fault] = read_all(ckd_stage=typed).faults
    assert (fault.code, fault.expected, fault.hint) == ("unknown-word", STAGES, hint)


def test_a_stage_without_dialysis_contradicts_dialysis() -> None:
    [fault] = read_all(ckd_stage="5ND", dialysis=True).faults
    assert fault.code == "contradiction"
