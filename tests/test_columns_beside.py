"""Columns of units beside those of numbers: none that says another unit than is read is passed over."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from commands import run

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

HINT = (
    "    hint: `calcrisk columns suggest` writes a map that reads it (`unit_column`); "
    "a map without it leaves it unread\n"
)


def table(folder: Path, column: str, *cells: str) -> Path:
    rows = "".join(f"{at},9.1,{2 + at},{cell}\n" for at, cell in enumerate(cells))
    path = folder / "t.csv"
    path.write_text(f"id,calcium,phosphate,{column}\n{rows}", "utf-8")
    return path


@pytest.mark.parametrize(
    ("column", "number"),
    [
        *[("phosphate_unit", "phosphate"), ("PhosphateUnit", "phosphate"), ("unit_phosphate", "phosphate")],
        *[("calcium_units", "calcium"), ("Ca_unit", "calcium"), ("phosphate uom", "phosphate")],
    ],
)
def test_units_beside_a_number_that_are_not_those_it_is_read_in_refuse_the_table(
    column: str, number: str, tmp_path: Path
) -> None:
    table(tmp_path, column, "mg/dL", "", "mmol/L")
    ended = run("batch", "t.csv", "--format", "csv", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    message = f"the column {column!r} says mmol/L, and {number!r} beside it is read in mg/dL"
    assert ended.err == f"t.csv: {number}: {message} (unit-column)\n    expected: mg/dL\n{HINT}"


def test_what_is_no_unit_at_all_is_not_repeated(tmp_path: Path) -> None:
    table(tmp_path, "phosphate_unit", "mg/dL", "Smith")
    ended = run("batch", "t.csv", cwd=tmp_path)
    assert ended.code == 2
    assert "'phosphate_unit' says what is no unit of it" in ended.err
    assert "Smith" not in ended.err


@pytest.mark.parametrize("column", ["phosphate_unit", "unit"])
def test_a_column_that_says_the_unit_that_is_read_refuses_nothing(column: str, tmp_path: Path) -> None:
    table(tmp_path, column, "mg/dL", "MG / DL", "", "NA")
    path = tmp_path / "t.csv"
    path.write_text(path.read_text("utf-8") + "9,9.1,,mmol/L\n", "utf-8")  # there is no number beside it
    if column == "unit":  # which says nothing of calcium either
        path.write_text(path.read_text("utf-8").replace("9,9.1,,mmol/L", "9,,,mmol/L"), "utf-8")
    ended = run("batch", "t.csv", "--format", "csv", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "5 scored, 0 refused\n")


def test_a_column_named_unit_alone_is_one_of_units_only_where_it_says_one(tmp_path: Path) -> None:
    table(tmp_path, "unit", "ICU", "W3")  # a ward
    assert run("batch", "t.csv", cwd=tmp_path).code == 0
    table(tmp_path, "unit", "ICU", "mmol/L")
    ended = run("batch", "t.csv", cwd=tmp_path)
    assert ended.code == 2
    assert [line.split(": ")[1] for line in ended.err.splitlines() if "unit-column" in line] == ["calcium", "phosphate"]


def test_the_map_that_is_proposed_reads_it(tmp_path: Path) -> None:
    table(tmp_path, "phosphate_unit", "mmol/L", "mg/dL")
    assert run("columns", "suggest", "t.csv", "-o", "m.yaml", cwd=tmp_path).code == 0
    ended = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    products = [float(row["ca_p_product"]) for row in csv.DictReader(io.StringIO(ended.out))]
    assert (ended.code, ended.err) == (0, "2 scored, 0 refused\n")
    assert products == pytest.approx([9.1 * 2 * 3.0974, 9.1 * 3], rel=1e-4)


def test_a_map_may_leave_it_unread_and_that_is_said(tmp_path: Path) -> None:
    table(tmp_path, "phosphate_unit", "mmol/L")
    (tmp_path / "m.yaml").write_text("columns: {calcium: calcium, phosphate: phosphate}\n", "utf-8")
    ended = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    assert ended.code == 0
    message = "the column 'phosphate_unit' says mmol/L, and 'phosphate' beside it is read in mg/dL, as the map says\n"
    assert ended.err == f"{message}1 scored, 0 refused\n"
    (tmp_path / "m.yaml").write_text("columns: {phosphate: {column: phosphate, unit: mmol/L}}\n", "utf-8")
    assert run("batch", "t.csv", "--map", "m.yaml", cwd=tmp_path).err == "1 scored, 0 refused\n"


def test_a_statement_sees_no_cells_and_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("sqlglot")
    ended = run("sql", "--columns", "id,calcium,calcium_unit", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    message = (
        "labs: calcium: the column 'calcium_unit' is not read, and 'calcium' beside it is read in mg/dL (unit-column)"
    )
    assert ended.err.startswith(message)
    assert run("sql", "--columns", "id,calcium,unit", cwd=tmp_path).code == 0


def test_a_column_of_what_are_no_units_is_only_a_guess(tmp_path: Path) -> None:
    rows = "a,9.1,per cent,7.4,pH,4,mg/dL\nb,9.1,mg/dL,7.3,units,4,\n"
    head = "id,calcium,calcium_units,ph,ph_units,phosphate,phosphate_units\n"
    (tmp_path / "t.csv").write_text(head + rows, "utf-8")
    lines = run("columns", "suggest", "t.csv", cwd=tmp_path).out.splitlines()
    (calcium,) = (line for line in lines if "calcium:" in line)
    assert calcium.startswith("#   calcium: {column: calcium, unit_column: calcium_units}")
    assert calcium.endswith("; it says per cent, which is no unit of it")
    assert any(line.startswith("  phosphate: {column: phosphate, unit_column: phosphate_units}") for line in lines)
    assert any(line.startswith("  blood_ph: ph  #") for line in lines)  # which has no unit


def test_what_has_no_unit_is_a_number_whatever_stands_beside_it(tmp_path: Path) -> None:
    rows = "1,t,Calcium,9,mg/dL\n1,t,pH,7.4,units\n2,t,Calcium,9,mg/dL\n2,t,pH,40,nmol/L\n"
    (tmp_path / "t.csv").write_text(f"who,time,lab,value,unit\n{rows}", "utf-8")
    analytes = "analytes: {calcium: [Calcium], blood_ph: [pH]}"
    said = f"long: {{patient: who, time: time, analyte: lab, value: value, unit: unit, {analytes}}}\n"
    (tmp_path / "m.yaml").write_text(said, "utf-8")
    ended = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    assert [line.split(",")[3] for line in ended.out.splitlines()[1:]] == ["scored", "refused"]
    assert "blood_ph 40 is above" in ended.err
