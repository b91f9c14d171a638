"""Ten rules, one row at a time, every step recorded: calcrisk against GoRules Zen with its trace on.

Both run the same conditions, written once in ten_rules/, over the same random rows, in turns; the race counts only when
they agree on every rule of every row. Zen gets an environment of its own, made for the race and thrown away.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from timing import Row, Times

from calcrisk import Assessment, Patient, Rulebook, assess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
ZEN = "zen-engine==2.1.3"
ROWS = 2000
ROUNDS = 7
LIMIT = 5.0
SEED = 55
NUMBERS = {
    "age": (1, 95, 0),
    "calcium": (7, 13, 2),
    "phosphate": (1.5, 9, 2),
    "albumin": (2, 5, 1),
    "pth": (10, 900, 0),
}
ANSWERS = ("dialysis", "diabetes", "vitamin_k_antagonist", "tissue_damage", "mineral_history")
Stated = dict[str, Any]  # numbers and yes or no, by the names of inputs


def measure() -> list[Row]:
    """Race, and compare rows a second."""
    rulebook, rows = Rulebook.from_folder(HERE / "ten_rules"), random_rows()
    ours: dict[str, list[float]] = {"trace": [], "assessment": []}
    theirs: dict[str, list[float]] = {"documented": [], "quickest": []}
    with zen_process() as zen:
        agree(rulebook, rows, ask(zen, {"graph": graph(rulebook), "rows": rows}))
        for _ in range(ROUNDS):
            for name, seconds in ask(zen, "again").items():
                theirs[name].append(seconds)
            for name, run in (("trace", traced), ("assessment", assessed)):
                ours[name].append(one_round(run, rulebook, rows))
    trace, assessment = (Times(tuple(ours[name])) for name in ("trace", "assessment"))
    as_shown, quickest = (Times(tuple(theirs[name])) for name in ("documented", "quickest"))
    named = "ten rules, one row at a time, every value and every rule's answer recorded"
    written = "the same from plain values to the assessment, in words and with sources"
    return [
        race_row(named, "as its documentation shows (`create_decision`)", as_shown, trace),
        race_row(named, "in its quickest form (a static loader)", quickest, trace),
        race_row(written, "as its documentation shows (`create_decision`)", as_shown, assessment),
    ]


def race_row(work: str, form: str, theirs: Times, ours: Times) -> Row:
    """A line that compares rows a second, by the quickest rounds."""
    ratio = theirs.best / ours.best
    found = f"{ratio:.2f} ({ROWS / ours.best:,.0f} rows a second against {ROWS / theirs.best:,.0f})"
    return Row(work, f"GoRules Zen with its trace, {form}", f"at least {LIMIT:g} times", found, met=ratio >= LIMIT)


class Plain(NamedTuple):
    """A value stated in its canonical unit, as Zen is given it."""

    value: float | bool


def traced(rulebook: Rulebook, row: Stated) -> dict[str, Any]:
    """The machine's trace: each input and fact by name, each rule's answer by id, beside class and tiers."""
    found = rulebook.evaluate({name: Plain(value) for name, value in row.items()})
    program, env = rulebook.walk.program, found.env
    values = {name: env[slot] for name, slot in program.slots.items()}
    answers = {rule.id: status for rule, status in zip(program.rules, found.statuses, strict=True)}
    return {"values": values, "rules": answers, "row": found.row, "tiers": found.tiers}


def assessed(rulebook: Rulebook, row: Stated) -> Assessment:
    """The whole answer, its values read with their limits and units checked."""
    return assess(Patient(**row), rulebook)


def one_round(run: Callable[[Rulebook, Stated], object], rulebook: Rulebook, rows: list[Stated]) -> float:
    """Seconds for every row."""
    began = time.perf_counter()
    for row in rows:
        run(rulebook, row)
    return time.perf_counter() - began


def random_rows() -> list[Stated]:
    """Rows with every value known: Zen's unknown is another one than ours, and the race is about the same answers."""
    chance = random.Random(SEED)
    return [
        {name: round(chance.uniform(low, high), digits) for name, (low, high, digits) in NUMBERS.items()}
        | {name: chance.random() < 1 / 3 for name in ANSWERS}
        for _ in range(ROWS)
    ]


def graph(rulebook: Rulebook) -> dict[str, Any]:
    """The same facts and rules as a Zen decision graph: one expression node between input and output."""
    facts = [(fact["name"], fact["formula"]) for fact in rulebook.data["facts"]]
    rules = [(rule["id"].replace("-", "_"), rule["when"]) for rule in rulebook.rules]
    names = {name: f"$.{name}" for name, _ in facts}
    names |= {name: f"{entry['value']:g}" for name, entry in rulebook.data["parameters"].items()}
    expressions = [
        {"id": key, "key": key, "value": re.sub(r"[a-z_]+", lambda word: names.get(word[0], word[0]), text)}
        for key, text in facts + rules
    ]
    place = {"position": {"x": 0, "y": 0}}
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", **place},
            {
                "id": "rules",
                "type": "expressionNode",
                "name": "rules",
                "content": {"expressions": expressions},
                **place,
            },
            {"id": "out", "type": "outputNode", "name": "out", **place},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "rules"},
            {"id": "2", "type": "edge", "sourceId": "rules", "targetId": "out"},
        ],
    }


def agree(rulebook: Rulebook, rows: list[Stated], answers: list[dict[str, Any]]) -> None:
    """SystemExit when the two engines differ on any rule of any row."""
    for row, answer in zip(rows, answers, strict=True):
        met = {finding.rule for finding in assess(Patient(**row), rulebook).findings}
        theirs = {rule["id"] for rule in rulebook.rules if answer[rule["id"].replace("-", "_")]}
        if met != theirs:
            sys.exit(f"the engines differ on {row}: {sorted(met)} against {sorted(theirs)}")


@contextmanager
def zen_process() -> Iterator[subprocess.Popen[str]]:
    """A worker in a new environment with Zen in it; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="calcrisk-zen-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", ZEN]
        subprocess.run(pip, check=True)
        worker = [python, str(HERE / "zen_worker.py")]
        with subprocess.Popen(worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield process
            if process.stdin:
                process.stdin.close()


def ask(process: subprocess.Popen[str], what: object) -> Any:  # noqa: ANN401 - JSON is of any type
    """Send a line of JSON, read one back."""
    if process.stdin is None or process.stdout is None:
        sys.exit("the worker has no pipes")
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


if __name__ == "__main__":
    print(*measure(), sep="\n")
