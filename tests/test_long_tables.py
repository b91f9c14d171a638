"""Long tables, one row a result: a draw is a draw whatever file its rows lie in, and threads change nothing."""

from __future__ import annotations

import csv
import io
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import run
from samples import ROOT, shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

_HEADER: Final = "pid,t,code,v,u"
_PLACES: Final = ("source", "index", "errors")
_RESULTS: Final = {"2000-8": ("mg/dL", 8.0, 11.0), "2777-1": ("mg/dL", 2.5, 8.5), "1751-7": ("g/dL", 2.5, 4.5)}
_MAP: Final = """long:
  {{patient: pid, time: t, analyte: code, value: v, unit: u, analytes: loinc, one_row: {one_row}}}
constants: {{age: 60}}
"""


def some_results(patients: int = 300) -> list[str]:
    """Rows of a table in which the rows of a draw lie together."""
    chance = Random(20261129)
    return [
        f"p{chance.randrange(10_000)},{at},{code},{chance.uniform(low, high):.1f},{unit}"
        for at in (f"2026-{month:02}-{day:02} 08:00" for month in range(1, 13) for day in (1, 11, 21))
        for _ in range(patients // 36)
        for code, (unit, low, high) in _RESULTS.items()
    ] + [
        f"q{who},2026-{month:02}-0{chance.randrange(1, 9)} 07:30,{code},{chance.uniform(low, high):.1f},{unit}"
        for who in range(patients)
        for month in range(1, 13)
        for code, (unit, low, high) in _RESULTS.items()
    ]


def batch(folder: Path, *named: str, one_row: str, more: tuple[str, ...] = ()) -> list[dict[str, str]]:
    (folder / "m.yaml").write_text(_MAP.format(one_row=one_row), "utf-8")
    ended = run("batch", *named, "--map", "m.yaml", "--format", "csv", "--no-lists", *more, cwd=folder)
    assert ended.code == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


def written(folder: Path, name: str, rows: list[str]) -> str:
    (folder / name).write_text("\n".join([_HEADER, *rows]) + "\n", "utf-8")
    return name


def answers(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name not in _PLACES} for row in rows]


