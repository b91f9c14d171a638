"""The ten rules for OpenFisca-core, in an environment of its own: reads the rows, answers how long they took.

Called by ten_rules_race.py with a file of arrays; writes the answers beside it, for the two to be held to one another.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

PERIOD = "2026-01"
PERSON = build_entity(key="person", plural="persons", label="", is_person=True)
NUMBERS = ("age", "calcium", "phosphate", "albumin", "pth")
ANSWERS = ("dialysis", "diabetes", "vitamin_k_antagonist", "tissue_damage", "mineral_history")
ROUNDS = 3


def given(name: str, kind: type) -> type:
    """An input."""
    fields = {"value_type": kind, "entity": PERSON, "definition_period": DateUnit.ETERNITY, "label": name}
    return type(name, (Variable,), fields)


def rule(name: str, reads: tuple[str, ...], formula: Any, kind: type = bool) -> type:  # noqa: ANN401  # a function of arrays
    """A variable with a formula over others."""

    def run(person: Any, period: Any) -> Any:  # noqa: ANN401  # OpenFisca's own
        return formula(*(person(each, period) for each in reads))

    fields = {"value_type": kind, "entity": PERSON, "definition_period": DateUnit.ETERNITY, "label": name}
    return type(name, (Variable,), fields | {"formula": run})


def system() -> TaxBenefitSystem:
    """The rules of ten_rules/, as its YAML has them."""
    made = TaxBenefitSystem([PERSON])
    made.add_variables(*(given(name, float) for name in NUMBERS), *(given(name, bool) for name in ANSWERS))
    made.add_variables(
        rule("product", ("calcium", "phosphate"), lambda calcium, phosphate: calcium * phosphate, float),
        rule("corrected", ("calcium", "albumin"), lambda calcium, albumin: calcium + 0.8 * (4 - albumin), float),
        rule("at_limit", ("product",), lambda product: product >= 55),
        rule("corrected_at_limit", ("corrected", "phosphate"), lambda one, phosphate: one * phosphate >= 55),
        rule("r1", ("at_limit", "dialysis"), lambda at, dialysis: at & dialysis),
        rule("r2", ("at_limit", "dialysis"), lambda at, dialysis: at & ~dialysis),
        rule("r3", ("corrected_at_limit", "at_limit"), lambda corrected, at: corrected & ~at),
        rule("r4", ("calcium", "corrected"), lambda calcium, corrected: (calcium > 10.2) | (corrected > 10.2)),
        rule("r5", ("phosphate", "age"), lambda phosphate, age: (phosphate > 5.5) & (age >= 18)),
        rule("r6", ("pth",), lambda pth: (pth >= 300) & (pth < 600)),
        rule("r7", ("pth", "mineral_history"), lambda pth, history: (pth >= 600) & history),
        rule("r8", ("tissue_damage",), lambda damage: damage),
        rule("r9", ("diabetes", "age"), lambda diabetes, age: diabetes & (age >= 65)),
        rule("r10", ("vitamin_k_antagonist", "dialysis", "albumin"), lambda k, d, albumin: k & d & (albumin < 3.5)),
        rule("load", ("r1", "r2", "r3", "r4", "r5", "r6", "r7"), load, int),
        rule("injury", ("r8",), lambda damage: np.where(damage, 2, 0), int),
        rule("drive", ("r9", "r10"), lambda old, both: np.where(both, 2, np.where(old, 1, 0)), int),
        rule("kind", ("load", "injury", "drive"), kind, int),
    )
    return made


def load(*rules: Any) -> Any:  # noqa: ANN401  # arrays
    """The level of the load."""
    r1, r2, r3, r4, r5, r6, r7 = rules
    return np.select([r7, r1 | r4, r2 | r3 | r5 | r6], [3, 2, 1], 0)


def kind(load: Any, injury: Any, drive: Any) -> Any:  # noqa: ANN401  # arrays
    """The row of the class table."""
    return np.select([(load >= 2) & (injury >= 2), load >= 2, injury >= 2, drive >= 1], [0, 1, 2, 3], 4)


def main() -> None:
    """Time the rules, from arrays in memory to answers in memory; the quickest of some rounds."""
    rows, made = np.load(sys.argv[1]), system()
    arrays = {name: rows[name] for name in (*NUMBERS, *ANSWERS)}
    best, answers = float("inf"), {}
    for _ in range(ROUNDS):
        began = time.perf_counter()
        simulation = SimulationBuilder().build_default_simulation(made, len(arrays["age"]))
        for name, array in arrays.items():
            simulation.set_input(name, PERIOD, array)
        answers = {name: simulation.calculate(name, PERIOD) for name in ("load", "injury", "drive", "kind")}
        best = min(best, time.perf_counter() - began)
    np.savez(sys.argv[2], **answers)
    print(best)


if __name__ == "__main__":
    main()
