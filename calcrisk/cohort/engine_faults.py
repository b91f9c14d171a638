"""What DuckDB says when it cannot go on, as faults: where, why, and what to do about it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from calcrisk.errors import CalcriskError, Fault, InputError, SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE: Final = re.compile(r"^\s*file = (?P<set>.+?)\s*$|[Ff]ile (?P<quote>['\"])(?P<named>.+?)(?P=quote)", re.MULTILINE)
_NOT_WRITTEN: Final = re.compile(r'(?:[Cc]ould not write file|Failed to create directory) \\?"(.+?)\\?": ([^"\\]+)')
_KIND: Final = re.compile(r"^[A-Z][A-Za-z ]* Error: ")  # what DuckDB calls it
_ROOM: Final = "make room there; TMPDIR names the folder for temporary files"
_DAMAGED: Final = "the file is damaged, cut off or still being written: fetch it again"
_TEXT: Final = "is it a table with one header line, UTF-8, every row as long as the header?"


@contextmanager
def telling() -> Iterator[None]:
    """Say of an error of DuckDB's what a user can do about it; raises ``InputError`` and ``SurroundingsError``."""
    import duckdb

    try:
        yield
    except duckdb.IOException as error:
        raise _of_a_disk(str(error)) from None
    except duckdb.OutOfMemoryException as error:
        raise SurroundingsError([Fault(code="engine", message=_first(str(error)))]) from None
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise _unreadable(str(error)) from None
    except duckdb.Error as error:
        if type(error) is not duckdb.Error:
            raise  # the statement is at fault, and that is ours
        raise _unreadable(str(error)) from None  # the end of a Parquet file


def _of_a_disk(said: str) -> CalcriskError:
    if "GZIP" in said:
        hint = f"the packed {_DAMAGED.removeprefix('the ')}"
        return InputError([Fault(code="cannot-read", message=_first(said), file=_file(said), hint=hint)])
    if found := _NOT_WRITTEN.search(said):
        message = f"cannot be written: {found[2]}"
        return SurroundingsError([Fault(code="cannot-write", message=message, file=found[1], hint=_ROOM)])
    return SurroundingsError([Fault(code="engine", message=_first(said))])


def _unreadable(said: str) -> InputError:
    hint = _DAMAGED if ".parquet" in said.lower() else _TEXT
    return InputError([Fault(code="unreadable-table", message=_first(said), file=_file(said), hint=hint)])


def _file(said: str) -> str | None:
    found = _FILE.search(said)
    return found and (found["set"] or found["named"])


def _first(said: str) -> str:
    """The first line of the message: the others repeat the settings it tried, or lines of the file."""
    return _KIND.sub("", said.strip().splitlines()[0])
