"""The same SELECT on a real PostgreSQL server says of every row what DuckDB and the walk for one patient say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from engines import corpus, from_duckdb, kinds, table, unlike, written
from postgres import programs, server
from random_tables import differences, patients

from calcrisk import Rulebook
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.printing import Wanted, printed
from calcrisk.rules.sql.select import LISTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from calcrisk import Patient

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")
pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(programs() is None, reason="no PostgreSQL server is installed (Debian: postgresql)"),
]

_MAP: Final = """
id: P
columns:
  calcium: {column: CA, unit: mmol/L}
  phosphate: PH
  ckd_stage: STAGE
  diabetes: {column: DM, codes: {1: yes, 2: no, 9: unknown}}
constants: {age: 58, dialysis: yes}
assume: {tissue_damage: no}
"""
_GAPS: Final = """('a', 'NaN', '6.8', 'NA', NULL), ('b', 2.47, 'NULL', '\\N', 1), ('c', 'Infinity', '6.8', 'G5', 1),
  ('d', 2.47, 'NaN', 'na', 1)"""
_WORDS: Final = """('a', 2.47, '6.8', 'G5', 1), ('b', 2.47, '<6', 'G5', 2), ('c', 24.7, '6.8', 'g 5', 9),
  ('d', NULL, '', 'unknown', NULL), ('e', 2.1, '4.1', 'kidney-failure', 9), ('f', 2.1, '4.1', 'G9', 1)"""
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


@pytest.mark.volume
def test_samples_cases_and_random_patients_on_every_threshold(connection: Any) -> None:
    some = [*corpus(), *patients(300, seed=20261129)]
    rows = answers(connection, some)
    told = [differences(one, row) for one, row in zip(some, rows, strict=True)]
    assert [one for one in told if one] == []


def test_a_table_of_words_and_few_columns_is_scored_as_in_duckdb(connection: Any, tmp_path: Path) -> None:
    """What is folded away leaves NULLs without a type, and a map leaves constants: a strict engine minds both."""
    assert sorted(both(connection, _WORDS, tmp_path)) == ["refused"] * 3 + ["scored"] * 3


def test_a_gap_is_not_stated(connection: Any, tmp_path: Path) -> None:
    """NaN of a typed column, which is above every number to both, and the words of exports."""
    assert both(connection, _GAPS, tmp_path) == ["scored", "scored", "refused", "refused"]


def both(connection: Any, cells: str, tmp_path: Path) -> list[str]:
    """Hold the two databases to one another over a table of these cells, and return what became of its rows."""
    import duckdb

    path = tmp_path / "map.yaml"
    path.write_text(_MAP, "utf-8")
    columns = {"P": "VARCHAR", "CA": "DOUBLE", "PH": "VARCHAR", "STAGE": "VARCHAR", "DM": "INTEGER"}
    wanted = Wanted("duckdb", "words", columns, read_map(str(path)), frozenset(LISTS))
    embedded = duckdb.connect()
    connection.execute("DROP TABLE IF EXISTS words")
    for each in (embedded, connection):
        kind = "DOUBLE" if each is embedded else "DOUBLE PRECISION"
        each.execute(f"CREATE TABLE words (P VARCHAR, CA {kind}, PH VARCHAR, STAGE VARCHAR, DM INTEGER)")
        each.execute(f"INSERT INTO words VALUES {cells}")
    theirs = printed(Rulebook.default(), wanted._replace(dialect="postgres"))
    for name in columns:  # unquoted, PostgreSQL took them for small letters
        theirs = theirs.replace(f'"{name}"', name.lower())
    found = sorted(connection.execute(theirs).fetchall())
    assert found == sorted(embedded.execute(printed(Rulebook.default(), wanted)).fetchall())
    return [row[1] for row in found]


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
