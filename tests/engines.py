"""A table of random patients, the rulebook over it in one engine's dialect, and how two engines' rows are compared."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from random_patients import book
from random_tables import a_row, same, sources
from samples import CASES, SAMPLES, patient

from calcrisk import InputError
from calcrisk.rules.sql.dialects import dialect, translated
from calcrisk.rules.sql.select import Wish, select
from calcrisk.rules.sql.statement import statement
from calcrisk.stated import Range
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk import Patient

PLACE: Final = {"place": "place"}
Row = dict[str, Any]


def kinds(number: str = "DOUBLE", whole: str = "INTEGER") -> dict[str, str]:
    """The columns of the table and their types: numbers, and codes."""
    typed = {name: number if variable.kind == "number" else whole for name, variable in registry().items()}
    return {"place": whole} | typed | {f"{name}_open": whole for name in registry()}


def table(patients: Sequence[Patient]) -> list[tuple[Any, ...]]:
    """The rows of the table, their cells in the order of ``kinds``."""
    return [(place, *a_row(one).values()) for place, one in enumerate(patients)]


def corpus() -> list[Patient]:
    """Every sample and published case whose numbers are all exact: a table has no column for bounds."""
    found = []
    for path in (*sorted(SAMPLES.glob("*.yaml")), *sorted(CASES.glob("*.yaml"))):
        with suppress(InputError):  # several patients in a file, or none
            found.append(patient(path))
    return [one for one in found if not any(isinstance(given.value, Range) for given in one.given.values())]


def written(name: str, wish: Wish | None = None, *, labs: str = "labs") -> str:
    """The whole rulebook over the table, in a dialect."""
    chosen = translated(select(book(), sources(), wish), name)
    return statement(chosen, labs, PLACE, fence=dialect(name).fence)


def from_duckdb(patients: Sequence[Patient]) -> list[Row]:
    """What DuckDB answers of these patients, in order."""
    import duckdb

    connection = duckdb.connect()
    cells = zip(*table(patients), strict=True)
    columns = [f"unnest(?::{kind}[]) AS {name}" for name, kind in kinds().items()]
    connection.execute(f"CREATE TABLE labs AS SELECT {', '.join(columns)}", [list(one) for one in cells])
    found = connection.execute(f"SELECT * FROM ({written('duckdb')}) ORDER BY place")
    labels = [column[0] for column in found.description]
    return [dict(zip(labels, row, strict=True)) for row in found.fetchall()]


def unlike(wanted: Sequence[Row], found: Sequence[Row]) -> list[dict[str, tuple[Any, Any]]]:
    """Of each row that differs, the columns that do: what was wanted, then what was found."""
    assert len(wanted) == len(found)
    rows = zip(wanted, found, strict=True)
    return [told for one, other in rows if (told := _columns_unlike(one, other))]


def _columns_unlike(one: Row, other: Row) -> dict[str, tuple[Any, Any]]:
    assert one.keys() == other.keys()
    return {name: (one[name], other[name]) for name in one if not same(one[name], other[name])}
