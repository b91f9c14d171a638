"""What a clinical review of the package's own rulebook asked for: patients in short, and what must be said of them."""

from __future__ import annotations

from typing import Any

import pytest
from answering import Stated, answer
from pydantic import ValidationError

from calcrisk import Patient, Rulebook
from calcrisk.rules.schema_inputs import VariableEntry
from calcrisk.stated import Range
from calcrisk.variables import registry

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


def considered(**stated: Any) -> set[str]:
    return {part.pattern for part in answer(**stated).consider}


def sentence(**stated: Any) -> str:
    return answer(**stated).conclusion.sentence


# ---------------------------------------------------------------------------------------------------- consider

CONSIDER: list[tuple[str, Stated, bool]] = [
    ("heritable-pyrophosphate", {"age": 3, "deposit_in_aorta": True, "deposit_in_coronary": True}, True),
    ("heritable-pyrophosphate", {"age": 3, "deposit_in_aorta": True, "enpp1_biallelic": True}, False),
    ("heritable-pyrophosphate", {"age": "3 weeks", "deposit_in_aorta": True}, False),  # an alert says it
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
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": 89}, True),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": 88}, False),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 12.7, "pth": "high"}, True),
    ("pth-dependent-hypercalcaemia", {"age": 50, "calcium": 9.7, "pth": 225}, False),
    ("hypercalcaemia-without-a-pth", {"age": 50, "calcium": 11.2}, True),
    ("hypercalcaemia-without-a-pth", {"age": 50, "calcium": 11.2, "pth": 80, "pth_upper_limit": 65}, False),
    ("hypercalcaemia-without-a-pth", {"age": 50, "calcium": 11.2, "pth": "low"}, False),
    ("hypercalcaemia-without-a-pth", {"age": 50, "calcium": 9.2}, False),
    *[
        ("heritable-hyperphosphataemic", {"age": 12, "phosphate": 7.9, "ckd_stage": "G1", other: True}, False)
        for other in ("acute_kidney_injury", "rhabdomyolysis", "hypoparathyroidism", "malignancy", "phosphate_given")
    ],
    ("idiopathic", ANSWERED | {"deposit_in_skin": True}, True),
    ("idiopathic", ANSWERED | {"deposit_in_skin": True, "iv_calcium": True}, False),
    ("idiopathic", ANSWERED | {"deposit_in_skin": True, "enpp1_biallelic": True}, False),
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
    found = answer(**ANSWERED, deposit_in_lung=True, pth=40, pth_upper_limit=65)
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


@pytest.mark.parametrize(
    ("stage", "arithmetic"), [({}, False), ({"ckd_stage": "G1"}, True), ({"ckd_stage": "G4"}, False)]
)
def test_the_product_of_a_child_is_called_arithmetic_only_where_its_kidneys_are_known(
    stage: Stated, *, arithmetic: bool
) -> None:
    notes = answer(age="3 months", calcium=10, phosphate=6.6, **stage).ca_p_product.notes
    assert any("CKD G3a to G5 alone" in note for note in notes)  # true of every child
    assert any("arithmetic only" in note for note in notes) is arithmetic
    adult = answer(age=40, calcium=10, phosphate=6.6, **stage).ca_p_product.notes
    assert not any("arithmetic" in note for note in adult)


@pytest.mark.parametrize(("stage", "said"), [({"ckd_stage": "G1"}, False), ({"ckd_stage": "G4"}, True)])
def test_a_product_is_called_unconfirmed_only_where_a_rule_reads_it(stage: Stated, *, said: bool) -> None:
    notes = answer(age=4, calcium=10, phosphate=6.6, **stage).ca_p_product.notes
    assert any("unconfirmed" in note for note in notes) is said
    assert not any("14 %" in note for note in notes)  # a number of haemodialysis


def test_the_variation_of_haemodialysis_is_said_in_kidney_failure_alone() -> None:
    assert any("14 %" in note for note in answer(age=40, calcium=10, phosphate=6.6, ckd_stage="G5").ca_p_product.notes)


NECROTIC: Stated = ANSWERED | {"tissue_damage": True, "skin_necrosis": True}


