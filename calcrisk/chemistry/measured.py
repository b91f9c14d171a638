"""From the inputs of patients, in the rulebook's units, to the fields of the chemistry: columns in, columns out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.serum import FIELDS, total_co2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.chemistry.serum import Array

COLUMNS: Final = (*FIELDS, "ionised_ca", "dialysis")


def inputs() -> tuple[str, ...]:
    """Return the names of the inputs that the chemistry reads."""
    return (*constants.document()["reads"], *constants.document()["reads_besides"])


def fields(stated: Mapping[str, Array], rows: int) -> dict[str, Array]:
    """Return every field of ``COLUMNS``, NaN where nothing was measured; ``stated`` holds the inputs that are there.

    Globulins are the total protein less the albumin. A blood gas's bicarbonate is used where the total CO2 is lacking.
    """
    nothing = np.full(rows, np.nan)
    reads, besides = constants.document()["reads"], constants.document()["reads_besides"]
    found = dict.fromkeys(COLUMNS, nothing)
    for name, entry in reads.items():
        if name in stated:
            found[entry["field"]] = stated[name] / entry["per"]
    protein, gas = (stated.get(name, nothing) for name in ("total_protein", "blood_gas_bicarbonate"))
    found["globulin"] = protein / besides["total_protein"] - found["albumin"]
    found["tco2"] = np.where(np.isnan(found["tco2"]), total_co2(gas, found["ph"]), found["tco2"])
    found["dialysis"] = np.where(stated.get("dialysis", nothing) == 1, 1.0, np.nan)
    return found
