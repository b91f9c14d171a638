"""Tables that are easily read as others: names that are patterns, units beside another value, rows of nobody."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

import pytest
from commands import run

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

LONG: Final = """long:
  patient: who
  time: at
  analyte: test
  value: result
  unit: unit
  analytes: {calcium: [ca], phosphate: [phos]}
"""


def scored(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", ["a[1].csv", "a*.csv", "a?.csv", "a[1].parquet"])
def test_a_name_of_a_file_is_no_pattern(name: str, tmp_path: Path) -> None:
    for each, who in ((name, "right"), (f"a1.{name.rpartition('.')[2]}", "wrong")):
        duckdb.connect().execute(f"COPY (SELECT '{who}' AS id, 9 AS calcium) TO '{tmp_path / each}'")
    ended = run("batch", name, "--format", "csv", cwd=tmp_path)
    assert [(row["source"], row["id"]) for row in scored(ended.out)] == [(name, "right")]


def test_a_line_break_in_a_name_loses_no_row_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'id,calcium,"note\n(free)"\r\na,9,x\r\nb,10,y\r\n')
    (tmp_path / "u.csv").write_bytes(b'id,calcium,"note\n(free)"\na,9,x\nb,10,y\n')
    (tmp_path / "v.csv").write_bytes(b'id,calcium,"note\r(free)"\na,9,x\nb,10,y\n')
    refused, read, too = (run("batch", name, "--format", "csv", cwd=tmp_path) for name in ("t.csv", "u.csv", "v.csv"))
    assert (too.code, too.out) == (1, "")
    assert (refused.code, refused.err.partition("\n")[0]) == (
        1,
        "t.csv:1: a name in its header has a line break in it, and lines end otherwise (unreadable-table)",
    )
    assert [row["id"] for row in scored(read.out)] == ["a", "b"]


# the rows of phosphate in one draw; the product with a calcium of 10
PHOSPHATES = [
    ("a,2026-01-01,phos,,mg/dL\na,2026-01-01,phos,2,mmol/L\n", 10 * 2 * 3.0974),
    ("a,2026-01-01,phos,NA,mg/dL\na,2026-01-01,phos,2,mmol/L\n", 10 * 2 * 3.0974),
    ("a,2026-01-01,phos,5,\na,2026-01-01,phos,2,mmol/L\n", 10 * 5),
    ("a,2026-01-01,phos,5,mg/dL\na,2026-01-01,phos,2,mmol/L\n", 10 * 5),
]


@pytest.mark.parametrize(("rows", "product"), PHOSPHATES)
def test_a_unit_is_that_of_the_row_whose_value_counts(rows: str, product: float, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"who,at,test,result,unit\na,2026-01-01,ca,10,mg/dL\n{rows}", "utf-8")
    (tmp_path / "m.map.yaml").write_text(LONG, "utf-8")
    (row,) = scored(run("batch", "t.csv", "--map", "m.map.yaml", "--format", "csv", cwd=tmp_path).out)
    assert float(row["ca_p_product"]) == pytest.approx(product)


def test_results_of_nobody_are_no_history(tmp_path: Path) -> None:
    rows = "".join(
        f"{who},2026-01-0{day},{test},{5 + day},\n"
        for who in ("", " ", "a")
        for day in (1, 2)
        for test in ("ca", "phos")
    )
    (tmp_path / "t.csv").write_text(f"who,at,test,result,unit\n{rows}", "utf-8")
    (tmp_path / "m.map.yaml").write_text(LONG + "  one_row: patient\n", "utf-8")
    ended = run("batch", "t.csv", "--map", "m.map.yaml", "--format", "csv", cwd=tmp_path)
    assert [row["id"].strip() for row in scored(ended.out)].count("a") == 1
    assert len(scored(ended.out)) == 1 + 2 * 4  # each result of nobody is a draw of its own


def test_times_that_begin_anew_are_no_history(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("who,at,test,result,unit,stay\na,0,ca,9,,1\n", "utf-8")
    (tmp_path / "m.map.yaml").write_text(
        f"{LONG}  encounter: stay\n  time_unit: minutes\n  one_row: patient\n", "utf-8"
    )
    ended = run("batch", "t.csv", "--map", "m.map.yaml", cwd=tmp_path)
    assert (ended.code, "times that begin anew in each encounter are no history" in ended.err) == (2, True)


def test_chemistry_where_sql_reads_no_row(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow carries the rows of a table to the solver, and is not installed")
    (tmp_path / "t.csv").write_text("id,calcium,phosphate\na,2.3 mmol/L,4\n", "utf-8")
    ended = run("batch", "t.csv", "--chemistry", "--format", "csv", cwd=tmp_path)
    (row,) = scored(ended.out)
    assert (ended.code, row["chemistry"]) == (0, "solved")


def test_a_time_with_a_zone_is_the_same_everywhere(tmp_path: Path) -> None:
    rows = ", ".join(
        f"('a', TIMESTAMPTZ '2026-03-0{day} 02:15Z', '{test}', 9.0, '')" for day in (2, 3) for test in ("ca", "phos")
    )
    duckdb.connect().execute(
        f"COPY (SELECT * FROM (VALUES {rows}) AS t(who, \"at\", test, result, unit)) TO '{tmp_path / 't.parquet'}'"
    )
    (tmp_path / "m.map.yaml").write_text(LONG, "utf-8")
    call = ("batch", "t.parquet", "--map", "m.map.yaml", "--format", "csv")
    here, there = (run(*call, cwd=tmp_path, TZ=zone).out for zone in ("UTC", "America/New_York"))
    assert here == there
    assert len(scored(here)) == 2


# what stands in a text column; the number that it is
CELLS = [(".5e1", 5.0), ("5e0", 5.0), ("5", 5.0), ("n/a", None), ("", None)]


@pytest.mark.parametrize(("cell", "number"), CELLS)
@pytest.mark.parametrize(("calcium", "mg"), [("9", 9.0), ("2.3 mmol/L", 2.3 * 4.0078)])  # SQL reads the first alone
def test_a_number_in_an_expression_is_one_number(
    cell: str, number: float | None, calcium: str, mg: float, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(f"id,calcium,p\na,{calcium},{cell}\nb,9,x\n", "utf-8")
    (tmp_path / "m.map.yaml").write_text('columns: {calcium: calcium, phosphate: {expression: "p * 1"}}\n', "utf-8")
    first, _ = scored(run("batch", "t.csv", "--map", "m.map.yaml", "--format", "csv", cwd=tmp_path).out)
    assert float(first["ca_p_product"] or 0) == pytest.approx(mg * (number or 0))


def test_a_quoted_name_decides_nothing_of_the_delimiter(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('"id";"a,b,c,d";calcium;phosphate\nx;y;9;4\n', "utf-8")
    (row,) = scored(run("batch", "t.csv", "--format", "csv", cwd=tmp_path).out)
    assert (row["id"], row["ca_p_product"]) == ("x", "36.0")


def test_an_empty_folder_holds_no_answers(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = run("columns", "suggest", "empty", cwd=tmp_path)
    assert ended.err.partition("\n")[0] == "empty: there is no table in this folder (no-table)"


def refused_and_twice(rows: int) -> str:
    """A table whose every second id stands twice, and in which the rows of every third place are refused."""
    cells = (f"p{at // 2},9.1,{99 if at % 3 == 1 else 4}" for at in range(rows))
    return "\n".join(["id,calcium,phosphate", *cells]) + "\n"


def test_a_row_is_named_alike_wherever_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(refused_and_twice(80), "utf-8")
    page = run("batch", "t.csv", cwd=tmp_path, COLUMNS="140")
    told = [line.partition(": phosphate")[0] for line in page.err.splitlines() if "(out-of-range)" in line]
    assert told == [f"t.csv: row {row}" for row in range(2, 61, 3)]
    assert page.err.endswith(
        "and 7 more refused rows: answers as CSV, JSON, NDJSON or Parquet have all of them, each with its errors\n"
        "53 scored, 27 refused\n"
    )
    assert re.findall(r"^(t.csv: row \d+) \(p\d+\) +phosphate", page.out, re.MULTILINE)[:2] == told[:2]
    assert re.search(r"^ +p0 \(t.csv: row 1\) +t.csv: row 1 ", page.out, re.MULTILINE)
    answers = run("batch", "t.csv", "--format", "csv", cwd=tmp_path).out.splitlines()
    assert [line.split(",")[1] for line in answers if "refused" in line][:2] == ["1", "4"]  # from 0, as in every batch


@pytest.mark.parametrize(("rows", "said"), [(2, "1 id stands"), (80, "40 ids stand"), (1, "")])
def test_every_id_that_stands_twice_is_counted(rows: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(refused_and_twice(rows), "utf-8")
    page = run("batch", "t.csv", cwd=tmp_path).out
    assert (f"\n{said} more than once\n" in page) if said else "more than once" not in page
