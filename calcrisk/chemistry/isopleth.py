"""The phosphate that saturates serum, drawn over its calcium (MODEL, docs/chemistry-model.md, section 8).

The whole curve is solved in the same run as the patient, as further rows.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from calcrisk.chemistry import constants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from calcrisk.chemistry.serum import Array


def calcium() -> Array:
    """Return the total calcium (mg/dL) of each point of a curve."""
    shape = constants.document()["isopleth"]
    lowest, highest = shape["calcium_mg_dl"]
    return np.linspace(float(lowest), float(highest), int(shape["points"]))


def with_curve(columns: Mapping[str, Array]) -> dict[str, Array]:
    """Put the points of one patient's isopleth behind the patient's own row: all as it is but the calcium."""
    points = calcium() / constants.value("units", "calcium_mg_dl_per_mmol_l")
    table = np.repeat(np.array([*columns.values()]), 1 + len(points), axis=1)
    rows = dict(zip(columns, table, strict=True))
    rows["ca"][1:] = points
    rows["ionised_ca"][1:] = np.nan  # the curve is over the total calcium
    return rows


def curves(solved: Mapping[str, NDArray[np.float64]], threshold: float) -> dict[str, tuple[float | None, ...]]:
    """Return calcium and phosphates (mg/dL) of the curves: the line of the product, brushite, amorphous phosphate.

    ``solved`` is what the rows of ``with_curve`` gave; None where a phase is not reached.
    """
    points, factor = calcium(), constants.value("units", "phosphorus_mg_dl_per_mmol_l")
    prefix = "p_at_si0_"
    reached = {name.removeprefix(prefix): solved[name][1:] * factor for name in solved if name.startswith(prefix)}
    every = {"calcium": points, "product": threshold / points, **reached}
    return {name: tuple(None if isnan(at) else at for at in column.tolist()) for name, column in every.items()}
