"""The everyday path says what the exact readers say, of whatever is written, and leaves every fault to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SAMPLES, patient_from

from calcrisk.errors import InputError
from calcrisk.inputs import documents, everyday, yaml_text
from calcrisk.inputs.documents import read_document, read_documents, read_line
from calcrisk.stated import Reading, Written
from calcrisk.values import read, read_all
from calcrisk.variables import registry

if TYPE_CHECKING:
    from calcrisk.inputs.documents import Document

pytestmark = pytest.mark.once

PATHS = sorted(path for path in SAMPLES.rglob("*") if path.suffix in {".yaml", ".json"})
TEXTS = [path.read_text(encoding="utf-8") for path in PATHS if path.suffix == ".yaml"]
ALL = sorted([*PATHS, *(Path(__file__).parent / "bad_inputs").glob("*.yaml")])
PLAIN = """\
id: a
as_of: 2026-03-30
age: 4 months
labs:
  calcium: 9.9   # mg/dL
  pth: {value: 410, unit: pg/mL, upper_limit: 65}
  alp:
    value: 'LESS THAN 40'
    unit: U/L
  phosphate: haemolysed
  magnesium: 2.9
kidney: {ckd_stage: 5D}
infarct:
tissue:
  - {finding: granuloma, site: lung, onset: 5 weeks, note: old}
deposits:
  - {site: aorta, seen_on: ct}
medications:
"""
FLAT: dict[str, Any] = {"id": 7, "as_of": "2026-03-30", "calcium": 9.90, "phosphate": "2.2 mmol/L", "ckd_stage": 5}
FLAT |= {"dialysis": True, "sex": None, "tissue": [{"finding": "infarct"}], "pth": {"value": 410, "upper_limit": 65}}


def told(document: Document) -> object:
    """All that a document comes to: a patient with every word and origin, or every fault."""
    try:
        patient = patient_from(document, {})
    except InputError as error:
        return document.id, error.faults
    return document.id, document.as_of, patient.id, list(patient.given.items()), patient.warnings, patient.source


def exactly(text: str, source: str) -> list[object]:
    """Read as ``read_documents`` does where the everyday path always gives up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "everyday_yaml", lambda *_: None)
        return [told(document) for document in read_documents(text, source)]


def lines_agree(line: bytes) -> None:
    exact = documents._exact_line(line, "x.ndjson", 7, 3)
    assert told(read_line(line, "x.ndjson", number=7, index=3)) == told(exact)


@pytest.mark.parametrize("text", [PLAIN, *TEXTS], ids=[None, *(path.name for path in PATHS if path.suffix == ".yaml")])
def test_every_sample_reads_the_same(text: str) -> None:
    assert [told(document) for document in read_documents(text, "a.yaml")] == exactly(text, "a.yaml")
    assert read_documents(text, "a.yaml")[0].id == read_document(text, "a.yaml").id
    lines_agree(
        json.dumps(yaml.safe_load(text) if "!" not in text else {}, default=str).encode() if is_yaml(text) else b""
    )


def is_yaml(text: str) -> bool:
    try:
        yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return False
    return True


def test_a_line_that_holds_several_lines_counts_them() -> None:
    lines_agree(b'\n{"calcium":\n 9.9}\n')
    assert told(read_line(b'{"calcium":\n 9.9}\n', "x.ndjson", number=7, index=3)) == told(
        read_line(b'{"calcium": 9.9}', "x.ndjson", number=8, index=3)
    )


def test_what_is_plainly_right_takes_the_everyday_path() -> None:
    assert everyday.everyday_yaml(PLAIN, "a.yaml", 0) is not None
    assert everyday.everyday_line(json.dumps(FLAT), "a.ndjson", "a.ndjson:1", 0) is not None


@pytest.mark.parametrize(
    "odd",
    [
        *(
            "sex: \x07",
            "sex: \ud83d",
            "---\nid: b",
            "a: 1",
            "id: b",
            "calcium: 8.8",
            "<<: {}",
            "sex: *a",
            "sex: &a male",
        ),
        *("sex: !!str male", "as_of: 2026-13-01", "date: 2026-03-30", "tissue_site: [", "id: [b]", "? [b]\n: 1"),
        *("imaging: 3", "imaging: [3]", "pregnancy: [1]", "ca_p_product: {value: {}}", "tissue_damage: {x: [1]}"),
    ],
)
def test_whatever_is_odd_is_left_to_the_exact_reader(odd: str) -> None:
    text = f"{PLAIN}{odd}\n"
    assert everyday.everyday_yaml(text, "a.yaml", 0) is None
    assert [told(document) for document in read_documents(text, "a.yaml")] == exactly(text, "a.yaml")


@pytest.mark.parametrize(
    "entry", ["3", "{}", "{finding: x}", "{finding: }", "{finding: [scar]}", "{finding: scar, x: 1}"]
)
@pytest.mark.parametrize("name", ["tissue", "deposits"])
def test_an_odd_entry_is_left_to_the_exact_reader(name: str, entry: str) -> None:
    text = f"{name}: [{entry}]"
    assert everyday.everyday_yaml(text, "a.yaml", 0) is None
    assert [told(document) for document in read_documents(text, "a.yaml")] == exactly(text, "a.yaml")


