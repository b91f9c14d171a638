"""What a second reader of the rulebook found: sentences held to their source, answers to the rest of their page."""

from __future__ import annotations

from typing import Any

import pytest
from answering import NORMAL, SAFE, Stated, answer, codes

from calcrisk.render.brief import brief


def sentence(**stated: Any) -> str:
    return answer(**stated).conclusion.sentence


def test_calcified_basal_ganglia_are_not_called_common() -> None:
    """The source counts one head CT in a hundred, and more with age."""
    said = sentence(**SAFE, deposit_in_basal_ganglia=True)
    assert "one in a hundred" in said
    assert "common" not in said


@pytest.mark.parametrize("finding", ["atheroma", "diseased_valve"])
def test_a_tier_is_assessed_where_the_same_page_shows_its_injury(finding: str) -> None:
    found = answer(**NORMAL, **{finding: True})
    assert found.mechanisms["tissue_injury"].lowest == "mild"
    assert (found.risk.dystrophic.assessed, found.risk.dystrophic.tier) == (True, "moderate")
    assert found.risk.dystrophic.highest == "high"  # the question of the tissue is still open
    assert answer(**NORMAL).risk.dystrophic.assessed is False


SEEN_WORDS: list[tuple[Stated, str, bool]] = [
    ({"diseased_valve": True, "deposit_in_valve": True}, "diseased valve as dystrophic", True),
    ({"diseased_valve": True, "deposit_in_aorta": True}, "diseased valve as dystrophic", False),
    ({"deposit_in_valve": True}, "diseased valve as dystrophic", False),
    ({"atheroma": True, "deposit_in_coronary": True}, "necrotic core as dystrophic", True),
    ({"atheroma": True, "deposit_site": "aorta"}, "necrotic core as dystrophic", True),
    ({"atheroma": True, "deposit_in_valve": True}, "necrotic core as dystrophic", False),
]


@pytest.mark.parametrize(("stated", "words", "said"), SEEN_WORDS)
def test_vessels_and_valves_that_were_diseased_are_named_dystrophic(stated: Stated, words: str, *, said: bool) -> None:
    assert answer(**SAFE, **stated).classification == "vascular"
    assert (words in sentence(**SAFE, **stated)) is said


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"phosphate": 4.6}, True),
        ({"phosphate": 4.6, "history_hyperphosphataemia": True, "mineral_history": True}, False),  # confirmed
        ({"ckd_stage": "G5", "dialysis": True}, False),
    ],
)
def test_one_mild_value_and_a_joint_call_the_look_alikes_to_mind(stated: Stated, *, said: bool) -> None:
    assert ("tendinitis" in sentence(**{**SAFE, **stated}, deposit_periarticular=True)) is said


# both are within their intervals, and their product is above 65
INFANT: Stated = {"age": "5 months", "calcium": 10.8, "phosphate": 6.5}


@pytest.mark.parametrize(
    ("stated", "caveat"),
    [
        ({"ckd_stage": "G1"}, "65 (arithmetic only in a child without CKD G3a to G5)."),
        ({}, "65 (a limit in children with CKD G3a to G5 only; the stage is not stated)."),
        ({"ckd_stage": "G4"}, "65."),
        ({"age": 40, "ckd_stage": "G1"}, "55."),
    ],
)
def test_a_product_says_in_one_line_too_where_its_limit_is_not_meant(stated: Stated, caveat: str) -> None:
    assert f"at or above {caveat}" in brief(answer(**{**INFANT, **stated}))


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"age": 9, "ckd_stage": "G5"}, True),
        ({"age": 18, "ckd_stage": "G5"}, False),
        ({"age": 9, "vitamin_k_antagonist": True}, True),
        ({"age": 9, "ckd_stage": "G2"}, False),
    ],
)
def test_a_child_is_told_that_the_studies_were_of_others(stated: Stated, *, said: bool) -> None:
    assert ("studies-not-of-children" in codes(**stated)) is said


def test_each_lever_says_whom_its_studies_were_of() -> None:
    found = answer(age=50, ckd_stage="G5", dialysis=True, phosphate=7)
    assert {part.lever: part.studied_in for part in found.levers}["vitamin-k"] == "haemodialysis"
    assert all(part.studied_in for part in found.levers)


@pytest.mark.parametrize(
    ("word", "level", "normal"), [("high", "mild", False), ("normal", "none", True), ("low", "none", True)]
)
def test_ionised_calcium_may_be_a_word(word: str, level: str, *, normal: bool) -> None:
    found = answer(**SAFE, ionised_calcium=word)
    assert found.mechanisms["mineral_load"].level == level
    soft = sentence(**SAFE, deposit_in_soft_tissue=True, ionised_calcium=word)
    assert soft.startswith("Idiopathic by exclusion") is normal


ELSEWHERE = "that the damage lies where the deposit lies was not stated"
DAMAGE: list[tuple[Stated, str, str]] = [
    ({"infarct": True, "tissue_in_brain": True}, "moderate", ELSEWHERE),
    ({"septic_myocardium": True}, "high", ELSEWHERE),
    ({"granuloma": True, "tissue_in_lung": True}, "high", ELSEWHERE),
    ({"tissue_damage": True}, "high", ELSEWHERE),
    ({"muscle_trauma": True, "tissue_in_muscle": True}, "moderate", "it may be bone in the making"),
    ({"dermatomyositis": True}, "very_high", "a deposit in damaged soft tissue"),
    ({"necrosis": True, "tissue_in_soft_tissue": True}, "very_high", "a deposit in damaged soft tissue"),
    ({"injection_site": True}, "very_high", "a deposit in damaged soft tissue"),
]


@pytest.mark.parametrize(("stated", "tier", "words"), DAMAGE)
def test_a_deposit_lies_in_damaged_tissue_only_where_that_tissue_is_damaged(
    stated: Stated, tier: str, words: str
) -> None:
    """An infarct of the brain says nothing of a deposit in soft tissue, and a bruised muscle makes bone."""
    found = answer(**NORMAL, deposit_in_soft_tissue=True, **stated)
    assert (found.classification, found.risk.dystrophic.tier) == ("dystrophic", tier)
    assert words in found.conclusion.sentence


@pytest.mark.parametrize(
    ("calcium", "words"),
    [(14.5, "the high calcium may be the result of the necrosis"), (9.0, "calcium is not raised, and may rise late")],
)
def test_no_high_calcium_is_spoken_of_where_it_is_not_high(calcium: float, words: str) -> None:
    assert words in sentence(age=50, calcium=calcium, phosphate=10, rhabdomyolysis=True, ckd_stage="G1")
