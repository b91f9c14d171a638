"""What is assumed never contradicts what is known (bounds, a total protein), and how far it can be trusted is told."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from commands import run
from solved import WORKED, chemistry

from calcrisk.chemistry import constants
from calcrisk.chemistry.blocks import shown, solve_filled, warned
from calcrisk.chemistry.bounds import fill_within
from calcrisk.chemistry.serum import fill, from_inputs
from calcrisk.render import chemistry_words

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk.assessment import Chemistry

PLAIN: dict[str, Any] = {"calcium": 9.6, "phosphate": 4}


def values(told: Chemistry) -> dict[str, tuple[float, str]]:
    """What was assumed, and how, by label."""
    return {part.label: (round(part.value, 3), part.how) for part in told.assumed}


def codes(told: Chemistry) -> set[str]:
    return {part.code.removeprefix("chemistry-") for part in told.warnings}


# --------------------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("stated", "label", "value", "how"),
    [
        ({"albumin": "<2"}, "albumin", 20, "at its bound"),
        ({"albumin": "<5"}, "albumin", 42, "usual values"),
        ({"albumin": ">4.5"}, "albumin", 45, "at its bound"),
        ({"blood_ph": "<7.2"}, "pH", 7.2, "at its bound"),
        ({"blood_ph": "<7.5"}, "pH", 7.4, "usual values"),
        ({"blood_ph": "<7.3", "bicarbonate": 15}, "pH", 7.3, "at its bound"),
        ({"blood_ph": "<7.4", "bicarbonate": 15}, "pH", 7.324, "from the bicarbonate"),
        ({"bicarbonate": "<15"}, "bicarbonate (total CO2)", 15, "at its bound"),
        ({"bicarbonate": "<15"}, "pH", 7.324, "from the bicarbonate"),
        ({"sodium": "<130"}, "chloride", 93, "from the sodium"),
        ({"total_protein": "<5"}, "albumin", 30, "from the total protein"),
        ({"total_protein": "<5", "albumin": 4}, "globulins", 10, "at its bound"),
        ({"total_protein": "<9", "albumin": 4}, "globulins", 28, "usual values"),
    ],
)
def test_nothing_is_assumed_against_what_is_known(stated: dict[str, Any], label: str, value: float, how: str) -> None:
    """The bound nearest to what would have stood for it does, and is told; within the bounds nothing changes."""
    told = chemistry(**PLAIN, **stated)
    assert told.status == "solved"
    assert values(told)[label] == (value, how)


def test_a_bound_that_is_used_and_one_that_is_not_are_told_apart() -> None:
    told = chemistry(**PLAIN, albumin="<2", magnesium="<3 mg/dL", ionised_calcium="<1")
    said = {part.code: part.message for part in told.warnings}
    assert said["chemistry-at-bound"].endswith("usual value: serum albumin. The true value lies beyond.")
    assert said["chemistry-bound-not-used"].endswith("so not used: ionised calcium, serum magnesium.")
    assert "at-bound" not in codes(chemistry(**PLAIN, albumin="<5"))


def test_a_bound_at_the_limit_of_a_warning_is_beyond_it() -> None:
    assert "albumin-low" in codes(chemistry(**PLAIN, albumin="<3"))
    assert "albumin-low" not in codes(chemistry(**PLAIN, albumin=3))
    assert "acp-ph-range" in codes(chemistry(**PLAIN, blood_ph="<7.2"))
    assert "acp-ph-range" not in codes(chemistry(**PLAIN, blood_ph=7.2))


def test_a_ph_of_a_bound_is_no_estimate() -> None:
    """It follows from the bicarbonate and is told so, but its error has no bound."""
    told = chemistry(**PLAIN, albumin=4, bicarbonate="<15")
    assert "ph-assumed" in codes(told)
    assert [part.estimated for part in told.assumed if part.label == "pH"] == [False]
    assert told.saturation["hap"].between_patients is None


def test_a_bound_moves_nobody_else() -> None:
    """Many are filled in together."""
    nothing = np.full(2, np.nan)
    stated = {"calcium": np.array([9.6, 9.6]), "phosphate": np.array([4.0, 4.0])}
    columns = from_inputs(stated, 2)
    high = from_inputs({**stated, "albumin": np.array([2.0, np.nan])}, 2)
    filled = fill_within(columns, from_inputs(stated, 2), high)
    assert filled.values["albumin"].tolist() == [20, 42]
    assert filled.at_bound["albumin"].tolist() == [True, False]
    plain = fill({**columns, "dialysis": nothing})
    assert all(filled.values[name][1] == plain.values[name][1] for name in plain.values if name != "ionised_ca")


def test_bounds_in_a_table_are_those_of_its_patients(tmp_path: Path) -> None:
    """Rows with a bound are answered as documents are."""
    reason = "pyarrow carries the rows of a table to the solver, and is not installed, or not for this numpy"
    pytest.importorskip("pyarrow", reason=reason, exc_type=ImportError)
    (tmp_path / "a.csv").write_text("id,calcium,phosphate,albumin\n1,9.6,4,<2\n2,9.6,4,\n", "utf-8")
    run("batch", "a.csv", "--chemistry", "-o", "out.ndjson", cwd=tmp_path)
    bounded, plain = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text("utf-8").splitlines()]
    assert bounded["ionised_calcium_mmol_l"] == pytest.approx(chemistry(**PLAIN, albumin="<2").ionised_calcium)
    assert plain["ionised_calcium_mmol_l"] == pytest.approx(chemistry(**PLAIN).ionised_calcium, rel=1e-5)
    assert "chemistry-at-bound" in bounded["chemistry_warnings"]


# -------------------------------------------------------------------------------------------------------- total protein


def test_albumin_and_globulins_share_a_total_protein() -> None:
    told = chemistry(**PLAIN, total_protein=4.5)
    found = values(told)
    assert (found["albumin"], found["globulins"]) == (
        (27, "from the total protein"),
        (18, "from the total protein"),
    )
    assert {"albumin-assumed", "albumin-low"} <= codes(told)
    assert "The albumin that was taken is below 30 g/L" in " ".join(part.message for part in told.warnings)
    fields = constants.document()["fields"]
    usual = fields["albumin"]["default"] / (fields["albumin"]["default"] + fields["globulin"]["default"])
    assert constants.value("rules_of_default", "albumin_of_protein") == usual


def test_a_table_shares_a_total_protein_as_a_document_does() -> None:
    stated = {"calcium": 9.6, "phosphate": 4.0, "total_protein": 4.5}
    found = solve_filled(fill(from_inputs({name: np.array([value]) for name, value in stated.items()}, 1)))
    assert found["ionised_ca"][0] == pytest.approx(chemistry(**stated).ionised_calcium, rel=1e-5)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"total_protein": 4, "albumin": 4.2}, "total protein 40 g/L is below the albumin of 42 g/L."),
        ({"total_protein": "<4", "albumin": 4.2}, "total protein 40 g/L is below the albumin of 42 g/L."),
        ({"bicarbonate": 1.2}, "pH, estimated from the bicarbonate, 6.59 (from 6.7 to 7.9)."),
    ],
)
def test_what_is_out_of_range_is_told_as_it_came_about(stated: dict[str, Any], why: str) -> None:
    told = chemistry(**PLAIN, **stated)
    assert (told.status, str(told.why).partition(": ")[2]) == ("out_of_range", why)


# ------------------------------------------------------------------------------------------- how far it can be trusted


def errors(told: Chemistry) -> dict[str, float | None]:
    return {name: part.between_patients for name, part in told.saturation.items()}


@pytest.mark.parametrize(
    ("changed", "bounded", "why"),
    [
        ({"albumin": None}, set(), "has no bound: the albumin was assumed."),
        ({"albumin": "29 g/L"}, set(), "has no bound: the albumin is below 30 g/L."),
        ({"albumin": "<5"}, set(), "has no bound: the albumin was assumed."),
        (
            {"blood_ph": None, "bicarbonate": None},
            {"dcpd"},
            "For all solids but brushite it has no bound: the pH was assumed.",
        ),
        ({"albumin": None, "ionised_calcium": 1.2}, set(shown()), ""),
        ({"albumin": "29 g/L", "ionised_calcium": 1.2}, set(shown()), ""),
        (
            {"blood_ph": None, "bicarbonate": None, "albumin": None, "ionised_calcium": 1.2},
            {"dcpd"},
            "the pH was assumed.",
        ),
        ({}, set(shown()), ""),
    ],
)
def test_what_an_assumption_leaves_without_a_bound_has_none(
    changed: dict[str, Any], bounded: set[str], why: str
) -> None:
    """The model's ± 0.03 to ± 0.15 presuppose ionised calcium within 4 % and pH within 0.03 (MODEL section 12)."""
    told = chemistry(**{**WORKED, **changed})
    assert {name for name, error in errors(told).items() if error is not None} == bounded
    said = told.says["between"]
    assert said.endswith(why) if why else "no bound" not in said
    assert ("± 0.03 (brushite)" in said) == bool(bounded)
    assert said in " ".join(chemistry_words.sentences(told))


