"""``calcrisk rules list`` and ``rules show``: the rulebook as it is written, with its sources."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit, is_terminal
from calcrisk.cli.rulebooks import load
from calcrisk.render.citations import link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMATS: Final = ("terminal", "json")
_TITLE: Final = 9  # the width of the left column


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
    """Write one rule with everything it says of itself, wrapped to the width of a terminal."""
    form = wanted.settled()
    book = load(folder, profile)
    rule = book.rule(rule_id)
    if form == "json":
        emit(json.dumps(rule, indent=2, ensure_ascii=False) + "\n", wanted.output)
    else:
        lines = _shown(rule, book.data)
        emit("\n".join(_wrapped(lines) if is_terminal(wanted.output) else lines) + "\n", wanted.output)


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
    yield from (f"  {entry['id']:{width}}  {entry['title']}" for entry in book.data.get("kinetics", ()))
    yield ""
    yield "profiles"
    for name, profile in book.data["profiles"].items():
        yield f"  {name:{width}}  {'in use ' if name == book.profile else '       '} {profile['title']}"


def _shown(rule: Spec, data: Mapping[str, Any]) -> Iterator[str]:
    yield _title(rule, data)
    yield ""
    yield from _head(rule)
    yield _line("when", str(rule["when"]))
    yield from _behind(rule, data)
    yield _line("because" if "because" in rule else "says", rule.get("because") or rule.get("say") or rule["published"])
    yield from (_line(band["status"], f"{band['say']}{_from(band)}") for band in rule.get("bands", ()))
    yield from (_line("claimed", text) for text in (rule.get("unconfirmed"),) if text)
    yield from (_line("", f"{clause['say']}  (when {clause['when']})") for clause in rule.get("clauses", ()))
    yield _line("basis", f"design choice: {rule['why']}" if rule["basis"] == "design-choice" else "sourced")
    yield from (_line("applies", text) for text in (rule.get("applies_when"),) if text)
    yield from (_line("limit", limit) for limit in rule.get("limits", ()))
    for role, title in (("where", "source"), ("against", "against")):
        for cited in rule.get(role, ()):
            yield from _cited(title, cited, data["references"][cited["source"]])


def _title(rule: Spec, data: Mapping[str, Any]) -> str:
    if "class" in rule:
        return f"A row of the class table: {data['classes'][rule['class']]['label']}"
    return str(rule.get("title") or "A warning")


def _head(rule: Spec) -> Iterator[str]:
    """Say what the entry is called and where it is written."""
    if "mechanism" in rule:
        yield _line("id", f"{rule['id']}  ({rule['file']})")
        yield _line("raises", f"{rule['mechanism']} to {rule['level']}")
    elif "class" in rule:
        yield _line("id", f"{rule['id']}  (classification.yaml)")
    elif "bands" in rule:
        yield _line("id", f"{rule['id']}  (kinetics.yaml, shown and never scored)")
    elif "pattern" in rule:
        yield _line("id", f"{rule['pattern']}  (consider.yaml{', an alert' if rule['alert'] else ''})")
    else:
        yield _line("id", f"{rule['code']}  (warnings.yaml)")


def _from(band: Spec) -> str:
    return f"  (from {band['from']} on)" if band["from"] else ""


def _line(title: str, text: str) -> str:
    return f"  {title:{_TITLE}} {text}"


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    """Break long lines between words, and go on beneath the right column."""
    width, hanging = shutil.get_terminal_size().columns, " " * len(_line("", ""))
    wrapper = textwrap.TextWrapper(width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
    for line in lines:
        cut = len(hanging) if line.startswith(" ") else 0
        wrapper.initial_indent = line[:cut]
        yield wrapper.fill(line[cut:])


def _behind(rule: Spec, data: Mapping[str, Any]) -> Iterator[str]:
    """Every fact that the condition reads, to the bottom, and every number with its source."""
    facts = {fact["name"]: fact for fact in data["facts"]}
    numbers: dict[str, Spec] = {**data["parameters"], **rule.get("parameters", {})}
    todo, seen = [str(rule["when"]), *rule.get("parameters", ())], set[str]()
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
    if address := link(reference["doi"], reference["url"]):
        yield _line("", address)
