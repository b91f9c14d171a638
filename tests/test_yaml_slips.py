"""Slips of YAML: what it takes for something else than was meant is refused, where it stands and with what to do."""

from __future__ import annotations

import pytest
import yaml
from samples import patient_from

from calcrisk.errors import Fault, InputError
from calcrisk.inputs import yaml_text
from calcrisk.inputs.documents import read_documents
from calcrisk.render.faults import show

pytestmark = pytest.mark.once


def faults(text: str, source: str = "a.yaml") -> list[Fault]:
    """Every fault of a text, in order."""
    found: list[Fault] = []
    for document in read_documents(text, source):
        try:
            patient_from(document, {})
        except InputError as error:
            found += error.faults
    return found


LOADERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "bound", [*(">9", "|9", ">1", ">9-", ">20", "> 9", "> 89", ">0", ">=9", ">9.5", ">9 mg/dL"), ">9 mmol/L"]
)
def test_a_bound_without_quotes_is_refused_and_never_lost(
    bound: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_text, "_LOADER", loader)
    for text, line, column in (
        (f"labs:\n  phosphate: {bound}\n  calcium: 9.1\n", 2, 14),
        (f"phosphate: {bound}  # high", 1, 12),
        (f"phosphate:\n  {bound}\ncalcium: 9.1", 2, 3),
        (f"- calcium: 9\n- phosphate: {bound}", 2, 14),
    ):
        (found,) = faults(text)
        assert (found.code, found.line, found.column, found.got) == ("yaml-block", line, column, bound)
        assert found.hint == f'quote it: "{bound}"'


def test_a_bound_in_braces_is_refused_as_well() -> None:
    (found,) = faults("labs: {phosphate: >9, calcium: 9.1}")
    assert (found.code, found.column, found.hint) == ("yaml-block", 19, 'quote it: ">9"')


def test_the_other_patients_and_the_other_faults_are_told() -> None:
    first, second = read_documents("- {id: a}\n- phosphate: >9\n  id: b\n", "a.yaml")
    assert (first.faults, second.id, [one.code for one in second.faults]) == ([], "b", ["yaml-block"])
    assert [one.code for one in faults("phosphate: >9\ncalcium: 2.4\n")] == ["yaml-block", "likely-unit"]


@pytest.mark.parametrize("written", ['">9"', "'>9'", ">\n  >9", "|-\n  >9", ">1\n >9"])
def test_a_bound_that_yaml_reads_as_one_is_read(written: str) -> None:
    (document,) = read_documents(f"phosphate: {written}\ncalcium: 9.1\n", "a.yaml")
    assert patient_from(document, {}).given["phosphate"].as_written.strip() == ">9"


def test_a_long_text_behind_such_a_sign_is_not_repeated() -> None:
    (found,) = faults("note: > a text of some length that may tell of anybody\n")
    assert (found.got, found.hint) == (None, "put quotes round a text that begins with >")
    assert "anybody" not in str(found)


# ------------------------------------------------------------------------------- where a text stops being YAML


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "place", "said", "hint"),
    [
        ("id: a\nsex: male\ncalcium:9.1\nage: 3\n", (3, 1), "as far as line 4", "with a blank behind the colon"),
        ("labs:\n  calcium:9.1\n  phosphate: 4\n", (2, 3), "", "with a blank behind the colon"),
        ("labs:\n  - calcium:9.1\n    phosphate: 4\n", (2, 5), "", "with a blank behind the colon"),
        ("calcium:\u00a09.1\nage: 3\n", (1, 1), "", "write a plain blank behind the colon: U+00A0 stands there"),
        ("id: a\nsex: 'male\nage: 3\n\n", (2, 6), "as far as line 5", "close the quotes"),
        ("id: a\nlabs: {calcium: 9.1\nage: 3\n", (2, 7), "as far as line 3", "close the bracket"),
        ("labs: {calcium: 9.1,\n  phosphate: 4\n", (1, 7), "as far as line", "close the bracket"),
        ("labs: {calcium: 9.1,\n  albumin: 4,\n  pth: 5\nage: 3\n", (4, 4), "begun in line 1", "quotes round a text"),
        ("id: a\n sex: male\n", (2, 5), "", "indented alike"),
    ],
)  # fmt: skip
def test_a_slip_is_told_where_it_was_made(  # what a message says, by each parser
    text: str, place: tuple[int, int], said: str, hint: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_text, "_LOADER", loader)
    (found,) = faults(text)
    assert (found.code, found.line, found.column) == ("bad-yaml", *place)
    assert said in found.message
    assert hint in (found.hint or "")


def test_a_line_is_counted_from_the_beginning_of_the_file() -> None:
    assert [(found.line, found.message[-16:]) for found in faults("id: a\n---\nid: 'b\nage: 3\n")] == [
        (3, "as far as line 5")
    ]


def test_a_blank_that_is_none_shows_in_a_name() -> None:
    (found,) = faults("calcium\u00a0: 9\n")
    assert r"a.yaml:1:1: calcium\xa0: calcium\xa0 is not a known input" in show(InputError([found]))
