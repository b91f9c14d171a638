"""The chemistry in a terminal: where the ions are, how far each solid is from saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import chemistry_words
from calcrisk.render.layout import cells, padded
from calcrisk.render.summary import INDENT, heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.assessment import Chemistry, Saturation
    from calcrisk.render.layout import Line, Page
    from calcrisk.render.summary import View

_BENEATH = INDENT * 3  # before what stands beneath a solid
_NAME = 17  # columns before a number or a bar
_BAR = 20  # columns of a bar
_SOLID = 28  # columns before an index
_INDEX = 8  # columns of an index, and
_BAND = 18  # of its range
_COLUMNS = len(_BENEATH) + _SOLID + _INDEX + _BAND  # before what is said of a solid
_NARROW = 60  # columns below which no bar is drawn, and a solid is a sentence


def section(view: View) -> Iterator[Line]:
    """Show the chemistry of a serum, if it was asked for."""
    shown = view.assessment.chemistry
    if shown is None:
        return
    yield from heading(view, chemistry_words.TITLE)
    if shown.why is None:
        yield from _numbers(view.page, shown)
        yield from _indices(view.page, shown)
    for sentence in chemistry_words.sentences(shown):
        yield from view.page.paragraph([(view.page.show(sentence), "")], first=(INDENT, ""))
    for part in shown.warnings:
        yield from view.page.paragraph([(view.page.show(part.message), "")], first=(f"{INDENT}! ", "bold"))


def _numbers(page: Page, shown: Chemistry) -> Iterator[Line]:
    told = [(page.show(chemistry_words.ionised(shown)), "bold")]
    yield from page.paragraph(told, first=(INDENT + padded("Ionised calcium", _NAME), ""))
    if said := chemistry_words.consistent(shown):
        yield from page.paragraph([(page.show(said), "")], first=(INDENT + " " * _NAME, ""))
    for name, parts in (("Calcium", shown.calcium), ("Phosphate", shown.phosphate)):
        first: Line = [(INDENT + padded(name, _NAME), "")]
        if page.width >= _NARROW:
            first += [*_bar(page, [value or 0 for value in parts.values()]), (INDENT, "")]
        yield from _behind(page, first, page.show(chemistry_words.shares(parts)))


def _behind(page: Page, first: Line, text: str) -> Iterator[Line]:
    """Set a text behind a drawn beginning, its further lines beneath it."""
    taken = sum(len(part) for part, _ in first)
    for position, line in enumerate(page.narrower(page.width - taken).paragraph([(text, "")])):
        yield [*first, *line] if not position else [(" " * taken, ""), *line]


def _bar(page: Page, parts: list[float]) -> Line:
    """Draw shares: solid what is free, hollow the next, dots the rest."""
    signs = (page.glyphs.reached, page.glyphs.possible, page.glyphs.step)
    whole = sum(parts)
    first, second = round(parts[0] / whole * _BAR), round(sum(parts[:2]) / whole * _BAR)
    counts = (first, second - first, _BAR - second)
    return [(sign * count, "bold" if sign == signs[0] else "dim") for sign, count in zip(signs, counts, strict=True)]


def _indices(page: Page, shown: Chemistry) -> Iterator[Line]:
    yield from page.paragraph([(page.show(shown.says["not_news"]), "bold")], first=(INDENT, ""))
    yield from page.paragraph(
        [("Saturation index (log10 of activity product over solubility product; 0 is saturated)", "")],
        first=(INDENT, ""),
    )
    solids = shown.saturation.values()
    beneath = not _has_room(page, solids)
    for part in solids:
        yield from _index(page, part, beneath=beneath)


def _index(page: Page, part: Saturation, *, beneath: bool) -> Iterator[Line]:
    label, number = page.show(part.label), chemistry_words.index(part)
    band, side = (page.show(text(part)) for text in (chemistry_words.band, chemistry_words.side))
    if page.width < _NARROW:
        said = [(f"{label}: ", ""), (number, "bold"), (f" ({band}), {side}" if side else "", "")]
        yield from page.paragraph(said, first=(INDENT * 2, ""), rest=(_BENEATH, ""))
        return
    yield [
        (INDENT * 2 + padded(label, _SOLID), ""),
        (number.rjust(_INDEX), "bold"),
        (INDENT + padded(band, _BAND), "dim"),
        *([] if beneath else [(side, "")]),
    ]
    if beneath and side:
        yield [(_BENEATH + side, "")]


def _has_room(page: Page, parts: Iterable[Saturation]) -> bool:
    """Tell whether what is said of every solid fits behind its range."""
    widest = max(cells(page.show(chemistry_words.side(part))) for part in parts)
    return _COLUMNS + widest <= page.width
