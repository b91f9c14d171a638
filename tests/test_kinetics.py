"""The time to calcification: too early, plausible or expected, as published; unknown kept apart; never a lower tier."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from samples import patient_from
from sourcecode import RULEBOOK

from calcrisk import Assessment, Patient, Rulebook, RulebookError, assess
from calcrisk.inputs.documents import read_document
from calcrisk.render.markdown import markdown
from calcrisk.rules.schema import LatencyEntry
from calcrisk.stated import UNKNOWN
from calcrisk.variables import registry

if TYPE_CHECKING:
    from pathlib import Path

    from calcrisk.assessment import Kinetics

Stated = dict[str, Any]
TIMES = tuple(name for name, variable in registry().items() if variable.onset_of)


@cache
def book() -> Rulebook:
    return Rulebook.default()


def answer(**stated: Any) -> Assessment:
    return assess(Patient(**stated), book())


def told(finding: str, time: Any = None, /, **stated: Any) -> Kinetics:
    """What is said of the one finding, at a time since it."""
    (found,) = answer(**{finding: True}, **({f"{finding}_onset": time} if time is not None else {}), **stated).kinetics
    return found


# Each edge, on it and beside it; the numbers are those of the evidence review's items, in their own units.
BANDS: list[tuple[str, str, str]] = [
    ("septic_myocardium", "4 days", "too_early"),
    ("septic_myocardium", "5 days", "plausible"),
    ("septic_myocardium", "10 days", "plausible"),
    ("septic_myocardium", "41 days", "plausible"),
    ("septic_myocardium", "6 weeks", "expected"),
    ("iv_calcium", "1 day", "too_early"),
    ("iv_calcium", "2 days", "plausible"),
    ("iv_calcium", "12 days", "plausible"),
    ("iv_calcium", "13 days", "expected"),
    ("muscle_trauma", "1 week", "too_early"),
    ("muscle_trauma", "2 weeks", "plausible"),
    ("muscle_trauma", "4 weeks", "expected"),
    ("cysticercosis", "1 month", "plausible"),
    ("cysticercosis", "1 year", "expected"),
    ("dermatomyositis", "3 months", "too_early"),
    ("dermatomyositis", "4 months", "plausible"),
    ("dermatomyositis", "23 months", "plausible"),
    ("dermatomyositis", "2 years", "expected"),
    ("systemic_sclerosis", "11 months", "too_early"),
    ("systemic_sclerosis", "1 year", "plausible"),
    ("systemic_sclerosis", "10 years", "plausible"),
    ("systemic_sclerosis", "16 years", "expected"),
    ("breast_fat_necrosis", "1 month", "plausible"),
    ("breast_fat_necrosis", "2.6 years", "expected"),
    ("infarct", "5 weeks", "unconfirmed"),
    ("infarct", "1 year", "plausible"),
    *[
        (finding, time, "unmeasured")
        for finding in ("granuloma", "haematoma", "fat_necrosis", "scar", "rhabdomyolysis", "newborn_fat_necrosis")
        for time in ("1 day", "3 years")
    ],
]


@pytest.mark.parametrize(("finding", "time", "status"), BANDS)
def test_a_time_is_judged_by_the_published_range(finding: str, time: str, status: str) -> None:
    found = told(finding, time)
    assert (found.status, found.possible, found.as_written) == (status, (status,), time)
    assert len(found.because) == 1
    assert found.evidence


@pytest.mark.parametrize("time", [None, "unknown"])
def test_a_time_that_is_not_known_is_not_a_short_one(time: str | None) -> None:
    """Absent numbers compare as false: without care every silence would be "too early"."""
    found = told("dermatomyositis", time)
    assert (found.status, found.because) == ("unknown", ())
    assert found.possible == ("too_early", "plausible", "expected")
    assert found.published


BOUNDED: list[tuple[str, str, tuple[str, ...]]] = [
    ("dermatomyositis", "<3 months", ("too_early",)),
    ("dermatomyositis", "<1 year", ("too_early", "plausible")),
    ("dermatomyositis", ">1 year", ("plausible", "expected")),
    ("dermatomyositis", ">2 years", ("expected",)),
    ("dermatomyositis", "<6 years", ("too_early", "plausible", "expected")),
    ("infarct", ">3 weeks", ("unconfirmed", "plausible")),
]


@pytest.mark.parametrize(("finding", "time", "possible"), BOUNDED)
def test_a_time_within_bounds_decides_what_its_bounds_decide(
    finding: str, time: str, possible: tuple[str, ...]
) -> None:
    found = told(finding, time)
    assert found.possible == possible
    assert found.status == (possible[0] if len(possible) == 1 else UNKNOWN)
    assert len(found.because) == len(possible)


@pytest.mark.parametrize("stated", [{}, {"infarct": False}, {"infarct": "unknown"}, {"tissue_damage": False}])
def test_nothing_is_said_of_a_finding_that_is_not_there(stated: Stated) -> None:
    assert answer(**stated).kinetics == ()


@pytest.mark.parametrize("stated", [{}, {"infarct": False}, {"scar": True}])
def test_a_time_without_its_finding_is_warned_about(stated: Stated) -> None:
    def warned(**more: Any) -> bool:
        return "time-without-finding" in {warning.code for warning in answer(**stated, **more).warnings}

    assert not warned()
    assert warned(infarct_onset="5 weeks")


@pytest.mark.parametrize("name", TIMES)
def test_every_time_is_asked_for_by_a_latency_and_warned_about_alone(name: str) -> None:
    found = answer(**{name: "5 days"})
    assert "time-without-finding" in {warning.code for warning in found.warnings}
    finding = str(registry()[name].onset_of)
    found = answer(**{name: "5 days", finding: True})
    assert name in {part.onset for part in found.kinetics}
    assert "time-without-finding" not in {warning.code for warning in found.warnings}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("time", ["1 day", "3 years", "unknown", ">1 month"])
def test_a_time_moves_no_level_class_or_tier(name: str, time: str) -> None:
    finding = {str(registry()[name].onset_of): True, "calcium": 9.4, "phosphate": 5.9, "ckd_stage": "G5"}
    without, given = answer(**finding), answer(**finding, **{name: time})
    for part in ("classification", "possible_classifications", "risk", "mechanisms", "settled", "missing", "undecided"):
        assert getattr(without, part) == getattr(given, part), part
    assert [rule.rule for rule in without.findings] == [rule.rule for rule in given.findings]


def test_a_time_is_never_assumed_absent() -> None:
    assert not set(TIMES) & set(answer().assumed_absent)


# ------------------------------------------------------------------------------------------------- the list of tissue


def patient(text: str) -> Patient:
    return patient_from(read_document(text, "a.yaml"), {})


def listed(entries: str) -> dict[str, str]:
    given = patient(f"tissue: {entries}").given
    return {name: given[name].as_written for name in TIMES if name in given}


def test_each_finding_of_the_list_keeps_its_own_time() -> None:
    entries = "[{finding: infarct, site: brain, onset: 5 weeks}, {finding: granuloma, onset: 2 years}]"
    assert listed(entries) == {"infarct_onset": "5 weeks", "granuloma_onset": "2 years"}


def test_of_several_of_one_finding_the_longest_time_counts() -> None:
    """Where the oldest is too young, all are."""
    entries = (
        "[{finding: infarct, onset: 5 weeks}, {finding: infarct, onset: 2 years}, {finding: infarct, onset: 1 day}]"
    )
    assert listed(entries) == {"infarct_onset": "2 years"}


def test_a_kind_of_necrosis_has_a_time_of_its_own() -> None:
    assert listed("[{finding: necrosis, kind: fat, onset: 3 weeks}]") == {
        "fat_necrosis_onset": "3 weeks",
        "necrosis_onset": "3 weeks",
    }


def test_the_longest_time_of_all_still_stands_apart() -> None:
    given = patient("tissue: [{finding: infarct, onset: 5 weeks}, {finding: scar, onset: 2 years}]").given
    assert given["tissue_onset"].as_written == "2 years"


def test_a_flat_row_says_the_same_as_the_list() -> None:
    nested = assess(patient("tissue: [{finding: infarct, onset: 5 weeks}]"), book())
    flat = assess(patient("infarct: yes\ninfarct_onset: 5 weeks"), book())
    assert nested.kinetics == flat.kinetics


# ------------------------------------------------------------------------------------------------------------- words


def test_what_nobody_confirmed_is_shown_as_that() -> None:
    found = told("infarct", "5 weeks")
    assert found.unconfirmed is not None
    assert "weeks" in found.unconfirmed
    assert "confirms" in found.unconfirmed
    note = markdown(answer(infarct=True, infarct_onset="5 weeks"))
    assert "Unconfirmed: The founding text" in note


def test_the_strength_of_the_range_is_named() -> None:
    assert told("systemic_sclerosis", "10 years").strength == "case series"
    assert told("dermatomyositis").strength == "textbook"
    assert told("septic_myocardium", "6 days").basis == "design-choice"


def test_a_note_tells_the_time_and_a_short_one_passes_over_what_says_nothing() -> None:
    found = answer(dermatomyositis=True, dermatomyositis_onset="3 months", haematoma=True)
    assert "**Dermatomyositis**, 3 months: Too early" in markdown(found)
    assert "**Haematoma**" not in markdown(found)
    assert "**Haematoma**: No latency was measured" in markdown(found, full=True)


# ------------------------------------------------------------------------------------------------------------ schema

ENTRY: Stated = {
    "id": "a",
    "title": "A",
    "when": "infarct",
    "onset": "infarct_onset",
    "published": "none",
    "where": [{"source": "dys-infarct-rare", "at": "claim"}],
}
PARAMETER: Stated = {"value": 1, "unit": "years", "basis": "design-choice", "why": "a test"}


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ([{"status": "plausible", "from": "first", "say": "x"}], "the first band begins with the finding"),
        ([{"status": "plausible", "say": "x"}, {"status": "expected", "say": "y"}], "names where it begins"),
        (
            [{"status": "plausible", "say": "x"}, {"status": "expected", "from": "last", "say": "y"}],
            "begins at 'last', which is no parameter",
        ),
        ([{"status": "impossible", "say": "x"}], "too_early"),
        ([], "at least 1"),
    ],
)
def test_bands_that_make_no_sense_are_refused(bands: list[Stated], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LatencyEntry.model_validate({**ENTRY, "bands": bands, "parameters": {"first": PARAMETER}})


def test_bands_begin_one_after_the_other() -> None:
    """A later band that begins earlier would never answer."""
    units = {name: registry()[name].units for name in TIMES}
    for entry in book().data["kinetics"]:
        begins = [entry["parameters"][band["from"]] for band in entry["bands"][1:]]
        years = [begin["value"] * units[entry["onset"]][begin["unit"]] for begin in begins]
        assert years == sorted(set(years)), entry["id"]


# ---------------------------------------------------------------------------------------------- a rulebook with faults

FAULTS = [
    ("onset: infarct_onset", "onset: infarct", "unknown name 'infarct'"),
    ("when: haematoma\n", "when: haematomma\n", "unknown name 'haematomma'"),
    ("{seen:n} year after the infarct. No", "{sen:n} year after the infarct. No", "the sentence names sen"),
    ("source: dys-infarct-rare, at: claim", "source: dys-infarct-weeks, at: claim", "unknown reference"),
]


@pytest.mark.parametrize(("old", "new", "said"), FAULTS)
def test_a_fault_of_an_entry_is_told_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "rulebook"
    shutil.copytree(RULEBOOK, folder)
    file = folder / "kinetics.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RulebookError) as caught:
        Rulebook.from_folder(folder)
    assert {fault.file for fault in caught.value.faults} == {"kinetics.yaml"}
    assert said in caught.value.faults[0].message
    assert caught.value.faults[0].line


@pytest.mark.parametrize(("time", "status"), [("23 months", "unmeasured"), ("2 years", "plausible")])
def test_an_infarct_of_the_heart_is_read_by_its_own_series(time: str, status: str) -> None:
    """Not by the one published infarct of the brain (Roberts and Kaufman 1987: 2 to 26 years)."""
    heart = told("infarct", time, tissue_in_heart=True)
    assert (heart.latency, heart.status) == ("latency-infarct-heart", status)


def test_an_entry_can_be_shown() -> None:
    assert book().rule("latency-infarct")["unconfirmed"]
