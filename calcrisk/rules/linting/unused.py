"""What nobody reads: parameters, facts, variables, references; and what a rule says of its neighbours and units."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from calcrisk.rules import expression as ex
from calcrisk.rules.linting.finding import Found
from calcrisk.rules.linting.writing import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.rules.linting.finding import Book
    from calcrisk.rules.program import Spec

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOLE: Final = re.compile(r"\{([^{}]*)\}")
_CONDITIONS: Final = ("when", "formula", "valid_when", "withheld_when")
_SENTENCES: Final = ("because", "phrase", "say")
_CLOSING: Final = ("closed_by", "rejects")  # what a variable says of others: they have a use
_SPEAKING: Final = ("implies", "rejects", "onset_of")  # what gives a variable a use of its own
_NESTED: Final = ("clauses", "caveats", "notes", "rows")


def unused(book: Book) -> Iterator[Found]:
    """Find parameters, facts, variables and references that nothing reads."""
    data = book.data
    readers = list(_readers(data))
    read = frozenset[str]().union(*(names for _, names in readers))
    for name in data["parameters"].keys() - read:
        yield Found("unused-parameter", ("parameters", name), f"nothing reads {name!r}")
    yield from _own_parameters(data)
    for at, fact in enumerate(data["facts"]):
        others = (names for owner, names in readers if owner != fact["name"])
        if not fact["shown"] and not any(fact["name"] in names for names in others):
            reader = "no rule, row or sentence" if fact["kind"] == "yesno" else "nothing"
            message = f"{reader} reads {fact['name']!r}, and it is not shown"
            yield Found("unused-fact", ("facts", at), message, needle=fact["name"])
    yield from _variables(data, read)
    cited = frozenset(_cited(data))
    for name in data["references"]:
        if name not in cited:
            yield Found("unused-reference", ("references", name), "nothing cites this source")


def _readers(data: Mapping[str, Any]) -> Iterator[tuple[str | None, frozenset[str]]]:
    """Every entry that reads names, with the names; a fact and a variable by their own."""
    for section in ("facts", "variables", "rules", "rows", "consider", "warnings", "implied"):
        for entry in data[section]:
            yield entry.get("name"), _read_by(entry)
    for table in data["tiers"].values():
        yield None, _read_by(table) | frozenset(table["assessed_by"])
    for entry in data["history"]:
        yield None, frozenset((entry["of"], entry["limit"], *entry["uses"]))
    for entry in data["variation"]:
        yield None, frozenset((entry["when"], entry["unless"], *(each["when"] for each in entry["caveats"])))
    product = data["product"]
    yield None, _read_by(product) | frozenset(_words(product))
    yield None, frozenset(data["minimum"])


def _words(entry: Mapping[str, Any]) -> Iterator[str]:
    for value in entry.values():
        yield from (word for word in (value if isinstance(value, list) else [value]) if isinstance(word, str))


def _read_by(entry: Spec) -> frozenset[str]:
    """The names in the conditions and sentences of an entry."""
    asked = entry.get("ask")
    texts = [str(entry[key]) for key in _CONDITIONS if entry.get(key)]
    texts += [hole for key in _SENTENCES for hole in _HOLE.findall(entry.get(key) or "")]
    texts += [asked["when"]] if isinstance(asked, dict) else []
    texts += list((entry.get("margin") or {}).values())
    words = frozenset(word for text in texts for word in _WORD.findall(text))
    return words.union(*(_read_by(part) for key in _NESTED for part in entry.get(key) or ()))


def _own_parameters(data: Mapping[str, Any]) -> Iterator[Found]:
    for section in ("rules", "facts", "consider", "warnings"):
        for at, entry in enumerate(data[section]):
            for name in (entry.get("parameters") or {}).keys() - _read_by(entry):
                route = (section, at, "parameters", name)
                yield Found("unused-parameter", route, f"nothing reads {name!r}")


def _variables(data: Mapping[str, Any], read: frozenset[str]) -> Iterator[Found]:
    closing = {name for entry in data["variables"] for key in _CLOSING for name in entry.get(key) or ()}
    for at, entry in enumerate(data["variables"]):
        name = entry["name"]
        if entry.get("role") == "speciation":  # the ion chemistry reads it, and no rule may
            continue
        if name not in read | closing and not any(entry.get(key) for key in _SPEAKING):
            message = f"no rule, fact, table or sentence reads {name!r}"
            yield Found("unused-variable", ("variables", at), message, needle=name)


def _cited(part: Any) -> Iterator[str]:  # noqa: ANN401  # any part of the rulebook
    """Every source that is cited, whatever for."""
    if isinstance(part, dict):
        if part.keys() == {"source", "at"}:
            yield part["source"]
        for key, value in part.items():
            if key not in {"references", "cases"}:
                yield from _cited(value)
    elif isinstance(part, list):
        for value in part:
            yield from _cited(value)


def covering(book: Book) -> Iterator[Found]:
    """Find rules that cover each other in a circle, or are covered by one that says less or something else."""
    rules = book.data["rules"]
    places = {rule["id"]: at for at, rule in enumerate(rules)}
    try:
        TopologicalSorter({rule["id"]: rule["covered_by"] for rule in rules}).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        route = ("rules", places[circle[0]], "covered_by")
        yield Found("covered-by-cycle", route, f"these cover each other: {' → '.join(circle)}")
    for at, rule in enumerate(book.program.rules):
        for name in rule.spec["covered_by"]:
            other = book.program.rules[places[name]]
            if other.mechanism != rule.mechanism or other.level < rule.level:
                why = "is of another mechanism" if other.mechanism != rule.mechanism else "raises to a lower level"
                message = f"{name!r} {why}, and would hide this one"
                yield Found("covered-by-weaker", ("rules", at, "covered_by"), message, needle=name)


def units(book: Book) -> Iterator[Found]:
    """Find numbers without a unit beside a quantity that has one."""
    shared = book.data["parameters"]
    for at, rule in enumerate(book.program.rules):
        numbers = {**shared, **rule.spec["parameters"]}
        for part in ex.walk(rule.when.node):
            if isinstance(part, ex.Comparison) and _lacks_unit(part, numbers, book):
                message = f"{written(part.right)} has no unit, and {written(part.left)} has"
                yield Found("unit-missing", ("rules", at, "when"), message, needle=written(part))


def _lacks_unit(part: ex.Comparison, numbers: Mapping[str, Spec], book: Book) -> bool:
    if not isinstance(part.left, ex.Name) or not isinstance(part.right, ex.Constant):
        return False
    number = numbers.get(part.right.name or "")
    return number is not None and number["unit"] is None and book.program.symbols[part.left.name].unit is not None
