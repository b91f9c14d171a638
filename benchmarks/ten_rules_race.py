"""Ten rules over a million rows in memory: our SELECT against one written by hand, and against OpenFisca-core.

All three answer the same rows, every value known, and the race counts only when they agree on every row: the level of
each mechanism and the row of the class table. Values keep off the thresholds, for OpenFisca counts in single precision.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from timing import Row, in_turns, ratio_row

from calcrisk import Rulebook
from calcrisk.rules.sql.layers import Column
from calcrisk.rules.sql.select import Wish, select
from calcrisk.rules.sql.statement import statement
from calcrisk.rules.sql.states import Source

HERE: Final = Path(__file__).resolve().parent
OPENFISCA: Final = "openfisca-core"
ROWS: Final = 1_000_000
ROUNDS: Final = 7
SQL_LIMIT: Final = 1.2
TIMES: Final = 3.0
NUMBERS: Final = {"age": (1, 95), "calcium": (7, 13), "phosphate": (1.5, 9), "albumin": (2, 5), "pth": (10, 900)}
ANSWERS: Final = ("dialysis", "diabetes", "vitamin_k_antagonist", "tissue_damage", "mineral_history")
OUT: Final = {  # and what holds its number before it becomes a word: the race is about rules
    "classification": "row_now",
    "mineral_load": "mineral_load__lowest",
    "tissue_injury": "tissue_injury__lowest",
    "osteogenic_drive": "osteogenic_drive__lowest",
}
BY_HAND: Final = """WITH a AS (
  SELECT *, calcium * phosphate AS product, calcium + 0.8 * (4 - albumin) AS corrected FROM labs
), b AS (
  SELECT *,
    CASE WHEN pth >= 600 AND mineral_history = 1 THEN 3
      WHEN (product >= 55 AND dialysis = 1) OR calcium > 10.2 OR corrected > 10.2 THEN 2
      WHEN (product >= 55 AND dialysis = 0) OR (corrected * phosphate >= 55 AND product < 55)
        OR (phosphate > 5.5 AND age >= 18) OR (pth >= 300 AND pth < 600) THEN 1 ELSE 0 END AS load,
    CASE WHEN tissue_damage = 1 THEN 2 ELSE 0 END AS injury,
    CASE WHEN vitamin_k_antagonist = 1 AND dialysis = 1 AND albumin < 3.5 THEN 2
      WHEN diabetes = 1 AND age >= 65 THEN 1 ELSE 0 END AS drive
  FROM a
)
SELECT
  CASE WHEN load >= 2 AND injury >= 2 THEN 0 WHEN load >= 2 THEN 1 WHEN injury >= 2 THEN 2 WHEN drive >= 1 THEN 3
    ELSE 4 END AS classification,
  load AS mineral_load, injury AS tissue_injury, drive AS osteogenic_drive
FROM b"""


def measure() -> list[Row]:
    """Race, and compare."""
    rows, connection = made(), duckdb.connect()
    connection.execute(
        f"CREATE TABLE labs AS SELECT {', '.join(f'unnest(?) AS {name}' for name in rows)}", [*rows.values()]
    )
    book = Rulebook.from_folder(HERE / "ten_rules")
    chosen = select(book, {name: Source(name) for name in rows}, Wish(frozenset(), booleans=True))
    ours = statement(chosen._replace(answer=tuple(Column(name, held) for name, held in OUT.items())), "labs", {})
    told = {name: connection.execute(query).fetchnumpy() for name, query in (("ours", ours), ("hand", BY_HAND))}
    races = {name: partial(connection.execute, _made_of(query)) for name, query in (("ours", ours), ("hand", BY_HAND))}
    times = in_turns(races, ROUNDS)
    seconds, theirs = openfisca(rows)
    for other in (told["hand"], theirs):
        if any((told["ours"][name] != other[name]).any() for name in OUT):
            sys.exit("the engines differ: the race is about the same answers")
    work = f"ten rules over {ROWS:,} rows in memory, levels and class"
    ratio = seconds / times["ours"].best
    found = f"{ratio:.1f} times ({times['ours'].best * 1000:.0f} ms against {seconds * 1000:.0f})"
    return [
        ratio_row(work, times["ours"], "a SELECT of the same written by hand", times["hand"], SQL_LIMIT),
        Row(work, "OpenFisca-core, rows a second", f"at least {TIMES:g} times", found, met=ratio >= TIMES),
    ]


def _made_of(query: str) -> str:
    """Read every answer, and keep none: what is written costs both the same."""
    return f"SELECT {', '.join(f'sum({name})' for name in OUT)} FROM ({query})"


def made() -> dict[str, Any]:
    """Rows as arrays, every value known and none on a threshold."""
    chance = np.random.default_rng(55)
    numbers = {name: np.round(chance.uniform(low, high, ROWS), 2) + 0.0037 for name, (low, high) in NUMBERS.items()}
    return numbers | {name: (chance.random(ROWS) < 1 / 3).astype(np.int32) for name in ANSWERS}


def openfisca(rows: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """What OpenFisca takes and answers, in a new environment that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="calcrisk-openfisca-") as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = str(folder / "venv" / "bin" / "python")
        subprocess.run(
            [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", OPENFISCA], check=True
        )
        answers = {each: array.astype(bool) if each in ANSWERS else array for each, array in rows.items()}
        np.savez(folder / "rows.npz", **answers)
        worker = [python, str(HERE / "openfisca_worker.py"), str(folder / "rows.npz"), str(folder / "out.npz")]
        told = subprocess.run(worker, check=True, capture_output=True, text=True)
        found = np.load(folder / "out.npz")
        names = {
            "mineral_load": "load",
            "tissue_injury": "injury",
            "osteogenic_drive": "drive",
            "classification": "kind",
        }
        return float(told.stdout), {name: found[each] for name, each in names.items()}


if __name__ == "__main__":
    print(*measure(), sep="\n")
