"""Decisive: one answer alone, the rest left unknown, could move the class or a tier. No such question may be missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from random_patients import (
    Stated,
    answer,
    answered,
    book,
    bounded_examples,
    evaluated,
    limits,
    missing_inputs,
    open_questions,
    patients,
    read,
    readable,
    walk,
    with_answer,
)

from calcrisk import assess
from calcrisk.rules.logic import Span
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcrisk.assessment import Assessment

pytestmark = pytest.mark.once

# The least share of questions called decisive for which some single answer is found that moves what was announced. The
# rest are called so to be safe: what one answer does to several rules at once is tried for each rule apart.
SHARPNESS = 0.97


def missing(stated: Stated) -> dict[str, tuple[str, ...]]:
    found = evaluated(stated)
    return {each.name: each.could_change for each in missing_inputs(stated, found)}


def moved(before: Stated, after: Stated) -> set[str]:
    one, two = answer(evaluated(before)), answer(evaluated(after))
    return {each for each in one if one[each] != two[each]}


@pytest.mark.volume
@bounded_examples(300)
@given(answered())
def test_whatever_one_answer_moves_was_said_to_hang_on_it(case: tuple[Stated, str, Stated]) -> None:
    before, name, after = case
    said, told = missing(before), answer(evaluated(before))
    changed = moved(before, after)
    if name not in said:  # no undecided rule waits for it: it may at most begin a tier that was not assessed
        changed = {each for each in changed if told[each] is not None}
    assert changed <= set(said.get(name, ()))


@bounded_examples(100)
@given(patients())
def test_decisive_ones_come_first_and_only_open_questions_are_missing(stated: Stated) -> None:
    said = missing(stated)
    assert [bool(could) for could in said.values()] == sorted((bool(could) for could in said.values()), reverse=True)
    assert said.keys() <= set(open_questions(stated, evaluated(stated)))


@pytest.mark.volume
@bounded_examples(100)
@given(patients())
def test_a_settled_answer_has_no_decisive_question_but_one_that_begins_a_tier(stated: Stated) -> None:
    document = assess(read(stated), book())
    told = answer(evaluated(stated))
    if document.settled:
        assert not [each for each in document.missing if any(told[part] is not None for part in each.could_change)]


def some_answers(name: str, stated: Stated) -> Iterable[Any]:
    """Every word, or the rulebook's own numbers of this unit and what lies just beside them."""
    variable = registry()[name]
    if variable.kind == "yesno":
        return (True, False)
    if variable.kind == "choice":
        return variable.values
    held = evaluated(stated).env[walk().program.slots[name]]
    lo, hi = (held.lo, held.hi) if isinstance(held, Span) else variable.hard or (0, 0)
    near = {edge + step for edge in (*limits(variable), lo, hi) for step in (-0.3, -0.01, 0, 0.01, 0.3)}
    products = {limit / other for limit in (55, 65, 70, 75) for other in numbers_of(stated)}
    return sorted(number for number in near | products if lo <= number <= hi)


def numbers_of(stated: Stated) -> list[float]:
    return [value for value in stated.values() if isinstance(value, float) and value > 0]


@pytest.mark.volume
def test_few_questions_are_called_decisive_in_vain() -> None:
    called: list[bool] = []

    @bounded_examples(60)
    @given(patients(exact=True))
    def look(stated: Stated) -> None:
        for name, could in missing(stated).items():
            if could:
                tried = (with_answer(stated, name, value) for value in some_answers(name, stated))
                called.append(any(moved(stated, after) for after in tried if readable(after)))

    look()
    assert len(called) > 300
    assert sum(called) / len(called) > SHARPNESS


def assessed(**stated: Any) -> Assessment:
    return assess(read(stated), book())


def decisive(document: Assessment) -> dict[str, tuple[str, ...]]:
    return {each.input: each.could_change for each in document.missing if each.decisive}


# what is known; what alone would decide, and what it could change
ONLY = {"calcium": 9.9, "ckd_stage": "G1", "age": 60, "diabetes": False, "vitamin_k_antagonist": False}
BY_HAND = [
    (
        "only the phosphate would decide",
        {**ONLY, "tissue_damage": False, "mineral_history": False},
        {"phosphate": ("classification", "metastatic", "vascular")},
    ),
]


@pytest.mark.parametrize(("stated", "questions"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND])
def test_by_hand(stated: Stated, questions: dict[str, tuple[str, ...]]) -> None:
    document = assessed(**stated)
    assert decisive(document) == questions
    assert not document.settled


def test_pregnancy_leaves_no_tier_to_decide() -> None:
    """A tier that is withheld cannot begin, whatever is answered."""
    document = assessed(pregnancy=True)
    assert document.settled
    assert not decisive(document)


def test_an_answer_that_implies_another_decides_what_that_would() -> None:
    """Dialysis alone means G5, so it would name a class although no rule reads it by itself."""
    assert set(decisive(assessed(calcium=9.0))["dialysis"]) >= {"classification", "vascular"}


def test_an_open_finding_opens_what_it_would_imply() -> None:
    """A pattern of calcification that may have been seen leaves open whether calcification was seen."""
    found = evaluated({"pattern_amorphous": "unknown"})
    assert found.env[walk().program.slots["deposit_seen"]] is None
    assert evaluated({"pattern_amorphous": False}).env[walk().program.slots["deposit_seen"]] is False
