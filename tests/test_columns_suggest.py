"""``calcrisk columns suggest``: a map that can be used as it stands, each line with its reason, guesses as comments."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from commands import run
from samples import shared

from calcrisk.cohort.mapwords import quoted
from calcrisk.cohort.suggest import meant

pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

if TYPE_CHECKING:
    from pathlib import Path

_TABLE = """MRN,Age (years),Serum calcium mmol/L,phosphate_mgdl,ALB,creatinine,sex,diabetes,smoker
1,60,2.4,4.0,40,88,F,yes,1
2,50,2.3,3.5,38,70,M,no,2
3,70,2.6,3.9,41,102,F,unknown,1
"""


def proposed(path: Path) -> tuple[str, dict[str, object]]:
    ended = run("columns", "suggest", str(path), cwd=path.parent)
    assert (ended.code, ended.err) == (0, "")
    return ended.out, yaml.safe_load(ended.out)


def test_names_units_and_values_give_a_map(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(_TABLE, "utf-8")
    text, said = proposed(tmp_path / "t.csv")
    assert said["id"] == "MRN"
    assert said["columns"] == {
        "age": {"column": "Age (years)", "unit": "years"} if "unit: years" in text else "Age (years)",
        "calcium": {"column": "Serum calcium mmol/L", "unit": "mmol/L"},
        "phosphate": "phosphate_mgdl",
        "albumin": {"column": "ALB", "unit": "g/L"},  # 40 is usual in g/L
        "creatinine": {"column": "creatinine", "unit": "umol/L"},
        "sex": "sex",
        "diabetes": "diabetes",
    }
    assert "# not recognised: smoker" in text
    assert "the median is 40, usual in g/L and not in g/dL" in text


def test_the_map_can_be_used_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(_TABLE, "utf-8")
    (tmp_path / "m.yaml").write_text(proposed(tmp_path / "t.csv")[0], "utf-8")
    ended = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    found = list(csv.DictReader(io.StringIO(ended.out)))
    assert (ended.code, [row["id"] for row in found]) == (0, ["1", "2", "3"])
    assert float(found[0]["ca_p_product"]) == pytest.approx(2.4 * 4.0078 * 4.0)


def test_hostile_names_and_cells_are_read_back(tmp_path: Path) -> None:
    header = [
        "patient\nid",
        'cal"cium',
        "phos\\phate",
        "albumin: #",
        "No",
        "~",
        "a\nb: c",
        "dia\x1b\u2028lysis",
        "sex'",
    ]
    with (tmp_path / "t\x1b.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [header, ["1", "9.9", "6.8", "4", "x", "x", "x", "perhaps\n: [", "F"]]
        )
    text, said = proposed(tmp_path / "t\x1b.csv")
    assert said["id"] == "patient\nid"
    assert said["columns"] == {
        "calcium": 'cal"cium',
        "phosphate": "phos\\phate",
        "albumin": "albumin: #",
        "sex": "sex'",
    }
    assert r"# not recognised: No, ~, a\nb: c" in text.splitlines()
    assert all(line.isprintable() for line in text.splitlines())
    bare = "\n".join(line.replace("#   ", "  ", 1) if line.startswith("#   ") else line for line in text.splitlines())
    assert yaml.safe_load(bare)["columns"]["dialysis"] == {
        "column": "dia\x1b\u2028lysis",
        "codes": {"perhaps\n: [": "unknown"},
    }
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    ended = run("batch", "t\x1b.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    (row,) = csv.DictReader(io.StringIO(ended.out))
    assert (ended.code, row["id"], row["status"]) == (0, "1", "scored")
    assert float(row["ca_p_product"]) == pytest.approx(9.9 * 6.8)


# a word of a table; how it stands in a map
WORDS = [
    ("calcium", "calcium"),
    ("No", '"No"'),
    ("on", '"on"'),
    ("null", '"null"'),
    ("~", '"~"'),
    ("1", '"1"'),
    ("Ca, total", '"Ca, total"'),
    ('a"b\\c', r'"a\"b\\c"'),
    ("a\nb\x7f\u00a0\u2028\U000e0001", r'"a\nb\x7f\xa0\u2028\U000e0001"'),
]


@pytest.mark.parametrize(("word", "written"), WORDS)
def test_a_word_is_quoted_where_yaml_would_take_it_for_something_else(word: str, written: str) -> None:
    assert quoted(word) == written
    assert yaml.safe_load(f"{{{written}: [{written}]}}") == {word: [word]}


def test_what_codes_mean_is_a_guess_and_stands_as_a_comment(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("diabetes,calcium\n1,9\n2,9\n9,9\n", "utf-8")
    text, said = proposed(tmp_path / "t.csv")
    assert said["columns"] == {"calcium": "calcium"}
    assert "#   diabetes: {column: diabetes, codes: {1: yes, 2: no, 9: unknown}}" in text


def test_an_odd_word_among_known_ones_leaves_these_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("dialysis,sex,ckd_stage\nyes,F,5D\nno,male,G3\n?,x,z\n", "utf-8")
    text, _ = proposed(tmp_path / "t.csv")
    codes = re.findall(r"codes: \{([^}]*)\}", text)
    assert codes == [
        '"?": unknown, "no": no, "yes": yes',
        "F: female, male: male, x: unknown",
        '"5D": 5D, G3: G3, z: unknown',
    ]


def test_numbers_of_the_sexes_are_guessed_as_the_standard_has_them_and_no_others(tmp_path: Path) -> None:
    """ISO/IEC 5218; 12 and 22 are what a slip of the pen makes of 1 and 2, and are to be refused."""
    (tmp_path / "t.csv").write_text("sex\n1\n2\n12\n22\n", "utf-8")
    text, _ = proposed(tmp_path / "t.csv")
    assert re.findall(r"#.*codes: \{([^}]*)\}", text) == ["1: male, 2: female"]


# the name of a column; what it is, None for no input
NAMES = [
    ("Age (yrs)", "age"),
    ("Serum Ca (mmol/L)", "calcium"),
    ("S-phosphate", "phosphate"),
    ("PTH_intact", "pth"),
    ("On dialysis", "dialysis"),
    ("Warfarin use", "warfarin"),
    ("urine calcium", None),
    ("select", None),
]


@pytest.mark.parametrize(("column", "variable"), NAMES)
def test_what_a_column_is_named(column: str, variable: str | None) -> None:
    found, _ = meant(column)
    assert (found and found.name) == variable


# the numbers of a phosphate without a unit; what the map says of them, None where it says nothing
UNITS = [
    ("3.4", "phosphate"),
    ("6.1", "phosphate"),  # of people on dialysis
    ("1.15", {"column": "phosphate", "unit": "mmol/L"}),
    ("2.1", None),  # much in mmol/L, little in mg/dL
]


@pytest.mark.parametrize(("value", "said"), UNITS)
def test_a_unit_is_chosen_where_one_is_clearly_more_usual(value: str, said: object, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"phosphate,calcium\n{value},9\n", "utf-8")
    text, found = proposed(tmp_path / "t.csv")
    columns = found["columns"]
    assert isinstance(columns, dict)
    assert columns.get("phosphate") == said
    assert ("may be in mmol/L or mg/dL: say which" in text) is (said is None)


# a header and a row; what the map says of the inputs, without the guesses
BESIDE = [
    ("calcium,unit,sex\n9.9,mg/dL,F", {"calcium": {"column": "calcium", "unit_column": "unit"}, "sex": "sex"}),
    ("calcium,phosphate,unit,sex\n9.9,3.4,mg/dL,F", {"sex": "sex"}),  # the unit of which of them?
    (
        "calcium,calcium_unit,phosphate,unit\n9.9,mg/dL,3.4,mg/dL",
        {
            "calcium": {"column": "calcium", "unit_column": "calcium_unit"},
            "phosphate": {"column": "phosphate", "unit_column": "unit"},
        },
    ),
    ("calcium,calcium_unit,sex\n,mg/dL,F", {"sex": "sex"}),  # no number
    (  # much in mmol/L, little in mg/dL: its own cell says which
        "phosphate,phosphate_unit,sex\n2.1,mg/dL,F",
        {"phosphate": {"column": "phosphate", "unit_column": "phosphate_unit"}, "sex": "sex"},
    ),
]


@pytest.mark.parametrize(("table", "said"), BESIDE)
def test_a_column_of_units_leaves_a_doubt_and_is_one_numbers_alone(
    table: str, said: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(f"{table}\n", "utf-8")
    text, found = proposed(tmp_path / "t.csv")
    assert found["columns"] == said
    assert ("which other numbers would read as well" in text) is (",phosphate,unit,sex" in table)
    assert ("if that column is of this one; no number was found in it" in text) is ("\n,mg" in table)


def test_a_number_that_may_be_nothing_has_its_own_unit(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("lactate,calcium\n0,9\n", "utf-8")
    _, found = proposed(tmp_path / "t.csv")
    assert found["columns"] == {"lactate": "lactate", "calcium": "calcium"}


@pytest.mark.parametrize(
    ("analyte", "label"), [("loinc", "17861-6"), ("test", "Calcium"), ("labname", "calcium total")]
)
def test_a_long_table_is_recognised(analyte: str, label: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        f"subject_id,charttime,{analyte},value,unit\n1,2026-01-01,{label},9.9,mg/dL\n", "utf-8"
    )
    _, said = proposed(tmp_path / "t.csv")
    assert said["long"] == {
        "patient": "subject_id",
        "time": "charttime",
        "unit": "unit",
        "analyte": analyte,
        "value": "value",
        "analytes": {"calcium": [label]},
    }


def test_a_real_laboratory_table() -> None:
    """MIMIC-III, 20,813 results: 15 of our inputs are there by name."""
    _, said = proposed(shared("data/mimic3_demo/labs_long.csv"))
    long = said["long"]
    assert isinstance(long, dict)
    assert long["analytes"]["calcium"] == ["calcium_total"]
    assert {"phosphate", "albumin", "creatinine", "pth", "ionised_calcium"} <= long["analytes"].keys()


def test_only_a_column_that_may_be_an_input_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("pid,calcium,po4,select,order,alb,diabetic\na,9,4,x,y,4,no\n", "utf-8")
    told = run("batch", "t.csv", cwd=tmp_path).err
    assert re.findall(r"the column '(\w+)' is not read: did you mean '(\w+)'", told) == [
        ("po4", "phosphate"),
        ("alb", "albumin"),
        ("diabetic", "diabetes"),
    ]
