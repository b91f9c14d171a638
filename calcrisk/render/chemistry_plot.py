"""The curves of the chemistry drawn in signs: the phosphate that saturates a serum, over its calcium."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import chemistry_words, words
from calcrisk.render.summary import INDENT, heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Chemistry
    from calcrisk.render.layout import Line, Page
    from calcrisk.render.summary import View

_NARROW = 60  # columns below which no plot is drawn
_ROWS = 16  # of the plot
_MARGIN = 6  # columns before it
_ROOM = 1.15  # of the highest that a plot shows, so that it does not touch the edge


def plot(view: View) -> Iterator[Line]:
    """Draw phosphate over calcium: the product's line, the curves of saturation, and where the patient stands."""
    shown, page = view.assessment.chemistry, view.page
    if shown is None or shown.isopleth is None:
        return
    if page.width < _NARROW:
        yield from page.paragraph([(f"The plot takes a page of {_NARROW} columns, or --format svg.", "dim")])
        return
    yield from heading(view, "Phosphate that saturates this serum, over its calcium (mg/dL)")
    field = _Field(shown, page)
    for row in range(_ROWS, -1, -1):
        mark = words.number(field.highest * row / _ROWS, 2) if row % (_ROWS // 2) == 0 else ""
        yield [(f"{mark.rjust(_MARGIN - 1)} ", "dim"), *field.row(row)]
    first, last = map(words.number, ends_of(shown))
    yield [(" " * _MARGIN + first.ljust(field.width - len(last)) + last, "dim")]
    for said in _legend(view, shown):
        yield from page.paragraph([(page.show(said), "")], first=(INDENT, ""))


def _legend(view: View, shown: Chemistry) -> Iterator[str]:
    glyphs = view.page.glyphs
    said = f"{glyphs.step} Ca×P {words.number(view.assessment.ca_p_product.threshold)}; {glyphs.bullet} brushite; "
    if band := chemistry_words.band_of_curve(shown):
        lowest, highest = (words.number(times, 2) for times in band)
        said = f"{said.removesuffix('; ')} (by other published constants {lowest} to {highest} times as high); "
    said += f"{glyphs.possible} amorphous calcium phosphate; X this patient"
    where = chemistry_words.point(shown, ends_of(shown), "x")
    yield f"{said} ({where})." if where else f"{said}."
    yield f"Curves of this serum: {chemistry_words.curves_of(shown)}."


def ends_of(shown: Chemistry) -> tuple[float, float]:
    """Return the calcium (mg/dL) at both ends of a plot."""
    calcium = [value for value in (shown.isopleth or {})["calcium"] if value is not None]
    return calcium[0], calcium[-1]


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
        total, (calcium, phosphate) = shown.measured_total_mg_dl, shown.point_mg_dl
        self._point(total, phosphate, "x")
        self._point(calcium, phosphate, "X")

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

    def _point(self, calcium: float | None, phosphate: float | None, sign: str) -> None:
        if calcium is not None and phosphate is not None:
            first, last = ends_of(self.shown)
            place = (calcium - first) / (last - first)
            column = round(min(max(place, 0), 1) * (self.width - 1))  # outside the curves: at the edge
            self._set(column, phosphate, sign, "bold red")

    def _set(self, column: int, value: float, sign: str, style: str) -> None:
        row = round(value / self.highest * _ROWS)
        if row <= _ROWS:
            self.signs[row, column] = (sign, style)
