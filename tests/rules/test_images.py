"""What an image says: patterns beside a class, scores with their systems named, and what is normal for the age."""

from __future__ import annotations

import pytest
from answering import Stated, answer

NORMAL: Stated = {"age": 50, "calcium": 9.4, "phosphate": 3.5, "ckd_stage": "G1", "mineral_history": False}
NO_DAMAGE: Stated = {**NORMAL, "tissue_damage": False}
SOFT: Stated = {"deposit_in_soft_tissue": True}

PATTERNS: list[tuple[str, Stated, bool]] = [
    ("image-amorphous", {"pattern_amorphous": True, **SOFT}, True),
    ("image-amorphous", {"pattern_amorphous": True, "deposit_in_lung": True}, False),  # the share is none of the lung
    ("image-amorphous", {"pattern_speckled": True, **SOFT}, False),
    ("image-speckled", {"pattern_speckled": True, **SOFT}, True),
    ("image-speckled", {"pattern_speckled": True, "deposit_in_breast": True}, False),
    ("image-sheet-like", {"pattern_sheet_like": True, **SOFT}, True),
    ("image-sheet-like", {"pattern_sheet_like": True, "dermatomyositis": True}, False),  # known: a rule speaks
    ("image-juxta-articular-mass", {"pattern_lobulated": True, "deposit_periarticular": True}, True),
    ("image-juxta-articular-mass", {"pattern_lobulated": True, "ckd_stage": "G5"}, True),
    ("image-juxta-articular-mass", {"pattern_lobulated": True, "hftc": True}, False),
    ("image-juxta-articular-mass-familial", {"pattern_lobulated": True, "hftc": True}, True),
    ("image-popcorn", {"pattern_popcorn": True, "deposit_in_lung": True}, True),
    ("image-calcification-or-bone", {"muscle_trauma": True, "deposit_in_muscle": True}, True),
    ("image-calcification-or-bone", {"muscle_trauma": True, "deposit_in_lung": True}, False),
    ("pineal-or-choroid-in-a-young-child", {"age": 8.9, "deposit_in_pineal": True}, True),
    ("pineal-or-choroid-in-a-young-child", {"age": 9, "deposit_in_pineal": True}, False),
    ("pineal-or-choroid-in-a-young-child", {"age": 3, "deposit_in_choroid": True}, True),
    ("pathological-basal-ganglia", {"age": 39.9, "deposit_in_basal_ganglia": True}, True),
    ("pathological-basal-ganglia", {"age": 40, "deposit_in_basal_ganglia": True}, False),
]


@pytest.mark.parametrize(("pattern", "stated", "said"), PATTERNS)
def test_a_pattern_calls_to_mind_what_its_source_says(pattern: str, stated: Stated, *, said: bool) -> None:
    assert (pattern in {part.pattern for part in answer(**stated).consider}) is said


@pytest.mark.parametrize("pattern", ["amorphous", "speckled", "lobulated", "popcorn", "sheet_like"])
def test_a_look_alone_names_no_type_and_moves_no_tier(pattern: str) -> None:
    """Teaching tables and one case: a look raises nothing by itself."""
    plain, seen = answer(**NO_DAMAGE, **SOFT), answer(**NO_DAMAGE, **SOFT, **{f"pattern_{pattern}": True})
    assert (seen.classification, seen.risk) == (plain.classification, plain.risk)


def test_sheets_in_another_connective_tissue_disease_raise_the_injury() -> None:
    plain = answer(**NORMAL, connective_tissue_disease=True)
    sheets = answer(**NORMAL, connective_tissue_disease=True, pattern_sheet_like=True)
    assert (plain.mechanisms["tissue_injury"].level, sheets.mechanisms["tissue_injury"].level) == ("mild", "marked")
    assert sheets.classification == "dystrophic"


def test_sheets_beside_an_overload_stay_mixed() -> None:
    found = answer(**{**NORMAL, "ckd_stage": "G5", "phosphate": 7.9}, dermatomyositis=True, pattern_sheet_like=True)
    assert found.classification == "mixed"


def test_an_amorphous_deposit_beside_an_overload_asks_for_damage() -> None:
    overloaded = {**NO_DAMAGE, "ckd_stage": "G5", "phosphate": 7.9}
    found = answer(**overloaded, pattern_amorphous=True, **SOFT)
    assert found.classification == "metastatic"
    assert "ask for damaged tissue there" in found.conclusion.sentence


