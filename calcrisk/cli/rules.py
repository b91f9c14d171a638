"""``calcrisk rules list`` and ``rules show``: the rulebook as it is written, with its sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from calcrisk.cli.output import emit
from calcrisk.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from calcrisk.rules.program import Spec


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
    yield f"  id         {rule['id']}  ({rule['file']})"
    yield f"  raises     {rule['mechanism']} to {rule['level']}"
    yield f"  when       {rule['when']}"
    yield from _numbers(rule, data)
    yield f"  because    {rule['because']}"
    yield f"  basis      {basis}"
    yield f"  applies    {rule['applies_when']}"
    yield from (f"  limit      {limit}" for limit in rule["limits"])
    for role, title in (("where", "source"), ("against", "against")):
        for cited in rule[role]:
            yield from _cited(title, cited, data["references"][cited["source"]])


def _numbers(rule: Spec, data: Mapping[str, Any]) -> Iterator[str]:
    shared = {name: spec for name, spec in data["parameters"].items() if name in rule["when"].replace("(", " ").split()}
    for name, spec in {**shared, **rule["parameters"]}.items():
        source = (
            "; ".join(f"{each['source']}, {each['at']}" for each in spec["where"]) or f"design choice: {spec['why']}"
        )
        yield f"  number     {name} = {spec['value']:g} {spec['unit'] or ''}".rstrip() + f"  ({source})"


def _cited(title: str, cited: Mapping[str, str], reference: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {title:10} {reference['citation']}"
    population = reference["population"] or "population not stated"
    yield f"             {cited['source']}, {cited['at']}; {reference['strength']}; {population}"
    link = f"https://doi.org/{reference['doi']}" if reference["doi"] else reference["url"]
    if link:
        yield f"             {link}"
