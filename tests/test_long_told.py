"""What a map passes over in a long table is told: labels that no row has, and times that cannot be read."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import pytest
from commands import run

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

DONE, BAD_INPUT, WRONG_USAGE = 0, 1, 2
ROWS: Final = """pid,t,code,v,u
1,2026-01-01 08:00,2000-8,10.0,mg/dL
1,2026-01-01 08:00,2777-1,6.0,mg/dL
2,2026-01-01 08:00,2777-1 ,5.0,mg/dL
2,2026-01-01 08:00,Other,1,mg/dL
"""


def batch(folder: Path, analytes: str, more: str = "", table: str = "t.csv") -> tuple[int, str, list[dict[str, str]]]:
    columns = f"patient: pid, time: t, analyte: code, value: v, unit: u, analytes: {analytes}{more}"
    (folder / "m.yaml").write_text(f"long: {{{columns}}}\n", "utf-8")
    ended = run("batch", table, "--map", "m.yaml", "--format", "csv", "--history", cwd=folder)
    return ended.code, ended.err, list(csv.DictReader(io.StringIO(ended.out)))


def test_a_map_that_fits_no_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS, "utf-8")
    code, told, found = batch(tmp_path, "{calcium: [Kalzium], phosphate: [Phosphat]}")
    assert (code, found) == (BAD_INPUT, [])
    assert told.splitlines() == [
        "t.csv: code: no row is a result that the map names (no-analyte)",
        "    expected: 'Kalzium', 'Phosphat'",
        "    got: '2777-1' (2), '2000-8' (1), 'Other' (1)",
        "    hint: take the labels from the table; `calcrisk columns suggest` proposes a map of it",
    ]


def test_labels_that_no_row_has_are_told_with_those_of_the_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS, "utf-8")
    code, told, found = batch(tmp_path, "{calcium: [2000-8, Ca], albumin: [Alb]}")
    assert (code, len(found)) == (DONE, 1)
    wanted = "code: 2 of 3 labels of the map in no row: 'Ca' (calcium), 'Alb' (albumin); other rows have "
    assert told.splitlines()[0] == f"{wanted}'2777-1' (2), 'Other' (1)"


def test_of_the_codes_of_the_rulebook_only_what_everybody_is_asked_for_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS, "utf-8")
    assert batch(tmp_path, "loinc")[1] == "2 scored, 0 refused\n"
    (tmp_path / "t.csv").write_text(ROWS.replace("2777-1", "P-1"), "utf-8")
    told = batch(tmp_path, "loinc")[1]
    assert told.splitlines()[0] == "code: no row has a code of 'phosphate'; other rows have 'P-1' (2), 'Other' (1)"


def test_a_table_without_rows_is_no_fault_of_its_map(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS.splitlines()[0] + "\n", "utf-8")
    assert batch(tmp_path, "loinc") == (DONE, "0 scored, 0 refused\n", [])


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "DECIMAL(12, 2)", "INTEGER", "VARCHAR"])
@pytest.mark.parametrize("label", ["50893", "50893.0"])
def test_a_code_is_found_in_a_column_of_numbers(kind: str, label: str, tmp_path: Path) -> None:
    rows = "(VALUES ('1', 50893, '10.0'), ('1', 50970, '6.0'), ('1', NULL, '1')) AS t(pid, code, v)"
    path = tmp_path / "t.parquet"
    duckdb.sql(
        f"SELECT pid, '2026-01-01' AS t, CAST(code AS {kind}) AS code, v, 'mg/dL' AS u FROM {rows}"
    ).write_parquet(str(path))
    code, told, found = batch(tmp_path, f"{{calcium: ['{label}'], phosphate: [50970]}}", table="t.parquet")
    assert (code, told) == (DONE, "1 scored, 0 refused\n")
    assert [row["ca_p_product"] for row in found] == ["60.0"]


@pytest.mark.parametrize("form", ["{:02}/{:02}/2026", "{:02}.{:02}.2026", "{:02}-{:02}-26", "{:02}-{:02}-2026 08:00"])
def test_times_that_cannot_be_read_are_told_and_never_guessed(form: str, tmp_path: Path) -> None:
    rows = [
        f"1,{form.format(day, 2)},{label}" for day in (5, 13) for label in ("2000-8,10.0,mg/dL", "2777-1,6.0,mg/dL")
    ]
    (tmp_path / "t.csv").write_text(
        "\n".join(["pid,t,code,v,u", *rows, "1,2026-03-01,2000-8,10,mg/dL"]) + "\n", "utf-8"
    )
    code, told, found = batch(tmp_path, "loinc", ", one_row: patient")
    first = told.splitlines()[0]
    assert (code, len(found)) == (DONE, 1)
    assert first.startswith("t: the time of 4 of 5 results cannot be read and counts in no history, as ")
    assert f"as {form.format(5, 2)!r}; a time is written 2026-03-02, 2026-03-02 08:15 or 2026-03-02T08:15:00" in first
    assert found[0]["panels_usable"] == "0.0"


def test_a_time_that_is_no_number_is_told_where_numbers_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS, "utf-8")
    told = batch(tmp_path, "loinc", ", one_row: patient, time_unit: minutes")[1]
    assert told.splitlines()[0] == (
        "t: the time of 3 of 3 results cannot be read and counts in no history, as '2026-01-01 08:00';"
        " a time in minutes is a number"
    )


def test_a_missing_column_is_told_before_anything_is_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS.replace("code", "kode"), "utf-8")
    code, told, _ = batch(tmp_path, "{calcium: [Kalzium]}")
    assert code == WRONG_USAGE
    assert "the table has no column 'code'" in told


def test_a_table_is_read_as_of_a_day_like_a_document(tmp_path: Path) -> None:
    """The second draw, of a later day, is not of the past yet: the product of the first stands."""
    (tmp_path / "t.csv").write_text(
        "pid,t,code,v,u\n1,2026-01-01,2000-8,9.5,mg/dL\n1,2026-01-01,2777-1,7.5,mg/dL\n"
        "1,2026-02-15,2000-8,9.5,mg/dL\n1,2026-02-15,2777-1,3.5,mg/dL\n",
        "utf-8",
    )
    columns = "patient: pid, time: t, analyte: code, value: v, unit: u, analytes: loinc, one_row: patient"
    (tmp_path / "m.yaml").write_text(f"long: {{{columns}}}\n", "utf-8")
    products = {}
    for day in ("", "2026-01-10"):
        more = ["--as-of", day] if day else []
        ended = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", *more, cwd=tmp_path)
        (row,) = csv.DictReader(io.StringIO(ended.out))
        products[day] = float(row["ca_p_product"])
    assert products == {"": 33.25, "2026-01-10": 71.25}
    wrong = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", "--as-of", "10.1.2026", cwd=tmp_path)
    assert (wrong.code, "not-a-date" in wrong.err) == (WRONG_USAGE, True)
