"""Run the tests on the oldest and the newest supported Python at hand, each in an environment of its own.

Tests marked ``volume`` or ``once`` are left out: nothing there hangs on the interpreter or the dependencies. With the
oldest dependencies those marked ``interpreter`` are left out as well.

The interpreter that runs this script has been tested already, so it is left out; when no other is found, that is said
and nothing fails. ``--lowest`` takes this interpreter with the oldest dependencies that pyproject.toml allows.
``--prepare`` makes the environments and tests nothing, so that this can be done beside another check.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASKED_OF = (ROOT / "pyproject.toml", ROOT / "calcrisk" / "_version.py")  # what an environment is made from
ASK_VERSION = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
# where version managers keep interpreters that are not on the path
MANAGED = (
    ".pyenv/versions/*/bin",
    ".local/share/uv/python/*/bin",
    ".local/share/mise/installs/python/*/bin",
    ".asdf/installs/python/*/bin",
)


class Python(NamedTuple):
    """An interpreter that runs, its version first so that the newest sorts last."""

    version: tuple[int, int]
    path: str

    @property
    def name(self) -> str:
        """``3.13``."""
        return ".".join(map(str, self.version))


class Environment(NamedTuple):
    """An environment: what makes it, where, and the dependencies that are held to a version."""

    python: Python
    folder: Path
    held: list[str]


def main(arguments: list[str]) -> int:
    """Run the tests where asked; the first failure's exit code."""
    here = Python(sys.version_info[:2], sys.executable)
    lowest = Environment(here, ROOT / ".venv-lowest", lowest_dependencies())
    others = [Environment(python, ROOT / f".venv-{python.name}", []) for python in oldest_and_newest(at_hand(), here)]
    if "--prepare" in arguments:
        for each in (*others, lowest):
            prepared(each)
        return 0
    if "--lowest" in arguments:
        return tested(lowest)
    if not others:
        print(f"no other supported Python is at hand: tested on {here.name} alone")
    return next((code for code in map(tested, others) if code), 0)


def supported() -> list[tuple[int, int]]:
    """The versions that pyproject.toml names, the oldest first."""
    prefix = "Programming Language :: Python :: 3."
    classifiers: list[str] = PROJECT["project"]["classifiers"]
    return sorted((3, int(line.removeprefix(prefix))) for line in classifiers if line.startswith(prefix))


def at_hand() -> list[Python]:
    """Every supported interpreter on the path or kept by a version manager that runs and can make environments."""
    home = Path(os.environ.get("HOME", "~")).expanduser()
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    folders += [folder for pattern in MANAGED for folder in sorted(home.glob(pattern))]
    names = [f"python{major}.{minor}" for major, minor in supported()]
    candidates = (folder / name for folder in folders for name in names)
    answers = (ask(path) for path in candidates if os.access(path, os.X_OK))
    return [python for python in answers if python and python.version in supported()]


def ask(path: Path) -> Python | None:
    """Ask an interpreter for its version; None when it is a shim that leads nowhere or cannot make environments."""
    try:
        done = subprocess.run([path, "-c", ASK_VERSION], check=True, capture_output=True, text=True, timeout=30)
        major, minor = done.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Python((int(major), int(minor)), str(path))


def oldest_and_newest(found: list[Python], here: Python) -> list[Python]:
    """The ends of what was found, one interpreter a version, without the version tested already."""
    by_version = {python.version: python for python in reversed(found)}  # the first found wins
    by_version[here.version] = here
    ends = {min(by_version), max(by_version)} - {here.version}
    return [by_version[version] for version in sorted(ends)]


def lowest_dependencies() -> list[str]:
    """The runtime dependencies, those of extras included, each held to its lower bound."""
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    dependencies: list[str] = PROJECT["project"]["dependencies"]
    return [line.replace(">=", "==") for line in chain(dependencies, *extras.values())]


def is_made_by(python: Python, inside: Path) -> bool:
    """Whether an environment's interpreter runs and still is of that version."""
    there = ask(inside)
    return there is not None and there.version == python.version


def prepared(made: Environment) -> Path:
    """Make or bring up to date an environment; its interpreter. The pip of this one serves: none need be installed."""
    python, environment, held = made
    inside, stamp = environment / "bin" / "python", environment / ".prepared"
    if not is_made_by(python, inside):
        subprocess.run([python.path, "-m", "venv", "--clear", "--without-pip", environment], check=True)
    if stamp.exists() and all(stamp.stat().st_mtime > path.stat().st_mtime for path in ASKED_OF):
        return inside
    pip = [sys.executable, "-m", "pip", "--python", str(inside), "install", "--quiet", "--disable-pip-version-check"]
    needed = ["--no-compile", "--group", "test", "--editable", ".", *held]  # what is imported is compiled then
    subprocess.run([*pip, *needed], check=True, cwd=ROOT)
    stamp.touch()
    return inside


def tested(made: Environment) -> int:
    """Run the tests in an environment; pytest's exit code."""
    held = f" with {', '.join(made.held)}" if made.held else ""
    print(f"\nthe tests on Python {made.python.name}{held}", flush=True)
    inside = prepared(made)
    tests = [str(inside), "-m", "pytest", "--numprocesses", "auto", "--dist", "worksteal"]
    chosen = "not volume and not once" + (" and not interpreter" if made.held else "")
    return subprocess.run([*tests, "-m", chosen], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
