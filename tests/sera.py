"""What the tests of the chemistry share: PHREEQC's answers, the worked example, random sera."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.serum import FIELDS, Serum, fill, molal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[np.float64]]

DATA = Path(__file__).parent / "data" / "chemistry"
EVERY_PHASE = ("hap", "ocp", "tcp", "dcpd", "dcpa", "acp", "calcite")
WORKED = {
    "ca": 2.40,
    "p": 1.10,
    "mg": 0.85,
    "na": 140,
    "k": 4.3,
    "cl": 103,
    "tco2": 25,
    "so4": 0.33,
    "citrate": 0.11,
    "lactate": 1.0,
    "albumin": 42,
    "globulin": 28,
    "ph": 7.40,
}


@cache
def reference() -> Columns:
    """The 300 compositions and PHREEQC's answers, by column; NaN where the table is blank."""
    with (DATA / "reference_phreeqc.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = [name for name in rows[0] if name != "group"]
    return {name: np.array([float(row[name]) if row[name] else np.nan for row in rows]) for name in numbers}


def inputs() -> Columns:
    """The compositions of the reference alone."""
    return {name: reference()[name] for name in FIELDS}


def stated() -> Columns:
    """The same compositions as inputs of patients, in the rulebook's units."""
    columns = inputs()
    found = {name: columns[entry["field"]] * entry["per"] for name, entry in _reads().items()}
    return found | {"total_protein": (columns["albumin"] + columns["globulin"]) / 10}


def _reads() -> dict[str, Any]:
    reads = constants.document()["reads"]
    return {name: entry for name, entry in reads.items() if entry["field"] in FIELDS}


def one(**changed: float) -> Columns:
    """The worked example as a row, with some fields changed."""
    return {name: np.array([float(value)]) for name, value in {**WORKED, **changed}.items()}


def several(field: str, values: list[float], **changed: float) -> Columns:
    """The worked example many times over, one field running through values."""
    columns = {name: np.repeat(column, len(values)) for name, column in one(**changed).items()}
    return columns | {field: np.array(values)}


def serum(columns: Columns) -> Serum:
    """Rows as the solver takes them."""
    return molal(fill(columns), slice(None))


def extremes(rows: int, seed: int, *, wider: float = 0.0) -> Columns:
    """Random sera over the whole accepted range, small amounts as likely as large; ``wider`` leaves it by that part."""
    chance = np.random.default_rng(seed)
    columns = {}
    for name in FIELDS:
        lowest, highest = constants.document()["fields"][name]["range"]
        room = wider * (highest - lowest)
        even = chance.uniform(lowest - room, highest + room, rows)
        small = np.exp(chance.uniform(np.log(max(lowest, 1e-3)), np.log(highest), rows))
        columns[name] = np.where(chance.random(rows) < 1 / 2, even, small) if name != "ph" else even
    return columns


def rowwise(solved: dict[str, NDArray[Any]], at: int = 0) -> dict[str, float]:
    """One row of an answer."""
    return {name: float(column[at]) for name, column in solved.items()}
