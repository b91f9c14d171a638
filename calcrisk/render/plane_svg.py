"""A plane as a picture (SVG): the regions of the answers, the limit of the product, the patient."""

from __future__ import annotations

import math
from html import escape
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from calcrisk.render import svg, whatif, words
from calcrisk.render.plane import keys, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.scenario import Axis, Plane, Scenario

_WIDE = 760  # the picture, in its own units
_LEFT = 72  # of these before the plane
_TOP = 56  # above it
_PLANE = (480, 360)  # its width and height
_BESIDE = 24  # from the plane to the legend
_LINE = 19  # from one line of text to the next
_UNDER = 40  # columns of the names of the axes beneath
_HIGH = 560  # of the picture
_BOX = 14  # side of a colour in the legend
_DOT = 6  # radius of the patient's point
_TICKS = 7  # at each axis, at most
_ROUND = (1, 2, 5, 10)  # steps that are easily read, times a power of ten
_MEASURE = 92  # letters of a line of the notice
# From pale to dark, so that the order shows on a grey printer too; a class takes the next of its own.
_TIERS = {"low": "#eef3f7", "moderate": "#f6dc9b", "high": "#e58c5a", "very_high": "#a63a3a"}
_CLASSES = ("#eef3f7", "#9ecae1", "#f6dc9b", "#e58c5a", "#b5d3a7", "#c9b3d6", "#d9d9d9", "#a63a3a")
_UNASKED = "#ffffff"


def picture(shown: Scenario) -> str:
    """Draw the plane of a scenario that has one."""
    plane = shown.plane
    if plane is None:
        message = "only a scenario with a plane is drawn"
        raise ValueError(message)
    who = shown.before.patient.id or "patient without an id"
    drawing = _Drawing(plane)
    above = [line for said in whatif.above(shown.before) for line in _broken(" ".join(said))]
    high = _HIGH + len(above) * _LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {high}" {svg.FONT}>',
        f"<title>{escape(words.clean(_title(plane, who)))}</title>",
        f'<rect width="{_WIDE}" height="{high}" fill="white"/>',
        _text(_LEFT, _LINE + 2, _title(plane, who), size="bold"),
        *drawing.cells(),
        *drawing.curve(),
        *drawing.axes(),
        *drawing.point(),
        *drawing.legend(),
        *_beneath([*above, *_broken(shown.notice), ", ".join(words.origin(shown.before))], high),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _title(plane: Plane, who: str) -> str:
    return f"{plane.label} on the rules, all else as stated: {who}"


def _text(x: float, y: float, text: str, anchor: str = "start", size: str = "normal") -> str:
    return svg.text(x, y, words.pretty(text), anchor, f' font-weight="{size}"')


