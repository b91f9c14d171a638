"""The same rows on other engines, for the record: PostgreSQL runs what `calcrisk sql` prints, Spark has two threads.

Nothing is held to a limit: the ratios say what to expect of a warehouse beside the engine that we bring along. Rows are
counted on each engine and must fall alike. `cohort_engines.py ROWS` takes another number than a million; an engine that
is not installed is left out and named.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import duckdb

ROOT: Final = Path(__file__).resolve().parent.parent
HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests"))  # where the PostgreSQL server of our own is

from postgres import programs, server  # noqa: E402  # after the path is known

ROWS: Final = 1_000_000
COLUMNS: Final = ("12", "50")
CALCRISK: Final = (sys.executable, "-m", "calcrisk")
KINDS: Final = {"DOUBLE": "double precision", "VARCHAR": "text", "TINYINT": "smallint", "BIGINT": "bigint"}
COUNTED: Final = "SELECT classification, count(*) FROM {} GROUP BY classification"
Counted = dict[str | None, int]


def main() -> None:
    """Print a table in Markdown."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print("| rows | columns | engine | seconds | rows a second |", "| --- | --- | --- | --- | --- |", sep="\n")
    for columns in COLUMNS:
        with tempfile.TemporaryDirectory(prefix="calcrisk-engines-") as name:
            table = Path(name) / "table.parquet"
            run(sys.executable, str(HERE / "cohort_tables.py"), columns, str(rows), str(table))
            found = {"DuckDB, two threads": embedded(table)}
            if programs() is None:
                print("no PostgreSQL server is installed", file=sys.stderr)
            else:
                found["PostgreSQL, fenced stages, one process"] = warehouse(table)
            if find_spec("pyspark") is None:
                print("pyspark is not installed", file=sys.stderr)
            else:
                found["Spark, local[2], its start included"] = cluster(table)
        for engine, (seconds, _) in found.items():
            print(f"| {rows:,} | {columns} | {engine} | {seconds:.1f} | {rows / seconds:,.0f} |", flush=True)
        ((_, first), *others) = found.values()
        if any(counted != first for _, counted in others):
            sys.exit(f"the engines differ: {[counted for _, counted in found.values()]}")


def run(*command: str) -> float:
    """Seconds of a program that must end well."""
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def counts(files: str) -> Counted:
    """How the classes fall in what was written."""
    with duckdb.connect() as at_work:
        return dict(at_work.execute(COUNTED.format(f"read_parquet('{files}')")).fetchall())


def embedded(table: Path) -> tuple[float, Counted]:
    """Parquet to Parquet with the engine that we bring along."""
    out = table.with_name("ours.parquet")
    seconds = run(*CALCRISK, "batch", str(table), "--no-lists", "-o", str(out))
    return seconds, counts(str(out))


def cluster(table: Path) -> tuple[float, Counted]:
    """Parquet to a folder of Parquet on Spark."""
    out = table.with_name("spark")
    asked = ("--engine", "spark", "--master", "local[2]", "--format", "parquet", "--no-lists")
    seconds = run(*CALCRISK, "batch", str(table), *asked, "-o", str(out))
    return seconds, counts(f"{out}/*.parquet")


def warehouse(table: Path) -> tuple[float, Counted]:
    """Table to table within PostgreSQL, after the rows were brought there."""
    import psycopg

    script, rows = table.with_name("score.sql"), table.with_name("rows.csv")
    asked = ("--dialect", "postgres", "--table", "labs", "--columns", str(table), "-o", str(script))
    run(*CALCRISK, "sql", *asked)
    with duckdb.connect() as at_work:
        described = at_work.execute(f"DESCRIBE SELECT * FROM '{table}'").fetchall()
        at_work.execute(f"COPY (SELECT * FROM '{table}') TO '{rows}' (HEADER false)")
    shape = ", ".join(f"{name} {KINDS[kind]}" for name, kind, *_ in described)
    with server() as address, closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute(f"CREATE TABLE labs ({shape})".encode())
        with connection.cursor() as cursor, cursor.copy(b"COPY labs FROM STDIN (FORMAT csv)") as copy:
            copy.write(rows.read_bytes())
        connection.execute(b"ANALYZE labs")
        began = time.perf_counter()
        connection.execute(b"CREATE TABLE answers AS " + script.read_bytes())
        seconds = time.perf_counter() - began
        return seconds, dict(connection.execute(COUNTED.format("answers").encode()).fetchall())


if __name__ == "__main__":
    main()
