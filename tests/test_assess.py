"""The document that an assessment is: whole, the same bytes for the same patient, every citation resolved."""

from __future__ import annotations

import copy
import json
import pickle
import typing
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator
from random_patients import Stated, book, bounded_examples, patients, read
from samples import patient_from

import calcrisk
from calcrisk import Assessment, Patient, Rulebook, assess, assessment
from calcrisk.inputs.documents import read_document
from calcrisk.parts import SPELLED, Part
from calcrisk.render.json import to_json, to_line
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parent.parent / "sample_labs"
FULL = SAMPLES / "hd-warfarin-58f.yaml"

# The keys of format 1, written down once more: a key may be added, none may go or change its type.
KEYS: dict[str, tuple[str, ...]] = {
    "": (
        *("format", "calcrisk", "source", "index", "status", "as_of", "rulebook", "patient", "classification"),
        *(
            "possible_classifications",
            "settled",
            "risk",
            "ca_p_product",
            "mechanisms",
            "findings",
            "undecided",
            "missing",
        ),
        *(
            "assumed_absent",
            "assumptions",
            "alerts",
            "consider",
            "levers",
            "inputs",
            "facts",
            "references",
            "warnings",
            "notice",
        ),
        "chemistry",
    ),
    "rulebook": ("id", "version", "sha256", "profile"),
    "patient": ("id",),
    "risk": ("metastatic", "dystrophic", "vascular"),
    "risk.*": ("assessed", "tier", "lowest", "highest"),
    "ca_p_product": (
        *("value", "unit", "si_value", "si_unit", "threshold", "at_or_above"),
        *("corrected_value", "corrected_at_or_above"),
        *("lowest", "highest", "si_lowest", "si_highest"),
        *("corrected_lowest", "corrected_highest", "corrected_si_lowest", "corrected_si_highest"),
    ),
    "mechanisms.*": ("level", "lowest", "highest"),
    "findings.*": (
        *("rule", "title", "mechanism", "status", "level", "because", "inputs", "margin", "strength", "basis"),
        *("applies_when", "limits", "evidence", "against"),
    ),
    "findings.*.evidence.*": ("id", "at"),
    "undecided.*": ("rule", "waits_for"),
    "missing.*": ("input", "decisive", "could_change"),
    "consider.*": ("pattern", "rules", "because", "next", "decides", "evidence", "against"),
    "alerts.*": ("pattern", "rules", "because", "evidence"),
    "inputs.*": ("value", "lowest", "highest", "unit", "as_written"),
    "facts.*": ("value", "lowest", "highest", "unit"),
    "references.*": ("citation", "doi", "url"),
    "warnings.*": ("code", "message"),
}


def answer(patient: Patient, **how: Any) -> Assessment:
    return assess(patient, book(), **how)


def sample(file: Path = FULL) -> Patient:
    return patient_from(read_document(file.read_bytes(), file.name), {})


def written(found: Assessment) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_json(found))
    return document


def at(document: Any, path: str) -> Iterator[Any]:
    """Every part of a document at a path; ``*`` is every entry of a list or mapping."""
    if not path:
        yield document
        return
    first, _, rest = path.partition(".")
    below = (
        document.values()
        if first == "*" and isinstance(document, dict)
        else document
        if first == "*"
        else [document[first]]
    )
    for part in below:
        yield from at(part, rest)


# -------------------------------------------------------------------------------- whole


@pytest.mark.parametrize("path", KEYS)
def test_every_key_is_there(path: str) -> None:
    alarming = Patient(skin_necrosis=True, calcium=14.5, muscle_trauma=True)
    both = (written(answer(patient, every_rule=True)) for patient in (sample(), alarming))
    parts = [part for document in both for part in at(document, path)]
    assert parts
    for part in parts:
        assert set(KEYS[path]) <= part.keys()


@pytest.mark.volume
@bounded_examples(20)
@given(patients())
def test_unknown_is_null_and_never_absent(stated: Stated) -> None:
    """Every part has exactly the keys of its class, whatever is known of the patient, and the schema takes it."""
    document = written(answer(read(stated), every_rule=True))
    assert list(document) == list(typing.get_type_hints(Assessment))
    for path, part in (
        ("findings.*", assessment.Finding),
        ("missing.*", assessment.Missing),
        ("risk.*", assessment.TierRange),
    ):
        for found in at(document, path):
            assert list(found) == list(typing.get_type_hints(part))
    assert not list(VALIDATOR.iter_errors(document))


VALIDATOR = Draft202012Validator(assessment.json_schema())


