"""Noise: published reference change values, a Monte-Carlo run of the same model, and what an interval covers."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log, sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import rulebook

from calcrisk.noise.interval import probability_at_or_above, set_point, z_of
from calcrisk.noise.model import Scatter, cv_of, product_sigma, sigma_of
from calcrisk.noise.rcv import change, reference_change

SURE = 0.95


def analyte(population: str, name: str) -> Scatter:
    """The scatter of an analyte as the rulebook has it."""
    entry: Any = next(each for each in rulebook().data["variation"] if each["id"] == population)
    return Scatter(*(entry["analytes"][name][part]["value"] / 100 for part in ("within", "analytical")))


@pytest.mark.parametrize(
    ("population", "name", "published", "within"),
    [
        # Corte 2020, haemodialysis: bv-hd-corte2020
        ("haemodialysis", "calcium", 12.6, 0.1),
        ("haemodialysis", "phosphate", 38.7, 0.1),
        ("haemodialysis", "pth", 57.5, 0.1),
        # after transplantation: bv-renal-tx-rcv; other patients, so only near
        ("healthy", "albumin", 12.57, 0.5),
        ("healthy", "creatinine", 14.5, 0.5),
        ("healthy", "calcium", 5.88, 1.5),
        ("healthy", "phosphate", 21.57, 4),
    ],
)
def test_the_symmetric_reference_change_value_is_the_published_one(
    population: str, name: str, published: float, within: float
) -> None:
    found = reference_change(analyte(population, name).sigma, SURE)
    assert found.symmetric * 100 == pytest.approx(published, abs=within)
    assert -found.fall < found.symmetric < found.rise


def test_a_product_varies_as_the_source_says() -> None:
    # bv-hd-corte2020, notes: sqrt(3.8² + 13.1²) = 13.6 % within a person, without the measurement
    within = product_sigma(Scatter(0.038, 0), Scatter(0.131, 0))
    assert cv_of(within) * 100 == pytest.approx(13.6, abs=0.1)
    found = set_point([55], within, SURE)
    assert found.lowest == pytest.approx(42.2, abs=0.1)
    assert found.highest == pytest.approx(71.7, abs=0.1)


def test_standard_scores_are_those_of_the_tables() -> None:
    assert (round(z_of(SURE), 2), round(z_of(SURE, sides=1), 3)) == (1.96, 1.645)


@given(st.floats(0.001, 0.5))
def test_sigma_and_coefficient_of_variation_are_inverse(cv: float) -> None:
    assert cv_of(sigma_of(cv)) == pytest.approx(cv)


@pytest.mark.volume
@pytest.mark.parametrize("readings", [[56.0], [50.0, 61.0, 58.0], [40.0, 41.0]])
def test_the_probability_is_that_of_a_monte_carlo_run_of_the_model(readings: list[float]) -> None:
    calcium, phosphate = analyte("haemodialysis", "calcium"), analyte("haemodialysis", "phosphate")
    sigmas = [sigma_of(cv) for scatter in (calcium, phosphate) for cv in scatter]
    random, runs = Random(6), 40_000
    hits = 0
    for _ in range(runs):  # take from each reading four errors; what is left, averaged, is a set point it may have had
        true = [log(value) - sum(random.gauss(0, sigma) for sigma in sigmas) for value in readings]
        hits += sum(true) / len(true) >= log(55)
    exact = probability_at_or_above(readings, product_sigma(calcium, phosphate), 55)
    assert hits / runs == pytest.approx(exact, abs=4 * sqrt(exact * (1 - exact) / runs) + 1e-4)


def test_an_interval_covers_the_set_point_as_often_as_it_says() -> None:
    random, sigma, covered = Random(6), sigma_of(0.147), 0
    for _ in range(20_000):
        found = set_point([60 * exp(random.gauss(0, sigma)) for _ in range(3)], sigma, SURE)
        covered += found.lowest <= 60 <= found.highest
    assert covered / 20_000 == pytest.approx(SURE, abs=0.006)


@given(st.lists(st.floats(20, 110), min_size=1, max_size=6), st.floats(0.02, 0.3))
def test_probability_and_interval_agree(readings: list[float], sigma: float) -> None:
    found = set_point(readings, sigma, SURE)
    assert probability_at_or_above(readings, sigma, found.lowest) == pytest.approx(0.975)
    assert probability_at_or_above(readings, sigma, found.centre) == pytest.approx(0.5)
    assert probability_at_or_above(readings, sigma, found.highest) == pytest.approx(0.025)


@pytest.mark.parametrize(("factor", "two", "one"), [(0.99, False, False), (1.45, False, True), (1.6, True, True)])
def test_a_change_is_judged_by_the_limits_it_is_shown_beside(factor: float, *, two: bool, one: bool) -> None:
    sigma = sigma_of(0.147)
    for after in (50 * factor, 50 / factor):
        found = change(50, after, sigma, SURE)
        assert (found.beyond_noise, found.beyond_noise_one_sided) == (two, one)
        limits = reference_change(sigma, SURE)
        assert found.beyond_noise == (found.relative > limits.rise or found.relative < limits.fall)


def test_a_change_between_steady_readings_is_seldom_called_one() -> None:
    random, sigma = Random(6), sigma_of(0.147)
    read = [exp(random.gauss(0, sigma)) for _ in range(20_001)]
    false = sum(change(before, after, sigma, SURE).beyond_noise for before, after in pairwise(read))
    assert false / 20_000 == pytest.approx(0.05, abs=0.006)
