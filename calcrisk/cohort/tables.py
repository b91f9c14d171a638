"""Files of one row a patient, as one relation of the engine's: the columns of all, source and place beside them."""

from __future__ import annotations

import glob
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort.engine import text
from calcrisk.cohort.header import header, uneven_rows
from calcrisk.errors import Fault, InputError, UsageError, cannot_read
from calcrisk.inputs.earlier import answers, is_answer
from calcrisk.inputs.sources import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcrisk.cohort.engine import Engine

_PARQUET: Final = ".parquet"
LINES: Final = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
SOURCE, PLACE, FILE = "calcrisk_source", "calcrisk_place", "calcrisk_file"  # columns of ours beside those of the table
OURS: Final = (SOURCE, PLACE, FILE)
_GLOB: Final = "*?["


class Table(NamedTuple):
    """The relation that a SELECT reads, and its own columns with their types.

    ``order`` names what its rows are sorted by, where they are made of others and come in any order.
    """

    relation: str
    columns: dict[str, str]
    files: tuple[str, ...]
    order: tuple[str, ...] = ()


class Named(NamedTuple):
    """The tables that paths lead to, and the answers of calcrisk among them."""

    files: list[str]
    answers: list[str]


def table_files(paths: Sequence[str], *, lines: bool, output: str | None = None) -> Named:
    """Return the tables that the paths name: files, patterns (``*.csv``), and folders of tables, in order.

    ``lines`` takes NDJSON for a table as well. Answers of calcrisk that a folder or a pattern leads to are passed over,
    and so are those that ``output`` will replace. Raises ``UsageError`` for what is no table.
    """
    files = [(file, path) for path in paths for file in _files(path, lines=lines)]
    earlier = {file for file, path in files if is_answer(file) and (file != path or _same_file(file, output))}
    found = [file for file in dict.fromkeys(file for file, _ in files) if file not in earlier]
    wrong = [fault for file in found if (fault := _no_table(file, lines=lines))]
    if wrong or not found:
        raise UsageError(wrong or map(answers, sorted(earlier) or paths))
    return Named(found, sorted(earlier))


def _same_file(file: str, output: str | None) -> bool:
    return output is not None and os.path.realpath(file) == os.path.realpath(output)


def _files(path: str, *, lines: bool) -> list[str]:
    if os.path.isdir(path):  # noqa: PTH112  # as in sources
        inside = (os.path.join(path, name) for name in sorted(os.listdir(path)))  # noqa: PTH118, PTH208  # names as typed
        return [file for file in inside if _readable(file, lines=lines)]
    if any(sign in path for sign in _GLOB) and not os.path.exists(path):  # noqa: PTH110  # as in sources
        return sorted(glob.glob(path)) or [path]  # noqa: PTH207  # the path as typed
    return [path]


def _readable(path: str, *, lines: bool) -> bool:
    return path.lower().endswith((*TABLES, *(LINES if lines else ())))


def _no_table(path: str, *, lines: bool) -> Fault | None:
    if is_answer(path):
        return answers(path)
    if _readable(path, lines=lines):
        return None
    hint = f"tables end in {', '.join(TABLES)}; patient documents are read without them, in a call of their own"
    return Fault(code="no-table", message="this is no table", file=path, hint=hint)


def opened(engine: Engine, files: Sequence[str]) -> Table:
    """Open files as one relation; a column that one of them lacks is empty there. Raises ``InputError``."""
    for file in files:
        _complain_unless_there(file)
        _complain_of_header(engine, file)
    whole = " UNION ALL BY NAME ".join(_read(file, at) for at, file in enumerate(files))
    columns = engine.columns(f"({whole})")
    return Table(f"({whole})", {name: kind for name, kind in columns.items() if name not in OURS}, tuple(files))


@contextmanager
def telling_rows(files: Sequence[str]) -> Iterator[None]:
    """Say of a table that could not be read to its end which of its rows are too long or too short."""
    try:
        yield
    except InputError:
        uneven = [fault for file in files if _is_text(file) for fault in uneven_rows(file)]
        if not uneven:
            raise
        raise InputError(uneven) from None


def _is_text(file: str) -> bool:
    return file.lower().endswith(TABLES) and not file.lower().endswith(_PARQUET)


def typed_columns(engine: Engine, file: str) -> dict[str, str]:
    """Name the columns of a file with the types that its cells have: what a database makes of it when it is loaded."""
    table = opened(engine, [file])
    if file.lower().endswith(_PARQUET):
        return table.columns
    return engine.columns(
        f"(SELECT * FROM read_csv({text(file)}, header = true, strict_mode = true, sample_size = -1))"
    )


def _complain_unless_there(file: str) -> None:
    try:
        with open(file, "rb"):  # noqa: PTH123  # as in sources
            pass
    except OSError as error:
        raise InputError([cannot_read(file, error)]) from None


def _complain_of_header(engine: Engine, file: str) -> None:
    """Hold what DuckDB reads of a CSV file to its first line."""
    if not _is_text(file):
        return
    names = header(file)
    if names and len(engine.columns(f"({_read(file, 0)})")) - len(OURS) != len(names):
        message = f"it is not read as its header says, which has {len(names)} columns"
        hint = "is every row as long as the header, and a text with commas in quotes?"
        unread = Fault(code="unreadable-table", message=message, file=file, line=1, hint=hint)
        raise InputError(uneven_rows(file) or [unread])


def _read(file: str, at: int) -> str:
    lower, whose = file.lower(), f"{text(file)} AS {SOURCE}, {at} AS {FILE}"
    if lower.endswith(_PARQUET):
        read = f"read_parquet({text(file)}, file_row_number = true)"
        return f"SELECT * EXCLUDE (file_row_number), {whose}, file_row_number AS {PLACE} FROM {read}"
    if lower.endswith(TABLES):
        read = f"read_csv({text(file)}, all_varchar = true, header = true, strict_mode = true)"
    else:
        read = f"read_json({text(file)}, format = 'newline_delimited')"
    return f"SELECT *, {whose}, row_number() OVER () - 1 AS {PLACE} FROM {read}"
