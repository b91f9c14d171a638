from __future__ import annotations

import copy
import pickle
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import generate_patient
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from samples import patient_from

from calcrisk.cli.options import OPTIONS
from calcrisk.errors import CalcriskError, Fault, InputError, RulebookError, SurroundingsError, UsageError
from calcrisk.inputs.documents import read_document
from calcrisk.inputs.flags import from_flags
from calcrisk.inputs.fold import _CODES as LIST_CODES
from calcrisk.inputs.patient_schema import patient_schema
from calcrisk.inputs.template import template
from calcrisk.past import CURRENT
from calcrisk.patient import Patient
from calcrisk.rules.linting.finding import KINDS
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
PTH: dict[str, float | str | None] = {"value": 410, "unit": "pg/mL", "upper_limit": 65}


def values(patient: Patient) -> dict[str, object]:
    return {name: given.value for name, given in patient.given.items()}


def refusals(**stated: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        Patient(**stated)
    return [str(fault) for fault in caught.value.faults]


# In a notebook


def test_a_patient_reads_units_words_and_companions() -> None:
    patient = Patient(calcium=9.9, phosphate="2.2 mmol/L", pth=PTH, alp="normal", warfarin=True, ckd_stage="5D")
    assert values(patient) == {
        "calcium": 9.9,
        "phosphate": 2.2 * 3.0974,
        "pth": 410.0,
        "pth_upper_limit": 65.0,
        "alp_status": "normal",
        "ckd_stage": "G5",
        "dialysis": True,
        "warfarin": True,
    }
    assert (patient.phosphate, patient.alp, patient.alp_status, patient.dialysis) == (
        2.2 * 3.0974,
        None,
        "normal",
        True,
    )
    assert patient.given["phosphate"].as_written == "2.2 mmol/L"
    assert patient.given["phosphate"].origin == "Patient"
    assert patient.source is None
    assert patient.warnings == ()


def test_all_faults_are_raised_at_once_and_never_as_pydantics_own() -> None:
    assert refusals(calcum=9.9, labs={"calcium": 9.9}, phosphate=[1], calcium=2.4, zzz=1) == [
        "calcum: calcum is not a known input (unknown-field)\n    did you mean 'calcium'?",
        "labs: labs is not a known input (unknown-field)\n    fields are flat here, as in Patient(calcium=9.9)",
        "zzz: zzz is not a known input (unknown-field)\n    `calcrisk template` lists every input",
        "phosphate: phosphate cannot be a list (wrong-kind)\n    write a number in mg/dL, mmol/L or mg/dL PO4",
        "calcium: calcium 2.4 mg/dL is below what blood can hold (likely-unit)\n    did you mean 2.4 mmol/L?",
    ]


def test_only_what_was_stated_is_shown() -> None:
    patient = Patient(id="a", calcium="<9", warfarin="unknown", sex=None)
    assert repr(patient) == "Patient(id='a', calcium='<9', warfarin='unknown')"
    assert list(patient.__rich_repr__()) == [("id", "a"), ("calcium", "<9"), ("warfarin", "unknown")]


def test_patients_that_say_the_same_are_equal() -> None:
    one, other = Patient(pth=410, pth_upper_limit=65, id="7"), Patient(id="7", pth=PTH)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Patient(pth=410)
    assert one != Patient(pth=410, pth_upper_limit=65, id="8")
    assert one != "a patient"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"pth": "<6 pg/mL"}, {"pth": "<6 ng/L"}),
        ({"ckd_stage": "G3"}, {"ckd_stage": 3}),
        ({"age": "UNKNOWN"}, {"age": "unknown"}),
    ],
)
def test_patients_are_equal_in_whatever_words(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert Patient(**one) == Patient(**other)
    assert len({Patient(**one), Patient(**other)}) == 1


def test_what_a_patient_dumps_makes_the_same_patient() -> None:
    patient = Patient(id="a", calcium="2.2 mmol/L", pth=PTH, age="unknown", ckd_stage="G3")
    assert Patient(**patient.model_dump(exclude_none=True)) == patient
    assert Patient.model_validate_json(patient.model_dump_json()) == patient
    assert patient.model_fields_set == {"id", "calcium", "pth", "pth_upper_limit", "age", "ckd_stage"}


def sent(protocol: int) -> Callable[[Any], Any]:
    return lambda patient: pickle.loads(pickle.dumps(patient, protocol))  # noqa: S301 - its own bytes


PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
WAYS = {"copy": copy.copy, "deepcopy": copy.deepcopy} | {f"protocol {number}": sent(number) for number in PROTOCOLS}


@pytest.mark.parametrize("again", WAYS.values(), ids=list(WAYS))
def test_a_patient_can_be_copied_and_sent(again: Any) -> None:
    patient = Patient(id="a", calcium=9.9)
    assert again(patient) == patient
    assert again(patient).given == patient.given
    assert again(patient.record) == patient.record


@pytest.mark.parametrize("again", WAYS.values(), ids=list(WAYS))
def test_an_error_can_be_copied_and_sent_with_its_faults(again: Any) -> None:
    for kind in (CalcriskError, InputError, UsageError, RulebookError, SurroundingsError):
        error = kind([Fault(code="a", message="first", hint="mend it"), Fault(code="b", message="second", line=3)])
        error.add_note("of this call")
        sent = again(error)
        assert (type(sent), sent.faults, str(sent)) == (kind, error.faults, str(error))
        assert sent.__notes__ == error.__notes__


def test_a_record_is_not_changed() -> None:
    record = Patient(id="a", calcium=9.9).record
    for name in ("id", "panels", "anything"):
        with pytest.raises(AttributeError, match=f"{name} cannot be set"):
            setattr(record, name, None)
    with pytest.raises(TypeError):
        record.given["calcium"] = None  # type: ignore[index]  # which mypy knows


def test_a_copy_with_changes_is_read_anew() -> None:
    patient = Patient(calcium=9.9, phosphate=4.1)
    assert patient.model_copy() == patient
    assert patient.model_copy(update={"calcium": "2.2 mmol/L", "phosphate": None}) == Patient(calcium="2.2 mmol/L")
    with pytest.raises(InputError):
        patient.model_copy(update={"calcium": 2.4})


def test_a_copy_with_changes_keeps_what_is_not_changed() -> None:
    labs = "labs: {calcium: 14.1, phosphate: 0.9, alp: high}"
    rest = "kidney: {ckd_stage: 5D}\nhistory: {panels: [{date: 2026-03-02}]}"
    patient = patient_from(read_document(f"id: a\n{labs}\n{rest}", "hd.yaml"), {})
    changed = patient.model_copy(update={"calcium": "9.9", "alp": 80, "dialysis": False})
    assert changed.given["phosphate"] == patient.given["phosphate"]
    assert changed.given["ckd_stage"] == ("G5", None, "5D", "hd.yaml:3")
    assert changed.given["calcium"].origin == "Patient"
    assert (changed.id, changed.source) == ("a", "hd.yaml")
    assert [code for code, _ in patient.warnings] == ["implausible", "unusual-unit"]
    assert [code for code, _ in changed.warnings] == ["unusual-unit"]
    assert changed.panels == patient.panels
    assert changed == Patient(id="a", calcium=9.9, phosphate=0.9, alp=80, ckd_stage="G5", dialysis=False)
    assert changed.model_copy(update={"id": None}).id is None


def test_a_copy_with_changes_is_refused_as_a_new_patient_is() -> None:
    with pytest.raises(InputError) as caught:
        Patient(tissue_damage=False).model_copy(update={"granuloma": True, "calcum": 9.9})
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("unknown-field", "calcum"),
        ("contradiction", "tissue_damage"),
    ]


