"""Write ``docs/rulebook.md`` and ``docs/sources.md`` from the rulebook; ``--check`` fails when they are stale.

A new section of the rulebook shows up by itself: as ``calcrisk explain`` has it, or in general terms where it has no
page of its own yet. ``SECTIONS`` below gives a section its title, its place and a word of introduction.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk.explaining import Explainer
from calcrisk.explaining.naming import OURS, every_name
from calcrisk.explaining.pages import said_of
from calcrisk.explaining.typography import Typography
from calcrisk.explaining.whole import citations
from calcrisk.render.entry import body_of, title_of
from calcrisk.render.markdown import escaped, linked
from calcrisk.rules.check import read_folder
from calcrisk.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.entry import Entry
    from calcrisk.grounds import Citation

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "calcrisk" / "rulebook"
DOCS = ROOT / "docs"
_GENERATED = (
    "<!-- Generated from calcrisk/rulebook by tools/generate_docs.py: change the YAML and run `make generate`. -->"
)
_INTRO = (
    "Every entry, its condition in plain type, its numbers with unit and source, whom the source studied, what it does "
    "not cover and who disagrees. Behind each sentence stands the item it rests on, or that it is a design choice; the "
    "items are in [sources.md](sources.md). `calcrisk explain NAME` shows any entry in a terminal; "
    "[method.md](method.md) says how they act together."
)
_ITEMS = (
    "items, each one claim of one page that was read. *Use* says what a rule may do with it: `threshold` and "
    "`rule-support` may carry a rule, `context` a design choice; `do-not-score`, `report-only` and `not-for-rules` "
    "never do, and stand as counter-evidence or for display."
)
_NOT_PRINTED = {"Read by", "Further down", "Raised to"}  # who reads what changes with every rule, and explain says it


class Section(NamedTuple):
    """A part of the page: a section of the rulebook, its title, and what to know before it."""

    name: str
    title: str
    intro: str


SECTIONS = (
    Section(
        "mechanisms", "Mechanisms", "Five questions kept apart. That they are five, and these, is a design choice."
    ),
    Section(
        "rules",
        "Rules",
        "A rule that holds raises its mechanism to its level; the levels are design choices, every one. In braces "
        "stands what a patient's own value fills.",
    ),
    Section("rows", "The class table", "Read from the top; the first row that holds is the answer."),
    Section("classes", "Classes", "What the words of the answer mean."),
    Section("tiers", "Tiers", "Three questions; the first row that holds gives the tier. No tier is a probability."),
    Section("consider", "To consider, and alerts", "Beside the class; an alert stands above it."),
    Section("kinetics", "Time to calcification", "How long each finding takes, as published; shown and never scored."),
    Section(
        "levers", "What could be changed", "What studies found, for discussion; nothing reads it and nothing advises."
    ),
    Section("warnings", "Warnings", "What to know before an answer is used."),
    Section("profiles", "Profiles", "Whose thresholds count: each replaces shared numbers."),
    Section("parameters", "Shared numbers", "Numbers that several rules share, or that a profile may replace."),
    Section("facts", "Facts", "What follows from the inputs; rules read facts and inputs."),
    Section("variables", "Inputs", "What can be stated of a patient, what counts as it, and what is refused."),
    Section("terms", "Terms", "Words of the subject. They explain; no answer reads them."),
)


def pages() -> dict[Path, str]:
    """Return the text of each page."""
    explainer = Explainer(Rulebook(read_folder(FOLDER)))
    return {DOCS / "rulebook.md": rulebook_page(explainer), DOCS / "sources.md": _sources(explainer)}


# ---- the rulebook -------------------------------------------------------------------------------------------------


def rulebook_page(explainer: Explainer) -> str:
    """Return `docs/rulebook.md`, section after section."""
    data = explainer.whole.data
    known = {section.name for section in SECTIONS}
    more = [name for name in data if name not in known | OURS and isinstance(data[name], list | dict)]
    sections = [*SECTIONS, *(Section(name, name.replace("_", " ").capitalize(), "") for name in more)]
    parts = [_section(explainer, section) for section in sections]
    extra = {"What an input answers besides": _implied(explainer), "Beside the product": _product(explainer)}
    titles = [*(section.title for section, lines in zip(sections, parts, strict=True) if lines), *extra]
    lines = [
        _GENERATED,
        "",
        f"# {data['title']}: the rulebook, version {data['version']}",
        "",
        _INTRO,
        "",
        *(f"- [{title}](#{_anchor(title)})" for title in titles),
    ]
    lines += [line for part in parts for line in part]
    for title, found in extra.items():
        lines += ["", f"## {title}", "", *found]
    return "\n".join(lines) + "\n"


def _anchor(title: str) -> str:
    return "".join(char for char in title.casefold().replace(" ", "-") if char.isalnum() or char == "-")


def _section(explainer: Explainer, section: Section) -> list[str]:
    entries = [_entry(explainer, section.name, name) for name in _names(explainer, section.name)]
    if not entries:
        return []
    lines = ["", f"## {section.title}", *(["", section.intro] if section.intro else [])]
    if section.name == "rules":
        return [*lines, *_rules(explainer, entries)]
    return [*lines, *(line for entry in entries for line in _printed(entry, 3))]


def _names(explainer: Explainer, section: str) -> Iterator[str]:
    yield from (
        named.name for named in every_name(explainer.whole.data) if named.section == section and not named.owner
    )


def _entry(explainer: Explainer, section: str, name: str) -> Entry:
    found = explainer.entry(section, name)
    if found is None:
        sys.exit(f"{section}: {name} cannot be explained")
    return found


def _rules(explainer: Explainer, entries: Iterable[Entry]) -> Iterator[str]:
    """Group the rules by mechanism and, within it, by file."""
    of = {rule["id"]: rule["mechanism"] for rule in explainer.whole.data["rules"]}
    for mechanism, entry in explainer.whole.mechanisms.items():
        yield from ("", f"### {entry['label']}")
        rules = [rule for rule in entries if of[rule.name] == mechanism]
        for file, group in groupby(rules, key=lambda rule: rule.file):
            yield from ("", f"In `{file}`:")
            for rule in group:
                yield from _printed(rule, 4, file=False)


def _printed(entry: Entry, level: int, *, file: bool = True) -> Iterator[str]:
    said = entry._replace(parts=tuple(part for part in entry.parts if part.title not in _NOT_PRINTED))
    where = f", in `{entry.file}`" if file and entry.file else ""
    yield from ("", f"{'#' * level} {escaped(title_of(entry))}", "", f"{entry.kind} `{entry.name}`{where}", "")
    yield from body_of(said, _marks, level=0)


def _marks(cited: Iterable[Citation]) -> str:
    """Name each item and the place in it."""
    items = [f"`{each.id}`{_place(each.at)}" for each in cited]
    return f"({'; '.join(items)})" if items else ""


def _place(at: str) -> str:
    return "" if at == "claim" else f" {escaped(at)}"


def _implied(explainer: Explainer) -> Iterator[str]:
    type_ = Typography(explainer.whole)
    for entry in explainer.whole.data["implied"]:
        label, to = explainer.whole.label(entry["set"]), {True: "yes", False: "no"}.get(entry["to"], entry["to"])
        basis = " *(design choice)*" if entry["basis"] == "design-choice" else ""
        text = f"{label} is {to} when {type_.condition(entry['when'])}: {entry['because']}"
        yield f"- {escaped(text)}{basis} {_marks(citations(entry['where']))}".rstrip()


def _product(explainer: Explainer) -> Iterator[str]:
    """What the gauge says beside the product, with the sources of the product."""
    product, type_ = explainer.whole.data["product"], Typography(explainer.whole)
    yield f"For it {_marks(citations(product['where']))}, against it {_marks(citations(product['against']))}."
    yield ""
    for note in (*product["caveats"], *product["notes"]):
        always = note["when"] in (True, None, "True")
        when = "always" if always else f"when {type_.condition(str(note['when']))}"
        yield f"- {escaped(type_.sentence(note['say']))} ({escaped(when)})"


# ---- the sources --------------------------------------------------------------------------------------------------


def _sources(explainer: Explainer) -> str:
    data = explainer.whole.data
    lines = [
        _GENERATED,
        "",
        "# Sources",
        "",
        f"{len(data['references'])} {_ITEMS}",
    ]
    files = {name: explainer.whole.file("references", name) or "" for name in data["references"]}
    for file, names in groupby(data["references"], key=files.__getitem__):
        lines += ["", f"## {Path(file).stem.replace('_', ' ')}", "", f"`{file}`", "", _HEAD, _RULE]
        lines += [_line(explainer, name) for name in names]
    return "\n".join(lines) + "\n"


_HEAD = "| item | what it says | studied | strength, use | source | carries | against |"
_RULE = "| --- | --- | --- | --- | --- | --- | --- |"


def _line(explainer: Explainer, name: str) -> str:
    entry: Mapping[str, Any] = explainer.whole.data["references"][name]
    said = said_of(explainer.whole, name)
    values = "; ".join(f"{value.name} {value.text}" if value.name else value.text for value in said["Values"])
    claim = f"{entry['claim']} ({values})" if values else entry["claim"]
    standing = f"{entry['strength']}, {entry['use']}" + ("" if entry["verified"] else ", not verified")
    source = f"{escaped(entry['citation'])} {linked(explainer.whole.reference(name))}"
    carries, against = ("; ".join(each.text for each in said[title]) for title in ("Carries", "Argues against"))
    added = f" *Added here: {escaped(entry['added'])}*" if entry["added"] else ""
    cells = (escaped(claim) + added, escaped(entry["population"] or "not stated"), standing, source, carries, against)
    return f"| `{name}` | {' | '.join(cells)} |"


def main() -> int:
    """Write or check; 1 when a page is stale."""
    texts = pages()
    if "--check" not in sys.argv:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        path.name for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if stale:
        print(f"{', '.join(stale)}: stale, run 'make generate'", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
