"""The command line through real processes: exit codes, streams, files, and help for what was mistyped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from commands import PROGRAM, Ended, environment, run
from renderings import flowing
from small_rulebook import FOLDER as SMALL

from calcrisk import Assessment, __version__
from calcrisk.variables import registry

if TYPE_CHECKING:
    from pathlib import Path

PATIENT = "age: 60\nlabs: {calcium: 9.9, phosphate: 2.2 mmol/L}\nkidney: {ckd_stage: G5}\n"
FLAGS = ("--calcium", "9.9", "--phosphate", "2.2 mmol/L", "--ckd-stage", "G5", "--age", "60")
DONE, BAD_INPUT, WRONG_USAGE, SURROUNDINGS = 0, 1, 2, 4


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    file = tmp_path / "patient.yaml"
    file.write_text(PATIENT, "utf-8")
    return file


def document(ended: Ended) -> Assessment:
    assert (ended.code, ended.err) == (DONE, "")
    return Assessment.from_json(ended.out)


# -------------------------------------------------------------------------------- where input comes from


def test_a_file_flags_and_standard_input_say_the_same(patient: Path, tmp_path: Path) -> None:
    from_file = document(run("assess", str(patient), "--json", cwd=tmp_path))
    from_flags = document(run("assess", *FLAGS, "--json", cwd=tmp_path))
    from_stdin = document(run("assess", "-", "--json", cwd=tmp_path, stdin=PATIENT))
    assert from_file.findings == from_flags.findings == from_stdin.findings
    assert from_file.inputs["calcium"].origin == f"{patient}:2"
    assert from_flags.inputs["calcium"].origin == "--calcium"
    assert (from_stdin.source, from_stdin.inputs["calcium"].origin) == ("<stdin>", "<stdin>:2")


def test_json_on_standard_input(tmp_path: Path) -> None:
    given = json.dumps({"labs": {"calcium": 9.9}})
    assert document(run("assess", "-", "--json", cwd=tmp_path, stdin=given)).inputs["calcium"].value == 9.9


def test_flags_win_over_the_file(patient: Path, tmp_path: Path) -> None:
    inputs = document(run("assess", str(patient), "--calcium", "8", "--no-warfarin", "--json", cwd=tmp_path)).inputs
    assert (inputs["calcium"].value, inputs["calcium"].origin) == (8.0, "--calcium")
    assert (inputs["warfarin"].value, inputs["warfarin"].origin) == (False, "--no-warfarin")
    assert inputs["age"].value == 60.0


def test_unknown_reopens_what_the_file_says(patient: Path, tmp_path: Path) -> None:
    opened = document(
        run("assess", str(patient), "--unknown", "phosphate", "--unknown", "albumin", "--json", cwd=tmp_path)
    )
    assert opened.ca_p_product.value is None
    assert {each.input for each in opened.missing} >= {"phosphate"}
    assert "albumin" not in opened.assumed_absent


def test_a_windows_file_reads_like_any_other(tmp_path: Path) -> None:
    """A byte-order mark, CRLF, and either of the two letters for micro."""
    for micro in ("\u00b5", "\u03bc"):
        text = f"\ufefflabs:\r\n  creatinine: 138 {micro}mol/L\r\n"
        answer = document(run("assess", "-", "--json", cwd=tmp_path, stdin=text))
        assert answer.inputs["creatinine"].value == pytest.approx(1.561, abs=1e-3)


def test_as_of_is_given_or_the_files_own_date_or_nothing(tmp_path: Path) -> None:
    dated = PATIENT + "as_of: 2026-03-30\n"
    assert document(run("assess", "-", "--json", cwd=tmp_path, stdin=PATIENT)).as_of is None
    assert document(run("assess", "-", "--json", cwd=tmp_path, stdin=dated)).as_of == "2026-03-30"
    given = document(run("assess", "-", "--json", "--as-of", "2026-04-01", cwd=tmp_path, stdin=dated))
    assert given.as_of == "2026-04-01"


def test_a_profile_sets_the_threshold(patient: Path, tmp_path: Path) -> None:
    usual = document(run("assess", str(patient), "--json", cwd=tmp_path))
    other = document(run("assess", str(patient), "--json", "--profile", "cari", cwd=tmp_path))
    assert (usual.rulebook.profile, other.rulebook.profile) == ("kdoqi", "cari")
    assert other.ca_p_product.threshold < usual.ca_p_product.threshold


def test_another_rulebook_from_its_folder(tmp_path: Path) -> None:
    ended = run("assess", "--calcium", "10", "--phosphate", "5.5", "--rulebook", str(SMALL), "--json", cwd=tmp_path)
    assert document(ended).rulebook.id == "small"


def test_an_input_that_another_rulebook_does_not_have_is_wrong_usage(tmp_path: Path) -> None:
    ended = run("assess", "--calcium", "10", "--warfarin", "--rulebook", str(SMALL), cwd=tmp_path)
    assert ended.code == WRONG_USAGE
    assert ended.err.startswith("warfarin: ")


# -------------------------------------------------------------------------------- where output goes


def test_json_is_a_format(patient: Path, tmp_path: Path) -> None:
    asked = [run("assess", str(patient), *how, cwd=tmp_path).out for how in (("--json",), ("--format", "json"))]
    assert asked[0] == asked[1]
    assert asked[0].endswith("}\n")


SUFFIXES = [("a.json", "{"), ("a.JSON", "{"), ("a.md", "#"), ("a.markdown", "#"), ("a.txt", ""), ("a", "")]


@pytest.mark.parametrize(("name", "start"), SUFFIXES)
def test_the_suffix_of_the_output_names_the_format(name: str, start: str, patient: Path, tmp_path: Path) -> None:
    ended = run("assess", str(patient), "-o", name, cwd=tmp_path)
    assert ended == (DONE, "", "")
    text = (tmp_path / name).read_text("utf-8")
    assert text.startswith(start)
    assert "\x1b" not in text
    printed = {"{": "json", "#": "markdown", "": "terminal"}[start]
    if printed != "terminal":
        assert text == run("assess", str(patient), "--format", printed, cwd=tmp_path).out


CONFLICTS = [
    (("--json", "--format", "markdown"), "two formats at once: --format (markdown) and --json (json)"),
    (("--json", "-o", "a.md"), "two formats at once: --json (json) and -o (markdown)"),
    (("--brief", "--json"), "two formats at once: --json (json) and --brief (brief)"),
    (("--brief", "-o", "a.json"), "two formats at once: --brief (brief) and -o (json)"),
    (("--format", "terminal", "-o", "a.json"), "two formats at once: --format (terminal) and -o (json)"),
]


@pytest.mark.parametrize(("options", "message"), CONFLICTS)
def test_two_formats_at_once_are_wrong_usage(
    options: tuple[str, ...], message: str, patient: Path, tmp_path: Path
) -> None:
    ended = run("assess", str(patient), *options, cwd=tmp_path)
    assert ended == (WRONG_USAGE, "", f"{message} (format-conflict)\n    hint: keep one\n")
    assert sorted(tmp_path.iterdir()) == [patient]


def test_brief_is_three_lines(patient: Path, tmp_path: Path) -> None:
    ended = run("assess", str(patient), "--brief", cwd=tmp_path)
    assert len(ended.out.splitlines()) == 3
    run("assess", str(patient), "--brief", "-o", "a.txt", cwd=tmp_path)
    assert (tmp_path / "a.txt").read_text("utf-8") == ended.out


def test_brief_tells_beside_its_lines_that_a_number_is_in_doubt(tmp_path: Path) -> None:
    ended = run("assess", "--brief", "--calcium", "2.75 mmol/l", "--pth", "40", cwd=tmp_path)
    said = "pth 40 has no unit and was read as pg/mL, while calcium is written in mmol/L: was pmol/L meant?\n"
    assert (ended.code, len(ended.out.splitlines()), ended.err) == (DONE, 3, said)


def test_all_lists_every_rule(patient: Path, tmp_path: Path) -> None:
    every = document(run("assess", str(patient), "--all", "--json", cwd=tmp_path)).findings
    met = document(run("assess", str(patient), "--json", cwd=tmp_path)).findings
    assert {each.status for each in every} == {"met", "not_met", "unknown"}
    assert tuple(each for each in every if each.status == "met") == met


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(patient: Path, tmp_path: Path) -> None:
    old = tmp_path / "answer.json"
    old.write_text("old", "utf-8")
    code = "import resource, runpy, signal, sys\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))\n"
    code += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"  # then a write fails as it does on a full disk
    code += "sys.argv[0] = 'calcrisk'\n"
    code += "runpy.run_module('calcrisk', run_name='__main__')\n"
    ended = subprocess.run(
        [sys.executable, "-c", code, "assess", str(patient), "-o", str(old)],
        capture_output=True,
        # neither its data nor what Python compiles would fit, and half of a compiled module would stay
        env=environment(COVERAGE_PROCESS_START="", COVERAGE_PROCESS_CONFIG="", PYTHONDONTWRITEBYTECODE="1"),
        check=False,
    )
    assert ended.returncode == SURROUNDINGS
    assert b"cannot be written" in ended.stderr
    assert old.read_text("utf-8") == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["answer.json", "patient.yaml"]


def test_a_written_file_has_the_mode_of_the_one_it_replaces(patient: Path, tmp_path: Path) -> None:
    old = tmp_path / "answer.json"
    old.write_text("old", "utf-8")
    old.chmod(0o640)
    assert run("assess", str(patient), "-o", str(old), cwd=tmp_path).code == DONE
    assert old.stat().st_mode & 0o777 == 0o640
    assert old.read_text("utf-8").startswith("{")


def test_an_output_that_cannot_be_is_the_surroundings(patient: Path, tmp_path: Path) -> None:
    ended = run("assess", str(patient), "-o", "no/such/folder/a.json", cwd=tmp_path)
    assert ended == (
        SURROUNDINGS,
        "",
        (
            "no/such/folder/a.json: cannot be written: No such file or directory (cannot-write)\n"
            "    hint: make the folder first, or name another\n"
        ),
    )


def test_bad_input_leaves_the_output_alone(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old", "utf-8")
    assert run("assess", "--calcium", "2.4", "-o", "a.json", cwd=tmp_path).code == BAD_INPUT
    assert (tmp_path / "a.json").read_text("utf-8") == "old"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a POSIX shell")
@pytest.mark.parametrize("how", [("--json", "--all"), ("--all",), ("--format", "markdown")])
def test_a_closed_pipe_is_silent(how: tuple[str, ...], patient: Path, tmp_path: Path) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "assess", str(patient), *how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()  # the reader goes before anything is written
    assert program.stderr.read() == b""
    program.stderr.close()
    assert program.wait(60) == DONE


def test_nothing_is_coloured_without_a_terminal(patient: Path, tmp_path: Path) -> None:
    for more in ({}, {"NO_COLOR": "1"}):
        for how in ((), ("--format", "markdown"), ("--brief",)):
            assert "\x1b" not in run("assess", str(patient), *how, cwd=tmp_path, **more).out
    assert "\x1b" not in run("--help", cwd=tmp_path).out


def test_utf_8_whatever_the_code_page(patient: Path, tmp_path: Path) -> None:
    for locale in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "cp1252"}, {"PYTHONUTF8": "0", "LANG": "de_DE.ISO-8859-1"}):
        assert "Ca×P" in run("assess", str(patient), "--json", cwd=tmp_path, **locale).out
        assert "mg²/dL²" in run("assess", str(patient), "--format", "markdown", cwd=tmp_path, **locale).out


# -------------------------------------------------------------------------------- other commands


def test_the_template_can_be_fed_straight_back(tmp_path: Path) -> None:
    blank = run("template", cwd=tmp_path)
    assert (blank.code, blank.err) == (DONE, "")
    answer = document(run("assess", "-", "--json", cwd=tmp_path, stdin=blank.out))
    assert answer.classification == "indeterminate"
    assert answer.inputs == {}
    assert run("template", "-o", "mine.yaml", cwd=tmp_path) == (DONE, "", "")
    assert (tmp_path / "mine.yaml").read_text("utf-8") == blank.out


def test_the_schemas_are_json(tmp_path: Path) -> None:
    for what in ("patient", "assessment"):
        ended = run("schema", what, cwd=tmp_path)
        assert ended.code == DONE
        assert json.loads(ended.out)["$schema"].startswith("https://json-schema.org/")
        assert run("schema", what, "--json", cwd=tmp_path) == ended


def test_the_rulebook_is_listed_and_shown(tmp_path: Path) -> None:
    listed = run("rules", "list", cwd=tmp_path).out
    rules = json.loads(run("rules", "list", "--json", cwd=tmp_path).out)
    assert len(rules) > 30
    assert all(f"  {rule['id']} " in listed for rule in rules)
    assert "cari" in listed
    first = rules[0]
    shown = run("rules", "show", first["id"], cwd=tmp_path).out
    for part in (first["id"], first["file"], first["limits"][0], first["where"][0]["source"]):
        assert flowing(part) in flowing(shown)
    for how in (("--json",), ("--format", "json")):
        assert json.loads(run("rules", "show", first["id"], *how, cwd=tmp_path).out) == first
        assert json.loads(run("rules", "list", *how, cwd=tmp_path).out) == rules
    assert run("rules", "show", first["id"], "--format", "terminal", cwd=tmp_path).out == shown


def test_the_version_names_program_rulebook_and_hash(tmp_path: Path) -> None:
    ended = run("--version", cwd=tmp_path)
    answer = document(run("assess", *FLAGS, "--json", cwd=tmp_path))
    assert ended.code == DONE
    assert ended.out.splitlines()[0] == f"calcrisk {__version__}"
    assert answer.rulebook.version in ended.out
    assert answer.rulebook.sha256 in ended.out


def test_help_names_every_input(tmp_path: Path) -> None:
    text = run("assess", "--help", cwd=tmp_path).out
    assert all(f"--{variable.option}" in text for variable in registry().values())
    assert run("-h", cwd=tmp_path).out == run("--help", cwd=tmp_path).out


SHELLS = {
    "bash": "complete -o",
    "zsh": "#compdef calcrisk",
    "fish": "complete --command calcrisk",
    "powershell": "calcrisk",
}


@pytest.mark.parametrize("shell", [*SHELLS, "pwsh"])
def test_a_completion_script_for_each_shell(shell: str, tmp_path: Path) -> None:
    ended = run(cwd=tmp_path, _CALCRISK_COMPLETE=f"source_{shell}")
    assert (ended.code, ended.err) == (DONE, "")
    assert SHELLS.get(shell, "calcrisk") in ended.out
    assert "_CALCRISK_COMPLETE" in ended.out
    assert "python" not in ended.out  # the program's own name, also when it was started as a module


def test_what_a_shell_is_offered(tmp_path: Path) -> None:
    asked = {"_CALCRISK_COMPLETE": "complete_bash", "COMP_WORDS": "calcrisk assess --phos", "COMP_CWORD": "2"}
    assert "--phosphate" in run(cwd=tmp_path, **asked).out.split()
    fish = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_ARGS": "calcrisk ru"}
    assert run(cwd=tmp_path, _CALCRISK_COMPLETE="complete_fish", **fish).out.startswith("rules")


# -------------------------------------------------------------------------------- what is mistyped

# arguments, exit code, and what the message must name
MISTAKES = [
    (("assess", "--calcum", "9"), WRONG_USAGE, ["--calcum", "--calcium"]),
    (("assess", "--gender", "male"), WRONG_USAGE, ["--gender is no option", "did you mean '--sex'?"]),
    (("assess", "--warfarin", "--po4=4"), WRONG_USAGE, ["--po4"]),
    (("assess", "--calcium", "9", "--calcium=10"), WRONG_USAGE, ["calcium is stated twice", "keep one of the two"]),
    (("assess", "--warfarin", "--no-warfarin"), WRONG_USAGE, ["--warfarin: warfarin is stated twice"]),
    (("asess", "--calcium", "9"), WRONG_USAGE, ["asess"]),
    (("assess",), WRONG_USAGE, ["nothing is stated", "calcrisk template"]),
    (("assess", "--calcium"), WRONG_USAGE, ["--calcium"]),
    (("assess", "--warfarin=yes"), WRONG_USAGE, ["--warfarin"]),
    (("assess", "one.yaml", "two.yaml"), WRONG_USAGE, ["two.yaml"]),
    (("assess", "--calcium", "9", "--format", "jsn"), WRONG_USAGE, ["'jsn'", "did you mean 'json'?"]),
    (("assess", "--calcium", "9", "--profile", "kdoq"), WRONG_USAGE, ["'kdoq'", "did you mean 'kdoqi'?"]),
    (("assess", "--calcium", "9", "--rulebook", "nowhere"), WRONG_USAGE, ["nowhere", "rulebook.yaml"]),
    (("assess", "--calcium", "9", "--as-of", "30.3.2026"), WRONG_USAGE, ["'30.3.2026'", "2026-03-30"]),
    (("assess", "--calcium", "9", "--as-of", "20260330"), WRONG_USAGE, ["'20260330'", "2026-03-30"]),
    (("assess", "--unknown", "phosphat"), WRONG_USAGE, ["phosphat", "did you mean 'phosphate'"]),
    (("assess", "--unknown", "calcium", "--calcium", "9"), WRONG_USAGE, ["calcium is stated twice"]),
    (("assess", "--calcium", "2.4"), BAD_INPUT, ["--calcium", "did you mean 2.4 mmol/L?"]),
    (("assess", "--calcium", "9 mg/d"), BAD_INPUT, ["'mg/d'", "did you mean 'mg/dL'?"]),
    (("assess", "--calcium", "9,4"), BAD_INPUT, ["9,4", "9.4"]),
    (("assess", "--calcium", "nan"), BAD_INPUT, ["'nan'"]),
    (("assess", "--calcium", "1e400"), BAD_INPUT, ["--calcium"]),
    (("assess", "--age", "-5"), BAD_INPUT, ["--age", "0 to 120 years"]),
    (("assess", "--ckd-stage", "G6"), BAD_INPUT, ["G6", "G5"]),
    (("assess", "--infarct", "--no-tissue-damage"), BAD_INPUT, ["--no-tissue-damage", "contradicts", "--infarct"]),
    (("assess", "nowhere.yaml"), BAD_INPUT, ["nowhere.yaml", "No such file"]),
    (("assess", "."), BAD_INPUT, ["cannot be read"]),
    (("assess", "--calcium", "9", "-o", "a.html"), WRONG_USAGE, ["'.html'", ".json, .md", "(unknown-suffix)"]),
    (("rules", "list", "-o", "a.csv"), WRONG_USAGE, ["'.csv'", ".json, .txt", "(unknown-suffix)"]),
    (("rules", "list", "-o", "a.md"), WRONG_USAGE, ["'.md'", ".json, .txt", "(unknown-suffix)"]),
    (("rules", "list", "--format", "jsn"), WRONG_USAGE, ["'jsn'", "did you mean 'json'?"]),
    (("rules", "list", "--format", "terminal", "--json"), WRONG_USAGE, ["(format-conflict)"]),
    (("template", "--json"), WRONG_USAGE, ["YAML", "calcrisk schema patient"]),
    (("schema", "patients"), WRONG_USAGE, ["did you mean 'patient'?"]),
    (("rules", "show", "hypertensoin"), WRONG_USAGE, ["did you mean 'hypertension'?"]),
]


@pytest.mark.parametrize(("arguments", "code", "named"), MISTAKES, ids=[" ".join(row[0]) for row in MISTAKES])
def test_what_is_mistyped_is_helped(arguments: tuple[str, ...], code: int, named: list[str], tmp_path: Path) -> None:
    ended = run(*arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert [part for part in named if part not in ended.err] == []
    assert "Traceback" not in ended.err


# what stands in the file; its exit code is always 1; where the fault lies, and what is offered
FILES = [
    ("labs: {calcum: 9}", "patient.yaml:1:", "did you mean 'calcium'?"),
    ("labs:\n  calcium: 9\n  phosphate: 1.3 mmol\n", "patient.yaml:3:", "mmol/L"),
    ("age: sixty\n", "patient.yaml:1:", "a number"),
    ("tissue:\n  - {finding: infrct}\n", "patient.yaml:2:", "infarct"),
    ("labs: [", "patient.yaml:", ""),
    ("- {age: 1}\n- {age: 2}\n", "patient.yaml:2:", "`calcrisk batch patient.yaml`"),
    ("age: 1\n---\nage: 2\n", "patient.yaml:3:", "`calcrisk batch patient.yaml`"),
    ("- 1\n", "patient.yaml:1:", "a mapping of names to values"),
    ("labs: {calcium: 9}\nlabs: {calcium: 8}\n", "patient.yaml:2:", "labs"),
]


@pytest.mark.parametrize(("text", "place", "hint"), FILES)
def test_a_faulty_file_is_told_with_its_line(text: str, place: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "patient.yaml").write_text(text, "utf-8")
    ended = run("assess", "patient.yaml", cwd=tmp_path)
    assert (ended.code, ended.out) == (BAD_INPUT, "")
    assert ended.err.startswith(place)
    assert hint in ended.err
    assert "Traceback" not in ended.err


def test_every_fault_is_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    data = {"labs": {"calcium": 2.4, "phosphate": "4 mg", "albumin": "low-ish"}, "kidney": {"ckd_stage": "G9"}}
    (tmp_path / "patient.yaml").write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    told = [line for line in run("assess", "patient.yaml", cwd=tmp_path).err.splitlines() if line.startswith("patient")]
    assert [line.split(": ")[1] for line in told] == [
        "labs.calcium",
        "labs.phosphate",
        "labs.albumin",
        "kidney.ckd_stage",
    ]


GARBAGE = [
    b"\x00\x01\x02",
    b"\xff\xfe\x00",
    b"{" * 5000,
    b"[" * 5000,
    b"\xef\xbb\xbf",
    b"%PDF-1.4",
    b"a: &a [*a]",
    b"? ? ? :",
    b"'",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_garbage_never_ends_in_a_traceback(garbage: bytes, tmp_path: Path) -> None:
    ended = run("assess", "-", "--brief", cwd=tmp_path, stdin=garbage)
    assert ended.code in (DONE, BAD_INPUT)
    assert "Traceback" not in ended.err
    assert "defect" not in ended.err
    assert bool(ended.err) == (ended.code == BAD_INPUT)


@pytest.mark.parametrize("name", ["metastatic-by-load", "calciphylaxis", "products-disagree"])
def test_what_decides_warns_or_alerts_can_be_shown_like_a_rule(name: str, tmp_path: Path) -> None:
    shown = run("rules", "show", name, cwd=tmp_path)
    assert shown.code == 0
    assert f" {name} · " in shown.out.splitlines()[1]
    assert "\nWhen\n" in shown.out
    assert "\nWhat it says" in shown.out