def test_a_patient_is_frozen() -> None:
    patient = Patient(calcium=9.9)
    with pytest.raises(ValueError, match="frozen"):
        patient.calcium = 3
    with pytest.raises(TypeError):
        patient.given["calcium"] = None  # type: ignore[index]  # what is tested


def test_every_field_says_its_unit_and_meaning() -> None:
    for name, variable in registry().items():
        description = Patient.model_fields[name].description or ""
        assert description.startswith(variable.label)
        assert all(unit in description for unit in variable.units)


# Flags


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ({}, {"calcium_status": "high", "pth": 410.0, "pth_upper_limit": 65.0, "dialysis": False}),
        ({"calcium": "9"}, {"calcium": 9.0, "pth": 410.0, "pth_upper_limit": 65.0, "dialysis": False}),
        (
            {"calcium_status": "low"},
            {"calcium_status": "low", "pth": 410.0, "pth_upper_limit": 65.0, "dialysis": False},
        ),
        ({"pth": "300 ng/L"}, {"calcium_status": "high", "pth": 300.0, "pth_upper_limit": 65.0, "dialysis": False}),
        (
            {"pth_upper_limit": "70"},
            {"calcium_status": "high", "pth": 410.0, "pth_upper_limit": 70.0, "dialysis": False},
        ),
        (
            {"ckd_stage": "5D"},
            {"calcium_status": "high", "pth": 410.0, "pth_upper_limit": 65.0, "ckd_stage": "G5", "dialysis": True},
        ),
        ({"dialysis": True}, {"calcium_status": "high", "pth": 410.0, "pth_upper_limit": 65.0, "dialysis": True}),
    ],
)
def test_what_a_flag_says_replaces_what_the_file_says(
    flags: Mapping[str, str | bool], found: dict[str, object]
) -> None:
    text = "labs: {calcium: high, pth: {value: 410, upper_limit: 65}}\nkidney: {dialysis: no}\n"
    patient = patient_from(read_document(text, "a.yaml"), from_flags(flags))
    assert values(patient) == found
    assert patient.source == "a.yaml"


