"""Draws of intensive-care patients (MIMIC-III and eICU demo) as patient documents, one for each time of blood-taking.

Values keep the digits and the unit that the hospital sent. A code or an order says yes; the lack of one says nothing,
since nobody asked. Codes are of the whole stay, written at its end, and stand with each of its draws.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Row = dict[str, str]
Document = dict[str, Any]

MIMIC_ITEMS: Final = {  # by item, not by LOINC code: that of total calcium is a molar one although the unit is mg/dL
    "50893": "calcium",
    "50970": "phosphate",
    "50862": "albumin",
    "50912": "creatinine",
    "50960": "magnesium",
    "50863": "alp",
    "50965": "pth",
    "50808": "ionised_calcium",
    "50853": "vitamin_d_25",
}
EICU_ITEMS: Final = {
    "calcium": "calcium",
    "phosphate": "phosphate",
    "albumin": "albumin",
    "creatinine": "creatinine",
    "magnesium": "magnesium",
    "alkaline phos.": "alp",
    "ionized calcium": "ionised_calcium",
}
DIAGNOSES: Final = {  # ICD-9-CM without the dot, by its beginning
    "584": ("kidney", "acute_kidney_injury", True),
    "5851": ("kidney", "ckd_stage", "G1"),
    "5852": ("kidney", "ckd_stage", "G2"),
    "5853": ("kidney", "ckd_stage", "G3"),
    "5854": ("kidney", "ckd_stage", "G4"),
    "5855": ("kidney", "ckd_stage", "G5"),
    "5856": ("kidney", "ckd_stage", "G5"),
    "250": ("conditions", "diabetes", True),
    **dict.fromkeys(("401", "402", "403", "404", "405"), ("conditions", "hypertension", True)),
    "135": ("conditions", "sarcoidosis", True),
    "440": ("conditions", "atheroma", True),
    **dict.fromkeys(("395", "396", "424"), ("conditions", "diseased_valve", True)),
    **dict.fromkeys(("5712", "5715", "5716"), ("conditions", "liver_disease", True)),
    "25201": ("conditions", "primary_hyperparathyroidism", True),
    "58881": ("conditions", "secondary_hyperparathyroidism", True),
}
HAEMODIALYSIS: Final = "3995"  # ICD-9-CM procedure
ORDERS: Final = {
    "warfarin": "warfarin",
    "coumadin": "warfarin",
    "calcium acetate": "calcium_based_binder",
    "calcium gluconate": "iv_calcium",
    "calcium chloride": "iv_calcium",
}
SEXES: Final = {"M": "male", "F": "female"}
MASKED_AGE: Final = ">89 years"  # both sources hide ages over 89
DAYS_A_YEAR: Final = 365.25
_DIGITS: Final = frozenset("0123456789")


class Order(NamedTuple):
    """A drug as our input names it, and when its giving began (a date, or minutes from admission)."""

    name: str
    since: Any


def mimic(folder: Path) -> Iterator[Document]:
    """Every draw of MIMIC-III that holds at least one result we read; a draw is one patient at one time."""
    people = {row["subject_id"]: row for row in rows(folder / "patients.csv")}
    began = _first_admissions(folder)
    codes = grouped(folder / "diagnoses_icd9.csv", "hadm_id", "icd9_code")
    dialysed = {row["hadm_id"] for row in rows(folder / "procedures_icd9.csv") if row["icd9_code"] == HAEMODIALYSIS}
    given = _mimic_orders(folder)
    for (subject, when), results in _mimic_draws(folder).items():
        stay, day = results[0]["hadm_id"], when[:10]
        values = first_values((MIMIC_ITEMS[row["itemid"]], as_sent(row["value"], row["valueuom"])) for row in results)
        yield {
            "id": f"{subject} {when.replace(' ', 'T')}",
            "as_of": day,  # shifted by the source, the same for all draws of a patient
            "age": _age(people[subject], began.get(subject), when),
            "sex": SEXES[people[subject]["gender"]],
            "labs": values,
            **history(codes[stay], dialysed=stay in dialysed),
            "medications": {order.name: True for order in given[stay] if order.since <= day},
        }


def eicu(folder: Path) -> Iterator[Document]:
    """Every draw of eICU that holds at least one result we read; a draw is one stay at one minute."""
    stays = {row["patientunitstayid"]: row for row in rows(folder / "patients_icu_stays.csv")}
    codes = grouped(folder / "diagnoses.csv", "patientunitstayid", "icd9code")
    given = _eicu_orders(folder)
    for (stay, minute), results in _eicu_draws(folder).items():
        person = stays[stay]
        yield {
            "id": f"{person['uniquepid']} {stay}+{minute}min",
            "age": MASKED_AGE if person["age"].startswith(">") else f"{person['age']} years",
            "sex": person["gender"].lower(),
            "labs": first_values((EICU_ITEMS[row["labname"]], _eicu_text(row)) for row in results),
            **history(_icd9(codes[stay]), dialysed=person["tx_dialysis"] == "1"),
            "medications": {order.name: True for order in given[stay] if order.since <= int(minute)},
        }


# What both share


def rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file by their column names."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def grouped(path: Path, key: str, value: str) -> defaultdict[str, list[str]]:
    """One column's cells by another's."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows(path):
        found[row[key]].append(row[value])
    return found


