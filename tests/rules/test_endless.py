"""Ends that nobody measured are told as open: no sentence and no document names the hard limit of an input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from renderings import flowing, printed
from samples import answer, rulebook

from calcrisk import Patient
from calcrisk.render import brief, markdown
from calcrisk.render.json import to_json
from calcrisk.rules.endless import tellable
from calcrisk.variables import registry

if TYPE_CHECKING:
    from pathlib import Path

HD: dict[str, Any] = {"age": 58, "ckd_stage": "G5", "dialysis": True, "calcium": 9.3}


def test_no_page_names_the_limit_of_an_input_as_if_it_had_been_measured() -> None:
    found = answer(Patient(**HD, phosphate=">10", albumin=4))
    pages = (printed(found, full=True), markdown.markdown(found, full=True), brief.brief(found))
    for page in map(flowing, pages):
        assert "at least 93" in page
        assert "279" not in page
        assert "22.48" not in page
        assert "to 30 mg/dL" not in page
    assert "Phosphate is at least 10 mg/dL" in flowing(pages[0])
    assert "at least 93.0 mg²/dL², at least 7.49 mmol²/L², at or above" in flowing(pages[0])


def test_the_document_names_no_such_end_either() -> None:
    document = json.loads(to_json(answer(Patient(**HD, phosphate=">10", albumin=4))))
    limits = [279.0, 30.0, pytest.approx(279 / 12.4, rel=0.01)]
    assert not [part for part in _numbers(document) if part in limits]
    for name in ("ca_p_product", "corrected_ca_p_product"):
        fact = document["facts"][name]
        assert (fact["value"], fact["lowest"], fact["highest"]) == (None, pytest.approx(93), None)


def _numbers(part: Any) -> list[float]:
    if isinstance(part, dict | list):
        return [number for each in (part.values() if isinstance(part, dict) else part) for number in _numbers(each)]
    return [part] if isinstance(part, float) else []


@pytest.mark.parametrize(
    ("stated", "fact", "ends"),
    [
        pytest.param({"phosphate": ">10"}, "ca_p_product", (93, None), id="above"),
        pytest.param({"phosphate": "<3"}, "ca_p_product", (None, 27.9), id="below"),
        pytest.param({"phosphate": 5, "ca_p_product": ">120"}, "ca_p_product", (120, None), id="the product itself"),
        pytest.param({"creatinine": ">20", "sex": "male"}, "egfr", (None, 2.4), id="a falling fact, the other end"),
        pytest.param({"albumin": "<3"}, "corrected_calcium", (10.1, None), id="a difference, the other end"),
        pytest.param({"calcium": ">12", "phosphate": "<3"}, "ca_p_product", (None, None), id="no end at all"),
    ],
)
def test_an_open_end_of_an_input_opens_that_end_of_what_follows_from_it(
    stated: dict[str, Any], fact: str, ends: tuple[float | None, float | None]
) -> None:
    found = answer(Patient(**HD | stated)).facts[fact]
    assert found.value is None
    assert (found.lowest, found.highest) == tuple(end and pytest.approx(end, rel=0.01) for end in ends)


def test_what_has_no_measured_end_is_no_product() -> None:
    product = answer(Patient(**HD | {"calcium": ">12", "phosphate": "<3"})).ca_p_product
    assert (product.lowest, product.highest, product.at_or_above) == (None, None, None)


def test_bounds_on_both_sides_stay_and_so_does_what_is_exact() -> None:
    stated = Patient(**HD | {"ckd_stage": "G3"}, phosphate=5, pth="<6").given
    found = rulebook().evaluate(stated)
    told, slots = tellable(rulebook().walk, found, stated), rulebook().walk.program.slots
    assert told[slots["ckd_stage"]] == found.env[slots["ckd_stage"]]
    assert told[slots["ca_p_product"]] == 46.5
    assert told[slots["pth"]][1] == 6
    exact = rulebook().evaluate(Patient(**HD).given)
    assert tellable(rulebook().walk, exact, Patient(**HD).given) is exact.env


@pytest.mark.parametrize("bound", [">", "<"])
def test_rules_read_an_open_end_up_to_the_limit_as_before(bound: str) -> None:
    """What is told changes no status: the walk itself has finite ends alone."""
    found = rulebook().evaluate(Patient(**HD, phosphate=f"{bound}5.5").given)
    low, high = registry()["phosphate"].hard or (0, 0)
    span = found.env[rulebook().walk.program.slots["phosphate"]]
    assert tuple(span[:2]) == ((5.5, high) if bound == ">" else (low, 5.5))


def test_an_age_above_ninety_reads_as_one(tmp_path: Path) -> None:
    """Records that hide who is very old say ``>89``."""
    out = flowing(run("assess", "--age", ">89", "--ckd-stage", "G4", "--all", cwd=tmp_path, COLUMNS="200").out)
    assert "At the age of at least 89 years calcified arteries are common." in out
    assert "120 years" not in out


def test_a_what_if_says_at_least_too(tmp_path: Path) -> None:
    told = run(
        "what-if", "--calcium", "9.3", "--phosphate", ">10", "--set", "phosphate=<3", cwd=tmp_path, COLUMNS="160"
    ).out
    assert "at least 93" in told
    assert "at most 27.9" in told
    assert "…" not in told.replace(" …", "")
