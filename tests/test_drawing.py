"""The line of a fault with a caret: the right column, and of the patient nothing that the message does not say too."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_patients import bounded_examples

from calcrisk.errors import Fault, InputError
from calcrisk.inputs import record_from
from calcrisk.inputs.documents import read_document
from calcrisk.inputs.drawing import drawn

LONG = "{" + ", ".join(f'"note{number}": "Kowalczyk"' for number in range(40)) + ', "calcium": 2.4, "age": 61}'


def drawing(text: str | bytes, column: int, *, told: str = "", line: int = 1, before: int = 0) -> str:
    fault = Fault(code="x", message=told, file="a.yaml", line=line, column=column)
    return drawn(fault, text, before).drawing or ""


@pytest.mark.parametrize(
    ("text", "column", "told", "expected"),
    [
        ("calcium: 2.4", 10, "2.4", "1 | calcium: 2.4\n  |          ^~~"),
        ("calcium: 2.4", 10, "no number is told", "1 | calcium: ···\n  |          ^"),
        ("calcium: 2.4 # Kowalczyk", 10, "2.4", "1 | calcium: 2.4 · ·········\n  |          ^~~"),
        ("{calcium: 2.4, age: 61}", 11, "2.4", "1 | {calcium: 2.4, age: ··}\n  |           ^~~"),
        ("calcium: 9,2", 10, "'9,2'", "1 | calcium: 9,2\n  |          ^~~"),
        ('albumin: "3,1"', 10, "'3,1'", '1 | albumin: "3,1"\n  |          ^~~~~'),
        ("calcum: 9.2", 1, "calcum is not", "1 | calcum: ···\n  | ^~~~~~"),
        ("age: None", 6, "no number", "1 | age: ····\n  |      ^"),
        ("Kowalczyk: 9.2", 1, "not known", "1 | ·········: ···\n  | ^"),
        (b"\xef\xbb\xbfage: 771\r\n", 6, "771", "1 | age: 771\n  |      ^~~"),
        ("age: \x1b[31m", 6, "\x1b[31m", "1 | age: ·[···\n  |      ^"),
    ],
)  # fmt: skip
def test_drawings_by_hand(text: str | bytes, column: int, told: str, expected: str) -> None:
    assert drawing(text, column, told=told) == expected


def test_the_line_is_counted_from_where_the_text_begins() -> None:
    assert drawing("id: a\ncalcium: 2.4", 10, told="2.4", line=12, before=10) == "12 | calcium: 2.4\n   |          ^~~"


@pytest.mark.parametrize(
    ("text", "shown", "got"),
    [
        ("calcium: 138.0", "calcium: 138.0", "138.0 mg/dL"),
        ("calcium: 99.00  # Kowalczyk", "calcium: 99.00  · ·········", "99.00 mg/dL"),
        ("labs: {calcium: +99.00, phosphate: 4}", "labs: {calcium: +99.00, phosphate: ·}", "+99.00 mg/dL"),
        ("labs: {calcium: '99.00 mg/dL', phosphate: 4}", "labs: {calcium: '99.00 mg/dL', phosphate: ·}", "99.00 mg/dL"),
        ("calcium: {value: 1.0e3, unit: mg/dL}", "calcium: {value: 1.0e3, unit: ·····}", "1.0e3 mg/dL"),
        ("calcium: 38 g/ml", "calcium: 38 g/ml", "g/ml"),
        ("calcium: {value: 9.1, x: 123.4}", "calcium: {value: ···, x: ·····}", "x"),
        (f"calcium: 9 {'z' * 60}", f"calcium: · {'·' * 60}"[:72], "z" * 60),
    ],
)
def test_a_field_is_shown_as_it_was_written_and_nothing_besides(text: str, shown: str, got: str) -> None:
    with pytest.raises(InputError) as refused:
        record_from(read_document(f"id: Kowalczyk\n{text}\n", "a.yaml"), {})
    (fault,) = refused.value.faults
    assert fault.drawing is not None
    assert fault.drawing.splitlines()[0] == f"2 | {shown}"
    assert fault.got == got


@pytest.mark.parametrize(("line", "column"), [(3, 1), (1, 13), (0, 1)])
def test_a_place_that_is_not_in_the_text_is_not_drawn(line: int, column: int) -> None:
    assert drawing("calcium: 2.4", column, line=line) == ""


def test_of_a_long_line_the_part_around_the_fault_is_drawn() -> None:
    shown, caret = drawing(LONG, LONG.index("2.4") + 1, told="2.4").splitlines()
    assert shown.startswith("1 | …")
    assert "Kowalczyk" not in shown
    assert shown[caret.index("^") :].startswith("2.4")
    assert len(shown) < 80


@bounded_examples(300)
@given(st.text(max_size=200), st.text(max_size=40), st.integers(1, 200))
def test_nothing_is_drawn_but_signs_names_and_what_is_told(text: str, told: str, column: int) -> None:
    shown = drawing(text, column, told=told).split("\n")[0].partition("| ")[2]
    for word in re.findall(r"[^\s·…{}\[\]:,\"']+", shown):
        assert word in told or word in {"age", "id", "sex", "date", "site", "value", "unit", "pth", "alp", "labs"}
