"""``calcrisk what-if`` as a user has it: processes, formats, hostile input, gold pages."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from commands import Ended, run
from samples import SAMPLES, rulebook

from calcrisk.printed import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.once

DIALYSIS = "nhanes-dialysis-warfarin-68m.yaml"
GRID = ("--grid", "calcium=8:11", "--grid", "phosphate=2:9")


def steady(text: str) -> str:
    """Leave out which rulebook answered: a page changes with what it says, not with the rulebook's hash."""
    book = rulebook()
    return text.replace(fingerprint(book.sha256), "fingerprint0").replace(f" {book.version}", " 0.0.0")


def what_if(where: Path, *arguments: str, file: str | None = DIALYSIS, **more: str) -> Ended:
    for path in SAMPLES.glob("*.yaml"):
        copy(path, where)
    return run("what-if", *([file] if file else []), *arguments, cwd=where, **more)


@pytest.mark.parametrize("width", ["60", "80", "120"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set", ("--set", "phosphate=1.6 mmol/L", "--set", "warfarin=no")),
        ("goal", ("--goal", "metastatic=moderate")),
        ("grid", GRID),
    ],
)
def test_pages(
    tmp_path: Path, gold: Callable[[str, str], None], name: str, arguments: tuple[str, ...], width: str
) -> None:
    ended = what_if(tmp_path, *arguments, COLUMNS=width)
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= int(width)
    gold(f"whatif/{name}-{width}.txt", steady(ended.out))


@pytest.mark.parametrize("form", ["terminal", "json", "markdown"])
def test_a_goal_of_the_changed_patient_cites_what_only_that_patient_needs(tmp_path: Path, form: str) -> None:
    asked = ("--calcium", "9.5", "--phosphate", "3.5", "--ckd-stage", "G5", "--dialysis", "--mineral-history")
    changed = (*asked, "--set", "phosphate=8.5", "--goal", "metastatic=low", "--format", form)
    ended = what_if(tmp_path, *changed, file=None)
    assert (ended.code, ended.err) == (0, "")
    if form == "json":
        told = json.loads(ended.out)
        studies = [study for each in told["goal"]["evidence"] for one in each["levers"] for study in one["studies"]]
        assert {cited["id"] for study in studies for cited in study["evidence"]} == told["references"].keys() != set()


def test_nothing_reaches_it(tmp_path: Path, gold: Callable[[str, str], None]) -> None:
    ended = what_if(tmp_path, "--goal", "metastatic=low", file="hd-warfarin-58f.yaml", COLUMNS="80")
    assert ended.code == 0
    gold("whatif/impossible-80.txt", steady(ended.out))


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_a_tier_below_the_goal_reaches_it_and_is_said_to_be_below(tmp_path: Path, form: str) -> None:
    """To tell a patient at high risk that very high was reached already contradicted itself."""
    said = " ".join(what_if(tmp_path, "--goal", "metastatic=very_high", "--format", form).out.replace("*", "").split())
    assert "What would make it metastatic: very high or lower" in said
    assert "Reached already: on what is known it is high, below very high." in said
    lowest = " ".join(what_if(tmp_path, "--goal", "metastatic=low", "--format", form).out.split())
    assert "or lower" not in lowest


def test_a_note_with_everything(tmp_path: Path, gold: Callable[[str, str], None]) -> None:
    ended = what_if(tmp_path, "--set", "phosphate=6.5", "--goal", "metastatic=low", *GRID, "-o", "note.md")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    gold("whatif/note.md", steady((tmp_path / "note.md").read_text(encoding="utf-8")))


def test_json_holds_the_change_and_both_answers(tmp_path: Path) -> None:
    ended = what_if(tmp_path, "--set", "phosphate=4.0", "--goal", "vascular=high", *GRID, "--json")
    told = json.loads(ended.out)
    assert told["format"] == 1
    assert told["before"]["classification"] == "metastatic"
    assert told["after"]["inputs"]["phosphate"]["value"] == 4.0
    assert told["difference"]["rules"]
    assert told["goal"]["wanted"] == "high"
    assert len(told["plane"]["cells"]) == len(told["plane"]["y"]["values"])
    assert set(told["references"]) >= {
        cited["id"]
        for each in told["goal"]["evidence"]
        for lever in each["levers"]
        for study in lever["studies"]
        for cited in study["evidence"]
    }
    assert "not advice" in told["notice"]


def test_a_part_that_was_not_asked_for_is_null(tmp_path: Path) -> None:
    told = json.loads(what_if(tmp_path, "--goal", "metastatic=moderate", "--json").out)
    assert (told["after"], told["difference"], told["plane"]) == (None, None, None)


def test_a_picture_is_sound_xml_and_shows_the_patient(tmp_path: Path) -> None:
    assert what_if(tmp_path, *GRID, "-o", "plane.svg").code == 0
    root = ET.parse(tmp_path / "plane.svg").getroot()  # noqa: S314  # we wrote it
    kinds = [part.tag.rpartition("}")[2] for part in root.iter()]
    assert {"polyline", "circle", "rect", "text"} <= set(kinds)


