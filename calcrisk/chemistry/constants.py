"""The numbers of the model, from ``constants.json``, where each stands beside its source. Needs no numpy."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

_FILE = Path(__file__).with_name("constants.json")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return everything that ``constants.json`` says; not to be changed."""
    data: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data


class Phase(NamedTuple):
    """A solid: log10 of its solubility product, and how many of each ion a formula unit gives."""

    name: str
    label: str
    log_k: float
    ions: int
    ca: float
    po4: float
    hpo4: float
    oh: float
    h: float
    co3: float
    water: float
    shown: bool
    band: tuple[float, float] | None
    between_patients: float | None


@lru_cache(maxsize=1)
def equilibrium() -> dict[str, float]:
    """Return the constant K of each reaction at infinite dilution, by what it forms."""
    equilibria = document()["equilibria"].items()
    return {name: _RADIX ** entry["log_k"] for name, entry in equilibria}


@lru_cache(maxsize=1)
def log_k() -> dict[str, float]:
    """Return log10 K of each reaction at infinite dilution, by what it forms."""
    return {name: entry["log_k"] for name, entry in document()["equilibria"].items()}


@lru_cache(maxsize=1)
def phases() -> dict[str, Phase]:
    """Return the solids by their short names (``dcpd``)."""
    return {name: _phase(name, entry) for name, entry in document()["phases"].items()}


def value(group: str, name: str) -> float:
    """Return one number of one group, as ``activity``, ``davies_b``."""
    return float(document()[group][name]["value"])


_RADIX = 10.0  # of the logarithms that chemists write


def _phase(name: str, entry: dict[str, Any]) -> Phase:
    ions, band = entry["dissolves_to"], entry["band_of_normal_serum"]
    ca, po4, hpo4, oh, h, co3, water = (
        float(ions.get(ion, 0)) for ion in ("Ca", "PO4", "HPO4", "OH", "H", "CO3", "H2O")
    )
    return Phase(
        name=name,
        label=entry["label"],
        log_k=entry["log_k"],
        ions=entry["ions"],
        ca=ca,
        po4=po4,
        hpo4=hpo4,
        oh=oh,
        h=h,
        co3=co3,
        water=water,
        shown=entry["shown"],
        band=tuple(band) if band else None,
        between_patients=entry["between_patients"],
    )