def test_nothing_known_is_still_a_whole_answer() -> None:
    found = answer(Patient())
    assert found.classification == "indeterminate"
    assert not found.settled
    assert (found.source, found.as_of, found.patient.id, found.ca_p_product.value) == (None, None, None, None)
    assert [tier.assessed for tier in (found.risk.metastatic, found.risk.dystrophic, found.risk.vascular)] == [
        False
    ] * 3
    assert written(found)["risk"]["metastatic"]["tier"] is None
    assert found.inputs == {}
    assert found.findings == ()


# -------------------------------------------------------------------------------- known within bounds


@pytest.mark.parametrize(
    ("calcium", "phosphate", "lowest", "highest", "above"),
    [
        pytest.param("9.9", ">10", 99, None, True, id="all at or above"),
        pytest.param("9.9", "<5", None, 49.5, False, id="all below"),
        pytest.param("9.9", "<10", None, 99, None, id="on both sides"),
        pytest.param("8.8", "6.25", 55, 55, True, id="exact, on the limit"),
        pytest.param(">9.9", None, None, None, None, id="not known"),
    ],
)
def test_a_product_known_within_bounds_carries_them(
    calcium: str, phosphate: str | None, lowest: float | None, highest: float | None, above: bool | None
) -> None:
    """The verdict stands where every value within the bounds has it; what is exact is its own lowest and highest."""
    found = answer(Patient(age=58, calcium=calcium, phosphate=phosphate, albumin=4, ckd_stage="G5"))
    product = found.ca_p_product
    assert product.value == (product.lowest if lowest == highest else None)
    for low, high in (product.lowest, product.highest), (product.corrected_lowest, product.corrected_highest):
        assert low == (None if lowest is None else pytest.approx(lowest))
        assert high == (None if highest is None else pytest.approx(highest))
    assert (product.at_or_above, product.corrected_at_or_above) == (above, above)
    for number, si in (
        (product.lowest, product.si_lowest),
        (product.highest, product.si_highest),
        (product.corrected_lowest, product.corrected_si_lowest),
        (product.corrected_highest, product.corrected_si_highest),
    ):
        assert si == (None if number is None else pytest.approx(number * product.si_threshold / product.threshold))
    assert product.waits_for == (() if lowest or highest else ("serum phosphate (as phosphorus)",))
    assert Assessment.from_json(to_json(found)) == found
    assert not list(VALIDATOR.iter_errors(written(found)))


def test_an_input_within_bounds_says_what_was_stated_and_never_the_limit_of_the_input() -> None:
    inputs = answer(
        Patient(
            age=58, phosphate=">10", magnesium="<1.8", calcium="9.9", ckd_stage="G3", diabetes=True, albumin="unknown"
        )
    ).inputs
    ends = {name: (part.value, part.lowest, part.highest) for name, part in inputs.items()}
    assert ends == {
        "age": (58, 58, 58),
        "calcium": (9.9, 9.9, 9.9),
        "phosphate": (None, 10, None),
        "magnesium": (None, None, 1.8),
        "ckd_stage": (None, "G3a", "G3b"),
        "diabetes": (True, None, None),
        "albumin": (None, None, None),
    }


@pytest.mark.parametrize(
    ("magnesium", "age", "warned"),
    [
        ("1.9", 40, True),
        ("<1.8", 40, True),
        ("2.1", 40, False),
        ("3", 40, False),
        ("1.7", 9, False),
        ("1.7", None, False),
    ],
)
def test_a_low_magnesium_is_spoken_of_where_the_rule_holds(magnesium: str, age: float | None, warned: bool) -> None:
    found = answer(Patient(magnesium=magnesium, age=age))
    assert ("magnesium-no-target" in {part.code for part in found.warnings}) is warned
    assert ("magnesium-low" in {part.rule for part in found.findings}) is warned


@pytest.mark.parametrize(
    ("stated", "warned"),
    [
        ({"albumin": 3}, []),
        ({"albumin": 3, "calcium": 9}, ["correction-in-ckd"]),
        ({"corrected_calcium": 9}, ["reported-correction-in-ckd"]),
        ({"calcium": 9}, []),
    ],
)
def test_the_correction_in_ckd_is_spoken_of_where_there_is_one(stated: dict[str, Any], warned: list[str]) -> None:
    found = answer(Patient(ckd_stage="G4", **stated))
    assert [part.code for part in found.warnings if "correction" in part.code] == warned


# -------------------------------------------------------------------------------- the same bytes


