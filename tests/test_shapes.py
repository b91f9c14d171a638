"""`calcrisk schema trend` and its like: each document that is written has exactly the keys of its shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from samples import SAMPLES, patient, rulebook

from calcrisk import Patient, assess, shapes
from calcrisk.trending import trend, with_interval
from calcrisk.whatif.scene import Asked, scenario

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

MONTHLY, QUARTERLY = SAMPLES / "hd-monthly-61m.yaml", SAMPLES / "ckd4-quarterly-70f.yaml"
NOBODY = Patient().with_panels([{"date": "2026-01-02", "phosphate": ">10", "calcium": 9}])
ACUTE = Patient(age=40, acute_kidney_injury=True).with_panels(
    [{"date": f"2026-01-0{day}", "calcium": 11, "phosphate": day * 2} for day in (2, 3, 4)]
)


def fits(shape: type[BaseModel], document: Any) -> None:
    """Nothing is lacking, of another type or left over: what was read back is what was written."""
    plain = json.loads(json.dumps(document))
    assert shape.model_validate(plain, strict=True).model_dump(by_alias=True, mode="json") == plain


@pytest.mark.parametrize("one", [patient(MONTHLY), patient(QUARTERLY), NOBODY, ACUTE])
def test_a_trend_a_history_and_an_interval_have_their_shapes(one: Patient) -> None:
    for corrected in (True, False):
        fits(shapes.Trend, trend(one, rulebook(), corrected=corrected))
    answer = with_interval(assess(one, rulebook()), one, rulebook())
    fits(shapes.History, answer.history)
    if answer.interval is not None:
        fits(shapes.Interval, answer.interval)


@pytest.mark.parametrize("goal", ["metastatic=low", "classification=vascular"])
def test_a_what_if_has_its_shape(goal: str) -> None:
    before = patient(SAMPLES / "hd-warfarin-58f.yaml")
    after = before.model_copy(update={"phosphate": 6})
    asked = Asked.read(rulebook(), goal, ("calcium=8:11", "phosphate=2:9"), None, (4, 3))
    shape = shapes.what_if()
    fits(shape, scenario(before, after, rulebook(), asked).as_json())
    fits(shape, scenario(before, None, rulebook(), Asked.read(rulebook(), None, (), None, (4, 3))).as_json())


def test_a_document_of_another_shape_does_not_fit() -> None:
    document = trend(patient(MONTHLY), rulebook())
    for wrong in (document | {"new": 1}, document | {"usable": "six"}, {"format": 1}):
        with pytest.raises((AssertionError, ValueError)):
            fits(shapes.Trend, wrong)


@pytest.mark.parametrize("what", ["trend", "what-if", "history", "interval"])
def test_the_schemas_are_printed(what: str, tmp_path: Path) -> None:
    ended = run("schema", what, cwd=tmp_path)
    assert ended.code == 0
    schema = json.loads(ended.out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(schema["required"]) == set(schema["properties"])
