"""What a map finds in a long table: labels that occur in no row, and times that cannot be read, are told.

Such rows are passed over, and an answer that comes of too few of them looks like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cohort.codes import loinc
from calcrisk.cohort.engine import name, text
from calcrisk.cohort.long import DAYS, LABEL, PATIENT, RANK, placed, spelt
from calcrisk.errors import Fault, InputError
from calcrisk.stated import quoted
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from calcrisk.cohort.engine import Engine
    from calcrisk.cohort.long import Long
    from calcrisk.cohort.tables import Table

_SOME: Final = 5  # labels that are named
_FORMS: Final = "a time is written 2026-03-02, 2026-03-02 08:15 or 2026-03-02T08:15:00"
_ASKED: Final = "core"  # an input that everybody is asked for


class Found(NamedTuple):
    """One label of the table: how many rows have it, and how many of these a time that cannot be read, as the first."""

    label: str | None
    shown: str | None
    rows: int
    undated: int
    example: str | None


def notices(engine: Engine, table: Table, long: Long) -> list[str]:
    """Return what to tell of the rows that the map passes over.

    Raises ``InputError`` when it passes over all of them.
    """
    ours = {spelt(each): variable for variable, labels in long.analytes.items() for each in labels}
    found = _found(engine, table, long, ours)
    mine = [each for each in found if each.label in ours]
    if found and not mine:
        raise InputError([_no_analyte(table, long, found)])
    others = [each for each in found if each.label not in ours]
    return [*_absent(long, {str(each.label) for each in mine}, others), *_undated(long, mine)] if found else []


def _found(engine: Engine, table: Table, long: Long, ours: Iterable[str]) -> list[Found]:
    """Return the labels of ours that the table has, and the commonest of the others."""
    written = f"CAST({name(long.time)} AS VARCHAR)" if long.time else "CAST(NULL AS VARCHAR)"
    unread = f"FILTER ({DAYS} IS NULL AND trim({written}) <> '')"
    shown = f"arg_min(CAST({name(long.analyte)} AS VARCHAR), {RANK}) AS shown"
    sums = f"{shown}, count(*) AS n, count(*) {unread} AS undated, arg_min({written}, {RANK}) {unread} AS example"
    counted = f"SELECT {LABEL}, {sums} FROM {placed(table, long)} AS placed GROUP BY {LABEL}"
    mine = f"coalesce({LABEL} IN ({', '.join(map(text, ours))}), FALSE)"
    order = f"n DESC, {LABEL}"
    others = f"SELECT * FROM counted WHERE NOT {mine} ORDER BY {order} LIMIT {_SOME}"
    both = f"SELECT * FROM counted WHERE {mine} UNION ALL SELECT * FROM ({others}) AS others"
    query = f"WITH counted AS MATERIALIZED ({counted}) SELECT * FROM ({both}) AS some_of_them ORDER BY {order}"
    return [Found(*row) for row in engine.rows(query)]


# ---- labels ----------------------------------------------------------------------------------------------------------


def _no_analyte(table: Table, long: Long, found: Sequence[Found]) -> Fault:
    labels = [each for labels in long.analytes.values() for each in labels]
    return Fault(
        code="no-analyte",
        message="no row is a result that the map names",
        file=", ".join(table.files[:_SOME]),
        path=long.analyte,
        expected=_some([quoted(each) for each in labels]),
        got=_counted(found),
        hint="take the labels from the table; `calcrisk columns suggest` proposes a map of it",
    )


def _absent(long: Long, here: AbstractSet[str], others: Sequence[Found]) -> Iterator[str]:
    """Tell the labels without a row; of codes that the rulebook lists, only inputs that everybody is asked for."""
    if long.analytes == loinc():
        lacking = {each for each, labels in long.analytes.items() if here.isdisjoint(map(spelt, labels))}
        told = [quoted(each) for each in long.analytes if each in lacking and registry()[each].ask == _ASKED]
        said = f"no row has a code of {_some(told)}"
    else:
        every = [(variable, each) for variable, labels in long.analytes.items() for each in labels]
        told = [f"{quoted(each)} ({variable})" for variable, each in every if spelt(each) not in here]
        said = f"{len(told)} of {len(every)} labels of the map in no row: {_some(told)}"
    if told:
        yield f"{long.analyte}: {said}{f'; other rows have {_counted(others)}' if others else ''}"


def _counted(found: Sequence[Found]) -> str:
    return _some([f"{quoted(each.shown or '')} ({each.rows:,})" for each in found])


def _some(told: Sequence[str]) -> str:
    more = len(told) - _SOME
    return ", ".join(told[:_SOME]) + (f" and {more:,} more" if more > 0 else "")


# ---- times -----------------------------------------------------------------------------------------------------------


def _undated(long: Long, mine: Sequence[Found]) -> Iterator[str]:
    """Tell times that cannot be read where a history is made of them; what is one draw is told by any text."""
    undated, rows = sum(each.undated for each in mine), sum(each.rows for each in mine)
    example = next((each.example for each in mine if each.example), None)
    if undated and example and long.one_row == PATIENT:
        forms = f"a time in {long.time_unit} is a number" if long.time_unit else f"{_FORMS}; a number needs `time_unit`"
        yield (
            f"{long.time}: the time of {undated:,} of {rows:,} results cannot be read and counts in no history,"
            f" as {quoted(example)}; {forms}"
        )
