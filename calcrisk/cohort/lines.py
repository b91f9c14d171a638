"""A table as lines of JSON, one object a row: every value as text, as it was written.

DuckDB would guess a type from the first lines, and write numbers and dates in its own way. So each number that it would
write otherwise is put in quotes before its line is read, and the keys are those of all lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort.engine import file_text, name, text
from calcrisk.cohort.header import column_twice, named, twice
from calcrisk.cohort.unreadable import faults_of_lines
from calcrisk.errors import Fault, InputError

if TYPE_CHECKING:
    from calcrisk.cohort.engine import Engine

# What stands before a number, texts as a whole, and the number, or the end: no match can begin within a text
_NUMBER: Final = r"""((?:[^"0-9-]|"(?:[^"\\]|\\.)*"|-[^0-9])*)(?:(-?[0-9][0-9.eE+-]*)|$)"""
# 9.10, 1e3, 0.00001, -0, and more digits than a double has: all other numbers are given back as they were written
_WRITTEN_OTHERWISE: Final = r"\.[0-9]+0|[0-9][eE]|\.000|-0|[0-9.]{16}"
_QUOTED: Final = r'\1"\2"'
_AT_THE_END: Final = '""'  # what quotes around nothing, behind the last number, add
_INSIDE: Final = r":\s*[\[{]"  # where a list or a record may stand as a value
_NESTED: Final = "STRUCT"  # the type of a column in which some cell is a list or a record


class Lines(NamedTuple):
    """The table of the engine's that holds the lines of a file, and its columns with their types."""

    table: str
    columns: dict[str, str]


def kept(engine: Engine, file: str, at: int) -> Lines:
    """Read a file into a table of the engine's, which may grow larger than memory; raises ``InputError``."""
    lines, table = f"read_ndjson_objects({file_text(file)})", f"calcrisk_lines_{at}"
    keys = _keys(engine, file, lines)
    pointers = f"[{', '.join(text(_pointer(key)) for key in keys)}]"
    names = [*named(keys)]
    cells = ", ".join(f"NULLIF(cells[{place}], '') AS {name(each)}" for place, each in enumerate(names, 1))
    read = f"json_extract_string({_with_digits('CAST(json AS VARCHAR)')}, {pointers})"
    engine.rows(f"CREATE TABLE {table} AS SELECT {cells} FROM (SELECT {read} AS cells FROM {lines})")
    nested = _nested(engine, lines, pointers, len(keys))
    return Lines(table, {each: _NESTED if odd else "VARCHAR" for each, odd in zip(names, nested, strict=True)})


def _with_digits(line: str) -> str:
    """Put the numbers of a line in quotes where DuckDB would not give their digits back."""
    quoted = f"left(regexp_replace({line}, {text(_NUMBER)}, {text(_QUOTED)}, 'g'), {-len(_AT_THE_END)})"
    return f"CASE WHEN regexp_matches({line}, {text(_WRITTEN_OTHERWISE)}) THEN {quoted} ELSE {line} END"


def _keys(engine: Engine, file: str, lines: str) -> list[str]:
    """Return the keys of all lines. Raises ``InputError`` where a line is no object, or has a key twice."""
    keys = f"SELECT DISTINCT json_keys(json) AS keys, json_type(json) = 'OBJECT' AS fit FROM {lines}"
    good = "CASE WHEN fit AND len(list_distinct(keys)) = len(keys) THEN keys ELSE [NULL] END AS keys"
    each = f"SELECT unnest(keys) AS key, unnest(range(len(keys))) AS place FROM (SELECT {good} FROM ({keys}))"
    found = [key for key, _ in engine.rows(f"SELECT key, min(place) FROM ({each}) GROUP BY key ORDER BY 2, 1")]
    if faults := _faults(file, found):
        raise InputError(faults)
    return found


def _faults(file: str, keys: list[str | None]) -> list[Fault]:
    if None in keys:
        return faults_of_lines(file) or [_fault(file, "a line is no object with each key once")]
    if not keys:
        return [_fault(file, "no line says anything")]
    one = twice([key for key in keys if key is not None])
    return [column_twice(file, one)] if one else []


def _fault(file: str, message: str) -> Fault:
    hint = "write one row a line, as a JSON object with the columns as keys"
    return Fault(code="unreadable-table", message=message, file=file, hint=hint)


def _nested(engine: Engine, lines: str, pointers: str, count: int) -> list[bool]:
    """Tell of each key whether a list or a record stands under it in some line; few lines are looked at twice."""
    kinds = f"SELECT json_type(json, {pointers}) AS kinds FROM {lines} WHERE regexp_matches(json, {text(_INSIDE)})"
    odd = ", ".join(f"coalesce(bool_or(kinds[{at}] IN ('ARRAY', 'OBJECT')), FALSE)" for at in range(1, count + 1))
    return list(engine.rows(f"SELECT {odd} FROM ({kinds})")[0])


def _pointer(key: str) -> str:
    """Write a key as a JSON pointer (RFC 6901)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
