"""What a cohort is held against, each in a process of its own: `copy`, `handwritten` or `compare`, over Parquet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import duckdb
from cohort_tables import WIDE

HANDWRITTEN: Final = Path(__file__).with_name("handwritten.sql")
ANSWERS: Final = ("classification", "metastatic_tier", "dystrophic_tier", "vascular_tier")
LEVELS: Final = ("mineral_load", "tissue_injury", "inhibitor_failure", "osteogenic_drive", "vascular_burden")


def copied(at_work: duckdb.DuckDBPyConnection, table: str) -> str:
    """The same columns, as they are."""
    del at_work
    return f"SELECT * FROM '{table}'"


def handwritten(at_work: duckdb.DuckDBPyConnection, table: str) -> str:
    """The analyst's SELECT; columns that the table lacks are NULL."""
    there = {row[0] for row in at_work.execute(f"DESCRIBE SELECT * FROM '{table}'").fetchall()}
    lacking = "".join(f", NULL AS {name}" for name in WIDE if name not in there)
    return HANDWRITTEN.read_text(encoding="utf-8").replace("FROM labs", f"FROM (SELECT *{lacking} FROM '{table}')")


def differing(at_work: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    """The rows on which the two differ in class, a tier or the level of a mechanism, or that only one of them has."""
    shown = ", ".join(f"CAST({name} AS VARCHAR)" for name in ("id", *ANSWERS, *LEVELS))
    one, two = (f"SELECT {shown} FROM '{path}'" for path in (ours, theirs))
    query = f"SELECT count(*) FROM (({one} EXCEPT ALL {two}) UNION ALL ({two} EXCEPT ALL {one}))"
    ((found,),) = at_work.execute(query).fetchall()
    return int(found)


def main(what: str, table: str, other: str) -> None:
    """Write to ``other``, or compare with it."""
    with duckdb.connect() as at_work:
        at_work.execute("SET memory_limit = '700MB'")  # as the program does
        if what == "compare":
            print(differing(at_work, table, other))
            return
        written = {"copy": copied, "handwritten": handwritten}[what](at_work, table)
        at_work.execute(f"COPY ({written}) TO '{other}' (FORMAT parquet)")


if __name__ == "__main__":
    main(*sys.argv[1:])
