"""Real patients as NDJSON, one a line, for `calcrisk batch -`: `real_draws.py mimic FOLDER > draws.ndjson`.

The data are not part of the repository; each source has its own licence (MIMIC-III and eICU demo: ODbL 1.0, which what
is derived from them keeps; NHANES: public domain; Boyd: GPL).
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import icu_draws
import surveys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SOURCES: Mapping[str, Callable[[Path], Iterator[dict[str, Any]]]] = {
    "mimic": icu_draws.mimic,
    "eicu": icu_draws.eicu,
    "nhanes": surveys.nhanes,
    "boyd": surveys.boyd,
}


def main() -> None:
    """Write every patient of a source to standard output."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("source", choices=SOURCES)
    asked.add_argument("folder", type=Path, help="the folder that holds the source's files")
    given = asked.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a text file, as a script's output always is
    with suppress(BrokenPipeError):
        for line in lines(given.source, given.folder):
            sys.stdout.write(line)


def lines(source: str, folder: Path) -> Iterator[str]:
    """The patients of a source, one JSON document a line."""
    for patient in SOURCES[source](folder):
        yield json.dumps(patient, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
