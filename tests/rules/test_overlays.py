"""An overlay: what it changes is changed and said, what it does not speak of stays, a slip of the pen is refused."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import run
from samples import SAMPLES

from calcrisk import Patient, Rulebook, RulebookError, assess
from calcrisk.cli.checking import check
from calcrisk.cli.rules import Wanted

BAD = sorted((Path(__file__).parent.parent / "bad_overlays").glob("*.yaml"))
HEAD = """\
overlay: pathologic-calcification
id: st-elsewhere
version: "2026.1"
title: St Elsewhere Hospital
"""
LOWER = HEAD + "parameters:\n  ca_p_limit_adult: {value: 50, basis: design-choice, why: our dialysis committee}\n"
RULE = """\
    title: Phosphate high in diabetes
    phrase: a high phosphate in diabetes
    mechanism: mineral_load
    level: mild
    when: phosphate > our_limit and diabetes
    parameters: {our_limit: {value: 5, unit: mg/dL, basis: design-choice, why: our committee}}
    because: "Phosphate is {phosphate}, above {our_limit}."
    basis: design-choice
    why: our committee
    applies_when: our patients
    limits: [A test.]
    cases:
      - {given: {phosphate: 5.1, age: 50, diabetes: true}, expect: met, origin: by hand}
      - {given: {phosphate: 5, age: 50, diabetes: true}, expect: not_met, origin: "by hand: on the limit"}
      - {given: {age: 50, diabetes: true}, expect: unknown, origin: "by hand: phosphate is open"}
