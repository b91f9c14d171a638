"""Levers are for discussion: nothing reads them, no sentence advises, and what found nothing stands beside what did."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from random_patients import book, bounded_examples, patients, read

from calcrisk import Patient, Rulebook, assess
from calcrisk.render.json import to_json

LEVERS = book().data["levers"]
# Words that tell somebody what to do; "treatment" or "lowering" name what a study did.
ADVICE = re.compile(
    r"\b(advis\w*|avoid|begin|cease|change|consider|give|hold|increase|must|need\w*|prescribe|recommend\w*|reduce|shall"
    r"|should|start|stop|switch|take|try|use|withhold)\b",
    re.IGNORECASE,
)
NO_BENEFIT = {"no effect", "harm", "mixed"}


@cache
def without_levers() -> Rulebook:
    return Rulebook({**book().data, "levers": []})


def sentences(lever: dict[str, Any]) -> list[str]:
    return [lever["title"], lever["why"], *(study["say"] for study in lever["studies"])]


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever["lever"])
def test_no_sentence_advises(lever: dict[str, Any]) -> None:
    assert [ADVICE.findall(sentence) for sentence in sentences(lever)] == [[]] * len(sentences(lever))


def test_the_words_looked_for_are_found() -> None:
    """Or the test above would hold of any sentence."""
    assert ADVICE.findall("Stop warfarin; a binder should be given, or try another.") == ["Stop", "should", "try"]


def test_studies_without_a_benefit_stand_beside_those_with_one() -> None:
    shown = {study["where"][0]["source"]: study["direction"] for lever in LEVERS for study in lever["studies"]}
    null = {
        "therapy-improve-ckd",
        "therapy-evolve-neutral",
        "therapy-ipack-hd",
        "vitk2-trevasc",
        "mg-magical-ckd-negative",
        "therapy-landmark",
        "therapy-calciphyx-missed",
        "therapy-sts-meta-2023",
        "therapy-calciphylaxis-meta-2019",
    }
    assert null <= shown.keys()
    assert {shown[name] for name in null} <= NO_BENEFIT


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever["lever"])
def test_a_lever_favours_only_where_no_study_says_otherwise(lever: dict[str, Any]) -> None:
    said = {study["direction"] for study in lever["studies"]}
    assert lever["direction"] != "favours" or said == {"favours"}
    assert lever["basis"] == "design-choice"


@given(patients())
@bounded_examples(60)
def test_nothing_reads_a_lever(stated: dict[str, Any]) -> None:
    patient = read(stated)
    whole = json.loads(to_json(assess(patient, book())))
    without = json.loads(to_json(assess(patient, without_levers())))
    sources = {study["where"][0]["source"] for lever in LEVERS for study in lever["studies"]}
    assert whole.keys() == without.keys()
    for key in whole.keys() - {"levers", "references"}:
        assert whole[key] == without[key]
    assert whole["references"].keys() - without["references"].keys() <= sources


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ({"warfarin": True}, ["kind-of-anticoagulant", "vitamin-k"]),
        ({"warfarin": False}, []),
        ({"abcc6_biallelic": True}, ["enpp1-and-tnap", "etidronate-in-pxe"]),
        ({"skin_necrosis": True}, ["fytate", "thiosulfate"]),
        ({"ckd_stage": "G4", "phosphate": 6, "age": 60}, ["phosphate-lowering"]),
        ({"magnesium": 1.9}, ["magnesium"]),
        ({"magnesium": 2.0}, []),
        ({}, []),
    ],
    ids=str,
)
def test_levers_are_shown_where_they_belong(stated: dict[str, Any], shown: list[str]) -> None:
    assert sorted(lever.lever for lever in assess(Patient(**stated), book()).levers) == shown
