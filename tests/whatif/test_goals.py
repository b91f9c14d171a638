"""The smallest change that reaches a goal: it does, slightly less does not, and a dense grid finds nothing nearer."""

from __future__ import annotations

import math
import shutil
from functools import cache
from math import isclose
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_patients import bounds, numbers, patients, read
from samples import CASES, SAMPLES, patient, rulebook

from calcrisk import Patient, Rulebook, UsageError, assess
from calcrisk.packaged import FOLDER
from calcrisk.variables import registry
from calcrisk.whatif.asking import ask
from calcrisk.whatif.goals import Region, Search, alone, nine_digits, printed
from calcrisk.whatif.question import goal_of

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk.scenario import Goal, Reached

DIALYSIS: dict[str, Any] = {
    "age": 60,
    "ckd_stage": "G5",
    "tissue_damage": False,
    "mineral_history": False,
    "diabetes": False,
}
PRECISION = 1e-11  # relative: more than what bisection leaves
BESIDE = 1e-6  # relative: further than a tie reaches, nearer than any report prints


def asked(stated: Patient, goal: str) -> Goal:
    question, wanted = goal_of(rulebook(), goal)
    return ask(stated, rulebook(), assess(stated, rulebook(), every_rule=True), question, wanted)


def single(goal: Goal, name: str) -> Reached:
    return next(each for each in goal.alone if each.input == name)


def reaches(stated: Patient, goal: str, **values: float | str) -> bool:
    """Whether a patient read anew, with these values, reaches a goal: by the assessment and nothing of what-if."""
    name, _, wanted = goal.partition("=")
    told = assess(stated.model_copy(update=values), rulebook())
    if name == "classification":
        return told.classification == wanted
    tier = getattr(told.risk, name)
    ranks = rulebook().data["tier_names"]
    return bool(tier.assessed) and ranks.index(tier.tier) <= ranks.index(wanted)


# ---- by hand ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "goal", "name", "text", "edge"),
    [
        # 70 / 9.9 = 7.0707…: below the ceiling a severe load is a marked one
        ({"calcium": 9.9, "phosphate": 7.5}, "metastatic=moderate", "phosphate", "7.0", 7.07070706),
        # 55 / 10 = 5.5: at the limit is above it, so the answer lies strictly below
        ({"calcium": 10.0, "phosphate": 6.0}, "classification=vascular", "phosphate", "5.4", 5.49999999),
        ({"calcium": 10.0, "phosphate": 6.0}, "classification=vascular", "calcium", "9.1", 9.16666666),
    ],
)
def test_the_value_worked_by_hand(stated: dict[str, float], goal: str, name: str, text: str, edge: float) -> None:
    found = single(asked(Patient(**DIALYSIS | {"vitamin_k_antagonist": False} | stated), goal), name)
    assert found.text == text
    assert isclose(found.edge, edge, rel_tol=2e-9)


def test_a_tie_in_decimals_does_not_reach_what_lies_below_a_limit() -> None:
    stated = Patient(**DIALYSIS, vitamin_k_antagonist=False, calcium=8.8, phosphate=7.0)
    found = single(asked(stated, "classification=vascular"), "phosphate")
    assert found.edge < 6.25  # 8.8 × 6.25 is 55
    assert not reaches(stated, "classification=vascular", phosphate=6.25)
    assert reaches(stated, "classification=vascular", phosphate=found.edge)


def test_a_limit_that_belongs_to_the_goal_is_reached_exactly() -> None:
    stated = patient(SAMPLES / "nhanes-products-disagree-46f.yaml")
    assert single(asked(stated, "metastatic=low"), "phosphate").edge == 4.5  # the upper limit itself is not raised


def test_the_unit_that_was_written_is_given_as_well_and_reaches_the_goal() -> None:
    stated = Patient(**DIALYSIS, vitamin_k_antagonist=False, calcium="2.5 mmol/L", phosphate="2.0 mmol/L")
    for found in asked(stated, "classification=vascular").alone:
        assert found.in_written_unit is not None
        assert found.in_written_unit.endswith(" mmol/L")
        told = assess(stated.model_copy(update={found.input: found.in_written_unit}), rulebook())
        assert told.classification == "vascular"


