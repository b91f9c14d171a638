"""Two numbers at once: no point of a dense grid that reaches the goal is nearer than the one found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from samples import SAMPLES, patient, rulebook

from calcrisk import Patient, assess
from calcrisk.whatif.asking import ask
from calcrisk.whatif.goals import Search
from calcrisk.whatif.question import goal_of

if TYPE_CHECKING:
    from calcrisk.scenario import Goal

PATIENTS = {
    "dialysis": patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml"),
    # a calcium above 14 is severe by itself, and beside this phosphate no calcium brings the product below 70
    "two rules": Patient(
        age=50, calcium=14.6, phosphate=20, ckd_stage="G4", tissue_damage=False, mineral_history=False, diabetes=False
    ),
    "secondary": Patient(
        age=44, calcium=10.9, phosphate=6.1, pth=900, ckd_stage="G4", tissue_damage=False, diabetes=True
    ),
}
GRID = 90  # points along each side


def asked(stated: Patient, goal: str) -> Goal:
    question, wanted = goal_of(rulebook(), goal)
    return ask(stated, rulebook(), assess(stated, rulebook(), every_rule=True), question, wanted)


@pytest.mark.volume
@pytest.mark.parametrize("goal", ["metastatic=moderate", "classification=vascular", "metastatic=high"])
@pytest.mark.parametrize("name", PATIENTS)
def test_a_dense_grid_finds_nothing_nearer(name: str, goal: str) -> None:
    stated = PATIENTS[name]
    told = asked(stated, goal)
    if told.reached:
        return
    search = Search(stated, rulebook(), *goal_of(rulebook(), goal))
    x, y = search.value("calcium"), search.value("phosphate")
    line, best = search.line("phosphate"), math.inf
    for one in range(GRID + 1):
        for two in range(GRID + 1):
            values = x * (0.45 + 0.65 * one / GRID), y * (0.1 + 1.0 * two / GRID)
            if 4 <= values[0] <= 25 and search.reaches(line.at(values[1], calcium=values[0])):
                best = min(best, math.hypot(values[0] / x - 1, values[1] / y - 1))
    found = [abs(each.edge / each.now - 1) for each in told.alone if each.input in {"calcium", "phosphate"}]
    both = [each for each in told.pairs if each.inputs == ("calcium", "phosphate")]
    rounding = 0.005 / x + 0.005 / y + 2 * (0.01 / x + 0.01 / y)
    found += [each.nearest.relative - rounding for each in both]
    if math.isinf(best):
        assert not both or both[0].nearest.relative > 0.5
    else:
        assert min(found) <= best * (1 + 1e-9)


def test_the_frontier_reaches_the_goal_and_nothing_before_it_does() -> None:
    stated = PATIENTS["dialysis"]
    goal = "metastatic=moderate"
    (both,) = asked(stated, goal).pairs
    search = Search(stated, rulebook(), *goal_of(rulebook(), goal))
    line = search.line("phosphate")
    for calcium, phosphate, texts in both.frontier:
        assert search.reaches(line.at(float(texts[1]), calcium=float(texts[0])))  # as it is printed
        assert search.reaches(line.at(phosphate, calcium=calcium))
        if phosphate < search.value("phosphate"):
            assert not search.reaches(line.at(phosphate * (1 + 1e-6), calcium=calcium))


def test_on_a_product_the_smallest_relative_change_is_the_same_of_both() -> None:
    (both,) = asked(PATIENTS["dialysis"], "metastatic=moderate").pairs
    calcium, phosphate = both.nearest.values
    share = math.sqrt(70 / (10.6 * 6.9))  # 70 mg2/dL2: below it the load is marked, no longer severe
    assert math.isclose(calcium / 10.6, share, abs_tol=0.002)
    assert math.isclose(phosphate / 6.9, share, abs_tol=0.002)


def test_two_inputs_reach_what_neither_does_alone() -> None:
    told = asked(PATIENTS["two rules"], "metastatic=moderate")
    assert {each.input for each in told.alone} == set()
    assert [each.inputs for each in told.pairs] == [("calcium", "phosphate")]


def test_a_pair_that_spares_nothing_is_not_listed() -> None:
    told = asked(patient(SAMPLES / "nhanes-products-disagree-46f.yaml"), "metastatic=low")
    assert [each.input for each in told.alone] == ["phosphate"]
    assert told.pairs == ()
