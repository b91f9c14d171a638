"""The command line as a user has it: a process of its own, away from the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import calcrisk

PROGRAM = [sys.executable, "-m", "calcrisk"]
HERE = str(Path(calcrisk.__file__).parent.parent)


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """The environment of a user, without what might colour or widen the output on one machine and not on another."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("_CALCRISK", "CALCRISK", "COLUMNS"))
    }
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TERMINAL_WIDTH"):
        plain.pop(name, None)
    return plain | {"PYTHONPATH": HERE, "TERM": "xterm-256color"} | more


def run(*arguments: str, cwd: Path, stdin: str | bytes = b"", **more: str) -> Ended:
    """Run the program to its end."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    ended = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=cwd,
        input=given,
        capture_output=True,
        env=environment(**more),
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
