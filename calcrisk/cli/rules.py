"""``calcrisk rules list`` and ``rules show``: the rulebook as it is written, with its sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.explain import write
from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit
from calcrisk.cli.rulebooks import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.entry import Entry
    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook


_FORMATS: Final = ("terminal", "json")
# the section an entry is of, by the key that only such entries have; a warning has none of them
_SECTIONS: Final = {
    "mechanism": ("rules", "id"),
    "class": ("rows", "id"),
    "pattern": ("consider", "pattern"),
    "lever": ("levers", "lever"),
    "bands": ("kinetics", "id"),
}
_WARNING: Final = ("warnings", "code")


class Wanted(NamedTuple):
    """How a listing is wanted."""

    format: str | None
    json: bool
    output: str | None

    def settled(self) -> str:
        """Settle on ``terminal`` or ``json``; raises UsageError as ``chosen_format`` does."""
        return chosen_format(_FORMATS, self.output, named=self.format, json=self.json)


def show_list(folder: str | None, profile: str | None, wanted: Wanted) -> None:
    """Write one line a rule, grouped by mechanism, then the profiles."""
    form = wanted.settled()
    book = load(folder, profile)
    if form == "json":
        emit(json.dumps(book.rules, indent=2, ensure_ascii=False) + "\n", wanted.output)
    else:
        emit("\n".join(_listing(book)) + "\n", wanted.output)


def show_one(rule_id: str, folder: str | None, profile: str | None, wanted: Wanted) -> None:
    """Write one rule (row, pattern, warning): its entry as JSON, or the page that ``calcrisk explain`` has of it."""
    form = wanted.settled()
    book = load(folder, profile)
    rule = book.rule(rule_id)
    if form == "json":
        emit(json.dumps(rule, indent=2, ensure_ascii=False) + "\n", wanted.output)
    else:
        write(_page(book, rule), form, wanted.output)


def _page(book: Rulebook, rule: Spec) -> Entry:
    from calcrisk.explaining import Explainer

    section, key = next((found for sign, found in _SECTIONS.items() if sign in rule), _WARNING)
    page = Explainer(book).entry(section, rule[key])
    assert page is not None, "the rulebook has the rule it gave"  # noqa: S101  # for mypy
    return page


def _listing(book: Rulebook) -> Iterator[str]:
    width = max(len(rule["id"]) for rule in book.rules)
    for mechanism in book.data["mechanisms"]:
        rules = [rule for rule in book.rules if rule["mechanism"] == mechanism["name"]]
        yield f"{mechanism['label']} ({mechanism['name']}), {len(rules)} rules"
        yield from (f"  {rule['id']:{width}}  {rule['level']:7} {rule['title']}" for rule in rules)
        yield ""
    yield "The class table: the first row that holds answers"
    yield from (f"  {row['id']:{width}}  {row['class']}" for row in book.data["rows"])
    yield ""
    yield "To consider, and alerts"
    yield from (f"  {entry['pattern']:{width}}  {entry['title']}" for entry in book.data["consider"])
    yield ""
    yield "Time to calcification, shown and never scored"
    yield from (f"  {entry['id']:{width}}  {entry['title']}" for entry in book.data["kinetics"])
    yield ""
    yield "Levers: what could be changed, for discussion"
    yield from (
        f"  {entry['lever']:{width}}  {entry['direction']:9}  {entry['title']}" for entry in book.data["levers"]
    )
    yield ""
    yield "profiles"
    for name, profile in book.data["profiles"].items():
        yield f"  {name:{width}}  {'in use ' if name == book.profile else '       '} {profile['title']}"