def test_a_deep_or_long_text_never_reaches_the_composer() -> None:
    for text in ("[" * 4_000, "- " * 2_000, "? " * 2_000, f"id: {'x' * 6_000}"):
        assert everyday.everyday_yaml(text, "a.yaml", 0) is None


def test_a_fault_of_a_value_is_told_with_its_place() -> None:
    document = read_documents("id: a\n---\nlabs: {calcium: 2.4}\n", "a.yaml")[1]
    assert document.exact is not None
    with pytest.raises(InputError, match=r"^a.yaml:3:17: labs.calcium: calcium 2.4 mg/dL is below"):
        patient_from(document, {})
    with pytest.raises(InputError, match=r"^a.yaml:3:17: "):
        patient_from(document, {"sex": Written("male", "--sex")})


def with_parser(loader: type, content: bytes) -> list[object]:
    """Read with one parser throughout; a syntax error is worded by the parser, so only its code is compared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_text, "_LOADER", loader)
        patch.setattr(documents, "everyday_yaml", lambda *_: None)
        found = read_documents(content, "a.yaml")
    spoilt = [any(one.code == "bad-yaml" for one in document.faults) for document in found]
    return ["bad-yaml" if bad else told(document) for bad, document in zip(spoilt, found, strict=True)]


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="only the pure parser is here")
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_both_parsers_read_every_file_alike(path: Path) -> None:
    content = path.read_bytes()
    assert with_parser(yaml.CSafeLoader, content) == with_parser(yaml.SafeLoader, content)


def test_without_the_c_parser_all_is_read_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [told(document) for document in read_documents(PLAIN, "a.yaml")]
    monkeypatch.setattr(everyday, "_composer", lambda: None)
    assert [told(document) for document in read_documents(PLAIN, "a.yaml")] == expected


SIGNS = st.sampled_from(
    [*" \n\t:{}[],#-'\"&*!|>%@`~?_\\\r\ufeff", "\n---\n", "\n...\n", "null", "9,9", "yes", "<6", "é", "\x07"]
)
WORDS = st.sampled_from(
    ["unknown", "high", "<6", "2.2 mmol/L", "G3", "5D", "yes", "", "haemolysed", "2.4", "14.1", "x"]
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A sample with a few places overwritten, cut out, or repeated."""
    text = draw(st.sampled_from([PLAIN, *TEXTS]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 8)))
        text = text[:start] + draw(SIGNS | WORDS | st.just(text[start:end] * 2) | st.just("")) + text[end:]
    return text


@pytest.mark.volume
@settings(max_examples=400)
@given(mutated())
def test_any_yaml_reads_the_same_on_both_paths(text: str) -> None:
    assert [told(document) for document in read_documents(text, "a.yaml")] == exactly(text, "a.yaml")


@pytest.mark.volume
@settings(max_examples=400)
@given(mutated(), st.data())
def test_any_json_reads_the_same_on_both_paths(text: str, data: st.DataObject) -> None:
    members = yaml.safe_load(text) if is_yaml(text) else FLAT
    line = json.dumps(members, default=str, ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(line)))
    for changed in (
        line,
        line[:start] + data.draw(SIGNS | WORDS | st.sampled_from(["\\u00e9", "\\ud83d", "NaN", "01"])) + line[start:],
    ):
        lines_agree(changed.encode("utf-8", "replace"))


@given(
    st.dictionaries(
        st.sampled_from(list(registry())),
        WORDS | st.dictionaries(st.sampled_from(["value", "unit", "x"]), WORDS),
        max_size=6,
    )
)
def test_words_read_before_mean_the_same_again(stated: dict[str, Any]) -> None:
    written = {name: Written(raw, "here") for name, raw in stated.items()}
    once, again = Reading(registry()), Reading(registry())
    for name, one in written.items():
        read(registry()[name], one, once)
    read_all(written, again)
    assert (again.given, again.also, again.faults, again.warnings) == (
        once.given,
        once.also,
        once.faults,
        once.warnings,
    )
    assert list(again.places) == list(once.places)


SELDOM = """\
- a
labs: {}
tissue: {finding: scar}
tissue:
tissue: []
tissue: [{finding: unknown}]
tissue: [{finding: scar, onset: 1 week}, {finding: scar, onset: 2 weeks}]
infarct: yes; tissue: [{finding: infarct}]
deposit_seen: yes; deposits: [{site: aorta}]
deposits: [{site: aorta, seen_on: unknown}]
history: {panels: []}
as_of:
alp: high; alp_status: low
"""


@pytest.mark.parametrize("text", [text.replace("; ", "\n") for text in SELDOM.splitlines()])
def test_what_is_seldom_written_reads_the_same(text: str) -> None:
    assert [told(document) for document in read_documents(text, "a.yaml")] == exactly(text, "a.yaml")


@pytest.mark.parametrize("line", [b'{"id": "a", "id": "b"}', b'{"alp": "high", "alp_status": "low"}', b"3", b'"a"'])
def test_a_line_that_is_odd_reads_the_same(line: bytes) -> None:
    lines_agree(line)


def test_there_is_no_composer_without_the_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert everyday._composer.__wrapped__() is None


def test_a_hint_is_found_again_after_many_others() -> None:
    for row in range(1100):
        registry().hint(f"{row} " * 20)
    assert registry().hint("calcum") == registry().hint("calcum") == "did you mean 'calcium'?"
