"""What the tests of the package's rulebook share: patients in short, and what is answered of them."""

from __future__ import annotations

from typing import Any

from calcrisk import Assessment, Patient, Rulebook, assess

Stated = dict[str, Any]
NORMAL: Stated = {"age": 50, "calcium": 9.2, "phosphate": 3.4, "ckd_stage": "G1", "mineral_history": False}
SAFE: Stated = {**NORMAL, "tissue_damage": False}


def answer(**stated: Any) -> Assessment:
    return assess(Patient(**stated), Rulebook.default())


def codes(**stated: Any) -> set[str]:
    """The warnings that are given, by their codes."""
    return {part.code for part in answer(**stated).warnings}