# ------------------------------------------------------------------------------------------------------------- scores

SAID: list[tuple[Stated, str, tuple[str, ...]]] = [
    ({"agatston": 400}, "agatston-400", ("four bands", "0, 1 to 99, 100 to 399, 400 and more")),
    ({"agatston": 100}, "agatston-100", ("four bands", "0, 1 to 99, 100 to 399, 400 and more")),
    ({"agatston": 1}, "agatston-any", ("four bands", "0, 1 to 99, 100 to 399, 400 and more")),
    ({"aac24": 9}, "aac24-above-7-75", ("4.5", "7.75", "no bands are agreed")),
    ({"aac24": 5}, "aac24-above-4-5", ("4.5", "7.75", "no bands are agreed")),
    ({"adragao": 3}, "adragao-3", ("at or above 3", "more than 3")),
]


@pytest.mark.parametrize(("stated", "rule", "words"), SAID)
def test_a_score_names_its_system_and_both_cut_offs(stated: Stated, rule: str, words: tuple[str, ...]) -> None:
    (said,) = [finding.because for finding in answer(**stated).findings if finding.rule == rule]
    assert [word for word in words if word not in said] == []


DISAGREEMENTS: list[tuple[str, Stated, bool]] = [
    ("agatston-band-systems", {"agatston": 100}, True),
    ("agatston-band-systems", {"agatston": 400}, True),
    ("agatston-band-systems", {"agatston": 101}, False),
    ("aortic-cut-offs-differ", {"aac24": 4.5}, False),
    ("aortic-cut-offs-differ", {"aac24": 5}, True),
    ("aortic-cut-offs-differ", {"aac24": 7.75}, True),
    ("aortic-cut-offs-differ", {"aac24": 8}, False),
    ("adragao-cut-offs-differ", {"adragao": 3}, True),
    ("adragao-cut-offs-differ", {"adragao": 4}, False),
]


@pytest.mark.parametrize(("code", "stated", "said"), DISAGREEMENTS)
def test_where_two_systems_disagree_it_is_said(code: str, stated: Stated, *, said: bool) -> None:
    assert (code in {warning.code for warning in answer(**stated).warnings}) is said


# ------------------------------------------------------------------------------------------------------ physiological


@pytest.mark.parametrize(
    ("stated", "age"),
    [({"deposit_in_pineal": True}, 12), ({"deposit_in_choroid": True}, 30), ({"deposit_in_basal_ganglia": True}, 40)],
)
def test_what_is_normal_for_the_age_is_named_and_alarms_nobody(stated: Stated, age: int) -> None:
    found = answer(**{**NO_DAMAGE, "age": age}, **stated)
    assert (found.classification, found.alerts) == ("physiological", ())
    assert {found.risk.metastatic.tier, found.risk.dystrophic.tier} == {"low"}


def test_below_forty_the_basal_ganglia_are_not_physiological() -> None:
    assert answer(**{**NO_DAMAGE, "age": 39}, deposit_in_basal_ganglia=True).classification != "physiological"


def test_a_young_child_is_told_of_both_sources() -> None:
    found = answer(age=5, deposit_in_pineal=True)
    assert "then thinks of a neoplasm of the pineal gland" in found.conclusion.sentence
    assert [cited.id for cited in found.conclusion.against] == ["phys-under-nine"]


ONLY = "the calcification that was seen is normal for the age"


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"deposit_in_pineal": True}, True),
        ({"deposit_in_pineal": True, "deposit_in_lung": True}, False),
        ({"deposit_in_basal_ganglia": True}, True),
        ({"deposit_in_basal_ganglia": True, "age": 30}, False),
        ({"deposit_in_basal_ganglia": True, "hypoparathyroidism": True, "mineral_history": True}, False),
        ({"deposit_in_lung": True}, False),
        ({}, False),
    ],
)
def test_a_calcified_pineal_gland_is_no_sign_of_another_class(stated: Stated, *, said: bool) -> None:
    found = answer(**{**NORMAL, "ckd_stage": "G5", "phosphate": 7.9, **stated})
    assert found.classification == "metastatic"
    assert (ONLY in found.conclusion.sentence) is said
