"""The whole process: `calcrisk assess FILE`, against a Python process that only imports what such a program needs."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from timing import Row, in_turns, ratio_row

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_labs" / "hd-warfarin-58f.yaml"
ROUNDS = 25
JSON_LIMIT = 1.15
TERMINAL_LIMIT = 1.35
BASELINE = """
import typer, rich.console, rich.table, pydantic, yaml
class Model(pydantic.BaseModel):
    calcium: float = 0
Model()
"""
AGAINST = "a process that imports typer, rich, pydantic and yaml, defines one model and exits"


def measure() -> list[Row]:
    """Time all three in turns and compare."""
    calcrisk = str(Path(sys.executable).with_name("calcrisk"))
    things = {
        "baseline": partial(run, sys.executable, "-c", BASELINE),
        "json": partial(run, calcrisk, "assess", str(SAMPLE), "--json"),
        "terminal": partial(run, calcrisk, "assess", str(SAMPLE)),
    }
    times = in_turns(things, ROUNDS)
    base = times["baseline"]
    return [
        ratio_row("`calcrisk assess FILE --json`, whole process", times["json"], AGAINST, base, JSON_LIMIT),
        ratio_row("`calcrisk assess FILE`, whole process", times["terminal"], "the same", base, TERMINAL_LIMIT),
    ]


def run(*arguments: str) -> None:
    """Run a program to its end, its output piped away as into a file."""
    # An installed program has its bytecode; a shell that forbids writing it would time the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["COLUMNS"] = "100"
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment)


if __name__ == "__main__":
    print(*measure(), sep="\n")