def test_what_an_error_presupposes_is_named() -> None:
    assert chemistry(**WORKED).says["between"] == (
        "The error of one patient's index is about ± 0.03 (brushite) to ± 0.15 (hydroxyapatite), "
        "if the ionised calcium is within 4 % and the pH within 0.03."
    )
    estimated = chemistry(**{**WORKED, "blood_ph": None})
    assert "to ± 0.3 (hydroxyapatite)" in estimated.says["between"]
    assert estimated.says["between"].endswith("and the pH within 0.06.")
    assert errors(chemistry(calcium=9)) == dict.fromkeys(shown())


# ---------------------------------------------------------------------------------------------- two totals that differ


def test_a_measured_total_is_told_beside_the_one_that_goes_with_the_ionised() -> None:
    said = chemistry_words.consistent(chemistry(**WORKED, ionised_calcium=1.10))
    assert said == (
        "The total calcium that goes with it is 2.16 mmol/L (8.6 mg/dL); "
        "measured was 2.40 mmol/L (9.6 mg/dL), 0.24 mmol/L (1.0 mg/dL) more."
    )
    alone = chemistry(**{**WORKED, "calcium": None}, ionised_calcium=1.10)
    assert str(chemistry_words.consistent(alone)).endswith("2.16 mmol/L (8.6 mg/dL).")


