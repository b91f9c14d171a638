"""What `assess` says beside a product stands beside its trend as well: in the text, in JSON and under the picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from renderings import flowing
from samples import answer, rulebook

from calcrisk import Patient
from calcrisk.printed import days
from calcrisk.render import trend_words
from calcrisk.trending import trend, with_interval

if TYPE_CHECKING:
    from pathlib import Path

HD: dict[str, Any] = {"age": 61, "ckd_stage": "G5", "dialysis": True}
_NOT_OF_CHILDREN = "No source of this variation is said to be of children, so it is not known to hold for this age."
HEALTHY: dict[str, Any] = {"age": 58, "ckd_stage": "none"}


def of(*panels: dict[str, Any], **stated: Any) -> Patient:
    dated = [{"date": f"2026-{month:02d}-05", **panel} for month, panel in enumerate(panels, 1)]
    return Patient(**stated).with_panels(dated)


PHPT = of(*[{"calcium": calcium, "phosphate": 2.3} for calcium in (11.2, 11.4, 11.1, 11.5)], **HEALTHY)
INFANT = of({"calcium": 10.2, "phosphate": 6.3}, {"calcium": 10.4, "phosphate": 6.2}, age="5 months", ckd_stage="none")
OPEN_AGE = of({"calcium": 9.9, "phosphate": 6.3}, {"calcium": 9.8, "phosphate": 6.2})


def test_what_assess_says_beside_the_product_is_all_there() -> None:
    for one in (PHPT, INFANT, OPEN_AGE):
        shown, assessed = trend(one, rulebook()), answer(one)
        assert shown["notes"] == assessed.ca_p_product.notes
        assert shown["caveats"] == assessed.ca_p_product.caveats
        assert "below its limit does not exclude" in shown["notice"]
        assert any("KDIGO does not use the product" in note for note in shown["notes"])
        codes = {each.code for each in assessed.warnings} - {"current-from-panel"}
        assert {each["code"] for each in shown["warnings"]} == codes
        assert [each["pattern"] for each in shown["consider"]] == [each.pattern for each in assessed.consider]


def test_a_calcium_high_on_every_draw_is_told_beside_a_low_product() -> None:
    (other,) = trend(PHPT, rulebook())["others"]
    assert (other["of"], other["beyond"], other["usable"], other["sustained"]) == ("calcium", 4, 4, True)
    assert trend(INFANT, rulebook())["others"] == ()


@pytest.mark.parametrize(
    ("stated", "instead"),
    [({}, "haemodialysis"), ({"ckd_stage": "none"}, None), ({"ckd_stage": "G5", "dialysis": True}, None)],
)
def test_a_population_that_was_not_stated_is_said_to_be_assumed(stated: dict[str, Any], instead: str | None) -> None:
    noise = trend(of({"ca_p_product": 60}, age=60, **stated), rulebook())["noise"]
    assert (noise["instead"] and noise["instead"]["title"]) == instead
    if instead:
        assert noise["instead"]["product_cv"] > noise["product_cv"]


def test_an_alert_stands_above_the_sentence(tmp_path: Path) -> None:
    panels = "[{date: 2026-03-02, labs: {calcium: 9, phosphate: 9.8}}]"
    (tmp_path / "a.yaml").write_text(f"age: 60\nckd_stage: G5\nhistory: {{panels: {panels}}}\n", encoding="utf-8")
    told = run("trend", "a.yaml", cwd=tmp_path).out
    assert told.index("ALERT: Critical phosphate") < told.index("At or above 55")


PAGES = {
    "calcium": (PHPT, "Serum calcium (total) above 10.4 mg/dL on 4 of 4 draws, sustained"),
    "child": (INFANT, "Mind: arithmetic only in a child without CKD"),
    "age": (
        OPEN_AGE,
        "The limit is 55 or 65, by an age that is not stated: counted against 55; at or above 65 on 0 of 2",
    ),
    "kidney": (OPEN_AGE, "Kidney disease is neither stated nor denied: in haemodialysis it would vary by 14.7 %"),
}
_CALCIUM = [f"{{date: 2026-0{at}-05, calcium: 11.{at}, phosphate: 2.3}}" for at in (1, 2, 3, 4)]
WRITTEN = {
    "calcium": f"age: 58\nckd_stage: none\nhistory: {{panels: [{', '.join(_CALCIUM)}]}}\n",
    "child": "age: 5 months\nckd_stage: none\nhistory: {panels: [{date: 2026-01-05, calcium: 10.2, phosphate: 6.3}]}\n",
    "age": "history: {panels: [{date: 2026-01-05, ca_p_product: 62}, {date: 2026-02-05, ca_p_product: 60}]}\n",
    "kidney": "history: {panels: [{date: 2026-01-05, ca_p_product: 62}]}\n",
    "undated": "labs: {calcium: 9}\nhistory: {panels: [{date: 2026-01-05, ca_p_product: 62}]}\n",
    "corrected": "{ckd_stage: G5, history: {panels: [{date: 2026-01-05, calcium: 9, phosphate: 6, albumin: 3}]}}",
}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, words) for name, (_, words) in PAGES.items()),
        ("undated", "the values outside the panels have no date"),
        ("corrected", "In CKD G3a to G5 the albumin-corrected calcium is shown and never read as a high calcium"),
    ],
)
def test_the_page_says_it(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WRITTEN[name], encoding="utf-8")
    options = ["--corrected"] if name == "corrected" else []
    for width in ("60", "80", "120"):
        told = run("trend", "a.yaml", *options, cwd=tmp_path, COLUMNS=width)
        assert words in flowing(told.out)
        assert max(map(len, told.out.splitlines())) <= int(width)


def test_no_line_of_the_picture_runs_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WRITTEN["calcium"], encoding="utf-8")
    drawn = ET.fromstring(run("trend", "a.yaml", "--format", "svg", cwd=tmp_path).out)  # noqa: S314  # our own
    lines = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert max(map(len, lines)) <= 100  # letters; a line of 700 units holds about 110
    assert drawn.get("viewBox") == f"0 0 760 {420 + 18 * 5}"


@pytest.mark.parametrize(("name", "words"), [("child", "Mind: arithmetic only"), ("age", "The limit is 55 or 65")])
def test_the_picture_says_it(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WRITTEN[name], encoding="utf-8")
    drawn = run("trend", "a.yaml", "--format", "svg", cwd=tmp_path).out
    assert words in drawn
    assert "A Ca×P product below" in drawn


def test_the_picture_says_what_must_not_be_missed_and_counts_the_rest(tmp_path: Path) -> None:
    panels = """
      - {date: 2026-01-05 07:00, calcium: 9, phosphate: 6}
      - {date: 2026-01-05 12:00, calcium: 9, phosphate: 2.5}
      - {date: 2026-02-05, calcium: 9, phosphate: 11}
      - {date: 2026-03-05, calcium: 9, phosphate: 10, sample_haemolysed: yes}
      - {date: 2026-03-06, calcium: 9, phosphate: 10}
    """
    text = f"age: 9\nckd_stage: G5\ndialysis: yes\nhistory:\n  panels: {panels}"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    drawn = ET.fromstring(run("trend", "a.yaml", "--format", "svg", cwd=tmp_path).out)  # noqa: S314  # our own
    told = flowing(" ".join(text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")))
    assert "ALERT: Critical phosphate" in told
    assert "Not used: 1 looks drawn after dialysis, 1 haemolysed." in told
    assert "No source of this variation is said to be of children" in told
    assert re.search(r"Serum phosphate \(as phosphorus\) above 7 mg/dL on 2 of 3 draws", told)
    assert re.search(r"Not said here: \d+ warnings.* calcrisk trend says them\.", told)


@pytest.mark.parametrize(("age", "said"), [(17, True), (18, False), (None, False)])
def test_whose_variation_it_is_not_known_to_be_is_said_below_the_age_of_adults(age: int | None, said: bool) -> None:
    stated = Patient(age=age, ckd_stage="G5").with_panels([{"date": "2026-01-05", "calcium": 9, "phosphate": 6}])
    shown = trend(stated, rulebook())
    interval = with_interval(answer(stated), stated, rulebook()).interval
    for caveats in (shown["noise"]["caveats"], interval["caveats"] if interval else None):
        assert caveats == ((_NOT_OF_CHILDREN,) if said else ())
    for told in (trend_words.noise(shown), trend_words.interval(interval or {})):
        assert (_NOT_OF_CHILDREN in told) is said


def test_the_history_of_an_assessment_tells_an_open_limit(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WRITTEN["age"], encoding="utf-8")
    told = flowing(run("assess", "a.yaml", cwd=tmp_path).out)
    assert (
        "The limit is 55 or 65, by an age that is not stated: counted against 55; at or above 65 on 0 of 2 draws"
        in told
    )


@pytest.mark.parametrize(
    ("phosphate", "notes"),
    [(7, ["at or above", "at or above, albumin of 2026-01-05"]), (3, ["", "albumin of 2026-01-05"])],
)
def test_a_note_tells_the_side_of_the_limit_beside_the_day_of_an_albumin(phosphate: float, notes: list[str]) -> None:
    measured = {"calcium": 9, "phosphate": phosphate}
    panels = [{"date": "2026-01-05", "albumin": 3, **measured}, {"date": "2026-01-12", **measured}]
    shown = trend(Patient(**HD).with_panels(panels), rulebook(), corrected=True)["panels"]
    assert [trend_words.note(row) for row in shown] == notes


@pytest.mark.parametrize(
    ("length", "said"),
    [(0, "less than a day"), (0.4, "less than a day"), (0.6, "1 day"), (1.4, "1 day"), (59, "59 days")],
)
def test_a_length_of_time_is_never_none_at_all(length: float, said: str) -> None:
    assert days(length) == said


def test_a_history_of_hours_does_not_speak_of_no_days() -> None:
    panels = [{"date": f"2026-01-01 0{hour}:00", "calcium": 9, "phosphate": 5} for hour in (1, 7)]
    told = " ".join(trend_words.history(answer(Patient(**HD).with_panels(panels)).history or {}))
    assert "of less than a day" in told
    assert "of less than a day" in trend(Patient(**HD).with_panels(panels), rulebook())["sentence"]
