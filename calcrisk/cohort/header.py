"""The first line of a CSV file, as a person reads it, and how DuckDB is told to read the rest.

Nothing is left to DuckDB's guess: it guesses from the first twenty thousand rows, takes ``#`` for the sign of a
comment, and forgets the quotes that come later.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort.encoding import UNREAD, is_packed, is_utf8, not_utf8, opened_text, other, unread
from calcrisk.cohort.engine import file_text, name, text
from calcrisk.errors import Fault, InputError
from calcrisk.inputs.foreign import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# how a first line says what stands between cells
_SAID: Final = re.compile(rf"\"?sep=(?P<sign>[{''.join(BETWEEN)}])\"?\s*", re.IGNORECASE)
_BEGINNING: Final = 65_536  # signs that tell how lines end
# Empty cells are made NULL here, not by DuckDB: it passes over a cell too many at a row's end where that would be NULL,
# and the row would be read though its cells stand one place off.
_NO_CELL: Final = "calcrisk: no cell says this"


class Header(NamedTuple):
    """The names of the columns, without blanks around them, and what stands between cells."""

    names: tuple[str, ...]
    delimiter: str
    skipped: int  # lines before the first one of names, which say what stands between cells

    def select(self, path: str) -> str:
        """Write the query that gives every cell of a file as it was written, NULL where it is empty."""
        kinds = ", ".join(f"{text(each)}: 'VARCHAR'" for each in self.names)
        shown = ", ".join(f"NULLIF({name(each)}, '') AS {name(each)}" for each in self.names)
        how = f"columns = {{{kinds}}}, auto_detect = false, {self._dialect(path)}"
        if len(self.names) > 1:  # of one column alone, an empty line is a row
            how += f", nullstr = {text(_NO_CELL)}"
        return f"SELECT {shown} FROM read_csv({file_text(path)}, {how})"

    def typed(self, path: str) -> str:
        """Write the query whose columns have the types that all cells of a file have."""
        names = ", ".join(map(text, self.names))
        return f"SELECT * FROM read_csv({file_text(path)}, names = [{names}], sample_size = -1, {self._dialect(path)})"

    def _dialect(self, path: str) -> str:
        packed = "gzip" if is_packed(path) else "none"
        signs = f"delim = {text(self.delimiter)}, quote = '\"', escape = '\"', comment = ''"
        skipped = f", skip = {self.skipped}" if self.skipped else ""
        return f"header = true, strict_mode = true, compression = '{packed}', {signs}{skipped}"


def header(path: str) -> Header:
    """Return what the first line says.

    Raises ``InputError`` for nothing, for what is not UTF-8, for a file that ends too early, and for a name that stands
    twice, in whatever case: DuckDB would call the second one otherwise.
    """
    try:
        if fault := other(path):
            raise InputError([fault])
        names, delimiter, skipped = _first_row(path)
        faults = [*([] if is_utf8("".join(names)) else not_utf8(path)), *wrong(path, names), *_broken(path, names)]
    except UNREAD as error:
        raise InputError([unread(path, error)]) from None
    except csv.Error as error:
        message, hint = f"its header cannot be read: {error}", "does a quote in it never end?"
        fault = Fault(code="unreadable-table", message=message, file=path, line=1, hint=hint)
        raise InputError([fault]) from None
    if faults:
        raise InputError(faults[:1])
    return Header(tuple(named(names)), delimiter, skipped)


def _first_row(path: str) -> tuple[list[str], str, int]:
    """Return the names, what stands between cells, and how many lines stand before: Excel may write one."""
    with opened_text(path) as file:
        said = _SAID.fullmatch(file.readline())
        delimiter = said["sign"] if said else delimiter_of(file)
        rows = records(file, delimiter)
        names = next(islice(rows, 1, None) if said else rows, [])
        return [name.strip() for name in names], delimiter, int(said is not None)


def records(file: IO[str], delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    """Read the rows of an opened file from its beginning, each as its cells; ``strict`` refuses quotes out of place."""
    file.seek(0)
    return csv.reader(file, delimiter=delimiter, strict=strict)


def delimiter_of(file: IO[str]) -> str:
    """Return what makes the most cells of the header; within quotes it stands between none."""
    return max(BETWEEN, key=lambda sign: _count(file, sign))


def _count(file: IO[str], sign: str) -> int:
    """Count the cells of the header; where quotes are out of place with this sign, another is meant."""
    try:
        return len(next(records(file, sign, strict=True), []))
    except csv.Error:
        return 0


def wrong(path: str, names: Sequence[str]) -> Iterator[Fault]:
    """Give what is wrong with the names of a file's columns."""
    if not any(names):
        message, hint = "there is no header in its first line", "name the columns there, as the inputs are named"
        yield Fault(code="unreadable-table", message=message, file=path, line=1, hint=hint)
    if one := twice(names):
        yield column_twice(path, one)._replace(line=1)


def _broken(path: str, names: Sequence[str]) -> Iterator[Fault]:
    """A line break in a name, where lines end otherwise: DuckDB would read no row of such a file, and say nothing."""
    alone = {sign for each in names for sign in "\r\n" if sign in each.replace("\r\n", "")}
    if not alone:
        return
    with opened_text(path) as file:
        beginning = file.read(_BEGINNING)
    if "\r" in alone or "\r\n" in beginning:
        message, hint = (
            "a name in its header has a line break in it, and lines end otherwise",
            "write the name in one line",
        )
        yield Fault(code="unreadable-table", message=message, file=path, line=1, hint=hint)


def twice(names: Sequence[str]) -> str | None:
    """Return the first name that stands twice, in whatever case."""
    plain = Counter(name.casefold() for name in names)
    return next((name for name in names if name and plain[name.casefold()] > 1), None)


def column_twice(path: str, column: str) -> Fault:
    """Say that a file has a column twice."""
    hint = "give one of them another name; case does not tell them apart"
    return Fault(code="column-twice", message=f"the column {column!r} stands twice", file=path, hint=hint)


def named(names: Sequence[str]) -> Iterator[str]:
    """Give the names, and to columns without one a name that no other has."""
    taken = {name.casefold() for name in names}
    for at, each in enumerate(names):
        other = f"column{at}"
        while other in taken:
            other += "_"
        yield each or other