"""
PATIENT: dict[str, Any] = {"calcium": 10, "phosphate": 5.2, "ckd_stage": "G5", "age": 60}  # a product of 52


def overlay(text: str, at: Path) -> Path:
    folder = at / "st-elsewhere"
    folder.mkdir()
    (folder / "rulebook.yaml").write_text(text, "utf-8")
    return folder


def checked(folder: Path, at: Path) -> tuple[int, str]:
    output = at / "told.txt"
    code = check(str(folder), Wanted(None, json=False, output=str(output)), strict=False)
    return code, output.read_text("utf-8")


def met(book: Rulebook, stated: dict[str, Any]) -> set[str]:
    found = book.evaluate(Patient(**stated).given)
    return {rule.id for rule, status in zip(book.walk.program.rules, found.statuses, strict=True) if status}


@pytest.mark.parametrize("file", BAD, ids=lambda file: str(file.stem))
def test_each_fault_of_an_overlay_is_told_whole(file: Path, tmp_path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    folder = overlay(case["overlay"], tmp_path)
    assert checked(folder, tmp_path) == (2, case["message"])
    with pytest.raises(RulebookError):
        Rulebook.from_folder(folder)


def test_one_line_changes_one_number_and_the_answer_says_so(tmp_path: Path) -> None:
    theirs, ours = Rulebook.default(), Rulebook.from_folder(overlay(LOWER, tmp_path))
    assert met(ours, PATIENT) - met(theirs, PATIENT) == {"ca-p-product-at-limit-ckd"}
    answer = assess(Patient(**PATIENT), ours)
    assert (answer.rulebook.id, answer.rulebook.version) == (
        f"{theirs.id}+st-elsewhere",
        f"{theirs.version}+2026.1",
    )
    assert answer.rulebook.sha256 == ours.sha256 != theirs.sha256
    assert (answer.ca_p_product.threshold, answer.ca_p_product.at_or_above) == (50, True)
    (said,) = [warning.message for warning in answer.warnings if warning.code == "overlay"]
    assert said.startswith("St Elsewhere Hospital (st-elsewhere 2026.1) changes pathologic-calcification")
    assert "ca_p_limit_adult is 50 mg²/dL², in place of 55" in said
    assert not [warning for warning in assess(Patient(**PATIENT), theirs).warnings if warning.code == "overlay"]


def test_what_the_overlay_does_not_speak_of_stays(tmp_path: Path) -> None:
    theirs, ours = Rulebook.default(), Rulebook.from_folder(overlay(HEAD, tmp_path))
    assert ours.sha256 != theirs.sha256
    for section in ("variables", "facts", "rows", "tiers", "consider", "parameters", "profiles", "classes"):
        named = json.dumps(_said(ours.data[section]), sort_keys=True)
        assert named == json.dumps(_said(theirs.data[section]), sort_keys=True)
    assert [rule["id"] for rule in ours.rules] == [rule["id"] for rule in theirs.rules]


def _said(part: Any) -> Any:
    """Without what is empty: the compiled rulebook leaves that out."""
    if isinstance(part, dict):
        return {key: _said(value) for key, value in part.items() if value not in (None, False, [], {}, ())}
    return [_said(value) for value in part] if isinstance(part, list) else part


def test_the_hash_is_of_what_answers(tmp_path: Path) -> None:
    folder = overlay(LOWER, tmp_path)
    before = Rulebook.from_folder(folder).sha256
    file = folder / "rulebook.yaml"
    file.write_text("# a remark\n" + file.read_text("utf-8"), "utf-8")
    assert Rulebook.from_folder(folder).sha256 == before
    file.write_text(file.read_text("utf-8").replace("value: 50", "value: 51"), "utf-8")
    assert Rulebook.from_folder(folder).sha256 != before


def test_unit_and_digits_are_inherited_and_the_source_is_not(tmp_path: Path) -> None:
    text = HEAD + "parameters:\n  pth_kdoqi_high: {value: 400, basis: design-choice, why: our assay}\n"
    number = Rulebook.from_folder(overlay(text, tmp_path)).data["parameters"]["pth_kdoqi_high"]
    assert (number["value"], number["unit"], number["digits"]) == (400, "pg/mL", 0)
    assert (number["where"], number["basis"], number["why"]) == ([], "design-choice", "our assay")


def test_a_unit_cannot_be_taken_away(tmp_path: Path) -> None:
    """Without one, nothing would notice a number in mmol²/L²."""
    ours = Rulebook.from_folder(overlay(LOWER.replace("value: 50", "value: 50, unit: null"), tmp_path))
    assert ours.data["parameters"]["ca_p_limit_adult"]["unit"] == "mg2/dL2"


JUNK = [None, 1, [[1]], {"a": 1}, [{"id": ["a"]}], {"hypertension": 5}]
WHOLE = ("overlay", "id", "version", "title", "parameters", "profiles", "references", "rules", "cases", "remove")


@pytest.mark.volume
@pytest.mark.parametrize("key", [*WHOLE, "allowed", "written_for", "facts"])
def test_junk_in_an_overlay_is_refused_and_never_a_defect(key: str, tmp_path: Path) -> None:
    folder = overlay(LOWER, tmp_path)
    sound = yaml.safe_load(LOWER)
    for junk in JUNK:
        (folder / "rulebook.yaml").write_text(yaml.safe_dump(sound | {key: junk}), "utf-8")
        code, told = checked(folder, tmp_path)
        assert code in (0, 2)
        assert (code == 2) == told.splitlines()[-1].startswith("does not load: ")


@pytest.mark.volume
@pytest.mark.parametrize("key", ["id", "replaces", "when", "cases", "covered_by", "parameters", "limits", "where"])
def test_junk_in_a_rule_of_an_overlay_is_refused_and_never_a_defect(key: str, tmp_path: Path) -> None:
    folder = overlay(HEAD, tmp_path)
    rule = yaml.safe_load("rules:\n  - id: ours\n" + RULE)["rules"][0]
    more = {"cases": {"ours": [{"given": {"phosphate": 6}, "expect": "unknown", "origin": "by hand"}]}}
    for junk in JUNK:
        text = HEAD + yaml.safe_dump({"rules": [rule | {key: junk}]} | more)
        (folder / "rulebook.yaml").write_text(text, "utf-8")
        code, told = checked(folder, tmp_path)
        assert code in (0, 2)
        assert told.splitlines()[-1].startswith("does not load: " if code else "pathologic-calcification+")


def test_a_rule_is_replaced_added_or_removed_only_where_the_overlay_says_so(tmp_path: Path) -> None:
    theirs = Rulebook.default()
    text = HEAD + "rules:\n  - id: phosphate-in-diabetes\n" + RULE + "  - id: hypertension\n    replaces: true\n" + RULE
    ours = Rulebook.from_folder(overlay(text + "remove:\n  - {rule: atheroma, why: seen on every film}\n", tmp_path))
    ids = [rule["id"] for rule in ours.rules]
    expected = [rule["id"] for rule in theirs.rules if rule["id"] != "atheroma"]
    assert ids == [*expected, "phosphate-in-diabetes"]
    assert ours.rule("hypertension")["level"] == "mild"
    assert ours.rule("hypertension")["file"] == "rulebook.yaml"
    assert met(ours, {"phosphate": 5.1, "age": 50, "diabetes": True}) >= {"hypertension", "phosphate-in-diabetes"}
    assert "hypertension" not in met(ours, {"hypertension": True})


def test_a_removed_rule_covers_no_other(tmp_path: Path) -> None:
    text = HEAD + "remove:\n  - {rule: ca-p-product-at-70-ckd, why: a superseded ceiling}\n"
    ours = Rulebook.from_folder(overlay(text, tmp_path))
    assert "ca-p-product-at-70-ckd" not in ours.rule("ca-p-product-at-limit-ckd")["covered_by"]


def test_a_profile_is_added_and_may_become_the_default(tmp_path: Path) -> None:
    number = "{value: 48, unit: mg2/dL2, basis: design-choice, why: a test}"
    profile = (
        f"profiles:\n  ours:\n    title: Ours\n    default: true\n    parameters:\n      ca_p_limit_adult: {number}\n"
    )
    folder = overlay(HEAD + profile, tmp_path)
    assert Rulebook.from_folder(folder).profile == "ours"
    assert Rulebook.from_folder(folder, "kdoqi").data["parameters"]["ca_p_limit_adult"]["value"] == 55


def test_an_overlay_in_several_files(tmp_path: Path) -> None:
    folder = overlay(LOWER, tmp_path)
    (folder / "rules").mkdir()
    (folder / "rules" / "ours.yaml").write_text("rules:\n  - id: phosphate-in-diabetes\n" + RULE, "utf-8")
    ours = Rulebook.from_folder(folder)
    assert ours.rule("phosphate-in-diabetes")["file"] == "rules/ours.yaml"
    assert ours.data["parameters"]["ca_p_limit_adult"]["value"] == 50


def test_its_source_may_be_its_own(tmp_path: Path) -> None:
    reference = '{citation: "Own audit. 2026.", strength: audit, use: threshold, verified: true, claim: Fifty.}'
    number = "{value: 50, where: {source: own-audit, at: claim}}"
    text = f"{HEAD}parameters:\n  ca_p_limit_adult: {number}\nreferences:\n  own-audit: {reference}\n"
    assert "own-audit" in Rulebook.from_folder(overlay(text, tmp_path)).data["references"]


def test_the_check_tells_what_is_changed_and_which_cases_answer_otherwise(tmp_path: Path) -> None:
    folder = overlay(LOWER + "written_for: 0.9.0\n", tmp_path)
    code, told = checked(folder, tmp_path)
    assert code == 0
    kinds = re.findall(r"\((error|warning): ([a-z-]+)\)", told)
    assert set(kinds) == {("warning", kind) for kind in ("case-differs", "profile-overrules", "written-for")}
    lines = told.splitlines()
    assert "  ca_p_limit_adult is 50 mg²/dL², in place of 55" in lines[lines.index("changes:") :]
    differing = sum(kind == "case-differs" for _, kind in kinds)
    assert lines[-1].endswith(f"; {differing} cases now answer differently")
    assert "pathologic-calcification/rules/" in told  # whose file it is


def test_a_failing_case_of_the_overlays_own_is_an_error(tmp_path: Path) -> None:
    case = "cases:\n  hypertension:\n    - {given: {hypertension: true}, expect: not_met, origin: by hand}\n"
    code, told = checked(overlay(HEAD + case, tmp_path), tmp_path)
    assert code == 2
    assert told.startswith("rulebook.yaml:7:")
    assert "(error: case-fails)" in told


def test_an_overlay_serves_every_command(tmp_path: Path) -> None:
    overlay(LOWER, tmp_path)
    use = ("--rulebook", "st-elsewhere")
    flags = ("--calcium", "10", "--phosphate", "5.2", "--ckd-stage", "G5", "--age", "60")
    answer = run("assess", *flags, "--json", *use, cwd=tmp_path)
    identity = json.loads(answer.out)["rulebook"]
    assert identity["id"] == "pathologic-calcification+st-elsewhere"
    plain = run("assess", *flags, *use, cwd=tmp_path).out
    assert "pathologic-calcification+st-elsewhere" in plain
    assert "in place of 55" in plain
    alone, two = (
        run("batch", str(SAMPLES / "cases"), "--format", "ndjson", "--jobs", jobs, *use, cwd=tmp_path) for jobs in "12"
    )
    assert alone.out == two.out
    assert {json.loads(line)["rulebook"]["sha256"] for line in two.out.splitlines()} == {identity["sha256"]}
    assert "ca-p-product-at-limit-ckd" in run("rules", "list", *use, cwd=tmp_path).out
    shown = run("rules", "show", "ca-p-product-at-limit-ckd", *use, cwd=tmp_path).out
    assert "ca_p_limit_adult: 50 mg²/dL² (our dialysis committee) (design choice)" in shown


def test_a_rulebook_with_an_overlay_can_be_sent_to_another_process(tmp_path: Path) -> None:
    ours = Rulebook.from_folder(overlay(LOWER, tmp_path))
    sent = pickle.loads(pickle.dumps(Rulebook(ours.data, ours.profile)))  # noqa: S301  # our own bytes
    assert (sent.id, sent.sha256) == (ours.id, ours.sha256)


@pytest.mark.parametrize("page", ["README.md", "docs/rulebook-authoring.md"])
def test_the_overlay_that_is_shown_does_what_is_said(page: str, tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent.parent / page).read_text("utf-8")
    (shown,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("overlay:")]
    assert Rulebook.from_folder(overlay(shown, tmp_path)).data["parameters"]["ca_p_limit_adult"]["value"] == 50


def test_the_rule_that_is_shown_is_the_packages_form(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "rulebook-authoring.md").read_text("utf-8")
    (shown,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("rules:")]
    folder = overlay(HEAD + shown.replace("id: magnesium-low", "id: magnesium-low\n    replaces: true"), tmp_path)
    code, told = checked(folder, tmp_path)
    assert code == 0
    assert re.findall(r"\(error: [a-z-]+\)", told) == []
