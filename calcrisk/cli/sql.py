"""``calcrisk sql``: the whole rulebook as one SELECT over somebody's table."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.output import emit
from calcrisk.cli.rulebooks import load
from calcrisk.cohort.engine import engine, require
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.printing import Wanted, mapped_columns, plain_columns, printed, unread
from calcrisk.cohort.suggest import likely_inputs
from calcrisk.cohort.tables import typed_columns
from calcrisk.errors import Fault, UsageError, did_you_mean
from calcrisk.inputs.foreign import TABLES
from calcrisk.render.words import clean
from calcrisk.rules.sql.dialects import dialect
from calcrisk.rules.sql.select import LISTS
from calcrisk.stated import quoted
from calcrisk.telling import tell
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.cohort.columnmap import ColumnMap

_FORBIDDEN: Final = (";", "--", "/*", "\n", "\r")  # a name of a table holds none of them
_PART: Final = re.compile(
    r"""
    "(?:[^"]|"")*"      # a name in quotes
    | \([^()]*\)        # the numbers of a type
    | [^",()]           # a letter
    | ,""",
    re.VERBOSE,
)
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"\s*(.*)', re.DOTALL)
_TYPE: Final = re.compile(r"([A-Z]+)\s*(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?")
_TYPES: Final = (
    *("DOUBLE", "FLOAT", "REAL", "DECIMAL", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT"),
    *("VARCHAR", "TEXT", "BOOLEAN", "DATE", "TIMESTAMP"),
)


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
        tell(f"column {clean(column)} is carried along, not read: {hint}\n")
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
        require()
        with engine() as at_work:
            return typed_columns(at_work, said)
    named = [_named(word) for word in _divided(said)]
    every = [column.name.casefold() for column in named]
    faults = [fault for column in named for fault in _faults(column, every)]
    if faults:
        raise UsageError(list(dict.fromkeys(faults)))
    return plain_columns({column.name: column.kind for column in named})


class _Column(NamedTuple):
    name: str
    kind: str
    quoted: bool


def _divided(said: str) -> list[str]:
    """Divide at commas, save within quotes and parentheses; raises ``UsageError`` for those that do not end."""
    parts = _PART.findall(said)
    if "".join(parts) != said:
        hint = 'write names as "Serum, Ca", a quote within as two, and types as DECIMAL(10,2)'
        message = f"a quote or a parenthesis is not closed: {quoted(said)}"
        raise UsageError([_wrong(code="bad-columns", message=message, hint=hint)])
    words = "".join("\0" if part == "," else part for part in parts).split("\0")
    return [word.strip() for word in words if word.strip()]


def _named(word: str) -> _Column:
    """Split a column's name from its type; a quoted name may hold anything."""
    if found := _QUOTED.fullmatch(word):
        return _Column(found[1].replace('""', '"'), found[2], quoted=True)
    column, *kind = word.split(maxsplit=1)
    return _Column(column, "".join(kind), quoted=False)


def _faults(column: _Column, every: list[str]) -> Iterator[Fault]:
    if every.count(column.name.casefold()) > 1:
        message = f"the column {column.name!r} stands twice"
        yield _wrong(code="column-twice", message=message, hint="name each column once")
    if not column.name.strip() or (not column.quoted and (os.sep in column.name or '"' in column.name)):
        hint = f"a file ends in {', '.join(TABLES)}, and a name with other signs than letters stands in quotes"
        yield _wrong(code="no-table", message=f"{column.name!r} is no name of a column", hint=hint)
    kind = _TYPE.fullmatch(column.kind.upper())
    if column.kind and (kind is None or kind[1] not in _TYPES):
        hint = did_you_mean(column.kind.upper(), _TYPES) or f"write one of {', '.join(_TYPES)}"
        yield _wrong(code="unknown-type", message=f"{column.name} has no type {column.kind!r}", hint=hint)


def _wrong(*, code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, path="--columns", hint=hint)
