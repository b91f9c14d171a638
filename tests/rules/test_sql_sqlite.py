"""The same SELECT in SQLite, which Python brings along: an engine that knows no types holds the text to plain SQL."""

from __future__ import annotations

import sqlite3
from typing import Final

import pytest
from engines import corpus, kinds, table, written
from random_tables import differences, patients

from calcrisk import Rulebook
from calcrisk.cohort.printing import Wanted, plain_columns, printed

pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")
pytestmark = pytest.mark.volume

_PLAIN: Final = ("9.9", " 9.9 ", "+9.9", "10")
_ODD: Final = (
    *("-1", "9.9 mg/dL", "2.4 mmol/L", "<6", "9,9", "9.", ".9", "9.9.9", "1e1", "9-9"),
    *("+", "-+9", "nan", "0x9", "9 9", "٩"),
)


def test_samples_cases_and_random_patients_on_every_threshold() -> None:
    some = [*corpus(), *patients(100, seed=20261130)]
    connection = sqlite3.connect(":memory:")
    if not connection.execute(
        "SELECT 1 FROM pragma_compile_options WHERE compile_options = 'ENABLE_MATH_FUNCTIONS'"
    ).fetchall():
        pytest.skip("this SQLite was built without logarithms and powers")
    connection.execute(f"CREATE TABLE labs ({', '.join(f'{name} {kind}' for name, kind in kinds('REAL').items())})")
    places = ", ".join("?" for _ in kinds())
    connection.executemany(f"INSERT INTO labs VALUES ({places})", table(some))
    found = connection.execute(f"SELECT * FROM ({written('sqlite')}) ORDER BY place")
    labels = [column[0] for column in found.description]
    rows = [dict(zip(labels, row, strict=True)) for row in found.fetchall()]
    told = [differences(one, row) for one, row in zip(some, rows, strict=True)]
    assert [one for one in told if one] == []


def test_numbers_that_are_kept_as_texts() -> None:
    """Python's SQLite has no regular expressions; what is a plain number is what DuckDB says it is."""
    duckdb = pytest.importorskip("duckdb")
    columns = plain_columns({"place": "INTEGER", "calcium": "VARCHAR", "ckd_stage": "VARCHAR"})
    rows = [(at, text, "G5") for at, text in enumerate((*_PLAIN, "", None, *_ODD))]
    found = []
    for dialect, connection in (("sqlite", sqlite3.connect(":memory:")), ("duckdb", duckdb.connect())):
        connection.execute("CREATE TABLE labs (place INTEGER, calcium VARCHAR, ckd_stage VARCHAR)")
        connection.executemany("INSERT INTO labs VALUES (?, ?, ?)", rows)
        query = printed(Rulebook.default(), Wanted(dialect, "labs", columns, kept=("place",)))
        shown = "place, status, errors, classification, mineral_load"
        answers = connection.execute(f"SELECT {shown} FROM ({query}) AS t ORDER BY place").fetchall()
        found.append([tuple(row) for row in answers])
    assert found[0] == found[1]
    states = [row[1] for row in found[0]]
    assert states == ["scored"] * (len(_PLAIN) + 2) + ["refused"] * len(_ODD)
