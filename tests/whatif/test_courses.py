"""The proofs that a quantity moves one way with an input: what is proved is so, what is not says why."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_patients import book, bounds, numbers, patients, read

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import exact
from calcrisk.rules.logic import Span
from calcrisk.variables import registry
from calcrisk.whatif.changeable import entries
from calcrisk.whatif.courses import EITHER, STILL, Course, Courses, courses

MODIFIABLE = sorted(name for name, entry in entries(book()).items() if entry["modifiable"])
SCOPE = {name: ex.Symbol("number") for name in ("calcium", "phosphate", "albumin", "pth")}


def of(formula: str, by: str = "calcium") -> Course:
    """How a formula over a few inputs of the package moves with one of them."""
    prover = Courses(book().walk.program, by)
    return prover._of(ex.parse(formula, SCOPE, expect="number"))


@pytest.mark.parametrize(
    ("formula", "way"),
    [
        ("calcium", 1),
        ("phosphate", 0),
        ("calcium * phosphate", 1),
        ("calcium * (0 - calcium)", -1),
        ("0 - calcium", -1),
        ("phosphate / calcium", -1),
        ("calcium / phosphate", 1),
        ("calcium * (phosphate - albumin)", EITHER),
        ("ln(calcium) + exp(calcium)", 1),
        ("max(calcium, phosphate) - min(phosphate, 0 - calcium)", 1),
        ("calcium ** phosphate", 1),
        ("(1 / calcium) ** phosphate", -1),
        ("phosphate ** calcium", EITHER),
    ],
)
def test_how_a_formula_moves(formula: str, way: int) -> None:
    assert of(formula) == Course(way)


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("calcium - calcium", "against each other"),
        ("calcium * (phosphate - calcium)", "may rise or fall"),
        ("calcium * (phosphate - albumin) + calcium", "against each other"),
        ("1 / (calcium - phosphate)", "undefined"),
        ("ln(calcium - phosphate)", "undefined"),
        ("(calcium - phosphate) ** phosphate", "undefined"),
        ("calcium if calcium > phosphate else phosphate", "chooses between"),
        ("calcium + (1 if calcium > phosphate else 0)", "jumps"),
    ],
)
def test_what_is_not_proved_says_why(formula: str, why: str) -> None:
    told = of(formula)
    assert told.why is not None
    assert why in told.why


def test_a_choice_by_what_stays_is_one_way_for_each_patient() -> None:
    assert of("calcium if phosphate > albumin else 0 - calcium") == Course(EITHER)
    assert of("calcium if phosphate > albumin else phosphate") == Course(1)
    assert of("albumin if phosphate > albumin else phosphate") == STILL


@pytest.mark.parametrize("name", MODIFIABLE)
def test_every_modifiable_input_is_proved_for_every_rule(name: str) -> None:
    program = book().walk.program
    every = [*(step.name for step in program.steps), *(rule.id for rule in program.rules)]
    turns = list(courses(book(), name).turns(every))
    assert turns
    assert [(turn.holder, turn.why) for turn in turns if turn.why] == []


@pytest.mark.parametrize("name", ["calcium", "phosphate", "pth"])
@settings(max_examples=60)
@given(data=st.data())
def test_each_comparison_turns_once_on_random_patients(name: str, data: st.DataObject) -> None:
    stated = data.draw(patients(exact=True)) | {name: data.draw(numbers(registry()[name]))}
    low, high = bounds(registry()[name])
    program, turns = book().walk.program, None
    every = [*(step.name for step in program.steps), *(rule.id for rule in program.rules)]
    turns = [turn for turn in courses(book(), name).turns(every) if turn.node.operator not in {"==", "!="}]
    closures = [exact(turn.node, program.slots) for turn in turns]
    patient = read(stated)
    grid = [low + (high - low) * at / 40 for at in range(41)]
    envs = []
    for value in grid:
        given_now = dict(patient.given)
        given_now[name] = given_now[name]._replace(value=value)
        envs.append(book().evaluate(given_now).env)
    for turn, truth in zip(turns, closures, strict=True):
        seen = [truth(env) for env in envs]
        changes = sum(one is not two for one, two in itertools.pairwise(seen))
        assert changes <= 1, (turn.holder, turn.node)


def test_the_intervals_are_as_wide_as_what_is_computed() -> None:
    prover = Courses(book().walk.program, "calcium")
    held = prover._env[book().walk.program.slots["corrected_calcium"]]
    assert isinstance(held, Span)
    assert held.lo < 0 < held.hi  # a low calcium with a very high albumin: no proof may take its sign for granted
    assert math.isfinite(held.hi)
