"""Why a table could not be read to its end, in a person's words: DuckDB names a line, not the file or the reason."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, Final

from calcrisk.cohort.encoding import UNREAD, not_utf8, opened_bytes, opened_text, unread
from calcrisk.cohort.header import header, records
from calcrisk.errors import Fault, InputError
from calcrisk.inputs.documents import read_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOLD: Final = 20  # rows that are told one by one
_OF_A_LINE: Final = ("bad-json", "duplicate-key", "not-a-mapping", "not-utf8", "too-large", "too-deep")
_ENDS: Final = {b"\r\n": "CR LF", b"\n": "LF"}


def faults_of_csv(path: str) -> list[Fault]:
    """Return what is wrong in a CSV file: its encoding, else its uneven rows and quotes, else the ends of its lines."""
    try:
        return list(not_utf8(path)) or _some(path, _bad_rows(path)) or list(_mixed_ends(path))
    except UNREAD as error:
        return [unread(path, error)]
    except InputError as error:
        return list(error.faults)


def faults_of_lines(path: str) -> list[Fault]:
    """Return the faults of lines that are no JSON object, as they are told of patient documents."""
    try:
        return list(not_utf8(path)) or _some(path, _bad_lines(path))
    except UNREAD as error:
        return [unread(path, error)]


def _some(path: str, faults: Iterator[Fault]) -> list[Fault]:
    told = list(islice(faults, _TOLD))
    more = sum(1 for _ in faults)
    return [*told, Fault(code="unreadable-table", message=f"and {more:,} rows more", file=path)] if more else told


# ---- CSV -------------------------------------------------------------------------------------------------------------


def _bad_rows(path: str) -> Iterator[Fault]:
    """Give the faults of rows that are longer or shorter than the header, and of a quote that ends where none may."""
    names, delimiter, skipped = header(path)
    with opened_text(path) as file:
        rows, line = records(file, delimiter, strict=True), 1
        try:
            for row in islice(rows, skipped, None):
                if row and len(row) != len(names):
                    yield _uneven(path, rows.line_num, len(row), len(names))  # type: ignore[attr-defined]  # of a csv reader
                line = rows.line_num + 1  # type: ignore[attr-defined]  # as above
        except csv.Error as error:
            hint = 'behind a closing quote comes the next cell or line, and a quote within quotes is written twice: ""'
            message = f"the quotes of this row do not close: {error}"
            yield Fault(code="unreadable-table", message=message, file=path, line=line, hint=hint)


def _uneven(path: str, line: int, cells: int, width: int) -> Fault:
    message = f"this row has {cells} cells, and the header {width}"
    hint = "make it as long as the header: an empty cell for what is missing, a text with commas in quotes"
    return Fault(code="unreadable-table", message=message, file=path, line=line, hint=hint)


def _mixed_ends(path: str) -> Iterator[Fault]:
    with opened_bytes(path) as file:
        first = _end(file.readline())
        for number, line in enumerate(file, 2):
            if (end := _end(line)) and end != first:
                message = f"this line ends with {_ENDS[end]}, and the first one with {_ENDS.get(first, 'CR')}"
                hint = "save the file with one kind of line ends; two files were put together in it"
                yield Fault(code="unreadable-table", message=message, file=path, line=number, hint=hint)
                return


def _end(line: bytes) -> bytes:
    return next((end for end in _ENDS if line.endswith(end)), b"")


# ---- one JSON object a line ------------------------------------------------------------------------------------------


def _bad_lines(path: str) -> Iterator[Fault]:
    with opened_bytes(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                faults = read_line(line.rstrip(), path, number=number, index=0).faults
                yield from (fault for fault in faults if fault.code in _OF_A_LINE)
