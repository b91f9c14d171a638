"""Tables as files hold them: no row is lost, no cell is cut, every value is read as it was written.

Each table is one that was read wrongly once; DuckDB guesses from the first 20,480 rows, so rows beyond them matter.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import resource
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import PROGRAM, environment, run

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

DONE, BAD_INPUT, WRONG_USAGE, SURROUNDINGS = 0, 1, 2, 4
LATE: Final = 25_000  # rows: beyond what is looked at to guess from
HEAD: Final = "id,calcium,phosphate,ward\n"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def scored(tmp_path: Path, name: str, content: str | bytes, *more: str) -> tuple[list[dict[str, str]], str, int]:
    """What comes of a table: its answers without their lists, what was said, and the exit code."""
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    ended = run("batch", name, "--no-lists", "--format", "csv", *more, cwd=tmp_path)
    return rows(ended.out), ended.err, ended.code


# ---- CSV -------------------------------------------------------------------------------------------------------------


def test_a_number_sign_is_a_sign_like_any_other(tmp_path: Path) -> None:
    content = "id,calcium,phosphate\n#0,9.9,6.8\n1,9.9,6.8\n2,9.9,6.8#\n#3,9.9,6.8\n"
    found, told, code = scored(tmp_path, "t.csv", content)
    assert code == BAD_INPUT
    assert [row["id"] for row in found] == ["#0", "1", "2", "#3"]
    assert [row["status"] for row in found] == ["scored", "scored", "refused", "scored"]
    assert "t.csv: row 3: phosphate: phosphate cannot be '6.8#'" in told


@pytest.mark.parametrize("short", ["#B,9.9", "B,9.9", "B,x,9.9,6.8", "B,9.9,6.8,"])
def test_a_row_that_is_not_as_long_as_the_header_refuses_the_table(short: str, tmp_path: Path) -> None:
    found, told, code = scored(tmp_path, "t.csv", f"id,calcium,phosphate\nA,9.9,6.8\n{short}\nC,9.9,6.8\n")
    assert (found, code) == ([], BAD_INPUT)
    assert f"t.csv:3: this row has {short.count(',') + 1} cells, and the header 3" in told


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("late", ['"P""1"', '"a{0}b"', '"a\nb"', "5#"])
def test_quotes_that_first_come_late_are_quotes(late: str, sign: str, tmp_path: Path) -> None:
    whole = sign.join(HEAD.split(",")) + f"p{sign}9.9{sign}6.8{sign}A\n" * LATE
    whole += f'{late.format(sign)}{sign}"9.9"{sign}6.8{sign}{late.format(sign)}\n'
    found, told, code = scored(tmp_path, "t.csv", whole)
    assert (code, told) == (DONE, "25,001 scored, 0 refused\n")
    assert found[-1]["id"] == next(csv.reader(io.StringIO(late.format(sign), newline="")))[0]
    assert float(found[-1]["ca_p_product"]) == pytest.approx(9.9 * 6.8)


def test_the_header_tells_what_stands_between_cells_honouring_quotes(tmp_path: Path) -> None:
    content = '"a,b,c,d";id;calcium;phosphate\n"1,2,3,4";p;9.9;6.8\n'
    ((row,), _, code) = scored(tmp_path, "t.csv", content)
    assert (code, row["id"]) == (DONE, "p")
    assert float(row["ca_p_product"]) == pytest.approx(9.9 * 6.8)


def test_an_empty_line_of_a_single_column_is_a_row(tmp_path: Path) -> None:
    found, _, code = scored(tmp_path, "t.csv", "calcium\n\n9.9\n\n")
    assert (code, [row["index"] for row in found]) == (DONE, ["0", "1", "2"])


def test_columns_without_a_name_are_passed_over(tmp_path: Path) -> None:
    found, _, code = scored(tmp_path, "t.csv", "id,calcium,,column2,\n1,9.9,x,y,\n")
    assert (code, [row["id"] for row in found]) == (DONE, ["1"])


@pytest.mark.parametrize(
    "call", [["columns", "suggest", "t.csv"], ["sql", "--dialect", "duckdb", "--columns", "t.csv"]]
)
def test_others_who_read_a_table_read_it_so_too(call: list[str], tmp_path: Path) -> None:
    """A column is text when one late cell is, and a comment sign or a quote makes no difference."""
    late = '"Q, 1","9.9",6.8,#\n'
    (tmp_path / "t.csv").write_text(HEAD + "#p,9.9,6.8,A\n" * LATE + late, "utf-8")
    ended = run(*call, cwd=tmp_path)
    assert (ended.code, ended.err) == (DONE, "")
    assert "calcium" in ended.out
    (tmp_path / "t.csv").write_text(HEAD + "#p,9.9,6.8,A\n" * 3 + "short,9.9\n", "utf-8")
    ended = run(*call, cwd=tmp_path)
    assert ended.code == BAD_INPUT
    assert "t.csv:5: this row has 2 cells, and the header 4" in ended.err


# ---- lines of JSON ---------------------------------------------------------------------------------------------------


@pytest.fixture
def mapped(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "m.yaml").write_text("id: id\ncolumns: {calcium: calcium, phosphate: p, dialysis: hd}\n", "utf-8")
    return "--map", "m.yaml"


def lines(*objects: str) -> str:
    return "".join(f"{each}\n" for each in objects)


def test_one_odd_value_in_a_late_line_is_one_odd_value(mapped: tuple[str, str], tmp_path: Path) -> None:
    plain = ['{"id": 1, "calcium": 9.9, "p": 6.8}'] * LATE
    content = lines(*plain, '{"id": "x", "calcium": "<8.0", "p": 6.8, "hd": true}', '{"hd": false}')
    found, told, code = scored(tmp_path, "t.ndjson", content, *mapped)
    assert (code, told) == (DONE, "25,002 scored, 0 refused\n")
    assert [row["id"] for row in found[-3:]] == ["1", "x", ""]
    assert [row["ca_p_product"] for row in found[-2:]] == ["", ""]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"2020-01-01T05:00:00Z"', "2020-01-01T05:00:00Z"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("-0", "'-0"),  # guarded for spreadsheets
        ("0.00001", "0.00001"),
        ("3.14159265358979323846", "3.14159265358979323846"),
        ("9.0", "9.0"),
        ("true", "true"),
        ("null", ""),
        ('""', ""),
        (r'"a \"1.50\" \\"', r'a "1.50" \ '.strip()),
        (r'"\u00e9"', "é"),
    ],
)
def test_a_value_is_text_as_it_was_written(written: str, read: str, mapped: tuple[str, str], tmp_path: Path) -> None:
    content = lines(f'{{"calcium": 9.50, "id": {written}, "p": "2.3 mmol/L", "hd": null}}')
    ((row,), _, code) = scored(tmp_path, "t.ndjson", content, *mapped)
    assert (code, row["id"]) == (DONE, read)
    assert float(row["ca_p_product"]) == pytest.approx(9.5 * 2.3 * 3.0974, rel=1e-4)


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ('{"calcium": 9.9}\n{"calcium": \n', BAD_INPUT, "t.ndjson:2:"),
        ('{"calcium": 9.9}\n[9.9]\n', BAD_INPUT, "t.ndjson:2:1: a patient is a mapping"),
        ('{"calcium": 9.9, "calcium": 4}\n', BAD_INPUT, "t.ndjson:1:18: calcium stands twice"),
        ('{"calcium": 9.9}\n{"Calcium": 9}\n', BAD_INPUT, "t.ndjson: the column 'Calcium' stands twice"),
        ('{"calcium": 9.9}\n{"calcium": [9, 8]}\n', WRONG_USAGE, "the column 'calcium' holds lists or records"),
        ("\n\n", BAD_INPUT, "t.ndjson: no line says anything"),
        (b'{"calcium": 9.9}\n{"calcium": "\xfc"}\n', BAD_INPUT, "t.ndjson:2: byte 0xfc is not UTF-8"),
    ],
)
def test_a_line_that_is_no_row_is_told(content: str | bytes, code: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("columns: {calcium: calcium}\n", "utf-8")
    found, said, ended = scored(tmp_path, "t.ndjson", content, "--map", "m.yaml")
    assert (found, ended, "defect" in said) == ([], code, False)
    assert told in said


def test_packed_lines_are_read_too(mapped: tuple[str, str], tmp_path: Path) -> None:
    content = gzip.compress(b'{"id": 1.0, "calcium": 9.9, "p": 6.8, "hd": null}\n\n{}\n')
    found, _, code = scored(tmp_path, "t.ndjson.gz", content, *mapped)
    assert (code, [row["id"] for row in found]) == (DONE, ["1.0", ""])


@pytest.mark.volume
def test_numbers_keep_their_digits_however_they_are_written(tmp_path: Path) -> None:
    """Origin: Python's reader of JSON, told to keep numbers as text."""
    from random import Random

    draw = Random(5)
    signs = 'ab"\\/-5 .,:{}[]é0eE+'
    content = lines(*(_object(draw, signs) for _ in range(20_000)))
    (tmp_path / "t.ndjson").write_text(content, "utf-8")
    from calcrisk.cohort.engine import engine
    from calcrisk.cohort.tables import opened

    with engine() as at_work:
        found = at_work.rows(f"SELECT a, b, c FROM {opened(at_work, [str(tmp_path / 't.ndjson')]).relation} AS t")
    for line, row in zip(content.splitlines(), found, strict=True):
        wanted = json.loads(line, parse_int=str, parse_float=str)
        assert row == tuple(wanted[key] or None for key in "abc"), line


