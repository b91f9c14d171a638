"""What is known within bounds only (``albumin <2``) and was not measured: nothing may be assumed against its bounds.

Where the usual value, or what follows from something measured, lies outside, the bound nearest to it stands for it, and
that is told. Loaded for the few patients of whom such a thing was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.serum import ASSUMED, FIELDS, fill, status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from calcrisk.chemistry.serum import Array, Filled
    from calcrisk.grounds import Input

    Columns = Mapping[str, Array]
    Mask = NDArray[np.bool_]

_LEADING: Final = ("na", "tco2", "protein")  # others follow from these, so their bounds come first
_BESIDES: Final = {"total_protein": "protein", "blood_gas_bicarbonate": "tco2"}  # inputs, and what they are read as
_ALL: Final = np.iinfo(np.uint16).max  # every mark


def fill_within(columns: Columns, lowest: Columns, highest: Columns) -> Filled:
    """Fill in as ``serum.fill`` does, but within the bounds; columns of the same units, NaN for an open end.

    ``lowest`` and ``highest`` hold the value itself where it was measured. Raises ValueError as ``fill`` does.
    """
    given, leading = _led(columns, lowest, highest)
    filled = fill(given)
    for name in leading.keys() - {"protein"}:
        filled.assumed |= leading[name].astype(np.uint16) << ASSUMED.index(name)
    moved = _moved(filled, *_with_globulins(columns, filled, lowest, highest), given["protein"])
    guessed = moved["ph"] | leading["tco2"]  # a pH of a bicarbonate that is no more than a bound is assumed
    filled.assumed &= np.where(guessed, _ALL ^ (1 << ASSUMED.index("ph_estimated")), _ALL).astype(np.uint16)
    filled.at_bound = {name: mask for name, mask in {**moved, **leading}.items() if mask.any()}
    filled.beside_bound = _beside(columns, filled, lowest, highest)
    filled.status = status(filled.table, filled.ionised_ca)
    return filled


def _led(columns: Columns, lowest: Columns, highest: Columns) -> tuple[dict[str, Array], dict[str, Mask]]:
    """Return the columns with the bounds that others follow from, and which rows they stand in."""
    given, marks = dict(columns), {}
    for name in _LEADING:
        unknown = np.isnan(columns[name])
        if name == "protein":  # beside an albumin it bounds the globulins
            unknown &= np.isnan(columns["albumin"])
        value, marks[name] = _clipped(_usual(name), unknown, lowest[name], highest[name])
        given[name] = np.where(marks[name], value, columns[name])
    return given, marks


def _beside(columns: Columns, filled: Filled, lowest: Columns, highest: Columns) -> Mask:
    """Tell which rows have a bound that was not needed, as the usual value lies within, or cannot be used."""
    beside = np.zeros(len(filled.status), dtype=bool)
    for name, column in columns.items():
        bounded = np.isnan(column) & ~(np.isnan(lowest[name]) & np.isnan(highest[name]))
        beside |= bounded & ~taken(filled, name)
    return beside


def taken(filled: Filled, name: str) -> Mask:
    """Tell in which rows a bound of ``name`` stands for the value; one of the total protein also as the globulins'."""
    none = np.zeros(len(filled.status), dtype=bool)
    marks = [filled.at_bound.get(part, none) for part in ((name, "globulin") if name == "protein" else (name,))]
    return np.asarray(np.logical_or.reduce(marks))


def labels(filled: Filled, row: int, inputs: Mapping[str, Input], *, used: bool) -> str:
    """Name the inputs of one patient that are known within bounds only and whose bound is used, or is not."""
    reads, said = constants.document()["reads"], []
    for name, part in inputs.items():
        field = reads[name]["field"] if name in reads else _BESIDES.get(name)
        if field is not None and _is_bounded(part) and bool(taken(filled, field)[row]) is used:
            said.append(part.label)
    return ", ".join(said)


def _is_bounded(part: Input) -> bool:
    return part.value is None and not (part.lowest is None and part.highest is None)


def _usual(name: str) -> float:
    fields = constants.document()["fields"]
    parts = ("albumin", "globulin") if name == "protein" else (name,)
    return float(sum(fields[part]["default"] for part in parts))


def _clipped(value: Array | float, open_to_it: Mask, low: Array, high: Array) -> tuple[Array, Mask]:
    """Return values moved to the nearer bound, and which of them were, among the rows that are open to it."""
    nearest = np.fmin(np.fmax(value, low), high)
    return nearest, open_to_it & (nearest != value)


def _with_globulins(columns: Columns, filled: Filled, low: Columns, high: Columns) -> tuple[Columns, Columns]:
    """Bound the globulins by the total protein, the albumin being known."""
    known = np.isnan(columns["protein"]) & ~np.isnan(columns["albumin"])  # as numbers
    ends = [np.where(known, end["protein"] - filled.values["albumin"], np.nan) for end in (low, high)]
    return {**low, "globulin": np.fmax(ends[0], 0)}, {**high, "globulin": ends[1]}


def _moved(filled: Filled, low: Columns, high: Columns, protein: Array) -> dict[str, Mask]:
    """Move what was assumed into its bounds, and the globulins with an albumin that is part of a total protein."""
    marks = {}
    for name in set(FIELDS[2:]) - set(_LEADING):
        values, mask = _clipped(filled.values[name], filled.assumes(name), low[name], high[name])
        np.copyto(filled.values[name], values, where=mask)
        marks[name] = mask
    follow = marks["albumin"] & ~np.isnan(protein)
    np.copyto(filled.values["globulin"], protein - filled.values["albumin"], where=follow)
    return marks
