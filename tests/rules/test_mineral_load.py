"""The mineral load as a whole: what every product rule must say, unfit samples, profiles, sites and their reasons."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from calcrisk import Assessment, Patient, Rulebook, assess
from calcrisk.rules import expression as ex

if TYPE_CHECKING:
    from collections.abc import Iterator

Stated = dict[str, Any]
PRODUCT_FACTS = {"ca_p_product", "corrected_ca_p_product", "product_sustained"}
CRITICS = {"cap-kdigo-not-product", "cap-fallacy-oneill"}
PROFILES = ("kdoqi", "kdoqi-paediatric", "cari", "uk-2007", "consensus-before-2003")


@cache
def book(profile: str | None = None) -> Rulebook:
    return Rulebook.default(profile)


def answer(profile: str | None = None, /, **stated: Any) -> Assessment:
    return assess(Patient(**stated), book(profile))


def met(found: Assessment) -> set[str]:
    return {finding.rule for finding in found.findings}


def warned(found: Assessment) -> set[str]:
    return {warning.code for warning in found.warnings}


# ------------------------------------------------------------------------------------------- the other side of it


def reads_a_product(names: frozenset[str]) -> bool:
    """Whether these names are the product, or facts that read it."""
    formulas = {step.name: step.value.node for step in book().walk.program.steps if step.value}
    inner = (frozenset(ex.names(formulas[name])) for name in names & formulas.keys() - PRODUCT_FACTS)
    return bool(names & PRODUCT_FACTS) or any(map(reads_a_product, inner))


NOT_BY_IT = {
    "mineral-history-unspecified"
}  # holds while nothing is named, and a sustained product is a name among others


def product_rules() -> list[str]:
    rules = [rule for rule in book().walk.program.rules if rule.id not in NOT_BY_IT]
    return [rule.id for rule in rules if reads_a_product(frozenset(ex.names(rule.when.node)))]


def test_every_rule_with_product_in_its_name_is_found_to_read_it() -> None:
    named = {rule["id"] for rule in book().rules if "ca-p-product" in rule["id"]}
    assert len(named) == 10
    assert named <= set(product_rules())


@pytest.mark.parametrize("rule", product_rules())
def test_kdigo_and_the_critic_stand_beside_every_rule_that_reads_the_product(rule: str) -> None:
    assert {cited["source"] for cited in book().rule(rule)["against"]} >= CRITICS


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_silences_them(profile: str) -> None:
    found = answer(profile, calcium=10, phosphate=7.2, ckd_stage="G5", age=60)
    rules = [finding for finding in found.findings if "product" in finding.rule]
    assert {finding.rule for finding in rules} >= {"ca-p-product-at-limit-ckd", "ca-p-product-at-70-ckd"}
    for against in (*(finding.against for finding in rules), found.ca_p_product.against):
        assert {cited.id for cited in against} >= CRITICS


# --------------------------------------------------------------------------------------------------- unfit samples

KNOWN: Stated = {
    "age": 60,
    "calcium": 9.9,
    "phosphate": 6.8,
    "ckd_stage": "G5",
    "dialysis": True,
    "mineral_history": False,
    "tissue_damage": False,
    "diabetes": False,
    "vitamin_k_antagonist": False,
    "pth": "normal",
}
FLAGS = ("sample_haemolysed", "sample_post_dialysis")
WARNINGS = {"sample_haemolysed": "haemolysed-sample", "sample_post_dialysis": "post-dialysis-sample"}


def read_from_phosphate(found: Assessment) -> set[str]:
    return {rule for rule in met(found) if rule.startswith(("phosphate-", "ca-p-product-"))}


def test_without_the_flag_the_sample_is_scored() -> None:
    found = answer(**KNOWN)
    assert (found.ca_p_product.at_or_above, found.settled) == (True, True)
    assert {"ca-p-product-at-limit-ckd", "phosphate-above-kdoqi-target-g5"} <= met(found)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("said", [True, "unknown"])
def test_an_unfit_sample_makes_its_phosphate_an_open_question(flag: str, said: Any) -> None:
    found = answer(**KNOWN, **{flag: said})
    product, stated = found.ca_p_product, found.inputs["phosphate"]
    assert (product.value, product.lowest, product.at_or_above, product.corrected_value) == (None,) * 4
    assert product.waits_for == ("serum phosphate (as phosphorus)",)
    assert (stated.value, stated.lowest, stated.highest, stated.as_written) == (None, None, None, "6.8")
    missing = {part.input: part.could_change for part in found.missing}
    assert "classification" in missing["phosphate"]
    assert (flag in missing) is (said == "unknown")
    assert not found.settled
    assert not read_from_phosphate(found)
    assert (WARNINGS[flag] in warned(found)) is (said is True)


@pytest.mark.parametrize("flag", FLAGS)
def test_the_warning_says_to_repeat_it_and_the_source_stands_in_the_rulebook(flag: str) -> None:
    code = WARNINGS[flag]
    said = next(warning.message for warning in answer(**KNOWN, **{flag: True}).warnings if warning.code == code)
    assert "not used" in said
    assert "epeat" in said
    source = {"sample_haemolysed": "phos-ref-quest", "sample_post_dialysis": "preanal-postdialysis-phosphate"}[flag]
    assert [cited["source"] for cited in book().rule(code)["where"]] == [source]


@pytest.mark.parametrize("flag", FLAGS)
def test_a_sample_that_is_said_to_be_fit_is_scored_as_any(flag: str) -> None:
    fit, silent = answer(**KNOWN, **{flag: False}), answer(**KNOWN)
    assert (fit.classification, fit.risk, fit.ca_p_product) == (silent.classification, silent.risk, silent.ca_p_product)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize(
    "reported", [{"ca_p_product": 67}, {"phosphate": "high"}, {"corrected_calcium": 10.2, "phosphate": 9.7}]
)
def test_nor_is_a_printed_product_or_a_word_of_such_a_sample_read(flag: str, reported: Stated) -> None:
    known = {name: value for name, value in KNOWN.items() if name not in {"calcium", "phosphate"}} | reported
    assert read_from_phosphate(answer(**known))
    found = answer(**known, **{flag: True})
    assert not read_from_phosphate(found)
    assert "phosphate" in {part.input for part in found.missing}


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("phosphate", [0.9, 2.5, 4.6, 5.6, 7.1, 9.4])
def test_what_an_unknown_flag_announces_holds_either_answer(flag: str, phosphate: float) -> None:
    wide = answer(**KNOWN | {"phosphate": phosphate, flag: "unknown"})
    tiers = book().data["tier_names"]
    for said in (True, False):
        narrow = answer(**KNOWN | {"phosphate": phosphate, flag: said})
        assert set(narrow.possible_classifications) <= set(wide.possible_classifications)
        assert (
            tiers.index(wide.risk.metastatic.lowest)
            <= tiers.index(narrow.risk.metastatic.lowest)
            <= tiers.index(narrow.risk.metastatic.highest)
            <= tiers.index(wide.risk.metastatic.highest)
        )


def test_calcium_of_an_unfit_sample_still_speaks_for_itself() -> None:
    found = answer(**KNOWN | {"calcium": 14.2, "sample_haemolysed": True})
    assert "calcium-above-14" in met(found)
    assert "critical-calcium" in {part.pattern for part in found.alerts}


# -------------------------------------------------------------------------------------------------------- profiles

# by the sources: 4.0 mmol²/L² is 49.66 mg²/dL², 4.8 is 59.59; 10 mg/dL of calcium makes the arithmetic plain
LIMITS: list[tuple[str, int, float, bool]] = [
    ("kdoqi", 60, 5.5, True),
    ("kdoqi", 60, 5.49, False),
    ("kdoqi", 12, 6.49, False),
    ("kdoqi", 12, 6.5, True),
    ("kdoqi", 13, 5.5, True),
    ("kdoqi-paediatric", 12, 6.49, False),
    ("kdoqi-paediatric", 12, 6.5, True),
    ("kdoqi-paediatric", 13, 5.5, True),
    ("cari", 60, 4.97, True),
    ("cari", 60, 4.96, False),
    ("uk-2007", 60, 5.96, True),
    ("uk-2007", 60, 5.95, False),
    ("consensus-before-2003", 60, 7, True),
    ("consensus-before-2003", 60, 6.99, False),
    ("consensus-before-2003", 8, 7, True),
    ("consensus-before-2003", 8, 6.99, False),
]


@pytest.mark.parametrize(("profile", "age", "phosphate", "reached"), LIMITS)
def test_a_profile_moves_the_limit_of_ckd(profile: str, age: int, phosphate: float, *, reached: bool) -> None:
    found = answer(profile, calcium=10, phosphate=phosphate, ckd_stage="G5", age=age)
    assert found.ca_p_product.at_or_above is reached
    assert ("ca-p-product-at-limit-ckd" in met(found)) is reached


CITED = {
    "kdoqi": "cap-55-kdoqi-2003",
    "kdoqi-paediatric": "cap-pediatric-65",
    "cari": "cap-4-cari",
    "uk-2007": "cap-uk-ra-2007",
    "consensus-before-2003": "cap-70-historic",
}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_finding_cites_the_body_whose_limit_was_read_and_no_other(profile: str) -> None:
    found = answer(profile, calcium=10, phosphate=7.2, ckd_stage="G5", age=60)
    finding = next(each for each in found.findings if each.rule == "ca-p-product-at-limit-ckd")
    for evidence in (finding.evidence, found.ca_p_product.evidence):
        cited = {each.id for each in evidence}
        assert CITED[profile] in cited
        assert not cited & (set(CITED.values()) - {CITED[profile], "cap-pediatric-65"})


def test_every_profile_is_data_and_every_one_is_tried() -> None:
    assert tuple(book().data["profiles"]) == PROFILES


@pytest.mark.parametrize("profile", PROFILES)
def test_outside_ckd_every_profile_keeps_the_rule_of_thumb(profile: str) -> None:
    found = answer(profile, calcium=10, phosphate=5.5, ckd_stage="G1", age=60)
    assert {rule for rule in met(found) if "product" in rule} == {"ca-p-product-at-limit-adult"}
    below = answer(profile, calcium=10, phosphate=5.4, ckd_stage="G1", age=60)
    assert not {rule for rule in met(below) if "product" in rule}


@pytest.mark.parametrize("profile", ["kdoqi", "kdoqi-paediatric"])
def test_without_an_age_the_limit_is_unknown_and_the_age_decides(profile: str) -> None:
    found = answer(profile, calcium=10, phosphate=6, ckd_stage="G4", mineral_history=False, tissue_damage=False)
    product = found.ca_p_product
    assert (product.threshold_lowest, product.threshold_highest, product.at_or_above) == (55, 65, None)
    assert product.si_threshold_lowest == pytest.approx(4.43, abs=0.005)
    assert product.si_threshold_highest == pytest.approx(5.24, abs=0.005)
    assert {"classification", "metastatic"} <= set({part.input: part.could_change for part in found.missing}["age"])
    assert ("profile-needs-age" in warned(found)) is (profile == "kdoqi-paediatric")
    answered = answer(profile, calcium=10, phosphate=6, ckd_stage="G4", age=12)
    assert (answered.ca_p_product.threshold_lowest, answered.ca_p_product.threshold_highest) == (65, 65)
    assert "profile-needs-age" not in warned(answered)


def test_an_age_within_bounds_is_no_missing_age() -> None:
    assert "profile-needs-age" not in warned(answer("kdoqi-paediatric", age="<10 years"))
    assert "profile-needs-age" in warned(answer("kdoqi-paediatric", age="unknown"))


@pytest.mark.parametrize(("age", "ends"), [("<10 years", (65, 65)), ("unknown", (55, 65)), (40, (55, 55))])
def test_the_limit_is_known_as_far_as_the_age_is(age: Any, ends: tuple[int, int]) -> None:
    product = answer(calcium=10, phosphate=6, ckd_stage="G4", age=age).ca_p_product
    assert (product.threshold_lowest, product.threshold_highest) == ends


@pytest.mark.parametrize(("phosphate", "reached"), [(5.4, False), (6.5, True)])
def test_beyond_both_limits_the_age_is_not_needed(phosphate: float, *, reached: bool) -> None:
    assert (
        answer("kdoqi-paediatric", calcium=10, phosphate=phosphate, ckd_stage="G4").ca_p_product.at_or_above is reached
    )


@pytest.mark.parametrize(
    ("profile", "age", "said"), [("kdoqi-paediatric", 18, True), ("kdoqi-paediatric", 17, False), ("kdoqi", 60, False)]
)
def test_a_profile_of_children_says_so_of_an_adult(profile: str, age: int, *, said: bool) -> None:
    assert ("profile-of-children" in warned(answer(profile, age=age))) is said


@pytest.mark.parametrize(
    ("profile", "phosphate", "reached"), [("kdoqi", 5, False), ("cari", 5, True), ("cari", 4.95, False)]
)
def test_cari_brings_its_own_target_of_phosphate(profile: str, phosphate: float, *, reached: bool) -> None:
    found = answer(profile, phosphate=phosphate, ckd_stage="G5", age=60)
    assert ("phosphate-above-kdoqi-target-g5" in met(found)) is reached


# ---------------------------------------------------------------------------------------- what must never be false


def sentences(found: Assessment) -> Iterator[str]:
    yield from (finding.because for finding in found.findings if finding.mechanism == "mineral_load")
    yield from found.ca_p_product.notes


@pytest.mark.parametrize("kidney", [{}, {"creatinine": 7, "sex": "male"}, {"ckd_stage": "unknown"}, {"egfr": 7}])
def test_nothing_is_said_of_people_outside_ckd_while_the_stage_is_open(kidney: Stated) -> None:
    found = answer(age=60, calcium=10, phosphate=7.5, **kidney)
    assert {"ca-p-product-at-limit-adult", "ca-p-product-at-70-adult"} <= met(found)
    assert not [said for said in sentences(found) if "utside CKD" in said or "without CKD" in said]
    assert "ckd_stage" in {part.input for part in found.missing}


def test_an_open_stage_beside_a_low_egfr_is_said_and_the_egfr_feeds_no_rule() -> None:
    silent, computed = answer(age=60, calcium=10, phosphate=6), answer(age=60, calcium=10, phosphate=6, egfr=7)
    assert met(silent) == met(computed)
    assert "stage-not-stated" in warned(computed) - warned(silent)


# ----------------------------------------------------------------------------------------------- sites and reasons

SITES: list[tuple[Stated, str]] = [
    ({"deposit_in_lung": True}, "acid secretion or a fast change of pH"),
    ({"deposit_in_stomach": True}, "acid secretion or a fast change of pH"),
    ({"deposit_site": "kidney"}, "acid secretion or a fast change of pH"),
    ({"deposit_in_cornea": True}, "inflammation or alkalosis is thought to be the second hit"),
    ({"deposit_periarticular": True}, "follows phosphate"),
    ({"deposit_in_coronary": True}, "calcified vessels are a site of this type, and of others"),
    ({"deposit_in_myocardium": True}, "heart muscle calcifies in this type, and in the dystrophic"),
]


@pytest.mark.parametrize(("seen", "reason"), SITES)
def test_a_site_brings_its_reason(seen: Stated, reason: str) -> None:
    said = answer(age=60, calcium=12.5, **seen).conclusion.sentence
    assert reason in said
    assert said.count("site of this type") <= 1


MILD: list[tuple[Stated, str]] = [
    ({"deposit_in_lung": True}, "alkaline tissue"),
    ({"deposit_in_stomach": True}, "acid secretion"),
    ({"deposit_in_kidney": True}, "fast change of pH"),
    ({"deposit_in_cornea": True}, "second hit"),
    ({"deposit_periarticular": True}, "follows phosphate"),
]


@pytest.mark.parametrize(("seen", "reason"), MILD)
def test_so_does_a_site_that_names_the_type_with_a_mild_load(seen: Stated, reason: str) -> None:
    found = answer(age=60, calcium=9.4, phosphate=4.8, ckd_stage="G1", **seen)
    assert found.conclusion.row == "metastatic-by-site"
    assert reason in found.conclusion.sentence


CAUSES: list[tuple[Stated, str]] = [
    ({"hftc": True}, "marked"),
    ({"primary_hyperparathyroidism": True}, "marked"),
    ({"tertiary_hyperparathyroidism": True}, "marked"),
    ({"secondary_hyperparathyroidism": True}, "mild"),
    ({"vitamin_d_intoxication": True}, "marked"),
    ({"milk_alkali": True}, "marked"),
    ({"sarcoidosis": True, "calcium": 11.2, "age": 40}, "marked"),
    ({"malignancy": True, "history_hypercalcaemia": True}, "marked"),
    ({"tumour_lysis": True}, "marked"),
    ({"ckd_stage": "G5"}, "mild"),
    ({"phosphate_given": True}, "mild"),
    ({"phosphate_purgative": True}, "mild"),
    ({"calcium_intake_high": True}, "mild"),
    ({"calcium_based_binder": True}, "mild"),
    ({"sarcoidosis": True}, "none"),
    ({"iv_calcium": True}, "none"),
]


@pytest.mark.parametrize(("stated", "level"), CAUSES)
def test_every_cause_of_overload_speaks_without_a_product(stated: Stated, level: str) -> None:
    assert answer(**stated).mechanisms["mineral_load"].level == level


def test_a_disease_is_named_before_its_number_and_a_number_before_what_is_given() -> None:
    named = answer(age=60, tumour_lysis=True, phosphate=12, phosphate_purgative=True).conclusion.sentence
    assert named.startswith("Points to metastatic: tumour lysis")
    given = answer(age=60, phosphate=4.8, phosphate_purgative=True, deposit_in_kidney=True).conclusion.sentence
    assert given.startswith("Points to metastatic by its site, with a phosphate of 4.8")


# ------------------------------------------------------------------------------------------------- degrees, by age

DEGREES: list[tuple[Stated, str]] = [
    ({"phosphate": 4.6, "age": 40}, "mild"),
    ({"phosphate": 6.9, "age": 40, "ckd_stage": "G1"}, "mild"),
    ({"phosphate": 7, "age": 40, "ckd_stage": "G1"}, "marked"),  # the band of a medicine that raises it
    ({"phosphate": 8.9, "age": 40, "ckd_stage": "G1", "acute_kidney_injury": True}, "mild"),
    ({"phosphate": 8.9, "age": 40, "ckd_stage": "G1", "hypoparathyroidism": True, "mineral_history": True}, "mild"),
    ({"phosphate": 8, "age": 17, "ckd_stage": "G1"}, "mild"),
    ({"phosphate": 8.1, "age": 17, "ckd_stage": "G1"}, "marked"),  # critical in a child
    ({"phosphate": 9, "age": 40, "ckd_stage": "G1"}, "marked"),
    ({"phosphate": 20, "age": 40, "ckd_stage": "G1"}, "marked"),
    ({"phosphate": 6.9, "age": 40, "ckd_stage": "G5"}, "mild"),
    ({"phosphate": 7, "age": 40, "ckd_stage": "G5"}, "marked"),  # KDOQI's own band begins above it
    ({"phosphate": 7.1, "age": 40, "ckd_stage": "G5"}, "marked"),
    ({"phosphate": 7.1, "age": 40, "ckd_stage": "G5", "calcium": 7}, "marked"),
    ({"phosphate": 7.6, "age": "2 weeks"}, "none"),
    ({"ionised_calcium": 1.31, "age": 40}, "mild"),
    ({"ionised_calcium": 1.5, "age": 40}, "marked"),
    ({"ionised_calcium": 1.48, "age": "5 months"}, "none"),
    ({"ionised_calcium": 1.46, "age": 1}, "mild"),
    ({"ionised_calcium": 1.41, "age": 2}, "none"),
    ({"ionised_calcium": 1.38, "age": 17}, "mild"),
    ({"calcium": 10.9, "age": 1}, "none"),
    ({"calcium": 10.9, "age": 10}, "mild"),
    ({"calcium": 12, "age": 40}, "marked"),
    ({"calcium": 14.1, "age": 40}, "severe"),
    ({"pth": 798, "ckd_stage": "G5"}, "marked"),
    ({"pth": 780, "ckd_stage": "G5", "age": 40}, "mild"),
]


@pytest.mark.parametrize(("stated", "level"), DEGREES)
def test_calcium_phosphate_and_pth_speak_each_for_itself(stated: Stated, level: str) -> None:
    assert answer(**{"mineral_history": False, "ckd_stage": "G1"} | stated).mechanisms["mineral_load"].level == level


def test_whether_a_sample_was_fit_is_no_question_where_nothing_of_it_is_stated() -> None:
    nothing = {name: value for name, value in KNOWN.items() if name != "phosphate"}
    missing = {part.input for part in answer(**nothing, sample_haemolysed="unknown").missing}
    assert "phosphate" in missing
    assert "sample_haemolysed" not in missing


GRADES: list[tuple[Stated, str]] = [
    ({"sarcoidosis": True, "calcium": 13.4}, "high"),
    ({"malignancy": True, "calcium": 12}, "high"),
    ({"sarcoidosis": True, "calcium": 11.9}, "moderate"),
    ({"sarcoidosis": True, "calcium": 10.6, "albumin": 2}, "high"),  # 12.2 corrected
    ({"calcium": 13.4}, "moderate"),
    ({"sarcoidosis": True, "calcium": 9.4}, "low"),
    ({"primary_hyperparathyroidism": True, "calcium": 11.1, "mineral_history": True}, "high"),
]


@pytest.mark.parametrize(("stated", "tier"), GRADES)
def test_a_disease_and_the_calcium_it_raises_confirm_each_other(stated: Stated, tier: str) -> None:
    known = {"age": 45, "phosphate": 3.4, "ckd_stage": "G1", "mineral_history": False}
    assert answer(**known | stated).risk.metastatic.tier == tier


CRITICAL: list[tuple[Stated, str | None]] = [
    ({"age": 2, "phosphate": 22}, "critical-phosphate-of-a-child"),
    ({"age": 2, "phosphate": 8.1}, "critical-phosphate-of-a-child"),
    ({"age": 2, "phosphate": 8}, None),
    ({"age": 2, "phosphate": 1.2}, "critical-phosphate-of-a-child"),
    ({"age": 40, "phosphate": 8.1}, None),
    ({"age": 40, "phosphate": 9.1}, "critical-phosphate"),
    ({"phosphate": 22}, "critical-phosphate"),  # beyond both lists
    ({"phosphate": 8.5}, None),
]


@pytest.mark.parametrize(("stated", "pattern"), CRITICAL)
def test_a_critical_phosphate_is_alerted_at_every_age_by_its_own_list(stated: Stated, pattern: str | None) -> None:
    assert [part.pattern for part in answer(**stated).alerts] == ([pattern] if pattern else [])