@pytest.mark.parametrize("profile", sorted(Rulebook.default().data["profiles"]))
def test_a_goal_is_asked_of_the_profile_in_use(profile: str) -> None:
    book = Rulebook.default(profile)
    stated = Patient(**DIALYSIS, vitamin_k_antagonist=False, calcium=10.0, phosphate=7.3)
    question, wanted = goal_of(book, "classification=vascular")
    told = ask(stated, book, assess(stated, book, every_rule=True), question, wanted)
    limit = book.data["parameters"]["ca_p_limit_adult"]["value"]  # the rule of thumb, outside CKD, is a mild one
    assert isclose(single(told, "phosphate").edge, limit / 10.0, rel_tol=5e-9)
    for found in told.alone:
        assert assess(stated.model_copy(update={found.input: found.text}), book).classification == "vascular"


# ---- any patient --------------------------------------------------------------------------------------------------

GOALS = ("metastatic=low", "metastatic=moderate", "metastatic=high", "vascular=low", "vascular=high")
# what is laid over a random patient, so that the number has a say, and the goals that it has one in
NAMES = {
    "calcium": ({"ckd_stage": "G4", "phosphate": 7.9, "age": 50}, GOALS[:3]),
    "phosphate": ({"ckd_stage": "G5", "calcium": 10.2, "age": 50, "acute_kidney_injury": False}, GOALS),
    "pth": ({"ckd_stage": "G5", "calcium": 9.2, "phosphate": 4.0, "pth_upper_limit": 65, "age": 50}, GOALS[:2]),
    "magnesium": ({"age": 50, "ckd_stage": "G1", "diabetes": False, "vitamin_k_antagonist": False}, GOALS[3:4]),
}


@pytest.mark.volume
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_found_is_the_nearest_of_a_dense_grid(name: str, data: st.DataObject) -> None:
    over, goals = NAMES[name]
    stated = data.draw(patients(exact=data.draw(st.booleans()))) | over | {name: data.draw(numbers(registry()[name]))}
    goal = data.draw(st.sampled_from(goals))
    told = read(stated)
    search = Search(told, rulebook(), *goal_of(rulebook(), goal))
    assume(search.unmovable(name) is None and not search.reaches(search.now))
    region, now = search.region(search.line(name)), search.value(name)
    low, high = bounds(registry()[name])
    grid = [low + (high - low) * at / 120 for at in range(121)]
    reached = [value for value in grid if search.reaches(search.line(name).at(value))]
    if region is None:
        assert reached == []
        return
    assert all(abs(value - now) >= abs(region.edge - now) * (1 - BESIDE) for value in reached)
    assert reaches(told, goal, **{name: region.edge})
    change = region.edge - now
    less = math.copysign(max(abs(change) * BESIDE, abs(region.edge) * PRECISION), change)
    if abs(less) < abs(change):  # a value on the tie of its limit has no room for less
        assert not search.reaches(search.line(name).at(region.edge - less))  # slightly less does not
    if abs(region.until - region.edge) > BESIDE * abs(region.edge):
        further = region.edge + (region.until - region.edge) * BESIDE
        assert search.reaches(search.line(name).at(further))  # slightly more does


@pytest.mark.volume
@pytest.mark.parametrize("name", ["calcium", "phosphate"])
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_printed_reaches_the_goal_and_is_no_nearer_than_the_edge(name: str, data: st.DataObject) -> None:
    stated = DIALYSIS | {"calcium": 9.9, "phosphate": 7.7} | {name: data.draw(numbers(registry()[name]))}
    goal = data.draw(st.sampled_from(("metastatic=moderate", "metastatic=high", "classification=vascular")))
    told = read(stated)
    search = Search(told, rulebook(), *goal_of(rulebook(), goal))
    assume(not search.reaches(search.now))
    found = alone(search, name, assess(told, rulebook(), every_rule=True))
    assume(found is not None)
    assert found is not None
    assert reaches(told, goal, **{name: found.text})
    assert reaches(told, goal, **{name: found.edge})
    assert abs(found.value - found.now) >= abs(found.edge - found.now) * (1 - 1e-12)


@settings(max_examples=200)
@given(edge=st.floats(0.01, 1e4), width=st.floats(1e-6, 10), falls=st.booleans(), digits=st.integers(0, 3))
def test_rounding_stays_within_the_region(edge: float, width: float, falls: bool, digits: int) -> None:  # drawn
    region = Region(edge, edge - width if falls else edge + width)
    for text in printed(region, digits):
        assert min(region) <= float(text) <= max(region)
    assert isclose(nine_digits(region), edge, rel_tol=1e-8)
    assert min(region) <= nine_digits(region) <= max(region)


# ---- real patients ------------------------------------------------------------------------------------------------


