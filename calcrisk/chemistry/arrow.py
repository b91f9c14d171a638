"""The same chemistry over Arrow record batches: for DuckDB, and for Spark's ``mapInArrow`` as it stands.

    patients.mapInArrow(solve_batches, schema)

pyarrow is brought along by whoever has record batches; nothing else here needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcrisk.chemistry.blocks import solve
from calcrisk.chemistry.newton import QUICK
from calcrisk.chemistry.serum import ASSUMED, COLUMNS, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def solve_batches(batches: Iterable[Any]) -> Iterator[Any]:
    """Give each record batch back with the columns of the chemistry behind its own; memory stays that of one batch.

    Columns are read by the names of ``blocks.solve``; others pass through. Unknown numbers are null, ``status`` is a
    word, ``assumed`` the names of what was not measured, semicolons between. A name that the batch has already, as
    that of a measured ``ionised_ca``, becomes ``ionised_ca_solved``. ValueError without ``ca`` and ``p``.
    """
    import pyarrow as pa

    for batch in batches:
        columns = {name: numbers(batch.column(name)) for name in batch.schema.names if name in COLUMNS}
        solved = solve(columns, tolerance=QUICK)
        status, assumed = solved.pop("status"), solved.pop("assumed")
        arrays = [*batch.columns, *(pa.array(column, from_pandas=True) for column in solved.values())]
        arrays += [pa.array(np.take(STATUS, status)), pa.array([_named(int(bits)) for bits in assumed])]
        own = batch.schema.names
        names = [f"{name}_solved" if name in own else name for name in (*solved, "status", "assumed")]
        yield pa.RecordBatch.from_arrays(arrays, names=[*own, *names])


def numbers(column: Any) -> Any:  # noqa: ANN401  # pyarrow is not there when types are checked
    """Read a column as an array of doubles; NaN where it has none."""
    import pyarrow as pa

    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _named(bits: int) -> str:
    return ";".join(name for place, name in enumerate(ASSUMED) if bits >> place & 1)
