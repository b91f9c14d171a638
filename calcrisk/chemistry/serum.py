"""From what a laboratory reports, per litre of serum, to molalities in serum water, with what was assumed marked.

Columns are arrays of one length, NaN where nothing was measured. What cannot be solved has a status that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from calcrisk.chemistry import constants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]
    Marks: TypeAlias = NDArray[np.uint16]

FIELDS: Final = ("ca", "p", "albumin", "globulin", "ph", "tco2", "mg", "na", "k", "cl", "so4", "citrate", "lactate")
ASSUMED: Final = (*FIELDS[2:], "ph_estimated")  # the bits of ``assumed``; the last: from the bicarbonate
LIGANDS: Final = ("p", "so4", "citrate", "tco2", "lactate", "protein")  # sodium binds the first three of them
STATUS: Final = ("solved", "missing", "out_of_range", "not_converged")
SOLVED, MISSING, OUT_OF_RANGE, NOT_CONVERGED = range(len(STATUS))  # the codes of these words
RADIX: Final = 10.0  # of the logarithms that chemists write
MILLI: Final = 1 / 1000  # mol in a mmol
_LEAST: Final = 1e-6  # mmol/L; an ion that takes part is never quite absent


class Filled(NamedTuple):
    """Every field of every row, in the units of the fields; measured ionised calcium NaN where there is none."""

    values: dict[str, Array]
    ionised_ca: Array
    assumed: Marks
    status: NDArray[np.uint8]


class Serum(NamedTuple):
    """Totals in mol per kg of serum water; the last axis is the row.

    ``inert`` are potassium and chloride, ``ligands`` the six totals in the order of LIGANDS, ``h`` the activity of the
    hydrogen ion, ``held_ca`` the free calcium that was measured (NaN: it follows from the total).
    """

    kg: Array
    ca: Array
    mg: Array
    na: Array
    inert: Array
    ligands: Array
    ph: Array
    h: Array
    held_ca: Array

    def take(self, rows: NDArray[np.intp] | slice) -> Serum:
        """Return some of the rows."""
        return Serum(*(part[..., rows] for part in self))


def fill(columns: Mapping[str, ArrayLike]) -> Filled:
    """Fill in what was not measured, mark it, and give every row a status: solvable, something missing or out of range.

    Raises ValueError when a column has no meaning here or another length than the rest.
    """
    given = _given(columns)
    size = len(next(iter(given.values())))
    nothing = np.full(size, np.nan)
    dialysis = given.pop("dialysis", nothing)
    ionised = given.pop("ionised_ca", nothing)
    values = {name: given.get(name, nothing) for name in FIELDS}
    assumed = np.zeros(size, dtype=np.uint16)
    for bit, name in enumerate(ASSUMED[:-1]):
        assumed |= np.isnan(values[name]).astype(np.uint16) << np.uint16(bit)
    estimated = np.isnan(values["ph"]) & ~np.isnan(values["tco2"])
    assumed |= estimated.astype(np.uint16) << np.uint16(len(ASSUMED) - 1)
    filled = {name: np.where(np.isnan(values[name]), other, values[name]) for name, other in _usual(values, dialysis)}
    return Filled(filled, ionised, assumed, _status(filled, ionised))


def _given(columns: Mapping[str, ArrayLike]) -> dict[str, Array]:
    known = {*FIELDS, "ionised_ca", "dialysis"}
    strange = sorted(columns.keys() - known)
    if strange:
        message = f"no columns of the chemistry: {', '.join(strange)}; they are {', '.join(sorted(known))}"
        raise ValueError(message)
    given = {name: np.atleast_1d(np.asarray(column, dtype=np.float64)) for name, column in columns.items()}
    if not {"ca", "p"} <= given.keys() or len({column.shape for column in given.values()}) > 1:
        message = "the chemistry needs the columns ca and p, and all columns of one length"
        raise ValueError(message)
    return given


def _usual(values: dict[str, Array], dialysis: Array) -> list[tuple[str, Array | float]]:
    """Return what stands for each field that was not measured (MODEL section 2)."""
    entries = constants.document()["fields"]
    usual: dict[str, Array | float] = {
        name: np.nan if entries[name]["default"] is None else entries[name]["default"] for name in FIELDS
    }
    so4 = entries["so4"]
    usual["so4"] = np.where(dialysis == 1, so4["default_on_dialysis"], so4["default"])
    expected = values["na"] - constants.value("rules_of_default", "sodium_less_chloride")
    usual["cl"] = np.where(np.isnan(expected), entries["cl"]["default"], expected)
    usual["ph"] = np.where(np.isnan(values["tco2"]), entries["ph"]["default"], compensated(values["tco2"]))
    return list(usual.items())


def compensated(tco2: Array) -> Array:
    """Return the pH that goes with a total CO2 (mmol/L) when the lungs answer a metabolic disorder as expected."""
    number = {name: constants.value("acid_base", name) for name in constants.document()["acid_base"]}
    above = tco2 - number["normal_tco2"]
    pco2 = number["normal_pco2"] + np.where(above < 0, number["slope_below"], number["slope_above"]) * above
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(number["pk"] + np.log10(tco2 / (number["co2_mmol_l_per_mmhg"] * pco2)))


def total_co2(hco3: Array, ph: Array) -> Array:
    """Convert a blood gas's bicarbonate (mmol/L) to total CO2; a pH that is not known (NaN) is the usual one."""
    used = np.where(np.isnan(ph), constants.document()["fields"]["ph"]["default"], ph)
    return np.asarray(hco3 * (1 + RADIX ** (constants.value("acid_base", "pk") - used)))


def _status(filled: dict[str, Array], ionised: Array) -> NDArray[np.uint8]:
    entries = constants.document()["fields"]
    status = np.full(len(ionised), SOLVED, dtype=np.uint8)
    for name, column in {**filled, "ionised_ca": ionised}.items():
        lowest, highest = entries[name]["range"]
        status[(column < lowest) | (column > highest)] = OUT_OF_RANGE
    status[(np.isnan(filled["ca"]) & np.isnan(ionised)) | np.isnan(filled["p"])] = MISSING
    return status


def molal(filled: Filled, rows: NDArray[np.intp] | slice) -> Serum:
    """Turn some of the rows into molalities of serum water (MODEL section 3)."""
    one = {name: column[rows] for name, column in filled.values.items()}
    ionised = filled.ionised_ca[rows]
    one["ca"] = np.where(np.isnan(one["ca"]), 2 * ionised, one["ca"])  # takes no part where the free calcium is known
    protein = one["albumin"] + one["globulin"]
    litres = constants.value("water", "fraction") - constants.value("water", "fraction_per_g_l") * protein
    kg = litres * constants.value("water", "density_kg_per_l")
    total = {name: MILLI * np.maximum(one[name], _LEAST) / kg for name in ("ca", "mg", "na", "p")}
    other = {name: MILLI * one[name] / kg for name in ("k", "cl", "so4", "citrate", "tco2", "lactate")}
    sites = constants.value("protein", "albumin_sites_mmol_per_g") * one["albumin"]
    sites = sites + constants.value("protein", "globulin_sites_mmol_per_g") * one["globulin"]
    ligands = {**total, **other, "protein": MILLI * sites / kg}
    return Serum(
        kg=kg,
        ca=total["ca"],
        mg=total["mg"],
        na=total["na"],
        inert=other["k"] + other["cl"],
        ligands=np.stack([ligands[name] for name in LIGANDS]),
        ph=one["ph"],
        h=RADIX ** -one["ph"],
        held_ca=ionised * MILLI / constants.value("water", "density_kg_per_l"),
    )
