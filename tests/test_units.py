from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import patient_from

from calcrisk import Patient, units
from calcrisk.inputs.documents import read_document
from calcrisk.stated import Location, Reading, Written
from calcrisk.units import Measure
from calcrisk.values import read
from calcrisk.variables import Variable, registry

NUMBERS = [variable for variable in registry().values() if variable.kind == "number"]


@pytest.mark.parametrize(
    ("typed", "same_as"),
    [
        ("mg/dl", "mg/dL"),
        ("MG/DL", "mg/dL"),
        ("mg / dL", "mg/dL"),
        ("mmol/l", "mmol/L"),
        ("umol/L", "µmol/L"),  # U+00B5, the micro sign
        ("μmol/l", "µmol/L"),  # U+03BC, the Greek letter
        ("micromol/L", "umol/L"),
        ("mcg/mL", "ug/mL"),
        ("gm/dL", "g/dL"),
        ("g/litre", "g/L"),
        ("IU/L", "U/L"),
        ("mg²/dL²", "mg2/dL2"),
        ("mg^2/dL^2", "mg2/dL2"),
        ("(mg/dL) PO4", "mg/dL PO4"),
        ("mg/dL as PO4", "mg/dL PO4"),
        ("mg/dL phosphate ion", "mg/dL PO4"),
        ("mg/dL (as phosphate ions)", "mg/dL PO4"),
        ("mg/dL PO43-", "mg/dL PO4"),
        ("mg/dL PO₄³⁻", "mg/dL PO4"),
        ("mg/dL PO4^3-", "mg/dL PO4"),
        ("mL/min/1.73 m²", "mL/min/1.73m2"),
        ("yrs", "years"),
        ("y", "years"),
        ("month", "months"),
        ("mo", "months"),
        ("wk", "weeks"),
        ("d", "days"),
    ],
)
def test_spellings_that_mean_one_unit(typed: str, same_as: str) -> None:
    assert units.spelling(typed) == units.spelling(same_as)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mg/dL", "mg/L"),
        ("mg/dL", "mmol/L"),
        ("mg/dL PO4", "mg/dL"),
        ("g/L", "mg/L"),
        ("pmol/L", "pg/mL"),
        ("mg", "ug"),
    ],
)
def test_spellings_that_never_mean_one_unit(one: str, other: str) -> None:
    assert units.spelling(one) != units.spelling(other)


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("9.9", Measure("", 9.9, "")),
        (" 2.1 mmol/L ", Measure("", 2.1, "mmol/L")),
        ("2.1mmol/L", Measure("", 2.1, "mmol/L")),
        ("<6 pg/mL", Measure("<", 6.0, "pg/mL")),
        ("<=6", Measure("<", 6.0, "")),
        ("≤ 6", Measure("<", 6.0, "")),
        ("> 425", Measure(">", 425.0, "")),
        (">=425", Measure(">", 425.0, "")),
        ("≥425", Measure(">", 425.0, "")),
        ("-3", Measure("", -3.0, "")),
        (".5", Measure("", 0.5, "")),
        ("5.", Measure("", 5.0, "")),
        ("1e3", Measure("", 1000.0, "")),
        ("58y", Measure("", 58.0, "y")),
        ("4 months", Measure("", 4.0, "months")),
        ("010", Measure("", 10.0, "")),
        ("2 (mg/dL)", Measure("", 2.0, "(mg/dL)")),
    ],
)
def test_numbers_as_reports_print_them(text: str, measure: Measure) -> None:
    assert units.measure(text) == measure


@pytest.mark.parametrize(
    "text",
    ["", "high", "9,9", "1:30", "1_000", "nan", "inf", ".", "<", "9.9.9", "2-3", "٣", "9 9", "--3", "1 234 mg/dL"],
)
def test_texts_that_are_no_number(text: str) -> None:
    assert units.measure(text) is None


@pytest.mark.parametrize(
    ("text", "comma"),
    [
        ("9,9", True),
        ("9,9 mg/dL", True),
        ("<6,5", True),
        ("-0,5", True),
        ("1,234.5", False),
        ("1,2,3", False),
        ("high", False),
    ],
)
def test_a_decimal_comma_is_recognised(text: str, *, comma: bool) -> None:
    assert units.has_decimal_comma(text) is comma


@pytest.mark.parametrize(
    ("words", "sentence"), [((), ""), (("a",), "a"), (("a", "b"), "a or b"), (("a", "b", "c"), "a, b or c")]
)
def test_words_are_listed_as_a_sentence_does(words: tuple[str, ...], sentence: str) -> None:
    assert units.either(words) == sentence


