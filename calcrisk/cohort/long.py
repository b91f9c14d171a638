"""A long table, one row a result, as a table of one row a draw: what a laboratory system exports.

A draw is a patient and a time (within an encounter, where times begin anew in each). Of several results of one analyte
in a draw the first in the table counts. The unit is believed, row by row: a code whose name promises another (a molar
LOINC with a mass unit) is an error that real tables have, and the number is what was measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort.engine import name, text
from calcrisk.cohort.gaps import gaps
from calcrisk.cohort.tables import FILE, PLACE, SOURCE, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNIT: Final = "__unit"
DAYS: Final = "calcrisk_days"  # the time of a draw, in days since any day
PATIENT: Final = "patient"  # one row each
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
    label = f"upper(trim(CAST({name(long.analyte)} AS VARCHAR)))"
    columns = [f"CAST({name(long.patient)} AS VARCHAR) AS id", f"{_shown(long.time)} AS draw_time"]
    days = f"any_value({_days(long)}) AS {DAYS}"
    within = f", {name(long.encounter)}" if long.encounter else ""
    for variable, labels in long.analytes.items():
        mine = f"{label} IN ({', '.join(text(each.strip().upper()) for each in labels)})"
        columns.append(f"{_first(long.value, mine)} AS {name(variable)}")
        columns.append(f"{_first(long.unit, mine) if long.unit else 'NULL'} AS {name(unit_column(variable))}")
    all_labels = ", ".join(text(each.strip().upper()) for labels in long.analytes.values() for each in labels)
    first = f"min({PLACE}) AS {PLACE}, arg_min({SOURCE}, {PLACE}) AS {SOURCE}, min({FILE}) AS {FILE}"
    relation = (
        f"(SELECT {', '.join(columns)}, {days}, {first} FROM {table.relation} AS results"
        f" WHERE {label} IN ({all_labels}) GROUP BY {FILE}, id, draw_time{within})"
    )
    kinds = dict.fromkeys(
        ["id", "draw_time", *(each for one in long.analytes for each in (one, unit_column(one)))], "VARCHAR"
    )
    return Table(relation, kinds, table.files)


def _days(long: Long) -> str:
    if not long.time:
        return "CAST(NULL AS DOUBLE)"
    if long.time_unit:
        return f"TRY_CAST({name(long.time)} AS DOUBLE) / {_A_DAY[long.time_unit]!r}"
    return f"epoch(TRY_CAST(CAST({name(long.time)} AS VARCHAR) AS TIMESTAMP)) / 86400.0"


def _shown(column: str) -> str:
    return f"CAST({name(column)} AS VARCHAR)" if column else "NULL"


def _first(column: str, mine: str) -> str:
    stated = f"trim(CAST({name(column)} AS VARCHAR)) NOT IN ('', {gaps()})"  # nor is NULL
    return f"arg_min(CAST({name(column)} AS VARCHAR), {PLACE}) FILTER (WHERE {mine} AND {stated})"
