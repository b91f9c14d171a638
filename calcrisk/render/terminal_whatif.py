"""A what-if as a page of the terminal: before beside after, what reaches a goal, a plane in signs."""

from __future__ import annotations

from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

from calcrisk.render import background, summary, whatif, words
from calcrisk.render.citations import Numbers, address, short
from calcrisk.render.layout import Printed, length
from calcrisk.render.plane import lines as plane_lines
from calcrisk.render.summary import INDENT, View, heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from calcrisk.render.layout import Line, Page
    from calcrisk.scenario import Scenario

_WIDEST = 34  # columns of a label
_STACKED = 50  # columns below which before and after stand beneath the label
_HEAD = ("", "before", "after")


def print_to(console: Console, shown: Scenario) -> None:
    """Print the page, as wide as the console."""
    console.print(Printed(partial(_lines, shown)), crop=False)


def _lines(shown: Scenario, page: Page) -> Iterator[Line]:
    view = View.of(shown.before, page)._replace(numbers=Numbers(shown.references()))
    yield from summary.identity(view)
    yield []
    for section in whatif.sections(shown, view.numbers):
        yield from heading(view, section.title)
        yield from _rows(page, section.rows)
        for item in section.items:
            yield from _item(page, item)
        yield []
    if shown.plane is not None:
        yield from heading(view, f"{shown.plane.label} over {shown.plane.x.label} and {shown.plane.y.label}")
        yield from plane_lines(page, shown.plane)
        yield []
    yield from _references(view, shown)
    yield from page.paragraph([(page.show(shown.notice), "dim")])
    yield from background.footer(view)


def _rows(page: Page, rows: tuple[tuple[str, str, str], ...]) -> Iterator[Line]:
    if not rows:
        return
    if page.width < _STACKED:
        for label, before, after in rows:
            text = f"{page.show(label)}: {page.show(before)} {page.glyphs.arrow} {page.show(after)}"
            yield from page.paragraph([(text, "")], first=(INDENT, ""))
        return
    first = min(_WIDEST, max(len(label) for label, _, _ in rows) + 2)
    other = (page.width - len(INDENT) - first) // 2
    for row in (_HEAD, *rows):
        style = "dim" if row is _HEAD else ""
        cells = [_cell(page, text, width, style) for text, width in zip(row, (first, other, other), strict=True)]
        for parts in zip_longest(*cells, fillvalue=[]):
            line: Line = [(INDENT, "")]
            for part, width in zip(parts, (first, other, other), strict=True):
                line += [*part, (" " * (width - length(part)), "")]
            yield line


def _cell(page: Page, text: str, width: int, style: str) -> list[Line]:
    return list(page.narrower(width - 1).paragraph([(page.show(text), style)]))


def _item(page: Page, item: whatif.Item) -> Iterator[Line]:
    bullet = f"{INDENT}{page.glyphs.bullet} "
    yield from page.paragraph([(page.show(item.strong), "bold"), (f" {page.show(item.text)}", "")], first=(bullet, ""))
    for text in item.under:
        yield from page.paragraph([(page.show(text), "")], first=(" " * (len(bullet) + 2), ""))


def _references(view: View, shown: Scenario) -> Iterator[Line]:
    known, cited = shown.references(), view.numbers.cited()
    if cited:
        yield from heading(view, "Sources")
        for number, name in cited.items():
            text = " ".join(part for part in (*short(known[name].citation), address(known[name])) if part)
            yield from view.page.paragraph(
                [(view.page.show(words.clean(text)), "")], first=(f"{INDENT}[{number}] ", "")
            )
        yield []
