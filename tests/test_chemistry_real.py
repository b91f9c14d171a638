"""Real blood: the model reproduces the tables that its specification prints (MODEL sections 11 and 13).

The data are not part of the repository: NHANES (public domain) and the MIMIC-III demo (ODbL 1.0).
"""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from samples import shared

from calcrisk.chemistry.blocks import solve

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Rows = list[dict[str, str]]

pytestmark = pytest.mark.volume


def read(path: Path) -> Rows:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(text.decode().splitlines()))


def column(rows: Rows, name: str) -> Array:
    return np.array([float(row[name] or "nan") for row in rows])


def nhanes(rows: Rows) -> dict[str, Array]:
    """What the survey measured, in the fields and units of the chemistry."""
    albumin = 10 * column(rows, "LBXSAL")
    return {
        "ca": column(rows, "LBXSCA") / 4.0078,
        "p": column(rows, "LBXSPH") / 3.0974,
        "albumin": albumin,
        "globulin": 10 * column(rows, "LBXSTP") - albumin,
        "tco2": column(rows, "LBXSC3SI"),
        "na": column(rows, "LBXSNASI"),
        "k": column(rows, "LBXSKSI"),
        "cl": column(rows, "LBXSCLSI"),
        "dialysis": (column(rows, "KIQ025") == 1).astype(float),
    }


@pytest.fixture(scope="module")
def adults() -> tuple[Rows, dict[str, Array], dict[str, Any]]:
    rows = read(shared("data/nhanes/nhanes_adults_ca_p_1999_2018.csv.gz"))
    columns = nhanes(rows)
    return rows, columns, solve(columns)


def explained(index: Array, product: Array) -> float:
    """R² of an index on the logarithm of the product."""
    return float(np.corrcoef(index, np.log(product))[0, 1] ** 2)


@pytest.mark.parametrize(
    ("group", "count", "expected"),
    [
        ("all", 31_604, (0.969, 0.961, 0.938, 0.907)),
        ("kidney", 826, (0.971, 0.954, 0.919, 0.870)),
        ("dialysis", 81, (0.984, 0.964, 0.937, 0.901)),
    ],
)
def test_an_index_is_nearly_a_function_of_the_product(
    adults: tuple[Rows, dict[str, Array], dict[str, Any]], group: str, count: int, expected: tuple[float, ...]
) -> None:
    rows, columns, found = adults
    dialysis = columns["dialysis"] == 1
    groups = {
        "all": np.ones(len(rows), dtype=bool),
        "kidney": (column(rows, "LBXSCR") >= 1.5) | dialysis,
        "dialysis": dialysis,
    }
    chosen = groups[group]
    assert (chosen.sum(), (found["status"] == 0).all()) == (count, True)
    r2 = [explained(found[f"si_{phase}"][chosen], found["ca_x_p"][chosen]) for phase in ("dcpd", "ocp", "acp", "hap")]
    assert r2 == pytest.approx(expected, abs=1.1e-3)


def test_who_is_supersaturated(adults: tuple[Rows, dict[str, Array], dict[str, Any]]) -> None:
    """One adult with brushite, at a product of 93, none with the amorphous phosphate, everybody with the others."""
    _, columns, found = adults
    brushite = found["si_dcpd"] > 0
    assert brushite.sum() == 1
    assert found["ca_x_p"][brushite][0] == pytest.approx(93, abs=0.5)
    assert not (found["si_acp"] > 0).any()
    assert all((found[f"si_{phase}"] > 0).all() for phase in ("ocp", "tcp", "hap"))
    on_dialysis = columns["dialysis"] == 1
    assert (found["ca_x_p"][on_dialysis] > 55).mean() == pytest.approx(0.17, abs=0.005)


def logistic(design: Array, outcome: Array) -> tuple[Array, Array, float]:
    """Coefficients, their standard errors, and the log-likelihood, by Newton's method."""
    beta: Array = np.zeros(design.shape[1])
    likelihood = 0.0
    spread: Array = np.zeros((1, 1))
    for _ in range(25):
        chance = 1 / (1 + np.exp(-design @ beta))
        spread = np.asarray(np.linalg.inv(design.T @ (design * (chance * (1 - chance))[:, None])))
        beta = np.asarray(beta + spread @ (design.T @ (outcome - chance)))
        likelihood = float(np.log(np.where(outcome == 1, chance, 1 - chance)).sum())
    return beta, np.sqrt(np.diag(spread)), likelihood


