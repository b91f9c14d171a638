"""The first line of a CSV file, as a person reads it: what DuckDB may rename or take for something else is told."""

from __future__ import annotations

import csv
import gzip
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from calcrisk.errors import Fault, InputError, cannot_read

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOLD: Final = 20  # rows that are told one by one
_BETWEEN: Final = (",", ";", "\t", "|")  # what may stand between cells


def header(path: str) -> list[str] | None:
    """Return the names in the first line, None where it is no text.

    Raises ``InputError`` for nothing, for a file that ends too early, and for a name that stands twice, in whatever
    case: DuckDB would call the second one otherwise.
    """
    try:
        with _opened(path) as file:
            names = next(_rows(file), [])
    except OSError as error:
        raise InputError([cannot_read(path, error)]) from None
    except EOFError:
        raise InputError([cut_short(path)]) from None
    except (UnicodeDecodeError, csv.Error):
        return None
    names = [name.strip() for name in names]
    if not any(names):
        message, hint = "there is no header in its first line", "name the columns there, as the inputs are named"
        raise InputError([Fault(code="unreadable-table", message=message, file=path, line=1, hint=hint)])
    plain = [name.casefold() for name in names]
    twice = next((name for name in names if name and plain.count(name.casefold()) > 1), None)
    if twice is not None:
        hint = "give one of them another name; case does not tell them apart"
        message = f"the column {twice!r} stands twice"
        raise InputError([Fault(code="column-twice", message=message, file=path, line=1, hint=hint)])
    return names


def uneven_rows(path: str) -> list[Fault]:
    """Return the faults of rows that are longer or shorter than the header of their CSV file, each with its line."""
    try:
        with _opened(path) as file:
            rows = _rows(file)
            width = len(next(rows, []))
            wrong = ((rows.line_num, len(row)) for row in rows if row and len(row) != width)  # type: ignore[attr-defined]  # of a csv reader
            told = [_uneven(path, line, cells, width) for line, cells in islice(wrong, _TOLD)]
            more = sum(1 for _ in wrong)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error):
        return []  # then something else is told of it
    return [*told, Fault(code="unreadable-table", message=f"and {more:,} rows more", file=path)] if more else told


def _uneven(path: str, line: int, cells: int, width: int) -> Fault:
    message = f"this row has {cells} cells, and the header {width}"
    hint = "make it as long as the header: an empty cell for what is missing, a text with commas in quotes"
    return Fault(code="unreadable-table", message=message, file=path, line=line, hint=hint)


def cut_short(path: str) -> Fault:
    """Say that a packed file ends before its end."""
    hint = "it was cut off on its way, or is still being written: fetch it again"
    return Fault(code="cannot-read", message="the packed file ends too early", file=path, hint=hint)


def _rows(file: IO[str]) -> Iterator[list[str]]:
    first = file.readline()
    file.seek(0)
    return csv.reader(file, delimiter=max(_BETWEEN, key=first.count))


def _opened(path: str) -> IO[str]:
    if path.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return Path(path).open(encoding="utf-8-sig", newline="")
