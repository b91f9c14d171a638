"""The ion chemistry against PHREEQC, on the same sera in one run, in turns; and what one patient's chemistry costs.

PHREEQC gets an environment of its own, made for the race and thrown away, and all rows as one batch, which is the
quickest way in. The race counts only when both find the same saturation indices.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from timing import Row, Times
from zen_race import ask

from calcrisk.chemistry.blocks import solve
from calcrisk.chemistry.newton import QUICK
from calcrisk.chemistry.serum import FIELDS, MILLI, fill, molal
from calcrisk.chemistry.speciation import CA, CIT, LAC, MG, NA, PR, C, P, S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Columns = dict[str, NDArray[np.float64]]

HERE = Path(__file__).resolve().parent
DATABASE = HERE.parent / "tests" / "data" / "chemistry" / "serum37.dat"
PHREEQC = "phreeqpython==1.6.2"
ROWS = 4000
MANY = 1_000_000
ROUNDS = 5
OURS = 5  # rounds of ours in one of theirs, which takes a hundred times as long
STARTS = 25
LIMIT = 100.0
MOST_MS = 5.0
AGREED = 1e-6  # in every saturation index
TOLERANCE = 1e-8  # PHREEQC's own, unless told otherwise
SEED = 37
# the middle and the spread of a dialysis population, wide enough to hold healthy people
USUAL = {
    "ca": (2.35, 0.2),
    "p": (1.7, 0.5),
    "albumin": (38, 5),
    "globulin": (30, 5),
    "ph": (7.38, 0.04),
    "tco2": (23, 3),
    "mg": (0.95, 0.12),
    "na": (138, 3),
    "k": (4.8, 0.6),
    "cl": (101, 4),
    "so4": (0.5, 0.15),
    "citrate": (0.12, 0.03),
    "lactate": (1.1, 0.3),
}
# everything that the chemistry adds to an answer once numpy is there: modules, constants, arithmetic, and more to write
ADDED = """
import gc, sys, time
from calcrisk import cli
gc.set_threshold(cli._RARELY)
import numpy
from calcrisk import Patient, Rulebook, assess
from calcrisk.cli import app, assess as command, extra  # there before a patient is read
if sys.argv[1] == "json":
    from calcrisk.render.json import to_json as written
else:
    from io import StringIO
    from rich.console import Console
    from calcrisk.render.terminal import explain
    def written(answer):
        Console(file=StringIO(), width=100).print(explain(answer), crop=False)
def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
def solved(answer):
    return extra.with_its_chemistry(answer, curves=sys.argv[1] == "json")
