"""What a clinician found who had not seen the rulebook: sentences that contradicted their page, or what is known."""

from __future__ import annotations

from typing import Any

import pytest
from answering import NORMAL, SAFE, Stated, answer, codes


def added(**stated: Any) -> str:
    return "; ".join(clause.say for clause in answer(**stated).conclusion.clauses)


ACUTE: Stated = {"age": 40, "acute_kidney_injury": True, "calcium": 9.5, "phosphate": 8}


@pytest.mark.parametrize(
    ("besides", "said"),
    [
        ({}, True),
        ({"deposit_in_kidney": True}, False),
        ({"tumour_lysis": True, "malignancy": True}, False),
        ({"phosphate_purgative": True}, False),
        ({"sarcoidosis": True, "calcium": 13.2, "phosphate": 4.8}, False),
        ({"history_hyperphosphataemia": True}, False),
    ],
)
def test_a_load_is_called_one_of_a_day_only_where_nothing_else_speaks_for_it(besides: Stated, *, said: bool) -> None:
    assert ("one value shows no standing load" in added(**{**ACUTE, **besides})) is said


CALCIUM: list[tuple[Stated, str, set[str]]] = [
    ({"calcium": 10.9}, "calcium is above its interval", set()),
    ({"calcium": 9.8, "albumin": 1.6}, "calcium corrected for albumin is above", {"only-corrected-calcium-high"}),
    (
        {"calcium": 9.8, "albumin": 1.6, "ionised_calcium": 1.22, "ionised_calcium_upper_limit": 1.32},
        "calcium corrected for albumin is above",
        {"only-corrected-calcium-high", "ionised-calcium-not-high"},
    ),
    ({"calcium": 10.9, "albumin": 5.2}, "calcium is above its interval", {"only-total-calcium-high"}),
    ({"calcium": 10.9, "ionised_calcium": 1.2}, "calcium is above its interval", {"ionised-calcium-not-high"}),
    ({"calcium": 10.9, "ionised_calcium_status": "normal"}, "calcium is above", {"ionised-calcium-not-high"}),
    ({"ionised_calcium": 1.45}, "ionised calcium is above its limit", set()),
    ({"calcium": 9.8, "albumin": 4.1, "ionised_calcium": 1.2}, "", set()),
    ({"calcium": 10.9, "albumin": 3.9, "ionised_calcium": 1.45}, "calcium is above its interval", set()),
]


@pytest.mark.parametrize(("values", "said", "warned"), CALCIUM)
def test_which_calcium_is_high_is_said_and_where_they_disagree(values: Stated, said: str, warned: set[str]) -> None:
    asked = {"only-corrected-calcium-high", "only-total-calcium-high", "ionised-calcium-not-high"}
    stated = {**SAFE, **values}
    assert added(**stated).startswith(said)
    assert codes(**stated) & asked == warned


def test_a_deposit_in_another_organ_borrows_no_share_from_soft_tissue() -> None:
    found = answer(**NORMAL, infarct=True, tissue_in_brain=True, deposit_elsewhere=True)
    assert found.classification == "dystrophic"
    assert "mostly dystrophic" not in found.conclusion.sentence
    assert "that the damage lies where the deposit lies was not stated" in found.conclusion.sentence
    assert not {"dys-95pct-cutaneous", "img-pattern-base-rates"} & found.references.keys()


def test_a_clause_carries_the_source_that_says_it() -> None:
    found = answer(**SAFE, pth=300, pth_upper_limit=65, deposit_in_cornea=True)
    (eye,) = (clause for clause in found.conclusion.clauses if "cornea" in clause.say)
    assert [cited.id for cited in eye.evidence] == ["met-two-hit-eye"]
    assert "met-two-hit-eye" in found.references


def test_the_sentence_is_the_headline_and_what_is_added_to_it() -> None:
    said = answer(**SAFE, pth=300, pth_upper_limit=65, deposit_in_cornea=True).conclusion
    assert said.sentence == "; ".join([said.headline, *(clause.say for clause in said.clauses)]) + "."


def test_the_corrected_calcium_of_a_report_is_said_to_be_read_where_it_is() -> None:
    found = answer(age=60, ckd_stage="G4", calcium=12.4, corrected_calcium=13.4)
    (said,) = (part.message for part in found.warnings if part.code == "reported-correction-in-ckd")
    assert "critical-corrected-calcium" in {alert.pattern for alert in found.alerts}
    assert "as a critical value" in said
    assert "for nothing else" not in said


@pytest.mark.parametrize(
    ("stated", "pattern", "asked"),
    [
        (
            {"ckd_stage": "G2", "calcium": 11.2, "pth": 180, "pth_upper_limit": 65},
            "pth-dependent-hypercalcaemia",
            "Was primary hyperparathyroidism looked for, or ",
        ),
        (
            {"ckd_stage": "G5", "dialysis": True, "pattern_lobulated": True},
            "image-juxta-articular-mass",
            "; and where the kidneys have not failed, the genes?",
        ),
        (
            {"ckd_stage": "G1", "hftc": True, "mineral_history": True, "pattern_lobulated": True},
            "image-juxta-articular-mass-familial",
            None,
        ),
    ],
)
def test_what_is_asked_next_takes_no_failure_of_the_kidneys_for_granted(
    stated: Stated, pattern: str, asked: str | None
) -> None:
    found = answer(**{**SAFE, "deposit_periarticular": True, **stated})
    (said,) = [part.next for part in found.consider if part.pattern == pattern]
    assert (said is None) == (asked is None)
    assert (asked or "") in (said or "")


def test_an_egfr_below_every_stage_but_one_suggests_no_unknown_stage() -> None:
    said = [part.message for part in answer(**SAFE, egfr="<15").warnings]
    assert not [message for message in said if "stage unknown" in message]


def test_a_high_calcium_of_an_adult_is_not_argued_against_by_newborns() -> None:
    found = answer(**{**SAFE, "calcium": 11.2})
    (rule,) = (part for part in found.findings if part.rule == "calcium-above-interval")
    assert not {cited.id for cited in rule.against} & {"scfn-hypercalcaemia", "tumoral-calcinosis-reversal"}
