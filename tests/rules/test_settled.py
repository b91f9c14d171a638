"""Settled: no open question can move the class or a tier, and what was assumed absent and could is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from random_patients import Stated, names, patients, read, walk

from calcrisk import Assessment, Patient, Rulebook, assess
from calcrisk.render import words
from calcrisk.rules.decisive import Supposing
from calcrisk.stated import Given
from calcrisk.variables import registry

BOOK = Rulebook.default()
WELL: dict[str, Any] = {
    "age": 50,
    "calcium": 9.4,
    "phosphate": 3.4,
    "ckd_stage": "G1",
    "mineral_history": False,
    "diabetes": False,
    "vitamin_k_antagonist": False,
}
HIGH = WELL | {"calcium": 11.5, "mineral_history": False, "tissue_damage": False, "pth": 5, "pth_lower_limit": 15}
SECONDARY = HIGH | {"mineral_history": True, "secondary_hyperparathyroidism": True, "pth": 120, "pth_upper_limit": 65}

# "No" to the mineral history answers every disorder of it, so what is left is what no core question covers.
# A patient for each question beside an answer that silence takes for "no", and the input that is its answer.
ASKED: list[tuple[dict[str, Any], str]] = [
    (WELL | {"skin_necrosis": True}, "skin_necrosis_explained"),
    (WELL | {"skin_necrosis": True, "systemic_sclerosis": True, "deposit_in_skin": True}, "skin_necrosis_explained"),
    (HIGH, "sarcoidosis"),
    (HIGH, "malignancy"),
    (SECONDARY, "primary_hyperparathyroidism"),
    (SECONDARY, "tertiary_hyperparathyroidism"),
    (WELL | {"age": 30, "tissue_damage": False, "deposit_in_basal_ganglia": True}, "primary_brain_calcification"),
    (WELL | {"pattern_sheet_like": True, "deposit_in_muscle": True, "scar": True}, "dermatomyositis"),
    # a bare yes counts as marked, and a name of it may weigh less
    (WELL | {"tissue_damage": True}, "infarct"),
    (WELL | {"tissue_damage": True, "ca_p_product": 67, "dialysis": True, "ckd_stage": "G5"}, "scar"),
    (WELL | {"tissue_damage": False, "mineral_history": True}, "secondary_hyperparathyroidism"),
]


def answer(**stated: Any) -> Assessment:
    return assess(Patient(**stated), BOOK)


def decides(found: Assessment) -> set[str]:
    return {name for part in (*found.alerts, *found.consider) for name in part.decides}


@pytest.mark.parametrize(("stated", "name"), ASKED)
def test_what_was_assumed_and_would_change_a_settled_answer_is_said(stated: dict[str, Any], name: str) -> None:
    before, after = answer(**stated), answer(**stated, **{name: True})
    assert (before.classification, before.risk) != (after.classification, after.risk)
    assert name in decides(before)
    assert words.word(name) in words.standing(before)
    assert name not in decides(after)


def test_every_question_that_decides_is_tried_here() -> None:
    declared = {name for entry in BOOK.data["consider"] for name in entry["decides"]}
    assert declared == {name for _, name in ASKED}


@pytest.mark.parametrize("word", [False, "unknown"])
def test_what_was_answered_is_not_called_assumed(*, word: bool | str) -> None:
    found = answer(**WELL, skin_necrosis=True, skin_necrosis_explained=word)
    assert not decides(found)
    assert found.settled is (word is False)


def test_a_class_that_an_assumption_holds_is_not_called_settled_without_it() -> None:
    said = words.standing(answer(skin_necrosis=True, mineral_history=False, calcium=9.4, ckd_stage="G1"))
    assert said.startswith("The class is settled as far as was asked;")
    assert "skin necrosis explained" in said


def test_what_would_change_nothing_is_not_said() -> None:
    found = answer(**HIGH | {"milk_alkali": True, "mineral_history": True})
    assert not decides(found)


def test_an_infant_with_calcified_arteries_is_asked_for_the_genes_and_alerted() -> None:
    found = answer(**WELL | {"age": "4 months", "tissue_damage": False, "deposit_in_aorta": True})
    assert [part.pattern for part in found.alerts] == ["arterial-calcification-of-infancy"]
    assert not found.settled
    assert set(found.possible_classifications) == {"vascular", "heritable"}
    assert {part.input for part in found.missing if part.decisive} == {
        "enpp1_biallelic",
        "abcc6_biallelic",
        "nt5e_biallelic",
    }


@pytest.mark.parametrize("kidneys", ["G5", "G3a"])
def test_where_age_or_kidneys_explain_it_the_genes_are_not_asked(kidneys: str) -> None:
    young = WELL | {"age": 35, "ckd_stage": kidneys, "tissue_damage": False, "deposit_in_aorta": True}
    old = young | {"age": 70, "ckd_stage": "G1"}
    assert not any("biallelic" in part.input for stated in (young, old) for part in answer(**stated).missing)


LOW_PTH = WELL | {"calcium": 13.4, "mineral_history": True, "tissue_damage": False, "pth": 4}
BESIDE: list[tuple[dict[str, Any], str | None, str | None]] = [
    (LOW_PTH, "pth-independent-hypercalcaemia", "25-hydroxyvitamin D"),
    (LOW_PTH | {"vitamin_d_25": 40}, "pth-independent-hypercalcaemia-beside-vitamin-d", "1,25-dihydroxyvitamin D"),
    (LOW_PTH | {"vitamin_d_25": 210}, "pth-independent-hypercalcaemia-with-a-cause", None),
    (LOW_PTH | {"sarcoidosis": True}, "pth-independent-hypercalcaemia-with-a-cause", None),
    (LOW_PTH | {"pth": 40}, "hypercalcaemia-without-a-pth", "limits"),
    (LOW_PTH | {"pth": 120}, "pth-dependent-hypercalcaemia", "kidneys"),
]


@pytest.mark.parametrize(("stated", "pattern", "asked"), BESIDE)
def test_a_high_calcium_is_read_by_pth_once_and_asks_for_nothing_that_was_stated(
    stated: dict[str, Any], pattern: str, asked: str | None
) -> None:
    (found,) = [part for part in answer(**stated).consider if "calcaemia" in part.pattern]
    assert found.pattern == pattern
    assert (asked in found.next) if asked and found.next else asked == found.next


def test_familial_brain_calcification_is_heritable_and_hypoparathyroidism_is_not() -> None:
    """GeneReviews: the name is given where no metabolic cause is found; and both are facts that a patient may have."""
    brain = WELL | {"tissue_damage": False, "deposit_in_basal_ganglia": True}
    assert answer(**brain, primary_brain_calcification=True).classification == "heritable"
    assert answer(**brain | {"mineral_history": True}, pseudohypoparathyroidism=True).classification == "other"
    both = answer(**brain | {"mineral_history": True}, primary_brain_calcification=True, hypoparathyroidism=True)
    assert "excludes that name" in both.conclusion.sentence


# What a specialist would sign, found wrong on published kinds of case (November 2026).
SKIN_TUMOUR = {"tumour_necrosis": True, "tissue_in_skin": True, "deposit_in_skin": True}
HEPARIN = WELL | {"injection_site": True, "tissue_in_skin": True, "deposit_in_skin": True}
SIGNED: list[tuple[str, dict[str, Any], str, str]] = [
    ("dead tumour of the skin", WELL | SKIN_TUMOUR, "dystrophic", "damaged soft tissue"),
    ("and dead tissue elsewhere", WELL | SKIN_TUMOUR | {"tissue_in_breast": True}, "calciphylaxis", "skin necrosis"),
    ("nadroparin", HEPARIN | {"calcium_heparin": True}, "iatrogenic", "heparin that contains calcium"),
    (
        "injection, G5",
        HEPARIN | {"ckd_stage": "G5", "phosphate": 6.4, "dialysis": True},
        "mixed",
        "damaged soft tissue",
    ),
    (
        "milk-alkali",
        HIGH | {"calcium": 15.2, "mineral_history": True, "milk_alkali": True},
        "metastatic",
        "milk-alkali",
    ),
    ("vitamin D", HIGH | {"calcium": 16, "mineral_history": True, "vitamin_d_25": 382}, "metastatic", "a toxic value"),
    ("warfarin", WELL | {"vitamin_k_antagonist": True, "deposit_in_valve": True}, "vascular", "vitamin K antagonist"),
    ("kidney", WELL | {"infarct": True, "tissue_in_kidney": True, "deposit_in_kidney": True}, "dystrophic", "kidney"),
    ("infarct", WELL | {"infarct": True, "deposit_in_myocardium": True}, "dystrophic", "in the heart was not stated"),
]


@pytest.mark.parametrize(("name", "stated", "classification", "said"), SIGNED, ids=[case[0] for case in SIGNED])
def test_a_published_kind_of_case_reads_as_a_specialist_would_sign_it(
    name: str, stated: dict[str, Any], classification: str, said: str
) -> None:
    found = answer(**stated)
    assert found.classification == classification, name
    assert said in found.conclusion.sentence
    assert "not named" not in found.conclusion.sentence


# A deposit at a site of metastatic calcification is not passed over for a normal chemistry (November 2026).
LUNG = WELL | {"tissue_damage": False, "deposit_in_lung": True}
PUBLISHED = {"calcium": "2.56 mmol/L", "phosphate": "0.79 mmol/L"}  # phpt-mpc-normocalcaemic-56f
SITE: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    (LUNG | PUBLISHED, "indeterminate", "low", "very_high"),  # nobody measured the PTH
    (LUNG | PUBLISHED | {"pth": "128 pmol/L", "pth_upper_limit": "7.3 pmol/L"}, "metastatic", "very_high", "very_high"),
    (LUNG | {"pth": 500, "pth_upper_limit": 65}, "metastatic", "moderate", "moderate"),
    (LUNG | {"pth_status": "high"}, "metastatic", "moderate", "very_high"),  # how high, the word leaves open
    (LUNG | {"pth": 40, "pth_upper_limit": 65}, "indeterminate", "low", "low"),
    (LUNG | {"deposit_in_valve": True}, "vascular", "low", "very_high"),
    (WELL | {"tissue_damage": False, "deposit_in_valve": True, "pth": 500}, "vascular", "low", "low"),
]


@pytest.mark.parametrize(("stated", "classification", "lowest", "highest"), SITE)
def test_a_deposit_at_a_metastatic_site_asks_for_pth_and_a_high_one_is_read(
    stated: dict[str, Any], classification: str, lowest: str | None, highest: str | None
) -> None:
    found = answer(**stated)
    tier = found.risk.metastatic
    assert (found.classification, tier.lowest, tier.highest) == (classification, lowest, highest)
    assert ("pth" in {part.input for part in found.missing if part.decisive}) is (lowest != highest)


@pytest.mark.parametrize("place", ["lung", "stomach", "skin", "breast"])
def test_a_calcified_vessel_hides_no_other_deposit(place: str) -> None:
    said = answer(
        **WELL, tissue_damage=False, deposit_in_aorta=True, **{f"deposit_in_{place}": True}
    ).conclusion.sentence
    assert said.startswith("Vascular calcification has been seen")
    assert "as well, and nothing that was found explains it" in said


def test_what_is_said_of_a_correction_in_kidney_disease_is_what_is_done() -> None:
    ours = answer(**WELL | {"ckd_stage": "G5", "calcium": 9.0, "albumin": 2.5})
    reported = answer(**WELL | {"ckd_stage": "G5", "calcium": 9.0, "corrected_calcium": 10.4})
    rule = "calcium-above-kdoqi-ceiling-g5"
    codes = [{part.code for part in found.warnings} for found in (ours, reported)]
    assert ("correction-in-ckd" in codes[0], "reported-correction-in-ckd" in codes[0]) == (True, False)
    assert ("correction-in-ckd" in codes[1], "reported-correction-in-ckd" in codes[1]) == (False, True)
    assert [rule in {part.rule for part in found.findings} for found in (ours, reported)] == [False, True]


@given(patients())
def test_a_yes_that_is_supposed_gives_what_a_yes_that_is_stated_gives(stated: Stated) -> None:
    """The walk is gone again only where the yes reaches; the whole walk is the measure."""
    taken = read(stated).given
    found, ours = walk().evaluate(taken), Supposing(walk())
    for name in names("volunteered"):
        if registry()[name].kind == "yesno" and name not in taken and name not in found.implied:
            other = walk().evaluate({**taken, name: Given(True, None, "yes", "test")})
            assert ours.with_yes(found, taken, name) == (other.row, other.tiers), name