@pytest.mark.parametrize(
    ("changed", "says", "not_said"),
    [
        ({}, "citrate", "albumin"),
        ({"albumin": None, "total_protein": None}, "first explanation is the albumin, which was assumed.", "citrate"),
        ({"albumin": 2.5}, "first explanation is the albumin, which is below 30 g/L.", "citrate"),
    ],
)
def test_an_albumin_that_explains_a_difference_is_named_first(
    changed: dict[str, Any], says: str, not_said: str
) -> None:
    told = chemistry(**{**WORKED, **changed}, ionised_calcium=0.9)
    (said,) = [part.message for part in told.warnings if part.code == "chemistry-calcium-differs"]
    assert says in said
    assert not_said not in said


# ------------------------------------------------------------------------------------------------------------ in tables


def test_a_table_tells_what_its_patients_are_told(tmp_path: Path) -> None:
    """Codes and assumptions of a row are those of the same patient's document; an estimated pH is told apart."""
    reason = "pyarrow carries the rows of a table to the solver, and is not installed, or not for this numpy"
    pytest.importorskip("pyarrow", reason=reason, exc_type=ImportError)
    names = ("calcium", "phosphate", "albumin", "blood_ph", "bicarbonate", "total_protein", "ionised_calcium")
    rows: list[dict[str, Any]] = [
        {"calcium": 9.6, "phosphate": 4},
        {"calcium": 9.6, "phosphate": 4, "albumin": 2.5, "bicarbonate": 20},
        {"calcium": 9.6, "phosphate": 4, "total_protein": 6, "blood_ph": 7.15},
        {"calcium": 9.6, "phosphate": 4, "albumin": 4, "blood_ph": 7.4, "ionised_calcium": 0.9},
        {"calcium": 9.6},
    ]
    lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
    (tmp_path / "a.csv").write_text("\n".join([",".join(names), *lines]) + "\n", "utf-8")
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    run("batch", "a.csv", "--chemistry", "-o", "table.ndjson", cwd=tmp_path)
    run(
        "batch",
        "-",
        "--chemistry",
        "--format",
        "csv",
        "-o",
        "documents.csv",
        cwd=tmp_path,
        stdin=(tmp_path / "a.ndjson").read_text("utf-8"),
    )
    table = [json.loads(line) for line in (tmp_path / "table.ndjson").read_text("utf-8").splitlines()]
    told = [chemistry(**row) for row in rows]
    assert [row["chemistry_warnings"] for row in table] == [
        ";".join(part.code for part in one.warnings) for one in told
    ]
    assert "pH (estimated)" in table[1]["chemistry_assumed"].split(";")
    assert "pH" in table[0]["chemistry_assumed"].split(";")
    assert [row["brushite_precipice"] for row in table] == [*["reached"] * 4, None]
    with (tmp_path / "documents.csv").open(encoding="utf-8", newline="") as file:
        documents = list(csv.DictReader(file))
    for name in ("chemistry_warnings", "chemistry_assumed", "brushite_precipice"):
        assert [row[name] for row in documents] == [row[name] or "" for row in table], name


def test_every_warning_has_a_text_and_every_text_a_warning() -> None:
    columns = {name: np.array([value]) for name, value in {"ca": 2.4, "p": 1.1}.items()}
    filled = fill(columns)
    filled.beside_bound = np.array([False])
    assert set(warned(filled, solve_filled(filled))) == set(constants.document()["warnings"])
