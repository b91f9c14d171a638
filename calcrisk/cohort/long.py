"""A long table, one row a result, as a table of one row a draw: what a laboratory system exports.

A draw is a patient and a time (within an encounter, where times begin anew in each), whatever file its rows lie in. Of
several results of one analyte in a draw the first counts, by file and row. The unit is believed, row by row: a code
whose name promises another (a molar LOINC with a mass unit) is an error that real tables have, and the number is what
was measured.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort.engine import name, text
from calcrisk.cohort.gaps import gaps
from calcrisk.cohort.tables import FILE, PLACE, SOURCE, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_UNIT: Final = "__unit"
DAYS: Final = "calcrisk_days"  # the time of a draw, in days since any day
RANK: Final = "calcrisk_rank"  # the place of a row among those of all files
PATIENT: Final = "patient"  # one row each
LABEL: Final = "calcrisk_label"  # what a row is a result of
_ROWS: Final = 2**40  # more than a file has: file and row make one number, which is cheap to compare
_WHOLE: Final = re.compile(r"([0-9]+)\.0+")  # how a code is written that was taken for a number
_A_DAY: Final = {"": 1.0, "days": 1.0, "hours": 24.0, "minutes": 1440.0}
TIME_UNITS: Final = tuple(filter(None, _A_DAY))
ONE_ROW: Final = ("draw", PATIENT)


class Long(NamedTuple):
    """The columns of a long table (empty: it has none), and what each analyte is called there."""

    patient: str
    encounter: str
    time: str
    analyte: str
    value: str
    unit: str
    time_unit: str  # of a time that is a number: minutes, hours or days
    one_row: str  # a draw, or a patient with its history
    analytes: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns in the table."""
        return tuple(filter(None, (self.patient, self.encounter, self.time, self.analyte, self.value, self.unit)))


def unit_column(variable: str) -> str:
    """Name the column that holds the unit of an analyte in the table of draws."""
    return f"{variable}{_UNIT}"


def widened(table: Table, long: Long) -> Table:
    """Return the table of draws: ``id``, ``draw_time``, and each analyte as it was written, with its unit beside it."""
    kinds = ["id", "draw_time", *(each for one in long.analytes for each in (one, unit_column(one)))]
    columns = ", ".join([*_columns(long), *_places()])
    ours = f"WHERE {LABEL} IN ({_listed(each for labels in long.analytes.values() for each in labels)})"
    groups = ", ".join(_together(long))
    relation = f"(SELECT {columns} FROM {placed(table, long)} AS results {ours} GROUP BY {groups})"
    return Table(relation, dict.fromkeys(kinds, "VARCHAR"), table.files, order=(RANK,))


def _columns(long: Long) -> Iterator[str]:
    yield f"arg_min(CAST({name(long.patient)} AS VARCHAR), {RANK}) AS id"
    yield f"arg_min({_shown(long.time)}, {RANK}) AS draw_time"
    for variable, labels in long.analytes.items():
        mine = f"{LABEL} IN ({_listed(labels)})"
        yield f"{_first(long, long.value, mine)} AS {name(variable)}"
        yield f"{_first(long, long.unit, mine) if long.unit else 'NULL'} AS {name(unit_column(variable))}"


def _places() -> Iterator[str]:
    """Where a draw lies: at its first row."""
    yield f"min({DAYS}) AS {DAYS}"
    yield f"min({RANK}) % {_ROWS} AS {PLACE}"
    yield f"CAST(min({RANK}) // {_ROWS} AS INTEGER) AS {FILE}"
    yield f"arg_min({SOURCE}, {RANK}) AS {SOURCE}"
    yield f"min({RANK}) AS {RANK}"


def _together(long: Long) -> Iterator[str]:
    """What the rows of one draw share; results of nobody stay apart, since they may be of several."""
    who = f"CAST({name(long.patient)} AS VARCHAR)"
    yield who
    yield f"CASE WHEN {who} IS NULL OR trim({who}) = '' THEN {RANK} END"
    yield f"results.{DAYS}"
    yield f"CASE WHEN results.{DAYS} IS NULL THEN {_shown(long.time)} END"  # what cannot be read, as it is written
    if long.encounter:
        yield name(long.encounter)


def placed(table: Table, long: Long) -> str:
    """Return the rows of a long table with their place among all, their label, and their time in days."""
    rank = f"CAST({FILE} AS BIGINT) * {_ROWS} + {PLACE}"
    own = f"{rank} AS {RANK}, {_label(long)} AS {LABEL}, {_days(long)} AS {DAYS}"
    return f"(SELECT *, {own} FROM {table.relation} AS every_row)"


def spelt(word: str) -> str:
    """Return a label as labels are compared: neither case nor what a code gains as a number makes a difference."""
    plain = word.strip().upper()
    whole = _WHOLE.fullmatch(plain)
    return whole[1] if whole else plain


def _label(long: Long) -> str:
    """Write the label of a row as SQL, as ``spelt`` has it; codes beside an empty cell are often kept as numbers."""
    written = f"upper(trim(CAST({name(long.analyte)} AS VARCHAR)))"
    has_numbers = any(spelt(each).isdigit() for labels in long.analytes.values() for each in labels)
    return f"regexp_replace({written}, {text(f'^{_WHOLE.pattern}$')}, '\\1')" if has_numbers else written


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(text(spelt(each)) for each in labels)


def _days(long: Long) -> str:
    """Write the time of a row in days; NULL where it cannot be read."""
    if not long.time:
        return "CAST(NULL AS DOUBLE)"
    if long.time_unit:
        number = f"TRY_CAST({name(long.time)} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} / {_A_DAY[long.time_unit]!r} END"
    # the engine would read 13-02-20 as a day of the year 13
    year_first = f"regexp_matches({_shown(long.time)}, '^\\s*[0-9]{{4}}[-/]')"
    return f"CASE WHEN {year_first} THEN epoch(TRY_CAST({_shown(long.time)} AS TIMESTAMP)) / 86400.0 END"


def _shown(column: str) -> str:
    return f"CAST({name(column)} AS VARCHAR)" if column else "NULL"


def _first(long: Long, column: str, mine: str) -> str:
    """Write a column of the first row that states a value: its unit is of that row too, be it none."""
    # NULL is in no list either; the NaN of a typed column is written nan
    stated = f"trim({_shown(long.value)}) NOT IN ('', 'nan', {gaps()})"
    return f"(arg_min({{'cell': {_shown(column)}}}, {RANK}) FILTER (WHERE {mine} AND {stated})).cell"
