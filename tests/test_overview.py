"""The page of many patients shows a cell whole, or says that its column takes a wider page: nothing is cut."""

from __future__ import annotations

import io
import re
from functools import cache

import pytest
from rich.console import Console
from samples import CASES, answer, patient, rulebook

from calcrisk import Patient
from calcrisk.render.overview import Overview, Scale, line

NARROWEST = 60  # columns at which every answer is readable


@cache
def page(width: int) -> str:
    data = rulebook().data
    scale = Scale(tuple(data["tier_names"]), tuple(data["classes"]))
    shown = Overview(scale, [tier["label"] for tier in data["tiers"].values()], ["a footer"], 0)
    shown.add(line(answer(patient(case)), scale) for case in sorted(CASES.glob("*.yaml")))
    file = io.StringIO()
    shown.print_to(Console(file=file, width=width))
    return file.getvalue()


def cells(printed: str, pattern: str) -> list[str]:
    """What of the listed patients looks like this, in order."""
    listed = printed.partition("\n\n")[0]
    return re.findall(pattern, listed)


TIERS = r"(?<!\S)(?:very high|high|moderate|low)\+?(?=\s)"
PRODUCTS = r"\d+\.\d(?: [≥?])?(?!\S)"


@pytest.mark.parametrize("width", range(NARROWEST, 142))
def test_tiers_and_products_are_whole_or_not_there(width: int) -> None:
    """A product of 58.8 that is shown as 5 misleads, and so does a tier that lost its plus."""
    printed, wide = page(width), page(200)
    assert cells(printed, TIERS) == cells(wide, TIERS)
    left_out = "Ca×P takes a wider page" in printed
    assert cells(printed, PRODUCTS) == ([] if left_out else cells(wide, PRODUCTS))
    assert ("Ca×P" in printed.splitlines()[0]) is not left_out
    assert max(map(len, printed.splitlines())) <= width


def test_beneath_the_narrowest_page_words_are_folded_and_nothing_is_lost() -> None:
    letters = "".join(page(44).split())
    assert all(letters.count(sign) == "".join(page(NARROWEST).split()).count(sign) for sign in "+?–")


def test_an_id_of_any_length_takes_little_room() -> None:
    data = rulebook().data
    scale = Scale(tuple(data["tier_names"]), tuple(data["classes"]))
    shown = Overview(scale, [tier["label"] for tier in data["tiers"].values()], ["a footer"], 0)
    shown.add([line(answer(Patient(id="x" * 100_000, calcium=9.9)), scale)])
    file = io.StringIO()
    shown.print_to(Console(file=file, width=80))
    assert len(file.getvalue().splitlines()) < 30
    assert "x…" in file.getvalue().replace("\n", "").replace(" ", "")