@pytest.mark.parametrize("one_row", ["draw", "patient"])
@pytest.mark.parametrize(
    "file_of",
    [lambda at, _: at * 5 // 11_000, lambda _, row: row.split(",")[2], lambda at, _: at % 3],
    ids=["cut where it happens to be", "one file an analyte", "row by row"],
)
def test_a_draw_is_joined_across_files(one_row: str, file_of: Callable[[int, str], object], tmp_path: Path) -> None:
    every = some_results()
    parts: dict[object, list[str]] = {}
    for at, row in enumerate(every):
        parts.setdefault(file_of(at, row), []).append(row)
    assert len(parts) > 1
    whole = batch(tmp_path, written(tmp_path, "whole.csv", every), one_row=one_row, more=("--history",))
    names = [written(tmp_path, f"part-{at}.csv", rows) for at, rows in enumerate(parts.values())]
    found = batch(tmp_path, *names, one_row=one_row, more=("--history",))

    def sorted_(rows: list[dict[str, str]]) -> list[Any]:
        return sorted((row["id"], *row.items()) for row in answers(rows))

    assert sorted_(found) == sorted_(whole)
    assert sum(bool(row["ca_p_product"]) for row in found) > 100


def test_a_draw_says_the_first_file_and_the_first_result_counts(tmp_path: Path) -> None:
    written(tmp_path, "b.csv", ["a,2026-01-01 08:00,2777-1,6.0,mg/dL", "a,2026-01-01 08:00,2000-8,10.0,mg/dL"])
    written(tmp_path, "a.csv", ["z,2026-01-01,2000-8,9.0,mg/dL", "a,2026-01-01T08:00:00Z,2777-1,5.0,mg/dL"])
    found = batch(tmp_path, "b.csv", "a.csv", one_row="draw")
    assert [(row["source"], row["index"], row["id"]) for row in found] == [("b.csv", "0", "a"), ("a.csv", "0", "z")]
    assert float(found[0]["ca_p_product"]) == pytest.approx(60.0)  # of the same minute, however it is written


def test_the_encounter_keeps_draws_apart(tmp_path: Path) -> None:
    rows = ["a,1,0,2000-8,10.0,mg/dL", "a,2,0,2777-1,6.0,mg/dL", "a,1,0,2777-1,5.0,mg/dL"]
    for at, row in enumerate(rows):
        (tmp_path / f"{at}.csv").write_text(f"pid,stay,t,code,v,u\n{row}\n", "utf-8")
    text = _MAP.format(one_row="draw").replace("time: t", "time: t, time_unit: minutes, encounter: stay")
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    ended = run("batch", "0.csv", "1.csv", "2.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    found = list(csv.DictReader(io.StringIO(ended.out)))
    assert [row["ca_p_product"] for row in found] == ["50.0", ""]


def test_results_of_nobody_are_never_one_draw(tmp_path: Path) -> None:
    """Two rows without a patient may be of two: no product is made of them."""
    written(tmp_path, "t.csv", [",2026-01-01,2000-8,10.0,mg/dL", ",2026-01-01,2777-1,6.0,mg/dL"])
    found = batch(tmp_path, "t.csv", one_row="draw")
    assert [row["ca_p_product"] for row in found] == ["", ""]


@pytest.mark.parametrize("one_row", ["draw", "patient"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_threads_change_neither_a_byte_nor_the_order(one_row: str, form: str, tmp_path: Path) -> None:
    written(tmp_path, "labs.csv", some_results())
    (tmp_path / "m.yaml").write_text(_MAP.format(one_row=one_row), "utf-8")
    call = ("batch", "labs.csv", "--map", "m.yaml", "--history")
    for jobs in ("1", "2", "4"):
        assert run(*call, "--jobs", jobs, "-o", f"{jobs}.{form}", cwd=tmp_path).code == 0
    first, *others = ((tmp_path / f"{jobs}.{form}").read_bytes() for jobs in ("1", "2", "4"))
    assert [other == first for other in others] == [True, True]


def test_patients_come_in_the_order_of_their_first_rows(tmp_path: Path) -> None:
    every = some_results()
    found = batch(tmp_path, written(tmp_path, "labs.csv", every), one_row="patient")
    assert [row["id"] for row in found] == list(dict.fromkeys(row.split(",")[0] for row in every))


@pytest.mark.parametrize(("one_row", "rows", "above"), [("draw", 1843, 96), ("patient", 60, None)])
def test_mimic_cut_into_five_files_is_the_same(one_row: str, rows: int, above: int | None, tmp_path: Path) -> None:
    """1,843 draws, 96 at or above 55 (README of the data): four draws are cut through."""
    table = shared("data/mimic3_demo/labs_long.csv")
    header, *lines = table.read_text("utf-8").splitlines(keepends=True)
    size = -(-len(lines) // 5)
    for at in range(5):
        (tmp_path / f"part-{at}.csv").write_text("".join([header, *lines[at * size : (at + 1) * size]]), "utf-8")
    text = (ROOT / "sample_labs" / "maps" / "mimic-labs.map.yaml").read_text("utf-8")
    (tmp_path / "m.yaml").write_text(text.replace("long:", f"long:\n  one_row: {one_row}"), "utf-8")
    found = []
    for named in ([str(table)], [f"part-{at}.csv" for at in range(5)]):
        ended = run("batch", *named, "--map", "m.yaml", "--history", "--format", "csv", cwd=tmp_path)
        found.append(list(csv.DictReader(io.StringIO(ended.out))))
    assert answers(found[0]) == answers(found[1])
    assert len(found[1]) == rows
    if above is not None:
        assert sum(float(row["ca_p_product"] or 0) >= 55 - 1e-7 for row in found[1]) == above
