"""The controls of docs/hazards.md, tried on the shipped rulebook: one class a hazard, named by its number there."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import ValidationError

from calcrisk import Assessment, InputError, Patient, Rulebook, assess
from calcrisk.render.json import to_json

if TYPE_CHECKING:
    from calcrisk.assessment import Finding

TIERS = ("metastatic", "dystrophic", "vascular")
WELL: dict[str, Any] = {  # an adult about whom every core question is answered, and nothing is wrong
    "age": 50,
    "calcium": 9.4,
    "phosphate": 3.5,
    "ckd_stage": "G1",
    "mineral_history": False,
    "tissue_damage": False,
    "diabetes": False,
    "vitamin_k_antagonist": False,
}


@functools.cache
def rulebook() -> Rulebook:
    return Rulebook.default()


def answer(**stated: Any) -> Assessment:
    return assess(Patient(**stated), rulebook())


def rank(level: str) -> int:
    levels: list[str] = rulebook().data["levels"]
    return levels.index(level)


def load(**stated: Any) -> int:
    """How high the mineral load of a patient stands on what is known."""
    return rank(answer(**stated).mechanisms["mineral_load"].level)


def by_product(assessment: Assessment) -> list[Finding]:
    """The findings that rest on calcium and phosphate together."""
    return [finding for finding in assessment.findings if {"calcium", "phosphate"} <= finding.inputs.keys()]


class TestH01WrongUnit:
    def test_a_number_of_the_other_unit_is_refused_with_the_likely_one(self) -> None:
        with pytest.raises(InputError, match=r"2\.4 mmol/L"):
            Patient(calcium=2.4)

    def test_both_unit_systems_give_the_same_answer(self) -> None:
        si = answer(calcium="2.5 mmol/L", phosphate="2 mmol/L", ckd_stage="G5", age=60)
        conventional = answer(calcium=2.5 * 4.0078, phosphate=2 * 3.0974, ckd_stage="G5", age=60)
        assert (si.classification, si.risk) == (conventional.classification, conventional.risk)


class TestH02ImplausibleValue:
    @pytest.mark.parametrize("stated", [{"phosphate": 58}, {"calcium": "9,9"}, {"calcium": float("nan")}, {"age": -1}])
    def test_what_no_patient_has_is_refused(self, stated: dict[str, Any]) -> None:
        with pytest.raises(InputError):
            Patient(**stated)

    def test_what_is_odd_is_scored_and_said(self) -> None:
        assert answer(**WELL | {"calcium": 17}).warnings


class TestH03SilentDefault:
    def test_of_nothing_nothing_is_said(self) -> None:
        empty = answer()
        assert empty.classification == "indeterminate"
        assert [name for name in TIERS if getattr(empty.risk, name).assessed] == []
        assert all(getattr(empty.risk, name).tier is None for name in TIERS)
        assert {"calcium", "phosphate"} <= {missing.input for missing in empty.missing}

    def test_what_is_assumed_absent_is_named(self) -> None:
        assert "sarcoidosis" in answer(**WELL).assumed_absent
        assert "sarcoidosis" not in answer(**WELL | {"sarcoidosis": False}).assumed_absent


class TestH04UnknownIsNotNo:
    def test_the_well_have_none_identified(self) -> None:
        assert answer(**WELL).classification == "none_identified"

    @pytest.mark.parametrize("question", ["calcium", "phosphate", "mineral_history", "tissue_damage"])
    @pytest.mark.parametrize("unknown", ["unknown", None], ids=["said to be unknown", "not said"])
    def test_an_open_question_of_the_minimum_withholds_it(self, question: str, unknown: str | None) -> None:
        open_answer = answer(**WELL | {question: unknown})
        assert open_answer.classification == "indeterminate"
        assert question in {missing.input for missing in open_answer.missing}


class TestH05ANormalProductExcludesNothing:
    @pytest.mark.parametrize("disease", ["hftc", "vitamin_d_intoxication", "milk_alkali"])
    def test_a_standing_disease_speaks_at_a_normal_product(self, disease: str) -> None:
        patient = WELL | {"mineral_history": True, disease: True}
        assert "metastatic" in answer(**patient).possible_classifications
        assert load(**patient) >= rank("marked")

    def test_a_normal_product_lowers_nothing(self) -> None:
        history = {"age": 58, "ckd_stage": "G5", "dialysis": True, "history_hyperphosphataemia": True}
        assert load(**history, calcium=9, phosphate=3) >= load(**history)


class TestH06AcuteKidneyInjury:
    ACUTE: ClassVar[dict[str, Any]] = {"age": 60, "sex": "male", "creatinine": 5, "acute_kidney_injury": True}

    def test_no_stage_is_suggested(self) -> None:
        acute, chronic = answer(**self.ACUTE), answer(**self.ACUTE | {"acute_kidney_injury": False})
        suggested = {name for name, fact in chronic.facts.items() if fact.value is not None and "stage" in name}
        assert suggested
        assert all(acute.facts[name].value is None for name in suggested if name in acute.facts)

    def test_dialysis_for_it_is_no_stage_five(self) -> None:
        assert "ckd_stage" not in answer(**self.ACUTE, dialysis=True).inputs
        assert answer(age=60, dialysis=True, acute_kidney_injury=False).inputs["ckd_stage"].value == "G5"

    def test_a_suggested_stage_feeds_no_rule(self) -> None:
        measured = {"calcium": 10, "phosphate": 6, "age": 60, "sex": "male"}
        assert load(**measured, creatinine=6) == load(**measured)


class TestH07TheProductIsNotALaw:
    def test_its_critics_stand_beside_it(self) -> None:
        assert answer(**WELL).ca_p_product.against

    def test_in_a_child_without_kidney_disease_it_is_arithmetic(self) -> None:
        child = answer(**WELL | {"age": 4, "calcium": 10, "phosphate": 6})
        assert child.ca_p_product.value == pytest.approx(60)
        assert by_product(child) == []

    def test_outside_kidney_disease_it_is_a_mild_choice_of_ours(self) -> None:
        adult = answer(**WELL | {"calcium": 10, "phosphate": 5.6})
        assert adult.mechanisms["mineral_load"].level == "mild"
        assert [(finding.level, finding.basis) for finding in by_product(adult)] == [("mild", "design-choice")]

    def test_once_is_called_unconfirmed(self) -> None:
        once = answer(age=58, calcium=10, phosphate=6, ckd_stage="G5", dialysis=True)
        assert "unconfirmed" in once.conclusion.sentence


class TestH08AlbuminCorrection:
    LOW: ClassVar[dict[str, Any]] = {
        "age": 60,
        "ckd_stage": "G5",
        "dialysis": True,
        "phosphate": 6,
        "calcium": 8.5,
        "albumin": 2,
    }

    def test_a_disagreement_is_said(self) -> None:
        product = answer(**self.LOW).ca_p_product
        assert (product.at_or_above, product.corrected_at_or_above, product.disagree) == (False, True, True)
        assert product.notes

    def test_the_corrected_product_alone_counts_one_level_less(self) -> None:
        measured = self.LOW | {"calcium": 10.1, "albumin": 4}
        assert load(**self.LOW) == load(**measured) - 1


class TestH09SampleAfterDialysis:
    def test_a_low_phosphate_today_lowers_no_history(self) -> None:
        history = {"age": 58, "ckd_stage": "G5", "dialysis": True, "product_sustained": True, "calcium": 9.5}
        assert load(**history, phosphate=2.2) == load(**history)

    def test_such_a_sample_is_not_scored_and_leaves_the_question_open(self) -> None:
        low = {"age": 58, "ckd_stage": "G5", "dialysis": True, "calcium": 9.5, "phosphate": 3.9}
        after = answer(**low, sample_post_dialysis=True)
        assert answer(**low).ca_p_product.at_or_above is False
        assert after.ca_p_product.at_or_above is None
        assert after.mechanisms["mineral_load"].highest == "severe"
        assert "post-dialysis-sample" in {warning.code for warning in after.warnings}


class TestH10StaleValue:
    def test_the_day_is_not_asked_of_the_clock(self) -> None:
        assert answer(**WELL).as_of is None
        assert assess(Patient(**WELL), rulebook(), as_of="2020-02-29").as_of == "2020-02-29"

    def test_the_same_patient_gives_the_same_bytes(self) -> None:
        assert to_json(answer(**WELL)) == to_json(answer(**dict(reversed(WELL.items()))))


class TestH13AnEmergency:
    def test_skin_necrosis_in_dialysis_is_an_alert_whatever_the_class(self) -> None:
        assert answer(age=60, ckd_stage="G5", dialysis=True, skin_necrosis=True).alerts
        assert answer(**WELL | {"tissue_damage": True, "skin_necrosis": True}).alerts


class TestH14TwoPatients:
    def test_a_patient_does_not_change(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            Patient(**WELL).calcium = 12

    def test_another_patient_between_leaves_no_trace(self) -> None:
        alone = answer(**WELL)
        answer(age=60, ckd_stage="G5", dialysis=True, skin_necrosis=True, phosphate=8, calcium=11)
        assert answer(**WELL) == alone


class TestH23HaemolysedSample:
    HIGH: ClassVar[dict[str, Any]] = WELL | {"phosphate": 9.4}

    def test_it_raises_no_alarm_and_is_not_forgotten(self) -> None:
        assert load(**self.HIGH) == rank("marked")
        assert answer(**self.HIGH).alerts
        unfit = answer(**self.HIGH, sample_haemolysed=True)
        assert load(**self.HIGH, sample_haemolysed=True) == rank("none")
        assert not unfit.alerts
        assert unfit.classification == "indeterminate"
        assert "phosphate" in {missing.input for missing in unfit.missing}
        assert "haemolysed-sample" in {warning.code for warning in unfit.warnings}


class TestH15WhichRulebook:
    def test_the_answer_names_its_rules(self) -> None:
        shown, book = answer(**WELL).rulebook, rulebook()
        assert (shown.id, shown.version, shown.sha256, shown.profile) == (
            book.id,
            book.version,
            book.sha256,
            book.profile,
        )
        assert len(shown.sha256) == 64


class TestH16WrongPatientGroup:
    def test_a_limit_of_adults_is_not_a_childs(self) -> None:
        high = WELL | {"calcium": 10.6}
        assert load(**high) > load(**high | {"age": 5})

    def test_where_the_age_decides_and_is_unknown_the_question_stays_open(self) -> None:
        unknown = answer(**WELL | {"calcium": 10.6, "age": None})
        assert unknown.mechanisms["mineral_load"].highest != unknown.mechanisms["mineral_load"].level
        assert "age" in {missing.input for missing in unknown.missing}

    def test_a_target_for_kidney_disease_weighs_less_without_it(self) -> None:
        high = {"calcium": 10, "phosphate": 6}
        assert load(**WELL | high | {"ckd_stage": "G5"}) > load(**WELL | high)

    def test_in_pregnancy_no_type_and_no_tier_is_named(self) -> None:
        pregnant = answer(**WELL | {"calcium": 12, "sex": "female", "pregnancy": True})
        assert pregnant.classification == "indeterminate"
        assert {getattr(pregnant.risk, name).tier for name in TIERS} == {None}


class TestH17FalseAlarm:
    @pytest.mark.parametrize(
        "harmless",
        [{"deposit_in_pineal": True}, {"alp": 25, "alp_lower_limit": 30}, {"fetuin_a": 0.3}, {"phosphate": 4.4}],
    )
    def test_what_is_common_and_harmless_raises_no_tier_and_no_alert(self, harmless: dict[str, Any]) -> None:
        found = answer(**WELL | harmless)
        assert [getattr(found.risk, name).tier for name in ("metastatic", "dystrophic")] == ["low", "low"]
        assert found.alerts == ()

    def test_a_single_product_in_dialysis_is_no_very_high_risk(self) -> None:
        once = answer(**WELL | {"ckd_stage": "G5", "dialysis": True, "calcium": 9.2, "phosphate": 6.0})
        assert once.risk.metastatic.tier == "moderate"


class TestH18AResultThatIsNone:
    @pytest.mark.parametrize("said", ["haemolysed", "not done", "pending"])
    def test_it_is_an_open_question_and_said(self, said: str) -> None:
        found = answer(**WELL | {"phosphate": said})
        assert "no-result" in {warning.code for warning in found.warnings}
        assert "phosphate" in {missing.input for missing in found.missing}
        assert found.classification == "indeterminate"
