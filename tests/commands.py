"""The command line as a user has it: a process of its own, away from the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from forked import PIPED, server

import calcrisk

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = [sys.executable, "-m", "calcrisk"]
_AT_START = ("LANG", "LC_", "PYTHON")  # what an interpreter asks for when it starts
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
    """Run the program to its end, forked where the interpreter's own start makes no difference."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    around = environment(**more)
    fresh = any(name.startswith(_AT_START) for name in more) or len(given) > PIPED or not hasattr(os, "fork")
    code, out, err = (_fresh if fresh else server().run)([*arguments], cwd, given, around)
    return Ended(code, out.decode(), err.decode())


def _fresh(words: list[str], folder: Path, given: bytes, around: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    ended = subprocess.run(
        [*PROGRAM, *words], cwd=folder, input=given, capture_output=True, env=around, timeout=60, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr
