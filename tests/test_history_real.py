"""Real patients of two intensive-care databases: known counts of repeated and sustained exceedance.

The definition is handed over as options, as the questions were put: two draws at or above 55 at least a day apart,
whatever lies between (repeated); the same of an unbroken run (sustained). Where the data are not there, it is skipped.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from samples import shared

from calcrisk.history.exceedance import Exceedance, exceedance
from calcrisk.history.panels import Panel, days
from calcrisk.history.usable import CORRECTED, PRODUCT, Correction, Reading, usable

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.once

MIMIC = "data/mimic3_demo/labs_wide_by_draw.csv"
EICU = "data/eicu_demo_subset/labs_wide_by_draw.csv"
LIMIT, A_DAY, A_WEEK = 55, 1.0, 7.0
PAYNE = Correction(slope=0.8, reference=4)
MINUTES = 24 * 60


def panels_of(path: str, columns: Mapping[str, str], patient: str, time: str) -> dict[str, list[Panel]]:
    found: dict[str, list[Panel]] = defaultdict(list)
    with shared(path).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            values = {name: float(row[column]) for name, column in columns.items() if row[column]}
            moment = days(row[time]) if time == "charttime" else float(row[time]) / MINUTES
            assert moment is not None
            found[row[patient]].append(Panel(moment, row[time], values))
    return found


@pytest.fixture(scope="module")
def mimic() -> dict[str, list[Panel]]:
    names = {"calcium": "calcium_total", "phosphate": "phosphate", "albumin": "albumin"}
    return panels_of(MIMIC, names, "subject_id", "charttime")


@pytest.fixture(scope="module")
def eicu() -> dict[str, list[Panel]]:
    names = {name: name for name in ("calcium", "phosphate", "albumin")}
    return panels_of(EICU, names, "patientunitstayid", "labresultoffset")


def seen(patients: Mapping[str, list[Panel]], of: str, within: float = A_WEEK) -> list[Exceedance]:
    """What the usable draws of each patient say; patients without one are left out."""
    reading = Reading(albumin_within=within, correction=PAYNE)
    drawn = [usable(panels, of, reading)[0] for panels in patients.values()]
    return [exceedance(draws, LIMIT, A_DAY) for draws in drawn if draws]


def counts(found: list[Exceedance]) -> tuple[int, int]:
    return sum(each.repeated for each in found), sum(each.sustained for each in found)


def test_mimic_by_total_calcium(mimic: dict[str, list[Panel]]) -> None:
    assert counts(seen(mimic, PRODUCT)) == (5, 5)


def test_mimic_by_calcium_corrected_with_an_albumin_of_the_week(mimic: dict[str, list[Panel]]) -> None:
    found = seen(mimic, CORRECTED)
    assert (len(found), sum(each.usable for each in found)) == (45, 899)
    assert (sum(bool(each.above) for each in found), sum(len(each.above) for each in found)) == (12, 102)
    assert counts(found) == (5, 5)


def test_the_count_hangs_on_the_window_of_the_albumin(mimic: dict[str, list[Panel]]) -> None:
    assert sum(each.usable for each in seen(mimic, CORRECTED, within=1)) < 899


def test_eicu_by_either_calcium(eicu: dict[str, list[Panel]]) -> None:
    assert counts(seen(eicu, PRODUCT)) == (2, 2)
    assert counts(seen(eicu, CORRECTED))[0] == 3
