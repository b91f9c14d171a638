"""Published cases: the class their authors named, and every acceptance check that was written for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from samples import CASES, answer, met, patient, shared

from calcrisk import InputError, Patient
from calcrisk.render.brief import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcrisk import Assessment


class Named(NamedTuple):
    """The type the authors named, our class for it, and why the two words mean the same."""

    case: str
    authors: str
    ours: str
    because: str = "the same word"


NAMED = (
    Named("mpc-esrd-64m", "metastatic", "metastatic"),
    Named("gastric-calcinosis-52m-hd", "metastatic", "metastatic"),
    Named("utc-48f-pd", "metastatic", "metastatic"),
    Named("parathyroid-carcinoma-63m", "metastatic", "metastatic"),
    Named("phpt-mpc-normocalcaemic-56f", "metastatic", "metastatic"),
    Named(
        "hftc-galnt3-15m",
        "metastatic-type (hyperphosphataemic tumoral calcinosis)",
        "metastatic",
        "the authors say metastatic-type; `heritable` is kept for an inborn loss of pyrophosphate",
    ),
    Named(
        "tumoral-calcinosis-12m",
        "tumoral calcinosis",
        "metastatic",
        "a mass about a joint with a high phosphate is the mineral-load form of tumoral calcinosis",
    ),
    Named("dm-calcinosis-68f", "dystrophic", "dystrophic"),
    Named("dm-calcinosis-54f", "dystrophic", "dystrophic"),
    Named("sepsis-lv-postpartum", "dystrophic", "dystrophic"),
    Named("rhabdo-60m", "dystrophic (muscle calcium phosphate)", "dystrophic", "the bracket names the salt"),
    Named("calciphylaxis-nonuremic-58f", "calciphylaxis", "calciphylaxis"),
    Named("iatrogenic-neonate", "iatrogenic", "iatrogenic"),
)
UNNAMED = ("fahr-37f", "vitd-toxicity-4mo", "scfn-neonate")


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.case)
def test_the_class_is_the_one_the_authors_named(named: Named) -> None:
    assert answer(patient(CASES / f"{named.case}.yaml")).classification == named.ours


class Check(NamedTuple):
    """One acceptance check in its own words, and how it is checked."""

    case: str
    says: str
    holds: Callable[[Assessment, Patient], None]


CHECKS: list[Check] = []


def acceptance(
    case: str, says: str
) -> Callable[[Callable[[Assessment, Patient], None]], Callable[[Assessment, Patient], None]]:
    """Register the function as the test of an acceptance check; it gets the answer to the case and its patient."""

    def register(holds: Callable[[Assessment, Patient], None]) -> Callable[[Assessment, Patient], None]:
        CHECKS.append(Check(case, says, holds))
        return holds

    return register


def level(found: Assessment, mechanism: str) -> str:
    return found.mechanisms[mechanism].level


def warned(found: Assessment) -> set[str]:
    return {warning.code for warning in found.warnings}


def considered(found: Assessment) -> set[str]:
    return {part.pattern for part in found.consider}


def alerted(found: Assessment) -> set[str]:
    return {part.pattern for part in found.alerts}


@acceptance("mpc-esrd-64m", "product >55 with chronicity supports metastatic")
def sustained_product(found: Assessment, _: Patient) -> None:
    assert (found.ca_p_product.value, found.ca_p_product.at_or_above) == (67, True)
    assert "ca-p-product-sustained-ckd" in met(found)
    assert found.risk.metastatic.tier == "very_high"


@acceptance(
    "mpc-esrd-64m",
    "PTH 200 in dialysis is inside the older KDOQI 150-300 target: do not call it the driver on its own",
)
def pth_is_not_the_driver(found: Assessment, _: Patient) -> None:
    assert not [finding.rule for finding in found.findings if "pth" in finding.inputs]
    assert "pth-in-old-range" in warned(found)


@acceptance("gastric-calcinosis-52m-hd", "single product 21.8 during acute illness must not exclude metastatic")
def low_product_excludes_nothing(found: Assessment, _: Patient) -> None:
    assert found.ca_p_product.value == pytest.approx(21.75)
    assert found.ca_p_product.at_or_above is False
    assert found.classification == "metastatic"
    assert "excludes nothing" in found.conclusion.sentence


@acceptance("gastric-calcinosis-52m-hd", "history flags must dominate a single current value")
def history_dominates(found: Assessment, stated: Patient) -> None:
    loads = {f.rule for f in found.findings if f.mechanism == "mineral_load" and f.level == "marked"}
    assert loads == {"history-hyperphosphataemia", "history-hypercalcaemia"}
    forgotten = dict.fromkeys(("history_pth_high", "history_hyperphosphataemia", "history_hypercalcaemia"))
    assert level(answer(stated.model_copy(update=forgotten)), "mineral_load") == "mild"


@acceptance("utc-48f-pd", "product 98.9 supports metastatic strongly")
def strong_product(found: Assessment, _: Patient) -> None:
    assert found.ca_p_product.corrected_value == pytest.approx(98.94)
    assert found.ca_p_product.value is None  # the uncorrected calcium was not reported
    assert level(found, "mineral_load") == "severe"
    assert found.risk.metastatic.tier == "very_high"


@acceptance("parathyroid-carcinoma-63m", "calcium 25 mg/dL must be accepted as a plausible but critical value")
def calcium_of_25(found: Assessment, _: Patient) -> None:
    assert found.inputs["calcium"].value == pytest.approx(24.93, abs=0.005)
    assert "critical-calcium" in alerted(found)
    assert Patient(calcium=25).calcium == 25


@acceptance("parathyroid-carcinoma-63m", "no phosphate: product cannot be computed and must be stated as not available")
@acceptance("tumoral-calcinosis-12m", "no calcium: product not available")
@acceptance("fahr-37f", "total calcium missing: product not available, do not compute it from ionised calcium")
def no_product(found: Assessment, _: Patient) -> None:
    product = found.ca_p_product
    assert (product.value, product.si_value, product.at_or_above, product.corrected_value) == (None,) * 4
    assert "product cannot be computed" in brief(found)


@acceptance("calciphylaxis-nonuremic-58f", "must not be excluded because CKD or product is normal")
def calciphylaxis_is_not_excluded(found: Assessment, stated: Patient) -> None:
    assert found.inputs["ckd_stage"].value == "G1"
    normal = answer(stated.model_copy(update={"calcium": 9.4, "phosphate": 3.4}))
    assert normal.ca_p_product.at_or_above is False
    for one in (found, normal):
        assert one.classification == "calciphylaxis"
        assert "calciphylaxis" in alerted(one)


@acceptance("dm-calcinosis-68f", "normal Ca/P/PTH plus injured tissue gives dystrophic")
@acceptance("dm-calcinosis-54f", "sheet-like pattern plus connective-tissue disease gives dystrophic")
def injured_tissue_with_normal_chemistry(found: Assessment, _: Patient) -> None:
    assert found.classification == "dystrophic"
    assert found.facts["chemistry_normal"].value is True
    assert {"deposit-in-damaged-tissue", "dermatomyositis"} <= met(found)


@acceptance("dm-calcinosis-54f", "sheet-like pattern plus connective-tissue disease gives dystrophic")
def the_pattern_is_among_the_reasons(found: Assessment, _: Patient) -> None:
    assert [finding.rule for finding in found.findings if "pattern_sheet_like" in finding.inputs]


@acceptance("sepsis-lv-postpartum", "AKI flag must not turn this into metastatic or into a CKD stage")
def acute_kidney_injury_is_no_ckd(found: Assessment, stated: Patient) -> None:
    dialysed = answer(stated.model_copy(update={"dialysis": True, "age": 30, "sex": "female", "creatinine": 5.1}))
    for one in (found, dialysed):
        assert one.classification == "dystrophic"
        assert "ckd_stage" not in one.inputs
        assert [one.facts[name].value for name in ("ckd_5", "ckd_3_to_5", "egfr", "suggested_ckd_stage")] == [None] * 4


@acceptance("sepsis-lv-postpartum", "kinetics of days are plausible for necrotic myocardium")
def days_are_plausible(found: Assessment, stated: Patient) -> None:
    said = next(finding.because for finding in found.findings if finding.rule == "septic-myocardium")
    assert "days" in said
    assert [part.status for part in found.kinetics] == ["plausible"]
    assert "sooner-than-published" not in warned(found)
    assert "sooner-than-published" in warned(answer(stated.model_copy(update={"tissue_onset": "2 days"})))


@acceptance("hftc-galnt3-15m", "must not require CKD")
def healthy_kidneys(found: Assessment, _: Patient) -> None:
    assert found.facts["ckd_3_to_5"].value is False
    assert found.classification == "metastatic"


@acceptance("hftc-galnt3-15m", "product 78 (age >12, limit 55)")
def limit_of_the_age(found: Assessment, _: Patient) -> None:
    assert found.ca_p_product.value == pytest.approx(77.9, abs=0.05)
    assert (found.ca_p_product.threshold, found.ca_p_product.at_or_above) == (55, True)


@acceptance("hftc-galnt3-15m", "nmol/L entry for calcium must be rejected")
def nanomoles_are_refused(_: Assessment, stated: Patient) -> None:
    with pytest.raises(InputError) as caught:
        stated.model_copy(update={"calcium": "2.31 nmol/L"})
    assert [(fault.code, fault.got) for fault in caught.value.faults] == [("unknown-unit", "nmol/L")]
    assert "mmol/L" in (caught.value.faults[0].hint or "")


@acceptance("tumoral-calcinosis-12m", "phosphate 7.9 is above the 10-12 y interval 3.2-5.7 mg/dL")
def above_the_interval_of_the_age(found: Assessment, _: Patient) -> None:
    margins = {finding.rule: finding.margin for finding in found.findings}
    margin = margins["phosphate-above-interval"]
    assert margin is not None
    assert margin.value == pytest.approx(7.9 - 5.7)


@acceptance("vitd-toxicity-4mo", "product 35.5 is normal although calcium is life-threatening")
def critical_calcium_beside_a_normal_product(found: Assessment, _: Patient) -> None:
    assert found.ca_p_product.value == pytest.approx(35.53)
    assert found.ca_p_product.at_or_above is False
    assert "critical-calcium" in alerted(found)
    assert "low-product-with-cause" in warned(found)


@acceptance("vitd-toxicity-4mo", "age-specific phosphate interval must be used")
def interval_of_an_infant(found: Assessment, stated: Patient) -> None:
    assert found.facts["phosphate_low"].value is True
    three = stated.model_copy(update={"phosphate": 3.0})  # 3.5 to 6.6 at 1 to 12 months, 2.6 to 4.5 in adults
    assert answer(three).facts["phosphate_low"].value is True
    assert answer(three.model_copy(update={"age": 40})).facts["phosphate_low"].value is False


@acceptance("scfn-neonate", "phosphate is low for age: adult interval would call it normal")
def low_for_the_age(found: Assessment, _: Patient) -> None:
    assert found.facts["phosphate_low"].value is True
    assert "phosphate-low-for-child" in warned(found)


@acceptance("scfn-neonate", "the hypercalcaemia is a consequence of necrosis: report both mechanisms")
def both_mechanisms(found: Assessment, _: Patient) -> None:
    assert (level(found, "mineral_load"), level(found, "tissue_injury")) == ("marked", "marked")
    assert found.facts["load_is_consequence"].value is True
    assert "result of the necrosis" in found.conclusion.sentence


@acceptance("rhabdo-60m", "late hypercalcaemia must be reported as consequence")
def high_calcium_is_a_consequence(found: Assessment, _: Patient) -> None:
    assert found.facts["calcium_high"].value is True
    assert "result of the necrosis" in found.conclusion.sentence
    assert "hypercalcaemia-from-necrosis" in considered(found)


@acceptance("iatrogenic-neonate", "expected class iatrogenic")
def iatrogenic(found: Assessment, _: Patient) -> None:
    assert found.classification == "iatrogenic"
    assert found.possible_classifications == ("iatrogenic",)


@acceptance(
    "phpt-mpc-normocalcaemic-56f", "calcium normal, phosphate low, product 25: only PTH and imaging point to metastatic"
)
def only_pth_and_imaging(found: Assessment, _: Patient) -> None:
    assert (found.facts["chemistry_normal"].value, found.facts["phosphate_low"].value) == (True, True)
    assert found.ca_p_product.value == pytest.approx(25.1, abs=0.05)
    loads = [finding.inputs for finding in found.findings if finding.mechanism == "mineral_load"]
    assert {name for inputs in loads for name in inputs} == {"pth", "pth_upper_limit", "primary_hyperparathyroidism"}
    assert found.facts["metastatic_site"].value is True
    assert found.risk.metastatic.tier == "very_high"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.case}: {check.holds.__name__}")
def test_acceptance_check(check: Check) -> None:
    stated = patient(CASES / f"{check.case}.yaml")
    check.holds(answer(stated), stated)


# ---- against the review itself, where it is at hand


def reviewed() -> list[dict[str, Any]]:
    """The published cases as the evidence review wrote them down."""
    cases: list[dict[str, Any]] = yaml.safe_load(shared("evidence/worked_cases.yaml").read_text(encoding="utf-8"))
    return cases


def test_every_case_and_every_check_is_here() -> None:
    cases = reviewed()
    assert {path.stem for path in CASES.glob("*.yaml")} == {case["id"] for case in cases}
    assert {(c.case, c.says) for c in CHECKS} == {(c["id"], said) for c in cases for said in c["acceptance_checks"]}
    labelled = {c["id"]: c["author_diagnosed_type"] for c in cases if c["type_labelled_by_authors"] == "yes"}
    assert {named.case: named.authors for named in NAMED} == labelled
    assert {c["id"] for c in cases} - labelled.keys() == set(UNNAMED)


def numbers(text: str) -> set[float]:
    return {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}


def test_every_sample_holds_the_citation_and_each_number_as_reported() -> None:
    for case in reviewed():
        text = (CASES / f"{case['id']}.yaml").read_text(encoding="utf-8")
        assert case["url"] in text
        assert (case["doi"] or "no doi") in text
        for lab in case["labs"]:
            written = numbers(lab.get("as_reported", "")) or numbers(str(lab.get("value", "")))
            written |= numbers(lab.get("reference_as_reported", ""))
            assert written <= numbers(text), (case["id"], lab["name"])