@pytest.mark.parametrize("variable", NUMBERS, ids=lambda variable: variable.name)
def test_units_spelt_alike_are_one_unit(variable: Variable) -> None:
    assert all(
        units.accepted(variable)[units.spelling(name)].factor == factor for name, factor in variable.units.items()
    )
    assert all(math.isfinite(factor) and factor > 0 for factor in variable.units.values())


@given(st.data())
def test_a_value_survives_the_way_to_another_unit_and_back(data: st.DataObject) -> None:
    """Written in any of its units, a value in the midst of its limits is read as the same canonical number."""
    variable = data.draw(st.sampled_from(NUMBERS))
    unit = data.draw(st.sampled_from([*variable.units, ""]))
    low, high = variable.plausible or variable.hard or (0.0, 1.0)
    canonical = data.draw(st.floats(low, high))
    factor = variable.units.get(unit, 1.0)
    reading = Reading(registry())
    read(variable, Written(f"{canonical / factor!r} {unit}", "here"), reading)
    looks_like_another = {fault.code for fault in reading.faults} == {"likely-unit"}
    if not looks_like_another:
        value = reading.given[variable.name].value
        assert isinstance(value, float)
        assert math.isclose(value, canonical, rel_tol=1e-12, abs_tol=1e-300)


@pytest.mark.parametrize(
    ("name", "text", "canonical"),
    [
        ("calcium", "2.5 mmol/L", 10.0195),  # 40.078 g/mol: 2.5 x 4.0078
        ("phosphate", "1.5 mmol/L", 4.6461),  # 30.974 g/mol: 1.5 x 3.0974
        ("phosphate", "10 mg/dL PO4", 3.2614),  # 30.974 / 94.971 of the ion is phosphorus
        ("albumin", "31 g/L", 3.1),
        ("age", "6 months", 0.5),
        ("pth", "410 ng/L", 410.0),
        ("creatinine", "88.42 umol/L", 1.0),  # 113.12 g/mol
        ("dialysis_months", "5 years", 60.0),
    ],
)
def test_conversions_by_hand(name: str, text: str, canonical: float) -> None:
    reading = Reading(registry())
    read(registry()[name], Written(text, "here"), reading)
    value = reading.given[name].value
    assert isinstance(value, float)
    assert value == pytest.approx(canonical, rel=3e-4)


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", " \u00a0"])
def test_the_spaces_of_word_processors_part_a_number_from_its_unit(space: str) -> None:
    assert units.measure(f"9.9{space}mg/dL") == units.measure("9.9 mg/dL")
    assert units.measure(f"<{space}6{space}pg/mL") == units.measure("< 6 pg/mL")


AS_PHOSPHORUS = "alone: it is read as serum phosphate (as phosphorus)"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("4 mg/dL phosphorus", f"write mg/dL {AS_PHOSPHORUS}"),
        ("4 mg/dL phosphate", "write mg/dL where it is serum phosphate (as phosphorus), mg/dL PO4 where it is the ion"),
        (
            "4 mg/dL as phosphate",
            "write mg/dL where it is serum phosphate (as phosphorus), mg/dL PO4 where it is the ion",
        ),
        ("4 mg/dL PO4-P", f"write mg/dL {AS_PHOSPHORUS}"),  # phosphorus again: never the ion, which is another number
        ("1.3 mmol/L as P", f"write mmol/L {AS_PHOSPHORUS}"),
        ("4 mg/dL haemolysed", "write the number alone if it holds, or unknown"),
        ("4 mEq/L", "write mg/dL, mmol/L or mg/dL PO4"),  # a unit of others, and no slip for mg/dL
        ("4 mg/dl PO", f"write mg/dL {AS_PHOSPHORUS}"),
        ("4 mgdl", "did you mean 'mg/dL'?"),
    ],
)
def test_no_hint_leads_from_phosphorus_to_phosphate(text: str, hint: str) -> None:
    reading = Reading(registry())
    read(registry()["phosphate"], Written(text, "--phosphate", Location()), reading)
    assert [fault.hint for fault in reading.faults] == [hint]


