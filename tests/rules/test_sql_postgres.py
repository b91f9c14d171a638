"""The same SELECT on a real PostgreSQL server says of every row what DuckDB and the walk for one patient say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from engines import from_duckdb, kinds, table, unlike, written
from postgres import programs, server
from random_tables import differences, patients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcrisk import Patient

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")
pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(programs() is None, reason="no PostgreSQL server is installed (Debian: postgresql)"),
]

_PLANNING: Final = 2_000  # milliseconds, twenty times what it takes; without fences the server runs out of memory


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    with server() as address, psycopg.connect(address, autocommit=True) as connected:
        yield connected


def load(connection: Any, some: Sequence[Patient]) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds("double precision").items())
    connection.execute("DROP TABLE IF EXISTS labs")
    connection.execute(f"CREATE TABLE labs ({columns})")
    with connection.cursor() as cursor, cursor.copy("COPY labs FROM STDIN") as copy:
        for row in table(some):
            copy.write_row(row)


def answers(connection: Any, some: Sequence[Patient]) -> list[dict[str, Any]]:
    load(connection, some)
    found = connection.execute(f"SELECT * FROM ({written('postgres')}) AS answer ORDER BY place")
    labels = [column.name for column in found.description]
    return [dict(zip(labels, row, strict=True)) for row in found.fetchall()]


def test_random_patients_with_values_on_every_threshold(connection: Any) -> None:
    some = list(patients(300, seed=20261129))
    rows = answers(connection, some)
    told = [differences(one, row) for one, row in zip(some, rows, strict=True)]
    assert [one for one in told if one] == []


@pytest.mark.volume
def test_twenty_thousand_of_them_as_duckdb(connection: Any) -> None:
    some = list(patients(20_000, seed=5))
    assert unlike(from_duckdb(some), answers(connection, some)) == []


def test_the_fences_keep_planning_short(connection: Any) -> None:
    load(connection, list(patients(10, seed=1)))
    text = written("postgres")
    (plan,) = connection.execute(f"EXPLAIN (SUMMARY, FORMAT JSON) {text}").fetchone()
    planned = plan if isinstance(plan, list) else json.loads(plan)
    assert planned[0]["Planning Time"] < _PLANNING
