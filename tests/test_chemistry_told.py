"""What is said of the chemistry where it is easily misread: a measured ionised calcium, what is no news, plots."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from renderings import flowing, printed
from solved import WORKED, chemistry, with_curves
from test_chemistry_solver import without_aim

from calcrisk.chemistry import blocks
from calcrisk.chemistry.blocks import shown
from calcrisk.render import chemistry_words
from calcrisk.render.chemistry_files import picture
from calcrisk.render.chemistry_plot import ends_of, plot
from calcrisk.render.layout import Page
from calcrisk.render.markdown import markdown
from calcrisk.render.summary import View

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk import Assessment

MEASURED: dict[str, Any] = {**WORKED, "age": 58, "calcium": 9.6, "phosphate": 6, "ionised_calcium": 1.1, "albumin": 2.5}
EASTERN = -1  # places of a circle: the one further right


def circles(drawn: str) -> list[float]:
    """Where the points of a picture are, from left to right."""
    return sorted(float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn))


def test_one_line_says_that_apatite_is_no_news() -> None:
    """What is always so, and what keeps serum clear: one sentence, in one line of a usual page, above the indices."""
    line = "Healthy serum is always supersaturated for apatite; inhibitors keep it clear."
    lines = [shown.strip() for shown in printed(with_curves(**WORKED), width=80).splitlines()]
    first = next(at for at, shown in enumerate(lines) if shown.startswith("brushite "))
    assert lines.index(line) < first


def test_solids_are_told_from_the_news_to_what_is_none() -> None:
    """In the terminal, in a note and in JSON: brushite first, hydroxyapatite last."""
    order = ["brushite", "amorphous calcium phosphate", "octacalcium phosphate"]
    order += ["β-tricalcium phosphate", "hydroxyapatite"]
    solved = with_curves(**WORKED)
    assert solved.chemistry is not None
    assert [part.label for part in solved.chemistry.saturation.values()] == order
    lines = printed(solved, width=100).splitlines()
    rows = [line.strip() for line in lines if re.search(r"[+-]\d+\.\d\d +[+-]", line)]
    assert [row.partition("  ")[0] for row in rows] == order
    written = markdown(solved).partition("Saturation index")[2]
    places = [written.index(label) for label in order]
    assert places == sorted(places)


def table(solved: Assessment, width: int) -> list[str]:
    """The lines about each solid."""
    lines = printed(solved, width).splitlines()
    first = next(at for at, line in enumerate(lines) if line.endswith("saturated)")) + 1
    return lines[first : next(at for at, line in enumerate(lines) if at > first and not line.startswith("    "))]


@pytest.mark.parametrize("width", range(24, 101))
def test_a_table_of_solids_reads_at_every_width(width: int) -> None:
    """Too little room for a remark once set it into columns of its own, cut inside words and behind the edge."""
    solved = with_curves(**WORKED)
    assert solved.chemistry is not None
    lines = table(solved, width)
    assert max(map(len, lines)) <= width
    told = flowing(" ".join(lines))
    for part in solved.chemistry.saturation.values():
        said = (part.label, chemistry_words.index(part), chemistry_words.band(part), chemistry_words.side(part))
        assert re.search(r"\W+".join(map(re.escape, said)), told)
    assert len(lines) == (5 if width >= 76 else 10) or width < 60


def test_a_page_too_narrow_for_the_plot_says_so() -> None:
    view = View.of(with_curves(**WORKED), Page.of(59, "utf-8"))
    (line,) = plot(view)
    assert line == [("The plot takes a page of 60 columns, or --format svg.", "dim")]


def test_solids_that_every_serum_is_saturated_with_say_so() -> None:
    told = chemistry(**WORKED).saturation
    sides = {name: chemistry_words.side(told[name]) for name in shown()}
    assert {name for name, side in sides.items() if side == "above, as always"} == {"hap", "ocp", "tcp"}
    assert chemistry_words.side(chemistry(**{**WORKED, "phosphate": 20}).saturation["dcpd"]) == "above saturation"


def test_a_measured_total_is_marked_beside_the_one_that_goes_with_the_ionised() -> None:
    """The curves are over the latter, the product is made of the former: one mark would contradict one of the two."""
    solved = with_curves(**MEASURED)
    told = solved.chemistry
    assert told is not None
    assert told.measured_total_mg_dl == pytest.approx(9.6)
    assert (told.point_mg_dl[0] or 0) < 8
    assert solved.ca_p_product.at_or_above is True
    drawn = circles(str(picture(solved)))
    assert len(drawn) == 2
    threshold = solved.ca_p_product.threshold / 6  # of this phosphate, in calcium
    first, last = ends_of(told)
    assert first + (drawn[EASTERN] - 72) / (720 - 72 - 30) * (last - first) == pytest.approx(9.6, abs=0.01)
    assert 9.6 > threshold > (told.point_mg_dl[0] or 0)


def test_one_mark_is_enough_when_nothing_else_was_measured() -> None:
    for stated in (WORKED, {**WORKED, "calcium": None, "ionised_calcium": 1.2}):
        assert with_curves(**stated).chemistry.measured_total_mg_dl is None  # type: ignore[union-attr]  # it was asked for
        assert len(circles(str(picture(with_curves(**stated))))) == 1


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (WORKED, "albumin 42 g/L, pH 7.4"),
        ({**WORKED, "blood_ph": None, "bicarbonate": None}, "albumin 42 g/L, pH 7.4 (assumed)"),
        ({"calcium": 9.6, "phosphate": 4}, "albumin 42 g/L (assumed), pH 7.4 (assumed)"),
    ],
)
def test_a_plot_says_of_which_serum_it_is(stated: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert f"of this serum: {said}<" in str(picture(with_curves(**stated)))
    (tmp_path / "a.json").write_text(json.dumps(stated), "utf-8")
    assert f"Curves of this serum: {said}." in flowing(run("chemistry", "a.json", cwd=tmp_path, COLUMNS="100").out)


def legend(solved: Assessment) -> str:
    """What stands beneath the plot of the terminal."""
    lines = plot(View.of(solved, Page.of(100, "utf-8")))
    return flowing("\n".join("".join(text for text, _ in line) for line in lines)).partition("15 ")[2]


def test_a_picture_shades_what_other_constants_give_and_names_its_lines() -> None:
    """The scatter of published constants is wider than the distance of most patients: a line alone would mislead."""
    solved = with_curves(**WORKED)
    assert solved.chemistry is not None
    drawn, part = str(picture(solved)), solved.chemistry.precipice["dcpd"]
    assert "brushite, by other published constants<" in drawn
    assert "Ca×P 55 mg²/dL²<" in drawn
    (shade,) = re.findall(r'<polygon points="([^"]+)"', drawn)
    heights = [float(pair.partition(",")[2]) for pair in shade.split()]
    (line,) = re.findall(r'<polyline points="([^"]+)" fill="none" stroke="#b03060"', drawn)
    base, middle = 350, float(line.split()[5].partition(",")[2])  # of the axis, and of the curve at a calcium
    found = [(base - height) / (base - middle) for height in (heights[5], heights[::-1][5])]
    wanted = [(end or 0) / (part.phosphate or 1) for end in (part.lowest, part.highest)]
    assert found == pytest.approx(wanted, rel=2e-3)


def test_a_picture_without_a_precipice_has_no_shade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "solved", without_aim)
    lost = with_curves(**WORKED)
    assert lost.chemistry is not None
    assert chemistry_words.band_of_curve(lost.chemistry) is None
    assert "<polygon" not in str(picture(lost))
    assert "brushite, by other" not in str(picture(lost))
    assert "other published constants" not in legend(lost)


def test_a_picture_says_that_a_low_albumin_misleads_it() -> None:
    low = {**WORKED, "albumin": 2.5}
    assert "Albumin is below 30 g/L, so ionised calcium is overestimated.<" in str(picture(with_curves(**low)))
    assert "overestimated" not in str(picture(with_curves(**low, ionised_calcium=1.2)))
    assert "not a prediction of calcification.<" in str(picture(with_curves(**WORKED)))


def test_the_threshold_and_brushite_are_told_as_products() -> None:
    said = chemistry_words.precipices(chemistry(**WORKED))
    assert "The Ca×P product reaches 55 mg²/dL² at a phosphate of 5.7 mg/dL" in said
    assert said.endswith("; saturation with brushite is at 90 mg²/dL².")
    both = chemistry_words.precipices(chemistry(**WORKED, ionised_calcium=1.1))
    assert "5.7 mg/dL by the measured total calcium" in both
    assert both.endswith("by the one that goes with the ionised.")
    assert "· Ca×P 55; • brushite (by other published constants 0.62 to 1.1 times as high)" in legend(
        with_curves(**WORKED)
    )


def test_a_patient_beyond_the_plot_is_said_to_be(tmp_path: Path) -> None:
    ended = run("chemistry", "--calcium", "4.5", "--phosphate", "9", cwd=tmp_path, COLUMNS="100")
    assert "X this patient (calcium 4.5 is beyond the plot)." in flowing(ended.out)
    run("chemistry", "--calcium", "4.5", "--phosphate", "9", "-o", "a.svg", cwd=tmp_path)
    assert "The point: calcium 4.5 is beyond the plot." in (tmp_path / "a.svg").read_text("utf-8")


def test_a_measured_ionised_calcium_is_not_told_to_be_overestimated() -> None:
    said = " ".join(part.message for part in chemistry(**{**MEASURED, "blood_ph": None, "bicarbonate": None}).warnings)
    assert "overestimated" not in said
    assert "Ionised calcium falls" not in said
    assert "The pH was assumed. The indices of all solids but brushite hang on it." in said


def test_beyond_a_precipice_it_is_said_so() -> None:
    told = chemistry_words.precipices(chemistry(calcium=10.5, phosphate=12, albumin=3.0))
    brushite, amorphous, *_ = re.split(r"(?<=[a-z)])\. (?=A )", told)
    assert "saturates this serum with brushite" in brushite
    assert "it is beyond that, which does not mean that anything precipitates" in told
    assert "would saturate" not in brushite
    assert amorphous


def test_what_is_said_of_a_precipice_is_what_is_drawn() -> None:
    """Text, JSON and curve hold the same calcium: the total that goes with a measured ionised one."""
    told = with_curves(**MEASURED).chemistry
    assert told is not None
    assert told.isopleth is not None
    curve, calcium = told.isopleth, [at or 0 for at in told.isopleth["calcium"]]
    for name in ("dcpd", "acp"):
        part, at = told.precipice[name], told.point_mg_dl[0] or 0
        place = next(place for place, right in enumerate(calcium) if right > at)
        (left, right), (low, high) = calcium[place - 1 : place + 1], curve[name][place - 1 : place + 1]
        drawn = (low or 0) + ((high or 0) - (low or 0)) * (at - left) / (right - left)
        assert part.phosphate_mg_dl == pytest.approx(drawn, rel=5e-3)  # the curve is drawn in straight pieces
        assert part.product == pytest.approx(at * (part.phosphate_mg_dl or 0))
        plain = chemistry(**{**MEASURED, "ionised_calcium": None, "calcium": at}).precipice[name]
        assert part.phosphate_mg_dl == pytest.approx(plain.phosphate_mg_dl, rel=1e-5)


def test_a_precipice_that_was_not_solved_has_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    far = chemistry(**{**WORKED, "calcium": "1.3 mmol/L", "blood_ph": 6.7})
    assert [part.status for part in far.precipice.values()] == ["reached", "not_reached"]
    assert "No phosphate that occurs saturates this serum with amorphous" in chemistry_words.precipices(far)
    monkeypatch.setattr(blocks, "solved", without_aim)
    lost = chemistry(**WORKED)
    assert lost.status == "solved"
    assert {part.status for part in lost.precipice.values()} == {"not_converged"}
    assert "saturates this serum with brushite could not be computed." in chemistry_words.precipices(lost)
    assert "No phosphate that occurs" not in chemistry_words.precipices(lost)
    assert {part.status for part in chemistry(calcium=9).precipice.values()} == {None}


def test_no_zero_is_negative() -> None:
    part = chemistry(**WORKED).saturation["dcpd"]
    vars(part).update(lowest=-0.04, highest=0.04)
    assert chemistry_words.band(part) == "+0.0 to +0.0"


@pytest.mark.parametrize(("lowest", "highest"), [(-0.265, -0.005), (0.005, 0.265), (-0.1, 0.1)])
def test_a_range_that_is_printed_with_zero_in_it_is_near_saturation(lowest: float, highest: float) -> None:
    """``+0.0`` beside "below saturation" would contradict itself."""
    part = chemistry(**WORKED).saturation["dcpd"]
    vars(part).update(lowest=lowest, highest=highest)
    assert chemistry_words.side(part) == "near saturation"


def test_the_index_and_the_precipice_are_near_together() -> None:
    """Both bands of brushite are of the same constants: where one begins to hold zero, the other holds the patient."""
    told = chemistry(**WORKED)
    index, precipice = told.saturation["dcpd"], told.precipice["dcpd"]
    shift = [10 ** -((at or 0) - (index.index or 0)) for at in (index.highest, index.lowest)]
    band = [(at or 0) / (precipice.phosphate or 1) for at in (precipice.lowest, precipice.highest)]
    assert shift == pytest.approx(band, abs=0.02)


def test_an_ionised_calcium_alone_lacks_only_the_phosphate() -> None:
    told = chemistry(ionised_calcium=1.1)
    assert told.why is not None
    assert told.why.endswith("not known: phosphate.")


def test_a_table_gives_the_precipice_of_an_ionised_calcium_alone(tmp_path: Path) -> None:
    reason = "pyarrow carries the rows of a table to the solver, and is not installed, or not for this numpy"
    pytest.importorskip("pyarrow", reason=reason, exc_type=ImportError)
    (tmp_path / "a.csv").write_text("id,ionised_calcium,phosphate,albumin\n1,1.1,5,2.1\n", "utf-8")
    run("batch", "a.csv", "--chemistry", "-o", "out.ndjson", cwd=tmp_path)
    (row,) = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text("utf-8").splitlines()]
    alone = chemistry(ionised_calcium=1.1, phosphate=5, albumin=2.1).precipice["dcpd"].phosphate_mg_dl
    assert row["brushite_at_phosphate_mg_dl"] == pytest.approx(alone, rel=1e-6)


def test_the_section_has_room_for_what_it_says_at_eighty_columns() -> None:
    """No verdict beside an index is broken over two lines."""
    view = View.of(with_curves(**WORKED), Page.of(80, "utf-8"))
    lines = printed(view.assessment, width=80).splitlines()
    assert sum("above, as always" in line for line in lines) == 3
