"""What a clinical review of the package's own rulebook asked for: patients in short, and what must be said of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from calcrisk import Assessment, Patient, Rulebook, assess
from calcrisk.rules.schema import VariableEntry
from calcrisk.stated import Range
from calcrisk.variables import registry

Stated = dict[str, Any]
ANSWERED: Stated = {  # every core question is answered, and nothing is wrong
    "age": 50,
    "calcium": 9.4,
    "phosphate": 3.5,
    "ckd_stage": "G1",
    "mineral_history": False,
    "tissue_damage": False,
    "diabetes": False,
    "vitamin_k_antagonist": False,
}


@cache
def book() -> Rulebook:
    return Rulebook.default()


def answer(**stated: Any) -> Assessment:
    return assess(Patient(**stated), book())


def considered(**stated: Any) -> set[str]:
    return {part.pattern for part in answer(**stated).consider}


def sentence(**stated: Any) -> str:
    return answer(**stated).conclusion.sentence


# ---------------------------------------------------------------------------------------------------- consider

CONSIDER: list[tuple[str, Stated, bool]] = [
    ("heritable-pyrophosphate", {"age": "3 weeks", "deposit_in_aorta": True, "deposit_in_coronary": True}, True),
    ("heritable-pyrophosphate", {"age": 39.9, "deposit_site": "aorta"}, True),
    ("heritable-pyrophosphate", {"age": 40, "deposit_in_aorta": True, "ckd_stage": "G1"}, False),
    ("heritable-pyrophosphate", {"age": "3 weeks", "deposit_in_aorta": True, "enpp1_biallelic": True}, False),
    ("heritable-hyperphosphataemic", {"age": 12, "phosphate": 7.9, "deposit_periarticular": True}, True),
    ("heritable-hyperphosphataemic", {"age": 12, "phosphate": 7.9, "ckd_stage": "G1"}, True),
    ("heritable-hyperphosphataemic", {"age": 12, "phosphate": 7.9, "ckd_stage": "G5"}, False),
    ("heritable-hyperphosphataemic", {"age": 60, "phosphate": 7.9, "deposit_periarticular": True}, False),
    ("heritable-hyperphosphataemic", {"age": 15, "phosphate": 7.9, "deposit_periarticular": True, "hftc": True}, False),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": 8, "pth_upper_limit": 65}, True),
    ("pth-independent-hypercalcaemia", {"age": "1 month", "calcium": "3.46 mmol/L", "pth": "3 ng/L"}, True),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": "<6 pg/mL"}, True),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": 12, "pth_lower_limit": 15}, True),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": 8, "pth_lower_limit": 7}, False),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": 10}, False),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": "low"}, True),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 11.8, "pth": "not high"}, False),
    ("pth-independent-hypercalcaemia", {"age": 40, "calcium": 9.8, "pth": 8}, False),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": 225}, True),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": 66, "pth_upper_limit": 65}, True),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": 65, "pth_upper_limit": 65}, False),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": 90}, False),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": "high"}, True),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 9.7, "pth": 225}, False),
    (
        "pth-dependent-hypercalcaemia",
        {"age": 50, "calcium": 12.7, "pth": 225, "primary_hyperparathyroidism": True},
        False,
    ),
]


@pytest.mark.parametrize(("pattern", "stated", "said"), CONSIDER)
def test_a_pattern_is_considered_where_it_should_be(pattern: str, stated: Stated, *, said: bool) -> None:
    assert (pattern in considered(**stated)) is said


def test_necrosis_is_among_the_causes_of_a_high_calcium_without_pth() -> None:
    parts = answer(age=40, calcium=11.8, pth=8).consider
    said = next(part.because[0] for part in parts if part.pattern == "pth-independent-hypercalcaemia")
    assert "rhabdomyolysis" in said
    assert "newborn" in said


# --------------------------------------------------------------------------------------------- class and sentence


def test_a_deposit_that_nothing_explains_does_not_ask_for_more_data() -> None:
    found = answer(**ANSWERED, deposit_in_lung=True)
    assert (found.classification, found.possible_classifications) == ("indeterminate", ("indeterminate",))
    assert found.conclusion.row == "unexplained-deposit"
    assert answer(deposit_in_lung=True).conclusion.row == "indeterminate"


@pytest.mark.parametrize("damage", [{"lung_injury": True}, {"scar": True, "tissue_in_lung": True}])
def test_a_deposit_in_an_injured_lung_is_dystrophic_while_chemistry_is_normal(damage: Stated) -> None:
    stated = ANSWERED | {"tissue_damage": True, "deposit_in_lung": True} | damage
    assert answer(**stated).conclusion.row == "dystrophic-by-injured-lung"
    assert answer(**stated | {"deposit_in_lung": False, "deposit_in_stomach": True}).classification == "indeterminate"
    assert answer(**stated | {"phosphate": 4.7}).classification == "metastatic"
    assert answer(**stated | {"ckd_stage": "G5", "dialysis": False}).classification == "metastatic"


def test_a_hypoparathyroid_deposit_of_the_brain_is_not_claimed_by_a_high_product() -> None:
    found = answer(age=40, calcium=8, phosphate=9, hypoparathyroidism=True, deposit_in_basal_ganglia=True)
    assert found.classification == "metastatic"  # the order of the classes stands
    assert "no sign of this type" in found.conclusion.sentence
    assert [part.pattern for part in found.alerts] == ["hypoparathyroid-brain-calcification"]


NAMED = [
    (
        {"primary_hyperparathyroidism": True, "pth": 700, "pth_upper_limit": 65, "calcium": 12.5},
        "primary hyperparathyroidism",
    ),
    ({"vitamin_d_intoxication": True, "calcium": 12.5}, "vitamin D intoxication"),
    (
        {"ckd_stage": "G5", "calcium": 9.9, "phosphate": 6.8, "history_hyperphosphataemia": True},
        "a Ca×P product of 67.3",
    ),
    ({"ckd_stage": "G5", "calcium": 9.9, "phosphate": 6.8, "mineral_history": True}, "a Ca×P product of 67.3"),
    (
        {"ckd_stage": "G5", "calcium": 8.7, "phosphate": 2.5, "history_hyperphosphataemia": True},
        "hyperphosphataemia in the",
    ),
]


@pytest.mark.parametrize(("stated", "named"), NAMED)
def test_of_one_level_a_disease_is_named_before_a_number_and_a_number_before_the_past(
    stated: Stated, named: str
) -> None:
    assert sentence(age=50, **stated).startswith(f"Points to metastatic: {named}")


def test_normal_chemistry_is_said_once_and_only_where_it_is_known() -> None:
    known = {"dermatomyositis": True, "deposit_in_skin": True, "calcium": "normal", "phosphate": "normal"}
    assert sentence(**known).count("calcium and phosphate are not raised") == 1
    assert "the mineral history is not known" in sentence(**known)
    assert "not known" not in sentence(**known, mineral_history=False)
    unknown = answer(necrosis=True)
    assert "are not all known" in unknown.conclusion.sentence
    because = next(finding.because for finding in unknown.findings if finding.rule == "necrosis")
    assert "even while" in because


@pytest.mark.parametrize("stage", [{}, {"ckd_stage": "G1"}])
def test_the_product_of_a_child_is_called_arithmetic_whatever_is_known_of_its_kidneys(stage: Stated) -> None:
    infant = answer(age="3 months", calcium=10, phosphate=6.6, **stage)
    assert any("arithmetic only" in note for note in infant.ca_p_product.notes)
    assert not any(
        "arithmetic" in note for note in answer(age=40, calcium=10, phosphate=6.6, **stage).ca_p_product.notes
    )


# ------------------------------------------------------------------------------------------------- what is assessed


@pytest.mark.parametrize("seen", [{"deposit_in_coronary": True}, {"deposit_in_valve": True}, {"deposit_site": "aorta"}])
def test_a_calcified_vessel_that_was_seen_is_assessed(seen: Stated) -> None:
    tier = answer(**seen).risk.vascular
    assert (tier.assessed, tier.tier) == (True, "moderate")


def test_an_unknown_site_leaves_open_whether_anything_was_seen() -> None:
    found = answer(deposit_site="unknown")
    assert found.facts["soft_deposit"].value is None
    assert "deposit_site" in {missing.input for missing in found.missing}


# ------------------------------------------------------------------------------------------------------- words

STATUSES = [name for name in registry() if registry()[name].role == "status"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("word", "codes"),
    [("not elevated", (0, 1)), ("Not Raised", (0, 1)), ("not-high", (0, 1)), ("not low", (1, 2))],
)
def test_a_word_for_a_range_folds_to_the_status(status: str, word: str, codes: tuple[int, int]) -> None:
    number = registry()[status].of
    assert number is not None
    given = Patient(**{number: word}).given
    assert (list(given), given[status].value) == ([status], Range(*codes))


def test_not_elevated_is_normal_chemistry_and_answers_the_question() -> None:
    found = answer(**ANSWERED | {"calcium": "not elevated", "phosphate": "not elevated"})
    assert found.facts["chemistry_normal"].value is True
    assert found.classification == "none_identified"
    assert not {"calcium", "phosphate"} & {missing.input for missing in found.missing}


def test_not_low_leaves_open_how_high() -> None:
    found = answer(**ANSWERED | {"calcium": "not low"})
    assert found.facts["chemistry_normal"].value is None
    assert found.mechanisms["mineral_load"].highest == "severe"


# ----------------------------------------------------------------------------------------------- covering and traps


def rules() -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in book().data["rules"]}


@pytest.mark.parametrize(
    "weaker", [rule for rule in rules().values() if rule["covered_by"]], ids=lambda rule: str(rule["id"])
)
def test_a_rule_is_covered_by_its_like_that_are_at_least_as_strong(weaker: dict[str, Any]) -> None:
    levels = book().data["levels"]
    for name in weaker["covered_by"]:
        stronger = rules()[name]
        assert stronger["mechanism"] == weaker["mechanism"]
        assert levels.index(stronger["level"]) >= levels.index(weaker["level"])
        assert weaker["id"] not in stronger["covered_by"]  # or both would be passed over
        assert set(stronger["covered_by"]) <= set(
            weaker["covered_by"]
        )  # so what covers is always shown itself, or covered too


def test_of_one_quantity_the_strongest_sentence_is_left() -> None:
    found = answer(age=60, ckd_stage="G5", calcium=12.7, phosphate=7.5, product_sustained=True)
    left = {
        finding.rule for finding in found.findings if not finding.covered_by and finding.mechanism == "mineral_load"
    }
    assert {rule for rule in left if "product" in rule} == {"ca-p-product-at-70-ckd", "ca-p-product-sustained-ckd"}
    assert {rule for rule in left if rule.startswith(("calcium", "phosphate"))} == {
        "calcium-12-or-more",
        "phosphate-above-kdoqi-target-g5",
    }


TRAPPED: Stated = {
    "name": "calcium",
    "label": "calcium",
    "kind": "number",
    "unit": "mg/dL",
    "units": {"mmol/L": 4},
    "hard": [2, 25],
    "ask": "volunteered",
    "means": "Calcium.",
    "basis": "design-choice",
    "why": "A test.",
}


@pytest.mark.parametrize(
    "trap",
    [
        {"likely": "mg/dL"},
        {"likely": "mEq/L"},
        {"unit": "mmol/L", "likely": "mmol/L"},
        {"unit": "g/L", "likely": "mg/dL"},
    ],
)
def test_a_unit_trap_that_can_mean_nothing_is_refused(trap: Stated) -> None:
    VariableEntry.model_validate(TRAPPED | {"unit_traps": [{"below": 4, "likely": "mmol/L"}]})
    with pytest.raises(ValidationError, match="a unit trap needs another"):
        VariableEntry.model_validate(TRAPPED | {"unit_traps": [{"below": 4, **trap}]})
