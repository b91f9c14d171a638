"""The chemistry in a terminal: where the ions are, how far each solid is from saturation, the curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import chemistry_words, words
from calcrisk.render.layout import padded
from calcrisk.render.summary import INDENT, heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Chemistry, Saturation
    from calcrisk.render.layout import Line, Page
    from calcrisk.render.summary import View

_NAME = 17  # columns before a number or a bar
_BAR = 20  # columns of a bar
_SOLID = 28  # columns before an index
_INDEX = 8  # columns of an index, and
_BAND = 18  # of its range
_NARROW = 60  # columns below which no bar and no plot is drawn
_ROWS = 16  # of the plot
_MARGIN = 6  # columns before it
_ROOM = 1.15  # of the highest that a plot shows, so that it does not touch the edge


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
    yield from page.paragraph(
        [("Saturation index (log10 of activity product over solubility product; 0 is saturated)", "")],
        first=(INDENT, ""),
    )
    for part in shown.saturation.values():
        yield from _index(page, part)


def _index(page: Page, part: Saturation) -> Iterator[Line]:
    start = [
        (INDENT * 2 + padded(page.show(part.label), _SOLID), ""),
        (chemistry_words.index(part).rjust(_INDEX), "bold"),
    ]
    if page.width < _NARROW:
        yield start
        return
    between = f"{INDENT}{padded(page.show(chemistry_words.band(part)), _BAND)}"
    yield from _behind(page, [*start, (between, "dim")], page.show(chemistry_words.side(part)))


# ---- the plot --------------------------------------------------------------------------------------------------------


def plot(view: View) -> Iterator[Line]:
    """Draw phosphate over calcium: the product's line, the curves of saturation, and where the patient stands."""
    shown, page = view.assessment.chemistry, view.page
    if shown is None or shown.isopleth is None or page.width < _NARROW:
        return
    yield from heading(view, "Phosphate that saturates this serum, over its calcium (mg/dL)")
    field = _Field(shown, page)
    for row in range(_ROWS, -1, -1):
        mark = words.number(field.highest * row / _ROWS, 2) if row % (_ROWS // 2) == 0 else ""
        yield [(f"{mark.rjust(_MARGIN - 1)} ", "dim"), *field.row(row)]
    calcium = shown.isopleth["calcium"]
    ends = [words.number(at) for at in (calcium[0], calcium[-1]) if at is not None]
    yield [(" " * _MARGIN + ends[0].ljust(field.width - len(ends[1])) + ends[1], "dim")]
    glyphs = page.glyphs
    legend = f"{glyphs.step} Ca×P {words.number(view.assessment.ca_p_product.threshold)}; {glyphs.bullet} brushite; "
    legend += f"{glyphs.possible} amorphous calcium phosphate; X this patient"
    yield from page.paragraph([(page.show(legend), "")], first=(INDENT, ""))


def highest_of(shown: Chemistry) -> float:
    """Return the phosphate (mg/dL) at the top of a plot: room for the patient and for brushite, not for every curve."""
    curves = shown.isopleth or {}
    brushite = [value for value in curves.get("dcpd", ()) if value is not None]
    own = shown.point_mg_dl[1] or 0
    return _ROOM * max([own, *brushite, *(value for value in curves.get("product", ()) if value is not None)])


class _Field:
    """The grid of signs."""

    def __init__(self, shown: Chemistry, page: Page) -> None:
        self.shown, self.page = shown, page
        self.width = page.width - _MARGIN - len(INDENT)
        self.highest = highest_of(shown)
        curves = shown.isopleth or {}
        signs = {"acp": page.glyphs.possible, "dcpd": page.glyphs.bullet, "product": page.glyphs.step}
        self.signs: dict[tuple[int, int], tuple[str, str]] = {}
        for name, sign in signs.items():
            self._draw(curves["calcium"], curves.get(name, ()), sign)
        self._point(curves["calcium"])

    def row(self, row: int) -> Line:
        return [self.signs.get((row, column), (" ", "")) for column in range(self.width)]

    def _draw(self, xs: tuple[float | None, ...], ys: tuple[float | None, ...], sign: str) -> None:
        last = len(xs) - 1
        for column in range(self.width):
            at = column / (self.width - 1) * last
            left = min(int(at), last - 1)
            low, high = ys[left], ys[left + 1]
            if low is not None and high is not None:
                self._set(column, low + (high - low) * (at - left), sign, "")

    def _point(self, xs: tuple[float | None, ...]) -> None:
        calcium, phosphate = self.shown.point_mg_dl
        first, last = xs[0], xs[-1]
        if None not in (calcium, phosphate, first, last):
            place = ((calcium or 0) - (first or 0)) / ((last or 0) - (first or 0))
            column = round(min(max(place, 0), 1) * (self.width - 1))  # outside the curves: at the edge
            self._set(column, phosphate or 0, "X", "bold red")

    def _set(self, column: int, value: float, sign: str, style: str) -> None:
        row = round(value / self.highest * _ROWS)
        if row <= _ROWS:
            self.signs[row, column] = (sign, style)
