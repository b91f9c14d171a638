"""What ``calcrisk batch`` reads and never reads: its own answers, tables, pipes; and which file it never replaces."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import PROGRAM, environment, run

from calcrisk.cli.output import require_writable
from calcrisk.errors import SurroundingsError
from calcrisk.inputs.earlier import _BEGINS
from calcrisk.render.rows import columns, header

DONE, BAD_INPUT, WRONG_USAGE, SURROUNDINGS = 0, 1, 2, 4
PATIENTS = {
    "a.yaml": "id: a\nlabs: {calcium: 9.9, phosphate: 6.8}\n",
    "b/y.yaml": "id: y\nlabs: {calcium: 8.1, phosphate: 6.8}\n",
    "c.yml": "id: c\nlabs: {calcium: 2.4}\n",
    "d.json": '{"id": "d", "labs": {"calcium": 9.9}}\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four patients, one of them refused."""
    found = tmp_path / "ward"
    for name, text in PATIENTS.items():
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_text(text, "utf-8")
    return found


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -------------------------------------------------------------------------------- answers among patients


OVER = [
    ("batch", "ward", "-o", "ward/d.json"),
    ("batch", "ward/d.json", "-o", "ward/d.json"),
    ("batch", "ward", "-o", "link.json"),
    ("batch", "link.json", "-o", "ward/d.json"),
    ("batch", "ward/a.yaml", "--format", "csv", "-o", "ward/a.yaml"),
    ("assess", "ward/d.json", "-o", "ward/d.json"),
    ("assess", "link.json", "-o", "ward/d.json"),
]


@pytest.mark.parametrize("call", OVER, ids=" ".join)
def test_no_answer_replaces_a_patient(call: tuple[str, ...], folder: Path) -> None:
    link = folder.parent / "link.json"
    link.symlink_to(folder / "d.json")
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    ended = run(*call, cwd=folder.parent)
    assert (ended.code, ended.out) == (WRONG_USAGE, "")
    assert "(output-is-input)" in ended.err
    assert "likely-unit" not in ended.err
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    assert link.is_symlink()


@pytest.mark.parametrize("command", [["batch", "-", "--format", "ndjson"], ["assess", "-", "--json"]])
def test_no_answer_replaces_what_standard_input_is_read_from(command: list[str], tmp_path: Path) -> None:
    lines = tmp_path / "p.ndjson"
    lines.write_text('{"calcium": 9.9}\n', "utf-8")
    with lines.open("rb") as stdin:
        whole = [*PROGRAM, *command, "-o", str(lines)]
        ended = subprocess.run(whole, stdin=stdin, capture_output=True, env=environment(), check=False)
    assert ended.returncode == WRONG_USAGE
    assert lines.read_text("utf-8") == '{"calcium": 9.9}\n'


ANSWERS = [("batch", name) for name in ("one.json", "one.ndjson", "one.csv")] + [("assess", "one.json")]


@pytest.mark.parametrize(("command", "name"), ANSWERS)
def test_an_earlier_answer_is_passed_over_and_may_be_replaced(command: str, name: str, folder: Path) -> None:
    made = run(command, "ward/a.yaml", "-o", f"ward/{name}", cwd=folder.parent)
    assert made.code == DONE
    ended = run("batch", "ward", "-o", "ward/two.ndjson", cwd=folder.parent)
    assert f"answers of calcrisk, passed over: {Path('ward') / name}\n" in ended.err
    assert ended.err.endswith("3 scored, 1 refused\n")
    first = (folder / "two.ndjson").read_bytes()
    names = sorted(str(path.relative_to(folder.parent)) for path in folder.rglob("*.*") if path.stem != "one")
    run("batch", *names, "-o", "ward/two.ndjson", cwd=folder.parent)
    assert sorted((folder / "two.ndjson").read_bytes().splitlines()) == sorted(first.splitlines())


def test_answers_that_are_named_are_refused_in_their_place(folder: Path) -> None:
    run("batch", "ward", "-o", "x.json", cwd=folder.parent)
    ended = run("batch", "x.json", "ward/a.yaml", "--format", "ndjson", cwd=folder.parent)
    refused, scored = documents(ended.out)
    assert [each["code"] for each in refused["errors"]] == ["answers"]
    assert scored["status"] == "scored"
    before = (folder.parent / "x.json").read_bytes()
    assert run("batch", "x.json", "-o", "x.json", cwd=folder.parent).code == WRONG_USAGE
    assert (folder.parent / "x.json").read_bytes() == before