def test_a_flag_replaces_a_faulty_value_and_what_its_word_said_besides() -> None:
    document = read_document("labs: {calcium: 2.4}\nkidney: {ckd_stage: 5D}\n", "a.yaml")
    patient = patient_from(document, from_flags({"calcium": "9.6", "dialysis": False, "warfarin": None}))
    assert values(patient) == {"calcium": 9.6, "ckd_stage": "G5", "dialysis": False}
    assert patient.given["dialysis"].origin == "--no-dialysis"


def test_flags_alone_make_a_patient() -> None:
    patient = patient_from(None, from_flags({"calcium": "9.6", "ckd_stage": "G5", "warfarin": True}, ["tissue-damage"]))
    assert values(patient) == {"tissue_damage": None, "calcium": 9.6, "ckd_stage": "G5", "warfarin": True}
    assert patient.given["ckd_stage"].origin == "--ckd-stage"


def test_a_faulty_flag_is_named() -> None:
    with pytest.raises(InputError) as caught:
        patient_from(None, from_flags({"calcium": "2.4"}))
    assert str(caught.value) == (
        "--calcium: calcium 2.4 mg/dL is below what blood can hold (likely-unit)\n    did you mean 2.4 mmol/L?"
    )


def test_flags_that_contradict_the_file_are_refused() -> None:
    document = read_document("tissue_damage: no\n", "a.yaml")
    with pytest.raises(InputError) as caught:
        patient_from(document, from_flags({"granuloma": True}))
    assert str(caught.value) == (
        "a.yaml:1:16: tissue_damage: tissue_damage: no (a.yaml:1) contradicts granuloma: yes (--granuloma) "
        "(contradiction)\n    1 | tissue_damage: no\n      |                ^~\n"
        "    change one of them, or write unknown for what is not known"
    )


@pytest.mark.parametrize(
    ("flags", "unknown", "message"),
    [
        ({}, ["calcum"], "--unknown: calcum is not a known input (unknown-field)\n    did you mean 'calcium'?"),
        (
            {"calcium": "9"},
            ["calcium"],
            "--unknown: calcium is stated twice: as unknown and by --calcium (stated-twice)\n    keep one of the two",
        ),
    ],
)
def test_a_wrong_unknown_is_wrong_usage(flags: dict[str, str], unknown: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_flags(flags, unknown)
    assert str(caught.value) == message


def test_there_is_a_flag_for_every_variable() -> None:
    assert [option.name for option in OPTIONS] == list(registry())
    assert (
        len({option.name for option in OPTIONS} & {"output", "format", "json", "brief", "profile", "rulebook", "as_of"})
        == 0
    )


# Template, schema, generated files, messages


def test_the_template_states_nothing_as_it_is() -> None:
    assert patient_from(read_document(template(), "t.yaml"), {}) == Patient()


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)^( *)# (?=(?: *- | {4})?\w+:)", r"\1", text)