def test_it_does_not_tell_who_has_aortic_calcification() -> None:
    """Neither the product nor an index is significant, and an index adds nothing to the product."""
    rows = read(shared("data/nhanes/nhanes_aac_2013_2014.csv"))
    found, score = solve(nhanes(rows)), column(rows, "DXXAAC24")
    kept = ~np.isnan(score) & (found["status"] == 0)
    severe = (score[kept] > 6).astype(float)
    assert (kept.sum(), severe.sum()) == (1811, 169)
    plain = np.column_stack([np.ones(kept.sum()), column(rows, "RIDAGEYR")[kept], column(rows, "RIAGENDR")[kept]])

    def standard(values: Array) -> Array:
        return np.asarray((values[kept] - values[kept].mean()) / values[kept].std())

    product = standard(np.log(found["ca_x_p"]))
    predictors = {"product": product} | {name: standard(found[f"si_{name}"]) for name in ("dcpd", "ocp", "acp", "hap")}
    ratios, lowest = {}, {}
    for name, values in predictors.items():
        beta, error, _ = logistic(np.column_stack([plain, values]), severe)
        ratios[name], lowest[name] = np.exp(beta[-1]), np.exp(beta[-1] - 1.96 * error[-1])
    assert ratios == pytest.approx({"product": 1.18, "dcpd": 1.17, "ocp": 1.17, "acp": 1.16, "hap": 1.16}, abs=6e-3)
    assert all(low < 1 for low in lowest.values())
    _, _, alone = logistic(np.column_stack([plain, product]), severe)
    for name in ("dcpd", "ocp", "acp", "hap"):
        _, _, both = logistic(np.column_stack([plain, product, predictors[name]]), severe)
        assert 0.09 < 2 * (both - alone) < 0.21


def hours(draw: dict[str, str]) -> float:
    return datetime.fromisoformat(draw["charttime"]).timestamp() / 3600  # times are shifted, and no zone's


def nearest(draws: Rows, at: float, name: str, within: float) -> float:
    """The value nearest in time, within so many hours; NaN when there is none."""
    near = [(abs(hours(draw) - at), place) for place, draw in enumerate(draws) if draw[name]]
    return float(draws[min(near)[1]][name]) if near and min(near)[0] <= within else float("nan")


def test_the_ionised_calcium_of_intensive_care_is_predicted_badly() -> None:
    """Free calcium and pH of a blood gas, total calcium within 2 h, albumin within 48 h."""
    every = read(shared("data/mimic3_demo/labs_wide_by_draw.csv"))
    people: dict[str, Rows] = {}
    for draw in every:
        people.setdefault(draw["subject_id"], []).append(draw)
    gases = [(person, hours(draw), draw) for person, draws in people.items() for draw in draws]
    gases = [gas for gas in gases if gas[2]["free_calcium"] and gas[2]["ph_blood"]]
    windows = {"calcium_total": 2, "albumin": 48, "phosphate": 2, "magnesium": 2, "sodium": 2, "potassium": 2}
    windows |= {"bicarbonate": 2, "lactate": 2}
    read_off = {
        name: np.array([nearest(people[person], at, name, within) for person, at, _ in gases])
        for name, within in windows.items()
    }
    kept = ~np.isnan(read_off["calcium_total"]) & ~np.isnan(read_off["albumin"])
    used = {name: values[kept] for name, values in read_off.items()}
    gas = [one for one, chosen in zip(gases, kept, strict=True) if chosen]
    assert (len(gas), len({person for person, _, _ in gas})) == (138, 15)
    assert np.median(used["albumin"]) == pytest.approx(2.8)
    measured = np.array([float(draw["free_calcium"]) for _, _, draw in gas])
    total, phosphate = used["calcium_total"] / 4.0078, used["phosphate"] / 3.0974
    found = solve(
        {
            "ca": total,
            "p": np.where(np.isnan(phosphate), 1.1, phosphate),  # three draws lack it
            "albumin": 10 * used["albumin"],
            "ph": np.array([float(draw["ph_blood"]) for _, _, draw in gas]),
            "mg": used["magnesium"] / 2.4305,
            "na": used["sodium"],
            "k": used["potassium"],
            "tco2": used["bicarbonate"],
            "lactate": used["lactate"],
        }
    )["ionised_ca"]
    error = found - measured
    owners = np.array([person for person, _, _ in gas])
    mean_errors = [error[owners == person].mean() for person in sorted(set(owners))]
    assert error.mean() == pytest.approx(0.08, abs=0.006)
    assert error.std() == pytest.approx(0.13, abs=0.005)
    assert np.sqrt((error**2).mean()) == pytest.approx(0.15, abs=0.005)
    assert np.corrcoef(found, measured)[0, 1] == pytest.approx(0.41, abs=0.02)
    assert np.median(mean_errors) == pytest.approx(0.04, abs=0.005)
    corrected = total + 0.8 * (4 - used["albumin"]) / 4.0078
    assert np.sqrt(((total / 2 - measured) ** 2).mean()) == pytest.approx(0.17, abs=0.005)
    assert np.sqrt(((corrected / 2 - measured) ** 2).mean()) == pytest.approx(0.13, abs=0.005)