@pytest.mark.parametrize("factors", [{}, {"diabetes": True}, {"sex": "female"}, {"ckd_stage": "G5", "dialysis": True}])
def test_the_class_and_the_alert_of_skin_necrosis_never_disagree(factors: Stated) -> None:
    found = answer(**NECROTIC | factors)
    assert found.possible_classifications == ("calciphylaxis",)
    assert [part.pattern for part in found.alerts] == ["calciphylaxis"]
    explained = answer(**NECROTIC | factors | {"skin_necrosis_explained": True})
    assert explained.classification != "calciphylaxis"
    assert "calciphylaxis" not in explained.conclusion.sentence
    assert not explained.alerts


def test_the_factors_of_calciphylaxis_are_named_where_they_are_present() -> None:
    plain, female = sentence(**NECROTIC), sentence(**NECROTIC | {"sex": "female", "diabetes": True})
    assert "kidneys that have not failed" in plain
    assert "female sex" not in plain
    assert "diabetes" not in plain
    assert "female sex" in female
    assert "factors present, none needed; diabetes; female sex" in female
    assert "factors present" not in plain
    assert "nor do kidneys" not in sentence(**NECROTIC | {"ckd_stage": "G5", "dialysis": True})


ACUTE = "one value shows no standing load"
TENDENCY = "a tendency, not a deposit"
SENTENCES: list[tuple[Stated, str, bool]] = [
    (ANSWERED | {"calcium": 13, "acute_kidney_injury": True}, ACUTE, True),
    (ANSWERED | {"calcium": 13}, ACUTE, False),
    ({"acute_kidney_injury": True, "hftc": True}, ACUTE, False),
    (ANSWERED | {"calcium": 13}, TENDENCY, True),
    (ANSWERED | {"calcium": 13, "deposit_in_lung": True}, TENDENCY, False),
    ({"necrosis": True}, TENDENCY, True),
    ({"necrosis": True, "calcium": 13}, TENDENCY, True),
    (ANSWERED | {"mineral_history": True, "calcium": 13}, "disorder is not named", True),
    (ANSWERED | {"mineral_history": True, "malignancy": True, "calcium": 13}, "disorder is not named", False),
    (ANSWERED | {"phosphate": 4.8, "deposit_in_kidney": True}, "causes of its own in the tubules", True),
    (ANSWERED | {"phosphate": 4.8, "deposit_in_stomach": True}, "stomach", True),
    (ANSWERED | {"phosphate": 4.8, "deposit_in_stomach": True}, "tubules", False),
    ({"age": 4, "deposit_in_pineal": True}, "seen from childhood and is harmless", True),
    ({"aac24": 7.8}, "7.8", True),
    ({"hypoparathyroidism": True}, "can calcify", True),
    ({"malignancy": True, "mineral_history": True, "calcium": 13}, "a malignancy with high calcium", True),
]


@pytest.mark.parametrize(("stated", "words", "said"), SENTENCES)
def test_the_sentence_says_what_it_should(stated: Stated, words: str, *, said: bool) -> None:
    assert (words in sentence(**stated)) is said


# ------------------------------------------------------------------------------------------------ tiers and levels

TIERS: list[tuple[Stated, str]] = [
    ({"rhabdomyolysis": True, "calcium": 15}, "high"),
    ({"newborn_fat_necrosis": True, "calcium": 15, "age": "1 month"}, "high"),
    ({"calcium": 15, "age": 50}, "very_high"),
    ({"rhabdomyolysis": True, "calcium": 15, "primary_hyperparathyroidism": True}, "very_high"),
    (ANSWERED | {"phosphate": 4.8, "deposit_in_kidney": True}, "moderate"),
    ({"ckd_stage": "G5", "calcium": 9, "phosphate": 4, "deposit_in_kidney": True}, "high"),
    ({"ckd_stage": "G5", "calcium": 10, "phosphate": 6, "age": 60}, "moderate"),  # once
    ({"ckd_stage": "G5", "calcium": 10, "phosphate": 7.5, "age": 60}, "high"),  # once, beyond the noise about 55
    ({"ckd_stage": "G5", "calcium": 10, "phosphate": 7.5, "age": 60, "product_sustained": True}, "very_high"),
]


@pytest.mark.parametrize(("stated", "tier"), TIERS)
def test_the_metastatic_tier_is_what_it_should_be(stated: Stated, tier: str) -> None:
    assert answer(**stated).risk.metastatic.tier == tier


def test_a_sarcoid_granuloma_is_mild_and_a_caseous_one_is_not() -> None:
    sarcoid = ANSWERED | {"tissue_damage": True, "granuloma": True, "sarcoidosis": True}
    assert answer(**sarcoid).mechanisms["tissue_injury"].level == "mild"
    assert answer(**sarcoid | {"caseous_necrosis": True}).mechanisms["tissue_injury"].level == "marked"


