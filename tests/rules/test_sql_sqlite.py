"""The same SELECT in SQLite, which Python brings along: an engine that knows no types holds the text to plain SQL."""

from __future__ import annotations

import sqlite3

import pytest
from engines import corpus, kinds, table, written
from random_tables import differences, patients

pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")
pytestmark = pytest.mark.volume


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
