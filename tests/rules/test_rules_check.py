"""``calcrisk rules check``: one change of a sound rulebook a kind of finding, and what is then told, whole."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import run

import calcrisk
from calcrisk.cli.checking import check
from calcrisk.cli.rules import Wanted
from calcrisk.errors import UsageError
from calcrisk.rules.linting.finding import COVERAGE, KINDS

TESTS = Path(__file__).parent.parent
SOUND = TESTS / "rulebooks" / "sound"
PACKAGED = Path(calcrisk.__file__).parent / "rulebook"
QUESTIONABLE = sorted((TESTS / "questionable_rulebooks").glob("*.yaml"))
OF_AN_OVERLAY = {"case-differs", "profile-overrules", "written-for"}  # tests/rules/test_overlays.py has these
FAULTY = 2


def checked(path: Path, at: Path, *, strict: bool = False) -> tuple[int, list[str]]:
    """The exit code and the lines of a check."""
    output = at / "told.txt"
    code = check(str(path), Wanted(None, json=False, output=str(output)), strict=strict)
    return code, output.read_text("utf-8").splitlines()


def changed(case: dict[str, Any], to: Path) -> Path:
    folder = to / "rulebook"
    shutil.copytree(SOUND, folder)
    file = folder / case["file"]
    text = file.read_text("utf-8")
    for edit in case["edits"]:
        assert text.count(edit["replace"]) == 1
        text = text.replace(edit["replace"], edit["by"])
    file.write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("file", QUESTIONABLE, ids=lambda file: str(file.stem))
def test_each_finding_is_told_whole(file: Path, tmp_path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    code, told = checked(changed(case, tmp_path), tmp_path)
    assert "\n".join(told[:-1]) + "\n" == case["message"]
    assert code == case["exit"]


def test_every_kind_of_finding_has_its_rulebook() -> None:
    messages = "".join(yaml.safe_load(file.read_text("utf-8"))["message"] for file in QUESTIONABLE)
    assert set(re.findall(r"\((?:error|warning): ([a-z-]+)\)", messages)) == KINDS.keys() - OF_AN_OVERLAY | {"rulebook"}


def test_an_error_ends_with_2_and_a_warning_only_when_strict(tmp_path: Path) -> None:
    for file in QUESTIONABLE:
        case = yaml.safe_load(file.read_text("utf-8"))
        assert (case["exit"] == FAULTY) == ("(error: " in case["message"])
    case = yaml.safe_load((TESTS / "questionable_rulebooks" / "unused-fact.yaml").read_text("utf-8"))
    assert checked(changed(case, tmp_path), tmp_path, strict=True)[0] == FAULTY


def test_the_sound_rulebook_is_sound(tmp_path: Path) -> None:
    code, told = checked(SOUND, tmp_path, strict=True)
    assert code == 0
    assert re.fullmatch(r"sound 0\.1\.0 [0-9a-f]{12}: 7 rules, 19 cases: no errors, no warnings \(1 allowed\)", told[0])


def test_the_rulebook_of_the_package_has_no_error(tmp_path: Path) -> None:
    code, told = checked(PACKAGED, tmp_path)
    assert code == 0, "\n".join(told)


def test_the_rulebook_of_the_package_leaves_no_warning_unanswered(tmp_path: Path) -> None:
    """Each is mended, or allowed with its reason in ``rulebook/allowed.yaml``."""
    code, told = checked(PACKAGED, tmp_path, strict=True)
    assert code == 0, "\n".join(told)


def test_an_error_cannot_be_allowed(tmp_path: Path) -> None:
    case = yaml.safe_load((TESTS / "questionable_rulebooks" / "case-fails.yaml").read_text("utf-8"))
    folder = changed(case, tmp_path)
    more = "  - {finding: case-fails, at: high-phosphate, why: It may.}\n"
    (folder / "allowed.yaml").write_text((folder / "allowed.yaml").read_text("utf-8") + more, "utf-8")
    code, told = checked(folder, tmp_path)
    assert code == FAULTY
    assert any("(error: case-fails)" in line for line in told)
    assert any("(warning: allowance-unused)" in line for line in told)


def test_allowances_and_cases_answer_for_nobody(tmp_path: Path) -> None:
    """Neither changes the hash that stands in an assessment."""
    folder = tmp_path / "rulebook"
    shutil.copytree(SOUND, folder)
    before = calcrisk.Rulebook.from_folder(folder).sha256
    (folder / "allowed.yaml").unlink()
    assert calcrisk.Rulebook.from_folder(folder).sha256 == before


def test_one_file_of_a_rulebook_is_asked_about_alone(tmp_path: Path) -> None:
    folder = tmp_path / "rulebook"
    shutil.copytree(SOUND, folder)
    for name, old, new in (
        ("rules", "phosphate: 4.5}, expect", "phosphate: 4.4}, expect"),
        ("facts", ": kidney,", ": k,"),
    ):
        file = folder / f"{name}.yaml"
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    (folder / "allowed.yaml").unlink()
    whole = [line for line in checked(folder, tmp_path)[1] if ".yaml:" in line]
    assert {line.partition(":")[0] for line in whole} > {"rules.yaml"}
    alone = [line for line in checked(folder / "rules.yaml", tmp_path)[1] if ".yaml:" in line]
    assert alone == [line for line in whole if line.startswith("rules.yaml:")]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such rulebook"):
        check(str(tmp_path / "nowhere"), Wanted(None, json=False, output=None), strict=False)
    (tmp_path / "lonely.yaml").write_text("rules: []\n", "utf-8")
    with pytest.raises(UsageError, match="no folder above this file"):
        check(str(tmp_path / "lonely.yaml"), Wanted(None, json=False, output=None), strict=False)


def test_the_check_as_a_command(tmp_path: Path) -> None:
    case = yaml.safe_load((TESTS / "questionable_rulebooks" / "case-fails.yaml").read_text("utf-8"))
    folder = changed(case, tmp_path)
    ended = run("rules", "check", "rulebook", "--json", cwd=tmp_path)
    report = json.loads(ended.out)
    assert (ended.code, ended.err) == (FAULTY, "")
    assert (report["errors"], report["warnings"], report["allowed"]) == (1, 1, 1)
    assert report["rulebook"]["sha256"] == calcrisk.Rulebook.from_folder(folder).sha256
    first = report["findings"][0]
    assert (first["severity"], first["code"], first["file"], first["line"]) == ("error", "case-fails", "rules.yaml", 30)
    line, caret = first["excerpt"]
    assert line[caret.index("~") : caret.index("^") + 1] == "expect: unknown"
    assert run("rules", "check", "nowhere", cwd=tmp_path).code == FAULTY
    (tmp_path / "rulebook" / "rulebook.yaml").write_text("id: [\n", "utf-8")
    broken = run("rules", "check", "rulebook", cwd=tmp_path)
    assert (broken.code, broken.out.splitlines()[-1]) == (FAULTY, "does not load: 1 error, no warnings")


def rules_without_a_missing_input(path: Path, at: Path) -> list[str]:
    """The rules that ask for something and bring no case in which it is missing."""
    return [line.split(": ")[2] for line in checked(path, at)[1] if line.endswith("(warning: no-missing-case)")]


def test_every_rule_of_the_package_tries_a_missing_input(tmp_path: Path) -> None:
    assert rules_without_a_missing_input(PACKAGED, tmp_path) == []
    case = yaml.safe_load((TESTS / "questionable_rulebooks" / "no-missing-case.yaml").read_text("utf-8"))
    assert rules_without_a_missing_input(changed(case, tmp_path), tmp_path) == ["high-phosphate"]


def test_what_is_only_of_coverage_is_a_warning() -> None:
    assert {KINDS[kind] for kind in COVERAGE} == {"warning"}
