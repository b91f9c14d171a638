"""The chemistry of a table of patients, over Arrow record batches: the columns that a batch of documents has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcrisk.assessment import ESTIMATED
from calcrisk.chemistry import constants
from calcrisk.chemistry.arrow import numbers
from calcrisk.chemistry.blocks import PRECIPICES, REACH, shown, solve_filled, warned
from calcrisk.chemistry.newton import QUICK
from calcrisk.chemistry.serum import ASSUMED, SOLVED, STATUS, fill, from_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray


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
    told = warned(filled, solved)
    bits = np.array([rows << place for place, rows in enumerate(told.values())], dtype=np.uint16)
    return {
        "chemistry": pa.array(np.take(STATUS, solved["status"])),
        **{name: pa.array(column, from_pandas=True) for name, column in numbers.items()},
        "ionised_calcium_measured": by_measure,
        "brushite_precipice": pa.array(np.take(REACH, solved[f"reach_{PRECIPICES[0]}"]), mask=~done),
        "chemistry_assumed": pa.array(_texts(np.where(done, solved["assumed"], 0), _labels)),
        "chemistry_warnings": pa.array(_texts(np.bitwise_or.reduce(bits), lambda marks: _codes(marks, list(told)))),
    }


def _texts(marks: NDArray[np.uint16], text: Callable[[int], str]) -> NDArray[np.object_]:
    """Return the text of each row's marks; few patterns stand among many rows."""
    patterns, which = np.unique(marks, return_inverse=True)
    return np.array([text(int(pattern)) for pattern in patterns], dtype=object)[which]


def _labels(marks: int) -> str:
    entries, held = constants.document()["fields"], [name for at, name in enumerate(ASSUMED) if marks >> at & 1]
    said = {name: entries[name]["label"] for name in held if name in entries}
    if "ph_estimated" in held:
        said["ph"] += ESTIMATED
    return ";".join(said.values())


def _codes(marks: int, codes: Sequence[str]) -> str:
    return ";".join(f"chemistry-{code}" for at, code in enumerate(codes) if marks >> at & 1)
