"""Conditions in plain type: brackets where they decide, labels for names, numbers with their units."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from calcrisk import Rulebook
from calcrisk.explaining.typography import Typography
from calcrisk.explaining.whole import Whole

pytestmark = pytest.mark.once

WORD = ["==", "sex", ["constant", "female", 1.0]]
OWN: dict[str, dict[str, Any]] = {
    "limit": {"value": 4.0, "unit": "mmol2/L2", "digits": None},
    "day": {"value": 0.02737850787132101, "unit": "years", "digits": 3},
    "share": {"value": 0.0004, "unit": None, "digits": None},
}
WRITTEN: list[tuple[Any, str]] = [
    ("a", "a"),
    (True, "always"),
    (["and", "a", ["or", "b", "c"]], "a and (b or c)"),
    (["or", "a", ["and", "b", "c"]], "a or (b and c)"),
    (["or", "a", "b", "c"], "a or b or c"),
    (["not", ["and", "a", "b"]], "not (a and b)"),
    (["and", ["not", "a"], "b"], "not a and b"),
    (["known", "a"], "a is stated"),
    (["not", ["known", "a"]], "a is not stated"),
    (["-", "a", ["-", "b", "c"]], "a − (b − c)"),
    (["-", ["-", "a", "b"], "c"], "a − b − c"),
    (["*", ["+", "a", 1], "b"], "(a + 1) × b"),
    (["**", "a", ["constant", "share", 0.0004]], "a ^ 0.0004"),
    (["min", "a", ["/", "b", "c"]], "min(a, b / c)"),
    ([">=", "a", ["constant", "limit", 4.0]], "a ≥ 4 mmol²/L²"),
    (["<", "age", ["constant", "day", 0.0273]], "age < 0.027 years"),
    (["!=", "a", "b"], "a ≠ b"),
    (["choose", [">", "a", "b"], "a", "b"], "a if a > b, else b"),
    (["+", ["choose", "c", "a", "b"], "d"], "(a if c, else b) + d"),
    (WORD, "sex is female"),
    (["or", WORD, ["==", "sex", ["constant", "male", 0.0]]], "sex is female or male"),
    (["or", WORD, ["==", "b", ["constant", "male", 0.0]]], "sex is female or b is male"),
    (["or", WORD, "a"], "sex is female or a"),
    (["and", "ckd_3_to_5", "a"], "‘CKD G3a to G5, dialysis included’ and a"),
    ([">=", "mineral_load", ["constant", "marked", 2.0]], "mineral load ≥ marked"),
]


@cache
def typography() -> Typography:
    return Typography(Whole(Rulebook.default()), OWN)


@pytest.mark.parametrize(("encoded", "text"), WRITTEN, ids=[text for _, text in WRITTEN])
def test_a_condition_is_written_plainly(encoded: Any, text: str) -> None:
    assert typography()._text(encoded)[0] == text


def test_every_condition_of_the_rulebook_is_written_without_a_name_of_the_language() -> None:
    whole = Whole(Rulebook.default())
    sections = ("rules", "facts", "consider", "levers", "kinetics", "warnings")
    entries = [entry for section in sections for entry in whole.data[section]]
    own = {name: spec for entry in entries for name, spec in entry["parameters"].items()}
    for text in whole.conditions:
        shown = Typography(whole, own).condition(text)
        assert not {"_", ">=", "==", "!=", "known("} & set(shown.split()), shown
        assert "_" not in shown, shown


def test_a_sentence_has_its_constants_and_leaves_room_for_the_patient() -> None:
    shown = typography().sentence("Above {limit}, {limit:n}: {calcium}; {strongest:mineral_load}.")
    assert shown == "Above 4 mmol²/L², 4: {serum calcium (total)}; {the strongest finding of mineral load}."
