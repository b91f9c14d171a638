"""Dated panels as arithmetic: usable draws, exceedance, interpolation, against hand-worked cases and brute force."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcrisk.history.exceedance import exceedance
from calcrisk.history.interpolation import interpolated, slope
from calcrisk.history.panels import Panel, days
from calcrisk.history.usable import (
    CORRECTED,
    PRODUCT,
    Correction,
    Draw,
    Excluded,
    Reading,
    at_or_above,
    beyond,
    usable,
)

LIMIT = 55.0
PAYNE = Correction(slope=0.8, reference=4)


def drawn(*points: tuple[float, float]) -> list[Draw]:
    """Draws of (day, product)."""
    return [Draw(float(day), str(day), value, Panel(float(day), str(day))) for day, value in points]


def panel(day: float, *flaws: str, **values: float) -> Panel:
    return Panel(day, f"day {day:g}", values, flaws)


HISTORIES = st.lists(
    st.tuples(st.integers(0, 400), st.floats(20, 110).map(lambda value: round(value, 1))),
    max_size=12,
    unique_by=lambda point: point[0],
).map(lambda points: drawn(*sorted(points)))


# ---- usable ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (panel(1, "post_dialysis", calcium=9, phosphate=6), "post_dialysis"),
        (panel(1, "haemolysed", calcium=9, phosphate=6), "haemolysed"),
        (panel(1, "acute_illness", calcium=9, phosphate=6), "acute_illness"),
        (panel(1, calcium=9), "missing"),
        (panel(1, phosphate=6), "missing"),
        (panel(12, calcium=9, phosphate=6), "later"),
    ],
)
def test_a_panel_is_left_out_and_it_is_said_why(one: Panel, reason: str) -> None:
    assert usable([one], PRODUCT, Reading(until=11)) == ([], [Excluded(one, reason)])


def test_a_product_as_reported_counts_and_the_day_spoken_of_counts_whole() -> None:
    late = panel(11.9, calcium=9, phosphate=6)
    draws, excluded = usable([late, panel(3, ca_p_product=61)], PRODUCT, Reading(until=11))
    assert [(draw.time, draw.value) for draw in draws] == [(3, 61), (11.9, 54)]
    assert not excluded


def test_of_two_panels_of_one_instant_the_first_usable_one_counts() -> None:
    flawed, first, second = (
        panel(1, "haemolysed", ca_p_product=90),
        panel(1, ca_p_product=50),
        panel(1, ca_p_product=60),
    )
    draws, excluded = usable([flawed, first, second], PRODUCT, Reading())
    assert [draw.panel for draw in draws] == [first]
    assert [each.reason for each in excluded] == ["haemolysed", "same_time"]


def test_an_albumin_is_carried_for_so_long_and_its_day_is_named() -> None:
    panels = [panel(0, albumin=3), *(panel(day, calcium=9, phosphate=5) for day in (7, 7.5))]
    draws, excluded = usable(panels, CORRECTED, Reading(albumin_within=7, correction=PAYNE))
    assert [(draw.time, draw.albumin_of) for draw in draws] == [(7, "day 0")]
    assert draws[0].value == pytest.approx(9.8 * 5)
    assert [each.reason for each in excluded] == ["missing", "no_albumin"]


def test_an_albumin_of_a_flawed_sample_is_not_carried() -> None:
    panels = [panel(0, "post_dialysis", albumin=4.4), panel(1, calcium=9, phosphate=5)]
    assert usable(panels, CORRECTED, Reading(albumin_within=7, correction=PAYNE))[0] == []


def test_any_analyte_is_read_by_the_same_definition() -> None:
    panels = [panel(0, pth=400), panel(5, "acute_illness", pth=700), panel(9, calcium=9)]
    assert [draw.value for draw in usable(panels, "pth", Reading())[0]] == [400]


@pytest.mark.parametrize(
    ("text", "time"),
    [("2026-03-02", 739677), ("2026-03-02 12:00", 739677.5), ("2026-02-30", None), ("03/02/2026", None)],
)
def test_a_time_is_a_day_of_the_calendar_and_its_part(text: str, time: float | None) -> None:
    assert days(text) == time


def test_a_moment_of_another_zone_is_no_time() -> None:
    assert days("2026-03-02T12:00+01:00") is None


# ---- exceedance ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        ((), "none"),
        (((0, 50), (28, 54.9)), "none"),
        (((0, 50), (28, 55)), "single"),
        (((0, 60), (20, 60)), "several"),
        (((0, 60), (21, 60)), "sustained"),
        (((0, 60), (14, 50), (28, 60)), "repeated"),
        (((0, 60), (10, 56), (14, 50), (28, 60), (40, 60)), "repeated"),
        (((0, 50), (28, 60), (56, 58), (84, 50)), "sustained"),
    ],
)
def test_what_panels_say_in_a_word(points: tuple[tuple[float, float], ...], kind: str) -> None:
    assert exceedance(drawn(*points), LIMIT, 21).kind == kind


def test_the_run_told_is_the_longest_and_of_equals_the_latest() -> None:
    draws = drawn((0, 60), (28, 60), (56, 50), (84, 60), (112, 60))
    run = exceedance(draws, LIMIT, 21).run
    assert run
    assert (run.draws[0].time, run.days, run.current) == (84, 28, True)


def test_a_tie_written_in_decimals_reaches_and_does_not_pass() -> None:
    assert at_or_above(8.8 * 6.25, LIMIT)
    assert not beyond(8.8 * 6.25, LIMIT)
    assert beyond(55.1, LIMIT)
    assert not exceedance(drawn((0, 55), (30, 55)), LIMIT, 21, passing=True).above


@given(HISTORIES, st.integers(0, 60))
def test_exceedance_is_what_its_definition_says(draws: list[Draw], apart: int) -> None:
    found = exceedance(draws, LIMIT, apart)
    pairs = [(a, b) for a, b in combinations(range(len(draws)), 2) if draws[b].time - draws[a].time >= apart]
    high = [at_or_above(draw.value, LIMIT) for draw in draws]
    assert found.repeated == any(high[a] and high[b] for a, b in pairs)
    assert found.sustained == any(all(high[a : b + 1]) for a, b in pairs)
    assert len(found.above) == sum(high)


# ---- interpolation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "total", "above", "mean"),
    [
        (((0, 50), (10, 60)), 10, 5, 55),  # crosses half-way
        (((0, 45), (10, 65), (30, 65)), 30, 5 + 20, (10 * 55 + 20 * 65) / 30),
        (((0, 55), (30, 55)), 30, 30, 55),  # on the limit is at or above
        (((0, 55), (10, 45)), 10, 0, 50),  # leaves it at once
        (((0, 60), (100, 60), (110, 50)), 10, 5, 55),  # the first gap is too long
        (((0, 60),), 0, 0, None),
        ((), 0, 0, None),
    ],
)
def test_time_above_worked_by_hand(
    points: tuple[tuple[float, float], ...], total: float, above: float, mean: float | None
) -> None:
    found = interpolated(drawn(*points), LIMIT, 92)
    assert found.days == total
    assert found.above == pytest.approx(above)
    assert found.mean == (pytest.approx(mean) if mean else None)
    assert found.fraction == (pytest.approx(above / total) if total else None)


@given(HISTORIES, st.integers(10, 200))
def test_time_above_is_a_brute_force_integral(draws: list[Draw], gap: int) -> None:
    steps = 400
    total = high = area = 0.0
    for first, second in pairwise(draws):
        length = second.time - first.time
        if length <= gap:
            for step in range(steps):
                value = first.value + (second.value - first.value) * (step + 0.5) / steps
                total += length / steps
                high += length / steps * at_or_above(value, LIMIT)
                area += length / steps * value
    found = interpolated(draws, LIMIT, gap)
    assert found.days == pytest.approx(total)
    assert found.above == pytest.approx(high, abs=total / steps + 1e-9)
    assert found.mean == (pytest.approx(area / total) if total else None)


@given(HISTORIES, st.integers(-100, 100))
def test_a_shift_in_time_changes_nothing(draws: list[Draw], shift: int) -> None:
    moved = [draw._replace(time=draw.time + shift) for draw in draws]
    assert interpolated(moved, LIMIT, inf) == interpolated(draws, LIMIT, inf)
    assert slope(moved) == (None if len(draws) < 2 else pytest.approx(slope(draws), abs=1e-9))


def test_a_slope_worked_by_hand() -> None:
    assert slope(drawn((0, 50), (10, 60), (20, 70))) == pytest.approx(1)
    assert slope(drawn((0, 50), (10, 40), (20, 60))) == pytest.approx(0.5)
    assert slope(drawn((0, 50))) is None
    assert slope(drawn((3, 50), (3, 60))) is None
