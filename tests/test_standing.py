"""What dated panels say of today stands when a value of today is changed: by the noise of a reading, or by what-if."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from samples import rulebook

from calcrisk import Patient, assess
from calcrisk.standing import standing
from calcrisk.trending import with_interval

if TYPE_CHECKING:
    from pathlib import Path

DIALYSIS: dict[str, Any] = {"age": 50, "ckd_stage": "G5", "dialysis": True}
OPEN_AGE = """kidney: {ckd_stage: G5, dialysis: true}
history:
  panels:
    - {date: 2026-01-01, calcium: 9.6, phosphate: 5.7}
    - {date: 2026-02-01, calcium: 2.4 mmol/L, phosphate: 2.1 mmol/L, pth: ">2000", alp: high}
"""


def interval(one: Patient) -> dict[str, Any]:
    found = with_interval(assess(one, rulebook()), one, rulebook()).interval
    assert found is not None
    return found


@pytest.mark.parametrize("pth", [2001, ">2000", "unknown", "high"])
def test_whatever_a_panel_says_beside_the_product_stays_at_both_ends(pth: float | str) -> None:
    one = Patient(**DIALYSIS).with_panels([{"date": "2026-01-01", "calcium": 9.5, "phosphate": 3.0, "pth": pth}])
    assert interval(one)["differ"] == ()
    outside = interval(Patient(**DIALYSIS, calcium=9.5, phosphate=3.0, pth=pth))
    assert {end: interval(one)[end] for end in ("lowest", "highest")} == {
        end: outside[end] for end in ("lowest", "highest")
    }


@pytest.mark.parametrize(
    "stated",
    [{"calcium": 9.5, "phosphate": 29}, {"calcium": "4.1 mg/dL", "phosphate": 5}, {"calcium": 19.9, "phosphate": 5}],
)
def test_an_end_beyond_what_is_read_is_computed_all_the_same(stated: dict[str, Any]) -> None:
    found = interval(Patient(**DIALYSIS, **stated))
    assert found["lowest"]["product"] * found["highest"]["product"] == pytest.approx(found["product"] ** 2)


def test_a_question_about_panels_of_an_open_age_starts_from_what_assess_says(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OPEN_AGE)
    ended = run("what-if", "a.yaml", "--set", "phosphate=4.5", "--json", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    told, plain = json.loads(ended.out), json.loads(run("assess", "a.yaml", "--json", cwd=tmp_path).out)
    assert told["before"]["inputs"] == plain["inputs"]
    assert told["before"]["risk"] == plain["risk"]
    changed = told["after"]["inputs"]
    assert changed.pop("phosphate")["value"] == 4.5
    assert changed == {name: one for name, one in plain["inputs"].items() if name != "phosphate"}


def test_a_number_that_is_set_answers_the_word_of_a_panel(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OPEN_AGE)
    told = json.loads(run("what-if", "a.yaml", "--set", "alp=80", "--json", cwd=tmp_path).out)
    assert "alp_status" in told["before"]["inputs"]
    assert "alp_status" not in told["after"]["inputs"]


def test_nothing_stands_of_a_patient_without_panels() -> None:
    assert standing(Patient(calcium=9), rulebook(), None) == {}
