"""The chemistry over Arrow record batches, as DuckDB and Spark hand them over, where pyarrow is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sera import inputs, stated
from solved import chemistry

from calcrisk.chemistry.blocks import solve
from calcrisk.chemistry.tables import columns, schema, solve_patients
from calcrisk.render.rows import CHEMISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

pa = pytest.importorskip(
    "pyarrow",
    reason="pyarrow is not installed, or not for this numpy: whoever has record batches brings it along",
    exc_type=ImportError,
)


def batches(size: int) -> list[Any]:
    table = pa.table({"who": pa.array([f"patient {row}" for row in range(300)]), **stated()})
    return list(table.to_batches(max_chunksize=size))


@pytest.mark.parametrize("size", [7, 300])
def test_batches_come_back_with_the_keys_and_the_chemistry(size: int) -> None:
    """In the rulebook's units, and the same as the solver gives in its own."""
    back = pa.Table.from_batches(solve_patients(batches(size), ("who",)))
    assert back.column_names == ["who", *columns()]
    assert back["who"].to_pylist() == [f"patient {row}" for row in range(300)]
    found = solve(inputs())
    for phase in ("hap", "dcpd"):
        assert np.abs(back[f"si_{phase}"].to_numpy() - found[f"si_{phase}"]).max() < 1e-6
    at = back["brushite_at_phosphate_mg_dl"].to_numpy() / 3.0974
    assert np.nanmax(np.abs(at / found["p_at_si0_dcpd"] - 1)) < 1e-5
    assert set(back["chemistry"].to_pylist()) == {"solved"}


def test_the_columns_are_those_of_a_batch_of_documents() -> None:
    assert set(columns()) == set(CHEMISTRY)


def test_the_schema_is_that_of_what_comes_back() -> None:
    """Of an empty batch too: Spark holds a function to what it announced."""
    kinds = {"string": "string", "double": "double", "boolean": "bool"}
    wanted = [("who", "string"), *((name, kinds[kind]) for name, kind in columns().items())]
    for batch in (batches(300)[0], batches(300)[0].slice(0, 0)):
        (back,) = solve_patients([batch], ("who",))
        assert [(field.name, str(field.type)) for field in back.schema] == wanted
    assert schema(who="string", at="bigint").startswith("`who` string, `at` bigint, `chemistry` string, ")
    assert schema(who="string").count(",") == len(columns())


def test_an_unknown_number_is_null() -> None:
    """And so is whatever cannot be told; the reason stands beside it."""
    batch = pa.RecordBatch.from_pydict({"calcium": [9.6, None, 9.6], "phosphate": [3.4, 3.4, 99.0]})
    (back,) = solve_patients([batch], ())
    assert back.column("chemistry").to_pylist() == ["solved", "missing", "out_of_range"]
    for name in ("si_hap", "brushite_precipice", "ionised_calcium_measured"):
        assert [value is None for value in back.column(name).to_pylist()] == [False, True, True], name
    assert back.column("chemistry_assumed").to_pylist()[0].startswith("albumin;globulins;pH;")


def test_columns_that_are_no_inputs_are_passed_over() -> None:
    """A table may hold texts, and kinds of numbers, as it likes."""
    rows = {"ward": ["a", "b"], "calcium": [9.6, 9.6], "phosphate": [4.0, 4.0], "dialysis": [True, None]}
    batch = pa.RecordBatch.from_pydict({**rows, "albumin": pa.array([4, None], pa.int32())})
    (back,) = solve_patients([batch], ("ward",))
    assert back.column("ward").to_pylist() == ["a", "b"]
    alone = chemistry(calcium=9.6, phosphate=4, albumin=4, dialysis=True).saturation["dcpd"].index
    assert back.column("si_dcpd").to_pylist()[0] == pytest.approx(alone, abs=1e-6)


def test_batches_are_worked_through_one_by_one() -> None:
    taken = []

    def coming() -> Iterator[Any]:
        for batch in batches(100):
            taken.append(batch)
            yield batch

    next(solve_patients(coming(), ("who",)))
    assert len(taken) == 1
