"""The references are the evidence review, word for word; the numbers are the references', in the unit of the rule."""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from samples import shared

from calcrisk import Rulebook
from calcrisk.explaining.whole import Whole

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.volume

Spec = dict[str, Any]
# the words of this project for those of the review
STRENGTHS = {"guideline-graded": "guideline", "RCT": "trial", "case-series": "case series"}
MEMORY = re.compile(r"^Bibliographic fields filled from memory: [a-z_, ]+\.$")
SEED = re.compile("(the )?(seed text|seed|founding text)", re.IGNORECASE)  # the review's name for it, and ours
# numbers that follow from the words of their source, each with how
FOLLOWING = {"phosphate_age_19": "an interval for 16 to 18 completed years ends at the 19th birthday"}
# a citation that says in other words where the page stands, each with its reason
REWORDED = {"cap-kdigo-not-product": "a secondary summary: the words of the title stand in another order"}


@cache
def whole() -> Whole:
    return Whole(Rulebook.default())


def references() -> dict[str, Spec]:
    found: dict[str, Spec] = whole().data["references"]
    return found


@cache
def evidence() -> dict[str, Spec]:
    text = shared("evidence/evidence.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader where there is one
    return {item["id"]: item for item in yaml.load(text, Loader=loader)}  # noqa: S506  # a SafeLoader


# ------------------------------------------------------------------------------------------ held to the evidence review


def first_source(item: Spec) -> Spec:
    source = item["source"]
    found: Spec = source[0] if isinstance(source, list) else source
    return found


def differences(name: str, ours: Spec, item: Spec) -> list[str]:
    """Each field in which a reference says another thing than the item of the review."""
    source = first_source(item)
    pairs = {
        "claim": (ours["claim"], item["claim"]),
        "values": (ours["values"], item["values"] or []),
        "population": (ours["population"], item["population"]),
        "strength": (ours["strength"], STRENGTHS.get(item["strength"], item["strength"])),
        "use": (ours["use"], item["use"]),
        "verified": (ours["verified"], item["verified"] == "yes"),
        "doi": (ours["doi"], source["doi"]),
        "url": (ours["url"], source["url"]),
        "year": (ours["year"], source["year"]),
    }
    found = [f"{field}: {mine!r} is not {theirs!r}" for field, (mine, theirs) in pairs.items() if mine != theirs]
    if not ours["doi"] and not ours["url"]:
        found.append("no address")
    return [*found, *_citation(name, ours, source), *_notes(ours, item)]


def _citation(name: str, ours: Spec, source: Spec) -> Iterator[str]:
    said = _plain(ours["citation"])
    for field in ("authors", "title", "journal_or_body", "year"):
        part = _plain(str(source[field] or ""))
        if part not in said and name not in REWORDED:
            yield f"citation: lacks the {field} {source[field]!r}"


def _plain(text: str) -> str:
    return re.sub(r"[\s.]+", " ", text).strip()


def _notes(ours: Spec, item: Spec) -> Iterator[str]:
    """The notes of the review come first; behind them what the review says of the source elsewhere."""
    mine, theirs = (SEED.sub("founding text", (each["notes"] or "").strip()) for each in (ours, item))
    if not mine.startswith(theirs):
        yield f"notes: {mine!r} does not begin with {theirs!r}"
        return
    memory, _, also = mine.removeprefix(theirs).strip().partition("Also: ")
    if memory.strip() and not MEMORY.match(memory.strip()):
        yield f"notes: nobody says {memory.strip()!r}"
    others = item["source"][1:] if isinstance(item["source"], list) else []
    if also and not any(str(other["url"]) in also for other in others):
        yield f"notes: no further source is {also!r}"


@pytest.mark.parametrize("name", sorted(references()))
def test_a_reference_says_what_the_review_says_or_that_we_added_it(name: str) -> None:
    ours, item = references()[name], evidence().get(name)
    if item is None:
        assert ours["added"], f"{name} is not in the evidence review, and does not say why it stands here ('added')"
        assert ours["url"] or ours["doi"]
    else:
        assert ours["added"] is None
        assert differences(name, ours, item) == []


def test_a_reference_that_was_changed_is_found() -> None:
    item = evidence()["cap-55-kdoqi-2003"]
    ours = references()["cap-55-kdoqi-2003"]
    for field, wrong in [
        ("claim", "Below 65."),
        ("values", []),
        ("use", "context"),
        ("verified", False),
        ("doi", "10.1/x"),
        ("citation", "Somebody. 2003."),
        ("notes", f"{ours['notes']} And more."),
    ]:
        assert any(text.startswith(field) for text in differences("", ours | {field: wrong}, item)), field


# ------------------------------------------------------------------------------------------ numbers and what they cite


def parameters() -> Iterator[tuple[str, Spec]]:
    """Every number of the rulebook: shared, of a profile, of a rule, a fact, a pattern, a warning."""
    data = whole().data
    yield from data["parameters"].items()
    for profile, entry in data["profiles"].items():
        yield from ((f"{profile}: {name}", spec) for name, spec in entry["parameters"].items())
    for section in data.values():
        for entry in section if isinstance(section, list) else ():
            if isinstance(entry, dict):
                own = entry.get("parameters") or {}
                owner = entry.get("id") or entry.get("name") or entry.get("pattern") or entry.get("code")
                yield from ((f"{owner}: {name}", spec) for name, spec in own.items())


@cache
def factors() -> dict[tuple[str, str], set[float]]:
    """By how much a number of one unit is multiplied to be one of another: what the inputs declare, and time."""
    found: dict[tuple[str, str], set[float]] = {
        ("y", "years"): {1.0},
        ("mo", "months"): {1.0},
        ("wk", "weeks"): {1.0},
        ("d", "days"): {1.0},
        ("months", "years"): {1 / 12},
        ("d", "years"): {1 / 365.25},
    }
    for entry in whole().inputs.values():
        for unit, factor in (entry.get("units") or {}).items():
            found.setdefault((unit, entry["unit"]), set()).add(factor)
            found.setdefault((entry["unit"], unit), set()).add(1 / factor)
    return found


NUMBERS = list(parameters())


def numbers_of(value: Spec) -> Iterator[float]:
    for key in ("value", "low", "high"):
        given = value.get(key)
        for each in given if isinstance(given, list) else [given]:
            if isinstance(each, int | float):
                yield float(each)


PLAIN = {
    None,
    "",
    "1",
    "ratio",
    "fraction",
    "points",
    "Agatston",
    "x ULN",
    "× upper limit",
}  # numbers that have no unit


def unlike(spec: Spec) -> list[str]:
    """Each value that a number names as its source, and does not equal in its own unit."""
    found = []
    for cited in spec["where"]:
        name = cited["at"].removeprefix("value: ")
        values = [v for v in references()[cited["source"]]["values"] if isinstance(v, dict) and v["name"] == name]
        wrong = [value for value in values if cited["at"].startswith("value: ") and not is_like(spec, value)]
        found += [f"{spec['value']} {spec.get('unit')} is not {cited['source']} {value}" for value in wrong]
    return found


def is_like(spec: Spec, value: Spec) -> bool:
    """Whether a number is a value, converted where the units differ; or the limit of which the value's name speaks."""
    units = [None if unit in PLAIN else unit for unit in (value["unit"], spec.get("unit"))]
    known = {1.0} if units[0] == units[1] else factors().get((str(units[0]), str(units[1])), set())
    exact = any(
        math.isclose(number * factor, spec["value"], rel_tol=1e-9) for number in numbers_of(value) for factor in known
    )
    named = {float(number) for number in re.findall(r"(?<=_)\d+(?=_|y|$)", value["name"])}  # ref_12_18y, or_gt_4
    return exact or spec["value"] in named


@pytest.mark.parametrize(("name", "spec"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_a_number_equals_the_value_that_it_names(name: str, spec: Spec) -> None:
    assert spec["basis"] == "design-choice" or unlike(spec) == [], name
    assert spec["why"] or not unlike(spec), f"{name}: a number that differs from its source says why"


def test_a_number_that_differs_is_found() -> None:
    where = [{"source": "cap-55-kdoqi-2003", "at": "value: ca_x_p_target"}]
    assert unlike({"value": 56, "unit": "mg2/dL2", "where": where})
    assert unlike({"value": 55, "unit": "mmol2/L2", "where": where})
    assert not unlike({"value": 55, "unit": "mg2/dL2", "where": where})
    cari = [{"source": "cap-4-cari", "at": "value: ca_x_p_target_si"}]
    assert not unlike({"value": 4 * 4.0078 * 3.0974, "unit": "mg2/dL2", "where": cari})
    assert unlike({"value": 49.6, "unit": "mg2/dL2", "where": cari})


def test_many_numbers_name_their_value() -> None:
    named = [spec for _, spec in parameters() if any(each["at"].startswith("value: ") for each in spec["where"])]
    assert len(named) > 60


def in_words(spec: Spec) -> bool:
    """Whether a number that cites a claim or a note stands in the words of that source, in its unit or another."""
    text = " ".join(
        str(references()[each["source"]][key] or "") for each in spec["where"] for key in ("claim", "notes", "values")
    )
    known = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}
    unit = spec.get("unit") or ""
    scales = {1.0, *(factor for (_, ours), all_ in factors().items() if ours == unit for factor in all_)}
    return any(math.isclose(number * scale, abs(spec["value"]), rel_tol=1e-6) for number in known for scale in scales)


@pytest.mark.parametrize(("name", "spec"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_a_number_stands_in_its_source(name: str, spec: Spec) -> None:
    days = spec.get("unit") == "years" and spec["value"] < 1  # an age in days or months, which the source writes out
    assert spec["basis"] == "design-choice" or days or name in FOLLOWING or in_words(spec), name


# --------------------------------------------------------------------------------------- numbers written in sentences

WRITTEN = re.compile(r"(?<![\w.\-])\d+(?:[.,]\d+)?(?!\w)")
NO_QUANTITY = re.compile(r"\{[^}]*\}|CKD (?:stages? )?\d(?: to \d)?|stages? \d(?: to \d)?")
SENTENCES = ("because", "say", "why", "applies_when")
# a number of a sentence that stands elsewhere than in the sources of its entry, and where
ELSEWHERE = {
    (
        "rules:vitamin-d-intoxication",
        35.0,
    ): "the product of the published case, sample_labs/cases/vitd-toxicity-4mo.yaml",
    ("rules:vitamin-d-intoxication", 18.7): "the calcium of the same case",
    ("rules:calcium-above-14", 18.0): "the age of adults, adult_age",
    ("rules:calcium-12-or-more", 18.0): "the age of adults, adult_age",
    ("rules:calcium-reported-high", 11.0): "an example",
    ("rules:calcium-reported-high", 18.0): "an example",
    ("rules:history-pth-high", 20.0): "bv-hd-corte2020",
    ("rules:history-pth-high", 26.0): "bv-pth-gardham",
    ("rules:adragao-3", 8.0): "the highest score there is, the hard limit of the input",
    ("rules:age-65", 65.0): "a convention of ours, and said to be",
    ("rules:phosphate-above-4-adult", 3.6): "the name of the value or_3_6_4_0",
    ("warnings:fetuin-without-limit", 2.5): "fetuin-assay-disagreement, as a rounded slope",
}


def named_entries() -> Iterator[tuple[str, Spec]]:
    """Every entry of the rulebook that speaks in sentences."""
    for section in ("rules", "rows", "consider", "kinetics", "warnings"):
        for entry in whole().data[section]:
            yield f"{section}:{entry.get('id') or entry.get('pattern') or entry['code']}", entry
    for lever in whole().data["levers"]:
        yield (
            f"levers:{lever['lever']}",
            lever | {"where": [each for study in lever["studies"] for each in study["where"]]},
        )
        for study in lever["studies"]:
            yield f"levers:{lever['lever']}:{study['where'][0]['source']}", study


def sentences(entry: Spec) -> Iterator[str]:
    yield from (entry[key] for key in SENTENCES if entry.get(key))
    yield from entry.get("limits") or ()
    yield from (part["say"] for parts in ("clauses", "bands") for part in entry.get(parts) or ())


def cited_numbers(entry: Spec) -> set[float]:
    """Every number in the sources of an entry, and what each is when it is rounded as one speaks."""
    cited = [*(entry.get("where") or ()), *(entry.get("against") or ())]
    for part in (*(entry.get("parameters") or {}).values(), *(entry.get("clauses") or ())):
        cited += part["where"]
    text = " ".join(str(references()[each["source"]]) for each in cited)
    exact = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))}
    return exact | {round(number, digits) for number in exact for digits in (0, 1)}


def strange(name: str, entry: Spec) -> list[str]:
    """The numbers of an entry's sentences that none of its sources gives."""
    known = cited_numbers(entry)
    found = []
    for text in sentences(entry):
        for number in WRITTEN.findall(NO_QUANTITY.sub("", text)):
            value = float(number.replace(",", ""))
            found += [f"{number} in {text!r}"] if value not in known and (name, value) not in ELSEWHERE else []
    return found


@pytest.mark.parametrize(("name", "entry"), list(named_entries()), ids=[name for name, _ in named_entries()])
def test_a_number_in_a_sentence_stands_in_a_source_of_its_entry(name: str, entry: Spec) -> None:
    assert strange(name, entry) == [], "cite the source, or say in ELSEWHERE where the number stands"


def test_a_strange_number_in_a_sentence_is_found() -> None:
    entry = {"because": "Above 55 and 56.", "where": [{"source": "cap-55-kdoqi-2003", "at": "claim"}]}
    assert strange("", entry) == ["56 in 'Above 55 and 56.'"]


def test_what_stands_elsewhere_is_still_said() -> None:
    said = {name: " ".join(sentences(entry)) for name, entry in named_entries()}
    assert [key for key in ELSEWHERE if f"{key[1]:g}" not in said.get(key[0], "")] == []


# ------------------------------------------------------------------------------------------------ what argues against


def opposing(part: object) -> Iterator[str]:
    """Every source that something cites against itself."""
    if isinstance(part, dict):
        yield from (each["source"] for each in part.get("against") or () if isinstance(each, dict))
        part = list(part.values())
    if isinstance(part, list):
        yield from chain.from_iterable(map(opposing, part))


def test_what_argues_against_something_says_so_in_a_sentence() -> None:
    """A claim may be long, or seem to argue for it: a reader is told what it speaks against."""
    cited = {source for section, part in whole().data.items() if section != "references" for source in opposing(part)}
    assert len(cited) > 60
    for source in cited:
        entry = references()[source]
        assert entry["objection"], source
        known = re.findall(r"\d+(?:\.\d+)?", f"{entry['claim']} {entry['values']} {entry['notes']}")
        said = {float(number) for number in WRITTEN.findall(NO_QUANTITY.sub("", entry["objection"]))}
        assert said <= {number for each in map(float, known) for number in (each, round(each, 1))}, source