@bounded_examples(40)
@given(patients())
def test_the_same_patient_gives_the_same_bytes(stated: Stated) -> None:
    one, two = (to_json(answer(read(stated), as_of="2026-03-30", every_rule=True)) for _ in range(2))
    assert one == two


def test_a_fresh_rulebook_gives_the_same_bytes() -> None:
    assert to_json(assess(sample(), Rulebook.default())) == to_json(answer(sample()))


def test_the_compiled_rulebook_answers_as_its_yaml() -> None:
    fresh = Rulebook.from_folder(Path(calcrisk.__file__).parent / "rulebook")
    assert fresh.sha256 == book().sha256
    for file in sorted(SAMPLES.glob("*.yaml")):
        assert to_json(assess(sample(file), fresh, every_rule=True)) == to_json(answer(sample(file), every_rule=True))


def test_the_order_of_the_files_keys_does_not_matter() -> None:
    data = yaml.load(FULL.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506  # words stay as they were written
    turned = patient_from(read_document(yaml.safe_dump(_turned(data), sort_keys=False), FULL.name), {})
    one, two = written(answer(sample())), written(answer(turned))
    for document in (one, two):
        for entry in document["inputs"].values():
            assert entry.pop("from").startswith((FULL.name, "implied by ", "history.panels"))
    assert one == two


def _turned(data: Any) -> Any:
    return {key: _turned(part) for key, part in reversed(data.items())} if isinstance(data, dict) else data


@bounded_examples(12)
@given(patients())
def test_the_document_reads_back(stated: Stated) -> None:
    found = answer(read(stated), every_rule=True)
    assert Assessment.from_json(to_json(found)) == found
    assert to_json(Assessment.from_json(to_line(found).decode())) == to_json(found)


def test_an_answer_does_not_change() -> None:
    found = answer(Patient())
    with pytest.raises(FrozenInstanceError):
        found.classification = "metastatic"  # type: ignore[misc]  # that is the point


# -------------------------------------------------------------------------------- honest


def test_numbers_are_not_rounded() -> None:
    found = answer(Patient(calcium=9.9, phosphate="2.2 mmol/L", albumin=3.1))
    assert found.inputs["phosphate"].value == 2.2 * 3.0974
    assert found.inputs["phosphate"].as_written == "2.2 mmol/L"
    assert found.ca_p_product.value == 9.9 * (2.2 * 3.0974)
    assert found.ca_p_product.value != pytest.approx(67.46, abs=1e-6)
    assert found.facts["corrected_calcium"].value == pytest.approx(10.62, abs=1e-12)


@pytest.mark.volume
@bounded_examples(80)
@given(patients())
def test_every_citation_is_in_the_references_and_every_reference_is_cited(stated: Stated) -> None:
    document = written(answer(read(stated), every_rule=True))
    cited = {each["id"] for each in _citations(document)}
    assert cited == document["references"].keys()
    assert all(entry["citation"] and entry["claim"] and entry["strength"] for entry in document["references"].values())


def _citations(part: Any) -> Iterator[dict[str, str]]:
    if isinstance(part, dict):
        for key, below in part.items():
            yield from below if key in ("evidence", "against") else _citations(below)
    elif isinstance(part, list):
        for below in part:
            yield from _citations(below)


def test_findings_are_the_met_rules_and_all_of_them_on_demand() -> None:
    met, every = answer(sample()).findings, answer(sample(), every_rule=True).findings
    assert [each.rule for each in every] == [rule["id"] for rule in book().rules]
    assert met == tuple(each for each in every if each.status == "met")
    undecided = [each.rule for each in answer(sample()).undecided]
    assert undecided == [each.rule for each in every if each.status == "unknown"]


@pytest.mark.volume
@bounded_examples(60)
@given(patients())
def test_what_is_told_fits_together(stated: Stated) -> None:
    found = answer(read(stated), every_rule=True)
    levels = book().data["levels"]
    for name, mechanism in found.mechanisms.items():
        met = [levels.index(each.level) for each in found.findings if each.mechanism == name and each.status == "met"]
        assert levels.index(mechanism.level) == max(met, default=0)
        assert levels.index(mechanism.lowest) <= levels.index(mechanism.level) <= levels.index(mechanism.highest)
    assert found.classification in found.possible_classifications
    assert not found.settled or found.possible_classifications == (found.classification,)
    assert not set(found.assumed_absent) & found.inputs.keys()
    assert not set(found.assumed_absent) & {each.input for each in found.missing}
    assert set(stated) <= found.inputs.keys()


def test_an_undecided_rule_names_what_it_waits_for() -> None:
    """A rule may read only what the open finding would imply; the finding is what it waits for."""
    waiting = {each.rule: each.waits_for for each in answer(Patient(coagulative_necrosis="unknown")).undecided}
    assert "coagulative_necrosis" in waiting["tissue-damage-unspecified"]
    assert all(waiting.values())


@pytest.mark.volume
@bounded_examples(60)
@given(patients())
def test_an_undecided_rule_waits_only_for_what_is_missing(stated: Stated) -> None:
    found = answer(read(stated))
    assert {name for each in found.undecided for name in each.waits_for} <= {each.input for each in found.missing}


def test_every_finding_names_the_file_of_its_rule() -> None:
    folder = Path(calcrisk.__file__).parent / "rulebook"
    for finding in answer(sample(), every_rule=True).findings:
        assert f"id: {finding.rule}\n" in (folder / finding.file).read_text("utf-8")


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda answer: pickle.loads(pickle.dumps(answer))])  # noqa: S301  # its own bytes
def test_an_answer_is_copied_whole(again: typing.Callable[[Assessment], Assessment]) -> None:
    answer = assess(Patient(calcium=9.9, phosphate=6.8, ckd_stage="G5"), Rulebook.default())
    line = to_line(answer)  # parts that patients share keep what was written of them
    assert again(answer) == answer
    assert to_line(again(answer)) == line


