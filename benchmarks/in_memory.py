"""One assessment in memory, over random patients with gaps: the whole answer, and the walk without its trace."""

from __future__ import annotations

import random
from typing import Any

from timing import Row, Times, in_turns

from calcrisk import Patient, Rulebook, assess

PATIENTS = 2000
ROUNDS = 7
TRACED_LIMIT = 200.0
BARE_LIMIT = 50.0
MICRO = 1e6
SEED = 14
KNOWN = 0.8  # the share of values that a patient has
NUMBERS = {
    "age": (18, 95, 0),
    "calcium": (7, 13, 1),
    "phosphate": (1.5, 9, 1),
    "albumin": (2, 5, 1),
    "pth": (10, 900, 0),
    "magnesium": (1.2, 3, 1),
    "alp": (30, 300, 0),
    "dialysis_months": (0, 120, 0),
}
ANSWERS = (
    "diabetes",
    "hypertension",
    "warfarin",
    "mineral_history",
    "infarct",
    "granuloma",
    "deposit_in_lung",
    "deposit_in_aorta",
)
STAGES = ("G1", "G2", "G3a", "G3b", "G4", "G5")


def measure() -> list[Row]:
    """Time both in turns over the same patients."""
    rulebook = Rulebook.default()
    chance = random.Random(SEED)
    patients = [random_patient(chance) for _ in range(PATIENTS)]

    def traced() -> None:
        for patient in patients:
            assess(patient, rulebook)

    def bare() -> None:
        for patient in patients:
            rulebook.evaluate(patient.given)

    times = in_turns({"traced": traced, "bare": bare}, ROUNDS)
    rules = len(rulebook.rules)
    return [
        row(f"one assessment in memory, trace included, {rules} rules", times["traced"], TRACED_LIMIT),
        row(f"the same without trace, {rules} rules", times["bare"], BARE_LIMIT),
    ]


def row(work: str, times: Times, limit: float) -> Row:
    """A line in microseconds a patient."""
    best, middle = (seconds / PATIENTS * MICRO for seconds in (times.best, times.median))
    return Row(work, "–", f"at most {limit:g} µs", f"{best:.0f} µs (median {middle:.0f})", met=best <= limit)


def random_patient(chance: random.Random) -> Patient:
    """A patient with about the values a renal clinic has, some of them missing."""
    numbers = {name: round(chance.uniform(low, high), digits) for name, (low, high, digits) in NUMBERS.items()}
    answers = {name: chance.random() < 1 / 3 for name in ANSWERS}
    answers["tissue_damage"] = answers["infarct"] or answers["granuloma"]  # a contradiction is refused
    stage = chance.choice(STAGES)
    every: dict[str, Any] = {
        **numbers,
        **answers,
        "ckd_stage": stage,
        "dialysis": stage == STAGES[-1] and chance.random() < 1 / 2,
    }
    return Patient(**{name: value for name, value in every.items() if chance.random() < KNOWN})


if __name__ == "__main__":
    print(*measure(), sep="\n")
