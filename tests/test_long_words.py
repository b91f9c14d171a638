"""However long and however many the words of a file, what is kept of them stays small, and no time is lost on them."""

from __future__ import annotations

import gc
import json
import sys
from typing import TYPE_CHECKING

import pytest
from random_patients import book

from calcrisk import Refused, errors, units, values
from calcrisk.batch import outcomes
from calcrisk.errors import LONGEST_NAME, nearest
from calcrisk.inputs import placing
from calcrisk.inputs.documents import read_documents, read_line
from calcrisk.packaged import compiled
from calcrisk.units import SHORT
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANY = 12
MARK = "lengthy"  # stands in every long word
PLACES: dict[str, Callable[[str], object]] = {
    "a number": lambda word: {"calcium": f"9.9 {word}"},
    "a number that is good": lambda word: {"calcium": f"9.9{' ' * len(word)}mg/dL", "id": word},
    "its unit": lambda word: {"labs": {"calcium": {"value": 9.9, "unit": word}}},
    "its limit": lambda word: {"labs": {"pth": {"value": 41, "upper_limit": word}}},
    "a part of it": lambda word: {"labs": {"calcium": {word: 9.9}}},
    "a choice": lambda word: {"sex": word},
    "yes or no": lambda word: {"warfarin": word},
    "a name": lambda word: {word: 9.9},
    "a name in a group": lambda word: {"labs": {word: 9.9}},
    "a date": lambda word: {"as_of": word},
    "a padded date": lambda word: {"as_of": f"{' ' * len(word)}2026-03-02", "id": word},
    "an entry": lambda word: {"tissue": [{"finding": word}]},
    "a key of an entry": lambda word: {"tissue": [{"finding": "infarct", word: 1}]},
}


def long_words(letters: int) -> Iterator[str]:
    for number in range(MANY):
        yield f"{MARK}{number}".ljust(letters, "x")


def kept() -> list[str]:
    """Every text by which one of the package's caches remembers something, and the wrong names that have a hint."""
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "calcrisk"]
    caches = [each for module in modules for each in vars(module).values() if hasattr(each, "cache_info")]
    waiting: list[object] = [*gc.get_referents(*caches), registry()._hints]
    found = []
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif type(one) in (dict, tuple):
            waiting.extend(gc.get_referents(one))
    return found


@pytest.mark.parametrize("place", PLACES)
def test_no_long_word_is_remembered(place: str) -> None:
    before = sizes()
    for word in long_words(20 * SHORT):
        text = json.dumps(PLACES[place](word))
        line = read_line(text.encode(), "x", number=1, index=0)
        ends = outcomes([line, *read_documents(text.encode(), "x.yaml")], book())
        assert {isinstance(end, Refused) for end in ends} == {"good" not in place and "padded" not in place}
    few = 2  # the short words beside the long one: the same every time
    assert [now - then <= few for now, then in zip(sizes(), before, strict=True)] == [True] * 4
    assert [text for text in kept() if MARK in text or " " * SHORT in text] == []


def sizes() -> list[int]:
    caches = (values._meaning, units._found, placing._day)
    return [*(cache.cache_info().currsize for cache in caches), len(registry()._hints)]


def test_a_short_word_is_remembered() -> None:
    """Or the test above would hold of a program that remembers nothing, and of a search that finds nothing."""
    for number, word in enumerate(("9.9 furlongs", f"9.9 {MARK}")):
        text = json.dumps({"calcium": word, f"calcum{number}": 1})
        assert list(outcomes([read_line(text.encode(), "x", number=1, index=0)], book()))
    assert units.find(registry()["calcium"], f"{MARK} short") is None
    assert placing.iso_date("2026-03-02") == "2026-03-02"
    assert {f"9.9 {MARK}", f"{MARK} short", "2026-03-02", "calcum1"} <= set(kept())
    values._meaning.cache_clear()
    units._found.cache_clear()
    registry()._hints.clear()  # MARK would be found by the test above


def test_a_long_spelling_of_a_unit_is_that_unit() -> None:
    calcium = registry()["calcium"]
    assert units.find(calcium, f"mg{' ' * 2 * SHORT}/dL") == units.find(calcium, "mg/dL")


# ------------------------------------------------------------------------------------------------------- near names


def test_a_long_word_is_near_to_no_name_and_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nearest("x" * (LONGEST_NAME - 1), ["x" * LONGEST_NAME]) == ["x" * LONGEST_NAME]
    assert nearest("x" * LONGEST_NAME, ["x" * LONGEST_NAME]) == ["x" * LONGEST_NAME]
    monkeypatch.setattr(errors, "get_close_matches", None)
    assert nearest("x" * (LONGEST_NAME + 1), ["x" * LONGEST_NAME]) == []
    assert registry().hint("x" * (LONGEST_NAME + 1)) is None


def test_blanks_do_not_make_a_name_long() -> None:
    assert registry().hint(f"cal{' ' * 2 * SHORT}cum") == "did you mean 'calcium'?"


def test_no_name_is_longer_than_a_word_that_is_compared() -> None:
    names = [*registry()._known_words, *(rule["id"] for rule in compiled()["rules"])]
    assert max(map(len, names)) <= LONGEST_NAME
