"""Maps and tables as people write them: what fills a silence, what a word says besides, and every fault at once."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import run
from random_patients import book

from calcrisk.batch import outcomes
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.printing import Wanted, printed
from calcrisk.cohort.reader import Reader
from calcrisk.cohort.tables import PLACE, SOURCE
from calcrisk.errors import UsageError
from calcrisk.render.rows import cells

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk.errors import Fault

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

_ANSWER: Final = ("status", "classification", "metastatic_tier", "vascular_highest", "missing", "met_rules")
_COLUMNS: Final = ("stage", "on_dialysis", "dm")
_BASE: Final = "{columns: {ckd_stage: stage, dialysis: on_dialysis, diabetes: dm}, constants: {phosphate: 6}"
_MAPS: Final = {
    "columns alone": _BASE + "}",
    "no dialysis assumed": _BASE + ", assume: {dialysis: no}}",
    "no diabetes assumed": _BASE + ", assume: {diabetes: no}}",
    "diabetes assumed to be an open question": _BASE + ", assume: {diabetes: unknown}}",
    "a stage assumed that is dialysis": "{columns: {dialysis: on_dialysis, diabetes: dm}, constants: {ckd_stage: 5D}}",
    "codes, one of which is dialysis": (
        "{columns: {ckd_stage: {column: stage, codes: {5D: 5D, G5D: G4, G4: unknown}}, dialysis: on_dialysis}}"
    ),
}


def faced(text: str, rows: list[tuple[str, ...]], folder: Path) -> list[tuple[list[Any], list[Any]]]:
    """What the printed statement answers of each row, beside what the reader of documents and the walk do."""
    (folder / "m.map.yaml").write_text(text, "utf-8")
    column_map = read_map(str(folder / "m.map.yaml"))
    kinds = dict.fromkeys(_COLUMNS, "VARCHAR")
    wanted = Wanted("duckdb", "t", kinds, column_map, frozenset({"missing", "met_rules"}), _COLUMNS)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (stage VARCHAR, on_dialysis VARCHAR, dm VARCHAR)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    shown = ", ".join((*_COLUMNS, *_ANSWER))
    answers = {
        tuple(row[:3]): list(row[3:])
        for row in connection.execute(f"SELECT {shown} FROM ({printed(book(), wanted)})").fetchall()
    }
    read = Reader(column_map.against(_COLUMNS))
    documents = (read({SOURCE: "t.csv", PLACE: 0, **dict(zip(_COLUMNS, row, strict=True))}) for row in rows)
    order = {entry["name"]: at for at, entry in enumerate(book().data["variables"])}
    told = [cells(outcome, order) for outcome in outcomes(documents, book())]
    return [(answers[row], [one.get(each) for each in _ANSWER]) for row, one in zip(rows, told, strict=True)]


@pytest.mark.parametrize("said", _MAPS)
def test_sql_reads_a_word_that_speaks_of_two_inputs_and_fills_a_silence_as_a_document_does(
    said: str, tmp_path: Path
) -> None:
    rows: list[tuple[str, ...]] = list(
        itertools.product(
            ("5D", "g5d", "G5", "G4", "unknown", ""), ("yes", "no", "unknown", ""), ("yes", "no", "", "?")
        )
    )
    faces = faced(_MAPS[said], rows, tmp_path)
    assert {found[0] for found, _ in faces} == {"scored", "refused"}
    for row, (found, wanted) in zip(rows, faces, strict=True):
        if found[0] == "scored" or wanted[0] == "refused":
            assert [each or None for each in found] == [each or None for each in wanted], row
    read = [row for row, (found, wanted) in zip(rows, faces, strict=True) if found[0] != wanted[0]]
    assert not read, "SQL leaves these to the reader of documents"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["this map names no column"]),
        ("[]", ["this map names no column"]),
        ("id: id", ["this map names no column"]),
        ("{columns: {calcium: ca}, constants: {calcium: 9}}", ["1:38: constants.calcium", "under columns as well"]),
        ("{columns: {age: a}, constants: {dialysis: yes}, assume: {dialysis: no}}", ["under assume as well"]),
        (
            "{id: nope, columns: {calcium: cal, phosphate: p, albumen: x}, constants: {age: [3]}}",
            ["no column 'cal'", "did you mean 'ca'?", "no column 'nope'", "'albumen' is not a known", "constants.age"],
        ),
    ],
)  # fmt: skip
def test_every_fault_of_a_map_is_told_at_once(text: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,ca,p,a\n1,9,4,60\n", "utf-8")
    (tmp_path / "m.map.yaml").write_text(text, "utf-8")
    ended = run("batch", "t.csv", "--map", "m.map.yaml", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert [part for part in told if part not in ended.err] == []


def told_of(text: str, folder: Path) -> list[Fault]:
    """The faults that reading a map ends with, or finds on the way."""
    (folder / "m.map.yaml").write_text(text, "utf-8")
    try:
        return list(read_map(str(folder / "m.map.yaml")).faults)
    except UsageError as error:
        return list(error.faults)


def test_of_a_map_that_is_all_wrong_a_hundred_faults_are_told(tmp_path: Path) -> None:
    entries = [f"  input_{number}: column" for number in range(300)]
    faults = told_of("\n".join(["columns:", *entries]), tmp_path)
    assert [fault.code for fault in faults] == [*["unknown-field"] * 100, "too-many-faults"]
    assert (faults[-1].line, faults[-1].hint) == (faults[-2].line, "mend these first")
    (tmp_path / "t.csv").write_text("id,column\n1,9\n", "utf-8")
    ended = run("batch", "t.csv", "--map", "m.map.yaml", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("[]", ["no result is named"]),
        ("[Calcium, {a: b}]", ["a result is named by one word or number"]),
        ("[Calcium, [b], null]", ["a result is named by one word or number"] * 2),
        ("{a: b}", ["a result is named by one word or number"]),
        ("[Calcium, 1000]", []),
        ("Calcium", []),
    ],
)
def test_what_names_no_result_of_a_long_table_is_refused(labels: str, told: list[str], tmp_path: Path) -> None:
    named = f"calcium: {labels}, phosphate: [Phosphate]"
    faults = told_of(f"long: {{patient: p, analyte: a, value: v, analytes: {{{named}}}}}", tmp_path)
    assert [(fault.message, fault.path) for fault in faults] == [(said, "analytes.calcium") for said in told]


def test_a_cell_that_is_no_code_is_told_with_the_codes(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,ca,dm\n1,9,1\n2,9,yes\n3,9,unknown\n", "utf-8")
    codes = "{id: id, columns: {calcium: ca, diabetes: {column: dm, codes: {1: yes, 2: no}}}}"
    (tmp_path / "m.map.yaml").write_text(codes, "utf-8")
    ended = run("batch", "t.csv", "--map", "m.map.yaml", "--format", "csv", cwd=tmp_path)
    states = [row["status"] for row in csv.DictReader(io.StringIO(ended.out))]
    assert (ended.code, states) == (1, ["scored", "refused", "scored"])
    assert "row 2: dm: diabetes: 'yes' is none of the map's codes (unknown-code)" in ended.err
    assert "which has 1, 2" in ended.err


_LONG: Final = ["id,calcium,phosphate", *(f"{number},9,4" for number in range(30_000))]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "t.csv",
            "\n".join([*_LONG, "x,9,4,5", "y,9"]),
            ["t.csv:30002: this row has 4 cells, and the header 3", "30003"],
        ),
        ("t.csv", "\n".join([*_LONG[:2], *["x,9"] * 30]), ["t.csv:3: this row has 2 cells", "and 10 rows more"]),
        ("t.csv.gz", gzip.compress("\n".join(_LONG).encode(), mtime=0)[:3000], ["ends too early", "fetch it again"]),
    ],
    ids=["late", "many", "packed and cut short"],
)
def test_a_broken_table_says_where(name: str, content: str | bytes, told: list[str], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = run("batch", name, "-o", "out.csv", cwd=tmp_path)
    assert (ended.code, (tmp_path / "out.csv").exists()) == (1, False)
    assert [part for part in told if part not in ended.err] == []


def test_a_column_of_lists_is_called_so(tmp_path: Path) -> None:
    duckdb.sql("SELECT [9.0, 8.0] AS calcium, {'a': 1} AS phosphate").write_parquet(str(tmp_path / "t.parquet"))
    ended = run("batch", "t.parquet", cwd=tmp_path)
    assert ended.code == 2
    assert "the column 'calcium' holds lists or records" in ended.err
    assert "the column 'phosphate' holds lists or records" in ended.err


def test_an_answer_may_go_to_a_device(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,calcium\n1,9\n", "utf-8")
    ended = run("batch", "t.csv", "--format", "csv", "-o", "/dev/stdout", cwd=tmp_path)
    assert ended.code == 0
    assert [row["id"] for row in csv.DictReader(io.StringIO(ended.out))] == ["1"]


def test_a_proposed_map_reads_units_from_the_column_beside(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ca,phos,unit,calcium_unit\n2.3,1.4,mmol/L,mmol/L\n9.1,4,mg/dL,mg/dL\n", "utf-8")
    proposed = run("columns", "suggest", "t.csv", cwd=tmp_path)
    assert "calcium: {column: ca, unit_column: calcium_unit}" in proposed.out
    assert "phosphate: {column: phos, unit_column: unit}" in proposed.out
    (tmp_path / "m.map.yaml").write_text(proposed.out, "utf-8")
    ended = run("batch", "t.csv", "--map", "m.map.yaml", "--format", "csv", cwd=tmp_path)
    products = [float(row["ca_p_product"]) for row in csv.DictReader(io.StringIO(ended.out))]
    assert products == pytest.approx([2.3 * 4.0078 * 1.4 * 3.0974, 36.4], rel=1e-3)
