"""Words of a table that say something of another input too (5D is dialysis, a T a transplant), as in a document."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

import pytest
from commands import run

from calcrisk.variables import registry

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

STAGE: Final = registry()["ckd_stage"]
WORDS: Final = [*STAGE.values, *STAGE.ranges, *STAGE.spellings]
OTHERS: Final = sorted(
    {other for meant in STAGE.spellings.values() if isinstance(meant, dict) for other in meant["also"]}
)
PLACES: Final = {"source", "index", "errors"}  # which name the place, and so differ between a table and a stream
LISTS: Final = {"possible", "settled", "met_rules", "missing"}


@pytest.mark.parametrize("lists", [(), ("--no-lists",)], ids=["lists", "no lists"])
@pytest.mark.parametrize("stated", ["", "yes", "no", "unknown"])
def test_every_word_of_a_stage_says_what_it_says_in_a_document(
    stated: str, lists: tuple[str, ...], tmp_path: Path
) -> None:
    names = ["id", "age", "calcium", "phosphate", "ckd_stage", *(OTHERS if stated else ())]
    rows = [[word, 60, 9.1, 4.2, word, *([stated] * len(OTHERS) if stated else ())] for word in WORDS]
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    lines = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
    ways = (
        run("batch", "t.csv", "--format", "csv", *lists, cwd=tmp_path),
        run("batch", "-", "--format", "csv", cwd=tmp_path, stdin=lines),
    )
    left_out = PLACES | (LISTS if lists else set())
    table, documents = (
        [
            {name: cell for name, cell in row.items() if name not in left_out}
            for row in csv.DictReader(io.StringIO(ended.out, newline=""))
        ]
        for ended in ways
    )
    assert [row["id"] for row in table] == WORDS
    assert table == documents
