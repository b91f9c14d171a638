"""Every case that a rule brings along: read from the YAML as it is written, answered by the whole engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from random_patients import evaluated, readable, walk

import calcrisk

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(calcrisk.__file__).parent / "rulebook" / "rules"
STATUS = {True: "met", False: "not_met", None: "unknown"}

Spec = dict[str, Any]


def rules() -> list[Spec]:
    return [
        rule for file in sorted(FOLDER.rglob("*.yaml")) for rule in yaml.safe_load(file.read_text("utf-8"))["rules"]
    ]


def cases() -> Iterator[Any]:
    for rule in rules():
        for at, case in enumerate(rule["cases"], 1):
            yield pytest.param(rule["id"], case, id=f"{rule['id']}-{at}")


@pytest.mark.parametrize(("rule", "case"), list(cases()))
def test_a_case_of_a_rule(rule: str, case: Spec) -> None:
    assert readable(case["given"])
    statuses = evaluated(case["given"]).statuses
    found = {each.id: STATUS[status] for each, status in zip(walk().program.rules, statuses, strict=True)}
    assert found[rule] == case["expect"], case["origin"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["id"]))
def test_a_rule_brings_a_case_for_both_answers(rule: Spec) -> None:
    expected = {case["expect"] for case in rule["cases"]}
    assert expected >= {"met", "not_met"}
