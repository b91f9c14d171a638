"""A plane: each cell is what the scalar walk says there, the curve is the limit, and what is no plane is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from samples import SAMPLES, patient, rulebook

from calcrisk import Patient, UsageError, assess
from calcrisk.render.layout import Page, finished
from calcrisk.render.plane import keys, lines
from calcrisk.scenario import NOT_ASSESSED
from calcrisk.whatif.plane import plane, sides
from calcrisk.whatif.question import question

if TYPE_CHECKING:
    from calcrisk.scenario import Plane

SIDES = ("calcium=8:11", "phosphate=2:9")


def drawn(stated: Patient, asked: str = "metastatic", texts: tuple[str, ...] = SIDES) -> Plane:
    told = assess(stated, rulebook())
    return plane(stated, rulebook(), told, question(rulebook(), asked, "--question"), *sides(texts), (6, 7))


@pytest.mark.parametrize("asked", ["metastatic", "vascular", "classification"])
def test_each_cell_is_what_an_assessment_says_there(asked: str) -> None:
    stated = patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml")
    found = drawn(stated, asked)
    for calcium, column in zip(found.x.values, range(6), strict=True):
        for phosphate, row in zip(found.y.values, range(7), strict=True):
            told = assess(stated.model_copy(update={"calcium": calcium, "phosphate": phosphate}), rulebook())
            said = told.classification if asked == "classification" else getattr(told.risk, asked).tier
            assert found.answers[found.cells[row][column]] == said


def test_the_curve_is_the_limit_of_the_product_within_the_plane() -> None:
    found = drawn(patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml"))
    assert found.limit == 55
    assert len(found.curve) > 50
    assert all(abs(x * y - 55) < 1e-9 and 8 <= x <= 11 and 2 <= y <= 9 for x, y in found.curve)


def test_two_inputs_that_are_no_factors_have_no_curve() -> None:
    found = drawn(patient(SAMPLES / "hd-warfarin-58f.yaml"), "metastatic", ("calcium=8:11", "pth=0:900"))
    assert found.curve == ()
    assert found.limit is None


def test_what_was_not_assessed_is_said_so_and_never_low() -> None:
    found = drawn(Patient(age=50), "dystrophic")
    assert {found.answers[cell] for row in found.cells for cell in row} == {NOT_ASSESSED}


def test_a_patient_whose_numbers_are_not_exact_has_no_place() -> None:
    found = drawn(Patient(age=50, calcium="<10", phosphate=5))
    assert (found.x.now, found.y.now) == (None, 5.0)


@pytest.mark.parametrize(
    "texts",
    [
        ("calcium=8:11",),
        ("calcium=8:11", "calcium=8:12"),
        ("calcium=8:11", "phosphate=9:2"),
        ("calcium=8:11", "phosphate=2:nan"),
        ("calcium=8:11", "phosphate=2:inf"),
        ("calcium=8:11", "phosphate=2"),
        ("calcium=8:11", "phosphat=2:9"),
        ("calcium=1:11", "phosphate=2:9"),
        ("calcium=8:11", "dialysis=0:1"),
        ("calcium=8:11", "phosphate=2:9", "pth=1:2"),
    ],
)
def test_what_is_no_plane_is_refused_and_says_what_to_do(texts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as refused:
        sides(texts)
    assert all(fault.hint and fault.path == "--grid" for fault in refused.value.faults)


@pytest.mark.parametrize("width", [30, 60, 100])
def test_in_ascii_the_signs_are_ascii_and_no_line_is_too_long(width: int) -> None:
    stated = patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml")
    page = Page.of(width, "ascii")
    told = ["".join(text for text, _ in finished(line)) for line in lines(page, drawn(stated))]
    assert all(line.isascii() and len(line) <= width for line in told)
    assert {"X", "*", "-", "+"} <= set("".join(told))


def test_each_answer_of_a_plane_has_a_sign_of_its_own() -> None:
    found = drawn(patient(SAMPLES / "nhanes-dialysis-warfarin-68m.yaml"), "classification")
    signs = [key.sign for key in keys(found).values()]
    assert len(signs) == len(set(signs)) == len({cell for row in found.cells for cell in row})
