"""Real cohorts scored from their published columns: how classes and tiers fall by kidney group; nobody may be lost.

NHANES adults straight from the `.csv.gz`, and the long laboratory tables of MIMIC and eICU, through the maps of
sample_labs/maps. What is expected was counted in the data without this program.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb
from cohort_tables import ADULTS, MISSING, SHARED
from timing import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
MAPS: Final = ROOT / "sample_labs" / "maps"
LIMIT: Final = "55 - 1e-7"  # at nine digits: a product of two decimal values may fall short of it by less
GROUP: Final = """
    CASE WHEN KIQ025 = 1 THEN '1 on dialysis'
      WHEN KIQ022 = 1 OR KIQ020 = 1 THEN '2 told of weak or failing kidneys'
      WHEN LBXSCR >= 1.5 THEN '3 creatinine at or above 1.5 mg/dL'
      ELSE '4 none of these' END
"""
ADULTS_EXPECTED: Final = (31_604, 75, 81, 14)  # rows, at or above the limit, on dialysis, of those at or above
CLASSES: Final = ("metastatic", "mixed", "dystrophic", "vascular", "other", "none_identified", "indeterminate")
TIERS: Final = ("very_high", "high", "moderate", "low")


class Draws(NamedTuple):
    """A long table, and what was counted in it: draws and patients at or above the limit, and patients in all."""

    folder: str
    map: str
    expected: tuple[int, int, int]


LONG: Final = (Draws("mimic3_demo", "mimic-labs", (96, 8, 58)), Draws("eicu_demo_subset", "eicu-labs", (8, 3, 31)))


def main() -> None:
    """Score all three and compare, then say how the adults fall; nothing where the data are not."""
    if not ADULTS.exists():
        print(MISSING)
        return
    with tempfile.TemporaryDirectory(prefix="calcrisk-real-") as name, duckdb.connect() as at_work:
        answers = Path(name) / "answers.parquet"
        score(ADULTS, "nhanes", answers)
        first, shown = adults(at_work, answers), tables(at_work, answers)
        print(first, *(draws(at_work, answers, one) for one in LONG), "", "\n\n".join(shown), sep="\n")


def tables(at_work: duckdb.DuckDBPyConnection, answers: Path) -> list[str]:
    """How the classes and the tiers fall among the adults of NHANES, as Markdown."""
    joined = f"(SELECT *, {GROUP} AS kidney FROM {beside(answers)})"
    shown = [counted(at_work, joined, "classification", CLASSES)]
    shown += [counted(at_work, joined, f"{kind}_tier", TIERS) for kind in ("metastatic", "dystrophic", "vascular")]
    return ["\n".join(lines) for lines in shown]


def score(table: Path, column_map: str, answers: Path) -> None:
    """Run the program; a refused row (exit code 1) is told by the counts."""
    batch = [sys.executable, "-m", "calcrisk", "batch", str(table), "--map", str(MAPS / f"{column_map}.map.yaml")]
    ended = subprocess.run([*batch, "-o", str(answers)], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        sys.exit(ended.stderr)
    print(ended.stderr.strip().splitlines()[-1], file=sys.stderr)


def beside(answers: Path) -> str:
    """The answers beside what the survey says of each participant."""
    return f"'{answers}' JOIN read_csv('{ADULTS}') ON id = CAST(SEQN AS VARCHAR)"


def adults(at_work: duckdb.DuckDBPyConnection, answers: Path) -> Row:
    """A line on the adults of NHANES."""
    dialysis, above = "KIQ025 = 1", f"ca_p_product >= {LIMIT}"
    counts = f"count(*), count_if({above}), count_if({dialysis}), count_if({dialysis} AND {above})"
    (found,) = at_work.execute(f"SELECT {counts} FROM {beside(answers)}").fetchall()
    told = "{:,} rows, {} at or above 55, {} on dialysis, {} of them at or above"
    return Row(
        "NHANES adults, from the published `.csv.gz`",
        "what is in the data",
        told.format(*ADULTS_EXPECTED),
        told.format(*found),
        met=found == ADULTS_EXPECTED,
    )


def draws(at_work: duckdb.DuckDBPyConnection, answers: Path, one: Draws) -> Row:
    """A line on a long table."""
    score(SHARED / "data" / one.folder / "labs_long.csv", one.map, answers)
    above = f"ca_p_product >= {LIMIT}"
    counts = f"count_if({above}), count(DISTINCT CASE WHEN {above} THEN id END), count(DISTINCT id)"
    (found,) = at_work.execute(f"SELECT {counts} FROM '{answers}' WHERE ca_p_product IS NOT NULL").fetchall()
    told = "{} draws at or above 55, in {} of {} patients"
    work = f"long laboratory table, {one.folder}"
    return Row(work, "what is in the data", told.format(*one.expected), told.format(*found), met=found == one.expected)


def counted(at_work: duckdb.DuckDBPyConnection, joined: str, column: str, words: Sequence[str]) -> list[str]:
    """One table: a line a kidney group, a column a word; what was not assessed, and any other word, stands last."""
    of = [f"count_if(coalesce({column}, '') = '{word}')" for word in words]
    rest = f"count_if(coalesce({column}, '') NOT IN ({', '.join(map(repr, words))}))"
    query = f"SELECT substr(kidney, 3), {', '.join(of)}, {rest}, count(*) FROM {joined} GROUP BY kidney ORDER BY kidney"
    rows = at_work.execute(query).fetchall()
    head = ["", *(f"`{word}`" for word in words), "not assessed" if column.endswith("_tier") else "another", "all"]
    lines = [[row[0], *(f"{count:,}" for count in row[1:])] for row in rows]
    return [f"`{column}`", "", *(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))]


if __name__ == "__main__":
    main()
