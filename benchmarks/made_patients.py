"""Made-up patients of a renal clinic, each different: as a YAML file of eighteen lines, or as a line of NDJSON."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]

SEED: Final = 18
STAGES: Final = ("G3a", "G3b", "G4", "G5", "G5")
TISSUE: Final = (("infarct", "brain"), ("granuloma", "lung"), ("haematoma", "muscle"), ("scar", "skin"))


def documents() -> Iterator[Document]:
    """Patients without end, the same ones every time."""
    chance = random.Random(SEED)
    number = 0
    while True:
        number += 1
        yield document(chance, f"made-{number:07d}")


def document(chance: random.Random, name: str) -> Document:
    """One patient: every group that a patient file has, none of it contradicting the rest."""
    dialysed = (stage := chance.choice(STAGES)) == STAGES[-1] and chance.random() < 1 / 2
    finding, site = chance.choice(TISSUE)
    return {
        "id": name,
        "age": chance.randint(19, 95),
        "sex": chance.choice(("female", "male")),
        "labs": labs(chance),
        "kidney": {
            "ckd_stage": stage,
            "dialysis": dialysed,
            **({"dialysis_months": chance.randint(1, 150)} if dialysed else {}),
        },
        "medications": {"warfarin": chance.random() < 1 / 4, "calcium_based_binder": chance.random() < 1 / 3},
        "tissue_damage": "yes",
        "tissue": [{"finding": finding, "site": site, "onset": f"{chance.randint(1, 40)} weeks"}],
        "mineral_history": chance.choice(("yes", "unknown")),
        "conditions": {"diabetes": chance.random() < 1 / 3, "hypertension": chance.random() < 2 / 3},
    }


def labs(chance: random.Random) -> dict[str, object]:
    """Blood as reports print it: some values with a unit, one with its laboratory's limit."""
    return {
        "calcium": round(chance.uniform(7.5, 11.5), 1),
        "phosphate": f"{chance.uniform(0.8, 2.9):.2f} mmol/L",
        "albumin": f"{chance.uniform(2.2, 4.8):.1f} g/dL",
        "magnesium": round(chance.uniform(1.4, 2.9), 1),
        "creatinine": f"{chance.uniform(120, 900):.0f} umol/L",
        "pth": {"value": chance.randint(15, 1200), "unit": "pg/mL", "upper_limit": 65},
        "alp": chance.randint(40, 400),
    }


def as_yaml(patient: Document) -> str:
    """The patient as people write one: 18 lines, small groups in one line each."""
    lines: list[str] = []
    for name, value in patient.items():
        if name == "labs":
            lines += ["labs:", *(f"  {lab}: {_flow(result)}" for lab, result in value.items())]
        elif name == "tissue":
            lines += ["tissue:", *(f"  - {_flow(entry)}" for entry in value)]
        else:
            lines.append(f"{name}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def as_line(patient: Document) -> bytes:
    """The patient as a line of NDJSON."""
    return json.dumps(patient).encode() + b"\n"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(part)}" for name, part in value.items()) + "}"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
