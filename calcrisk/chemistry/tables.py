"""The chemistry of a table of patients, over Arrow record batches: the columns that a batch of documents has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.arrow import numbers
from calcrisk.chemistry.blocks import PRECIPICES, REACH, shown, solve_filled
from calcrisk.chemistry.newton import QUICK
from calcrisk.chemistry.serum import ASSUMED, SOLVED, STATUS, fill, from_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def solve_patients(batches: Iterable[Any], keys: Iterable[str]) -> Iterator[Any]:
    """Give, for each record batch of inputs (in the rulebook's units), the ``keys`` and the chemistry beside them."""
    import pyarrow as pa

    kept = list(keys)
    for batch in batches:
        stated = {name: numbers(batch.column(name)) for name in batch.schema.names if name not in kept}
        columns = {name: batch.column(name) for name in kept} | _told(stated, batch.num_rows)
        yield pa.RecordBatch.from_pydict(columns)


def _told(stated: dict[str, Any], rows: int) -> dict[str, Any]:
    import pyarrow as pa

    columns = from_inputs(stated, rows)
    filled = fill(columns)
    solved = solve_filled(filled, tolerance=QUICK)
    done = solved["status"] == SOLVED
    level = solved[f"p_at_si0_{PRECIPICES[0]}"] * constants.value("units", "phosphorus_mg_dl_per_mmol_l")
    level[np.isnan(filled.values["p"])] = np.nan
    numbers = {
        "ionised_calcium_mmol_l": solved["ionised_ca"],
        **{f"si_{name}": solved[f"si_{name}"] for name in shown()},
        "brushite_at_phosphate_mg_dl": level,
    }
    by_measure = pa.array(~np.isnan(columns["ionised_ca"]), mask=~done)
    patterns, which = np.unique(np.where(done, solved["assumed"], 0), return_inverse=True)  # few among many rows
    assumed = np.array([_labels(int(bits)) for bits in patterns], dtype=object)[which]
    return {
        "chemistry": pa.array(np.take(STATUS, solved["status"])),
        **{name: pa.array(column, from_pandas=True) for name, column in numbers.items()},
        "ionised_calcium_measured": by_measure,
        "brushite_precipice": pa.array(np.take(REACH, solved[f"reach_{PRECIPICES[0]}"]), mask=~done),
        "chemistry_assumed": pa.array(assumed),
    }


def _labels(bits: int) -> str:
    entries = constants.document()["fields"]
    return ";".join(entries[name]["label"] for at, name in enumerate(ASSUMED) if bits >> at & 1 and name in entries)
