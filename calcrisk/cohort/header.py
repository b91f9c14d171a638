"""The first line of a CSV file, as a person reads it: what DuckDB may rename or take for something else is told."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import IO, Final

from calcrisk.errors import Fault, InputError, cannot_read

_BETWEEN: Final = (",", ";", "\t", "|")  # what may stand between cells


def header(path: str) -> list[str] | None:
    """Return the names in the first line, None where it is no text.

    Raises ``InputError`` for a name that stands twice, in whatever case: DuckDB would call the second one otherwise.
    """
    try:
        with _opened(path) as file:
            first = file.readline()
            file.seek(0)
            names = next(csv.reader(file, delimiter=max(_BETWEEN, key=first.count)), [])
    except OSError as error:
        raise InputError([cannot_read(path, error)]) from None
    except (UnicodeDecodeError, csv.Error):
        return None
    names = [name.strip() for name in names]
    plain = [name.casefold() for name in names]
    twice = next((name for name in names if name and plain.count(name.casefold()) > 1), None)
    if twice is not None:
        hint = "give one of them another name; case does not tell them apart"
        message = f"the column {twice!r} stands twice"
        raise InputError([Fault(code="column-twice", message=message, file=path, line=1, hint=hint)])
    return names


def complain_of_length(path: str, names: list[str], read: int) -> None:
    """Raise ``InputError`` where a table was not read as its header says: a row is longer or shorter than it."""
    if read != len(names):
        message = f"its header has {len(names)} columns, and its rows have another number"
        hint = "is every row as long as the header, and a text with commas in quotes?"
        raise InputError([Fault(code="unreadable-table", message=message, file=path, hint=hint)])


def _opened(path: str) -> IO[str]:
    if path.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return Path(path).open(encoding="utf-8-sig", newline="")
