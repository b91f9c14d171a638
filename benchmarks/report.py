"""Run every benchmark and write the table between its markers in README.md. `make bench` calls this."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import chemistry
import files
import in_memory
import memory
import start_up
import zen_race

if TYPE_CHECKING:
    from timing import Row

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
HEAD = "| work | held against | we want | measured | reached |\n| --- | --- | --- | --- | --- |"


def main() -> int:
    """Measure, print and write; 1 when a limit is missed."""
    rows = [row for part in (start_up, in_memory, files, memory, zen_race, chemistry) for row in part.measure()]
    text = table(rows)
    print(text)
    README.write_text(replaced(README.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0 if all(row.met for row in rows) else 1


def table(rows: list[Row]) -> str:
    """The rows in Markdown, and the machine they were measured on."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    told = f"Measured in one run by `make bench` on {machine}; times are of the quickest runs."
    return "\n".join([HEAD, *map(str, rows), "", told])


def replaced(readme: str, text: str) -> str:
    """The README with the text between the markers; SystemExit when it has none."""
    marked = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", flags=re.DOTALL)
    if not marked.search(readme):
        sys.exit(f"README.md has no {BEGIN} … {END} to write the table between")
    return marked.sub(lambda _: f"{BEGIN}\n{text}\n{END}", readme)


if __name__ == "__main__":
    sys.exit(main())
