"""The chemistry of a table of patients, over Arrow record batches: the columns that a batch of documents has.

For DuckDB, and for Spark's ``mapInArrow`` as it stands; the keys, with their types, stand before the answer's columns:

    patients.mapInArrow(partial(solve_patients, keys=("id",)), schema(id="string"))

pyarrow is brought along by whoever has record batches; nothing else here needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcrisk.assessment import ESTIMATED
from calcrisk.chemistry import constants
from calcrisk.chemistry.blocks import PRECIPICES, REACH, shown, solve_filled, warned
from calcrisk.chemistry.newton import QUICK
from calcrisk.chemistry.serum import ASSUMED, SOLVED, STATUS, fill, from_inputs, inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray


def solve_patients(batches: Iterable[Any], keys: Iterable[str]) -> Iterator[Any]:
    """Give, for each record batch of patients, the ``keys`` and the chemistry beside them; memory stays that of one.

    Columns are named as the inputs of a patient, in the rulebook's units (calcium and phosphate mg/dL, albumin and
    total protein g/dL, ``ionised_calcium`` mmol/L, ``dialysis`` true or false); null where nothing was measured, others
    are passed over. ``columns`` names what comes back; a number that is not known is null, ``chemistry`` says why.
    """
    import pyarrow as pa

    kept, read = list(keys), set(inputs())
    for batch in batches:
        stated = {name: _numbers(batch.column(name)) for name in batch.schema.names if name in read}
        told = {name: batch.column(name) for name in kept} | _told(stated, batch.num_rows)
        yield pa.RecordBatch.from_pydict(told)


def columns() -> dict[str, str]:
    """Return the columns that ``solve_patients`` adds, with their types in SQL: double, boolean or string."""
    numbers = ("ionised_calcium_mmol_l", *(f"si_{name}" for name in shown()), "brushite_at_phosphate_mg_dl")
    return {
        "chemistry": "string",
        **dict.fromkeys(numbers, "double"),
        "ionised_calcium_measured": "boolean",
        **dict.fromkeys(("brushite_precipice", "chemistry_assumed", "chemistry_warnings"), "string"),
    }


def schema(**keys: str) -> str:
    """Return the schema of what ``solve_patients`` gives, as Spark reads it; ``keys`` with their types (``bigint``)."""
    return ", ".join(f"`{name}` {kind}" for name, kind in (keys | columns()).items())


def _told(stated: dict[str, Any], rows: int) -> dict[str, Any]:
    import pyarrow as pa

    filled = fill(from_inputs(stated, rows))
    solved = solve_filled(filled, tolerance=QUICK)
    done, brushite = solved["status"] == SOLVED, PRECIPICES[0]
    warnings = warned(filled, solved)
    marks = np.array([rows << place for place, rows in enumerate(warnings.values())], dtype=np.uint16)
    found: dict[str, Any] = {
        "chemistry": np.take(STATUS, solved["status"]),
        "ionised_calcium_mmol_l": solved["ionised_ca"],
        **{f"si_{name}": solved[f"si_{name}"] for name in shown()},
        "brushite_at_phosphate_mg_dl": solved[f"p_at_si0_{brushite}"]
        * constants.value("units", "phosphorus_mg_dl_per_mmol_l"),
        "ionised_calcium_measured": pa.array(~np.isnan(filled.ionised_ca), mask=~done),
        "brushite_precipice": pa.array(np.take(REACH, solved[f"reach_{brushite}"]), mask=~done),
        "chemistry_assumed": _texts(np.where(done, solved["assumed"], 0), _labels),
        "chemistry_warnings": _texts(np.bitwise_or.reduce(marks), lambda bits: _codes(bits, list(warnings))),
    }
    kinds = {"string": pa.string(), "double": pa.float64(), "boolean": pa.bool_()}
    return {name: pa.array(found[name], kinds[kind], from_pandas=True) for name, kind in columns().items()}


def _numbers(column: Any) -> Any:  # noqa: ANN401  # pyarrow is not there when types are checked
    """Read a column as an array of doubles; NaN where it has none."""
    import pyarrow as pa

    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)


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
