"""``calcrisk sql``: the whole rulebook as one SELECT over somebody's table."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.output import emit
from calcrisk.cli.rulebooks import load
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.printing import Wanted, likely_inputs, mapped_columns, plain_columns, printed, unread
from calcrisk.errors import Fault, UsageError, cannot_read, did_you_mean
from calcrisk.inputs.sources import TABLES
from calcrisk.rules.sql.dialects import dialect
from calcrisk.rules.sql.select import LISTS
from calcrisk.telling import tell
from calcrisk.variables import registry

if TYPE_CHECKING:
    from typing import IO

    from calcrisk.cohort.columnmap import ColumnMap

_FORBIDDEN: Final = (";", "--", "/*", "\n", "\r")  # a name of a table holds none of them
_PARQUET: Final = ".parquet"


class Asked(NamedTuple):
    """What the command line says."""

    dialect: str
    table: str
    columns: str | None
    map: str | None
    lists: str | None
    output: str | None


def run(asked: Asked, *, profile: str | None, rulebook: str | None) -> None:
    """Write the statement; raises ``CalcriskError`` for whatever is wrong, before it writes."""
    dialect(asked.dialect)
    lists = _lists(asked.lists)
    _complain_of_table(asked.table)
    book = load(rulebook, profile)
    column_map = read_map(asked.map) if asked.map else None
    columns = _columns(asked.columns, column_map)
    kept = () if column_map and column_map.id else unread(columns, column_map) if asked.columns else ()
    for column, hint in likely_inputs(kept).items() if column_map is None else ():
        tell(f"column {column} is carried along, not read: {hint}\n")
    emit(printed(book, Wanted(asked.dialect, asked.table, columns, column_map, lists, kept)), asked.output)


def _lists(said: str | None) -> frozenset[str]:
    words = [word.strip() for word in (said or "").split(",") if word.strip()]
    faults = [
        Fault(
            code="unknown-column",
            message=f"no column {word!r} to add",
            path="--with",
            hint=did_you_mean(word, LISTS) or f"any of {', '.join(LISTS)}",
        )
        for word in words
        if word not in LISTS
    ]
    if faults:
        raise UsageError(faults)
    return frozenset(words)


def _complain_of_table(table: str) -> None:
    if not table.strip() or any(sign in table for sign in _FORBIDDEN):
        hint = "one name, as in a FROM of your database: labs, schema.labs, `project.dataset.labs`"
        raise UsageError([Fault(code="no-table", message=f"{table!r} names no table", path="--table", hint=hint)])


# ---- columns ---------------------------------------------------------------------------------------------------------


def _columns(said: str | None, column_map: ColumnMap | None) -> dict[str, str]:
    if said is None:
        return mapped_columns(column_map) if column_map else plain_columns(dict.fromkeys(registry(), ""))
    if said.lower().endswith(TABLES):
        return _of_file(said)
    words = (word.strip().partition(" ") for word in said.split(",") if word.strip())
    return plain_columns({column: kind.strip() for column, _, kind in words})


def _of_file(path: str) -> dict[str, str]:
    """Return the columns of a table in a file: a Parquet file tells their types, a header only their names."""
    if path.lower().endswith(_PARQUET):
        return _of_parquet(path)
    try:
        with _opened(path) as file:
            header = next(csv.reader(file, "excel-tab" if ".tsv" in path.lower() else "excel"), [])
    except OSError as error:
        raise UsageError([cannot_read(path, error)]) from None
    except UnicodeDecodeError:
        raise UsageError([Fault(code="not-utf8", message="this is not UTF-8", file=path)]) from None
    return plain_columns({word.strip(): "" for word in header if word.strip()})


def _opened(path: str) -> IO[str]:
    """Open a table as text, packed or not; the caller closes it."""
    if path.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return Path(path).open(encoding="utf-8-sig", newline="")


def _of_parquet(path: str) -> dict[str, str]:
    from calcrisk.cohort.engine import engine, require
    from calcrisk.cohort.tables import opened

    require()
    with engine() as at_work:
        return opened(at_work, [path]).columns
