"""Files of one row a patient, as one relation of the engine's: the columns of all, source and place beside them."""

from __future__ import annotations

import glob
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort import lines as ndjson
from calcrisk.cohort.encoding import is_utf8
from calcrisk.cohort.engine import file_text, name, text
from calcrisk.cohort.header import header
from calcrisk.cohort.unreadable import faults_of_csv, faults_of_lines
from calcrisk.errors import Fault, InputError, UsageError, cannot_read
from calcrisk.inputs.earlier import answers, is_answer
from calcrisk.inputs.foreign import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calcrisk.cohort.engine import Engine

_PARQUET: Final = ".parquet"
LINES: Final = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
SOURCE, PLACE, FILE = "calcrisk_source", "calcrisk_place", "calcrisk_file"  # columns of ours beside those of the table
OURS: Final = (SOURCE, PLACE, FILE)
_OWN: Final = "calcrisk_"  # how the names of these begin, and of those that are added to them on the way
_NUMBER: Final = "file_row_number"  # the column in which DuckDB gives the place of a row in a Parquet file
_GLOB: Final = "*?["
_UNPLACED: Final = ("unreadable-table", "cannot-read")  # what DuckDB says of a file without its line


class Table(NamedTuple):
    """The relation that a SELECT reads, and its own columns with their types.

    ``order`` names what its rows are sorted by, where they are made of others and come in any order.
    """

    relation: str
    columns: dict[str, str]
    files: tuple[str, ...]
    left_out: tuple[str, ...] = ()  # its columns that are named as ours
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
    ours = {file for file, _ in files if is_answer(file)}
    earlier = {file for file, path in files if file in ours and (file != path or _same_file(file, output))}
    found = [file for file in dict.fromkeys(file for file, _ in files) if file not in earlier]
    wrong = [
        answers(file) if file in ours else _no_table(file)
        for file in found
        if file in ours or not _readable(file, lines=lines)
    ]
    if wrong or not found:
        raise UsageError(wrong or [*map(answers, sorted(earlier))] or map(_nothing_in, paths))
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


def _nothing_in(folder: str) -> Fault:
    hint = f"tables end in {', '.join(TABLES)}"
    return Fault(code="no-table", message="there is no table in this folder", file=folder, hint=hint)


def _no_table(path: str) -> Fault:
    hint = f"tables end in {', '.join(TABLES)}; patient documents are read without them, in a call of their own"
    return Fault(code="no-table", message="this is no table", file=path, hint=hint)


def opened(engine: Engine, files: Sequence[str]) -> Table:
    """Open files as one relation; a column that one of them lacks is empty there. Raises ``InputError``."""
    for file in files:
        _complain_unless_there(file)
    parts = [_part(engine, file, at) for at, file in enumerate(files)]
    whole = " UNION ALL BY NAME ".join(part.query for part in parts)
    columns = engine.columns(f"({whole})")
    for part in parts:  # a column that is nested in one file is nested
        columns |= {each: kind for each, kind in part.told.items() if kind != "VARCHAR"}
    own = {each: kind for each, kind in columns.items() if each not in OURS}
    ours = dict.fromkeys(each for part in parts for each in part.ours)
    return Table(f"({whole})", own, tuple(files), left_out=tuple(ours))


class _Part(NamedTuple):
    """The query that reads one file, its columns named as ours, and the types of those of which DuckDB knows less."""

    query: str
    ours: list[str]
    told: Mapping[str, str] = {}


@contextmanager
def telling_rows(files: Sequence[str]) -> Iterator[None]:
    """Say of a table that could not be read to its end which of its rows are at fault, and in which file."""
    try:
        yield
    except InputError as error:
        unplaced = any(fault.code in _UNPLACED and fault.line is None for fault in error.faults)
        if unplaced and (faults := [fault for file in files for fault in _faults(file)]):
            raise InputError(faults) from None
        raise InputError([_placed(fault, files) for fault in error.faults]) from None


def _faults(file: str) -> list[Fault]:
    if _is_csv(file):
        return faults_of_csv(file)
    return faults_of_lines(file) if file.lower().endswith(LINES) else []


def _placed(fault: Fault, files: Sequence[str]) -> Fault:
    return fault._replace(file=files[0]) if fault.file is None and len(files) == 1 else fault


def is_parquet(file: str) -> bool:
    """Whether a file is Parquet, by its name."""
    return file.lower().endswith(_PARQUET)


def _is_csv(file: str) -> bool:
    return file.lower().endswith(TABLES) and not is_parquet(file)


def typed_columns(engine: Engine, file: str) -> dict[str, str]:
    """Name the columns of a file with the types that its cells have: what a database makes of it when it is loaded."""
    _complain_unless_there(file)
    if not _is_csv(file):
        return opened(engine, [file]).columns
    top = header(file)
    with telling_rows([file]):
        columns = engine.columns(f"({top.typed(file)})")
        if len(columns) != len(top.names):
            raise InputError([Fault(code="unreadable-table", message="its rows are longer than its header", file=file)])
    return columns


def _complain_unless_there(file: str) -> None:
    try:
        with open(file, "rb"):  # noqa: PTH123  # as in sources
            pass
    except OSError as error:
        raise InputError([cannot_read(file, error)]) from None
    if not is_utf8(file):
        message, hint = "cannot be read: the name of a table must be UTF-8", "rename it, or name a link to it"
        raise InputError([Fault(code="cannot-read", message=message, file=file, hint=hint)])


def _part(engine: Engine, file: str, at: int) -> _Part:
    if is_parquet(file):
        return _parquet(file, at, engine.columns(f"read_parquet({file_text(file)})"))
    if _is_csv(file):
        top = header(file)
        return _numbered(top.select(file), file, at, top.names)
    kept = ndjson.kept(engine, file, at)
    return _numbered(f"SELECT * FROM {kept.table}", file, at, kept.columns)._replace(told=kept.columns)


def _parquet(file: str, at: int, columns: Iterable[str]) -> _Part:
    """Number the rows as the file does, by parts at a time, unless a column of its own is named as that number."""
    if any(each.casefold() == _NUMBER for each in columns):
        return _numbered(f"SELECT * FROM read_parquet({file_text(file)})", file, at, columns)
    shown, ours = _but_ours(columns, _NUMBER), _ours(columns)
    read = f"read_parquet({file_text(file)}, file_row_number = true)"
    return _Part(f"SELECT {shown}, {_whose(file, at)}, {_NUMBER} AS {PLACE} FROM {read}", ours)


def _numbered(query: str, file: str, at: int, columns: Iterable[str]) -> _Part:
    number = f"row_number() OVER () - 1 AS {PLACE}"
    return _Part(f"SELECT {_but_ours(columns)}, {_whose(file, at)}, {number} FROM ({query})", _ours(columns))


def _whose(file: str, at: int) -> str:
    return f"{text(file)} AS {SOURCE}, {at} AS {FILE}"


def _ours(columns: Iterable[str]) -> list[str]:
    """Columns of a table that are named as ours are: they would stand in the place of ours, and are left out."""
    return [each for each in columns if each.casefold().startswith(_OWN)]


def _but_ours(columns: Iterable[str], *more: str) -> str:
    left_out = ", ".join(map(name, (*more, *_ours(columns))))
    return f"* EXCLUDE ({left_out})" if left_out else "*"