def as_sent(value: str, unit: str) -> str:
    """The result with its unit; words in its place (``UNABLE TO REPORT``) have none."""
    return f"{value} {unit}".strip() if _DIGITS.intersection(value) else value


def first_values(results: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The results of a draw by name; of two of one name the first, as the published wide tables have it."""
    found: dict[str, str] = {}
    for name, text in results:
        found.setdefault(name, text)
    return found


def history(codes: Iterable[str], *, dialysed: bool) -> dict[str, dict[str, object]]:
    """What the codes of a stay say; of several stages the highest."""
    groups: dict[str, dict[str, object]] = {"kidney": {"dialysis": True} if dialysed else {}, "conditions": {}}
    meant = {meaning for code in codes for start, meaning in DIAGNOSES.items() if code.startswith(start)}
    for group, name, said in sorted(meant, key=str):
        groups[group][name] = said
    return groups


def drugs(text: str) -> set[str]:
    """The inputs that an order's words stand for."""
    return {name for word, name in ORDERS.items() if word in text.casefold()}


# MIMIC-III


def _mimic_draws(folder: Path) -> Mapping[tuple[str, str], list[Row]]:
    draws: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(folder / "labs_long.csv"):
        if row["itemid"] in MIMIC_ITEMS and row["fluid"] == "Blood":
            draws[row["subject_id"], row["charttime"]].append(row)
    return draws


def _first_admissions(folder: Path) -> dict[str, str]:
    began: dict[str, str] = {}
    for row in rows(folder / "admissions.csv"):
        began[row["subject_id"]] = min(row["admittime"], began.get(row["subject_id"], row["admittime"]))
    return began


def _age(person: Row, began: str | None, when: str) -> str:
    """The age at the draw: that at the first admission and the whole years since."""
    if person["age_over_89_flag"] == "1":
        return MASKED_AGE
    since = (datetime.fromisoformat(when) - datetime.fromisoformat(began)).days if began else 0
    return f"{int(person['age_at_first_admission']) + int(since / DAYS_A_YEAR)} years"


def _mimic_orders(folder: Path) -> defaultdict[str, list[Order]]:
    """The orders of an admission; one without a date is left out."""
    given: defaultdict[str, list[Order]] = defaultdict(list)
    for row in rows(folder / "prescriptions.csv"):
        if row["startdate"]:
            given[row["hadm_id"]] += [Order(name, row["startdate"][:10]) for name in sorted(drugs(row["drug"]))]
    return given


# eICU


def _eicu_draws(folder: Path) -> Mapping[tuple[str, str], list[Row]]:
    draws: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(folder / "labs_long.csv"):
        if row["labname"] in EICU_ITEMS and row["labresulttext"].strip():
            draws[row["patientunitstayid"], row["labresultoffset"]].append(row)
    return draws


def _eicu_text(row: Row) -> str:
    """The printed result with the unit that the hospital's interface sent: these two belong together.

    ``labresult`` and the system's unit do not: an ionised calcium sent as 1.11 mmol/L stands there as 4.44 or as 1.11,
    both times under mg/dL, and a magnesium sent in mEq/L under mg/dL.
    """
    return as_sent(row["labresulttext"].strip(), row["labmeasurenameinterface"] or row["labmeasurenamesystem"])


def _icd9(cells: Iterable[str]) -> list[str]:
    """The ICD-9 codes of cells that mix them with ICD-10 (``410.71, I21.4``)."""
    codes = (code.strip().replace(".", "") for cell in cells for code in cell.split(","))
    return [code for code in codes if code.isdecimal()]


def _eicu_orders(folder: Path) -> defaultdict[str, list[Order]]:
    given: defaultdict[str, list[Order]] = defaultdict(list)
    for row in rows(folder / "medications.csv"):
        if row["drugstartoffset"]:
            started = int(row["drugstartoffset"])
            given[row["patientunitstayid"]] += [Order(name, started) for name in sorted(drugs(row["drugname"]))]
    return given
