"""`calcrisk trend` and `assess --interval`: the sentence, the page, the picture, the document, and what is refused."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from commands import run
from renderings import flowing
from samples import SAMPLES, answer, patient, rulebook

from calcrisk import Assessment, Patient
from calcrisk.render import trend_words
from calcrisk.render.json import to_json
from calcrisk.trending import trend, with_interval

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MONTHLY = SAMPLES / "hd-monthly-61m.yaml"
QUARTERLY = SAMPLES / "ckd4-quarterly-70f.yaml"
HD: dict[str, Any] = {"age": 61, "ckd_stage": "G5", "tissue_damage": False, "mineral_history": "yes"}


def told(*products: float, step: str = "2026-{:02d}-02", **wanted: Any) -> str:
    """The sentence of panels with these products, one a month."""
    panels = [{"date": step.format(month), "ca_p_product": product} for month, product in enumerate(products, 1)]
    return str(trend(Patient(**HD).with_panels(panels), rulebook(), **wanted)["sentence"])


@pytest.mark.parametrize(
    ("products", "sentence"),
    [
        ((60,), "At or above 55 on the one usable draw: single, unconfirmed."),
        ((50,), "Below 55 on the one usable draw."),
        ((50, 52, 51), "Below 55 on all three monthly draws, 0 % of 59 days, last fall (-2 %) within noise."),
        ((50, 52, 58), ("At or above 55 on one of three monthly draws (single, unconfirmed), 24 % of 59 days, "
         "last rise (+12 %) within noise.")),
        ((60, 50, 60), ("At or above 55 on two of three monthly draws (not in a row), 50 % of 59 days, "
         "last rise (+20 %) within noise.")),
        ((50, 60, 60), ("At or above 55 on two of three monthly draws (sustained since 2026-02-02), 74 % of 59 days, "
         "last change within noise.")),
        ((60, 60, 30), ("At or above 55 on two of three monthly draws (sustained from 2026-01-02 to 2026-02-02), "
         "60 % of 59 days, "
         "last fall (-50 %) beyond noise.")),
    ],
)  # fmt: skip
def test_the_sentence_is_one_that_a_nephrologist_would_say(products: tuple[float, ...], sentence: str) -> None:
    assert told(*products) == sentence


@pytest.mark.parametrize(
    ("panel", "options", "wanted"),
    [
        (
            {"calcium": 9.4, "phosphate": 6.2},
            {},
            "(9.4) the product is below 55 with a phosphate below 5.85 mg/dL (1.88 mm",
        ),
        (
            {"calcium": 10, "phosphate": 5.5},
            {},
            "(10) the product is below 55 with a phosphate below 5.50 mg/dL (1.77 mm",
        ),
        (
            {"calcium": 9.4, "phosphate": 6.2, "albumin": 3.7},
            {"corrected": True},
            "At the corrected calcium of 2026-06-04 (9.64) the product is below 55 with a phosphate below 5.70 mg/dL",
        ),
        ({"calcium": 9.4, "phosphate": 5}, {}, None),
        ({"ca_p_product": 70}, {}, None),
    ],
)
def test_the_phosphate_that_would_bring_the_newest_draw_below_its_limit(
    panel: dict[str, Any], options: dict[str, Any], wanted: str | None
) -> None:
    """A goal of a tier cannot say it where a sustained product keeps the tier: 55 / 9.4 is 5.851, rounded down."""
    stated = Patient(age=61, ckd_stage="G5", dialysis=True).with_panels([{"date": "2026-06-04", **panel}])
    shown = trend(stated, rulebook(), **options)
    said = [text for text in trend_words.facts(shown) if "with a phosphate below" in text]
    assert len(said) == (wanted is not None)
    assert all(wanted in text and text.endswith("arithmetic, no advice.") for text in said if wanted)
    assert (shown["at_limit"] is None) == ("phosphate" not in panel)


def test_draws_of_one_week_do_not_confirm_each_other() -> None:
    assert "(too close together to confirm each other)" in told(60, 61, step="2026-03-{:02d}")


def test_nothing_usable_is_said_to_say_nothing() -> None:
    stated = Patient(**HD).with_panels([{"date": "2026-01-02", "calcium": 9}])
    assert (
        trend(stated, rulebook())["sentence"] == "No panel is usable, so nothing can be said of the product over time."
    )


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("path", [MONTHLY, QUARTERLY], ids=lambda path: path.stem)
def test_the_page_is_as_wide_as_the_terminal(
    path: Path, width: int, gold: Callable[[str, str], None], tmp_path: Path
) -> None:
    (tmp_path / path.name).write_bytes(path.read_bytes())
    ended = run("trend", path.name, cwd=tmp_path, COLUMNS=str(width))
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= width
    assert "\x1b" not in ended.out
    gold(f"trend/{path.stem}-{width}.txt", ended.out)


def test_a_terminal_of_ascii_is_drawn_in_ascii(tmp_path: Path) -> None:
    ended = run(
        "trend", str(MONTHLY), "--corrected", cwd=tmp_path, COLUMNS="80", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert ended.code == 0
    assert "lbumin-corrected" in ended.out


def test_the_document_is_whole_and_the_same_each_time(tmp_path: Path, gold: Callable[[str, str], None]) -> None:
    first, second = (run("trend", MONTHLY.name, "--json", cwd=MONTHLY.parent) for _ in range(2))
    assert first == second
    document = json.loads(first.out)
    assert document["format"] == 1
    for part in (document, *document["noise"]["changes"]):
        assert part is not None
    del document["rulebook"]["sha256"]
    gold("trend/hd-monthly-61m.json", json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    target = tmp_path / "trend.json"
    assert run("trend", str(MONTHLY), "-o", str(target), cwd=tmp_path).code == 0
    assert json.loads(target.read_text(encoding="utf-8"))["sentence"] == document["sentence"]


def test_the_picture_is_well_formed_and_holds_each_panel(tmp_path: Path) -> None:
    assert run("trend", str(MONTHLY), "-o", "trend.svg", cwd=tmp_path).code == 0
    root = ET.parse(tmp_path / "trend.svg").getroot()  # noqa: S314  # our own
    space = "{http://www.w3.org/2000/svg}"
    shown = trend(patient(MONTHLY), rulebook())
    assert len(root.findall(f"{space}circle")) == shown["usable"] == 6
    crosses = [path for path in root.findall(f"{space}path") if "m0" in (path.get("d") or "")]
    assert len(crosses) == shown["excluded"] == 2
    title = root.find(f"{space}title")
    assert title is not None
    assert title.text == shown["sentence"]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("hd.yaml",), 1, "no-panels"),
        (("none.yaml",), 1, "cannot-read"),
        (("hd.yaml", "--format", "csv"), 2, "unknown-format"),
        (("hd.yaml", "--as-of", "yesterday"), 2, "not-a-date"),
        (("hd.yaml", "--json", "-o", "a.svg"), 2, "format-conflict"),
        (("hd.json", "-o", "hd.json"), 2, "output-is-input"),
        (("bad.yaml",), 1, "likely-unit"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    arguments: tuple[str, ...], code: int, word: str, tmp_path: Path
) -> None:
    (tmp_path / "hd.yaml").write_text("labs: {calcium: 9.6, phosphate: 6.4}\n", encoding="utf-8")
    (tmp_path / "hd.json").write_text('{"calcium": 9.6}', encoding="utf-8")
    panels = "history: {panels: [{date: 2026-03-02, labs: {calcium: 2.4, phosphate: 6}}]}\n"
    (tmp_path / "bad.yaml").write_text(panels, encoding="utf-8")
    ended = run("trend", *arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert f"({word})" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("panel", "code", "column"),
    [
        ("{date: 2026-03-02, labs: {calcum: 9}}", "unknown-field", 46),
        ("{date: 2026-03-02, calcium: 9, labs: {calcium: 9}}", "stated-twice", 58),
        ("{date: 2026-03-02, labs: 3}", "not-a-mapping", 45),
        ("{date: 2026-03-02, age: 3}", "unknown-field", 39),
        ("{date: 2026-03-02 25:00}", "not-a-date", 27),
        ("{date: [2026]}", "not-a-date", 27),
        ("3", "missing-key", 20),
    ],
)
def test_a_fault_in_a_panel_is_shown_where_it_stands(panel: str, code: str, column: int, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"history: {{panels: [{panel}]}}\n", encoding="utf-8")
    ended = run("assess", "a.yaml", "--json", cwd=tmp_path)
    assert ended.code == 1
    assert f"({code})" in ended.err
    assert f"a.yaml:1:{column}:" in ended.err


def test_panels_in_json_and_in_lines_read_the_same(tmp_path: Path) -> None:
    document = yaml.safe_load(MONTHLY.read_text(encoding="utf-8"))
    text = json.dumps(document, default=str)
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    (tmp_path / "a.ndjson").write_text(text + "\n", encoding="utf-8")
    ended = run("batch", "a.json", "a.ndjson", "--format", "ndjson", cwd=tmp_path)
    assert ended.code == 0
    histories = [json.loads(line)["history"] for line in ended.out.splitlines()]
    assert histories[0] == histories[1]
    shown = answer(patient(MONTHLY)).history
    assert shown is not None
    assert histories[0]["usable"] == shown["usable"] == 6


def test_a_limit_that_is_no_round_number_is_written_as_assess_writes_it(tmp_path: Path) -> None:
    for command in ("trend", "assess"):
        told = run(command, str(MONTHLY), "--profile", "cari", cwd=tmp_path).out
        assert "t or above 49.66" in told
        assert "49.655" not in told


@pytest.mark.parametrize(
    "panels",
    [
        "[{date: 2026-03-02, calcium: 9}]",
        "[{date: 2026-03-02, ca_p_product: 60}]",
        "[{date: 2026-03-02 06:00, ca_p_product: 60}, {date: 2026-03-02 18:30, ca_p_product: 50}]",
    ],
    ids=["nothing usable", "one panel", "two of one day"],
)
def test_few_panels_are_drawn_as_well(panels: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"ckd_stage: G5\nage: 60\nhistory: {{panels: {panels}}}\n", encoding="utf-8")
    for form in ("terminal", "svg", "json"):
        ended = run("trend", "a.yaml", "--format", form, cwd=tmp_path)
        assert (ended.code, ended.err) == (0, "")
    ET.fromstring(run("trend", "a.yaml", "--format", "svg", cwd=tmp_path).out)  # noqa: S314  # our own


def test_draws_of_one_day_stand_apart(tmp_path: Path) -> None:
    panels = "[{date: 2026-03-02 06:00, ca_p_product: 60}, {date: 2026-03-02 18:00, ca_p_product: 50}]"
    (tmp_path / "a.yaml").write_text(f"history: {{panels: {panels}}}\n", encoding="utf-8")
    root = ET.fromstring(run("trend", "a.yaml", "--format", "svg", cwd=tmp_path).out)  # noqa: S314  # our own
    places = {circle.get("cx") for circle in root.iter("{http://www.w3.org/2000/svg}circle")}
    assert len(places) == 2


def test_the_probability_says_what_it_is_of(tmp_path: Path) -> None:
    for form in ("terminal", "svg", "json"):
        ended = run("trend", str(MONTHLY), "--format", form, cwd=tmp_path)
        assert "It speaks of the measurement, and never of calcification." in flowing(ended.out)
    assert "true product lies at or above 55" in flowing(run("trend", str(MONTHLY), cwd=tmp_path).out)


# ---- the interval ----------------------------------------------------------------------------------------------------


def interval(**stated: Any) -> dict[str, Any]:
    one = Patient(**(HD | {"diabetes": False, "vitamin_k_antagonist": False} | stated))
    found = with_interval(answer(one), one, rulebook()).interval
    assert found is not None
    return found


def test_a_class_hangs_on_noise_near_the_limit_and_not_far_from_it() -> None:
    near, far = interval(calcium=9.2, phosphate=5.9), interval(calcium=9, phosphate=3)
    assert near["hangs_on_noise"]
    assert "metastatic" in near["differ"]
    assert not far["hangs_on_noise"]


def test_both_ends_are_the_likeliest_pair_with_that_product() -> None:
    found = interval(calcium=9.2, phosphate=5.9)
    for end in ("lowest", "highest"):
        part = found[end]
        assert part["product"] == pytest.approx(part["calcium"] * part["phosphate"])
        moved = [abs(part[name] / value - 1) for name, value in (("calcium", 9.2), ("phosphate", 5.9))]
        assert moved[0] < moved[1]  # phosphate varies more, so it carries more of the noise
    assert found["lowest"]["product"] * found["highest"]["product"] == pytest.approx(found["product"] ** 2)


def test_a_product_given_as_such_moves_alone() -> None:
    found = interval(ca_p_product=54)
    assert (found["lowest"]["calcium"], found["highest"]["calcium"]) == (None, None)
    assert found["lowest"]["product"] < 54 < found["highest"]["product"]


def test_without_a_product_there_is_no_interval() -> None:
    one = Patient(**HD)
    assert with_interval(answer(one), one, rulebook()).interval is None


def test_who_has_no_kidney_disease_varies_less() -> None:
    healthy = interval(calcium=9.2, phosphate=4, ckd_stage="none", dialysis=False)
    assert (healthy["population"], interval(calcium=9.2, phosphate=4)["population"]) == ("healthy", "haemodialysis")
    assert healthy["cv"] < interval(calcium=9.2, phosphate=4)["cv"]


def test_the_interval_stands_on_every_page_and_reads_back(tmp_path: Path) -> None:
    for form in ("terminal", "markdown"):
        ended = run("assess", str(MONTHLY), "--interval", "--format", form, cwd=tmp_path, COLUMNS="100")
        assert ended.code == 0
        assert (
            "Does the answer hang on noise?" not in ended.out.partition("History: dated panels")[2].partition("\n\n")[0]
        )
        for words in ("Does the answer hang on noise?", "never of calcification", "History: dated panels"):
            assert words in flowing(ended.out)
    ended = run("assess", str(MONTHLY), "--interval", "--json", cwd=tmp_path)
    again = Assessment.from_json(ended.out)
    assert again.interval is not None
    assert again.interval["here"]["metastatic"] == again.risk.metastatic.tier
    assert to_json(again) == ended.out
    refused = run("assess", str(MONTHLY), "--interval", "--brief", cwd=tmp_path)
    assert (refused.code, "format-conflict" in refused.err) == (2, True)
