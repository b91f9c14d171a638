"""Patient documents: what is read, and one file for each way a document can be wrong, with its whole message."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from samples import patient_from

from calcrisk.errors import InputError
from calcrisk.inputs import documents, yaml_text
from calcrisk.inputs.documents import read_document
from calcrisk.patient import Patient
from calcrisk.variables import plain, registry

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
BAD_INPUTS = Path(__file__).parent / "bad_inputs"
BAD_SAMPLES = ROOT / "sample_labs" / "bad"
BAD = sorted(
    path for folder in (BAD_INPUTS, BAD_SAMPLES) for path in folder.iterdir() if path.suffix in {".yaml", ".json"}
)

CARD = """\
id: hd-warfarin-58f
age: 58
sex: female
labs:
  calcium: 9.9              # mg/dL, total
  phosphate: 2.2 mmol/L
  fetuin_a: {value: 0.31, unit: g/L, lower_limit: 0.40}
  alp: normal
kidney: {ckd_stage: G5, dialysis: true, dialysis_months: 62}
medications: {warfarin: true}
tissue_damage: yes
tissue:
  - {finding: infarct, site: brain, onset: 5 weeks}
  - {finding: granuloma, site: lung, onset: 2 years, note: old}
deposits:
  - {site: aorta, pattern: tram-track, seen_on: x-ray}
history:
  panels:
    - {date: 2026-03-02, labs: {calcium: 9.6, phosphate: 6.4}}
    - {date: 2025-11-30}
  hyperphosphataemia: true
