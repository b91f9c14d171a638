"""Two draws of a day on dialysis: the later one, lower by what a session takes, does not reassure."""

from __future__ import annotations

from typing import Any

import pytest
from samples import answer, rulebook

from calcrisk import Patient
from calcrisk.history.panels import Panel
from calcrisk.history.usable import after_session
from calcrisk.trending import trend

HD: dict[str, Any] = {"age": 60, "ckd_stage": "G5", "dialysis": True, "tissue_damage": False}
BEFORE = [("2026-01-05 07:00", 9.2, 7.0), ("2026-02-02 07:00", 9.3, 7.1), ("2026-03-02 07:00", 9.2, 6.9)]
AFTER = [("2026-01-05 11:30", 9.9, 2.7), ("2026-02-02 11:30", 9.9, 2.8), ("2026-03-02 11:30", 9.8, 2.6)]


def patient(*draws: tuple[str, float, float], more: dict[str, Any] | None = None, **stated: Any) -> Patient:
    panels = [{"date": date, "calcium": ca, "phosphate": p, **(more or {})} for date, ca, p in draws]
    return Patient(**(HD | stated)).with_panels(panels)


def test_draws_after_a_session_break_no_run_and_are_not_the_present_value() -> None:
    with_them, without = answer(patient(*BEFORE, *AFTER)), answer(patient(*BEFORE))
    assert with_them.history is not None
    assert without.history is not None
    for key in ("usable", "at_or_above", "exceedance", "fraction_at_or_above", "mean", "newest", "current_values_of"):
        assert with_them.history[key] == without.history[key]
    assert with_them.history["exceedance"] == "sustained"
    assert with_them.risk == without.risk
    assert with_them.ca_p_product.value == pytest.approx(9.2 * 6.9)
    left_out = [row["date"] for row in with_them.history["panels"] if row["excluded"] == "maybe_post_dialysis"]
    assert left_out == [date for date, *_ in AFTER]
    (warned,) = [each for each in with_them.warnings if each.code == "maybe-post-dialysis"]
    assert all(date in warned.message for date in left_out)
    assert "not used" in warned.message


@pytest.mark.parametrize(
    ("stated", "more", "usable", "warned"),
    [
        ({}, {}, 3, True),
        ({}, {"sample_post_dialysis": False}, 6, False),  # it was asked and answered
        ({"dialysis": None}, {}, 6, True),  # stage 5, and dialysis is open: they count, and it is said
        ({"dialysis": False, "ckd_stage": "G4"}, {}, 6, False),
        ({"dialysis": None, "ckd_stage": "none"}, {}, 6, False),
    ],
)
def test_only_on_dialysis_is_a_fall_within_a_day_a_session(
    stated: dict[str, Any], more: dict[str, Any], usable: int, warned: bool
) -> None:
    one = answer(patient(*BEFORE, *AFTER, more=more, **stated))
    assert one.history is not None
    assert one.history["usable"] == usable
    assert ("maybe-post-dialysis" in {each.code for each in one.warnings}) == warned


def test_a_trend_says_why_they_are_not_used() -> None:
    shown = trend(patient(*BEFORE, *AFTER), rulebook())
    assert shown["sentence"].startswith("At or above 55 on three of three monthly draws (sustained since 2026-01-05)")


def test_without_a_time_of_day_the_higher_phosphate_is_that_of_before() -> None:
    one = answer(patient(("2026-03-02", 9.8, 2.6), ("2026-03-02", 9.2, 6.9)))
    assert one.history is not None
    assert [row["excluded"] for row in one.history["panels"]] == ["maybe_post_dialysis", None]


@pytest.mark.parametrize(
    ("late", "found"),
    [
        (Panel(1.2, "", {"phosphate": 6.0}), True),  # exactly the fall
        (Panel(1.2, "", {"phosphate": 6.01}), False),
        (Panel(2.0, "", {"phosphate": 6.0}), True),  # a day after
        (Panel(2.01, "", {"phosphate": 6.0}), False),
        (Panel(0.9, "", {"phosphate": 6.0}), False),  # it was before
        (Panel(1.2, "", {"phosphate": 6.0}, ("haemolysed",)), False),
        (Panel(1.2, "", {"calcium": 6.0}), False),
    ],
)
def test_what_looks_drawn_after_dialysis(late: Panel, *, found: bool) -> None:
    early = Panel(1, "", {"phosphate": 10.0})
    assert after_session([early, late], within=1, fall=0.4) == ([late] if found else [])
    flawed = early._replace(flaws=("haemolysed",))
    assert after_session([flawed, late], within=1, fall=0.4) == []
