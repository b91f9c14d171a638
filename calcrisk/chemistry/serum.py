"""From inputs of patients to what a laboratory reports per litre of serum, to molalities in serum water.

The quantities, defaults and units of MODEL (docs/chemistry-model.md), sections 1 to 3.

Columns are arrays of one length, NaN where nothing was measured. What was assumed instead is marked, and what cannot be
solved has a status that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, dataclass_transform

import numpy as np

from calcrisk.chemistry import constants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]
    Marks: TypeAlias = NDArray[np.uint16]

FIELDS: Final = ("ca", "p", "albumin", "globulin", "ph", "tco2", "mg", "na", "k", "cl", "so4", "citrate", "lactate")
BESIDES: Final = ("ionised_ca", "dialysis", "protein")  # what else may be known; never filled in
COLUMNS: Final = (*FIELDS, *BESIDES)  # all that is known of a serum
ASSUMED: Final = (*FIELDS[2:], "ph_estimated")  # the bits of ``assumed``; the last: from the bicarbonate
STATUS: Final = ("solved", "missing", "out_of_range", "not_converged")
SOLVED, MISSING, OUT_OF_RANGE, NOT_CONVERGED = range(len(STATUS))  # the codes of these words
RADIX: Final = 10.0  # of the logarithms that chemists write
MILLI: Final = 1 / 1000  # mol in a mmol
_LEAST: Final = 1e-6  # mmol/L; an ion that takes part is never quite absent


@dataclass_transform()
class Rows:
    """What has an array in each of its fields, which share the last axis, the row; made of them as they are declared.

    A NamedTuple or a dataclass takes longer to define than a whole step of the solver takes for one patient.
    """

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401  # typed by the fields
        """Take every field."""
        self.__dict__.update(zip(type(self).__annotations__, parts, strict=True))

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return some of the rows, copied."""
        return type(self)(*(part.take(rows, axis=-1) for part in vars(self).values()))

    def first(self, count: int) -> Self:
        """Return the first rows, not copied."""
        return type(self)(*(part[..., :count] for part in vars(self).values()))

    def _replace(self, **changed: Any) -> Self:  # noqa: ANN401  # arrays, as in the fields
        """Return the same with other arrays in some fields, as named tuples do."""
        return type(self)(*(vars(self) | changed).values())


class Filled:
    """Every field of every row, in the units of the fields; measured ionised calcium NaN where there is none.

    ``values`` are the rows of ``table`` by their names. ``at_bound`` marks by field the rows whose value is a bound
    that was stated, ``beside_bound`` those with a bound that was not used: ``bounds`` fills them, else there are none.
    """

    __slots__ = ("assumed", "at_bound", "beside_bound", "ionised_ca", "status", "table", "values")

    def __init__(self, table: Array, ionised_ca: Array, assumed: Marks, status: NDArray[np.uint8]) -> None:
        """Take columns, those of the fields in the order of FIELDS."""
        self.table, self.ionised_ca, self.assumed, self.status = table, ionised_ca, assumed, status
        self.values: dict[str, Array] = dict(zip(FIELDS, table, strict=True))
        self.at_bound: dict[str, NDArray[np.bool_]] = {}
        self.beside_bound: NDArray[np.bool_] | None = None

    def assumes(self, name: str) -> NDArray[np.bool_]:
        """Tell which rows have ``name``, one of ``ASSUMED``, by assumption."""
        return np.asarray((self.assumed & 1 << ASSUMED.index(name)) != 0)


class Serum(Rows):
    """Totals in mol per kg of serum water; the last axis is the row.

    ``totals`` are those of calcium, magnesium and sodium, ``inert`` potassium and chloride, ``ligands`` the totals of
    the six in the order of ``speciation``, ``h`` the activity of the hydrogen ion, ``forms`` the part that it has in
    the ratios of H2PO4, PO4, HCit, CO3 and CO2 (MODEL 6.1), ``held_ca`` the free calcium that was measured (NaN: it
    follows from the total).
    """

    kg: Array
    totals: Array
    inert: Array
    ligands: Array
    ph: Array
    h: Array
    forms: Array
    held_ca: Array