"""


def patient(text: str | bytes, source: str = "hd.yaml") -> Patient:
    return patient_from(read_document(text, source), {})


def refusals(content: str | bytes, source: str) -> str:
    with pytest.raises(InputError) as caught:
        patient_from(read_document(content, source), {})
    return "".join(f"{fault}\n" for fault in caught.value.faults)


# What is wrong


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_every_bad_file_is_refused_with_its_whole_message(path: Path) -> None:
    expected = BAD_INPUTS / "messages" / f"{path.name}.txt"
    assert refusals(path.read_bytes(), path.name) == expected.read_text(encoding="utf-8")


def test_no_message_is_without_its_file() -> None:
    assert {path.name for path in (BAD_INPUTS / "messages").iterdir()} == {f"{path.name}.txt" for path in BAD}


def test_all_faults_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = "labs: {calcium: 2.4, phosfate: 4}\ntissue: [{finding: infarkt}]\nage: -1\nlabs: {}\n"
    with pytest.raises(InputError) as caught:
        patient(text)
    codes = [(fault.line, fault.code) for fault in caught.value.faults]
    assert codes == [
        (1, "likely-unit"),
        (1, "unknown-field"),
        (2, "unknown-finding"),
        (3, "out-of-range"),
        (4, "duplicate-key"),
    ]


AFTER_A_COMMA = "write a decimal point, and no comma between thousands"
# What a person writes, and what the hint names.
NEAR = [
    ("kidneys: {ckd_stage: G3}", "did you mean 'kidney'?"),
    ("lab: {calcium: 9}", "did you mean 'labs'?"),
    ("medication: {warfarin: yes}", "did you mean 'medications'?"),
    ("tissues: [{finding: infarct}]", "did you mean 'tissue'?"),
    ("calsium: 9", "did you mean 'calcium'?"),
    (
        "conditions: {hyperparathyroidism: yes}",
        "did you mean "
        + " or ".join(f"'{degree}_hyperparathyroidism'" for degree in ("primary", "secondary", "tertiary"))
        + "?",
    ),
    ("tissue: [{finding: caseous-necrosis, onset: 3 years}]", "write finding: necrosis, kind: caseous"),
    ("tissue: [{finding: coagulative necrosis}]", "write finding: necrosis, kind: coagulative"),
    ("tissue: [{finding: warfarin}]", "write medications.warfarin: yes"),
    # a comma in a number, in braces and out of them
    (
        "pth: 1,234",
        "write 1234 where the comma stands between thousands, 1.234 where it is a decimal comma",
    ),
    ("pth: 1,23 pg/mL", "write 1.23 pg/mL"),
    ("imaging: {agatston: 1,234}", AFTER_A_COMMA),
    ("history: {panels: [{date: 2026-03-02, labs: {calcium: 9,9}}]}", AFTER_A_COMMA),
    ("labs: {pth: {value: 1,500, unit: pg/mL}}", AFTER_A_COMMA),
    ("tissue: [{finding: infarct, onset: 1,5 years}]", AFTER_A_COMMA),
    # 0 is a measurement in no unit
    ("calcium: 0", "expected 2 to 25 mg/dL"),
]


@pytest.mark.parametrize(("text", "hint"), NEAR)
def test_a_wrong_name_is_offered_the_right_ones(text: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        patient(text)
    assert [fault.hint for fault in caught.value.faults] == [hint]


def test_no_word_stands_for_two_inputs() -> None:
    words = [{plain(word) for word in (name, one.key, *one.synonyms)} for name, one in registry().items()]
    assert len(set().union(*words)) == sum(map(len, words))


def test_a_document_too_large_for_one_patient_is_refused() -> None:
    assert refusals("# " + "x" * 1_000_000, "big.yaml") == (
        "big.yaml: more than 1,000,000 characters: no one patient needs as many (too-large)\n"
        "    for many patients write one file each, or one JSON document a line (.ndjson)\n"
    )


def test_one_byte_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    assert refusals(b"#" * documents.MAX_BYTES, "big.yaml").startswith("big.yaml:1: nothing is stated here")
    assert refusals(b"#" * documents.MAX_BYTES + b"\xff", "big.yaml").startswith("big.yaml: more than 1,000,000 bytes")


@pytest.mark.parametrize("empty", ["", "null", "''", "{}", "{value: , unit: }"])
@pytest.mark.parametrize("stated", ["labs: {calcium: 9.9}", "labs: {calcium: {value: 9.9}}"])
def test_an_empty_statement_is_none_in_either_order(empty: str, stated: str) -> None:
    for lines in ([f"calcium: {empty}", stated], [stated, f"calcium: {empty}"]):
        assert patient("\n".join(lines)) == Patient(calcium=9.9)


def test_an_empty_statement_yields_to_a_list() -> None:
    assert patient("infarct: ''\ntissue: [{finding: infarct}]") == Patient(infarct=True)


def test_an_empty_statement_is_read_all_the_same() -> None:
    assert "pth takes no 'limit'" in refusals("pth: {limit: }", "a.yaml")


@pytest.mark.parametrize("names", [("as_of", "date"), ("date", "as_of")])
def test_two_dates_that_differ_are_refused(names: tuple[str, str]) -> None:
    first, second = names
    assert refusals(f"{first}: 2026-03-02\n{second}: 2026-03-30", "a.yaml") == (
        f"a.yaml:2:{len(second) + 3}: {second}: the date is stated twice: 2026-03-02 and 2026-03-30 (stated-twice)\n"
        f"    2 | {second}: 2026-03-30\n      | {' ' * (len(second) + 2)}^~~~~~~~~~\n"
        "    keep one of the two\n"
    )


@pytest.mark.parametrize("second", ["2026-03-02", ""])
def test_one_date_may_be_written_twice(second: str) -> None:
    assert read_document(f"as_of: 2026-03-02\ndate: {second}", "a.yaml").as_of == "2026-03-02"


def test_a_text_with_half_a_character_is_refused() -> None:
    assert refusals("sex: \ud83d", "half.yaml") == (
        "half.yaml:1:6: not readable as YAML: the character U+D83D is not text (bad-yaml)\n"
        "    1 | sex: ·\n      |      ^\n"
        "    take it out, and save the file as UTF-8\n"
    )


# What is read


def test_every_value_keeps_its_line_column_and_digits() -> None:
    fields = read_document(CARD, "hd.yaml").fields
    assert fields["calcium"] == ("9.9", "hd.yaml:5", ("hd.yaml", 5, 12, "labs.calcium"))
    limit = fields["fetuin_a"].raw
    assert isinstance(limit, dict)
    assert limit["lower_limit"] == ("0.40", "hd.yaml:7", ("hd.yaml", 7, 51, "labs.fetuin_a.lower_limit"))


def test_a_document_names_its_patient_and_the_newest_date() -> None:
    document = read_document(CARD, "hd.yaml")
    assert (document.id, document.as_of) == ("hd-warfarin-58f", "2026-03-02")
    assert [(panel.date, dict(panel.values)) for panel in document.panels] == [
        ("2026-03-02", {"calcium": 9.6, "phosphate": 6.4}),
        ("2025-11-30", {}),
    ]


@pytest.mark.parametrize("name", ["as_of", "date"])
def test_a_date_of_its_own_comes_before_the_panels(name: str) -> None:
    assert read_document(f"{CARD}{name}: 2026-03-30\n", "hd.yaml").as_of == "2026-03-30"
    assert read_document(f"{name}: 2026-03-30\n{CARD}", "hd.yaml").as_of == "2026-03-30"


def test_lists_fold_to_flat_variables_and_the_longest_time_counts() -> None:
    found = patient(CARD)
    told = {"infarct", "granuloma", "tissue_in_brain", "tissue_in_lung", "deposit_seen", "deposit_in_aorta"}
    told |= {"pattern_tram_track", "seen_on_radiograph"}
    assert all(found.given[name].value is True for name in told)
    assert found.given["tissue_onset"].as_written == "2 years"
    assert found.given["granuloma"].origin == "hd.yaml:14"


@pytest.mark.parametrize(
    ("entries", "onset"),
    [
        ("[{finding: scar, onset: 5 weeks}, {finding: infarct, onset: unknown}]", "5 weeks"),
        ("[{finding: infarct, onset: unknown}, {finding: scar, onset: 5 weeks}]", "5 weeks"),
        ("[{finding: scar, onset: unknown}]", "unknown"),
        ("[{finding: scar, onset: '>2 years'}, {finding: infarct, onset: 1 year}]", ">2 years"),
    ],
)
def test_an_unknown_time_yields_to_a_known_one(entries: str, onset: str) -> None:
    assert patient(f"tissue: {entries}").given["tissue_onset"].as_written == onset


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "--- {}\n",
        "labs:\nkidney: ~\n",
        "tissue:\ndeposits: []\n",
        "tissue: [{finding: }]\n",
        "history: {panels: }\n",
        "as_of:\nid:\ninfarct:\n",
    ],
)
def test_what_states_nothing_is_an_empty_patient(text: str) -> None:
    assert patient(text) == Patient()


@pytest.mark.parametrize("text", ["{}", '{"labs": {}, "tissue": []}', '{"age": null}'])
def test_json_that_states_nothing_is_an_empty_patient(text: str) -> None:
    assert patient(text, "empty.json") == Patient()


def test_a_list_answers_what_its_flat_name_leaves_empty() -> None:
    assert patient("infarct:\ntissue: [{finding: infarct}]").given["infarct"].value is True


def test_seen_deposits_may_be_said_in_both_ways() -> None:
    assert patient("deposit_seen: yes\ndeposits: [{site: aorta}]").given["deposit_seen"].origin == "hd.yaml:1"


def test_a_site_that_is_unknown_says_that_something_was_seen_and_no_more() -> None:
    found = patient("deposits: [{site: unknown, seen_on: ct}]")
    assert {name: stated.value for name, stated in found.given.items()} == {"deposit_seen": True, "seen_on_ct": True}


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("mmol/L", "mmol/l"),
        lambda text: "---\n" + text + "...\n",
        lambda text: text.replace("yes", "'yes'"),
        lambda text: json.dumps(yaml.safe_load(text), default=str),
    ],
    ids=["crlf", "bom", "bom-bytes", "case", "document-marks", "quotes", "json-as-yaml"],
)
def test_other_ways_to_write_the_same(rewrite: Callable[[str], str | bytes]) -> None:
    assert patient(rewrite(CARD)) == patient(CARD)


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_says_the_same_as_yaml(indent: int | str | None) -> None:
    text = json.dumps(yaml.safe_load(CARD), default=str, indent=indent)
    assert patient(text, "hd.json") == patient(CARD)
    assert patient(text, "-") == patient(CARD)


def test_json_keeps_places_and_digits() -> None:
    fields = read_document('{\n "labs": {"calcium": 9.90}\n}', "hd.json").fields
    assert fields["calcium"] == ("9.90", "hd.json:2", ("hd.json", 2, 22, "labs.calcium"))


def test_flat_and_grouped_spelling_say_the_same() -> None:
    grouped = "labs: {calcium: 9.9}\nkidney: {transplant: yes}\nhistory: {hyperphosphataemia: yes}\n"
    flat = "calcium: 9.9\norgan_transplant: yes\nhistory_hyperphosphataemia: yes\n"
    assert patient(grouped) == patient(flat)


def test_yaml_flow_mappings_are_not_mistaken_for_json() -> None:
    assert patient("{age: 58, sex: female}", "-") == Patient(age=58, sex="female")


def test_the_parser_in_pure_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = patient(CARD)
    monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
    assert patient(CARD) == expected


@pytest.mark.volume
@given(st.permutations(list(yaml.safe_load(CARD).items())))
def test_the_order_of_the_keys_never_matters(items: list[tuple[str, object]]) -> None:
    shuffled = yaml.safe_dump(dict(items), sort_keys=False)
    assert list(patient(shuffled).given) == list(patient(CARD).given)
    assert patient(shuffled) == patient(CARD)


@given(st.text(max_size=60))
def test_no_text_ends_in_anything_but_a_patient_or_an_input_error(text: str) -> None:
    for source in ("x.yaml", "x.json", "-"):
        with suppress(InputError):
            patient(text, source)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_a_byte_that_is_not_utf8_is_found_behind_a_mark_too(mark: bytes) -> None:
    document = read_document(mark + b"id: u\nlabs:\n  calcium: 9.9\nnote: caf\xe9 x\n", "a.yaml")
    (fault,) = document.faults
    assert (fault.line, fault.column, fault.message) == (4, 10, "byte 0xe9 is not UTF-8")
