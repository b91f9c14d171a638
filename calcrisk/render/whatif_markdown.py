"""A what-if as a Markdown note; every text of the rulebook and the patient is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import whatif, words
from calcrisk.render.citations import Numbers
from calcrisk.render.layout import MEASURE, Page, finished
from calcrisk.render.markdown import escaped, linked
from calcrisk.render.plane import lines as plane_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.scenario import Scenario


def markdown(shown: Scenario) -> str:
    """Write the note; it ends with one line break."""
    numbers = Numbers(shown.references())
    told = [_section(section) for section in whatif.sections(shown, numbers)]
    blocks = [_head(shown), *told, _plane(shown), _references(shown, numbers), _foot(shown)]
    return "\n\n".join("\n".join(lines) for lines in map(list, blocks) if lines) + "\n"


def _head(shown: Scenario) -> Iterator[str]:
    yield f"# What if: {escaped(shown.before.patient.id or 'patient without an id', pretty=False)}"


def _section(section: whatif.Section) -> Iterator[str]:
    yield from (f"## {escaped(section.title)}", "")
    if section.rows:
        yield from ("| | Before | After |", "| --- | --- | --- |")
        yield from (f"| {' | '.join(map(escaped, row))} |" for row in section.rows)
        if section.items:
            yield ""
    for item in section.items:
        yield f"- **{escaped(item.strong)}** {escaped(item.text)}".rstrip()
        yield from (f"  - {escaped(text)}" for text in item.under)


def _plane(shown: Scenario) -> Iterator[str]:
    if shown.plane is None:
        return
    plane = shown.plane
    yield f"## {escaped(f'{plane.label} over {plane.x.label} and {plane.y.label}')}"
    yield from ("", "```text")
    for line in plane_lines(Page.of(MEASURE, "utf-8"), plane):
        yield "".join(text for text, _ in finished(line)).rstrip()
    yield "```"


def _references(shown: Scenario, numbers: Numbers) -> Iterator[str]:
    known, cited = shown.references(), numbers.cited()
    if cited:
        yield from ("## Sources", "")
    for number, name in cited.items():
        yield f"{number}. {escaped(known[name].citation)} {linked(known[name])}".rstrip()


def _foot(shown: Scenario) -> Iterator[str]:
    yield from (f"_{escaped(shown.notice)}_", "", "---", "")
    yield ", ".join(escaped(part, pretty=False) for part in words.origin(shown.before))
