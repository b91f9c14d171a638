"""The SELECT for somebody's own table, as text to paste into a warehouse or to hand to a cluster.

A row in which a cell says what SQL does not read (another unit, ``<6``, an impossible value, a contradiction) is not
scored and not lost: ``status`` is ``refused`` and ``errors`` names the inputs. ``calcrisk batch`` reads such rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk._version import __version__
from calcrisk.cohort.beside import unread_units, unseen
from calcrisk.cohort.columnmap import plain_map
from calcrisk.cohort.engine import name, text
from calcrisk.cohort.staging import staged
from calcrisk.cohort.tables import Table
from calcrisk.errors import Fault, UsageError
from calcrisk.rules.sql.dialects import dialect, expressions, translated
from calcrisk.rules.sql.layers import Column
from calcrisk.rules.sql.select import Wish, select
from calcrisk.rules.sql.statement import header, statement
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcrisk.cohort.columnmap import ColumnMap, Entry
    from calcrisk.cohort.scoring import Staged
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.sql.select import Select
    from calcrisk.rules.sql.states import Source

_ID, _ODD, _ERRORS = "id", "calcrisk_odd", "calcrisk_errors"
_UNTESTED: Final = "untested: parsed and linted only"
_KINDS: Final = {"number": "DOUBLE", "yesno": "INTEGER", "choice": "VARCHAR"}


class Wanted(NamedTuple):
    """What is to be written: over which table, with which of ``LISTS``, which columns of its own beside the answer."""

    dialect: str
    table: str
    columns: Mapping[str, str]  # of the table, with their types in DuckDB's words
    map: ColumnMap | None = None
    lists: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()


def printed(book: Rulebook, wanted: Wanted) -> str:
    """Return the statement, with a header that says what it was written from; raises ``UsageError``."""
    told = dialect(wanted.dialect)
    column_map = wanted.map or plain_map(wanted.columns, wanted.table)
    if wanted.map is None and (faults := list(unseen(unread_units(column_map, wanted.columns), wanted.table))):
        raise UsageError(faults)
    chosen, seen = _chosen(book, wanted, column_map)
    kept = [each for each in wanted.kept if each != column_map.id or each.casefold() != _ID]  # shown as the id is
    keys = {f"calcrisk_kept_{at}": name(column) for at, column in enumerate(kept)}
    shown = dict(zip(map(name, kept), keys, strict=True))
    _complain_of_twice(kept, {column.name for column in chosen.answer} | ({_ID} if column_map.id else set()))
    if column_map.id:
        keys["calcrisk_id"], shown = seen.id, {name(_ID): "calcrisk_id"} | shown
    keys |= {_ODD: f"CASE WHEN {seen.odd} THEN 1 ELSE 0 END" if seen.odd else "0", _ERRORS: _names(seen.sources)}
    body = statement(
        translated(chosen, wanted.dialect),
        wanted.table,
        expressions(keys, wanted.dialect),
        shown=dict(
            zip(expressions({each: each for each in shown}, wanted.dialect).values(), shown.values(), strict=True)
        ),
        fence=told.fence,
    )
    return _title(wanted, executed=told.executed) + header(book, seen.assumed) + body


def _title(wanted: Wanted, *, executed: bool) -> str:
    state = "executed by the tests" if executed else _UNTESTED
    return f"-- calcrisk {__version__}, dialect {wanted.dialect} ({state})\n"


# ---- the columns -----------------------------------------------------------------------------------------------------


def _chosen(book: Rulebook, wanted: Wanted, column_map: ColumnMap) -> tuple[Select, Staged]:
    if column_map.long is not None:
        hint = "make it a table of one row a draw first; `calcrisk batch` does so by itself"
        message = "a long table, one row a result, has no SELECT of its own"
        raise UsageError([Fault(code="long-table", message=message, file=column_map.source, hint=hint)])
    _, seen, _ = staged(Table(wanted.table, dict(wanted.columns), (wanted.table,)), column_map, book)
    sources = {each: one._replace(value=_typed(each, one.value)) for each, one in seen.sources.items()}
    chosen = select(book, sources, Wish(wanted.lists))
    answer = [Column(column.name, f"CASE WHEN {_ODD} = 0 THEN {column.sql} END") for column in chosen.answer]
    state = Column("status", f"CASE WHEN {_ODD} = 0 THEN 'scored' ELSE 'refused' END")
    named = f"CASE WHEN {_ODD} = 1 AND {_ERRORS} = '' THEN 'contradiction' ELSE {_ERRORS} END"
    ours = [Column("errors", named), Column("rulebook_sha256", text(book.sha256))]
    return chosen._replace(answer=(state, *answer, *ours)), seen


def _typed(variable: str, value: str) -> str:
    """Give a value its type: that of a bare NULL, or of a decimal, is not what every engine takes it for."""
    kind = "DOUBLE" if registry()[variable].kind == "number" else "INTEGER"
    return value if value.startswith("CAST(") else f"CAST({value} AS {kind})"


def _names(sources: Mapping[str, Source]) -> str:
    parts = [f"CASE WHEN {one.odd} THEN ';{each}' ELSE '' END" for each, one in sources.items() if one.odd]
    return f"SUBSTR({' || '.join(parts)}, 2)" if parts else "''"


def _complain_of_twice(kept: Iterable[str], taken: set[str]) -> None:
    faults = [
        Fault(
            code="column-twice",
            message=f"the answer has a column {name(each)} of its own",
            hint="give the table's another name, or leave it out",
        )
        for each in kept
        if each.casefold() in taken
    ]
    if faults:
        raise UsageError(faults)


# ---- which columns a table has ---------------------------------------------------------------------------------------


def plain_columns(typed: Mapping[str, str]) -> dict[str, str]:
    """Return columns with their types; where none is said, that of the input they are named after."""
    return {column: kind.upper() or _KINDS[_kind(column)] for column, kind in typed.items()}


def _kind(column: str) -> str:
    variable = registry().get(column.casefold())
    return variable.kind if variable else "number"


def mapped_columns(column_map: ColumnMap) -> dict[str, str]:
    """Return the columns that a map names, with the types that they are most likely to have."""
    columns = {column_map.id: "VARCHAR"} if column_map.id else {}
    for entry in column_map.entries.values():
        if entry.column:
            columns[entry.column] = _likely(entry)
        if entry.unit_column:
            columns[entry.unit_column] = "VARCHAR"
    for each in (each for entry in column_map.entries.values() for each in entry.columns):
        columns.setdefault(each, "DOUBLE")  # an expression is arithmetic
    return columns


def _likely(entry: Entry) -> str:
    if entry.codes is None:
        return _KINDS[registry()[entry.variable].kind]
    return "DOUBLE" if all(code.replace(".", "", 1).lstrip("+-").isdigit() for code in entry.codes) else "VARCHAR"


def unread(columns: Iterable[str], column_map: ColumnMap | None) -> tuple[str, ...]:
    """Name the columns that neither an input nor the id is read from, save one that has the name of the answer's id."""
    column_map = column_map or plain_map(columns, "")
    read = {one for entry in column_map.entries.values() for one in entry.columns} | {column_map.id}
    taken = {_ID} if column_map.id else set[str]()
    return tuple(each for each in columns if each not in read and each.casefold() not in taken)
