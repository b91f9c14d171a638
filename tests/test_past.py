"""Panels become inputs: what is filled, what a statement by hand changes, and what it does to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from samples import CASES, SAMPLES, answer, patient, patient_from, rulebook

from calcrisk import InputError, Patient, Rulebook, assess
from calcrisk.inputs.documents import read_document
from calcrisk.stated import Range

if TYPE_CHECKING:
    from calcrisk import Assessment

HD: dict[str, Any] = {
    "age": 61,
    "ckd_stage": "G5",
    "dialysis": True,
    "tissue_damage": False,
    "mineral_history": "yes",
    "diabetes": False,
    "vitamin_k_antagonist": False,
}


def monthly(*products: float, **stated: Any) -> Patient:
    """A man on dialysis with one panel a month, of a calcium of 10 mg/dL."""
    panels = [
        {"date": f"2026-{month:02d}-02", "calcium": 10, "phosphate": product / 10}
        for month, product in enumerate(products, 1)
    ]
    return Patient(**(HD | stated)).with_panels(panels)


def said(assessment: Assessment) -> set[str]:
    return {warned.code for warned in assessment.warnings}


def history(assessment: Assessment) -> dict[str, Any]:
    assert assessment.history is not None
    return assessment.history


OLDER = (
    "in older panels only, and not read as present values: parathyroid hormone (intact) 500 pg/mL on 2026-03-02 "
    "(63 days before); state what still stands"
)
PTH = {"value": "500 pg/mL", "upper_limit": "65 pg/mL"}


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        pytest.param({}, [OLDER], id="not stated"),
        pytest.param({"pth": "410"}, [], id="stated"),
        pytest.param({"pth": "high"}, [], id="stated in a word"),
        pytest.param({"pth": "unknown"}, [], id="said to be unknown"),
    ],
)
def test_a_value_of_an_older_panel_is_named_and_not_read(stated: dict[str, Any], wanted: list[str]) -> None:
    """Calcium and phosphate are drawn monthly and PTH is not: it must not be said that there is none."""
    panels = [
        {"date": "2026-01-02", "calcium": 10, "phosphate": 5, "pth": "700"},
        {"date": "2026-03-02", "calcium": 10, "phosphate": 5, "pth": PTH},
        {"date": "2026-04-02", "calcium": 10, "phosphate": 5, "pth": "900", "sample_haemolysed": True},
        {"date": "2026-05-04", "calcium": 10, "phosphate": 5},
        {"date": "2026-06-04", "calcium": 10, "phosphate": 5, "pth": "950"},
    ]
    found = assess(Patient(**HD, **stated).with_panels(panels), rulebook(), as_of="2026-05-04")
    assert [each.message for each in found.warnings if each.code == "older-values"] == wanted
    assert found.inputs.get("pth") is None or "pth" in stated


def test_no_values_outside_the_panels_are_none_without_a_date() -> None:
    """A stale panel stands for nothing present; nothing of today was stated then either."""
    stale = assess(monthly(50, 52), rulebook(), as_of="2027-01-01")
    assert "undated-values" not in said(stale)
    assert "undated-values" in said(answer(monthly(50, 52, phosphate=">10")))


def test_nothing_changes_for_a_patient_without_panels() -> None:
    stated = Patient(**HD, calcium=9.4, phosphate=6)
    assert answer(stated).history is None
    assert answer(stated) == answer(stated.with_panels([]))


@pytest.mark.parametrize(
    ("products", "kind", "tier"),
    [
        ((50, 52, 51), "none", "moderate"),
        ((50, 52, 58), "single", "moderate"),
        ((58, 50, 58), "repeated", "moderate"),
        ((50, 58, 57), "sustained", "high"),
        ((58, 57, 48), "sustained", "high"),
    ],
)
def test_a_single_exceedance_speaks_more_softly_than_a_sustained_one(
    products: tuple[float, ...], kind: str, tier: str
) -> None:
    found = answer(monthly(*products))
    assert (history(found)["exceedance"], found.risk.metastatic.tier) == (kind, tier)
    notes = " ".join(found.ca_p_product.notes)
    assert ("single product is unconfirmed" in notes) == (kind == "single")
    assert ("repeated, not sustained" in notes) == (kind == "repeated")


def test_a_history_outweighs_one_normal_value() -> None:
    found = answer(monthly(78, 76, 74, 30))
    assert found.ca_p_product.at_or_above is False
    assert found.facts["confirmed"].value is True
    assert {"history_hyperphosphataemia", "product_sustained"} <= found.inputs.keys()
    assert found.classification == "metastatic"


def test_the_published_case_says_the_same_by_panels_as_by_words() -> None:
    """Gastric calcinosis: product 21.8 on admission, phosphate high before. The panels before it are invented."""
    case = patient(CASES / "gastric-calcinosis-52m-hd.yaml")
    bare = case.model_copy(update={"history_hyperphosphataemia": None, "history_hypercalcaemia": None})
    panels = [
        {"date": "2026-01-05", "calcium": 9.4, "phosphate": 8.1},
        {"date": "2026-02-02", "calcium": 9.2, "phosphate": 7.6},
    ]
    found = answer(bare.with_panels(panels, day="2026-03-02"))
    assert found.inputs["history_hyperphosphataemia"].origin == "history.panels"
    assert found.classification == answer(case).classification == "metastatic"
    assert found.risk.metastatic.tier == answer(case).risk.metastatic.tier


def test_a_value_given_by_hand_wins() -> None:
    found = answer(monthly(58, 58, product_sustained=False))
    assert found.inputs["product_sustained"].value is False
    assert history(found)["by_hand"] == ["product_sustained"]
    assert history(found)["exceedance"] == "sustained"


def test_what_panels_say_against_a_stated_no_is_told_and_not_filled() -> None:
    found = answer(monthly(58, 58, mineral_history=False))
    assert "panels-contradict" in said(found)
    assert "product_sustained" not in found.inputs


def test_the_newest_usable_panel_is_the_present_one_where_nothing_is_stated() -> None:
    found = answer(monthly(50, 56))
    assert found.ca_p_product.value == pytest.approx(56)
    assert (history(found)["current_values_of"], "current-from-panel" in said(found)) == ("2026-02-02", True)


def test_a_value_outside_the_panels_stands_and_counts_only_with_its_day() -> None:
    stated = monthly(50, 56, calcium=9, phosphate=4)
    assert answer(stated).ca_p_product.value == 36
    assert "undated-values" in said(answer(stated))
    dated = stated.with_panels([{"date": "2026-02-02", "ca_p_product": 56}], day="2026-03-01")
    assert history(answer(dated))["usable"] == 2
    assert "undated-values" not in said(answer(dated))


def test_a_stale_panel_is_said_to_be_stale_and_is_no_present_value() -> None:
    fresh, stale = (assess(monthly(50, 56), rulebook(), as_of=day) for day in ("2026-05-05", "2026-05-06"))
    assert (history(fresh)["age_days"], history(fresh)["stale"], "stale-panel" in said(fresh)) == (92, False, False)
    assert (history(stale)["age_days"], history(stale)["stale"], "stale-panel" in said(stale)) == (93, True, True)
    assert stale.ca_p_product.value is None


@pytest.mark.parametrize("door", ["a.yaml", "a.json"])
def test_a_dated_value_is_stale_against_a_later_day_without_any_panel(door: str) -> None:
    text = '{"date": "2026-01-05", "age": 61, "ckd_stage": "G5", "calcium": 9.4, "phosphate": 6}'
    dated = patient_from(read_document(text, door), {})
    assert assess(dated, rulebook(), as_of="2026-01-05").history is None
    late = assess(dated, rulebook(), as_of="2026-06-01")
    assert (history(late)["age_days"], "stale-panel" in said(late)) == (147, True)
    assert late.ca_p_product.value == pytest.approx(56.4)


def test_panels_later_than_the_day_spoken_of_are_left_out() -> None:
    found = assess(monthly(50, 56, 60), rulebook(), as_of="2026-02-10")
    assert history(found)["usable"] == 2
    assert [row["excluded"] for row in history(found)["panels"]] == [None, None, "later"]


def test_while_the_age_is_open_so_is_what_hangs_on_the_limit() -> None:
    found = answer(monthly(60, 60, 50, 70, age=None))
    assert (history(found)["threshold_lowest"], history(found)["threshold_highest"]) == (55, 65)
    assert found.inputs["product_sustained"].value is None
    assert (found.inputs["panels_at_or_above"].lowest, found.inputs["panels_at_or_above"].highest) == (1, 3)
    assert answer(monthly(70, 70, age=None)).inputs["product_sustained"].value is True


def test_a_profile_moves_the_limit_of_the_history_too() -> None:
    found = assess(monthly(51, 51), Rulebook.default("cari"))
    assert history(found)["exceedance"] == "sustained"
    assert history(answer(monthly(51, 51)))["exceedance"] == "none"


def test_what_is_flawed_in_any_panel_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Patient(**HD).with_panels([{"date": "2026-02-30"}, {"date": "2026-03-01", "calcium": "2.4 mg/dL", "p4": 3}])
    assert [fault.code for fault in caught.value.faults] == ["not-a-date", "unknown-field", "likely-unit"]


def test_bounds_and_words_of_a_panel_are_no_numbers() -> None:
    panels = [
        {"date": "2026-01-02", "calcium": 9, "phosphate": "<6"},
        {"date": "2026-02-02", "calcium": "normal", "phosphate": 5},
        {"date": "2026-03-02", "calcium": 9, "phosphate": "haemolysed"},
        {"date": "2026-04-02", "calcium": 9, "phosphate": 5, "sample_post_dialysis": "unknown"},
    ]
    rows = history(answer(Patient(**HD).with_panels(panels)))["panels"]
    assert [row["excluded"] for row in rows] == ["bounds", "bounds", "missing", "post_dialysis"]


def test_a_copy_keeps_its_panels_and_panels_tell_patients_apart() -> None:
    first = monthly(50, 56)
    assert first.model_copy(update={"age": 62}).panels == first.panels
    assert first != monthly(50, 57)
    assert hash(first) == hash(monthly(50, 56))


@pytest.mark.parametrize("name", ["hd-monthly-61m.yaml", "ckd4-quarterly-70f.yaml"])
def test_a_sample_with_panels_fills_what_is_numeric(name: str) -> None:
    given = answer(patient(SAMPLES / name)).inputs
    for filled in ("panels_usable", "panels_at_or_above", "product_time_above", "product_mean", "product_slope"):
        assert isinstance(given[filled].value, float)
        assert given[filled].origin == "history.panels"
    assert not isinstance(given["panels_usable"].value, Range)
