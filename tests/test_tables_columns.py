"""What a table's columns may be named and hold, and what is told before anything of it is read."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import pytest
from commands import run
from random_patients import book

from calcrisk import Patient, assess
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.printing import Wanted, printed

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

DONE, BAD_INPUT, WRONG_USAGE, SURROUNDINGS = 0, 1, 2, 4
GOOD: Final = "id,calcium,phosphate\nA,9.9,6.8\n"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def parquet(select: str, path: Path) -> None:
    duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["file_row_number", "FILE_ROW_NUMBER", "calcrisk_place", "Calcrisk_X"])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.ndjson"])
def test_a_column_may_have_a_name_that_the_engine_or_we_use(other: str, name: str, tmp_path: Path) -> None:
    parquet(
        f"SELECT 'p' || range AS id, 9.9 AS calcium, 6.8 AS phosphate, 7 AS {other} FROM range(3)",
        tmp_path / "t.parquet",
    )
    duckdb.connect().execute(f"COPY (FROM '{tmp_path / 't.parquet'}') TO '{tmp_path / name}'")
    (tmp_path / "m.yaml").write_text("id: id\ncolumns: {calcium: calcium, phosphate: phosphate}\n", "utf-8")
    for more in ((), ("--map", "m.yaml"))[name == "t.ndjson" :]:
        ended = run("batch", name, *more, "--format", "csv", "--no-lists", cwd=tmp_path)
        found = [(row["source"], row["index"], row["id"], row["status"]) for row in rows(ended.out)]
        assert (ended.code, found) == (DONE, [(name, str(at), f"p{at}", "scored") for at in range(3)])
        assert ("names like it are of calcrisk itself" in ended.err) == other.lower().startswith("calcrisk")


def test_an_interval_is_no_number(tmp_path: Path) -> None:
    """Its name begins as that of an integer does."""
    parquet("SELECT 1 AS id, INTERVAL 60 YEARS AS age, 9.9 AS calcium", tmp_path / "t.parquet")
    ended = run("batch", "t.parquet", "--format", "csv", cwd=tmp_path)
    assert (ended.code, "defect" in ended.err) == (BAD_INPUT, False)
    assert "t.parquet: row 1: age: " in ended.err


# ---- before anything is read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["t.csv", "patients", "p.yaml"])
def test_a_folder_that_is_not_there_is_told_before_anything_is_read(source: str, tmp_path: Path) -> None:
    """Neither the table nor the patient can be read, and that is not told."""
    (tmp_path / "t.csv").write_text("no,such,inputs\n1\n", "utf-8")
    (tmp_path / "patients").mkdir()
    for path in (tmp_path / "p.yaml", tmp_path / "patients" / "p.yaml"):
        path.write_text("{", "utf-8")
    for form in ("csv", "parquet", "ndjson"):
        ended = run("batch", source, "-o", f"nodir/x.{form}", cwd=tmp_path)
        assert ended.code == SURROUNDINGS
        first, hint = ended.err.splitlines()
        assert first == f"nodir/x.{form}: cannot be written: there is no such folder (cannot-write)"
        assert "make the folder first" in hint


def test_a_table_on_standard_input_is_told_that_it_needs_a_file(tmp_path: Path) -> None:
    ended = run("batch", "-", cwd=tmp_path, stdin=GOOD)
    assert ended.code == BAD_INPUT
    assert ended.err.count("is this a table? One is read from a file that ends in .csv") == 1
    ended = run("batch", "-", cwd=tmp_path, stdin='{"calcium": 9.9, }\n')
    assert "is this a table?" not in ended.err


# ---- cells -----------------------------------------------------------------------------------------------------------


def test_yes_and_no_as_postgresql_writes_them(tmp_path: Path) -> None:
    """In cells that SQL reads, and in a row that the reader of documents reads for its unit."""
    (tmp_path / "t.csv").write_text(
        "id,phosphate,diabetes,dialysis\n1,6.8,t,f\n2,6.8,yes,no\n3,2.2 mmol/L,T,F\n4,2.2 mmol/L,yes,no\n", "utf-8"
    )
    ended = run("batch", "t.csv", "--format", "csv", cwd=tmp_path)
    one, same, two, alike = [list(row.values())[3:] for row in rows(ended.out)]
    assert ended.code == DONE
    assert (one, two) == (same, alike)
    assert "diabetes" not in rows(ended.out)[0]["missing"].split(";")


@pytest.mark.parametrize("gap", ["", "NaN", "NA", "NULL", "\\N"])
def test_a_gap_of_an_export_says_nothing_in_either_walk(gap: str, tmp_path: Path) -> None:
    answer = assess(Patient(calcium=9.9, phosphate=6.8), book())
    gaps = ",".join([gap] * 3)
    content = f"id,calcium,phosphate,albumin,ckd_stage,diabetes\n1,9.9,6.8,{gaps}\n2,9.9 mg/dL,6.8,{gaps}\n"
    (tmp_path / "t.csv").write_text(content, "utf-8")
    ended = run("batch", "t.csv", "--format", "csv", cwd=tmp_path)
    assert ended.code == DONE
    for row in rows(ended.out):
        assert row["classification"] == answer.classification
        assert sorted(row["missing"].split(";")) == sorted(part.input for part in answer.missing)


@pytest.mark.parametrize("word", ["na", "nan", "null", "n/a", ".", "-", "none", "missing"])
def test_another_word_for_nothing_refuses_its_row_and_tells_what_to_write(word: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"id,calcium,diabetes\n1,9.9,{word}\n", "utf-8")
    assert run("batch", "t.csv", "--format", "csv", cwd=tmp_path).code == BAD_INPUT


def test_nan_of_a_typed_column_is_not_stated_in_the_cohort_and_in_printed_sql(tmp_path: Path) -> None:
    nan, small = "CAST('NaN' AS DOUBLE)", "CAST('NaN' AS FLOAT)"
    cells = f"9.9 AS calcium, 6.8 AS phosphate, {nan} AS albumin, {small} AS diabetes, {nan} AS bp"
    parquet(f"SELECT 1 AS id, {cells}", tmp_path / "t.parquet")
    (tmp_path / "m.yaml").write_text(
        "id: id\ncolumns: {calcium: calcium, phosphate: phosphate, albumin: albumin, diabetes: diabetes,"
        ' hypertension: {expression: "bp >= 140"}}\n',
        "utf-8",
    )
    ended = run("batch", "t.parquet", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    (row,) = rows(ended.out)
    answer = assess(Patient(calcium=9.9, phosphate=6.8), book())
    assert (ended.code, row["classification"], row["corrected_ca_p_product"]) == (DONE, answer.classification, "")
    assert sorted(row["missing"].split(";")) == sorted(part.input for part in answer.missing)
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t AS FROM '{tmp_path / 't.parquet'}'")
    kinds = {name: kind for name, kind, *_ in connection.execute("DESCRIBE t").fetchall()}
    found = connection.execute(printed(book(), Wanted("duckdb", "t", kinds, read_map(str(tmp_path / "m.yaml")))))
    told = dict(zip([column[0] for column in found.description], found.fetchall()[0], strict=True))
    assert (told["status"], told["classification"], told["errors"]) == ("scored", answer.classification, "")
    assert told["vascular_tier"] == (row["vascular_tier"] or None)


def test_a_gap_in_a_long_table_is_no_result_of_its_draw(tmp_path: Path) -> None:
    """The first result counts, and a gap is none; so is NaN of a typed column."""
    (tmp_path / "m.yaml").write_text(
        "long: {patient: pt, analyte: code, value: result, analytes: {calcium: [CA], phosphate: [P]}}\n", "utf-8"
    )
    (tmp_path / "t.csv").write_text("pt,code,result\na,CA,NA\na,CA,9.9\na,P,NaN\na,P,6.8\n", "utf-8")
    cells = "('a', 'CA', CAST('NaN' AS DOUBLE)), ('a', 'CA', 9.9), ('a', 'P', 6.8)"
    parquet(f"SELECT * FROM (VALUES {cells}) AS t(pt, code, result)", tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        (row,) = rows(run("batch", name, "--map", "m.yaml", "--format", "csv", cwd=tmp_path).out)
        assert row["status"] == "scored"
        assert float(row["ca_p_product"]) == pytest.approx(9.9 * 6.8)


def test_gaps_do_not_count_where_a_map_is_proposed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,albumin,diabetes\n1,40,yes\n2,NaN,NA\n3,NaN,no\n4,41,NA\n", "utf-8")
    ended = run("columns", "suggest", "t.csv", cwd=tmp_path)
    assert "unit: g/L" in ended.out
    assert "  diabetes: diabetes  # by its name; its cells say no, yes" in ended.out