def test_every_line_of_the_template_can_be_taken_into_use() -> None:
    text = _uncommented(template())
    patient = patient_from(read_document(text, "t.yaml"), {})
    assert patient == Patient()
    named = set(re.findall(r"(?m)^ *(?:- )?(\w+):", text))
    spoken = [variable for variable in registry().values() if variable.of is None and variable.listed is None]
    assert {variable.key for variable in spoken} <= named


def test_a_line_of_the_template_can_be_filled_in() -> None:
    text = re.sub(r"# calcium: {5}", "calcium: 9.9 ", template(), count=1)
    assert values(patient_from(read_document(text, "t.yaml"), {})) == {"calcium": 9.9}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(patient_schema())


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The schema, checked by the test above and not with each text again."""
    return Draft202012Validator(patient_schema())


@pytest.mark.parametrize(
    "text",
    [
        "labs: {calcium: 9.9, phosphate: 2.2 mmol/L, pth: {value: 410, unit: pg/mL, upper_limit: 65}}",
        "calcium: 9.9\nage: 4 months\nsex: female",
        "kidney: {ckd_stage: 5D, dialysis: yes}",
        "tissue: [{finding: infarct, site: brain, onset: 5 weeks, note: old}]\ndeposits: [{site: aorta}]",
        "history: {panels: [{date: '2026-03-02', labs: {calcium: 9.6}}], hyperphosphataemia: yes}\nas_of: '2026-03-30'",
        "{}",
    ],
)
def test_what_is_read_fits_the_schema(text: str, schema: Draft202012Validator) -> None:
    patient_from(read_document(text, "a.yaml"), {})
    schema.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "labs: {calcum: 9.9}",
        "calcium: 99",
        "warfarin: maybe",
        "tissue: [{site: brain}]",
        "kidney: 5",
        "pth: {limit: 3}",
        "",
    ],
)
def test_what_does_not_fit_the_schema_is_refused_by_the_reader_too(text: str, schema: Draft202012Validator) -> None:
    with pytest.raises(ValidationError):
        schema.validate(yaml.safe_load(text))
    with pytest.raises(InputError):
        patient_from(read_document(text, "a.yaml"), {})


def test_the_generated_files_are_not_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["generate_patient.py", "--check"])
    assert (generate_patient.main(), capsys.readouterr().err) == (0, "")


def test_a_stale_file_is_noticed_and_written_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generate_patient, "PATIENT", tmp_path / "patient.py")
    monkeypatch.setattr(generate_patient, "OPTIONS", tmp_path / "options.py")
    monkeypatch.setattr(sys, "argv", ["generate_patient.py", "--check"])
    assert generate_patient.main() == 1
    monkeypatch.setattr(sys, "argv", ["generate_patient.py"])
    assert generate_patient.main() == 0
    assert (tmp_path / "patient.py").read_text(encoding="utf-8") == generate_patient.patient(registry())


def _codes() -> Iterator[str]:
    for path in (ROOT / "calcrisk").rglob("*.py"):
        yield from re.findall(r'code="([a-z0-9-]+)"', path.read_text(encoding="utf-8"))
    yield from LIST_CODES.values()
    yield from KINDS
    yield CURRENT


def test_every_code_has_its_entry_and_every_entry_its_code() -> None:
    page = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"(?m)^\| `([a-z0-9-]+)` \|", page)) == sorted(set(_codes()))


# Whatever is stated


@st.composite
def statements(draw: st.DrawFn) -> dict[str, object]:
    """State a few variables with values that look right or nearly so."""
    raws = st.one_of(
        st.floats(allow_nan=True),
        st.integers(-5, 500),
        st.booleans(),
        st.none(),
        st.sampled_from(["unknown", "high", "<6", "9,9", "2.2 mmol/L", "G3", "5D", "yes", "", "x"]),
        st.text(max_size=8),
        st.dictionaries(
            st.sampled_from(["value", "unit", "upper_limit", "x"]), st.integers(0, 99) | st.text(max_size=4)
        ),
    )
    return draw(st.dictionaries(st.sampled_from(list(registry())), raws, max_size=6))


@given(statements())
def test_whatever_is_stated_ends_in_a_patient_or_an_input_error(stated: dict[str, Any]) -> None:
    try:
        patient = Patient(**stated)
    except InputError:
        return
    assert Patient(**patient.model_dump(exclude_none=True)) == patient
