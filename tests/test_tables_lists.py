"""The lists of a table's rows, which are written in three ways: all of them give the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from calcrisk.cli.batch import Wanted, run
from calcrisk.cohort import scoring

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

WAYS: Final[dict[str, dict[str, int]]] = {
    "kept, and looked up": {},
    "worked out again, and looked up": {"_WIDE": 100, "_FITTING": 0},
    "put together row by row": {"MANY": 0},
}
ROWS: Final = """SELECT 'p' || i AS id, i % 90 + 1 AS age, 8 + i % 5 AS calcium, CASE WHEN i % 7 > 0 THEN 2 + i % 6 END
AS phosphate, CASE i % 3 WHEN 0 THEN 'G5' WHEN 1 THEN 'G2' END AS ckd_stage, i % 4 = 0 AS infarct,
i % 9 = 0 AS warfarin, CASE WHEN i % 97 = 0 THEN '<6' ELSE '65' END AS pth FROM range({}, {}) AS them(i)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("lists")
    for name, first in (("a", 0), ("b", 700)):
        duckdb.sql(f"COPY ({ROWS.format(first, first + 700)}) TO '{place / name}.parquet'")
    return place


def answers(folder: Path, output: Path, **numbers: int) -> bytes:
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for name, number in numbers.items():
            patched.setattr(scoring, name, number)
        assert run([str(folder)], Wanted(**WANTED, output=str(output)), profile=None, rulebook=None) == 0
    return output.read_bytes()


WANTED: Final[dict[str, Any]] = {
    "format": None,
    "json": False,
    "jobs": None,
    "fail_on": (),
    "strict": False,
    "as_of": None,
    "top": 0,
}


def test_whichever_way_lists_are_written_they_are_the_same(folder: Path, tmp_path: Path) -> None:
    found = {way: answers(folder, tmp_path / "out.csv", **numbers) for way, numbers in WAYS.items()}
    wanted = next(iter(found.values()))
    assert wanted.count(b"\n") == 1401
    assert wanted.count(f"{folder}/a.parquet,".encode()) == wanted.count(f"{folder}/b.parquet,".encode()) == 700
    assert b",kidney-failure-standing;phosphate-above-interval;kidney-failure;" in wanted
    assert [way for way, told in found.items() if told != wanted] == []


def test_answers_that_were_kept_may_all_be_empty(folder: Path, tmp_path: Path) -> None:
    """What holds no NULL by chance is not written as what can hold none: such files could not be put together."""
    answers(folder, tmp_path / "out.parquet")
    schema = f"SELECT name FROM parquet_schema('{tmp_path / 'out.parquet'}') WHERE repetition_type = 'REQUIRED'"
    assert duckdb.sql(schema).fetchall() == [("duckdb_schema",)]  # the root


def test_answers_are_worked_out_twice_only_when_few_columns_hold_many_rows(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []
    asked = scoring.Cohort._are_worth_keeping

    def watched(cohort: scoring.Cohort) -> bool:
        kept.append(asked(cohort))
        return kept[-1]

    monkeypatch.setattr(scoring.Cohort, "_are_worth_keeping", watched)
    for numbers in ({}, {"_FITTING": 1399}, {"_FITTING": 1400}, {"_FITTING": 0, "_WIDE": 7}, {"_FITTING": 0}):
        answers(folder, tmp_path / "out.parquet", **numbers)
    assert kept == [True, False, True, True, False]
