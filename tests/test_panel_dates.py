"""The dates of panels as laboratories and messages write them, and those that no patient can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from samples import answer

from calcrisk import InputError, Patient
from calcrisk.dated import moment_of
from calcrisk.inputs import record_from
from calcrisk.inputs.documents import read_document

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-03-02", "2026-03-02"),
        (" 2026-03-02 08:15 ", "2026-03-02 08:15"),
        ("2026-03-02T08:15:30", "2026-03-02 08:15:30"),
        ("2026-03-02T08:00:00Z", "2026-03-02 08:00:00"),
        ("2026-03-02T08:00:00.123+02:00", "2026-03-02 08:00:00"),  # the time on the report; its zone is dropped
        ("2026-03-02T08:00-0500", "2026-03-02 08:00"),
        ("2026-03-02Z", None),
        ("2026-13-02", None),
        ("2026-03-02 25:00Z", None),
        ("20260302", None),
        ("2026-W10", None),
        ("02.03.2026", None),
    ],
)
def test_a_date_is_read_as_reports_write_it(text: str, shown: str | None, tmp_path: Path) -> None:
    assert moment_of(text) == shown
    panel: dict[str, Any] = {"date": text, "ca_p_product": 60}
    (tmp_path / "a.yaml").write_text(f"history: {{panels: [{{date: '{text}', ca_p_product: 60}}]}}", encoding="utf-8")
    ended = run("assess", "a.yaml", "--json", cwd=tmp_path)
    if shown is None:
        assert "(not-a-date)" in ended.err
        with pytest.raises(InputError):
            Patient().with_panels([panel])
    else:
        assert ended.code == 0
        assert Patient().with_panels([panel]).panels[0].date == shown


@pytest.mark.parametrize(
    ("age", "date", "early"),
    [
        (60, "1026-03-02", True),
        (None, "1026-03-02", True),
        (None, "1910-03-02", False),
        (60, "1966-03-02", False),
        (60, "1964-03-02", True),
        ("5 months", "2025-06-02", False),  # an age may be a year too low
        ("5 months", "2024-06-02", True),
    ],
)
def test_a_panel_from_before_birth_is_told(age: float | str | None, date: str, early: bool) -> None:
    panels = [{"date": each, "calcium": 9, "phosphate": 6} for each in (date, "2026-03-02")]
    told = {each.code for each in answer(Patient(age=age).with_panels(panels)).warnings}
    assert ("panel-before-birth" in told) == early


def test_a_panel_from_python_takes_what_one_of_a_document_takes() -> None:
    stated = {"date": "2026-01-01", "calcium": 16.5, "age": 50, "warfarin": True, "calcum": 9, "phosphate": "x"}
    with pytest.raises(InputError) as caught:
        Patient(calcium=9).with_panels([{"date": "2026-02-01", "calcium": 9}, stated])
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("unknown-field", "panels[1].calcum"),
        ("unknown-field", "panels[1].age"),
        ("unknown-field", "panels[1].warfarin"),
        ("not-a-number", "panels[1].phosphate"),
    ]
    assert "age is not a known input of a panel" in str(caught.value)


def test_what_is_odd_in_a_panel_from_python_is_warned_of_as_in_a_document() -> None:
    odd = {"date": "2026-01-01", "calcium": 16.5}
    text = "labs: {calcium: 9}\nhistory: {panels: [{date: 2026-01-01, calcium: 16.5}]}"
    one = Patient(calcium=9).with_panels([odd])
    assert one.warnings == record_from(read_document(text, "a.yaml"), {}).warnings
    assert "2026-01-01: calcium 16.5 mg/dL" in one.warnings[0][1]
    assert one.with_panels([odd]).warnings == one.warnings
    assert one.with_panels([]).warnings == ()
