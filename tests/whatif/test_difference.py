"""Before and after: everything that differs is told, nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from random_patients import patients, read
from samples import SAMPLES, patient, rulebook

from calcrisk import Assessment, Patient, assess
from calcrisk.render.whatif_markdown import markdown
from calcrisk.scenario import NOT_ASSESSED, Difference
from calcrisk.whatif.difference import difference
from calcrisk.whatif.scene import Asked, scenario


def told(stated: Patient) -> Assessment:
    return assess(stated, rulebook(), every_rule=True)


def against(stated: Patient, **changes: object) -> Difference:
    return difference(told(stated), told(stated.model_copy(update=changes)))


ASKED = Asked.read(rulebook(), None, (), None, (8, 5))
DIALYSIS = patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml")


def test_a_change_is_told_rule_by_rule() -> None:
    found = against(DIALYSIS, phosphate="1.6 mmol/L", warfarin=False)
    assert [each.name for each in found.inputs] == ["phosphate", "vitamin_k_antagonist", "warfarin"]
    assert found.classification is not None
    assert (found.classification.before, found.classification.after) == ("metastatic", "vascular")
    moves = {each.rule: (each.before, each.after) for each in found.rules}
    assert moves["ca-p-product-at-limit-ckd"] == ("met", "not_met")
    assert moves["vitamin-k-antagonist"] == ("met", "unknown")  # no warfarin is not: no vitamin K antagonist
    assert [each.input for each in found.opened] == ["vitamin_k_antagonist"]


def test_what_is_left_as_it_is_is_not_told() -> None:
    assert difference(told(DIALYSIS), told(DIALYSIS)) == Difference((), None, None, (), (), (), (), (), (), (), ())


def test_rules_that_begin_to_hold_come_first() -> None:
    found = against(DIALYSIS, phosphate=4.0, skin_necrosis=True)
    order = [each.after == "met" for each in found.rules]
    assert order == sorted(order, reverse=True)
    assert [each.name for each in found.begun if each.kind == "alert"]


@settings(max_examples=40)
@given(one=patients(), two=patients())
def test_exactly_the_rules_that_answer_otherwise_are_told(one: dict[str, object], two: dict[str, object]) -> None:
    before, after = told(read(one)), told(read(two))
    found = difference(before, after)
    was = {each.rule: each.status for each in before.findings}
    now = {each.rule: each.status for each in after.findings}
    assert {each.rule for each in found.rules} == {rule for rule in was if was[rule] != now[rule]}
    assert (found.classification is None) == (before.classification == after.classification)
    missing = [{each.input for each in answer.missing} for answer in (before, after)]
    assert {each.input for each in found.opened} == missing[1] - missing[0]
    assert {each.input for each in found.closed} == missing[0] - missing[1]


def test_one_word_stands_for_a_tier_that_was_not_assessed() -> None:
    empty = Patient(age=60)
    found = difference(told(empty), told(empty.model_copy(update={"tissue_damage": False})))
    shift = next(each for each in found.tiers if each.name == "dystrophic")
    assert (shift.before, shift.after) == (NOT_ASSESSED, "low")
    shown = scenario(empty, empty.model_copy(update={"tissue_damage": False}), rulebook(), ASKED)
    assert shown.as_json()["difference"]["tiers"][0]["before"] == "not_assessed"
    assert "| Dystrophic | not assessed | low |" in markdown(shown)
