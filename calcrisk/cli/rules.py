"""``calcrisk rules list`` and ``rules show``: the rulebook as it is written, with its sources."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from calcrisk.cli.output import emit
from calcrisk.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from calcrisk.rules.program import Spec


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TITLE: Final = 9  # the width of the left column


def load(folder: str | None, profile: str | None) -> Rulebook:
    """Return the package's rulebook, or the one compiled from a folder."""
    return Rulebook.from_folder(folder, profile) if folder else Rulebook.default(profile)


def show_list(folder: str | None, profile: str | None, *, as_json: bool, output: str | None) -> None:
    """Write one line a rule, grouped by mechanism, then the profiles."""
    book = load(folder, profile)
    if as_json:
        emit(json.dumps(book.rules, indent=2, ensure_ascii=False) + "\n", output)
    else:
        emit("\n".join(_listing(book)) + "\n", output)


def show_one(rule_id: str, folder: str | None, profile: str | None, *, as_json: bool, output: str | None) -> None:
    """Write one rule with everything it says of itself."""
    book = load(folder, profile)
    rule = book.rule(rule_id)
    if as_json:
        emit(json.dumps(rule, indent=2, ensure_ascii=False) + "\n", output)
    else:
        emit("\n".join(_shown(rule, book.data)) + "\n", output)


def _listing(book: Rulebook) -> Iterator[str]:
    width = max(len(rule["id"]) for rule in book.rules)
    for mechanism in book.data["mechanisms"]:
        rules = [rule for rule in book.rules if rule["mechanism"] == mechanism["name"]]
        yield f"{mechanism['label']} ({mechanism['name']}), {len(rules)} rules"
        yield from (f"  {rule['id']:{width}}  {rule['level']:7} {rule['title']}" for rule in rules)
        yield ""
    yield "profiles"
    for name, profile in book.data["profiles"].items():
        yield f"  {name:{width}}  {'in use ' if name == book.profile else '       '} {profile['title']}"


def _shown(rule: Spec, data: Mapping[str, Any]) -> Iterator[str]:
    basis = "sourced" if rule["basis"] == "sourced" else f"design choice: {rule['why']}"
    yield f"{rule['title']}\n"
    yield _line("id", f"{rule['id']}  ({rule['file']})")
    yield _line("raises", f"{rule['mechanism']} to {rule['level']}")
    yield _line("when", rule["when"])
    yield from _behind(rule, data)
    yield _line("because", rule["because"])
    yield _line("basis", basis)
    yield _line("applies", rule["applies_when"])
    yield from (_line("limit", limit) for limit in rule["limits"])
    for role, title in (("where", "source"), ("against", "against")):
        for cited in rule[role]:
            yield from _cited(title, cited, data["references"][cited["source"]])


def _line(title: str, text: str) -> str:
    return f"  {title:{_TITLE}} {text}"


def _behind(rule: Spec, data: Mapping[str, Any]) -> Iterator[str]:
    """Every fact that the condition reads, to the bottom, and every number with its source."""
    facts = {fact["name"]: fact for fact in data["facts"]}
    numbers: dict[str, Spec] = {**data["parameters"], **rule["parameters"]}
    todo, seen = [rule["when"]], set[str]()
    while todo:
        for name in dict.fromkeys(_NAME.findall(todo.pop(0))):
            if name in seen:
                continue
            seen.add(name)
            if name in numbers:
                yield _line("number", f"{name} = {_number(numbers[name])}")
            elif name in facts:
                yield _line("fact", f"{name}: {facts[name]['formula']}  ({_sources(facts[name])})")
                numbers |= facts[name]["parameters"]
                todo.append(facts[name]["formula"])


def _number(spec: Spec) -> str:
    return " ".join(part for part in (f"{spec['value']:g}", spec["unit"], f" ({_sources(spec)})") if part)


def _sources(spec: Spec) -> str:
    cited = "; ".join(f"{each['source']}, {each['at']}" for each in spec["where"])
    return cited or f"design choice: {spec['why']}"


def _cited(title: str, cited: Mapping[str, str], reference: Mapping[str, Any]) -> Iterator[str]:
    yield _line(title, reference["citation"])
    population = reference["population"] or "population not stated"
    yield _line("", f"{cited['source']}, {cited['at']}; {reference['strength']}; {population}")
    yield _line("", reference["claim"])
    link = f"https://doi.org/{reference['doi']}" if reference["doi"] else reference["url"]
    if link:
        yield _line("", link)
