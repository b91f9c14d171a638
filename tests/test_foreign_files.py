"""Files of another kind than was meant: each is said to be what it is, with what to do about it."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from commands import run

from calcrisk.inputs.documents import read_document, read_documents
from calcrisk.inputs.foreign import foreign

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once


def archive(*names: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return kept.getvalue()


TEXT = "id: a\ncalcium: 9.1\n"
KINDS = [
    (
        archive("[Content_Types].xml", "xl/workbook.xml"),
        "not-text",
        "this is a workbook (Excel), and no text",
        "as CSV",
    ),
    (archive("[Content_Types].xml", "word/x.xml"), "not-text", "a document of an office program", "as CSV"),
    (archive("a.yaml"), "not-text", "this is an archive (zip), and no text", "unpack it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "not-text", "this is a workbook (Excel), and no text", "as CSV"),
    (b"%PDF-1.7\n", "not-text", "this is a PDF, and no text", "calcrisk template"),
    (b"PAR1\x15\x04", "not-text", "this is a Parquet table, and no text", "end in .parquet"),
    *(
        (TEXT.encode(name), "not-utf8", "this is UTF-16, not UTF-8", "as UTF-8")
        for name in ("utf-16", "utf-16-be", "utf-16-le")
    ),
    (TEXT.encode("utf-32"), "not-utf8", "this is UTF-32, not UTF-8", "as UTF-8"),
]
PACKED = gzip.compress(TEXT.encode(), mtime=0)


@pytest.mark.parametrize(("content", "code", "message", "hint"), KINDS)
def test_what_a_file_is_shows_in_its_first_bytes(content: bytes, code: str, message: str, hint: str) -> None:
    for name in ("a.yaml", "a.json", "-"):
        for document in (read_document(content, name), *read_documents(content, name)):
            (fault,) = document.faults
            assert (fault.code, fault.file) == (code, name)
            assert message in fault.message
            assert hint in (fault.hint or "")


@pytest.mark.parametrize(("content", "code", "message", "hint"), KINDS)
def test_so_it_does_in_a_pipe_and_under_the_name_of_a_table(
    content: bytes, code: str, message: str, hint: str, tmp_path: Path
) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "t.csv").write_bytes(content)
    for ended in (run("batch", "t.csv", cwd=tmp_path), run("batch", "-", cwd=tmp_path, stdin=content)):
        assert ended.code == 1
        assert f"({code})" in ended.err
        assert message in ended.err
        assert hint in ended.err


def test_what_is_packed_is_said_to_be(tmp_path: Path) -> None:
    assert read_document(PACKED, "a.json").faults[0].message == "this is a packed file (gzip), and no text"
    assert "(gzip)" in run("batch", "-", cwd=tmp_path, stdin=PACKED).err


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"id: a\0\n", b"id: \0\0", b"PK is an id", b"%P", TEXT.encode("utf-8-sig")]
)
def test_what_may_be_text_is_left_to_the_readers(content: bytes) -> None:
    assert foreign(content, "a.yaml") is None


@pytest.mark.parametrize(
    "text",
    [
        *("id,calcium\na,9\n", "id;calcium\r\na;9,1\r\n", "id\tcalcium\na\t9\n", "id|time\na|08:15\n"),
        "\ufeffid,time,calcium\na,08:15,9.1\nb,08:16: x,9\n",
    ],
)
def test_a_table_under_another_name_is_asked_whether_it_is_one(text: str) -> None:
    for name in ("t.txt", "t.dat", "t.yaml"):
        for document in (read_document(text.encode(), name), *read_documents(text.encode(), name)):
            assert (document.faults[0].hint or "").startswith(
                "is this a table? One is read from a file that ends in .csv"
            )


@pytest.mark.parametrize(
    "text", ["a note, of somebody\nand more of it\n", "only one line, a, b\n", "id: a, b\nx: c, d: e\n"]
)
def test_what_is_none_is_not_asked(text: str) -> None:
    assert all("table" not in (fault.hint or "") for fault in read_document(text, "a.yaml").faults)


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_first_line_that_says_what_stands_between_cells_is_obeyed(first: str, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "t.csv").write_text(f"{first}\nid;a,b;calcium\na;1,2;99\nb;1;9\n", "utf-8")
    ended = run("batch", "t.csv", "--format", "csv", cwd=tmp_path)
    assert ended.err.startswith("t.csv: row 1: calcium: calcium 99 mg/dL")
    assert [line.split(",")[:4] for line in ended.out.splitlines()[1:]] == [
        ["t.csv", "0", "a", "refused"],
        ["t.csv", "1", "b", "scored"],
    ]
    assert '"a,b"' in run("sql", "--columns", "t.csv", cwd=tmp_path).out
    (tmp_path / "t.csv").write_text(f"{first}\nid;calcium\na;9\nb\n", "utf-8")
    assert "t.csv:4: this row has 1 cells, and the header 2" in run("batch", "t.csv", cwd=tmp_path).err


def test_what_cannot_be_read_or_written_has_a_hint(tmp_path: Path) -> None:
    assert "    hint: is its path right?\n" in run("assess", "none.yaml", cwd=tmp_path).err
    assert "    hint: name a file in it; `calcrisk batch` reads a folder\n" in run("assess", ".", cwd=tmp_path).err
    if os.getuid():  # who may do anything is refused nothing
        (tmp_path / "a.yaml").touch(0)
        assert "    hint: may you read it?" in run("batch", "a.yaml", cwd=tmp_path).err
