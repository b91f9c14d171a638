"""Ten thousand patient files: `calcrisk batch FOLDER`, against a bare loop that only parses the same files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from made_patients import as_yaml, documents
from timing import Row, in_turns, ratio_row

ROOT: Final = Path(__file__).resolve().parent.parent
FILES: Final = 10_000
LINES: Final = 18
FILES_A_FOLDER: Final = 1000
ROUNDS: Final = 5
ONE_CORE_LIMIT: Final = 2.0
TWO_CORES_LIMIT: Final = 1.1
# A process of its own, as the program is one, so that both pay for their start.
BARE_LOOP: Final = """
import sys, pathlib, yaml
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.yaml")):
    with open(path, encoding="utf-8") as file:
        yaml.load(file, Loader=yaml.CSafeLoader)
"""
AGAINST: Final = "a bare loop of `yaml.CSafeLoader` over the same files, one core"


def measure(files: int = FILES) -> list[Row]:
    """Time the loop, one process and two in turns over the same files."""
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "patients", Path(name) / "answers.ndjson"
        write(folder, files)
        batch = (sys.executable, "-m", "calcrisk", "batch", str(folder), "--format", "ndjson", "-o", str(out), "--jobs")
        things = {
            "loop": partial(run, sys.executable, "-c", BARE_LOOP, str(folder)),
            "one": partial(run, *batch, "1"),
            "two": partial(run, *batch, "2"),
        }
        times = in_turns(things, ROUNDS)
        check(out, files)
    work = f"`calcrisk batch --format ndjson`, {files:,} files of {LINES} lines"
    return [
        ratio_row(f"{work}, one process", times["one"], AGAINST, times["loop"], ONE_CORE_LIMIT),
        ratio_row(f"{work}, two processes", times["two"], "the same", times["loop"], TWO_CORES_LIMIT),
    ]


def write(folder: Path, files: int) -> None:
    """Write the patients, a thousand in each folder beneath; SystemExit when one is not as long as the table says."""
    for number, patient in enumerate(islice(documents(), files)):
        within = folder / f"{number // FILES_A_FOLDER:03d}"
        within.mkdir(parents=True, exist_ok=True)
        text = as_yaml(patient)
        if text.count("\n") != LINES:
            sys.exit(f"a patient file has {text.count(chr(10))} lines, not {LINES}")
        (within / f"{patient['id']}.yaml").write_text(text, encoding="utf-8")


def run(*arguments: str) -> None:
    """Run a program to its end; SystemExit with what it said when it fails, as it does for a patient refused."""
    # An installed program has its bytecode; a shell that forbids writing it would time the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    if ended.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {ended.returncode}\n{ended.stderr}")


def check(out: Path, files: int) -> None:
    """SystemExit when not every file was scored: a refused patient costs less."""
    with out.open(encoding="utf-8") as answers:
        scored = sum(json.loads(answer)["status"] == "scored" for answer in answers)
    if scored != files:
        sys.exit(f"{scored:,} of {files:,} patient files were scored")


if __name__ == "__main__":
    print(*measure(*map(int, sys.argv[1:2])), sep="\n")
