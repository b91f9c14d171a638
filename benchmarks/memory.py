"""Peak memory of `calcrisk batch -` over more and more NDJSON lines: it must not grow with them.

`memory.py` measures ten and a hundred thousand lines, `memory.py --million` a million besides.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Final

from made_patients import as_line, documents
from timing import Row

FEW: Final = 10_000
MANY: Final = (100_000,)
MILLION: Final = 1_000_000
LIMIT: Final = 1.1
JOBS: Final = (1, 2)
MIB: Final = 1024 * 1024
UNIT_OF_PEAK: Final = 1 if sys.platform == "darwin" else 1024  # the kernels count in bytes, or in kilobytes


def measure(many: tuple[int, ...] = MANY) -> list[Row]:
    """Compare the peaks of one process and of two with those over few lines."""
    rows = []
    for jobs in JOBS:
        few = peak_in_a_process(FEW, jobs)
        rows += [row(lines, jobs, peak_in_a_process(lines, jobs), few) for lines in many]
    return rows


def row(lines: int, jobs: int, peak: int, few: int) -> Row:
    """A line that compares two peaks."""
    processes = "one process" if jobs == 1 else f"the largest of {jobs} processes and their parent"
    found = f"{peak / few:.2f} ({peak / MIB:.0f} MiB against {few / MIB:.0f})"
    work = f"`calcrisk batch - --format ndjson`, {lines:,} lines, peak memory, {processes}"
    return Row(work, f"the same over {FEW:,} lines", f"at most {LIMIT}", found, met=peak <= LIMIT * few)


def peak_in_a_process(lines: int, jobs: int) -> int:
    """The peak (bytes), watched by a small process: a child counts what its parent held when it was started."""
    watcher = [sys.executable, __file__, "--lines", str(lines), "--jobs", str(jobs)]
    return int(subprocess.run(watcher, check=True, stdout=subprocess.PIPE, text=True).stdout)


def peak(lines: int, jobs: int) -> int:
    """Feed the program that many patients; the most memory (bytes) that any one of its processes held."""
    program = [sys.executable, "-m", "calcrisk", "batch", "-", "--format", "ndjson", "--jobs", str(jobs)]
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=root
    ) as batch:
        if batch.stdin is None:
            sys.exit("no pipe to the program")
        with batch.stdin as pipe:
            for patient in islice(documents(), lines):
                pipe.write(as_line(patient))
        _, status, used = os.wait4(batch.pid, 0)
        batch.returncode = os.waitstatus_to_exitcode(status)
    if batch.returncode:
        sys.exit(f"{' '.join(program)} ended with {batch.returncode}")
    return used.ru_maxrss * UNIT_OF_PEAK


def main() -> None:
    """Print the table, or for the watcher one peak."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--million", action="store_true", help="measure a million lines as well (takes many minutes)")
    asked.add_argument("--lines", type=int, help="print the peak in bytes over this many lines, and nothing else")
    asked.add_argument("--jobs", type=int, default=1, help="processes that work, with --lines")
    given = asked.parse_args()
    if given.lines:
        print(peak(given.lines, given.jobs))
    else:
        print(*measure((*MANY, MILLION) if given.million else MANY), sep="\n")


if __name__ == "__main__":
    main()
