"""What messages say of names: those that may be of fields are repeated, and never what may be a record."""

from __future__ import annotations

import json

import pytest
from statements import faults

pytestmark = pytest.mark.once

RECORDS = ["Kowalczyk Anna", "Kowalczyk Anna: 1950-01-01", "Kowalczyk,Anna", "calcium Kowalczyk 1950", "Kowalczyk" * 5]


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{%s: 3}", None),
        ('{"labs": {%s: 3}}', "labs"),
        ('{"calcium": {"value": 9.1, %s: 3}}', "calcium"),
        ('{"history": {"panels": [{"date": "2026-01-01", %s: 3}]}}', "history.panels[0]"),
        ('{"history": {"panels": [{"date": "2026-01-01", "labs": {%s: 3}}]}}', "history.panels[0].labs"),
    ],
)
def test_what_may_be_a_record_is_not_repeated(text: str, path: str | None, name: str) -> None:
    for source in ("a.yaml", "a.json"):
        (found,) = faults(text % json.dumps(name), source)
        assert (found.code, found.path) == ("unknown-field", path)
        assert "Kowalczyk" not in repr(found)
        assert "this name is n" in found.message


@pytest.mark.parametrize("name", RECORDS)
def test_nor_where_it_stands_twice(name: str) -> None:
    quoted = json.dumps(name)
    for source in ("a.yaml", "a.json"):
        found = faults(f'{{"id": "a", {quoted}: 3, {quoted}: 4}}', source)
        assert "this name stands twice in one mapping, first in line 1" in [fault.message for fault in found]
        assert "Kowalczyk" not in repr(found)


@pytest.mark.parametrize("name", ["serum calcium", "Phosphate level", "calcium (total)", "zzz", "egfr.ckd-epi"])
def test_what_may_be_the_name_of_a_field_is_repeated(name: str) -> None:
    (found,) = faults(f"{name}: 3\n")
    assert found.message == f"{name} is not a known input"


@pytest.mark.parametrize(("unit", "kind"), [("[mg/dL]", "a list"), ("[]", "a list"), ("{Kowalczyk: 1}", "a mapping")])
def test_a_unit_that_is_no_text_is_said_to_be_none(unit: str, kind: str) -> None:
    for text, path in (
        ("calcium: {value: 2.4, unit: %s}", "calcium.unit"),
        ("history: {panels: [{date: 2026-01-01, calcium: {value: 2.4, unit: %s}}]}", "history.panels[0].calcium.unit"),
    ):
        (found,) = faults(text % unit)
        assert (found.code, found.path, found.message) == ("wrong-kind", path, f"a unit cannot be {kind}")
        assert "Kowalczyk" not in repr(found)


def test_the_caret_of_an_unknown_part_stands_under_its_name() -> None:
    (found,) = faults("calcium: {value: 9, unti: mg/dL}\n")
    assert (found.column, found.drawing) == (21, "1 | calcium: {value: ·, unti: ·····}\n  |                     ^~~~")