# What is written of a patient; the bare number, its unit, what is in an SI unit, and what may have been meant.
BESIDE = ("calcium", "mmol/L")
VITAMIN_D = ("vitamin_d_25", "nmol/L")
BARE = [
    ({"calcium": "2.4 mmol/L", "phosphate": "2.2"}, [("phosphate 2.2", "mg/dL", *BESIDE, "mmol/L")]),
    (
        {"phosphate": "1.4 mmol/L", "calcium": "9.8", "magnesium": "1.9"},
        [("magnesium 1.9", "mg/dL", "phosphate", "mmol/L", "mmol/L")],  # no calcium is 9.8 mmol/L
    ),
    ({"calcium": "2.4 mmol/L", "phosphate": ">2"}, [("phosphate >2", "mg/dL", *BESIDE, "mmol/L")]),
    ({"calcium": "2.4 mmol/L", "phosphate": "2.2 mg/dL"}, []),
    ({"calcium": "9.6 mg/dL", "phosphate": "2.2"}, []),
    ({"calcium": "2.4 mmol/L", "phosphate": "unknown", "albumin": "4", "creatinine": "1.2", "alp": "80"}, []),
    ({"calcium": "2.4 mmol/L", "ionised_calcium": "1.2"}, []),  # bare, it is in mmol/L
    (
        {"calcium": {"value": "2.4", "unit": "mmol/L"}, "phosphate": "2.2"},
        [("phosphate 2.2", "mg/dL", *BESIDE, "mmol/L")],
    ),
    (
        {"calcium": "2.75 mmol/l", "vitamin_d_25": "200", "pth": "40"},
        [("vitamin_d_25 200", "ng/mL", *BESIDE, "nmol/L"), ("pth 40", "pg/mL", *BESIDE, "pmol/L")],
    ),
    ({"albumin": "31 g/L", "phosphate": "2.2"}, [("phosphate 2.2", "mg/dL", "albumin", "g/L", "mmol/L")]),
    ({"ca_p_product": "5.4 mmol2/L2", "pth": "40"}, [("pth 40", "pg/mL", "ca_p_product", "mmol2/L2", "pmol/L")]),
    ({"age": "58", "dialysis_months": "62", "infarct": "yes", "infarct_onset": "6 weeks"}, []),  # time has one system
    ({"ionised_calcium": "1.2 mmol/L", "phosphate": "4.2"}, []),  # in both systems
    ({"vitamin_d_25": "69.6 nmol/L", "calcium": "9.5", "phosphate": "3.3"}, []),  # a bare calcium in mg/dL shows it,
    ({"vitamin_d_25": "70 nmol/L", "phosphate": "3.3"}, [("phosphate 3.3", "mg/dL", *VITAMIN_D, "mmol/L")]),
    (  # but no albumin in g/dL, which such laboratories keep,
        {"vitamin_d_25": "70 nmol/L", "albumin": "3.9", "creatinine": "1.2", "phosphate": "2.2"},
        [("phosphate 2.2", "mg/dL", *VITAMIN_D, "mmol/L")],
    ),
    (  # no bound, which need not be reached,
        {"vitamin_d_25": "70 nmol/L", "calcium": "<9", "phosphate": "2.2"},
        [("phosphate 2.2", "mg/dL", *VITAMIN_D, "mmol/L")],
    ),
    (  # and no calcium of a hormone that is in another unit
        {"vitamin_d_25": "70 nmol/L", "calcium": "9.5", "phosphate": "3.3", "pth": "40"},
        [("pth 40", "pg/mL", *VITAMIN_D, "pmol/L")],
    ),
]


@pytest.mark.parametrize(("stated", "doubted"), BARE)
def test_a_bare_number_is_doubted_beside_another_in_the_unit_of_an_si_report(
    stated: dict[str, str], doubted: list[tuple[str, str, str, str, str]]
) -> None:
    read_ = patient_from(read_document(json.dumps(stated), "hd.json"), {})
    warned = [message for code, message in read_.record.warnings if code == "unit-not-written"]
    assert warned == [
        f"{number} has no unit and was read as {unit}, while {other} is written in {theirs}: was {meant} meant?"
        for number, unit, other, theirs, meant in doubted
    ]


def test_what_python_states_is_in_the_documented_unit_and_nothing_is_doubted_twice() -> None:
    assert not Patient(calcium="2.4 mmol/L", phosphate=2.2).record.warnings
    bare = patient_from(read_document("calcium: 2.4 mmol/L\nphosphate: 2.2\n", "hd.yaml"), {})
    again = bare.record.with_panels([{"date": "2026-03-02", "calcium": 9.6}])
    assert [code for code, _ in again.warnings].count("unit-not-written") == 1
