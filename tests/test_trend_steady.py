"""When `calcrisk trend` may speak of one set point and of a slope, and how it says that it may not."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from commands import run
from renderings import flowing
from samples import answer, rulebook

from calcrisk import Patient
from calcrisk.printed import chance, share
from calcrisk.trending import trend, with_interval

HD: dict[str, Any] = {"age": 61, "ckd_stage": "G5", "dialysis": True, "tissue_damage": False, "mineral_history": "yes"}


def looked(*products: float, step: str = "2026-{:02d}-02", as_of: str | None = None, **stated: Any) -> dict[str, Any]:
    panels = [{"date": step.format(at), "ca_p_product": product} for at, product in enumerate(products, 1)]
    return trend(Patient(**(HD | stated)).with_panels(panels), rulebook(), as_of=as_of)


def reasons(shown: dict[str, Any]) -> list[str]:
    return [each["reason"] for each in shown["noise"]["no_set_point"]]


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (looked(58, 57, 60), []),
        (looked(36, 67, 91, 47), ["changed"]),  # a fall of 48 % from the highest; from 33 % it counts
        (looked(58, 57, 60, ckd_stage="none", dialysis=False, acute_kidney_injury=True), ["unsteady"]),
        (looked(58, 57, 60, tumour_lysis=True), ["unsteady"]),
        (looked(58, 57, 60, as_of="2026-09-01"), ["stale"]),
        (looked(90, 58, 57, 60, step="2026-{:02d}-28", as_of="2026-04-28"), ["changed"]),
        (
            looked(90, 58, 57, 60, 58, as_of="2026-05-02"),
            [],
        ),  # 90 lies 120 days back, and is no reading of the set point
    ],
    ids=[
        "steady",
        "changed",
        "acute kidney injury",
        "tumour lysis",
        "stale",
        "changed within three months",
        "long past",
    ],
)
def test_a_set_point_is_told_only_where_one_value_may_be_meant(shown: dict[str, Any], wanted: list[str]) -> None:
    assert reasons(shown) == wanted
    assert (shown["noise"]["set_point"] is None) == bool(wanted)


def test_a_reading_of_nothing_is_no_end_of_a_change() -> None:
    panels = [{"date": f"2026-0{at}-02", "calcium": 9, "phosphate": 5, "pth": pth} for at, pth in enumerate([0, 90], 1)]
    changes = trend(Patient(**HD).with_panels(panels), rulebook())["noise"]["changes"]
    assert {each["of"]: each["last"] for each in changes}["pth"] is None


def test_of_four_steady_draws_one_in_five_is_said_to_have_changed() -> None:
    chances = Random(5)
    sigma = 0.1463  # of a product on dialysis
    found = [reasons(looked(*(50 * 2.718281828 ** chances.gauss(0, sigma) for _ in range(4)))) for _ in range(300)]
    assert 0.12 < found.count(["changed"]) / len(found) < 0.28


def test_the_page_says_first_that_the_model_does_not_hold(tmp_path: Any) -> None:
    panels = "[{date: 2026-03-01, calcium: 9, phosphate: 4}, {date: 2026-03-02, calcium: 7.6, phosphate: 12}]"
    stated = f"age: 40\nacute_kidney_injury: yes\nckd_stage: none\nhistory: {{panels: {panels}}}\n"
    (tmp_path / "a.yaml").write_text(stated, encoding="utf-8")
    told = flowing(run("trend", "a.yaml", cwd=tmp_path).out)
    noise = told[told.index("What measurement alone explains") :]
    assert (
        "No set point and no probability are told, since both assume one unchanged value: acute kidney injury" in noise
    )
    assert noise.index("No set point") < noise.index("One product varies")
    assert "true product lies at or above" not in told
    assert "in 30 days" not in told
    assert "straight line through the draws +55.2 mg²/dL² over 1 day" in told
    interval = flowing(run("assess", "a.yaml", "--interval", cwd=tmp_path).out)
    assert "hang on noise? " in interval
    assert "The model does not hold here: acute kidney injury" in interval


def test_an_interval_knows_whether_the_state_is_steady() -> None:
    for acute in (True, False):
        one = Patient(age=40, ckd_stage="none", acute_kidney_injury=acute, calcium=9, phosphate=6)
        found = with_interval(answer(one), one, rulebook()).interval
        assert found is not None
        assert (found["unsteady"] is not None) == acute


@pytest.mark.parametrize(("days", "told"), [((2, 20), False), ((2, 31), False), ((1, 31), True)])
def test_a_slope_is_not_extrapolated_beyond_the_draws(days: tuple[int, int], *, told: bool) -> None:
    panels = [{"date": f"2026-03-{day:02d}", "ca_p_product": 50 + day} for day in days]
    shown = trend(Patient(**HD).with_panels(panels), rulebook())
    span = days[1] - days[0]
    assert (shown["slope"] is not None) == told
    assert (shown["span_days"], shown["change_over_span"]) == (span, pytest.approx(span))
    one = answer(Patient(**HD).with_panels(panels))
    assert ("product_slope" in one.inputs) == told


@pytest.mark.parametrize(
    ("value", "as_chance", "as_share"),
    [
        (0, "below 1 %", "0 %"),
        (0.004, "below 1 %", "below 1 %"),
        (0.01, "1 %", "1 %"),
        (0.525, "52 %", "52 %"),
        (0.99, "99 %", "99 %"),
        (0.996, "above 99 %", "above 99 %"),
        (1, "above 99 %", "100 %"),
    ],
)
def test_no_probability_is_told_as_certain(value: float, as_chance: str, as_share: str) -> None:
    assert (chance(value), share(value)) == (as_chance, as_share)


def test_sustained_is_said_in_the_sentence() -> None:
    assert "(sustained since 2026-01-02)" in looked(60, 61, 62)["sentence"]
    assert "(sustained from 2026-01-02 to 2026-02-02)" in looked(60, 61, 40)["sentence"]
