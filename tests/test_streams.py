"""What comes through a pipe: one patient a line, or one text as a file is, told by how it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from commands import run

from calcrisk.inputs.documents import MAX_BYTES, MAX_FILE_BYTES
from calcrisk.inputs.sources import find
from calcrisk.inputs.streams import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk.inputs.documents import Document


def found(content: bytes, folder: Path) -> list[Document]:
    path = folder / "stream.ndjson"
    path.write_bytes(content)
    return [document for unit in find([str(path)]).units() for document in unit.documents()]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b'{\n  "id": "a"\n}\n', ["a"], id="one document over several lines"),
        pytest.param(b'\n{\r\n  "id": "a"\r\n}\r\n{\r\n  "id": "b"\r\n}\r\n', ["a", "b"], id="as jq writes them"),
        pytest.param(b'{\n"id": "a"}\n{\n"id": "b", "age": x}\n{"id": "c"}', ["a", "b bad-json", "c"], id="one broken"),
        pytest.param(b'[{"id": "a"}, {"id": "b"}]', ["a", "b"], id="a list on one line"),
        pytest.param(b'[\n{"id": "a"},\n{"id": "b"}\n]\n', ["a", "b"], id="a list over several lines"),
        pytest.param(b'[{"id": "a"},\n {"id": "b"}]', ["a", "b"], id="a list that begins with its first patient"),
        pytest.param(b"id: a\nage: 7\n---\nid: b\n", ["a", "b"], id="YAML"),
        pytest.param(b"# of the clinic\nid: a\n", ["a"], id="YAML that begins with a remark"),
        pytest.param(b'{"id": "a"}', ["a"], id="one line"),
        pytest.param(b'\n{"id": "a"}\n\n{"id": "b"}\n', ["a", "b"], id="lines"),
        pytest.param(b'{"id": "a", "x\n{"id": "b"}\n', ["a bad-json", "b"], id="lines, the first cut off"),
        pytest.param(b'{"id": "a", "x\nand so on\n{"id": "b"}', ["a bad-json", "None bad-json", "b"], id="and more"),
        pytest.param(b'[INFO] begins\n{"id": "a"}\n', ["None bad-json", "a"], id="lines behind a log's"),
        pytest.param(b'[INFO] begins\n[INFO] ends\n{"id": "a"}\n', ["None bad-json"] * 2 + ["a"], id="behind two"),
        pytest.param(b'note: begins\n{"id": "a"}\n', ["None bad-json", "a"], id="lines behind a word"),
        pytest.param(b"id,age\na,7\n", ["None bad-json"] * 2, id="a table"),
        pytest.param(b'[{"id": "a"}]\n{"id": "b"}\n', ["a", "b"], id="lines, the first a list"),
        pytest.param(b'[[[[\n{"id": "a"}\n', ["None bad-json", "a"], id="lines behind brackets"),
        pytest.param(b'\n\n\n\n{\n"id": "a"\n}\n', ["a"], id="one document behind blank lines"),
        pytest.param(b'\n\n\nnote: begins\n{"id": "a"}\n', ["None bad-json", "a"], id="a word behind blank lines"),
    ],
)  # fmt: skip
def test_how_a_stream_begins_tells_what_it_is(content: bytes, told: list[str], mark: bytes, tmp_path: Path) -> None:
    documents = found(mark + content, tmp_path)
    assert [" ".join([str(each.id), *{fault.code for fault in each.faults}]) for each in documents] == told
    assert [each.index for each in documents] == list(range(len(told)))


@pytest.mark.parametrize(
    ("size", "code"),
    [pytest.param(MAX_BYTES, [], id="fits"), pytest.param(MAX_FILE_BYTES, ["too-large"], id="too large")],
)
def test_one_text_is_held_in_memory_as_far_as_a_file_is(size: int, code: list[str], tmp_path: Path) -> None:
    content = b'{\n "id": "a"' + b" " * size + b"}"
    (document,) = found(content, tmp_path)
    assert [fault.code for fault in document.faults] == code


def test_a_line_too_long_for_a_patient_does_not_make_the_rest_one_text(tmp_path: Path) -> None:
    content = b'{"id": "' + b"a" * MAX_BYTES + b'"}\n{"id": "b"}\n'
    first, second = found(content, tmp_path)
    assert ([fault.code for fault in first.faults], second.id) == (["too-large"], "b")


def test_a_first_line_that_is_a_patient_is_not_kept_waiting(tmp_path: Path) -> None:
    path = tmp_path / "lines.ndjson"
    path.write_bytes(b'{"id": "a"}\n' * 100_000)
    first = next(iter(find([str(path)]).units()))
    assert isinstance(first, Lines)
    assert len(first.content) < 1 << 17  # a block, not the stream


@pytest.mark.parametrize(
    "content", [b'{\n  "calcium": 9.9,\n  "phosphate": 6.8\n}\n', b"calcium: 9.9\nphosphate: 6.8\n"]
)
def test_a_document_through_a_pipe_is_scored(content: bytes, tmp_path: Path) -> None:
    done = run("batch", "-", "--format", "ndjson", cwd=tmp_path, stdin=content)
    assert (done.code, done.out.count("\n"), '"status":"scored"' in done.out) == (0, 1, True)