def inputs() -> tuple[str, ...]:
    """Return the names of the inputs of a patient that the chemistry reads."""
    return (*constants.document()["reads"], *constants.document()["reads_besides"])


def from_inputs(stated: Mapping[str, Array], rows: int) -> dict[str, Array]:
    """Return the columns that ``fill`` takes; ``stated`` holds the inputs that are there, in the rulebook's units.

    A blood gas's bicarbonate is used where the total CO2 is lacking.
    """
    nothing = np.full(rows, np.nan)
    reads, besides = constants.document()["reads"], constants.document()["reads_besides"]
    found = dict.fromkeys(COLUMNS, nothing)
    for name, entry in reads.items():
        if name in stated:
            found[entry["field"]] = stated[name] / entry["per"]
    protein, gas = (stated.get(name, nothing) for name in ("total_protein", "blood_gas_bicarbonate"))
    found["protein"] = protein / besides["total_protein"]
    if not np.isnan(gas).all():  # of most patients none was drawn
        found["tco2"] = np.where(np.isnan(found["tco2"]), total_co2(gas, found["ph"]), found["tco2"])
    found["dialysis"] = np.where(stated.get("dialysis", nothing) == 1, 1.0, np.nan)
    return found


def fill(columns: Mapping[str, ArrayLike]) -> Filled:
    """Fill in what was not measured, mark it, and give every row a status: solvable, something missing or out of range.

    See MODEL 2. Globulins are the total protein, where that was measured, less the albumin; where the albumin was not,
    it is the usual share of it. Raises ValueError when a column has no meaning here or another length than the rest.
    """
    given = _given(columns)
    nothing = np.full(len(given["ca"]), np.nan)
    ionised, dialysis, protein = (given.get(name, nothing) for name in BESIDES)
    table = np.array([given.get(name, nothing) for name in FIELDS])
    known = not np.isnan(protein).all()  # of any row
    if known:
        _less_albumin(table, protein)
    assumed = _marked(np.isnan(table))
    if known:
        _share(table, protein)
    _fill_in(table, dialysis)
    return Filled(table, ionised, assumed, status(table, ionised))


def _given(columns: Mapping[str, ArrayLike]) -> dict[str, Array]:
    strange = sorted(columns.keys() - set(COLUMNS))
    if strange:
        message = f"no columns of the chemistry: {', '.join(strange)}; they are {', '.join(sorted(COLUMNS))}"
        raise ValueError(message)
    given = {name: _column(values) for name, values in columns.items()}
    if not {"ca", "p"} <= given.keys() or len({column.shape for column in given.values()}) > 1:
        message = "the chemistry needs the columns ca and p, and all columns of one length"
        raise ValueError(message)
    return given


def _column(values: ArrayLike) -> Array:
    column = np.asarray(values, dtype=np.float64)
    return column if column.ndim else column[None]


def _marked(unknown: NDArray[np.bool_]) -> Marks:
    ph, tco2 = (unknown[FIELDS.index(name)] for name in ("ph", "tco2"))
    bits = np.array((*unknown[2:], ph & ~tco2), dtype=np.uint16)  # in the order of ASSUMED
    return np.asarray(np.bitwise_or.reduce(bits << np.arange(len(bits), dtype=np.uint16)[:, None]))


def _less_albumin(table: Array, protein: Array) -> None:
    albumin, globulin = table[FIELDS.index("albumin")], table[FIELDS.index("globulin")]
    np.copyto(globulin, protein - albumin, where=np.isnan(globulin))


def _share(table: Array, protein: Array) -> None:
    """Give an albumin that was not measured, and the globulins, their usual shares of the total protein."""
    albumin = table[FIELDS.index("albumin")]
    np.copyto(albumin, protein * constants.value("rules_of_default", "albumin_of_protein"), where=np.isnan(albumin))
    _less_albumin(table, protein)


