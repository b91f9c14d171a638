"""Panels whose values are bounds or words: not missing, told as they were written, and not counted."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from renderings import flowing
from samples import answer, rulebook

from calcrisk import Patient
from calcrisk.history.panels import Panel
from calcrisk.history.usable import CORRECTED, PRODUCT, Excluded, Reading, usable, within
from calcrisk.trending import trend

if TYPE_CHECKING:
    from pathlib import Path

HD: dict[str, Any] = {"age": 60, "ckd_stage": "G5", "dialysis": True}


@pytest.mark.parametrize(
    ("values", "reason", "ends", "certain"),
    [
        ({"calcium": 9.3, "phosphate": ">10"}, "bounds", (93.0, None), "at_or_above"),
        ({"calcium": 9.3, "phosphate": "<2"}, "bounds", (0.0, 18.6), "below"),
        ({"calcium": ">12", "phosphate": 4}, "bounds", (48.0, None), None),
        ({"ca_p_product": ">70"}, "bounds", (70.0, None), "at_or_above"),
        ({"calcium": "high", "phosphate": 6.9}, "bounds", (0.0, None), None),
        ({"phosphate": ">10"}, "missing", (None, None), None),
        ({"calcium": 9.3, "phosphate": "unknown"}, "missing", (None, None), None),
    ],
)
def test_the_reason_of_a_panel_without_a_product(
    values: dict[str, Any], reason: str, ends: tuple[float | None, float | None], certain: str | None
) -> None:
    shown = trend(Patient(**HD).with_panels([{"date": "2026-01-05", **values}]), rulebook())
    (row,) = shown["panels"]
    assert (row["excluded"], row["certain"]) == (reason, certain)
    assert (row["product_lowest"], row["product_highest"]) == tuple(end and pytest.approx(end) for end in ends)
    assert shown["usable"] == 0


def test_bounds_of_the_corrected_product_are_no_missing_calcium_either() -> None:
    one = Panel(1, "", {"phosphate": 6.0}, bounds={"calcium": (12.0, inf)})
    assert usable([one], CORRECTED, Reading()) == ([], [Excluded(one, "bounds")])
    assert usable([one], "calcium", Reading()) == ([], [Excluded(one, "bounds")])
    assert usable([one], PRODUCT, Reading())[1][0].reason == "bounds"
    assert within(one) == (72.0, inf)
    assert within(Panel(1, "", {"phosphate": 6.0})) is None


def test_the_page_shows_what_was_written(tmp_path: Path) -> None:
    panels = '[{date: 2026-01-05, calcium: 9.3, phosphate: ">10"}, {date: 2026-02-05, calcium: high, phosphate: 6}]'
    (tmp_path / "a.yaml").write_text(f"ckd_stage: G5\nage: 60\nhistory: {{panels: {panels}}}\n", encoding="utf-8")
    told = flowing(run("trend", "a.yaml", cwd=tmp_path, COLUMNS="120").out)
    wanted = "2026-01-05 9.3 >10 not used: known within bounds only (product at least 93.0, surely at or above)"
    assert wanted in told
    assert "2026-02-05 high 6.0 not used: known within bounds only" in told
    assert "missing" not in told
    told = flowing(run("assess", "a.yaml", cwd=tmp_path, COLUMNS="120").out)
    assert "2026-01-05 known within bounds only (product at least 93.0, surely at or above)" in told


def test_a_history_of_numbers_says_nothing_of_bounds() -> None:
    one = answer(Patient(**HD).with_panels([{"date": "2026-01-05", "calcium": 9.3, "phosphate": 6}]))
    assert one.history is not None
    (row,) = one.history["panels"]
    assert (row["as_written"], row["product_lowest"], row["certain"]) == ({}, None, None)
