"""Runs the program fenced in: whatever reaches for the network, starts a program or writes a file is written down.

Python tells an audit hook of all of it, from whatever library it comes and in worker processes too; the fence stands in
a ``sitecustomize`` of its own, which every interpreter loads first. What is forbidden fails, and is noted besides, so
that a program that passes over the failure is found as well.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import typer
from commands import HERE, PROGRAM, environment

from calcrisk.cli.app import command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FENCE = """
import os, sys

NOTES = os.environ["FENCE_NOTES"]
FORBIDDEN = ("socket.", "ssl.", "http.", "urllib.", "ftplib.", "smtplib.", "telnetlib.",
             "poplib.", "imaplib.", "nntplib.", "webbrowser.", "subprocess.",
             "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile")
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

def note(text, at=os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)):
    os.write(at, text.encode("utf-8", "backslashreplace") + b"\\n")

def fence(event, arguments):
    if event.startswith(FORBIDDEN):
        note("forbidden: " + event)
        raise PermissionError("fenced in: " + event)
    if event == "open" and isinstance(arguments[0], str) and arguments[2] & TO_WRITE:
        note("written: " + arguments[0])
    if event in ("os.mkdir", "os.rename", "os.link", "os.symlink"):
        note("written: " + str(arguments[0 if event == "os.mkdir" else 1]))

sys.addaudithook(fence)
"""


class Fenced(NamedTuple):
    """How a process ended, and what it reached for."""

    code: int
    out: bytes
    err: str
    forbidden: list[str]
    written: list[str]


def fenced(
    words: list[str],
    folder: Path,
    *,
    stdin: bytes = b"",
    before: tuple[str, ...] = (),
    around: Mapping[str, str] | None = None,
) -> Fenced:
    """Run a program in a folder of which the fence knows nothing; ``before`` is what runs the program."""
    fence = folder.parent / f"{folder.name}-fence"
    fence.mkdir(exist_ok=True)
    (fence / "sitecustomize.py").write_text(FENCE, encoding="utf-8")
    notes = fence / "notes"
    notes.write_text("", encoding="utf-8")
    own = environment(PYTHONDONTWRITEBYTECODE="1", FENCE_NOTES=str(notes), **(around or {}))
    own = {name: value for name, value in own.items() if not name.startswith("COVERAGE")}  # which writes files
    own["PYTHONPATH"] = f"{fence}{os.pathsep}{HERE}"
    ended = subprocess.run(
        [*before, *words], cwd=folder, input=stdin, capture_output=True, env=own, timeout=120, check=False
    )
    told = notes.read_text(encoding="utf-8").splitlines()
    return Fenced(
        ended.returncode,
        ended.stdout,
        ended.stderr.decode(),
        [line.removeprefix("forbidden: ") for line in told if line.startswith("forbidden: ")],
        [line.removeprefix("written: ") for line in told if line.startswith("written: ")],
    )


def every_command() -> Iterator[str]:
    """Name every command that the program itself knows: ``rules show``."""

    def within(command: object, name: tuple[str, ...]) -> Iterator[str]:
        commands = getattr(command, "commands", None)
        if commands is None:
            yield " ".join(name)
        else:
            for word, inner in commands.items():
                yield from within(inner, (*name, word))

    return within(typer.main.get_command(command_line([])), ())


# One patient and several, good and bad, as every command that reads patients is given them.
PATIENTS = {
    "good.yaml": "id: a\nage: 60\nlabs: {calcium: 9.9, phosphate: 6.8}\nkidney: {ckd_stage: G5, dialysis: yes}\n",
    "bad.yaml": "id: b\nlabs: {calcium: 2.4, phosfate: 6.8}\n",
    "panels.yaml": "id: f\nhistory: {panels: [{date: 2026-03-02, labs: {calcium: 9.6, phosphate: 6.4}}]}\n",
    "labs.csv": "id,age,calcium,phosphate,ckd_stage\ne,60,9.9,6.8,G5\nf,60,<2,6.8,G5\ng,60,99,6.8,G5\n",
    "many.ndjson": '{"id": "c", "calcium": 9.9}\n{"id": "d", "calcium": 300}\n' * 40,
}

# At least one way to call each command; a new command is added here or tests/test_no_network.py fails.
CALLS: dict[str, list[list[str]]] = {
    "assess": [
        ["good.yaml"],
        ["good.yaml", "--json"],
        ["good.yaml", "--format", "markdown", "--all"],
        ["good.yaml", "--brief"],
        ["bad.yaml"],
        ["--calcium=9.9", "--phosphate=6.8 mg/dL"],
        ["--calcium=none"],
    ],
    "batch": [
        ["."],
        [".", "--json"],
        [".", "--format", "csv", "--jobs", "2"],
        ["many.ndjson", "--format", "ndjson", "--fail-on", "metastatic=high"],
        ["-", "--format", "ndjson"],
        ["good.yaml", "--json", "--jobs", "2"],
        ["bad.yaml", "--strict"],
        ["labs.csv"],
    ],
    "chemistry": [["good.yaml"], ["good.yaml", "--json"], ["good.yaml", "--format", "svg"], ["--calcium=9.9"]],
    "trend": [["panels.yaml"], ["panels.yaml", "--json"], ["panels.yaml", "--format", "svg"], ["good.yaml"]],
    "what-if": [["good.yaml", "--set", "phosphate=5"], ["good.yaml", "--goal", "metastatic=low"], ["bad.yaml"]],
    "columns suggest": [["labs.csv"], ["none.csv"]],
    "sql": [["--columns", "calcium,phosphate"], ["--dialect", "nothing"]],
    "schema": [["patient"], ["assessment"], ["nothing"]],
    "template": [[]],
    "explain": [["fetuin-a"], ["Ca×P product", "--format", "markdown"], ["nothing"]],
    "rules list": [[], ["--json"]],
    "rules show": [["ca-p-product-at-55-ckd"], ["nothing"]],
    "rules check": [[f"{HERE}/calcrisk/rulebook"], ["."]],
}


def lay_out(folder: Path) -> Path:
    """Write the patients into an empty folder."""
    folder.mkdir()
    for name, text in PATIENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def program(command: str, call: list[str]) -> list[str]:
    """Return the words that run a command of the program."""
    return [*PROGRAM, *command.split(), *call]
