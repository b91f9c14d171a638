"""A plane in signs: the answer in each cell, the limit of the product, the patient. It reads without colour."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from calcrisk.render import words
from calcrisk.render.gauge import heat
from calcrisk.render.layout import ASCII, padded
from calcrisk.scenario import NOT_ASSESSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.render.layout import Line, Page, Styled
    from calcrisk.scenario import Axis, Plane

_MARGIN = 8  # columns before the plane
_SHADES = "·░▒▓"  # of tiers, the lowest first
_PLAIN = ".-+#"  # the same in ASCII
_NOTHING = "?"  # not assessed
_CURVE = "*"
_PATIENT = "X"


class Key(NamedTuple):
    """How an answer is drawn."""

    sign: str
    style: str


def keys(plane: Plane, page: Page | None = None) -> Mapping[int, Key]:
    """Return the sign of each answer in the plane: shades for tiers, letters for classes."""
    found = sorted({answer for row in plane.cells for answer in row})
    shades = _PLAIN if page is not None and page.glyphs == ASCII else _SHADES
    known = [words.rank(name, words.TIERS) for name in plane.answers]
    signs = {}
    for place, at in enumerate(found):
        tier = known[at] >= 0
        unasked = plane.answers[at] == NOT_ASSESSED
        sign = shades[known[at]] if tier else _NOTHING if unasked else ascii_uppercase[place % len(ascii_uppercase)]
        signs[at] = Key(sign, heat(plane.answers[at]))
    return signs


def lines(page: Page, plane: Plane) -> Iterator[Line]:
    """Draw the plane as wide as the page allows."""
    drawn = keys(plane, page)
    rows, columns = len(plane.cells), min(len(plane.x.values), page.width - _MARGIN - 1)
    signs = _Signs(plane, rows, columns)
    for row in reversed(range(rows)):
        spans: Line = [(_left(plane.y, row, rows), "")]
        for column in range(columns):
            key = drawn[plane.cells[row][signs.cell(column)]]
            spans.append(signs.over.get((row, column), key))
        yield spans
    yield from _beneath(page, plane, columns, drawn)


class _Signs:
    """Where the curve and the patient stand."""

    def __init__(self, plane: Plane, rows: int, columns: int) -> None:
        self._plane, self._columns = plane, columns
        self.over: dict[tuple[int, int], Styled] = {}
        for one, two in plane.curve:
            self._put(one, two, rows, (_CURVE, "bold"))
        if plane.x.now is not None and plane.y.now is not None:
            self._put(plane.x.now, plane.y.now, rows, (_PATIENT, "bold reverse"))

    def cell(self, column: int) -> int:
        """Return the cell that a column of the page shows."""
        return (2 * column + 1) * len(self._plane.x.values) // (2 * self._columns)

    def _put(self, one: float, two: float, rows: int, sign: Styled) -> None:
        x, y = _place(self._plane.x, one, self._columns), _place(self._plane.y, two, rows)
        if x is not None and y is not None:
            self.over[y, x] = sign


def _place(axis: Axis, value: float, count: int) -> int | None:
    part = (value - axis.low) / (axis.high - axis.low)
    return min(int(part * count), count - 1) if 0 <= part <= 1 else None


def _left(axis: Axis, row: int, rows: int) -> str:
    told = {rows - 1: axis.high, rows // 2: axis.low + (axis.high - axis.low) * (rows // 2) / rows, 0: axis.low}
    return (words.number(told[row]) if row in told else "").rjust(_MARGIN - 2) + " |"


def _beneath(page: Page, plane: Plane, columns: int, drawn: Mapping[int, Key]) -> Iterator[Line]:
    low, middle, high = (words.number(value) for value in (plane.x.low, (plane.x.low + plane.x.high) / 2, plane.x.high))
    half = columns // 2
    yield [(" " * _MARGIN + padded(padded(low, half - len(middle) // 2) + middle, columns - len(high)) + high, "")]
    yield from page.paragraph([(page.show(f"Across: {named(plane.x)}. Up: {named(plane.y)}."), "")])
    legend = [f"{key.sign} {words.word(plane.answers[at])}" for at, key in drawn.items()]
    if plane.curve and plane.limit is not None:
        legend.append(f"{_CURVE} product at {words.number(plane.limit)} {words.unit(plane.limit_unit)}")
    legend.append(f"{_PATIENT} this patient{_outside(plane)}")
    yield from page.paragraph([(page.show("   ".join(legend)), "")])


def named(axis: Axis) -> str:
    """Name a side with its unit."""
    return f"{axis.label}, {words.unit(axis.unit)}".rstrip(", ")


def _outside(plane: Plane) -> str:
    one, two = plane.x.now, plane.y.now
    if one is None or two is None:
        return " has no place: not both are stated exactly"
    inside = plane.x.low <= one <= plane.x.high and plane.y.low <= two <= plane.y.high
    return "" if inside else f" lies outside, at {words.number(one)} and {words.number(two)}"
