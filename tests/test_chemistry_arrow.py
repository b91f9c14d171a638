"""The chemistry over Arrow record batches, as DuckDB and Spark hand them over, where pyarrow is installed."""

from __future__ import annotations

import numpy as np
import pytest
from sera import inputs

from calcrisk.chemistry.arrow import solve_batches
from calcrisk.chemistry.blocks import solve

pa = pytest.importorskip(
    "pyarrow",
    reason="pyarrow is not installed, or not for this numpy: whoever has record batches brings it along",
    exc_type=ImportError,
)


def batches(size: int) -> list[object]:
    table = pa.table({"who": pa.array([f"patient {row}" for row in range(300)]), **inputs()})
    return list(table.to_batches(max_chunksize=size))


@pytest.mark.parametrize("size", [7, 300])
def test_batches_come_back_with_the_chemistry_behind_their_own_columns(size: int) -> None:
    back = pa.Table.from_batches(solve_batches(batches(size)))
    assert back.num_rows == 300
    assert back["who"].to_pylist() == [f"patient {row}" for row in range(300)]
    assert np.abs(back["si_hap"].to_numpy() - solve(inputs())["si_hap"]).max() < 1e-6
    assert set(back["status"].to_pylist()) == {"solved"}


def test_an_unknown_number_is_null() -> None:
    """And so is whatever cannot be told; the reason stands beside it."""
    batch = pa.RecordBatch.from_pydict({"ca": [2.4, None, 2.4], "p": [1.1, 1.1, 99.0]})
    (back,) = solve_batches([batch])
    assert back.column("status").to_pylist() == ["solved", "missing", "out_of_range"]
    assert [value is None for value in back.column("si_hap").to_pylist()] == [False, True, True]
    assert "albumin;globulin;ph" in back.column("assumed").to_pylist()[0]


def test_batches_are_worked_through_one_by_one() -> None:
    taken = []

    def coming() -> object:
        for batch in batches(100):
            taken.append(batch)
            yield batch

    next(solve_batches(coming()))  # type: ignore[arg-type]  # a generator of batches
    assert len(taken) == 1


def test_a_measured_ionised_calcium_keeps_its_column() -> None:
    """What was solved stands beside it, under a name of its own."""
    own = {"ca": [2.4, 2.4], "p": [1.1, 1.1], "ionised_ca": [1.1, None], "status": ["a", "b"]}
    batch = pa.RecordBatch.from_pydict(own)
    (back,) = solve_batches([batch])
    assert len(set(back.schema.names)) == len(back.schema.names)
    assert back.column("ionised_ca").to_pylist() == [1.1, None]
    measured, predicted = back.column("ionised_ca_solved").to_pylist()
    assert measured == pytest.approx(1.1, abs=1e-6)
    assert predicted == pytest.approx(1.23, abs=0.02)
    assert back.column("status").to_pylist() == ["a", "b"]
    assert set(back.column("status_solved").to_pylist()) == {"solved"}
