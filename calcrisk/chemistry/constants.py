"""The numbers of MODEL (docs/chemistry-model.md), from ``constants.json``, each beside its source. Needs no numpy."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("constants.json")
_RADIX = 10.0  # of the logarithms that chemists write


@cache
def document() -> dict[str, Any]:
    """Return everything that ``constants.json`` says; not to be changed."""
    data: dict[str, Any] = json.loads(_FILE.read_bytes())
    return data


class Phase:
    """A solid: log10 of its solubility product, and how many of each ion a formula unit gives (MODEL 4.4)."""

    def __init__(self, entry: dict[str, Any]) -> None:
        """Take what ``constants.json`` says of it."""
        ions = entry["dissolves_to"]
        self.ca, self.po4, self.hpo4, self.oh, self.h, self.co3, self.water = (
            float(ions.get(ion, 0)) for ion in ("Ca", "PO4", "HPO4", "OH", "H", "CO3", "H2O")
        )
        self.label: str = entry["label"]
        self.log_k: float = entry["log_k"]
        self.ions: int = entry["ions"]
        self.shown: bool = entry["shown"]
        self.always: bool = entry.get("always", False)  # every serum is above saturation with it


@cache
def equilibrium() -> dict[str, float]:
    """Return the constant K of each reaction at infinite dilution, by what it forms (MODEL 4.2, 4.3)."""
    return {name: _RADIX**exponent for name, exponent in log_k().items()}


@cache
def log_k() -> dict[str, float]:
    """Return log10 K of each reaction at infinite dilution, by what it forms (MODEL 4.2, 4.3)."""
    return {name: entry["log_k"] for name, entry in document()["equilibria"].items()}


@cache
def phases() -> dict[str, Phase]:
    """Return the solids by their short names (``dcpd``)."""
    return {name: Phase(entry) for name, entry in document()["phases"].items()}


@cache
def value(group: str, name: str) -> float:
    """Return one number of one group, as ``activity``, ``davies_b``."""
    return float(document()[group][name]["value"])