def test_the_second_side_may_follow_the_first(tmp_path: Path) -> None:
    one = what_if(tmp_path, *GRID, "--json")
    two = what_if(tmp_path, "--grid", "calcium=8:11", "phosphate=2:9", "--json")
    assert two.out == one.out


def test_without_a_terminal_and_in_ascii_the_plane_still_reads(tmp_path: Path) -> None:
    ended = what_if(tmp_path, *GRID, COLUMNS="80", NO_COLOR="1")
    assert "\x1b" not in ended.out
    assert "X" in ended.out
    assert "*" in ended.out


def test_the_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    asked = ("--goal", "metastatic=moderate", "--json")
    assert what_if(tmp_path, *asked).out == what_if(tmp_path, *asked).out


def test_standard_input_and_flags_are_a_patient_too(tmp_path: Path) -> None:
    text = (SAMPLES / DIALYSIS).read_text(encoding="utf-8")
    piped = what_if(tmp_path, "--set", "phosphate=4", "--json", file="-", stdin=text)
    assert json.loads(piped.out)["after"]["classification"] == "vascular"
    stated = ("--calcium", "9.9", "--phosphate", "7.4", "--ckd-stage", "G5", "--goal", "metastatic=moderate")
    assert what_if(tmp_path, *stated, "--json", file=None).code == 0


def test_what_is_set_and_never_proposed_says_why(tmp_path: Path) -> None:
    ended = what_if(tmp_path, "--set", "warfarin=no", "--set", "vitamin_k_antagonist=no")
    assert "Asked, never proposed (vitamin K antagonist and warfarin)" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, ["nothing is asked", "--goal metastatic=low"]),
        (("--set", "phosphat=4"), 2, ["phosphat is not a known input", "phosphate"]),
        (("--set", "phosphate"), 2, ["changes nothing"]),
        (("--set", "phosphate=4", "--set", "phosphate=5"), 2, ["phosphate is set twice"]),
        (("--set", "phosphat=4", "--set", "calcum=9"), 2, ["phosphat is not", "calcum is not"]),  # all at once
        (("--set", "phosphate=nan"), 1, ["--set phosphate"]),
        (("--set", "phosphate=1e400"), 1, ["--set phosphate"]),
        (("--set", "phosphate=300"), 1, ["--set phosphate"]),
        (("--set", "calcium=2.4"), 1, ["mmol/L"]),
        (("--set", "mineral_history=no", "--set", "milk_alkali=yes"), 1, ["contradicts"]),
        (("--goal", "metastatic=lower"), 2, ["never 'lower'", "low"]),
        (("--goal", "metastattic=low"), 2, ["no question", "metastatic"]),
        (("--goal", "low"), 2, ["no goal"]),
        (("--grid", "calcium=8:11"), 2, ["two sides"]),
        (("--set", "phosphate=4", "--format", "svg"), 2, ["plane alone"]),
        (("--set", "phosphate=4", "--question", "vascular"), 2, ["no plane"]),
        ((*GRID, "--question", "vasculr"), 2, ["no question", "vascular"]),
        (("--goal", "metastatic=low", "-o", "x.csv"), 2, ["suffix"]),
        (("other.yaml", "--goal", "metastatic=low"), 2, ["2 files came"]),
    ],
)
def test_wrong_questions_say_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: list[str]
) -> None:
    ended = what_if(tmp_path, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err
    assert not (tmp_path / "x.csv").exists()


def test_a_patient_who_is_refused_is_told_before_anything_is_searched(tmp_path: Path) -> None:
    ended = what_if(tmp_path, "--goal", "metastatic=low", file="-", stdin="labs: {calcium: 99}\n")
    assert ended.code == 1
    assert "calcium" in ended.err


def test_another_rulebook_that_names_nothing_modifiable_is_told(tmp_path: Path) -> None:
    small = str(Path(__file__).parent.parent / "rulebooks" / "small")
    ended = what_if(tmp_path, "--calcium", "9.9", "--rulebook", small, "--goal", "metastatic=low", file=None)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_the_newest_panel_stands_where_one_of_its_values_is_changed() -> None:
    samples = Path(__file__).parents[2] / "sample_labs"
    ended = run("what-if", "hd-monthly-61m.yaml", "--set", "phosphate=4.5", "--json", cwd=samples)
    plain = run("assess", "hd-monthly-61m.yaml", "--json", cwd=samples)
    found, alone = json.loads(ended.out), json.loads(plain.out)
    assert (ended.code, found["before"]["risk"]) == (0, alone["risk"])
    inputs = {when: found[when]["inputs"] for when in ("before", "after")}
    assert [inputs[when]["calcium"]["value"] for when in inputs] == [alone["inputs"]["calcium"]["value"]] * 2
    assert [inputs[when]["phosphate"]["value"] for when in inputs] == [alone["inputs"]["phosphate"]["value"], 4.5]
    goal = run("what-if", "hd-monthly-61m.yaml", "--goal", "metastatic=low", "--json", cwd=samples)
    assert json.loads(goal.out)["goal"]["now"] == alone["risk"]["metastatic"]["tier"]
