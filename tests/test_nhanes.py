"""NHANES 1999-2018: some thousand real adults, scored without an error and without a word that nobody can know.

National Center for Health Statistics, public domain. The data are not part of the repository.
"""

from __future__ import annotations

import csv
import gzip
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from samples import answer, shared

from calcrisk import Patient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcrisk import Assessment

pytestmark = pytest.mark.volume

_DATA: Final = "data/nhanes/nhanes_adults_ca_p_1999_2018.csv.gz"
_SOME: Final = 3000
_LIMIT: Final = Decimal(55)
_YES_NO: Final = {"1": True, "2": False}  # 3 (borderline), 7 (refused) and 9 (not known) leave the question open
_TAKEN: Final = {"1": True, "0": False}
_NUMBERS: Final = {
    "age": "RIDAGEYR",
    "calcium": "LBXSCA",
    "phosphate": "LBXSPH",
    "albumin": "LBXSAL",
    "creatinine": "LBXSCR",
    "alp": "LBXSAPSI",
    "pth": "LBXPT21",
}

Row = dict[str, str]
Scored = tuple[Row, "Assessment"]


def stated(row: Row, **besides: Any) -> Patient:
    """What the survey states of one participant, and what a test states besides."""
    fields: dict[str, Any] = {name: float(row[column]) for name, column in _NUMBERS.items() if row[column]}
    fields |= {
        "id": row["SEQN"],
        "sex": {"1": "male", "2": "female"}[row["RIAGENDR"]],
        "vitamin_d_25": f"{row['LBXVIDMS']} nmol/L" if row["LBXVIDMS"] else None,
        "warfarin": _TAKEN.get(row["RX_WARFARIN"]),
        "corticosteroids": _TAKEN.get(row["RX_CORTICOSTEROID_ORAL"]),
        "diabetes": _YES_NO.get(row["DIQ010"]),
        "hypertension": _YES_NO.get(row["BPQ020"]),
        "malignancy": _YES_NO.get(row["MCQ220"]),
        "dialysis": _YES_NO.get(row["KIQ025"]),
        "pregnancy": _YES_NO.get(row["RIDEXPRG"]),
    }
    return Patient(**(fields | besides))


def product(row: Row) -> Decimal:
    """Calcium times phosphorus, exactly: both are printed in decimals."""
    return Decimal(row["LBXSCA"]) * Decimal(row["LBXSPH"])


@pytest.fixture(scope="module")
def everyone() -> list[Row]:
    with gzip.open(shared(_DATA), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def some(everyone: list[Row]) -> list[Scored]:
    """A sample of the adults, and all whose product reaches 50 or who were dialysed: there the answers are made."""
    telling = [row for row in everyone if product(row) >= 50 or row["KIQ025"] == "1"]
    chosen = {row["SEQN"]: row for row in [*telling, *random.Random(1999).sample(everyone, _SOME)]}
    return [(row, answer(stated(row))) for row in chosen.values()]


def test_the_product_reaches_55_exactly_where_arithmetic_says_so(some: list[Scored]) -> None:
    ours = {row["SEQN"] for row, found in some if found.ca_p_product.at_or_above}
    assert ours == {row["SEQN"] for row, _ in some if product(row) >= _LIMIT}
    assert len(ours) > 50
    for row, found in some:
        assert found.ca_p_product.value == pytest.approx(float(product(row)), rel=1e-12)


def tiers(found: Assessment) -> Iterable[tuple[bool, set[str | None]]]:
    for tier in (found.risk.metastatic, found.risk.dystrophic, found.risk.vascular):
        yield tier.assessed, {tier.tier, tier.lowest, tier.highest}


def test_what_nobody_asked_is_not_assessed_and_never_low(some: list[Scored]) -> None:
    for row, found in some:
        assert not found.risk.dystrophic.assessed, row["SEQN"]  # the survey never asks for damaged tissue
        assert all((None in words) is not assessed for assessed, words in tiers(found))
        assert all(words == {None} for assessed, words in tiers(found) if not assessed)


def test_no_type_is_excluded_while_the_minimum_is_open(some: list[Scored]) -> None:
    assert {found.classification for _, found in some} <= {"metastatic", "vascular", "indeterminate"}
    for row, found in some:
        if row["RIDEXPRG"] == "1":
            continue
        assert not found.settled, row["SEQN"]
        assert "mixed" in found.possible_classifications, row["SEQN"]
        assert {"tissue_damage", "mineral_history"} <= {part.input for part in found.missing}, row["SEQN"]


def test_pregnancy_gets_no_tier_and_no_type(some: list[Scored]) -> None:
    pregnant = [found for row, found in some if row["RIDEXPRG"] == "1"]
    assert len(pregnant) > 20
    for found in pregnant:
        assert (found.possible_classifications, found.settled) == (("indeterminate",), True)
        assert [assessed for assessed, _ in tiers(found)] == [False] * 3


def test_no_type_identified_needs_every_question_answered(everyone: list[Row]) -> None:
    """The survey asks neither of the two questions; here both are answered no, which is this test's own assumption."""
    answered = {"tissue_damage": False, "mineral_history": False, "vitamin_k_antagonist": False, "ckd_stage": "G1"}
    named = 0
    for row in random.Random(2018).sample(everyone, 600):
        closed = {} if row["RIDEXPRG"] == "1" or row["KIQ025"] == "1" or row["RX_WARFARIN"] == "1" else answered
        found = answer(stated(row, **closed))
        if found.classification == "none_identified":
            assert closed
            named += 1
            assert found.risk.dystrophic.tier == "low"
    assert named > 300


def test_the_stage_is_suggested_and_read_by_no_rule(some: list[Scored]) -> None:
    failing = [found for row, found in some if row["LBXSCR"] and float(row["LBXSCR"]) > 8 and row["KIQ025"] != "1"]
    assert failing
    for found in failing:
        assert found.facts["suggested_ckd_stage"].value == "G5"
        assert found.facts["ckd_5"].value is None
        assert not [finding.rule for finding in found.findings if "creatinine" in finding.inputs]


def test_dialysis_counts_as_kidney_failure(some: list[Scored]) -> None:
    dialysed = [found for row, found in some if row["KIQ025"] == "1" and row["RIDEXPRG"] != "1"]
    assert len(dialysed) > 20
    for found in dialysed:
        assert found.facts["ckd_5"].value is True
        assert found.inputs["ckd_stage"].origin == "implied by dialysis"
        assert found.risk.vascular.tier in ("high", "very_high")