def test_the_beginning_of_our_tables_is_known() -> None:
    assert _BEGINS.match(header(columns([], [])).encode())


# -------------------------------------------------------------------------------- what is named and cannot be read


@pytest.mark.parametrize("name", ["people.csv", "people.parquet", "PEOPLE.CSV"])
def test_a_table_that_is_named_refuses_itself_only(name: str, folder: Path) -> None:
    ended = run("batch", name, "ward/a.yaml", "--format", "ndjson", cwd=folder.parent)
    refused, scored = documents(ended.out)
    assert [(each["code"], each["file"]) for each in refused["errors"]] == [("table", name)]
    assert (ended.code, scored["status"]) == (BAD_INPUT, "scored")
    told = f"{name}: a table stands among patient documents (table)\n    hint: name tables in a call of their own"
    assert told in ended.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of POSIX")
def test_a_named_pipe_or_a_device_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder.parent / "pipe.ndjson")
    os.mkfifo(folder.parent / "pipe.yaml")
    paths = ("pipe.ndjson", "pipe.yaml", "/dev/zero")
    ended = run("batch", *paths, "ward/a.yaml", "--format", "ndjson", cwd=folder.parent)
    *refused, scored = documents(ended.out)
    assert [(each["source"], each["errors"][0]["code"]) for each in refused] == [(path, "not-a-file") for path in paths]
    assert (ended.code, scored["status"]) == (BAD_INPUT, "scored")
    assert "calcrisk batch - < pipe.yaml" in ended.err


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="nameless pipes by a path")
def test_what_a_shell_puts_in_place_of_a_command_is_read(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"id: p\ncalcium: 9.9\n")
    os.close(theirs)
    whole = [*PROGRAM, "batch", f"/dev/fd/{ours}", "--format", "ndjson"]
    ended = subprocess.run(whole, pass_fds=[ours], capture_output=True, env=environment(), cwd=tmp_path, check=False)
    os.close(ours)
    assert (ended.returncode, json.loads(ended.stdout)["patient"]["id"]) == (DONE, "p")


# ------------------------------------------------------------------------------------------ names of files


def test_a_name_that_is_not_utf8_loses_no_answer(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    try:
        (tmp_path / "a\udcff.yaml").write_text("id: a\ncalcium: 9.9\n", "utf-8")
    except OSError:
        pytest.skip("this file system has no such names")
    (tmp_path / "b.yaml").write_text("id: b\ncalcium: 9.9\n", "utf-8")
    assert run("batch", ".", "-o", "../x.parquet", cwd=tmp_path).code == DONE
    told = f"SELECT source, id FROM read_parquet('{tmp_path.parent}/x.parquet')"
    assert duckdb.connect().execute(told).fetchall() == [(r"./a\udcff.yaml", "a"), ("./b.yaml", "b")]
    (tmp_path / "t\udcff.csv").write_text("id,calcium\na,9.9\n", "utf-8")
    ended = run("batch", "t\udcff.csv", cwd=tmp_path)
    assert ended.code == BAD_INPUT
    assert "the name of a table must be UTF-8 (cannot-read)\n    hint: rename it" in ended.err


def test_what_is_reached_twice_is_named(folder: Path) -> None:
    ended = run("batch", "ward", "ward/a.yaml", "ward/d.json", *["ward"] * 5, "--format", "csv", cwd=folder.parent)
    names = "ward/a.yaml, ward/d.json, ward, ward, ward and 2 more"
    assert f"reached twice, and read once: {names}\n" in ended.err
    assert ended.err.endswith("3 scored, 1 refused\n")


@pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
@pytest.mark.parametrize("paths", [["ward"], ["t.csv"]])
def test_an_output_that_cannot_be_written_is_told_before_anything_is_read(
    form: str, paths: list[str], folder: Path
) -> None:
    (folder.parent / "t.csv").write_text("id,calcium\na,99\n", "utf-8")
    ended = run("batch", *paths, "--format", form, "-o", "ward/b", cwd=folder.parent)
    assert ended.code == SURROUNDINGS
    assert (
        ended.err
        == "ward/b: cannot be written: Is a directory (cannot-write)\n    hint: this is a folder: name a file\n"
    )


def test_a_folder_that_nobody_may_write_to_is_told_before_as_well(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # who runs this may be allowed anything
    with pytest.raises(SurroundingsError) as refused:
        require_writable(str(folder / "x.csv"))
    assert str(refused.value).endswith(
        "cannot be written: Permission denied (cannot-write)\n    may you write there? Name another folder or file"
    )
