"""`calcrisk chemistry` and `--chemistry`: what is said, in which words, and what it must never touch."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from commands import environment, run
from jsonschema import Draft202012Validator
from renderings import flowing, printed
from samples import SAMPLES, answer, rulebook
from solved import WORKED, chemistry, with_curves
from sourcecode import RULEBOOK

from calcrisk import Assessment, Patient, Refused, Rulebook, RulebookError
from calcrisk.assessment import json_schema
from calcrisk.chemistry import constants
from calcrisk.chemistry.answer import with_chemistry
from calcrisk.render import chemistry_words
from calcrisk.render.json import to_json, to_line
from calcrisk.render.markdown import markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from calcrisk.assessment import Chemistry

HD = SAMPLES / "hd-warfarin-58f.yaml"
HEALTHY = SAMPLES / "nhanes-healthy-34m.yaml"


MEASURED = "when: ionised_calcium_high"


# --------------------------------------------------------------------------------------------------------- what is told


def test_the_worked_example_from_a_laboratorys_own_words() -> None:
    told = chemistry(**WORKED)
    assert told.status == "solved"
    assert told.ionised_calcium == pytest.approx(1.231884, abs=1e-5)
    assert told.saturation["dcpd"].index == pytest.approx(-0.428317, abs=1e-5)
    assert told.precipice["dcpd"].phosphate == pytest.approx(3.0222828, abs=1e-5)
    assert told.precipice["dcpd"].product == pytest.approx(90, abs=0.1)  # the model, section 12
    assert told.assumed == ()
    assert {part.code for part in told.warnings} == {"chemistry-estimate-poor"}


def test_the_band_of_the_precipice_is_that_of_published_constants() -> None:
    """Ca×P between 56 and 102 for the reference serum (MODEL section 12)."""
    part = chemistry(**WORKED).precipice["dcpd"]
    assert part.lowest == pytest.approx(1.87, abs=1e-3)
    assert part.highest == pytest.approx(3.43, abs=1e-3)
    assert chemistry(**WORKED).precipice["acp"].lowest is None  # nobody has published one


def test_the_band_of_an_index_is_that_of_the_normal_serum() -> None:
    told = chemistry(**WORKED).saturation
    bands = {"hap": (9.3, 10.3), "ocp": (1.5, 2.9), "tcp": (2.3, 2.6), "dcpd": (-0.48, -0.22), "acp": (-2, -1.2)}
    for name, band in bands.items():
        assert (told[name].lowest, told[name].highest) == pytest.approx(band, abs=1e-5), name


def test_what_was_assumed_is_named() -> None:
    told = chemistry(calcium=9.6, phosphate=3.4, bicarbonate=15, sodium=130, ckd_stage="G5", dialysis=True)
    values = {part.label: part.value for part in told.assumed}
    origins = {part.label: part.how for part in told.assumed if part.how != "usual values"}
    assert values["pH"] == pytest.approx(7.324, abs=1e-3)
    assert (values["chloride"], values["sulfate"], values["albumin"]) == (93, 0.56, 42)
    besides = {"globulins", "magnesium", "potassium", "citrate", "lactate"}
    assert set(values) == {"pH", "chloride", "sulfate", "albumin", *besides}
    assert origins == {
        "pH": "from the bicarbonate",
        "chloride": "from the sodium",
        "sulfate": "usual on dialysis",
    }


def test_a_ph_that_is_not_measured_doubles_what_differs_between_patients() -> None:
    measured, assumed = chemistry(**WORKED), chemistry(**{**WORKED, "blood_ph": None})
    for name, factor in (("dcpd", 1), ("acp", 2), ("hap", 2)):
        assert assumed.saturation[name].between_patients == factor * (measured.saturation[name].between_patients or 0)


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        ({"albumin": "29 g/L"}, {"albumin-low", "estimate-poor"}),
        ({"albumin": "30 g/L"}, {"estimate-poor"}),
        ({"blood_ph": 7.1}, {"acp-ph-range", "estimate-poor"}),
        ({"ionised_calcium": 1.231884}, set()),
        ({"ionised_calcium": 1.231884, "albumin": "29 g/L"}, set()),
        ({"ionised_calcium": 0.9}, {"calcium-differs"}),
        ({"blood_ph": None}, {"ph-estimated", "estimate-poor"}),
        ({"blood_ph": None, "bicarbonate": None}, {"ph-assumed", "estimate-poor"}),
        ({"albumin": None}, {"albumin-assumed", "estimate-poor"}),
        ({"magnesium": "<3 mg/dL"}, {"bound-not-used", "estimate-poor"}),
    ],
)
def test_what_must_be_known_before_it_is_used(stated: dict[str, Any], codes: set[str]) -> None:
    found = {part.code.removeprefix("chemistry-") for part in chemistry(**{**WORKED, **stated}).warnings}
    assert found == codes


def test_a_measured_ionised_calcium_alone_has_its_precipice(tmp_path: Path) -> None:
    alone = run("chemistry", "--ionised-calcium", "1.2", "--phosphate", "6", cwd=tmp_path)
    assert (alone.code, "No phosphate that occurs" in alone.out) == (0, False)
    assert "times the patient's, would saturate" in " ".join(alone.out.split())


def test_a_measured_ionised_calcium_is_used_and_said() -> None:
    told = chemistry(**WORKED, ionised_calcium=1.10)
    assert told.measured
    assert told.ionised_calcium == pytest.approx(1.10)
    assert told.total_calcium == pytest.approx(2.157320, abs=1e-5)
    assert "measured, and used" in chemistry_words.ionised(told)
    assert "2.16 mmol/L" in str(chemistry_words.consistent(told))


def test_a_blood_gas_bicarbonate_is_converted() -> None:
    gas = {**WORKED, "bicarbonate": None, "blood_gas_bicarbonate": 25 / (1 + 10**-1.3)}
    assert chemistry(**gas).ionised_calcium == pytest.approx(1.231884, abs=1e-5)


@pytest.mark.parametrize(
    ("stated", "status", "why"),
    [
        ({"calcium": 9.6}, "missing", "not known: phosphate."),
        ({}, "missing", "not known: total calcium and phosphate."),
        ({"calcium": 9.6, "phosphate": ">8"}, "missing", "not known: phosphate."),
        ({"corrected_calcium": 9.6, "phosphate": 4}, "missing", "not known: total calcium."),
        (
            {"calcium": 9.6, "phosphate": 4, "albumin": 4, "total_protein": 3.5},
            "out_of_range",
            "total protein 35 g/L is below the albumin of 40 g/L.",
        ),
        ({"calcium": 9.6, "phosphate": 4, "albumin": 7.5}, "out_of_range", "albumin 75 (from 0 to 70 g/L)"),
    ],
)
def test_what_cannot_be_solved_is_said_and_has_no_number(stated: dict[str, Any], status: str, why: str) -> None:
    told = chemistry(**stated)
    assert told.status == status
    assert told.why is not None
    assert why in told.why
    numbers = [told.ionised_calcium, told.total_calcium, told.ionic_strength, *told.calcium.values()]
    numbers += [part.index for part in told.saturation.values()] + [part.phosphate for part in told.precipice.values()]
    assert set(numbers) == {None}


def test_the_isopleth_is_that_of_the_patients_albumin_and_ph() -> None:
    told = with_curves(**{**WORKED, "albumin": "30 g/L", "total_protein": "58 g/L", "blood_ph": 7.3}).chemistry
    assert told is not None
    assert told.isopleth is not None
    assert told.isopleth["calcium"][:2] == (6, 6.5)
    assert told.isopleth["product"][0] == pytest.approx(55 / 6)
    products = [ca * p for ca, p in zip(told.isopleth["calcium"], told.isopleth["dcpd"], strict=True) if ca and p]
    assert all(79 < product < 87 for product in products)  # 80 to 86 at albumin 30 g/L (MODEL section 8)


def test_many_have_the_answers_they_have_alone() -> None:
    several = [Patient(**WORKED), Patient(calcium=9), Patient(calcium=8.1, phosphate=9.9, albumin=2.2, dialysis=True)]
    together = with_chemistry([answer(one) for one in several])
    alone = [with_chemistry([answer(one)])[0] for one in several]
    assert [set(numbers) for numbers in told(together)] == [set(numbers) for numbers in told(alone)]
    for one_way, other in zip(told(together), told(alone), strict=True):
        assert one_way == pytest.approx(other, rel=1e-9)


def told(outcomes: list[Assessment | Refused]) -> list[dict[str, float]]:
    """The numbers of each chemistry, as far as there are any."""
    parts = [outcome.chemistry for outcome in outcomes if isinstance(outcome, Assessment) and outcome.chemistry]
    numbers = [{"ionised": part.ionised_calcium, **_indices(part)} for part in parts]
    return [{name: value for name, value in each.items() if value is not None} for each in numbers]


def _indices(part: Chemistry) -> dict[str, float | None]:
    return {name: each.index for name, each in part.saturation.items()}


# --------------------------------------------------------------------------------------------------- what it never does


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.*ml")), ids=lambda path: path.stem)
def test_no_answer_changes_with_the_chemistry(path: Path, tmp_path: Path) -> None:
    plain = json.loads(run("assess", str(path), "--json", cwd=tmp_path).out)
    more = json.loads(run("assess", str(path), "--json", "--chemistry", cwd=tmp_path).out)
    assert plain.pop("chemistry") is None
    assert more.pop("chemistry")["status"] in {"solved", "missing"}
    assert plain == more


def test_what_only_the_chemistry_reads_moves_no_answer() -> None:
    """No class, tier, rule, question or assumption hangs on pH, sodium and the like."""
    bare: dict[str, Any] = {"age": 58, "calcium": 9.9, "phosphate": 6.8, "albumin": "3.1 g/dL"}
    bare |= {"ckd_stage": "G5", "dialysis": True}
    more = {
        name: value for name, value in WORKED.items() if name not in {"calcium", "phosphate", "albumin", "magnesium"}
    }
    plain, rich = (json.loads(to_json(answer(Patient(**stated)))) for stated in (bare, {**bare, **more}))
    for document in (plain, rich):
        document.pop("inputs")
    assert plain == rich


def test_a_rule_may_not_read_what_is_for_the_chemistry(tmp_path: Path) -> None:
    assert {entry["name"] for entry in rulebook().data["variables"] if entry.get("role") == "speciation"} == {
        *(set(constants.document()["reads"]) - {"calcium", "phosphate", "albumin", "magnesium", "ionised_calcium"}),
        *("total_protein", "blood_gas_bicarbonate"),
    }
    shutil.copytree(RULEBOOK, tmp_path / "book")
    rules = next(
        path for path in sorted((tmp_path / "book" / "rules").rglob("*.yaml")) if MEASURED in path.read_text("utf-8")
    )
    rules.write_text(rules.read_text("utf-8").replace(MEASURED, "when: lactate > ionised_calcium", 1), encoding="utf-8")
    with pytest.raises(RulebookError, match="'lactate' is for display only"):
        Rulebook.from_folder(tmp_path / "book")


def test_a_rule_reads_a_measured_ionised_calcium_and_never_a_predicted_one() -> None:
    predicted = with_curves(age=40, calcium=12.5, phosphate=3, albumin="42 g/L")
    assert predicted.chemistry is not None
    assert (predicted.chemistry.ionised_calcium or 0) > 1.3
    measured = answer(Patient(age=40, calcium=9.6, phosphate=3, ionised_calcium=1.4))
    ionised = {rule["id"] for rule in rulebook().rules if "ionised_calcium_high" in rule["when"]}
    assert ionised
    assert ionised & {finding.rule for finding in measured.findings}
    assert not ionised & {finding.rule for finding in predicted.findings}


# ------------------------------------------------------------------------------------------------------------ the words


def test_the_page_says_what_it_is_and_is_not() -> None:
    page = flowing(printed(with_curves(**WORKED)))
    assert "Thermodynamic driving force in serum; not a diagnosis, not a prediction of calcification." in page
    assert "Healthy serum is always supersaturated for apatite" in page
    assert "What may be news is the distance to brushite" in page
    assert "O'Neill" in page
    assert "10.1038/sj.ki.5002412" in page
    assert "upper estimate" in page
    assert not re.search(r"exceeds the solubility|will calcify|risk of calcification", page)


def test_an_index_has_two_decimals_and_its_uncertainty() -> None:
    page = printed(with_curves(**WORKED), width=100)
    assert re.search(r"brushite\s+-0\.43\s+-0\.5 to -0\.2\s+below saturation", page)
    assert re.search(r"hydroxyapatite\s+\+10\.00\s+\+9\.3 to \+10\.3\s+above, as always", page)
    assert not re.search(r"[+-]\d+\.\d{3}", page)


def test_an_index_whose_side_is_uncertain_says_near() -> None:
    told = chemistry(**{**WORKED, "phosphate": "2.6 mmol/L"})
    assert chemistry_words.side(told.saturation["dcpd"]) == "near saturation"


def test_a_note_carries_the_chemistry() -> None:
    note = markdown(with_curves(**WORKED))
    assert "## Ion chemistry of the serum at 37 °C" in note
    reading = "1.23 mmol/L of serum water, as an electrode reads it (predicted; no rule reads it)"
    assert f"Ionised calcium {reading}." in note  # free calcium is 48 % of 2.40 in a litre of serum: another number
    assert "not a prediction of calcification" in note
    assert "Ion chemistry" not in markdown(answer(Patient(**WORKED)))


@pytest.mark.parametrize(("width", "encoding"), [(40, "utf-8"), (80, "ascii"), (200, "utf-8")])
def test_the_page_fits_every_terminal(width: int, encoding: str) -> None:
    shown = printed(with_curves(**WORKED), width, encoding)
    assert max(map(len, shown.splitlines())) <= width
    assert "brushite" in shown


def test_the_page_of_the_command(gold: Callable[[str, str], None]) -> None:
    ended = run("chemistry", "sample_labs/hd-warfarin-58f.yaml", cwd=SAMPLES.parent, COLUMNS="80")
    assert ended.code == 0, ended.err
    gold("render/chemistry-hd-warfarin.txt", ended.out.partition("\ncalcrisk ")[0])


# ---------------------------------------------------------------------------------------------------- JSON and pictures


def test_the_document_fits_its_schema_and_comes_back() -> None:
    validator = Draft202012Validator({**json_schema()})
    for solved in (with_curves(**WORKED), with_curves(calcium=9), answer(Patient(calcium=9))):
        document = json.loads(to_json(solved))
        assert list(validator.iter_errors(document)) == []
        assert Assessment.from_json(to_json(solved)) == solved
        assert json.loads(to_line(solved)) == document


def test_the_command_writes_json(tmp_path: Path) -> None:
    document = json.loads(run("chemistry", str(HEALTHY), "--json", cwd=tmp_path).out)
    assert document["format"] == 1
    assert document["chemistry"]["status"] == "solved"
    assert document["chemistry"]["saturation"]["hap"]["index"] > 9
    assert len(document["chemistry"]["isopleth"]["calcium"]) == 19


def test_flags_and_a_pipe_are_read(tmp_path: Path) -> None:
    from_flags = run("chemistry", "--calcium", "9.6", "--phosphate", "3.4", "--blood-ph", "7.4", "--json", cwd=tmp_path)
    piped = run("chemistry", "-", "--json", cwd=tmp_path, stdin='{"calcium": 9.6, "phosphate": 3.4, "blood_ph": 7.4}')
    told = [json.loads(ended.out)["chemistry"] for ended in (from_flags, piped)]
    assert told[0] == told[1]


def test_a_page_stands_alone_with_picture_and_words(tmp_path: Path) -> None:
    ended = run("chemistry", str(HD), "-o", "curves.html", cwd=tmp_path)
    assert (ended.code, ended.out) == (0, "")
    page = (tmp_path / "curves.html").read_text(encoding="utf-8")
    ET.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])  # noqa: S314  # our own
    assert "hd-warfarin-58f" in page
    assert "<pre>" in page
    assert "not a prediction" in page
    assert not re.findall(r"(?:src|href)=|url\(", page)  # nothing is fetched from anywhere


def test_a_page_without_a_curve_still_says_why(tmp_path: Path) -> None:
    ended = run("chemistry", "--calcium", "9", "--format", "html", cwd=tmp_path)
    assert ended.code == 0
    assert "<svg" not in ended.out
    assert "phosphate" in ended.out


def test_the_picture_is_svg_and_shows_the_patient(tmp_path: Path) -> None:
    ended = run("chemistry", str(HD), "-o", "curves.svg", cwd=tmp_path)
    assert ended.code == 0, ended.err
    drawing = ET.parse(tmp_path / "curves.svg").getroot()  # noqa: S314  # our own
    kinds = [element.tag.rpartition("}")[2] for element in drawing.iter()]
    assert (kinds.count("polyline"), kinds.count("circle")) == (3, 1)
    assert "not a prediction" in (tmp_path / "curves.svg").read_text(encoding="utf-8")


def test_a_hostile_id_stays_text_in_the_picture(tmp_path: Path) -> None:
    patient = json.dumps({"id": "<script>&\u202e", "calcium": 9.6, "phosphate": 3.4})
    ended = run("chemistry", "-", "--format", "svg", cwd=tmp_path, stdin=patient)
    assert "<script>" not in ended.out
    assert "\u202e" not in ended.out
    ET.fromstring(ended.out)  # noqa: S314  # our own


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    ended = run("chemistry", "--calcium", "9", "-o", "curves.svg", cwd=tmp_path)
    assert (ended.code, list(tmp_path.iterdir())) == (1, [])
    assert "nothing-to-draw" in ended.err


# -------------------------------------------------------------------------------------------------------- many patients


def test_a_batch_carries_the_chemistry_in_every_format(tmp_path: Path) -> None:
    paths = (str(HD), str(SAMPLES / "bad" / "likely-unit.yaml"), str(HEALTHY))
    lines = run("batch", *paths, "--chemistry", "--format", "ndjson", cwd=tmp_path).out.splitlines()
    array = run("batch", *paths, "--chemistry", "--format", "json", cwd=tmp_path).out
    table = run("batch", *paths, "--chemistry", "--format", "csv", cwd=tmp_path).out
    documents = [json.loads(line) for line in lines]
    assert json.loads(array) == documents
    assert [document["status"] for document in documents] == ["scored", "refused", "scored"]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["chemistry"] for row in rows] == ["solved", "", "solved"]
    assert float(rows[0]["si_dcpd"]) == documents[0]["chemistry"]["saturation"]["dcpd"]["index"]
    assert documents[0]["chemistry"]["isopleth"] is None


def test_the_columns_of_a_batch_without_it_are_as_before(tmp_path: Path) -> None:
    assert "si_dcpd" not in run("batch", str(HD), "--format", "csv", cwd=tmp_path).out


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_processes_change_no_byte(jobs: str, tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"calcium": 8 + row / 100, "phosphate": 4, "id": str(row)}) for row in range(300))
    found = run("batch", "-", "--chemistry", "--format", "ndjson", "--jobs", jobs, cwd=tmp_path, stdin=lines).out
    usual = run("batch", "-", "--chemistry", "--format", "ndjson", cwd=tmp_path, stdin=lines).out
    assert found == usual


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("batch", str(HD), "--chemistry"), "the table has no room for what --chemistry adds"),
        (("assess", str(HD), "--chemistry", "--brief"), "three lines have no room for the chemistry"),
    ],
)
def test_a_format_without_room_is_wrong_usage(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    ended = run(*arguments, cwd=tmp_path)
    assert ended.code == 2
    assert told in ended.err


# -------------------------------------------------------------------------------------------------------- without numpy


@pytest.fixture
def without_numpy(tmp_path: Path) -> str:
    """A folder on the path whose sitecustomize makes numpy an unknown name, as in an installation of the core."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util, sys\n"
        "sys.modules['numpy'] = None\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'numpy' else found(name, *more)\n",
        encoding="utf-8",
    )
    return f"{tmp_path}:{environment()['PYTHONPATH']}"


@pytest.mark.skipif(sys.platform == "win32", reason="the path is joined as on POSIX")
@pytest.mark.parametrize(
    "arguments",
    [("chemistry", str(HD)), ("assess", str(HD), "--chemistry"), ("batch", str(HD), "--chemistry", "--format", "csv")],
    ids=["chemistry", "assess", "batch"],
)
def test_without_numpy_the_extra_is_named(arguments: tuple[str, ...], without_numpy: str, tmp_path: Path) -> None:
    ended = run(*arguments, cwd=tmp_path, PYTHONPATH=without_numpy)
    assert (ended.code, ended.out) == (4, "")
    assert "pip install 'calcrisk[chemistry]'" in ended.err
    assert "extra-not-installed" in ended.err


def test_without_numpy_the_core_works(without_numpy: str, tmp_path: Path) -> None:
    ended = run("assess", str(HD), "--json", cwd=tmp_path, PYTHONPATH=without_numpy)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["chemistry"] is None
