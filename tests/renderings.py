"""The assessments that renderer tests share, and how a console prints them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal, TypeVar

from rich.console import Console

from calcrisk.assessment import Assessment
from calcrisk.render import terminal

_HERE = Path(__file__).parent / "assessments"
Part = TypeVar("Part")
NAMES = sorted(path.stem for path in _HERE.glob("*.json"))


def document(name: str) -> str:
    """The text of one fixture."""
    return (_HERE / f"{name}.json").read_text(encoding="utf-8")


def load(name: str) -> Assessment:
    """One fixture, validated: it fails here when the shape of an assessment has moved on."""
    return Assessment.from_json(document(name))


def changed(part: Part, **fields: object) -> Part:
    """The same part of an assessment with some fields replaced."""
    return type(part)(**{name: getattr(part, name) for name in type(part).__annotations__} | fields)


def printed(
    assessment: Assessment, width: int = 80, encoding: str = "utf-8", *, colour: bool = False, full: bool = False
) -> str:
    """What a console of that width and encoding receives; pipes and files get no colour."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    system: Literal["standard"] | None = "standard" if colour else None
    console = Console(file=file, width=width, force_terminal=colour, color_system=system, _environ={})
    terminal.print_to(console, assessment, full=full)
    file.flush()
    return raw.getvalue().decode(encoding)


def flowing(text: str) -> str:
    """Undo the wrapping, so that a sentence can be looked for."""
    return " ".join(text.replace("┃ ", " ").split())
