"""Which inputs may change is data: complete in the package's rulebook, and a fault in it is told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from random_patients import book, patients, read
from samples import rulebook
from small_rulebook import FOLDER

from calcrisk import Rulebook, RulebookError
from calcrisk.variables import registry
from calcrisk.whatif.changeable import entries
from calcrisk.whatif.goals import Search
from calcrisk.whatif.question import questions

if TYPE_CHECKING:
    from pathlib import Path

SOUND = "modifiable:\n  - {id: moves, inputs: [phosphate], modifiable: true, basis: design-choice, why: it moves}\n"
REST = "  - {id: rest, groups: [labs], basis: design-choice, why: these stay}\n"


def folder_with(to: Path, text: str) -> Path:
    for file in FOLDER.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    (to / "modifiable.yaml").write_text(text, encoding="utf-8")
    return to


def test_every_input_is_spoken_of_once() -> None:
    assert entries(rulebook()).keys() == registry().keys()


def test_no_medicine_disease_history_or_inborn_thing_is_ever_modifiable() -> None:
    modifiable = {name for name, entry in entries(rulebook()).items() if entry["modifiable"]}
    assert modifiable
    assert {registry()[name].group for name in modifiable} == {"labs"}
    assert all(registry()[name].kind == "number" for name in modifiable)


def test_why_an_anticoagulant_is_never_stopped_for_a_goal_is_said() -> None:
    assert "never proposes to stop one" in entries(rulebook())["warfarin"]["why"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SOUND.replace("phosphate", "phosphat"), "unknown name 'phosphat'"),
        (SOUND.replace("phosphate]", "phosphate], levers: [binder]"), "unknown name 'binder'"),
        (SOUND + SOUND.removeprefix("modifiable:\n").replace("moves,", "moves-too,"), "stands in two entries"),
        (SOUND.replace("[phosphate]", "[dialysis]"), "is no number"),
        (SOUND.replace("inputs: [phosphate]", "groups: [labs]"), "input by input"),
        (SOUND.replace("inputs: [phosphate], ", ""), "names no inputs"),
        (SOUND.replace(", why: it moves", ""), "does not say why"),
        (SOUND, "nothing is said of the input"),
    ],
)
def test_a_fault_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RulebookError) as refused:
        Rulebook.from_folder(folder_with(tmp_path, text))
    assert any(told in fault.message and fault.file == "modifiable.yaml" for fault in refused.value.faults)


def test_it_answers_nobody_and_so_changes_no_hash() -> None:
    with_it = Rulebook.from_folder(rulebook_folder())
    assert with_it.sha256 == rulebook().sha256
    assert "modifiable" not in rulebook().data  # kept where no start reads it


def rulebook_folder() -> Path:
    from calcrisk.packaged import FOLDER as PACKAGED

    return PACKAGED


@settings(max_examples=40)
@given(stated=patients())
def test_a_reason_is_given_wherever_an_input_is_not_moved(stated: dict[str, object]) -> None:
    patient = read(stated)
    for asked in questions(book()).values():
        search = Search(patient, book(), asked, asked.answers[0])
        for name, entry in search.entries.items():
            if entry["modifiable"] and search.unmovable(name) is None:
                assert isinstance(search.value(name), float)