# ------------------------------------------------------------------------------------------------ alerts, warnings

ALERTS: list[tuple[str, Stated, bool]] = [
    ("critical-corrected-calcium", {"corrected_calcium": 13.2}, True),
    ("critical-corrected-calcium", {"corrected_calcium": 6.2}, True),
    ("critical-corrected-calcium", {"corrected_calcium": 13}, False),
    ("critical-corrected-calcium", {"calcium": 12, "albumin": 2}, True),
    ("critical-calcium", {"calcium": 12, "albumin": 2}, False),
    ("tumour-lysis", {"malignancy": True, "calcium": 6.3, "phosphate": 7.6, "age": 39}, True),
    ("tumour-lysis", {"calcium": 6.3, "phosphate": 7.6, "age": 39}, False),
    ("hypoparathyroid-brain-calcification", {"hypoparathyroidism": True}, False),
    ("hypoparathyroid-brain-calcification", {"hypoparathyroidism": True, "deposit_in_basal_ganglia": True}, True),
]


@pytest.mark.parametrize(("pattern", "stated", "said"), ALERTS)
def test_an_alert_is_given_where_it_should_be(pattern: str, stated: Stated, *, said: bool) -> None:
    assert (pattern in {part.pattern for part in answer(**stated).alerts}) is said


WARNINGS: list[tuple[str, Stated, bool]] = [
    ("dialysis-time-without-dialysis", {"dialysis_months": 12, "dialysis": False}, True),
    ("dialysis-time-without-dialysis", {"dialysis_months": 12, "dialysis": True}, False),
    ("dialysis-longer-than-life", {"dialysis_months": 60, "dialysis": True, "age": 4}, True),
    ("dialysis-longer-than-life", {"dialysis_months": 60, "dialysis": True, "age": 40}, False),
    ("stages-differ", {"egfr": 80, "ckd_stage": "G5"}, True),
    ("stages-differ", {"egfr": 25, "ckd_stage": "G2"}, True),
    ("stages-differ", {"egfr": 25, "ckd_stage": "G5", "dialysis": True}, False),
    ("product-differs", {"calcium": 10, "phosphate": 4, "ca_p_product": 67}, True),
    ("product-differs", {"calcium": 10, "phosphate": 4, "ca_p_product": 41}, False),
    ("pregnancy-of-a-man", {"pregnancy": True, "sex": "male"}, True),
    ("pregnancy-of-a-man", {"pregnancy": True, "sex": "female"}, False),
    ("products-disagree-in-ckd", {"calcium": 8, "albumin": 2.5, "phosphate": 6, "age": 60, "ckd_stage": "G5"}, True),
    ("products-disagree-in-ckd", {"calcium": 8, "albumin": 2.4, "phosphate": 6, "age": 60, "ckd_stage": "G1"}, False),
]


@pytest.mark.parametrize(("code", "stated", "said"), WARNINGS)
def test_a_warning_is_given_where_it_should_be(code: str, stated: Stated, *, said: bool) -> None:
    assert (code in {warning.code for warning in answer(**stated).warnings}) is said


def test_a_high_calcium_leaves_the_pth_open() -> None:
    assert "pth" in {missing.input for missing in answer(**ANSWERED | {"calcium": 11.2}).missing}


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
    return {rule["id"]: rule for rule in Rulebook.default().data["rules"]}


@pytest.mark.parametrize(
    "weaker", [rule for rule in rules().values() if rule["covered_by"]], ids=lambda rule: str(rule["id"])
)
def test_a_rule_is_covered_by_its_like_that_are_at_least_as_strong(weaker: dict[str, Any]) -> None:
    levels = Rulebook.default().data["levels"]
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
        "phosphate-above-7-g5",
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
        {"likely": "calcium"},
        {"unit": "mmol/L", "likely": "mmol/L"},
        {"unit": "g/L", "likely": "mg/dL"},
    ],
)
def test_a_unit_trap_that_can_mean_nothing_is_refused(trap: Stated) -> None:
    for likely in ("mmol/L", "ionised_calcium"):
        VariableEntry.model_validate(TRAPPED | {"unit_traps": [{"below": 4, "likely": likely}]})
    with pytest.raises(ValidationError, match="a unit trap needs another"):
        VariableEntry.model_validate(TRAPPED | {"unit_traps": [{"below": 4, **trap}]})
