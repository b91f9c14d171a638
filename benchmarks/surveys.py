"""Participants of NHANES 1999-2018 and of Boyd's study of elderly people as flat rows: one name a column, no groups."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING, Any, Final

from icu_draws import Row, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Flat = dict[str, Any]

NHANES_ADULTS: Final = "nhanes_adults_ca_p_1999_2018.csv.gz"
NHANES_AORTA: Final = "nhanes_aac_2013_2014.csv"
BOYD: Final = "calcium.csv"

MEASURED: Final = {
    "calcium": ("LBXSCA", "mg/dL"),
    "phosphate": ("LBXSPH", "mg/dL"),
    "albumin": ("LBXSAL", "g/dL"),
    "alp": ("LBXSAPSI", "IU/L"),
    "vitamin_d_25": ("LBXVIDMS", "nmol/L"),
}
NEVER: Final = "2"
ANSWERS: Final = {"1": "yes", NEVER: "no", "3": "unknown", "7": "unknown", "9": "unknown"}  # 3: borderline, undecided
ASKED: Final = {"diabetes": "DIQ010", "hypertension": "BPQ020", "dialysis": "KIQ025", "pregnancy": "RIDEXPRG"}
EVER: Final = {"malignancy": "MCQ220", "liver_disease": "MCQ160L"}  # "ever told" is no word on today, "never" is
TAKEN: Final = {"warfarin": "RX_WARFARIN", "corticosteroids": "RX_CORTICOSTEROID_ORAL"}
TAKES: Final = {"1": "yes", "0": "no"}
SEXES: Final = {"1": "male", "2": "female"}

LAST_CYCLE_TO_85: Final = 4  # 2005-2006; ages are top-coded at 85 until then, at 80 from 2007 on
TOP_AGES: Final = (85, 80)
PTH_FILL: Final = "6.36"  # stands for "below the detection limit": it is that limit, 9 pg/mL, over the root of two
PTH_BELOW: Final = "<9 pg/mL"
IDMS: Final = {"1999-2000": (0.147, 1.013), "2005-2006": (-0.016, 0.978)}
"""The survey's own equations that make the creatinine of two cycles traceable to IDMS: a + b × creatinine (mg/dL)."""


def nhanes(folder: Path) -> Iterator[Flat]:
    """Every adult with calcium and phosphorus, and the aorta's score where it was read."""
    aorta = {row["SEQN"]: row["DXXAAC24"] for row in rows(folder / NHANES_AORTA)}
    with gzip.open(folder / NHANES_ADULTS, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield stated(participant(row) | {"aac24": aorta.get(row["SEQN"])})


def boyd(folder: Path) -> Iterator[Flat]:
    """Every record of Boyd's uncleaned file, entry errors and all; an unknown code is passed on as it stands."""
    for row in rows(folder / BOYD):
        yield stated(
            {
                "id": f"{row['obsno']}",
                "age": row["age"],
                "sex": SEXES.get(row["sex"], row["sex"]),
                "calcium": united(row["cammol"], "mmol/L"),
                "phosphate": united(row["phosmmol"], "mmol/L"),
                "alp": united(row["alkphos"], "IU/L"),
            }
        )


def participant(row: Row) -> Flat:
    """What NHANES states of one participant."""
    return {
        "id": row["SEQN"],
        "age": age(row),
        "sex": SEXES[row["RIAGENDR"]],
        **{name: united(row[column], unit) for name, (column, unit) in MEASURED.items()},
        "creatinine": creatinine(row),
        "pth": PTH_BELOW if row["LBXPT21"] == PTH_FILL else united(row["LBXPT21"], "pg/mL"),
        **{name: ANSWERS.get(row[column]) for name, column in ASKED.items()},
        **{
            name: "no" if row[column] == NEVER else ANSWERS.get(row[column]) and "unknown"
            for name, column in EVER.items()
        },
        **{name: TAKES.get(row[column]) for name, column in TAKEN.items()},
    }


def age(row: Row) -> str:
    """The age in years; a top-coded one is a lower bound."""
    top = TOP_AGES[int(row["SDDSRVYR"]) > LAST_CYCLE_TO_85]
    return f">={top} years" if int(row["RIDAGEYR"]) == top else f"{row['RIDAGEYR']} years"


def creatinine(row: Row) -> str:
    """The creatinine, traceable to IDMS in every cycle."""
    if not row["LBXSCR"] or row["CYCLE"] not in IDMS:
        return united(row["LBXSCR"], "mg/dL")
    offset, slope = IDMS[row["CYCLE"]]
    return united(f"{offset + slope * float(row['LBXSCR']):.2f}", "mg/dL")


def united(cell: str, unit: str) -> str:
    """The cell with its unit; nothing when it is blank."""
    return f"{cell} {unit}" if cell else ""


def stated(row: Flat) -> Flat:
    """The row without what was left blank."""
    return {name: cell for name, cell in row.items() if cell not in (None, "")}
