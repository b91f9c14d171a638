"""Several patients in a file, and one a line: who is found, in which place, and who is refused for what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from samples import patient_from

from calcrisk.inputs import documents
from calcrisk.inputs.documents import read_document, read_documents, read_line
from calcrisk.inputs.nodes import MAX_FAULTS
from calcrisk.patient import Patient

if TYPE_CHECKING:
    from calcrisk.inputs.documents import Document


def patient(text: str, source: str = "a.yaml") -> Patient:
    return patient_from(read_document(text, source), {})


@given(st.binary(max_size=60))
def test_no_bytes_end_in_anything_but_documents(content: bytes) -> None:
    for source in ("x.yaml", "x.json", "-"):
        found = read_documents(content, source)
        assert [document.index for document in found] == list(range(len(found)))
        assert found
    assert read_line(content, "x.ndjson", number=7, index=3).index == 3


# Several patients


def told(found: list[Document]) -> list[tuple[str | None, int, list[str]]]:
    """Who was found, in which place, and what is wrong with each."""
    return [(document.id, document.index, [f"{one.line}:{one.code}" for one in document.faults]) for document in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id: a\n---\nid: b\n", [("a", 0, []), ("b", 1, [])]),
        ("# comment\n--- # one\nid: a\n...\n# two\n---\nid: b\n---\n", [("a", 0, []), ("b", 1, [])]),
        ("%YAML 1.1\n---\nid: a\n...\n%YAML 1.1\n---\nid: b\n...\n", [("a", 0, []), ("b", 1, [])]),
        ("id: a\n...\nid: b", [("a", 0, []), ("b", 1, [])]),
        ("id: a\r\n---\r\nid: b\r\nzzz: 1", [("a", 0, []), ("b", 1, ["4:unknown-field"])]),
        ("id: a\r---\rid: b\rzzz: 1", [("a", 0, []), ("b", 1, ["4:unknown-field"])]),
        ("--- {id: a}\n--- {id: b}", [("a", 0, []), ("b", 1, [])]),
        ("id: a\n---\n# none\n---\nid: c", [("a", 0, []), (None, 1, ["4:empty"]), ("c", 2, [])]),
        ("id: a\n---\nid: b\nlabs: [\n---\nid: c", [("a", 0, []), ("b", 1, ["5:bad-yaml"]), ("c", 2, [])]),
        ("id: a\n---\nid: b\nsex: \x07\n---\nid: c", [("a", 0, []), (None, 1, ["4:bad-yaml"]), ("c", 2, [])]),
        ("id: a\nid: b\n---\nid: c", [("a", 0, ["2:duplicate-key"]), ("c", 1, [])]),
        (
            "- id: a\n- id: b\n  zzz: 1\n- 3\n-",
            [("a", 0, []), ("b", 1, ["3:unknown-field"]), (None, 2, ["4:not-a-mapping"]), (None, 3, ["5:empty"])],
        ),
        ("- id: a\n- id: b\n  x: [\n- id: c", [("a", 0, []), ("b", 1, ["4:bad-yaml"])]),
        ("[{id: a}, {id: b}]", [("a", 0, []), ("b", 1, [])]),
        ("id: '----'\nsex: |\n  ---\n  female", [("----", 0, [])]),
        ("# ---- head\nid: a ... b", [("a ... b", 0, [])]),
        # files that were joined, each with the mark of byte order that it began with
        ("id: a\n\ufeffid: b\n\ufeff---\nid: c\nzzz: 1\n", [("a", 0, []), ("b", 1, []), ("c", 2, ["5:unknown-field"])]),
        ("id: a\n---\n\ufeffid: b\n---\n\ufeff# c\nid: c\n...\n\ufeff", [("a", 0, []), ("b", 1, []), ("c", 2, [])]),
        ("- id: a\n- id: b\n\ufeff- id: c\n", [("a", 0, []), ("b", 1, []), ("c", 2, [])]),
        ("[]", [(None, 0, ["1:empty"])]),
        ("", [(None, 0, ["1:empty"])]),
        ("\n# nothing\n", [(None, 0, ["1:empty"])]),
        ("---\n", [(None, 0, ["2:empty"])]),
        ("null", [(None, 0, ["1:empty"])]),
    ],
)
def test_yaml_of_several_patients(text: str, found: list[tuple[str | None, int, list[str]]]) -> None:
    assert told(read_documents(text, "many.yaml")) == found
    assert told(read_documents(text.encode("utf-8-sig"), "many.yaml")) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[{"id": "a"},\n {"id": 7, "zzz": 1}]', [("a", 0, []), ("7", 1, ["2:unknown-field"])]),
        (
            '[{"id": "a"}, {"id": "b", "id": "c"}, {"id": "d"}]',
            [("a", 0, []), ("b", 1, ["1:duplicate-key"]), ("d", 2, [])],
        ),
        ('[{"id": "a"},\n{"id": "b", "age": 01}, {"id": "c"}]', [("a", 0, []), ("b", 1, ["2:bad-json"])]),
        ('[{"id": "a"}\n{"id": "b"}]', [("a", 0, []), (None, 1, ["2:bad-json"])]),
        ('[{"id": "a"}] x', [("a", 0, []), (None, 1, ["1:bad-json"])]),
        # one a line, as in a file of lines that is named otherwise
        ('{"id": "a"}\n\n{"id": "b"}\r\n\ufeff{"id": "c"}\n', [("a", 0, []), ("b", 1, []), ("c", 2, [])]),
        ('{\n "id": "a"\n}\n{\n "id": "b"\n}\n', [("a", 0, []), ("b", 1, [])]),
        (
            '{"id": "a", "age": 01}\n{"id": "b"}\n{"id": "c",',
            [("a", 0, ["1:bad-json"]), ("b", 1, []), ("c", 2, ["3:bad-json"])],
        ),
        # which one document is not, whatever it lacks
        ('{"id": "a", "tissue": [\n  {}\n  {}]}', [("a", 0, ["3:bad-json"])]),
        ('{"id": "a"} {"id": "b"}', [("a", 0, ["1:bad-json"])]),
        ('{"id": "a", "labs":\n{"calcium": 9.9,}\n}', [("a", 0, ["2:bad-json"])]),
        ('{"id": "a", "tissue": [{}\n{"id": "b"}]}', [("a", 0, ["2:bad-json"])]),
        ('[{"id": "a"}, null, [1]]', [("a", 0, []), (None, 1, ["1:empty"]), (None, 2, ["1:not-a-mapping"])]),
        ("[ ]", [(None, 0, ["1:empty"])]),
        (" \n ", [(None, 0, ["1:empty"])]),
        ("null", [(None, 0, ["1:empty"])]),
    ],
)
def test_json_of_several_patients(text: str, found: list[tuple[str | None, int, list[str]]]) -> None:
    assert told(read_documents(text, "many.json")) == found


def test_what_was_meant_as_json_is_refused_as_json() -> None:
    assert told(read_documents('{"id": "a"} {"id": "b"}', "a.json")) == [("a", 0, ["1:bad-json"])]
    assert told(read_documents("{id: a} {id: b}", "-")) == [("a", 0, ["1:bad-yaml"])]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"id": "a"}\n{"id": "b"}', [("a", 0, []), ("b", 1, [])]),
        ('{\n "id": "a"\n} {"id": "b"}\n', [("a", 0, []), ("b", 1, [])]),
        # where one breaks off, reading goes on at the next brace that begins a line
        ('{"id": "a",\n "age": 01}\n{\n "id": "b"\n}', [("a", 0, ["2:bad-json"]), ("b", 1, [])]),
        ('{"id": "a", {\n{"id": "b"}\n{"id": "c"', [("a", 0, ["1:bad-json"]), ("b", 1, []), ("c", 2, ["3:bad-json"])]),
        ('{"id": "a"}\n7', [("a", 0, []), (None, 1, ["2:not-a-mapping"])]),
        ('{"id": "a"}\nand so on', [("a", 0, []), (None, 1, ["2:bad-json"])]),
        ('{"id": "a"}\n[{"id": "b"}]', [("a", 0, []), ("b", 1, [])]),
    ],
)
def test_json_that_no_name_asks_for_may_be_values_one_behind_the_other(
    text: str, found: list[tuple[str | None, int, list[str]]]
) -> None:
    assert told(read_documents(text, "<stdin>")) == found


def test_a_bad_byte_refuses_every_patient_of_the_file_by_name() -> None:
    found = read_documents(b"id: a\n---\nid: b\nsex: \xe9\n", "many.yaml")
    assert told(found) == [("a", 0, ["4:not-utf8"]), ("b", 1, ["4:not-utf8"])]


def test_a_file_of_several_may_be_larger_than_one_patient_but_not_boundless(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "id: a\n---\n#" + "x" * documents.MAX_BYTES + "\nid: b\n"
    assert told(read_documents(text, "many.yaml")) == [("a", 0, []), ("b", 1, [])]
    monkeypatch.setattr(documents, "MAX_FILE_BYTES", 9)
    assert [str(one) for one in read_documents(b"id: a\n---\nid: b", "many.yaml")[0].faults] == [
        "many.yaml: more than 9 bytes (too-large)\n    write one JSON document a line (.ndjson), or several files"
    ]


def test_one_of_several_that_cannot_be_read_is_told_first() -> None:
    assert [one.code for one in read_document("id: a\n---\nid: [\n", "a.yaml").faults] == ["bad-yaml"]


def test_one_of_a_list_of_one_is_one_patient() -> None:
    assert patient("- {id: a, age: 61}") == Patient(id="a", age=61)
    assert patient('[{"id": "a", "age": 61}]', "a.json") == Patient(id="a", age=61)


def test_nobody_is_told_more_than_a_hundred_faults() -> None:
    for text in (
        "".join(f"name{row}: 1\n" for row in range(900)),
        "a: 1\n" * 900,
        "tissue:\n" + "- {finding: x}\n" * 900,
    ):
        faults = read_document(text, "a.yaml").faults
        assert [faults.index(one) for one in faults if one.code == "too-many-faults"] == [MAX_FAULTS]
        assert faults[-1].line == faults[-2].line


def test_a_long_word_is_not_repeated_in_full() -> None:
    for text in (f"{'x' * 900}: 1", f"labs: {{{'x' * 900}: 1}}", f"{'x' * 900}: 1\n{'x' * 900}: 1"):
        assert all(len(str(one)) < 300 for one in read_document(text, "a.yaml").faults)


# Lines


AT = "x.ndjson:7"
NOT_JSON = "not readable as JSON"
LINES = {
    "nested": (b'{"id": "a", "labs": {"calcium": 9.9}}\n', "a", []),
    "flat": (b'\xef\xbb\xbf{"id": "a", "calcium": 9.9, "phosphate": null}\r\n', "a", []),
    "comma": (
        b'{"id": "a", "calcium": 9,9}',
        "a",
        [f"{AT}:26: {NOT_JSON}: a key in double quotes was expected (bad-json)", "write a decimal point, not a comma"],
    ),
    "latin-1": (
        b'{"id": "a", "calcium": "\xe9"}',
        "a",
        [
            f"{AT}:25: byte 0xe9 is not UTF-8 (not-utf8)",
            "save the file as UTF-8: as it is, it may be Latin-1 or Windows-1252",
        ],
    ),
    "two": (
        b'{"id": "a"} {"id": "b"}',
        "a",
        [
            f"{AT}:13: {NOT_JSON}: something stands behind the end of the document (bad-json)",
            "write one patient a line",
        ],
    ),
    "cut": (
        b'{"id": "a", "calcium":',
        "a",
        [
            f"{AT}:23: {NOT_JSON}: it ends too early (bad-json)",
            "write a number, true, false, null, or a text in double quotes",
        ],
    ),
    "NaN": (
        b'{"id": "a", "calcium": NaN}',
        "a",
        [f"{AT}:24: {NOT_JSON}: 'NaN' is not a JSON value (bad-json)", "write null where nothing is known"],
    ),
    "list": (
        b'[{"id": "a"}]',
        None,
        [f"{AT}:1: a patient is a mapping of names to values, not a list (not-a-mapping)", "see `calcrisk template`"],
    ),
    "blank": (
        b"  \n",
        None,
        [f"{AT}: nothing is stated here of any patient (empty)", "`calcrisk template` shows what can be"],
    ),
    "name": (
        b'{"id": "a", "calcum": 9.9}',
        "a",
        [f"{AT}:13: calcum: calcum is not a known input (unknown-field)", "did you mean 'calcium'?"],
    ),
    "large": (
        b" " * (documents.MAX_BYTES + 1),
        None,
        [
            f"{AT}: more than 1,000,000 bytes: no one patient needs as many (too-large)",
            "for many patients write one file each, or one JSON document a line (.ndjson)",
        ],
    ),
}


@pytest.mark.parametrize(("line", "id_", "told"), LINES.values(), ids=list(LINES))
def test_a_line_of_json_is_a_patient(line: bytes, id_: str | None, told: list[str]) -> None:
    document = read_line(line, "x.ndjson", number=7, index=4)
    assert [part for one in document.faults for part in str(one).split("\n    ")] == told
    assert (document.id, document.index, document.source) == (id_, 4, "x.ndjson")


def test_a_value_of_a_line_knows_its_line() -> None:
    document = read_line(b'{"id": "a", "calcium": 9.90}', "x.ndjson", number=7, index=4)
    assert document.fields["calcium"][:2] == ("9.90", "x.ndjson:7")
    assert document.exact is not None
    assert document.exact().fields["calcium"] == ("9.90", "x.ndjson:7", ("x.ndjson", 7, 24, "calcium"))


FLAT = {
    "id": "a",
    "age": 58,
    "calcium": 9.9,
    "phosphate": "2.2 mmol/L",
    "ckd_stage": "G5",
    "dialysis": True,
    "infarct": "yes",
}
NESTED = {
    "id": "a",
    "age": 58,
    "labs": {"calcium": 9.9, "phosphate": "2.2 mmol/L"},
    "kidney": {"ckd_stage": "G5", "dialysis": True},
    "tissue": [{"finding": "infarct"}],
}


def test_a_flat_row_is_the_nested_document() -> None:
    flat, nested = (read_line(json.dumps(one).encode(), "x.ndjson", number=1, index=0) for one in (FLAT, NESTED))
    assert patient_from(flat, {}) == patient_from(nested, {})
    assert patient_from(flat, {}) == patient(json.dumps(FLAT), "flat.json") == patient(yaml.safe_dump(FLAT))


def test_a_flat_name_beside_its_group_is_stated_twice() -> None:
    line = b'{"calcium": 9.9, "labs": {"calcium": 9.9}}'
    assert [one.code for one in read_line(line, "x.ndjson", number=1, index=0).faults] == ["stated-twice"]
