"""Where the project's own source stands, for the tests that read it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "calcrisk"
RULEBOOK = PACKAGE / "rulebook"
GENERATED = {"patient.py", "cli/options.py"}


def sources() -> list[Path]:
    """Every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def inside(path: Path) -> str:
    """A file's name within the package."""
    return path.relative_to(PACKAGE).as_posix()


def handwritten() -> list[Path]:
    """The files that people write; the others follow from the rulebook."""
    return [path for path in sources() if inside(path) not in GENERATED]