def _object(draw: Any, signs: str) -> str:
    text = "".join(draw.choices(signs, k=draw.randrange(9)))
    number = f"{draw.uniform(-1, 1) * 10 ** draw.randrange(-6, 9):.{draw.randrange(9)}f}"
    other = draw.choice(
        ["0", "-0", "-0.0", "1E-3", "-1.50e+10", "0.0001", repr(draw.random()), str(draw.randrange(10**25))]
    )
    return f'{{"a": {number}, "b" :{other}, "c":{json.dumps(text, ensure_ascii=draw.random() < 0.5)}}}'


# ---- what cannot be read, or written ---------------------------------------------------------------------------------


GOOD: Final = "id,calcium,phosphate\nA,9.9,6.8\nB,9.9,6.8\n"
PACKED: Final = gzip.compress(GOOD.encode(), mtime=0)  # the same in every worker of a test run, as ids must be


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", GOOD.replace("B", "M\xfcller").encode("latin-1"), "t.csv:3: byte 0xfc is not UTF-8 (not-utf8)"),
        ("t.csv", GOOD.replace("id", "n\xe4me").encode("latin-1"), "t.csv:1: byte 0xe4 is not UTF-8 (not-utf8)"),
        ("t.csv", GOOD.encode("utf-16"), "t.csv: this is UTF-16, not UTF-8 (not-utf8)"),
        ("t.csv", PACKED, "t.csv: this is a packed file (gzip), and its name does not say so"),
        ("t.csv", GOOD.replace("6.8\nB", "6.8\r\nB"), "t.csv:2: this line ends with CR LF, and the first one with LF"),
        (
            "t.csv",
            GOOD.replace("phate\n", "phate\r\n"),
            "t.csv:2: this line ends with LF, and the first one with CR LF",
        ),
        ("t.csv", GOOD.replace("A,9.9", 'A,"9.9'), "t.csv:2: the quotes of this row do not close"),
        ("t.csv.gz", PACKED[:-9], "t.csv.gz: the packed file ends too early"),
        ("t.parquet", b"PAR1 and then no more", "the file is damaged, cut off or still being written"),
    ],
)
def test_a_fault_names_the_file_among_many(name: str, content: str | bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD, "utf-8")
    found, said, code = scored(tmp_path, name, content, "good.csv")
    assert (found, code, "defect" in said) == ([], BAD_INPUT, False)
    assert told in said
    assert "good.csv" not in said
    assert ("one header line" in said, "Invalid Input Error" in said) == (False, False)


def test_a_full_disk_is_told_as_that(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    (tmp_path / "t.csv").write_text(GOOD + "C,9.9,6.8\n" * 40_000, "utf-8")
    for output in ("out.parquet", "out.csv"):
        ended = subprocess.run(
            [*PROGRAM, "batch", "t.csv", "-o", output],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**14, 2**14)),  # no threads here
        )
        told = ended.stderr.decode()
        assert (ended.returncode, "exception_type" in told) == (SURROUNDINGS, False)
        assert "cannot be written: File too large (cannot-write)" in told
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
