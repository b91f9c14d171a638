"""Answers of tables that lie among the tables: passed over and said to be, and never scored as patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from commands import run

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

FORMS = ["csv", "parquet", "ndjson", "json"]
SCORED = "1 scored, 0 refused\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "a.csv").write_text("id,calcium,phosphate\na,9,4\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("more", [(), ("--no-lists",)])
def test_a_second_run_scores_the_same_patients(folder: Path, form: str, more: tuple[str, ...]) -> None:
    output = f"labs/answers.{form}"
    first = run("batch", "labs", "-o", output, *more, cwd=folder)
    written = (folder / output).read_bytes()
    second = run("batch", "labs", "-o", output, *more, cwd=folder)
    assert (first.code, first.err) == (0, SCORED)
    assert (second.code, second.err.endswith(SCORED)) == (0, True)
    assert (folder / output).read_bytes() == written


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_answers_are_passed_over_by_name_or_refused(folder: Path, form: str) -> None:
    name = f"labs/answers.{form}"
    run("batch", "labs", "-o", name, cwd=folder)
    among = run("batch", "labs", "--format", "csv", cwd=folder)
    pattern = run("batch", f"labs/*.{form}", "labs/a.csv", "--format", "csv", cwd=folder)
    named = run("batch", "labs/a.csv", name, "-o", "other.csv", cwd=folder)
    replaced = run("batch", "labs/a.csv", name, "-o", name, cwd=folder)
    for ended in (among, pattern, replaced):
        assert (ended.code, ended.err) == (0, f"answers of calcrisk, passed over: {name}\n{SCORED}")
    assert (named.code, named.err.splitlines()[0]) == (
        2,
        f"{name}: these are answers of calcrisk, not patients (answers)",
    )
    assert not (folder / "other.csv").exists()


def test_a_table_that_ends_as_a_parquet_file_does_is_no_answer(folder: Path) -> None:
    (folder / "labs" / "b.csv").write_bytes(b"id,calcium,phosphate\nb,9,4\n" + b"\xff\xff\xff\x7fPAR1")
    ended = run("batch", "labs/b.csv", "-o", "labs/b.csv", cwd=folder)
    assert (ended.code, "(output-is-input)" in ended.err) == (2, True)
