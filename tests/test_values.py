from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from statements import read_all

from calcrisk.stated import Given, Range, Reading, Value, Written
from calcrisk.values import limits_only, read
from calcrisk.variables import Registry, choices, registry


class Float64(float):
    """A number as numpy has it: a float that calls itself by another name."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"

    __str__ = float.__repr__


HARD_PTH = registry()["pth"].hard or (0.0, 0.0)


@pytest.mark.parametrize(
    ("name", "raw", "found"),
    [
        ("calcium", 9.9, {"calcium": 9.9}),
        ("calcium", 10, {"calcium": 10.0}),
        ("calcium", " 9.9 ", {"calcium": 9.9}),
        ("calcium", Fraction(19, 2).__float__(), {"calcium": 9.5}),
        ("calcium", Decimal("9.90"), {"calcium": 9.9}),
        ("calcium", Float64(9.9), {"calcium": 9.9}),
        ("calcium", {"value": Decimal("2.5"), "unit": "mmol/L"}, {"calcium": 2.5 * 4.0078}),
        ("calcium", {"value": "9.9 MG / dl", "unit": "mg/dL"}, {"calcium": 9.9}),
        ("pth", {"value": "410 ng/L", "unit": "pg/mL"}, {"pth": 410.0}),
        ("calcium", {"value": "high", "unit": "mg/dL"}, {"calcium_status": "high"}),
        ("calcium", None, {}),
        ("calcium", "", {}),
        ("calcium", "  ", {}),
        ("calcium", {}, {}),
        ("calcium", {"value": None}, {}),
        ("calcium", "unknown", {"calcium": None}),
        ("calcium", "UNKNOWN", {"calcium": None}),
        ("calcium", "high", {"calcium_status": "high"}),
        *(("pth", word, {"pth_status": "high"}) for word in ("elevated", "Raised", "increased", "H", "h")),
        *(("pth", word, {"pth_status": "low"}) for word in ("Low", "decreased", "reduced", "L")),
        ("pth", "within normal limits", {"pth_status": "normal"}),
        ("calcium", 2, {}),  # refused: see the faults
        ("pth", "<6 pg/mL", {"pth": Range(HARD_PTH[0], 6.0)}),
        ("pth", "LESS THAN 6", {"pth": Range(HARD_PTH[0], 6.0)}),
        ("pth", "less  than 6 pg/mL", {"pth": Range(HARD_PTH[0], 6.0)}),
        ("pth", "Greater than 425 ng/L", {"pth": Range(425.0, HARD_PTH[1])}),
        (
            "pth",
            {"value": "LESS THAN 6", "unit": "pg/mL", "upper_limit": 65},
            {"pth": Range(HARD_PTH[0], 6.0), "pth_upper_limit": 65.0},
        ),
        ("phosphate", "haemolysed", {"phosphate": None}),
        ("phosphate", "HEMOLYZED", {"phosphate": None}),
        ("creatinine", "UNABLE TO REPORT DUE TO CONTAMINATION", {"creatinine": None}),
        ("phosphate", "Clotted specimen", {"phosphate": None}),
        ("pth", "insufficient sample", {"pth": None}),
        ("phosphate", {"value": "not done", "unit": "mmol/L"}, {"phosphate": None}),
        ("pth", "> 425", {"pth": Range(425.0, HARD_PTH[1])}),
        ("pth", {"value": 410, "unit": "pg/mL", "upper_limit": 65}, {"pth": 410.0, "pth_upper_limit": 65.0}),
        ("pth", {"value": "410 ng/l", "upper_limit": "65 pg/mL"}, {"pth": 410.0, "pth_upper_limit": 65.0}),
        ("pth", {"value": "high", "upper_limit": 65}, {"pth_status": "high", "pth_upper_limit": 65.0}),
        ("pth", {"value": "unknown", "unit": "pg/mL"}, {"pth": None}),
        ("pth", {"upper_limit": 65}, {"pth_upper_limit": 65.0}),
        ("warfarin", True, {"warfarin": True}),
        ("warfarin", False, {"warfarin": False}),
        ("warfarin", "Yes", {"warfarin": True}),
        ("warfarin", "off", {"warfarin": False}),
        ("warfarin", "N", {"warfarin": False}),
        ("warfarin", "unknown", {"warfarin": None}),
        ("sex", "F", {"sex": "female"}),
        ("ckd_stage", "G5", {"ckd_stage": "G5"}),
        ("ckd_stage", "g3A", {"ckd_stage": "G3a"}),
        ("ckd_stage", "3b", {"ckd_stage": "G3b"}),
        ("ckd_stage", 5, {"ckd_stage": "G5"}),
        ("ckd_stage", "G 3-a", {"ckd_stage": "G3a"}),
        ("ckd_stage", 3, {"ckd_stage": Range(2, 3)}),
        ("ckd_stage", "G3", {"ckd_stage": Range(2, 3)}),
        ("ckd_stage", "5D", {"ckd_stage": "G5", "dialysis": True}),
        ("ckd_stage", "g5-d", {"ckd_stage": "G5", "dialysis": True}),
        ("ckd_stage", False, {"ckd_stage": "G1"}),  # `ckd_stage: no`
    ],
)
def test_what_is_meant(name: str, raw: object, found: dict[str, Value]) -> None:
    assert {key: given.value for key, given in read_all(**{name: raw}).given.items()} == found


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        (
            "calcium",
            2.4,
            "calcium: calcium 2.4 mg/dL is below what blood can hold (likely-unit)\n    did you mean 2.4 mmol/L?",
        ),
        (
            "calcium",
            "2.4 mg/dl",
            "calcium: calcium 2.4 mg/dL is below what blood can hold (likely-unit)\n    did you mean 2.4 mmol/L?",
        ),
        (
            "calcium",
            "9.9 mmol/L",
            "calcium: calcium 9.9 mmol/L is above what blood can hold (likely-unit)\n    did you mean 9.9 mg/dL?",
        ),
        (
            "calcium",
            "24.5 mmol/L",
            (
                "calcium: calcium 24.5 mmol/L is above what blood can hold (out-of-range)\n"
                "    is a decimal point lost, as in 2.45 mmol/L?"
            ),
        ),
        (
            "phosphate",
            "8.84 mmol/L",
            "phosphate: phosphate 8.84 mmol/L looks like mg/dL (likely-unit)\n    did you mean 8.84 mg/dL?",
        ),
        (
            "creatinine",
            138,
            "creatinine: creatinine 138 mg/dL is above what blood can hold (likely-unit)\n    did you mean 138 umol/L?",
        ),
        (
            "age",
            "771 years",
            (
                "age: age 771 years is above what is possible (likely-unit)\n"
                "    did you mean 771 months, or is a decimal point lost, as in 77.1 years?"
            ),
        ),
        ("aac24", 25, "aac24: aac24 25 is above what is possible (out-of-range)\n    expected 0 to 24"),
        ("aac24", -1, "aac24: aac24 -1 is below what is possible (out-of-range)\n    expected 0 to 24"),
        ("aac24", "9 points", "aac24: aac24 has no unit (unknown-unit)\n    leave 'points' out"),
        (
            "albumin",
            "38 g/ml",
            "albumin: albumin is not measured in 'g/ml' (unknown-unit)\n    did you mean 'g/L'?",
        ),
        (
            "age",
            "58 moons",
            "age: age is not measured in 'moons' (unknown-unit)\n    did you mean 'months'?",
        ),
        (
            "creatinine",
            "1 furlong",
            "creatinine: creatinine is not measured in 'furlong' (unknown-unit)\n    write mg/dL or umol/L",
        ),
        ("albumin", "3,1", "albumin: albumin '3,1' is written with a comma (decimal-comma)\n    write 3.1"),
        (
            "albumin",
            "1,234.5",
            "albumin: albumin cannot be '1,234.5' (not-a-number)\n    write a number in g/dL or g/L",
        ),
        ("albumin", True, "albumin: albumin cannot be True (wrong-kind)\n    write a number in g/dL or g/L"),
        ("sex", False, "sex: sex cannot be False (wrong-kind)\n    write female, male or unknown"),
        (
            "albumin",
            Decimal("sNaN"),
            "albumin: albumin cannot be 'sNaN' (not-a-number)\n    write a number in g/dL or g/L",
        ),
        (
            "calcium",
            {"value": "2.3 mmol/L", "unit": "mg/dL"},
            "calcium: calcium '2.3 mmol/L' stands beside the unit 'mg/dL' (two-units)\n    keep one of the two units",
        ),
        (
            "pth",
            {"value": 410, "unit": "pg/mL", "upper_limit": "7 pmol/L"},
            "pth: pth '7 pmol/L' stands beside the unit 'pg/mL' (two-units)\n    keep one of the two units",
        ),
        (
            "calcium",
            {"value": {"value": 9.9}},
            (
                "calcium: calcium cannot be a mapping within a mapping (wrong-kind)\n"
                "    write a number in mg/dL, mmol/L or mEq/L"
            ),
        ),
        *(
            (
                "creatinine",
                {"unit": "furlong"} | rest,
                "creatinine: creatinine is not measured in 'furlong' (unknown-unit)\n    write mg/dL or umol/L",
            )
            for rest in ({}, {"value": 1}, {"value": "1 mg/dL"}, {"value": "high"}, {"value": "unknown"})
        ),
        (
            "albumin",
            float("nan"),
            "albumin: albumin cannot be 'nan' (not-a-number)\n    leave it empty, or write unknown",
        ),
        ("albumin", "N/A", "albumin: albumin cannot be 'N/A' (not-a-number)\n    leave it empty, or write unknown"),
        ("warfarin", "?", "warfarin: warfarin cannot be '?' (unknown-word)\n    leave it empty, or write unknown"),
        (
            "calcium",
            "8.4 (haemolysed)",
            (
                "calcium: calcium is not measured in '(haemolysed)' (unknown-unit)\n"
                "    write the number alone if it holds, or unknown"
            ),
        ),
        (
            "calcium",
            "12:30",
            "calcium: calcium cannot be '12:30' (not-a-number)\n    write a number in mg/dL, mmol/L or mEq/L",
        ),
        (
            "calcium",
            "1_0",
            "calcium: calcium cannot be '1_0' (not-a-number)\n    write a number in mg/dL, mmol/L or mEq/L",
        ),
        (
            "alp",
            "no",
            "alp: alp cannot be 'no' (not-a-number)\n    write a number in U/L, IU/L or ukat/L, or low, normal or high",
        ),
        ("calcium", "٩", "calcium: calcium cannot be '٩' (not-a-number)\n    write a number in mg/dL, mmol/L or mEq/L"),
        ("albumin", float("inf"), "albumin: albumin cannot be 'inf' (not-a-number)\n    write a number in g/dL or g/L"),
        ("albumin", "1e999", "albumin: albumin cannot be '1e999' (not-a-number)\n    write a number in g/dL or g/L"),
        ("pth", "90 H", "pth: pth is not measured in 'H' (unknown-unit)\n    leave 'H' out: the number says it"),
        ("calcium", "hihg", "calcium: calcium cannot be 'hihg' (not-a-number)\n    did you mean 'high'?"),
        ("warfarin", 1, "warfarin: warfarin cannot be '1' (unknown-word)\n    write yes, no or unknown"),
        ("warfarin", "yess", "warfarin: warfarin cannot be 'yess' (unknown-word)\n    did you mean 'yes'?"),
        ("sex", "femle", "sex: sex cannot be 'femle' (unknown-word)\n    did you mean 'female'?"),
        (
            "sex",
            "x" * 300,
            f"sex: sex cannot be '{'x' * 59}… (unknown-word)\n    write female, male or unknown",
        ),
        ("warfarin", [True], "warfarin: warfarin cannot be a list (wrong-kind)\n    write yes, no or unknown"),
        ("warfarin", {"dose": 5}, "warfarin: warfarin cannot be a mapping (wrong-kind)\n    write yes, no or unknown"),
        ("albumin", b"3", "albumin: albumin cannot be a bytes (wrong-kind)\n    write a number in g/dL or g/L"),
        (
            "pth",
            {"value": 410, "limit": 65},
            "pth: pth takes no 'limit' (unknown-field)\n    did you mean 'upper_limit' or 'lower_limit'?",
        ),
        (
            "ionised_calcium",
            {"value": 1.2, "lower_limit": 1.1},
            "ionised_calcium: ionised_calcium takes no 'lower_limit' (unknown-field)\n    did you mean 'upper_limit'?",
        ),
        (
            "phosphate",
            {"value": 4.1, "lower_limit": 4.5, "upper_limit": 4.4},
            "phosphate: the limits of phosphate are reversed: 4.5 to 4.4 (reversed-limits)\n    exchange the two",
        ),
        (
            "pth",
            {"value": 410, "unit": True},
            "pth: pth is not measured in 'True' (unknown-unit)\n    write pg/mL, ng/L or pmol/L",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_in_whole_sentences(name: str, raw: object, message: str) -> None:
    assert [str(fault) for fault in read_all(**{name: raw}).faults] == [message]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            {"tissue_damage": False, "granuloma": True},
            (
                "tissue_damage: tissue_damage: no (here) contradicts granuloma: yes (here) (contradiction)\n"
                "    change one of them, or write unknown for what is not known"
            ),
        ),
        (
            {"tissue_damage": "no", "caseous_necrosis": "yes"},  # caseous is necrosis, and necrosis is damage
            (
                "tissue_damage: tissue_damage: no (here) contradicts caseous_necrosis: yes (here) (contradiction)\n"
                "    change one of them, or write unknown for what is not known"
            ),
        ),
        (
            {"tissue_damage": False, "granuloma": True, "infarct": True},
            (
                "tissue_damage: tissue_damage: no (here) contradicts granuloma: yes (here) and infarct: yes (here) "
                "(contradiction)\n    change one of them, or write unknown for what is not known"
            ),
        ),
        (
            {"ckd_stage": "5D", "dialysis": False},
            (
                "dialysis: dialysis: no (here) contradicts 5D (here) (contradiction)\n"
                "    change one of them, or write unknown for what is not known"
            ),
        ),
        (
            {"calcium": "high", "calcium_status": "low"},
            (
                "calcium_status: calcium_status is stated twice: 'high' (here) and 'low' (here) (stated-twice)\n"
                "    keep one of the two"
            ),
        ),
    ],
)
def test_contradictions_are_refused(stated: dict[str, object], message: str) -> None:
    assert [str(fault) for fault in read_all(**stated).faults] == [message]


@pytest.mark.parametrize(
    "stated",
    [
        {"tissue_damage": "unknown", "granuloma": True},
        {"tissue_damage": False, "granuloma": False},
        {"ckd_stage": "5D", "dialysis": True},
        {"ckd_stage": "5D", "dialysis": "unknown"},
        {"calcium": 9.9, "calcium_status": "normal"},
    ],
)
def test_what_agrees_is_accepted(stated: dict[str, object]) -> None:
    assert read_all(**stated).faults == []


@pytest.mark.parametrize(
    ("name", "raw", "warnings"),
    [
        ("calcium", 9.9, []),
        (
            "calcium",
            14.1,
            [("implausible", "calcium 14.1 mg/dL was used as written, but is unusual (6.5 to 13 mg/dL)")],
        ),
        (
            "phosphate",
            "9 mg/dL PO4",
            [("converted", "phosphate 9 mg/dL PO4 was converted to 2.93526 mg/dL")],
        ),
        (
            "phosphate",
            0.9,
            [("unusual-unit", "phosphate 0.9 mg/dL was used as written, but is unusual: did you mean 0.9 mmol/L?")],
        ),
        ("calcium", ">14", []),
        (
            "phosphate",
            "haemolysed",
            [("no-result", "phosphate 'haemolysed' is no result: the value counts as unknown")],
        ),
    ],
)
def test_what_is_unusual_is_used_and_said(name: str, raw: object, warnings: list[tuple[str, str]]) -> None:
    reading = read_all(**{name: raw})
    assert reading.warnings == warnings
    assert reading.faults == []


def test_a_given_keeps_the_words_and_their_origin() -> None:
    reading = read_all(phosphate="2.2 mmol/L")
    assert reading.given["phosphate"] == Given(2.2 * 3.0974, "mg/dL", "2.2 mmol/L", "here")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (9.9, None),
        ({"value": 410, "unit": "pg/mL", "upper_limit": 65}, {"unit": "pg/mL", "upper_limit": 65}),
    ],
)
def test_a_replaced_number_keeps_its_limits(raw: object, kept: object) -> None:
    assert limits_only(Written(raw, "here")).raw == kept


@pytest.mark.parametrize(
    ("wrong", "within", "hint"),
    [
        ("phosfate", None, "did you mean 'phosphate'?"),
        ("ca", "labs", "did you mean 'calcium'?"),
        ("hyperphosphatemia", "history", "did you mean 'hyperphosphataemia'?"),
        ("dialisis", "labs", "did you mean 'kidney.dialysis'?"),
        ("Calcium", None, "did you mean 'calcium'?"),
        ("zzzz", None, None),
    ],
)
def test_a_wrong_name_gets_the_nearest_right_ones(wrong: str, within: str | None, hint: str | None) -> None:
    assert registry().hint(wrong, within=within) == hint


def test_only_a_letter_before_a_digit_may_be_left_out() -> None:
    words = choices(registry()["ckd_stage"])
    assert {"5", "g5", "5d"} <= words.keys()
    assert "srd" not in words


def test_a_registry_needs_little() -> None:
    small = Registry.from_data(
        [{"name": None, "label": "Patient"}], [{"name": "a", "label": "A", "group": None, "kind": "yesno"}]
    )
    assert (small["a"].path, small["a"].option, small["a"].ask, len(small)) == ("a", "a", "volunteered", 1)
    assert small.implications == {}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("calcium", "99", "2 to 25 mg/dL"),
        ("calcium", "99 mmol/L", "0.5 to 6.23 mmol/L"),  # 2 and 25 mg/dL are 0.49903 and 6.2378
        ("phosphate", "12 mmol/L", "0.0969 to 9.68 mmol/L"),
        ("creatinine", "9000 umol/L", "8.84 to 2650 umol/L"),
        ("aac24", "25", "0 to 24"),
    ],
)
def test_limits_are_told_in_the_unit_that_was_written(name: str, text: str, expected: str) -> None:
    [fault] = read_all(**{name: text}).faults
    assert fault.expected == expected


@pytest.mark.parametrize("text", ["0.0167 ukat/L", "83.3 ukat/L"])
def test_a_limit_that_is_told_in_another_unit_is_one_that_is_taken(text: str) -> None:
    [fault] = read_all(alp="5000 ukat/L").faults
    assert fault.expected == "0.0167 to 83.3 ukat/L"
    assert read_all(alp=text).faults == []


def test_a_number_that_is_another_input_s_is_refused_with_its_name() -> None:
    trap = {"unit": "mmol/L", "below": 1.1, "likely": "ionised_calcium", "act": "refuse"}
    calcium = replace(registry()["calcium"], unit_traps=(trap,))
    refused = Reading(registry())
    read(calcium, Written("1.05 mmol/L", "here"), refused)
    [fault] = refused.faults
    assert (fault.code, fault.message) == ("likely-input", "calcium 1.05 mmol/L looks like ionised calcium")
    assert fault.hint == "did you mean ionised_calcium 1.05 mmol/L?"
    for text in ("1.1 mmol/L", "4.2 mg/dL"):
        taken = Reading(registry())
        read(calcium, Written(text, "here"), taken)
        assert not taken.faults
