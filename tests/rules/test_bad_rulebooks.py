"""A faulty rulebook names file, line, rule and fault: the small one with one change an error, the message whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_rulebook import FOLDER

from calcrisk import Rulebook, RulebookError
from calcrisk.render.faults import show

FAULTS = sorted((Path(__file__).parent.parent / "bad_rulebooks").glob("*.yaml"))


def copied(to: Path) -> Path:
    folder = to / "rulebook"
    shutil.copytree(FOLDER, folder)
    return folder


def message(folder: Path) -> str:
    with pytest.raises(RulebookError) as caught:
        Rulebook.from_folder(folder)
    return show(caught.value)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda file: str(file.stem))
def test_each_fault_is_told_whole(fault: Path, tmp_path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(fault.read_text("utf-8"))
    folder = copied(tmp_path)
    file = folder / case["file"]
    text = file.read_text("utf-8")
    for edit in case["edits"]:
        assert text.count(edit["replace"]) == 1
        text = text.replace(edit["replace"], edit["by"])
    file.write_text(text, "utf-8")
    assert message(folder) == case["message"]


def test_the_small_rulebook_itself_loads(tmp_path: Path) -> None:
    assert len(Rulebook.from_folder(copied(tmp_path)).rules) == 7


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for name, old, new in (("rules", "when: hftc\n", "when: hftcc\n"), ("facts", "pth + 1", "pth + 2")):
        file = folder / f"{name}.yaml"
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    told = [line.partition(" ")[0] for line in message(folder).splitlines() if ".yaml:" in line]
    assert told == ["facts.yaml:17:", "rules.yaml:34:"]


def test_a_lever_is_called_by_its_name(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    study = "{direction: harm, where: {source: nobody, at: claim}, say: Harm.}"
    named = "lever: binder, title: Binder, studied_in: CKD, when: hftc, direction: harm, why: One study."
    (folder / "levers.yaml").write_text(f"levers:\n  - {{{named}, studies: [{study}]}}\n", "utf-8")
    assert message(folder).startswith("levers.yaml:2: levers: binder: studies: 0: where: unknown reference 'nobody'")


def test_a_folder_without_a_rulebook(tmp_path: Path) -> None:
    assert message(tmp_path) == (
        f"{tmp_path}: rulebook.yaml: a rulebook is a folder with a rulebook.yaml in it (no-rulebook)\n"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "classification.yaml").unlink()
    assert message(folder) == "classification.yaml: No such file or directory (bad-yaml)\n"


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "warnings.yaml").write_bytes("warnings:\n  # 5 µg\n".encode("latin-1"))
    assert message(folder).startswith("warnings.yaml: ")
    assert "utf-8" in message(folder)


def test_a_name_in_two_files_of_a_section(tmp_path: Path) -> None:
    """The second must not replace the first in silence: that is what profiles are for."""
    folder = copied(tmp_path)
    (folder / "parameters").mkdir()
    text = 'parameters:\n  slope: {value: 1, where: {source: a-threshold, at: "value: slope"}}\n'
    (folder / "parameters" / "more.yaml").write_text(text, "utf-8")
    assert message(folder) == "parameters/more.yaml:2: parameters: 'slope' stands in another file already (bad-yaml)\n"


def test_python_in_yaml_is_not_run(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "warnings.yaml").write_text("warnings: !!python/object/apply:os.getcwd []\n", "utf-8")
    assert message(folder).startswith("warnings.yaml:1: could not determine a constructor for the tag")


def test_a_fault_in_the_second_file_of_a_section_is_placed_there(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    more = folder / "rules"
    more.mkdir()
    rules = yaml.safe_load((folder / "rules.yaml").read_text("utf-8"))["rules"]
    rules[0]["id"], rules[0]["when"] = "another", "kidny"
    (more / "more.yaml").write_text(yaml.safe_dump({"rules": rules[:1]}, sort_keys=False), "utf-8")
    assert message(folder).splitlines()[0] == "rules/more.yaml:7: rules: another: when: unknown name 'kidny' (rulebook)"
