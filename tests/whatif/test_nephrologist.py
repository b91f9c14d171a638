"""What a nephrologist asked of what-if: a product alone, the row in the way, one goal, SI units, a contradiction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from renderings import flowing
from samples import rulebook

from calcrisk import Patient, UsageError, assess
from calcrisk.whatif.asking import ask
from calcrisk.whatif.plane import sides
from calcrisk.whatif.question import goal_of

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk.scenario import Goal

DIALYSIS: dict[str, Any] = {"age": 60, "ckd_stage": "G5", "dialysis": True, "mineral_history": False}


def asked(stated: Patient, goal: str) -> Goal:
    question, wanted = goal_of(rulebook(), goal)
    return ask(stated, rulebook(), assess(stated, rulebook(), every_rule=True), question, wanted)


def test_a_product_that_is_given_alone_is_moved() -> None:
    stated = Patient(age=60, ckd_stage="G4", mineral_history=False, tissue_damage=False, ca_p_product=57)
    found = asked(stated, "metastatic=low").alone[0]
    assert (found.input, found.text, found.side) == ("ca_p_product", "54.9", "at most")
    assert assess(stated.model_copy(update={"ca_p_product": 54.9}), rulebook()).risk.metastatic.tier == "low"
    assert assess(stated.model_copy(update={"ca_p_product": 55}), rulebook()).risk.metastatic.tier != "low"


def test_a_product_that_is_not_stated_is_not_spoken_of() -> None:
    goal = asked(Patient(**DIALYSIS, calcium=9.5, phosphate=6.5), "metastatic=low")
    assert "ca_p_product" not in {each.input for each in goal.alone} | {each.input for each in goal.unmoved}


def test_the_row_that_answers_stands_first_among_what_is_in_the_way() -> None:
    skin = Patient(**DIALYSIS, warfarin=True, skin_necrosis=True, calcium=10, phosphate=7)
    told = assess(skin, rulebook())
    first, *others = asked(skin, "classification=metastatic").obstacles
    assert told.classification == "calciphylaxis"
    assert (first.rule, first.because) == (told.conclusion.row, told.conclusion.sentence)
    assert all(each.rule != first.rule for each in others)


@pytest.mark.parametrize("goals", [("metastatic=low", "vascular=low"), ("metastatic=low", "metastatic=low")])
def test_a_second_goal_is_refused_and_not_dropped(goals: tuple[str, str], tmp_path: Path) -> None:
    ended = run("what-if", "--calcium", "9", "--goal", goals[0], "--goal", goals[1], cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "one goal is asked at a time, and 2 came" in ended.err


@pytest.mark.parametrize("text", ["calcium=2:2.75 mmol/L", "calcium=2 mmol/L : 2.75 mmol/L", "calcium=2 mmol/L:2.75"])
def test_a_plane_takes_its_sides_in_another_unit(text: str) -> None:
    side, other = sides((text, "phosphate=2:9"))
    assert [side.low, side.high] == pytest.approx([8.0156, 11.02145], rel=1e-4)
    assert (other.low, other.high) == (2, 9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("calcium=2:3", "did you mean calcium=2:3 mmol/L?"),
        ("calcium=11:8", "the lower end first"),
        ("calcium=2 mmol/L:11 mg/dL", "one unit for both"),
        ("calcium=2:3 stone", "one unit for both"),
        ("calcium=>2:3", "one unit for both"),
    ],
)
def test_what_is_no_side_of_a_plane_is_told_with_a_hint(text: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        sides((text, "phosphate=2:9"))
    (fault,) = raised.value.faults
    assert words in f"{fault.message} {fault.hint}"


def test_a_contradiction_is_told_though_no_rule_differs(tmp_path: Path) -> None:
    stated = ("--age", "60", "--ckd-stage", "G5", "--dialysis", "--calcium", "9", "--phosphate", "5")
    told = flowing(run("what-if", *stated, "--set", "ckd_stage=G3a", cwd=tmp_path).out)
    assert "no rule, class or tier differs" in told
    assert "Warning is added: Dialysis is stated with stage G3a" in told


@pytest.mark.parametrize("form", ["terminal", "markdown", "svg"])
def test_what_stands_above_an_answer_stands_above_what_is_asked_of_it(form: str, tmp_path: Path) -> None:
    """A plane that is passed round alone must not hide an alert, nor that the limit it draws is none in this child."""
    child = ("--age", "5", "--ckd-stage", "none", "--calcium", "9.6", "--phosphate", "9.5")
    asked = ("--grid", "calcium=8:11", "--grid", "phosphate=2:9")
    out = run("what-if", *child, *asked, "--format", form, cwd=tmp_path, COLUMNS="120").out
    assert re.search(r"ALERT:(\*\*)? Critical phosphate", out)
    assert re.search(r"Mind:(\*\*)? arithmetic only", out)
    if form == "svg":
        assert 'viewBox="0 0 760 560"' not in out
