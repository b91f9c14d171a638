"""Draw the terminal explanation of an assessment as SVG: ``python tools/screenshot.py ASSESSMENT.json OUT.svg``.

The picture is what rich prints, in the palette of a light or a dark terminal; the same assessment gives the same bytes.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from rich.console import Console
from rich.segment import Segment, Segments
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME

from calcrisk.assessment import Assessment
from calcrisk.render.terminal import explain

THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": SVG_EXPORT_THEME}


def svg(assessment: Assessment, *, width: int, theme: str, title: str, lines: int | None = None) -> str:
    """Print to a recording console and export it; ``lines`` keeps the first so many."""
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="standard", _environ={}
    )
    drawn = console.render_lines(explain(assessment), pad=False)[:lines]
    console.print(Segments([part for line in drawn for part in (*line, Segment.line())]), end="")
    return console.export_svg(title=title, theme=THEMES[theme], unique_id=f"calcrisk-{theme}")


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assessment", type=Path, help="a file written by: calcrisk assess --json")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--theme", choices=sorted(THEMES), default="dark")
    parser.add_argument("--lines", type=int, help="keep only the first so many lines")
    parser.add_argument("--title", help="by default the command that made it")
    asked = parser.parse_args()
    assessment = Assessment.from_json(asked.assessment.read_text(encoding="utf-8"))
    title = asked.title or f"calcrisk assess {assessment.source or ''}".rstrip()
    drawn = svg(assessment, width=asked.width, theme=asked.theme, title=title, lines=asked.lines)
    asked.out.write_text(drawn, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
