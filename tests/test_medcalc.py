"""MedCalc-Bench: corrected calcium and CKD-EPI 2021 of published case notes, against labels that others wrote.

Khandekar et al., NeurIPS 2024, CC BY-SA 4.0; labels corrected by physicians: Ye, MIT.
The data are not part of the repository.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from samples import SHARED, answer, shared

from calcrisk import InputError, Patient

_DATA: Final = "data/medcalc_bench/calculations.csv"
_FACTS: Final = {"calcium_correction": "corrected_calcium", "ckd_epi_2021": "egfr"}
_TOLERANCE: Final = 0.05  # the published limits are 5 % around the label; the same is allowed around a corrected one
_LEFT_OUT: Final[list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "vectors" / "medcalc_left_out.yaml").read_text(encoding="utf-8")
)
_REASONS: Final[dict[str, str]] = {entry["row"]: entry["reason"] for entry in _LEFT_OUT}


def rows() -> list[dict[str, str]]:
    """The rows of the two calculators that calcrisk has; the others (MDRD, Cockcroft-Gault) it has not."""
    with shared(_DATA).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["calculator"] in _FACTS]


def row_ids() -> list[str]:
    """The ids to test; one that skips where the data are absent."""
    if not (SHARED / _DATA).is_file():
        return ["no data"]
    return [row["row_id"] for row in rows() if row["row_id"] not in _REASONS]


def row_of(identifier: str) -> dict[str, str]:
    return next(row for row in rows() if row["row_id"] == identifier)


def patient(row: dict[str, str]) -> Patient:
    """The patient of a row, every number in the unit of the note."""
    labs = {name: f"{row[name]} {row[f'{name}_unit']}" for name in ("calcium", "albumin", "creatinine") if row[name]}
    age = f"{row['age']} {row['age_unit']}" if row["age"] else None
    return Patient(**labs, age=age, sex=row["sex"].lower() or None)


def computed(row: dict[str, str]) -> float:
    value = answer(patient(row)).facts[_FACTS[row["calculator"]]].value
    assert isinstance(value, float)
    return value


def limits(row: dict[str, str]) -> tuple[float, float]:
    """The published limits, or 5 % around the label of a physician."""
    if not row["ground_truth_physician_corrected"]:
        return float(row["lower_limit"]), float(row["upper_limit"])
    label = float(row["ground_truth_physician_corrected"])
    return label * (1 - _TOLERANCE), label * (1 + _TOLERANCE)


@pytest.mark.parametrize("identifier", row_ids())
def test_within_the_limits(identifier: str) -> None:
    shared(_DATA)
    row = row_of(identifier)
    lowest, highest = limits(row)
    assert lowest <= computed(row) <= highest


def test_only_suspect_rows_are_left_out() -> None:
    suspect = {row["row_id"] for row in rows() if row["label_suspect"] == "1"}
    assert suspect == _REASONS.keys()


def test_a_suspect_row_agrees_with_the_label_a_physician_gave_it() -> None:
    corrected = [row_of(entry["row"]) for entry in _LEFT_OUT if entry["corrected"]]
    assert all(row["ground_truth_physician_corrected"] for row in corrected)
    for row in corrected:
        lowest, highest = limits(row)
        assert lowest <= computed(row) <= highest


def test_far_closer_than_the_limits_where_the_note_uses_conventional_units() -> None:
    """The limits are wide; the equation is exact to the digits that are printed."""
    exact = [row for row in rows() if row["row_id"] not in _REASONS and row["creatinine_unit"] != "µmol/L"]
    assert exact
    for row in exact:
        assert computed(row) == pytest.approx(float(row["formula_value_check"]), abs=1e-3)


def test_a_unit_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(InputError, match="mg/dL"):
        patient(row_of("train-2699"))


@pytest.mark.parametrize("unit", ["mmol/L", "mol/L", "nmol/L"])
def test_a_creatinine_that_can_only_be_micromoles_is_refused_with_the_likely_unit(unit: str) -> None:
    with pytest.raises(InputError) as caught:
        Patient(creatinine=f"138 {unit}")
    assert "umol/L" in (caught.value.faults[0].hint or "")