@cache
def files() -> list[str]:
    return sorted(path.name for path in (*SAMPLES.glob("*.yaml"), *CASES.glob("*.yaml")))


@pytest.mark.volume
@pytest.mark.parametrize("name", files())
def test_every_sample_and_published_case_is_answered(name: str) -> None:
    path = SAMPLES / name if (SAMPLES / name).exists() else CASES / name
    stated = patient(path)
    for goal in ("metastatic=low", "vascular=low"):
        told = asked(stated, goal)
        for found in told.alone:
            assert reaches(stated, goal, **{found.input: found.text})
        for pair in told.pairs:
            assert reaches(stated, goal, **dict(zip(pair.inputs, pair.nearest.texts, strict=True)))
        if not (told.reached or told.alone or told.pairs):
            assert told.obstacles or told.now == "not_assessed" or told.unmoved


# ---- what is refused, and why -------------------------------------------------------------------------------------


def test_nothing_reaches_it_and_what_stands_in_the_way_is_named() -> None:
    told = asked(patient(SAMPLES / "hd-warfarin-58f.yaml"), "metastatic=moderate")
    assert told.alone == ()
    assert told.pairs == ()
    assert [each.rule for each in told.obstacles] == ["history-hyperphosphataemia"]


def test_a_goal_reached_already_changes_nothing() -> None:
    told = asked(patient(SAMPLES / "nhanes-healthy-34m.yaml"), "metastatic=high")
    assert told.reached
    assert (told.alone, told.pairs) == ((), ())


def test_no_goal_ever_proposes_a_drug_or_what_cannot_be_changed() -> None:
    stated = patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml")
    told = asked(stated, "vascular=low")
    kept = {name for each in told.kept for name in each.inputs}
    assert {"age", "dialysis"} <= kept
    moved = {each.input for each in told.alone} | {name for pair in told.pairs for name in pair.inputs}
    groups = {name: variable.group for name, variable in registry().items()}
    assert {groups[name] for name in moved} <= {"labs"}


def test_what_is_known_within_bounds_only_is_not_moved() -> None:
    told = asked(Patient(**DIALYSIS, calcium=9.9, phosphate=">6"), "metastatic=low")
    assert next(each.why for each in told.unmoved if each.input == "phosphate").startswith("known within bounds only")


def test_a_number_beside_its_own_word_is_not_moved() -> None:
    told = asked(Patient(**DIALYSIS, calcium=9.9, phosphate=6.0, phosphate_status="high"), "metastatic=low")
    assert "as a word" in next(each.why for each in told.unmoved if each.input == "phosphate")


def test_an_input_behind_a_fact_that_is_not_proved_is_refused_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "rulebook"
    shutil.copytree(FOLDER, folder)
    facts = folder / "facts.yaml"
    text = facts.read_text("utf-8")
    assert text.count("formula: calcium * phosphate,") == 1
    facts.write_text(
        text.replace("formula: calcium * phosphate,", "formula: (calcium - phosphate) * phosphate,"), "utf-8"
    )
    book = Rulebook.from_folder(folder)
    stated = Patient(**DIALYSIS, calcium=9.9, phosphate=8.0)
    question, wanted = goal_of(book, "metastatic=low")
    told = ask(stated, book, assess(stated, book, every_rule=True), question, wanted)
    (why,) = (each.why for each in told.unmoved if each.input == "phosphate")
    assert why == "not proved to turn once: ca_p_product may rise or fall with phosphate"
    assert "phosphate" not in {each.input for each in told.alone} | {
        name for pair in told.pairs for name in pair.inputs
    }


def test_a_sample_that_is_unfit_is_not_moved() -> None:
    told = asked(Patient(**DIALYSIS, calcium=9.9, phosphate=8.0, sample_haemolysed=True), "metastatic=low")
    assert "unfit" in next(each.why for each in told.unmoved if each.input == "phosphate")


def test_the_evidence_of_the_levers_stands_beside_the_input() -> None:
    told = asked(patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml"), "metastatic=moderate")
    levers = {each.input: [lever.lever for lever in each.levers] for each in told.evidence}
    assert levers["phosphate"] == ["phosphate-lowering", "kind-of-phosphate-binder"]


@pytest.mark.parametrize("text", ["metastatic", "metastatic=lo", "metastastic=low", "classification=benign", "="])
def test_what_is_no_goal_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        goal_of(rulebook(), text)
    assert refused.value.faults[0].hint