class _Drawing:
    """Places the values of a plane in the picture."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.colours = _colours(plane)
        self.bottom = _TOP + _PLANE[1]

    def x(self, value: float) -> float:
        return _LEFT + _part(self.plane.x, value) * _PLANE[0]

    def y(self, value: float) -> float:
        return self.bottom - _part(self.plane.y, value) * _PLANE[1]

    def cells(self) -> Iterator[str]:
        """Give one rectangle for each run of equal cells of a row."""
        wide, high = _PLANE[0] / len(self.plane.x.values), _PLANE[1] / len(self.plane.y.values)
        yield '<g shape-rendering="crispEdges">'
        for row, cells in enumerate(self.plane.cells):
            start = 0
            for answer, run in groupby(cells):
                count = len(list(run))
                place = f'x="{_LEFT + start * wide:.2f}" y="{self.bottom - (row + 1) * high:.2f}"'
                size = f'width="{count * wide:.2f}" height="{high:.2f}"'
                yield f'<rect {place} {size} fill="{self.colours[answer]}"/>'
                start += count
        yield "</g>"

    def curve(self) -> Iterator[str]:
        points = " ".join(f"{self.x(one):.1f},{self.y(two):.1f}" for one, two in self.plane.curve)
        if points:
            yield f'<polyline points="{points}" fill="none" stroke="black" stroke-width="2" stroke-dasharray="6 4"/>'

    def axes(self) -> Iterator[str]:
        yield f'<rect x="{_LEFT}" y="{_TOP}" width="{_PLANE[0]}" height="{_PLANE[1]}" fill="none" stroke="black"/>'
        for value in _ticks(self.plane.x):
            yield f'<path d="M{self.x(value):.1f} {self.bottom}v{_BOX / 2 / 2}" stroke="black"/>'
            yield _text(self.x(value), self.bottom + _LINE, words.number(value), "middle")
        for value in _ticks(self.plane.y):
            yield f'<path d="M{_LEFT} {self.y(value):.1f}h-{_BOX / 2 / 2}" stroke="black"/>'
            yield _text(_LEFT - _BOX / 2, self.y(value) + _BOX / 2 / 2, words.number(value), "end")
        yield _text(_LEFT + _PLANE[0] / 2, self.bottom + _UNDER, named(self.plane.x), "middle")
        yield _text(_LEFT, _TOP - _BOX / 2, named(self.plane.y))

    def point(self) -> Iterator[str]:
        one, two = self.plane.x.now, self.plane.y.now
        if one is None or two is None or not (_within(self.plane.x, one) and _within(self.plane.y, two)):
            return
        place = f'cx="{self.x(one):.1f}" cy="{self.y(two):.1f}" r="{_DOT}"'
        yield f'<circle {place} fill="black" stroke="white" stroke-width="2"/>'

    def legend(self) -> Iterator[str]:
        left, down = _LEFT + _PLANE[0] + _BESIDE, _TOP + _BOX
        for answer in keys(self.plane):
            place = f'x="{left}" y="{down - _BOX + 2}" width="{_BOX}" height="{_BOX}"'
            yield f'<rect {place} fill="{self.colours[answer]}" stroke="black"/>'
            yield _text(left + _BESIDE, down, words.word(self.plane.answers[answer]))
            down += _LINE
        if self.plane.curve and self.plane.limit is not None:
            style = 'stroke="black" stroke-width="2" stroke-dasharray="6 2"'
            yield f'<path d="M{left} {down - _BOX / 2 + 2:.1f}h{_BOX}" {style}/>'
            yield _text(
                left + _BESIDE, down, f"product {words.number(self.plane.limit)} {words.unit(self.plane.limit_unit)}"
            )
            down += _LINE
        yield f'<circle cx="{left + _BOX / 2:.1f}" cy="{down - _BOX / 2 + 2:.1f}" r="{_DOT}"/>'
        yield from (
            _text(left + _BESIDE, down + place * _LINE, line) for place, line in enumerate(_patient(self.plane))
        )


def _patient(plane: Plane) -> tuple[str, ...]:
    one, two = plane.x.now, plane.y.now
    if one is None or two is None:
        return ("this patient: not both", "are stated exactly")
    inside = _within(plane.x, one) and _within(plane.y, two)
    return ("this patient" if inside else "this patient, outside:", f"{words.number(one)} and {words.number(two)}")


def _colours(plane: Plane) -> Mapping[int, str]:
    colours = {}
    for place, (answer, key) in enumerate(keys(plane).items()):
        name = plane.answers[answer]
        unasked = key.sign == "?"
        colours[answer] = _UNASKED if unasked else _TIERS.get(name) or _CLASSES[place % len(_CLASSES)]
    return colours


def _ticks(axis: Axis) -> Iterator[float]:
    """Give round values along a side, not too many of them."""
    coarse = (axis.high - axis.low) / _TICKS
    power = _ROUND[-1] ** math.floor(math.log10(coarse))
    step = next(each * power for each in _ROUND if each * power >= coarse)
    for count in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1):
        yield count * step


def _part(axis: Axis, value: float) -> float:
    return (value - axis.low) / (axis.high - axis.low)


def _within(axis: Axis, value: float) -> bool:
    return axis.low <= value <= axis.high


def _beneath(lines: list[str], high: int) -> Iterator[str]:
    for place, line in enumerate(reversed(lines)):
        yield _text(_LEFT, high - _BOX - place * _LINE, line)


def _broken(text: str) -> list[str]:
    return wrap(text, _MEASURE, break_long_words=False, break_on_hyphens=False)