def _fill_in(table: Array, dialysis: Array) -> None:
    """Put in what stands for each field that was not measured (MODEL section 2)."""
    entries, values = constants.document()["fields"], dict(zip(FIELDS, table, strict=True))
    expected = {
        "cl": values["na"] - constants.value("rules_of_default", "sodium_less_chloride"),
        "so4": np.where(dialysis == 1, entries["so4"]["default_on_dialysis"], np.nan),
    }
    if not np.isnan(values["tco2"]).all():
        expected["ph"] = compensated(values["tco2"])
    for name, column in expected.items():
        np.copyto(values[name], column, where=np.isnan(values[name]))
    usual = np.array([entries[name]["default"] for name in FIELDS], dtype=np.float64)  # None, where none is, is NaN
    np.copyto(table, usual[:, None], where=np.isnan(table))


def compensated(tco2: Array) -> Array:
    """Return the pH of a total CO2 (mmol/L) when the lungs answer a metabolic disorder as expected (MODEL 2)."""
    number = {name: constants.value("acid_base", name) for name in constants.document()["acid_base"]}
    above = tco2 - number["normal_tco2"]
    pco2 = number["normal_pco2"] + np.where(above < 0, number["slope_below"], number["slope_above"]) * above
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(number["pk"] + np.log10(tco2 / (number["co2_mmol_l_per_mmhg"] * pco2)))


def total_co2(hco3: Array, ph: Array) -> Array:
    """Convert a blood gas's bicarbonate (mmol/L) to total CO2 (MODEL 2); a pH not known (NaN) is the usual one."""
    used = np.where(np.isnan(ph), constants.document()["fields"]["ph"]["default"], ph)
    return np.asarray(hco3 * (1 + RADIX ** (constants.value("acid_base", "pk") - used)))


def status(table: Array, ionised: Array) -> NDArray[np.uint8]:
    """Return the status of each row of filled fields: missing, out of the accepted range (MODEL 2), or solvable."""
    entries = constants.document()["fields"]
    lowest, highest = np.array([entries[name]["range"] for name in (*FIELDS, "ionised_ca")]).T[..., None]
    outside = np.logical_or.reduce((table < lowest[:-1]) | (table > highest[:-1]))
    outside |= (ionised < lowest[-1]) | (ionised > highest[-1])
    ca, p = table[:2]
    missing = (np.isnan(ca) & np.isnan(ionised)) | np.isnan(p)
    return np.where(missing, MISSING, np.where(outside, OUT_OF_RANGE, SOLVED)).astype(np.uint8)


def molal(filled: Filled, rows: NDArray[np.intp] | slice) -> Serum:
    """Turn some of the rows into molalities of serum water (MODEL section 3)."""
    ca, p, albumin, globulin, ph, tco2, mg, na, potassium, cl, so4, citrate, lactate = filled.table[:, rows]
    ionised = filled.ionised_ca[rows]
    ca = np.where(np.isnan(ca), 2 * ionised, ca)  # takes no part where the free calcium is known
    number, k, h = constants.value, constants.equilibrium(), RADIX**-ph
    litres = number("water", "fraction") - number("water", "fraction_per_g_l") * (albumin + globulin)
    kg = litres * number("water", "density_kg_per_l")
    sites = number("protein", "albumin_sites_mmol_per_g") * albumin
    sites = sites + number("protein", "globulin_sites_mmol_per_g") * globulin
    per_kg = MILLI / kg
    return Serum(
        kg,
        np.maximum((ca, mg, na), _LEAST) * per_kg,
        (potassium + cl) * per_kg,
        np.array((np.maximum(p, _LEAST), so4, citrate, tco2, lactate, sites)) * per_kg,
        ph,
        h,
        np.array((k["H2PO4-"] * h, k["PO4-3"] / h, k["HCit-2"] * h, 1 / (k["HCO3-"] * h), k["CO2"] / k["HCO3-"] * h)),
        ionised * MILLI / number("water", "density_kg_per_l"),
    )
