"""Which warnings and patterns the guardians give, and that what is shown of them moves no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from answering import Stated, answer
from renderings import flowing, printed

from calcrisk.render.json import to_json
from calcrisk.render.markdown import markdown

if TYPE_CHECKING:
    from calcrisk import Assessment

BOTH: Stated = {"alp": 90, "alp_reference": 60, "ppi": 1.5, "ppi_reference": 3}

WARNINGS: list[tuple[str, Stated, bool]] = [
    ("tnap-over-pyrophosphate", BOTH, True),
    *(("tnap-over-pyrophosphate", {k: v for k, v in BOTH.items() if k != name}, False) for name in BOTH),
    ("alkaline-phosphatase-low", {"alp": 30, "age": 50}, True),
    ("alkaline-phosphatase-low", {"alp": 31, "age": 50}, False),
    ("alkaline-phosphatase-low", {"alp": 30}, False),  # a child's limit is another
    ("alkaline-phosphatase-low", {"alp": 35, "alp_lower_limit": 40, "age": 50}, True),
    ("alkaline-phosphatase-low", {"alp": 28, "alp_lower_limit": 25, "age": 50}, False),
    ("alkaline-phosphatase-low", {"alp": "low"}, True),
    ("alkaline-phosphatase-low", {"alp_persistently_low": True}, True),
    ("hypophosphatasia-stated", {"hypophosphatasia": True}, True),
    ("hypophosphatasia-stated", {"alp": 20, "age": 50}, False),
    ("enpp1-and-phosphate", {"enpp1_biallelic": True, "phosphate": 2.5, "age": 9}, True),
    ("enpp1-and-phosphate", {"enpp1_biallelic": True, "phosphate": 4, "age": 9}, False),
    ("t50-short", {"t50": 199, "t50_lower_limit": 200}, True),
    ("t50-short", {"t50": 200, "t50_lower_limit": 200}, False),
    ("t50-short", {"t50": 100}, False),
    ("t50-without-limit", {"t50": 100}, True),
    ("t50-without-limit", {"t50": 100, "t50_lower_limit": 200}, False),
    ("dp-ucmgp", {"dp_ucmgp": 300}, True),
    ("dp-ucmgp", {"age": 50}, False),
    ("t50-reported-low", {"t50": "low"}, True),
    ("t50-reported-low", {"t50": "normal"}, False),
    ("t50-reported-low", {"t50": 100, "t50_lower_limit": 200}, False),  # the number has a sentence of its own
    ("t50-without-limit", {"t50": "low"}, False),
    ("dp-ucmgp-reported", {"dp_ucmgp": "high"}, True),
    ("dp-ucmgp-reported", {"dp_ucmgp": 300}, False),
    ("dp-ucmgp", {"dp_ucmgp": "high"}, False),
]

PATTERNS: list[tuple[str, Stated, bool]] = [
    ("hypophosphatasia", {"calcium": 11, "alp": 25, "age": 50}, True),
    ("hypophosphatasia", {"calcium": 9.4, "alp": 25, "age": 50}, False),
    ("hypophosphatasia", {"calcium": 11, "alp": 31, "age": 50}, False),
    ("hypophosphatasia", {"calcium": 11, "alp_persistently_low": True, "age": 50}, False),  # the stronger one speaks
    ("hypophosphatasia", {"calcium": 11, "alp": 25, "age": 50, "hypophosphatasia": True}, False),
    ("hypophosphatasia-persistent", {"alp_persistently_low": True}, True),
    ("hypophosphatasia-persistent", {"alp_persistently_low": True, "hypophosphatasia": True}, False),
    ("hypophosphatasia-persistent", {"alp": 25, "age": 50}, False),
]

# what is shown and read by no rule, each beside an answer that it must leave as it is
SHOWN: list[Stated] = [
    {"alp_reference": 60, "ppi_reference": 3},
    {"t50": 60, "t50_lower_limit": 300},
    {"t50_status": "low"},
    {"dp_ucmgp": 12000},
    {"dp_ucmgp_status": "high"},
    {"hypophosphatasia": True},
    {"alp_persistently_low": True},
]


@pytest.mark.parametrize(("code", "stated", "said"), WARNINGS)
def test_a_warning_is_given_where_it_should_be(code: str, stated: Stated, *, said: bool) -> None:
    assert (code in {part.code for part in answer(**stated).warnings}) is said


@pytest.mark.parametrize(("pattern", "stated", "said"), PATTERNS)
def test_a_pattern_is_named_where_it_should_be(pattern: str, stated: Stated, *, said: bool) -> None:
    assert (pattern in {part.pattern for part in answer(**stated).consider}) is said


def moved(given: Assessment) -> tuple[Any, ...]:
    """Everything that a level could move."""
    findings = tuple(part.rule for part in given.findings)
    return given.classification, given.possible_classifications, given.risk, given.mechanisms, findings


@pytest.mark.parametrize(
    "shown",
    SHOWN,
    ids=["index", "t50", "t50 low", "dp-ucMGP", "dp-ucMGP high", "hypophosphatasia", "low again and again"],
)
@pytest.mark.parametrize(
    "base", [{"alp": 90, "ppi": 1.5, "age": 50}, {"ckd_stage": "G5", "dialysis": True, "phosphate": 7, "alp": 160}]
)
def test_what_is_shown_moves_no_answer(shown: Stated, base: Stated) -> None:
    assert moved(answer(**base, **shown)) == moved(answer(**base))


def test_the_index_is_each_against_its_reference_in_any_unit() -> None:
    value = answer(**BOTH).facts["tnap_ppi_index"].value  # (90 / 60) / (1.5 / 3)
    assert value == pytest.approx(3)
    other = {"alp": "1.5 ukat/L", "alp_reference": "60 U/L", "ppi": "1500 nmol/L", "ppi_reference": 3}
    assert answer(**other).facts["tnap_ppi_index"].value == pytest.approx(3)


def test_the_index_is_called_a_concept_wherever_it_is_shown() -> None:
    given = answer(**BOTH)
    for text in (printed(given), markdown(given), to_json(given)):
        assert "(a concept)" in flowing(text)
        assert "a concept of the founding text and no test" in flowing(text)


@pytest.mark.parametrize("stated", [{}, {"ckd_stage": "G2"}, {"ckd_stage": "G4"}, {"creatinine": 7, "sex": "male"}])
def test_the_sentence_on_phosphate_says_nothing_of_kidneys_that_are_not_known(stated: Stated) -> None:
    found = {part.rule: part for part in answer(phosphate=4.7, age=60, **stated).findings}
    sentence = found["phosphate-above-4-adult"].because
    assert "inside the normal range too" in sentence
    assert "this patient" not in sentence
