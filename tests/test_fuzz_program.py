"""Hostile options, and hostile files through the program itself: the right exit code, and never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import mutations
import oracle
import pytest
from commands import run
from samples import patient_from

from calcrisk import Refused
from calcrisk.cli import _guarded
from calcrisk.errors import InputError
from calcrisk.inputs.documents import read_document, read_documents
from calcrisk.inputs.streams import Lines
from calcrisk.variables import registry

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.volume

SCORED, BAD_INPUT, WRONG_USAGE = 0, 1, 2
BLOCK = 150  # command lines of one test
FILES = [(kind, number) for kind in mutations.KINDS for number in range(1000, 1008)]


def check_answer(text: str) -> None:
    answer = json.loads(text)
    assert oracle.complaints(answer) == []
    assert answer["status"] == "scored"
    assert set(answer) == oracle.keys_of_an_answer()
    assert "errors" not in answer


def check_end(code: int, out: str, err: str) -> None:
    """An answer and nothing else, or a complaint and no answer."""
    assert "Traceback" not in out + err
    assert "defect" not in err
    if code == SCORED:
        check_answer(out)
        assert err == ""
    else:
        assert code in (BAD_INPUT, WRONG_USAGE)
        assert (out, bool(err)) == ("", True)


# ------------------------------------------------------------------------------------------------------------- flags


def expected(arguments: list[str]) -> int | None:
    """The exit code of options that are all written in full, once each; None for any other."""
    values: dict[str, str | bool] = {}
    for word in arguments:
        option, equals, value = word.removeprefix("--").partition("=")
        name = option.replace("-", "_")
        if not word.startswith("--") or name not in registry() or name in values:
            return None
        if bool(equals) == (registry()[name].kind == "yesno"):
            return None
        values[name] = value if equals else True
    return SCORED if oracle.check_flags(values, []) else BAD_INPUT


@pytest.mark.parametrize("block", range(4))
def test_every_command_line_is_assessed_refused_or_wrong(
    block: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    codes = []
    for number in range(block * BLOCK, (block + 1) * BLOCK):
        arguments = mutations.command_line(number)
        monkeypatch.setattr("sys.argv", ["calcrisk", "assess", "--json", *arguments])
        try:
            code = _guarded()
        except SystemExit as end:  # as the parser of the command line ends
            code = int(end.code or 0)
        check_end(code, *capsys.readouterr())
        known = expected(arguments)
        assert known in (None, code), f"python fuzz/mutations.py flags {number}"
        codes.append(code if known is not None else -1)
    assert {SCORED, BAD_INPUT} <= set(codes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", range(2000, 2012))
def test_the_program_itself_ends_properly_whatever_its_options(number: int, tmp_path: Path) -> None:
    arguments = mutations.command_line(number)
    ended = run("assess", "--json", *[word.encode("utf-8", "replace").decode() for word in arguments], cwd=tmp_path)
    check_end(*ended)


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(("kind", "number"), FILES)
def test_the_program_itself_says_what_the_library_says(kind: str, number: int, tmp_path: Path) -> None:
    content = mutations.mutant(kind, number)
    name = f"x.{kind}"
    (tmp_path / name).write_bytes(content)
    lines = Lines(name, 1, 0, content, 1.0).documents()
    documents = list(lines) if kind == "ndjson" else read_documents(content, name)
    ends = oracle.check_lines(content) if kind == "ndjson" else oracle.check_file(content, name)
    ended = run("batch", name, "--format", "ndjson", cwd=tmp_path)
    told = [json.loads(line) for line in ended.out.split("\n")[:-1]]
    assert [each["status"] for each in told] == [end.status for end in ends]
    assert [each["patient"]["id"] for each in told] == [document.id for document in documents]
    assert ended.code == (BAD_INPUT if any(isinstance(end, Refused) for end in ends) else SCORED)
    assert "Traceback" not in ended.err
    assert [oracle.complaints(each) for each in told] == [[]] * len(told)


@pytest.mark.parametrize(("kind", "number"), FILES[::3])
def test_assess_ends_as_the_library_does(kind: str, number: int, tmp_path: Path) -> None:
    content = mutations.mutant(kind, number)
    (tmp_path / "x").write_bytes(content)
    try:
        patient_from(read_document(content, "x"), {})
    except InputError:
        code = BAD_INPUT
    else:
        code = SCORED
    ended = run("assess", "x", "--json", cwd=tmp_path)
    check_end(*ended)
    assert ended.code == code