def test_a_part_made_by_keywords_takes_the_defaults_of_its_fields() -> None:
    stated = {name: () for name in assessment.Consideration.__annotations__ if name != "decides"}
    assert assessment.Consideration(**stated).decides == ()  # type: ignore[arg-type]  # only their names matter here
    with pytest.raises(AttributeError, match="pattern"):
        assessment.Consideration()  # type: ignore[call-arg]  # what is missing


def test_the_fields_of_every_part_stand_in_their_order() -> None:
    answer = assess(patient_from(read_document(FULL.read_bytes(), FULL.name), {}), Rulebook.default())
    found = list(_parts(answer))
    assert {type(part) for part in found} >= {
        assessment.Finding,
        assessment.Input,
        assessment.Margin,
        assessment.Warned,
    }
    for part in found:
        assert list(vars(part)) == [SPELLED.get(name, name) for name in type(part).__annotations__]


def _parts(value: object) -> Iterator[Part]:
    if isinstance(value, Part):
        yield value
        value = {name: getattr(value, name) for name in type(value).__annotations__}
    each = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    for inner in each:
        yield from _parts(inner)


def test_what_is_implied_says_by_what() -> None:
    found = answer(Patient(infarct=True, dialysis=True))
    assert found.inputs["tissue_damage"].origin == "implied by infarct"
    assert (found.inputs["ckd_stage"].value, found.inputs["ckd_stage"].origin) == ("G5", "implied by dialysis")
    assert found.inputs["infarct"].origin == "Patient"


def test_a_given_fact_says_so() -> None:
    found = answer(Patient(ca_p_product=60, ckd_stage="G5"))
    assert found.ca_p_product.given
    assert found.facts["ca_p_product"].given
    assert not answer(Patient(calcium=9.9, phosphate=6)).ca_p_product.given


def test_as_of_index_and_profile_are_passed_on() -> None:
    found = assess(Patient(id="a"), Rulebook.default("cari"), as_of="2026-03-30", index=7)
    assert (found.as_of, found.index, found.rulebook.profile, found.patient.id) == ("2026-03-30", 7, "cari", "a")
    assert found.ca_p_product.si_threshold == pytest.approx(4.0, abs=1e-9)


def test_what_nobody_asked_is_assumed_absent_and_said_once() -> None:
    silent = answer(Patient()).assumed_absent
    assert "sarcoidosis" in silent
    assert len(set(silent)) == len(silent)
    assert {registry()[name].kind for name in silent} == {"yesno"}  # nobody is without a sex or an albumin
    rules = Rulebook.default().walk.program.rules
    read = [sum(name in rule.when.mentions for rule in rules) for name in silent]
    assert read == sorted(read, reverse=True)  # the telling ones first
    assert "sarcoidosis" not in answer(Patient(sarcoidosis=False)).assumed_absent
    assert "sarcoidosis" not in answer(Patient(sarcoidosis="unknown")).assumed_absent


def test_a_normal_product_never_excludes_metastatic_calcification() -> None:
    found = answer(Patient(calcium=9, phosphate=3, age=50, ckd_stage="G1", primary_hyperparathyroidism=True))
    assert found.ca_p_product.at_or_above is False
    assert found.classification == "metastatic"
