"""The walk for one patient, on a small rulebook that can be worked out by hand (tests/rulebooks/small)."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from small_rulebook import (
    FOLDER,
    UNKNOWN,
    Said,
    book,
    evaluated,
    level_range,
    possible,
    row,
    statuses,
    tier,
    value,
)

from calcrisk import Rulebook, UsageError
from calcrisk.rules.decisive import Decisive
from calcrisk.stated import Range

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {"age": 60.0, "calcium": 9.0, "phosphate": 4.0, "stage": "G1", "history": False, "damage": False}


# ------------------------------------------------------------ what is asked

# what is stated; an input; what the walk holds of it: None is open, False or NaN is assumed absent
ASKED = [
    ({}, "calcium", None),
    ({}, "history", None),
    ({}, "albumin", math.nan),
    ({}, "infarct", False),
    ({}, "dialysis", None),  # its question is open while the stage is
    ({"stage": "G5"}, "dialysis", None),
    ({"stage": "G4"}, "dialysis", False),
    ({"stage": UNKNOWN}, "dialysis", None),
    ({"stage": "G4", "dialysis": UNKNOWN}, "dialysis", None),  # written unknown always widens
    ({"stage": "G4", "dialysis": True}, "dialysis", True),
    ({"stage": "G2"}, "pth", math.nan),
    ({"stage": "G3a"}, "pth", None),
    ({"stage": Range(2.0, 3.0)}, "pth", None),  # "G3" is G3a or G3b: asked for either
    ({"stage": Range(2.0, 3.0)}, "dialysis", False),
    ({"stage": Range(1.0, 5.0)}, "dialysis", None),
    ({"infarct": UNKNOWN}, "infarct", None),
    ({"albumin": UNKNOWN}, "albumin", None),
]


@pytest.mark.parametrize(("stated", "name", "held"), ASKED)
def test_what_is_asked_and_what_is_assumed(stated: dict[str, Any], name: str, held: Any) -> None:
    found = value(evaluated(stated), name)
    assert found is held or (isinstance(held, float) and math.isnan(found))


def test_what_is_missing_is_what_undecided_rules_wait_for() -> None:
    stated = {"calcium": Said(10.0), "stage": Said("G5"), "history": Said(value=False), "damage": Said(value=False)}
    walk = book().walk
    found = walk.evaluate(stated)
    asking = Decisive(walk)
    opened = asking.open_inputs(found, stated)
    assert opened == ["age", "phosphate", "dialysis", "pth"]
    missing = {each.name: each.could_change for each in asking.missing(found, opened)}
    assert missing == {"phosphate": ("classification", "metastatic"), "age": (), "dialysis": (), "pth": ()}


# ------------------------------------------------------------ what follows from what

IMPLIED = [
    ({"hftc": True}, {"disorder": True, "history": True}),  # followed to the end
    ({"history": False}, {"disorder": False, "hftc": False}),  # a no answers the whole group
    ({"history": False, "hftc": UNKNOWN}, {"hftc": False}),
    ({"infarct": True, "damage": UNKNOWN}, {"damage": True}),
    ({"hftc": False}, {"disorder": False, "history": None}),  # a no says nothing upward
    ({"history": True}, {"disorder": False, "hftc": False}),  # a yes says nothing downward
    ({"dialysis": True}, {"stage": 5.0, "kidney": True}),
    ({"dialysis": True, "acute": True}, {"stage": None, "kidney": None}),
    ({"dialysis": True, "stage": "G2"}, {"stage": 1.0, "kidney": True}),  # what is stated stands
    ({"dialysis": True, "acute": UNKNOWN}, {"stage": None, "kidney": None}),
    ({"hftc": UNKNOWN}, {"disorder": None, "history": None}),  # silence is no absence when a yes would follow
    ({"infarct": UNKNOWN, "damage": False}, {"infarct": False}),
]


@pytest.mark.parametrize(("stated", "follows"), IMPLIED)
def test_what_is_implied(stated: dict[str, Any], follows: dict[str, Any]) -> None:
    found = evaluated(stated)
    assert {name: value(found, name) for name in follows} == follows


def test_the_trace_says_by_what_something_is_implied() -> None:
    assert evaluated({"hftc": True}).implied == {"disorder": "hftc", "history": "hftc"}
    assert evaluated({"dialysis": True}).implied == {"stage": "dialysis"}
    assert evaluated({"hftc": True, "history": True}).implied == {"disorder": "hftc"}


# ------------------------------------------------------------ facts

FACTS = [
    ({"calcium": 10.0, "phosphate": 5.5}, {"product": 55.0, "at_limit": True}),
    ({"calcium": 8.8, "phosphate": 6.25}, {"at_limit": True}),  # 55 exactly, though doubles say a little more
    ({"calcium": 10.0}, {"product": None, "at_limit": None}),
    ({"calcium": 10.0, "phosphate": 5.5, "product": 40.0}, {"product": 40.0, "at_limit": False}),  # a given fact stands
    ({"product": 60.0}, {"product": 60.0, "at_limit": True}),
    ({"calcium": 9.0, "albumin": 2.0, "phosphate": 5.0}, {"corrected_calcium": 10.6, "corrected_product": 53.0}),
    ({"pth": 60.0, "age": 30.0}, {"ratio": 2.0}),
    ({"pth": 60.0, "age": 30.0, "acute": True}, {"ratio": None}),  # not valid
    ({"pth": 60.0, "age": 0.0}, {"ratio": None}),
    ({"pth": 60.0}, {"ratio": None}),  # whether it is valid is not known
    ({"pth": 60.0}, {"for_show": 61.0}),
]


@pytest.mark.parametrize(("stated", "facts"), FACTS)
def test_facts(stated: dict[str, Any], facts: dict[str, Any]) -> None:
    found = evaluated(stated)
    book().walk.finish(found)
    assert {name: value(found, name) for name in facts} == pytest.approx(facts)


def test_a_given_product_makes_its_factors_needless() -> None:
    given = {"product": Said(60.0), "stage": Said("G5")}
    walk = book().walk
    found = walk.evaluate(given)
    assert math.isnan(value(found, "calcium"))
    assert "calcium" not in Decisive(walk).open_inputs(found, given)
    assert value(found, "minimum_known") is False  # damage and history are still open
    assert statuses(found)["at-limit"] is True
    assert statuses(found)["high-phosphate"] is False  # absent, and so above nothing


def test_a_product_stated_unknown_closes_nothing() -> None:
    found = evaluated({"product": UNKNOWN, "calcium": 10.0, "phosphate": 5.5})
    assert value(found, "product") == 55.0


# what the report says in a word; what the number then is: closed unless the word may be "high": how high is open
NOT_HIGH, NOT_LOW = Range(0.0, 1.0), Range(1.0, 2.0)
WORDS = [
    ("low", math.nan),
    ("normal", math.nan),
    ("high", None),
    (UNKNOWN, None),
    (NOT_HIGH, math.nan),
    (NOT_LOW, None),
]


@pytest.mark.parametrize(("word", "held"), WORDS)
def test_a_word_answers_what_is_asked_of_the_number(word: Any, held: float | None) -> None:
    found = value(evaluated({"calcium_status": word}), "calcium")
    assert found is held or (isinstance(held, float) and math.isnan(found))
    assert value(evaluated({"calcium_status": word, "calcium": 9.0}), "calcium") == 9.0


# ------------------------------------------------------------ inexact numbers

INEXACT = [
    ({"phosphate": Range(0.3, 4.5)}, {"high-phosphate": False}),
    ({"phosphate": Range(0.3, 6.0)}, {"high-phosphate": None}),
    ({"phosphate": Range(4.6, 30.0)}, {"high-phosphate": True}),
    ({"phosphate": Range(5.5, 6.0), "calcium": 10.0, "stage": "G5"}, {"at-limit": True}),
    ({"phosphate": Range(5.4, 6.0), "calcium": 10.0, "stage": "G5"}, {"at-limit": None}),
    ({"phosphate": Range(5.0, 5.4), "calcium": 10.0, "stage": "G5"}, {"at-limit": False}),
    ({"stage": Range(2.0, 3.0), "product": 60.0}, {"at-limit": True}),  # G3a or G3b, either is kidney disease
    ({"stage": Range(0.0, 3.0), "product": 60.0}, {"at-limit": None}),
]


@pytest.mark.parametrize(("stated", "told"), INEXACT)
def test_a_number_within_bounds(stated: dict[str, Any], told: dict[str, bool | None]) -> None:
    found = evaluated(stated)
    assert found.inexact
    assert {rule: statuses(found)[rule] for rule in told} == told


def test_bounds_go_through_arithmetic() -> None:
    assert value(evaluated({"calcium": Range(8.0, 10.0), "phosphate": 5.0}), "product") == (40.0, 50.0)


# ------------------------------------------------------------ levels and tables


def test_levels_range_from_what_holds_to_what_may() -> None:
    assert level_range(evaluated(KNOWN), "load") == ("none", "none")
    assert level_range(evaluated({**KNOWN, "hftc": UNKNOWN, "history": True}), "load") == ("none", "severe")
    assert level_range(evaluated({**KNOWN, "phosphate": 5.0}), "load") == ("mild", "mild")
    assert level_range(evaluated({}), "load") == ("none", "marked")
    assert level_range(evaluated({}), "injury") == ("none", "mild")  # infarcts are volunteered


ROWS = [
    (KNOWN, "nothing", ["nothing"]),
    ({}, "open", ["load", "injury", "nothing", "open"]),
    ({"onset": 2.0, "infarct": UNKNOWN}, "open", ["both", "load", "injury", "nothing", "open"]),
    ({**KNOWN, "damage": True}, "injury", ["injury"]),
    ({**KNOWN, "calcium": 12.0, "phosphate": 5.0, "stage": "G4", "pth": 10.0}, "load", ["load"]),
    ({**KNOWN, "damage": True, "infarct": True, "onset": 2.0, "hftc": True, "history": True}, "both", ["both"]),
    ({**KNOWN, "pregnancy": True, "damage": True}, "withheld", ["withheld"]),  # the first row that holds answers
    ({**KNOWN, "pregnancy": UNKNOWN, "damage": True}, "injury", ["withheld", "injury"]),
    ({**KNOWN, "phosphate": 5.0}, "nothing", ["nothing"]),  # mild without kidney disease names nothing
]


@pytest.mark.parametrize(("stated", "answer", "rows"), ROWS)
def test_the_first_row_that_holds(stated: dict[str, Any], answer: str, rows: list[str]) -> None:
    found = evaluated(stated)
    assert row(found) == answer
    assert possible(found) == [name for name in rows if name in possible(found)]
    assert set(possible(found)) == set(rows)


@pytest.mark.parametrize("name", book().data["minimum"])
def test_none_identified_needs_every_minimum_input(name: str) -> None:
    stated = {key: held for key, held in KNOWN.items() if key != name}
    assert row(evaluated(stated)) == "open"
    assert "nothing" in possible(evaluated(stated))  # the answer to come may make it so
    assert row(evaluated({**stated, name: KNOWN[name]})) == "nothing"


TIERS = [
    ({}, None, None),
    ({"calcium": 9.0}, ("low", "high"), None),
    ({"calcium": UNKNOWN, "damage": UNKNOWN}, None, None),  # unknown is no answer
    ({"damage": False}, None, ("low", "low")),
    ({"infarct": True}, None, ("moderate", "moderate")),  # the finding answers the question
    ({"dialysis": True}, ("low", "high"), None),  # as dialysis answers the stage
    (KNOWN, ("low", "low"), ("low", "low")),
    ({**KNOWN, "phosphate": 5.0}, ("moderate", "moderate"), ("low", "low")),
    ({**KNOWN, "pregnancy": True}, None, ("low", "low")),  # withheld
    ({**KNOWN, "pregnancy": UNKNOWN}, ("low", "low"), ("low", "low")),
    ({"product": 60.0, "stage": "G5"}, ("high", "high"), None),
]


@pytest.mark.parametrize(("stated", "metastatic", "dystrophic"), TIERS)
def test_a_tier_is_assessed_when_one_of_its_questions_was_answered(
    stated: dict[str, Any], metastatic: tuple[str, str] | None, dystrophic: tuple[str, str] | None
) -> None:
    found = evaluated(stated)
    assert (tier(found, "metastatic"), tier(found, "dystrophic")) == (metastatic, dystrophic)


# ------------------------------------------------------------ the rulebook itself


def test_a_profile_replaces_parameters() -> None:
    stated = {"calcium": 10.0, "phosphate": 5.0, "stage": "G5"}
    assert statuses(evaluated(stated))["at-limit"] is False
    assert statuses(evaluated(stated, "strict"))["at-limit"] is True
    assert book("strict").sha256 == book().sha256
    assert book("strict").profile == "strict"


def test_an_unknown_profile_or_rule_is_helped() -> None:
    with pytest.raises(UsageError) as caught:
        book("strickt")
    assert str(caught.value) == "unknown profile 'strickt' (unknown-profile)\n    did you mean 'strict'?"
    with pytest.raises(UsageError) as caught:
        book().rule("at-limits")
    assert str(caught.value) == "no rule 'at-limits' (unknown-rule)\n    did you mean 'at-limit'?"


def test_cases_and_the_order_of_keys_do_not_change_the_hash(tmp_path: Path) -> None:
    folder = tmp_path / "turned"
    shutil.copytree(FOLDER, folder)
    for file in folder.glob("*.yaml"):
        data = _turned(yaml.safe_load(file.read_text("utf-8")))
        for rule in data.get("rules", ()):
            rule["cases"] = rule["cases"][::-1]
        file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")
    other = Rulebook.from_folder(folder)
    assert other.sha256 == book().sha256
    given = {"calcium": Said(10.0), "phosphate": Said(5.5), "dialysis": Said(value=True)}
    assert other.evaluate(given).statuses == book().evaluate(given).statuses


def test_any_number_changes_the_hash(tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(FOLDER, folder)
    text = (folder / "rules.yaml").read_text("utf-8")
    (folder / "rules.yaml").write_text(text.replace("value: 4.5", "value: 4.6"), "utf-8")
    assert Rulebook.from_folder(folder).sha256 != book().sha256


def _turned(data: Any) -> Any:
    """The same data with the keys of every mapping the other way round; lists keep their order."""
    if isinstance(data, dict):
        return {key: _turned(part) for key, part in reversed(data.items())}
    return [_turned(part) for part in data] if isinstance(data, list) else data
