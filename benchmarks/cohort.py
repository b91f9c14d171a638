"""Ten million patients, Parquet to Parquet: `calcrisk batch` against DuckDB that only copies, and an analyst's SELECT.

Every run is a whole process, ours with its start, its check of the table and its counts. Each is given its seconds on
the clock and of the processor: where other work disturbs, the clock tells of that work, the processor much less.
`cohort.py ROWS …` measures other numbers of rows than ten million; the first is the one that is held to the limits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from timing import Row

ROOT: Final = Path(__file__).resolve().parent.parent
HERE: Final = Path(__file__).resolve().parent
ROWS: Final = (10_000_000, 1_000_000, 30_000_000)
ROUNDS: Final = 3
COLUMNS: Final = {"50": 2.0, "12": 6.0}  # at most so many times the copy
HANDWRITTEN: Final = 3.0
LISTS: Final = 2.0
LINEAR: Final = 1.15  # of the time a row, from the fewest rows to the most
GIB: Final = 2**30
UNIT_OF_PEAK: Final = 1 if sys.platform == "darwin" else 1024  # the kernels count in bytes, or in kilobytes
WORKER: Final = str(HERE / "cohort_worker.py")


class Spent(NamedTuple):
    """What a process took: seconds on the clock, seconds of all processors, and the most memory (bytes)."""

    clock: float
    processor: float
    memory: int


def measure(rows: tuple[int, ...] = ROWS) -> list[Row]:
    """Every ratio at the first number of rows, and how the time grows with them."""
    with tempfile.TemporaryDirectory(prefix="calcrisk-cohort-") as name:
        folder = Path(name)
        found = {columns: {many: race(folder, columns, many) for many in rows} for columns in COLUMNS}
    lines = [line for columns, races in found.items() for line in ratios(columns, rows[0], races[rows[0]])]
    return lines + ([curve(columns, races) for columns, races in found.items()] if len(rows) > 1 else [])


def race(folder: Path, columns: str, rows: int) -> dict[str, Spent]:
    """The least that each run took; SystemExit when the SELECTs differ on any row."""
    table, out = (
        folder / "table.parquet",
        {name: folder / f"{name}.parquet" for name in ("copy", "hand", "ours", "lists")},
    )
    spend([sys.executable, str(HERE / "cohort_tables.py"), columns, str(rows), str(table)])
    batch = [sys.executable, "-m", "calcrisk", "batch", str(table), "-o"]
    runs = {
        "copy": [sys.executable, WORKER, "copy", str(table), str(out["copy"])],
        "hand": [sys.executable, WORKER, "handwritten", str(table), str(out["hand"])],
        "ours": [*batch, str(out["ours"]), "--no-lists"],
        "lists": [*batch, str(out["lists"])],
    }
    taken: dict[str, list[Spent]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, command in runs.items():
            taken[name].append(spend(command))
    agree(rows, str(out["ours"]), str(out["hand"]))
    for path in (table, *out.values()):
        path.unlink()
    least = {name: Spent(*map(min, zip(*spent, strict=True))) for name, spent in taken.items()}
    print(columns, rows, least, file=sys.stderr)
    return {name: one._replace(memory=max(each.memory for each in taken[name])) for name, one in least.items()}


def agree(rows: int, ours: str, hand: str) -> None:
    """SystemExit when the two differ: the race is about the same answers."""
    told = subprocess.run([sys.executable, WORKER, "compare", ours, hand], check=True, capture_output=True, text=True)
    if int(told.stdout):
        sys.exit(f"the handwritten SELECT differs on {told.stdout.strip()} of {rows:,} rows")


def spend(command: list[str]) -> Spent:
    """Run a program to its end; SystemExit with what it said when it fails."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
        clock = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} ended with {process.returncode}\n{said.read()}")
    return Spent(clock, used.ru_utime + used.ru_stime, used.ru_maxrss * UNIT_OF_PEAK)


def ratios(columns: str, rows: int, spent: dict[str, Spent]) -> list[Row]:
    """The lines of one table."""
    work = f"`calcrisk batch`, {rows:,} rows, {columns} columns, Parquet to Parquet"
    peak = max(spent["ours"].memory, spent["lists"].memory)
    return [
        line(
            f"{work}, `--no-lists`", spent["ours"], "DuckDB copying the same columns", spent["copy"], COLUMNS[columns]
        ),
        line("the same", spent["ours"], "a handwritten SELECT of the same conditions", spent["hand"], HANDWRITTEN),
        line(f"{work}, with lists", spent["lists"], "the same without", spent["ours"], LISTS),
        Row(f"{work}, peak memory", "–", "below 1 GiB", f"{peak / 2**20:.0f} MiB", met=peak < GIB),
    ]


def line(work: str, ours: Spent, against: str, theirs: Spent, limit: float) -> Row:
    """A line that compares two by the clock, with the processor's seconds beside."""
    ratio, busy = ours.clock / theirs.clock, ours.processor / theirs.processor
    found = (
        f"{ratio:.2f} ({ours.clock:.1f} s against {theirs.clock:.1f}; "
        f"of the processor {busy:.2f}, {ours.processor:.1f} s against {theirs.processor:.1f})"
    )
    return Row(work, against, f"at most {limit:g}", found, met=ratio <= limit)


def curve(columns: str, races: dict[int, dict[str, Spent]]) -> Row:
    """How many times as long a row takes with the most rows as with the fewest, in seconds of the processor."""
    each = {rows: spent["lists"].processor / rows * 1e6 for rows, spent in sorted(races.items())}
    fewest, *_, most = each.values()
    told = ", ".join(
        f"{rows / 1e6:g} M {one:.2f} µs ({rows and races[rows]['lists'].clock:.1f} s)" for rows, one in each.items()
    )
    work = f"`calcrisk batch` with lists, {columns} columns, a row's time from {min(each):,} to {max(each):,} rows"
    return Row(work, "–", f"at most {LINEAR:g} times", f"{most / fewest:.2f} ({told})", met=most <= LINEAR * fewest)


def main() -> None:
    """Print the table."""
    print(*measure(tuple(map(int, sys.argv[1:])) or ROWS), sep="\n")


if __name__ == "__main__":
    main()