plain = assess(Patient(age=58, calcium=9.9, phosphate=6.8, albumin=3.1), Rulebook.default())
without = min(seconds(lambda: written(plain)) for _ in range(5))
print(seconds(lambda: written(solved(plain))) - without, seconds(lambda: solved(plain)))
"""


def measure() -> list[Row]:
    """Race, then time one patient and a million."""
    columns = sera(ROWS)
    ours: list[float] = []
    theirs: list[float] = []
    with phreeqc() as process:
        task = {"database": str(DATABASE), "rows": molal_rows(columns), "tolerance": TOLERANCE}
        agree(columns, ask(process, task))
        for _ in range(ROUNDS):
            theirs.append(ask(process, "again"))
            ours += [our_round(columns) for _ in range(OURS)]
    return [race_row(Times(tuple(theirs)), Times(tuple(ours))), *one_patient(), many()]


def our_round(columns: Columns) -> float:
    """Seconds for every row."""
    began = time.perf_counter()
    solve(columns, tolerance=QUICK, precipices=())
    return time.perf_counter() - began


def sera(rows: int) -> Columns:
    """Random sera of patients and healthy people."""
    chance = np.random.default_rng(SEED)
    return {name: np.clip(chance.normal(*USUAL[name], rows), *_reasonable(name)) for name in FIELDS}


def _reasonable(name: str) -> tuple[float, float]:
    middle, spread = USUAL[name]
    return middle - 3 * spread, middle + 5 * spread


def molal_rows(columns: Columns) -> list[dict[str, float]]:
    """The sera as PHREEQC reads them: totals in mol/kg of water."""
    one = molal(fill(columns), slice(None))
    totals = {"Ca": one.totals[CA], "Mg": one.totals[MG], "Na": one.totals[NA], "pH": one.ph}
    totals |= {"K": MILLI * columns["k"] / one.kg, "Cl": MILLI * columns["cl"] / one.kg}
    places = {"C": C, "S": S, "P": P, "Cit": CIT, "Lac": LAC, "Pr": PR}
    totals |= {name: one.ligands[place] for name, place in places.items()}
    return [{name: float(column[row]) for name, column in totals.items()} for row in range(len(one.ph))]


def agree(columns: Columns, answers: dict[str, Any]) -> None:
    """SystemExit when the two differ in any index of any row."""
    found = solve(columns, tolerance=QUICK, precipices=())
    for phase in ("hap", "ocp", "tcp", "dcpd", "acp"):
        off = np.abs(found[f"si_{phase}"] - np.array(answers[f"si_{phase.upper()}"])).max()
        if not off < AGREED:
            sys.exit(f"the two differ by {off:g} in the saturation index of {phase}")


def race_row(theirs: Times, ours: Times) -> Row:
    """A line that compares rows a second, by the quickest rounds."""
    ratio = theirs.best / ours.best
    found = f"{ratio:.0f} ({ROWS / ours.best:,.0f} rows a second against {ROWS / theirs.best:,.0f})"
    work = f"ion chemistry of {ROWS:,} sera, every saturation index within {AGREED:g}"
    return Row(work, "PHREEQC, the same rows as one batch", f"at least {LIMIT:g} times", found, met=ratio >= LIMIT)


def one_patient() -> list[Row]:
    """What the chemistry of one patient adds to a process that has numpy, and what each further one costs."""
    rows = []
    for form, said in (("json", "as JSON, with the curves of a plot"), ("terminal", "in the terminal")):
        runs = [started(form) for _ in range(STARTS + 1)][1:]  # the first compiles our modules
        added, again = (Times(tuple(seconds)) for seconds in zip(*runs, strict=True))
        told = (
            f"{1000 * added.best:.1f} ms (median {1000 * added.median:.1f}; the next patient {1000 * again.best:.1f})"
        )
        work = f"one patient's chemistry beyond importing numpy, {said}: loading, solving, writing"
        rows.append(Row(work, "–", f"at most {MOST_MS:g} ms", told, met=added.best * 1000 <= MOST_MS))
    return rows


def started(form: str) -> list[float]:
    """The times of one new process, which keeps compiled modules as an installed program has them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run([sys.executable, "-c", ADDED, form], check=True, capture_output=True, env=kept)
    return [float(seconds) for seconds in ran.stdout.split()]


def many() -> Row:
    """A million sera with the phosphates that saturate them, and the rows a second of the whole."""
    columns = sera(MANY)
    began = time.perf_counter()
    found = solve(columns, tolerance=QUICK)
    seconds = time.perf_counter() - began
    solved = int((found["status"] == 0).sum())
    work = f"ion chemistry of {MANY:,} sera, with the phosphate that saturates brushite and amorphous phosphate"
    told = f"{seconds:.1f} s ({MANY / seconds:,.0f} rows a second; {solved:,} solved)"
    return Row(work, "–", "seconds, all solved", told, met=solved == MANY)


@contextmanager
def phreeqc() -> Iterator[subprocess.Popen[str]]:
    """A worker in a new environment with PHREEQC in it; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="calcrisk-phreeqc-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", PHREEQC]
        subprocess.run(pip, check=True)
        worker = [python, str(HERE / "phreeqc_worker.py")]
        with subprocess.Popen(worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield process
            if process.stdin:
                process.stdin.close()


if __name__ == "__main__":
    print(*measure(), sep="\n")
