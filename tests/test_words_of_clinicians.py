"""What clinicians type, and were told something else than they meant: each row failed before it was mended."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commands import run
from renderings import flowing
from samples import patient_from
from statements import faults, read_all

from calcrisk import Rulebook
from calcrisk.errors import InputError
from calcrisk.inputs.documents import read_documents
from calcrisk.saying import _NUMBERS
from calcrisk.stated import Range, Value

README = Path(__file__).parent.parent / "README.md"
BAD_INPUT, WRONG_USAGE = 1, 2


G3 = Range(2, 3)


@pytest.mark.parametrize(
    ("typed", "stage", "also"),
    [
        ("5ND", "G5", {"dialysis": False}),
        ("g5nd", "G5", {"dialysis": False}),
        ("stage 5ND", "G5", {"dialysis": False}),
        ("5 HD", "G5", {"dialysis": True}),
        ("5PD", "G5", {"dialysis": True}),
        ("CKD5D", "G5", {"dialysis": True}),
        ("CKD stage 5D", "G5", {"dialysis": True}),
        ("5T", "G5", {"organ_transplant": True}),
        ("CKD 3T", None, {}),  # no range says something else as well: refused, and not half read
        ("Stage 5", "G5", {}),
        ("stage 3b", "G3b", {}),
        ("stage 3", G3, {}),
        ("CKD 4", "G4", {}),
        ("CKD 3a", "G3a", {}),
        ("CKD G4", "G4", {}),
        ("stage 4 CKD", "G4", {}),
        ("CKD stage 2", "G2", {}),
        ("III", G3, {}),
        ("IIIb", "G3b", {}),
        ("iv", "G4", {}),
        ("stage V", "G5", {}),
    ],
)
def test_a_stage_is_read_as_people_write_it(typed: str, stage: Value, also: dict[str, bool]) -> None:
    wanted = {} if stage is None else {"ckd_stage": stage, **also}
    assert {name: given.value for name, given in read_all(ckd_stage=typed).given.items()} == wanted


STAGES = "none, G1, G2, G3, G3a, G3b, G4, G5, G5D or unknown"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("G4 A3", "write G4 alone: the albuminuria category is no input"),
        ("CKD G3b/A2", "write G3b alone: the albuminuria category is no input"),
        ("A3", f"write {STAGES}"),
        ("6", f"write {STAGES}"),
        ("stage 6", f"write {STAGES}"),  # another number is no slip
        ("kidny failure", "did you mean 'kidney failure'?"),
    ],
)
def test_a_stage_that_is_none_is_told_what_to_write(typed: str, hint: str) -> None:
    [fault] = read_all(ckd_stage=typed).faults
    assert (fault.code, fault.expected, fault.hint) == ("unknown-word", STAGES, hint)


def test_a_stage_without_dialysis_contradicts_dialysis() -> None:
    [fault] = read_all(ckd_stage="5ND", dialysis=True).faults
    assert fault.code == "contradiction"


# -------------------------------------------------------------------------------- flags


@pytest.mark.parametrize(
    ("flags", "hints"),
    [
        (("--brief", "--ca", "9"), ["did you mean '--calcium'?"]),
        (("--json", "--ca", "9"), ["did you mean '--calcium'?"]),
        (("--dialysis", "--tb"), ["did you mean '--granuloma'?"]),
        (("--age=60", "--tb"), ["did you mean '--granuloma'?"]),
        (("--no-tb",), ["did you mean '--no-granuloma'?"]),
        (("--no-po4",), ["phosphate is no yes or no: leave it out, or write --unknown phosphate"]),
        (("--calcum", "9"), ["did you mean '--calcium'?"]),  # nearest first, and no other that is far from it
        (("--calcum", "9", "--po4=4"), ["did you mean '--calcium'?", "did you mean '--phosphate'?"]),
        (("--mi",), ["did you mean '--infarct'?"]),
        (("--myocardial-infarction",), ["did you mean '--infarct'?"]),
        (("--esrd",), ["did you mean '--ckd-stage'?"]),
    ],
)
def test_a_flag_in_other_words_is_told_its_name(flags: tuple[str, ...], hints: list[str], tmp_path: Path) -> None:
    ended = run("assess", *flags, cwd=tmp_path)
    told = [line.removeprefix("    hint: ") for line in ended.err.splitlines() if line.startswith("    hint: ")]
    assert (ended.code, ended.out, told) == (WRONG_USAGE, "", hints)


@pytest.mark.parametrize("flag", ["--transplant", "--organ-transplant"])
def test_a_flag_is_called_as_the_file_calls_it_and_by_its_name(flag: str, tmp_path: Path) -> None:
    given = json.loads(run("assess", flag, "--json", cwd=tmp_path).out)["inputs"]["organ_transplant"]
    assert (given["value"], given["from"]) == (True, "--transplant")
    assert "organ_transplant is stated twice" in run("assess", flag, "--no-transplant", cwd=tmp_path).err


@pytest.mark.parametrize("flags", [("--unknown", "--ca"), ("--unknown=ca", "--help"), ("--", "--ca")])
def test_what_is_no_flag_is_not_taken_for_one(flags: tuple[str, ...], tmp_path: Path) -> None:
    assert "unknown-flag" not in run("assess", *flags, cwd=tmp_path).err


@pytest.mark.parametrize("word", ["yes", "No", "unknown"])
def test_a_value_behind_a_flag_that_takes_none_is_told_so(word: str, tmp_path: Path) -> None:
    ended = run("assess", "--dialysis", word, cwd=tmp_path)
    hint = "a flag takes no value: --dialysis says yes, --no-dialysis no, --unknown dialysis that it is open"
    assert ended.code == BAD_INPUT
    assert ended.err.endswith(f"    hint: {hint}\n")
    assert hint not in run("assess", "no-such-file.yaml", cwd=tmp_path).err


# -------------------------------------------------------------------------------- what is shown


def test_a_time_is_shown_in_the_unit_it_was_written_in(tmp_path: Path) -> None:
    flags = ("--infarct", "--infarct-onset", "10 days", "--muscle-trauma", "--muscle-trauma-onset", "<6 weeks")
    every = run("assess", *flags, "--all", cwd=tmp_path).out
    assert "0.027" not in every
    assert re.search(r"time since the infarct +10 days +--infarct-onset", every)
    assert re.search(r"time since the muscle trauma +<6 weeks +--muscle-trauma-onset", every)
    assert "10 days →" not in run("assess", *flags, cwd=tmp_path).out


def test_a_margin_of_multiples_is_told_in_words(tmp_path: Path) -> None:
    flags = ("--pth", "1139", "--pth-upper-limit", "65", "--ckd-stage", "5D")
    shown = flowing(run("assess", *flags, cwd=tmp_path).out)
    assert "(8.52 times the upper limit more than the rule asks)" in shown


def test_the_readme_counts_the_classes() -> None:
    counted = re.search(r"which of\s+(\w+) other answers", README.read_text("utf-8"))
    assert counted is not None
    assert counted[1] == "ten" == _NUMBERS[len(Rulebook.default().data["classes"]) - 2]  # besides the two named there


# -------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tissue: [{finding: tuberculosis}]", "did you mean 'granuloma'?"),
        ("tissue: [{finding: TB}]", "did you mean 'granuloma'?"),
        ("tissue: [{finding: histoplasmosis}]", "did you mean 'granuloma'?"),
        ("tissue: [{finding: MI}]", "did you mean 'infarct'?"),
        ("tissue: [{finding: myocardial infarction}]", "did you mean 'infarct'?"),
        ("tissue: [{finding: pancreatitis}]", "write finding: necrosis, kind: fat"),
        ("tissue: [{finding: hydatid}]", "did you mean 'other_parasite'?"),
        ("tissue: [{finding: abscess}]", "did you mean 'necrosis'?"),
        ("tissue: [{finding: gangrene}]", "did you mean 'necrosis'?"),
        ("tissue: [{finding: diabetes}]", "write conditions.diabetes: yes"),
        ("tissue: [{finding: infarct, since: 5 weeks}]", "did you mean 'onset'?"),
        ("tissue: [{finding: infarct, onset: 1998}]", "did you mean the time since 1998, as in 5 years?"),
        ("kidney: {dialysis_months: 2019}", "did you mean the time since 2019, as in 5 years?"),
        ("kidney: {esrd: yes}", "did you mean 'ckd_stage'?"),
        ("weight: 80", "`calcrisk template` lists every input"),
        ("labs: {CRP: 3}", "`calcrisk template` lists every input"),
    ],
)
def test_a_hint_is_what_was_meant_or_none(text: str, hint: str) -> None:
    assert [fault.hint for fault in faults(text)] == [hint]


@pytest.mark.parametrize("name", ["mg", "zzz"])  # a number is no finding
def test_a_finding_that_nothing_is_near_to_is_offered_all(name: str) -> None:
    [fault] = faults(f"tissue: [{{finding: {name}}}]")
    assert (fault.hint or "").startswith("write one of necrosis, infarct, ")


@pytest.mark.parametrize("source", ["hd.yaml", "hd.json"])
def test_a_site_in_which_a_finding_does_not_lie_is_refused(source: str) -> None:
    [fault] = faults('{"tissue": [{"finding": "trauma", "site": "skin"}]}', source)
    assert (fault.code, fault.path, fault.expected) == ("contradiction", "tissue[0].site", "muscle")
    assert fault.message == "'trauma' is read as muscle trauma, and the site 'skin' contradicts it"
    assert fault.hint == "write site: muscle, or another finding for this site"


@pytest.mark.parametrize("entry", ["trauma, site: muscle", "trauma", "trauma, site: unknown", "infarct, site: skin"])
def test_a_site_that_agrees_is_read(entry: str) -> None:
    [document] = read_documents(f"tissue: [{{finding: {entry}}}]", "hd.yaml")
    given = patient_from(document, {}).record.given
    assert {"muscle_trauma", "infarct"} & given.keys()


def test_the_everyday_reader_leaves_a_wrong_site_to_the_exact_one() -> None:
    [document] = read_documents("tissue: [{finding: trauma, site: skin}]", "hd.yaml")
    with pytest.raises(InputError, match="contradiction"):
        patient_from(document, {})


def test_aliases_of_a_patient_are_told_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{name}: &{name} [{'*a, ' * 9}*a]\n" for name in "bcdefgh")
    assert [fault.code for fault in faults(bomb)].count("yaml-alias") == 1
