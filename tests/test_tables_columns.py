"""What a table's columns may be named and hold, and what is told before anything of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from commands import run

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

DONE, BAD_INPUT, WRONG_USAGE, SURROUNDINGS = 0, 1, 2, 4
GOOD: Final = "id,calcium,phosphate\nA,9.9,6.8\n"


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
