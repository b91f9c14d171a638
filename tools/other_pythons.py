"""Run the tests at both ends of what is supported, each in an environment of its own.

``--newest`` takes the newest supported Python at hand with the newest dependencies, and measures coverage; ``--lowest``
takes the oldest Python at hand with the oldest dependencies that pyproject.toml allows, and leaves out the tests marked
``once``: nothing there hangs on either. Both leave those marked ``volume`` to the interpreter that runs this script, so
that it has its share where it is neither end. ``--prepare`` makes the environments and tests nothing, so that this can
be done beside another check.
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
COVERED = ["-m", "not volume", "--cov", "--cov-report", "term"]
SELECTED = ["-m", "not volume and not once"]
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


class End(NamedTuple):
    """One end of what is supported: a Python, its environment, the dependencies held to a version, what is tested."""

    python: Python
    folder: Path
    held: list[str]
    chosen: list[str]


def main(arguments: list[str]) -> int:
    """Run the tests where asked; pytest's exit code."""
    oldest, newest = oldest_and_newest(at_hand(), Python(sys.version_info[:2], sys.executable))
    ends = {
        "--newest": End(newest, ROOT / f".venv-{newest.name}", [], COVERED),
        "--lowest": End(oldest, ROOT / ".venv-lowest", lowest_dependencies(), SELECTED),
    }
    if arguments == ["--prepare"]:
        for end in ends.values():
            prepared(end)
        return 0
    return tested(ends[arguments[0]])


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


def oldest_and_newest(found: list[Python], here: Python) -> tuple[Python, Python]:
    """The ends of what was found, and here; this interpreter where it is an end."""
    by_version = {python.version: python for python in reversed(found)}  # the first found wins
    by_version[here.version] = here
    return by_version[min(by_version)], by_version[max(by_version)]


def lowest_dependencies() -> list[str]:
    """The runtime dependencies, those of extras included, each held to its lower bound."""
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    dependencies: list[str] = PROJECT["project"]["dependencies"]
    return [line.replace(">=", "==") for line in chain(dependencies, *extras.values())]


def is_made_by(python: Python, inside: Path) -> bool:
    """Whether an environment's interpreter runs and still is of that version."""
    there = ask(inside)
    return there is not None and there.version == python.version


def prepared(end: End) -> Path:
    """Make or bring up to date an environment; its interpreter. The pip of this one serves: none need be installed."""
    inside, stamp = end.folder / "bin" / "python", end.folder / ".prepared"
    if not is_made_by(end.python, inside):
        subprocess.run([end.python.path, "-m", "venv", "--clear", "--without-pip", end.folder], check=True)
    if stamp.exists() and all(stamp.stat().st_mtime > path.stat().st_mtime for path in ASKED_OF):
        return inside
    pip = [sys.executable, "-m", "pip", "--python", str(inside), "install", "--quiet", "--disable-pip-version-check"]
    needed = ["--no-compile", "--group", "test", "--editable", ".", *end.held]  # what is imported is compiled then
    subprocess.run([*pip, *needed], check=True, cwd=ROOT)
    stamp.touch()
    return inside


def tested(end: End) -> int:
    """Run the tests in an environment; pytest's exit code."""
    held = f" with {', '.join(end.held)}" if end.held else ""
    print(f"\nthe tests on Python {end.python.name}{held}", flush=True)
    tests = [str(prepared(end)), "-m", "pytest", "--numprocesses", "auto", "--dist", "worksteal", *end.chosen]
    return subprocess.run(tests, check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
