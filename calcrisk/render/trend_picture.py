"""A trend as a picture (SVG) for documents: the product over time, its limit, the interval of each reading."""

from __future__ import annotations

from datetime import date
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from calcrisk.printed import limit_text
from calcrisk.render import svg, trend_words, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Document = Mapping[str, Any]

_WIDE: Final = 760  # the picture, in its own units
_HIGH: Final = 420  # and its height
_LEFT: Final = 60  # of these before the plot
_RIGHT: Final = 30  # and behind it
_TOP: Final = 64  # above it
_BOTTOM: Final = 96  # and beneath it
_LINE: Final = 18  # from one line of text to the next
_DOT: Final = 5  # radius of a reading
_TICKS: Final = 4  # at each axis
_ROOM: Final = 1.06  # of the highest that is drawn
_MEASURE: Final = 100  # letters of a line beneath
_LIMIT, _ABOVE, _BELOW, _BAND = "#777777", "#b03060", "#ffffff", "#9bb7d4"


def picture(trend: Document) -> str:
    """Draw a trend; ends with one line break."""
    drawing = _Drawing(trend)
    beneath = list(_beneath(trend))
    high = _HIGH + _LINE * len(beneath)
    who = trend["patient"]["id"] or "patient without an id"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {high}" role="img" {svg.FONT}>',
        f"<title>{escape(words.clean(trend['sentence']))}</title>",
        f'<rect width="{_WIDE}" height="{high}" fill="white"/>',
        svg.text(_LEFT, _LINE, f"{who}: {trend_words.name_of(trend)} over time (mg²/dL²)"),
        *(svg.text(_LEFT, _LINE * at, line) for at, line in enumerate(_lines(trend["sentence"]), 2)),
        *drawing.axes(),
        *drawing.readings(),
        *_legend(trend),
        *(svg.text(_LEFT, _HIGH + _LINE * at, line) for at, line in enumerate(beneath)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(trend: Document) -> Iterator[str]:
    limit = limit_text(trend["threshold"])
    told = f"Filled: at or above {limit}; hollow: below; dashed line: {limit}; crosses: not used."
    yield svg.text(_LEFT, _HIGH - _LINE * 2, told)
    if trend["noise"]:
        sure = f"{trend['noise']['confidence']:.0%}"
        yield svg.text(_LEFT, _HIGH - _LINE, f"Bars: {sure} interval of one reading. {trend['noise']['says']}")


def _beneath(trend: Document) -> Iterator[str]:
    """Give what must stand beside the product wherever it goes, in lines."""
    said = [f"ALERT: {each['title']} (calcrisk assess says why)." for each in trend["alerts"]]
    said += [*(f"Mind: {caveat}." for caveat in trend["caveats"]), *trend_words.open_limit(trend)]
    said += [*trend_words.left_out(trend), *_of_noise(trend["noise"]), *trend_words.others(trend), *_unsaid(trend)]
    for text in (*said, trend["notice"]):
        yield from _lines(text)


def _of_noise(noise: Document | None) -> Iterator[str]:
    if noise:
        yield from (f"No set point is told: {each['says']}." for each in noise["no_set_point"])
        yield from noise["caveats"]


def _unsaid(trend: Document) -> Iterator[str]:
    """Say how much else stands on the page, which a picture has no room for."""
    said = (("warnings", "warning", None), ("consider", "pattern to consider", "patterns to consider"))
    many = [
        words.plural(len(trend[key]), one, more) for key, one, more in (*said, ("notes", "note", None)) if trend[key]
    ]
    if many:
        yield f"Not said here: {words.listed(many)}. calcrisk trend says them."


def _lines(text: str) -> list[str]:
    return wrap(words.clean(text), _MEASURE)


class _Drawing:
    """Places days and products in the picture."""

    def __init__(self, trend: Document) -> None:
        self.trend = trend
        times = [row["time"] for row in trend["panels"]]
        self.first, self.last = min(times), max(times)
        used = [row for row in trend["panels"] if row["usable"]]
        self.highest = _ROOM * max([trend["threshold"], *(row["highest"] or row["product"] for row in used)])

    def x(self, time: float) -> float:
        span = self.last - self.first
        return _LEFT + _DOT + ((time - self.first) / span if span else 1 / 2) * (_WIDE - _LEFT - _RIGHT - 2 * _DOT)

    def y(self, value: float) -> float:
        share: float = value / self.highest
        return _HIGH - _BOTTOM - share * (_HIGH - _TOP - _BOTTOM)

    def axes(self) -> Iterator[str]:
        low, right, limit = self.y(0), _WIDE - _RIGHT, self.y(self.trend["threshold"])
        yield f'<path d="M{_LEFT} {_TOP}V{low:.1f}H{right}" fill="none" stroke="black"/>'
        yield f'<path d="M{_LEFT} {limit:.1f}H{right}" stroke="{_LIMIT}" stroke-dasharray="6 4"/>'
        yield svg.text(_LEFT - _DOT, limit + _DOT, limit_text(self.trend["threshold"]), "end")
        for value in (0, self.highest):
            yield svg.text(_LEFT - _DOT, self.y(value) + _DOT, f"{value:.0f}", "end")
        first, last = int(self.first), int(self.last)
        ticks = sorted({round(first + (last - first) * at / _TICKS) for at in range(_TICKS + 1)})
        for tick in ticks:
            anchor = "start" if tick == ticks[0] else "end" if tick == ticks[-1] else "middle"
            place = self.x(min(max(tick, self.first), self.last))
            yield svg.text(place, low + _LINE, date.fromordinal(tick).isoformat(), anchor)

    def readings(self) -> Iterator[str]:
        used = [row for row in self.trend["panels"] if row["usable"]]
        points = " ".join(f"{self.x(row['time']):.1f},{self.y(row['product']):.1f}" for row in used)
        for row in used:
            if row["lowest"] is not None:
                ends = f"M{self.x(row['time']):.1f} {self.y(row['lowest']):.1f}V{self.y(row['highest']):.1f}"
                yield f'<path d="{ends}" stroke="{_BAND}" stroke-width="{_DOT}"/>'
        yield f'<polyline points="{points}" fill="none" stroke="black" stroke-width="1"/>'
        for row in self.trend["panels"]:
            yield self._sign(row)

    def _sign(self, row: Document) -> str:
        x = self.x(row["time"])
        if row["usable"]:
            fill = _ABOVE if row["at_or_above"] else _BELOW
            return f'<circle cx="{x:.1f}" cy="{self.y(row["product"]):.1f}" r="{_DOT}" fill="{fill}" stroke="black"/>'
        y = self.y(0) - 2 * _DOT
        cross = f"M{x - _DOT:.1f} {y - _DOT:.1f}l{2 * _DOT} {2 * _DOT}m0 {-2 * _DOT}l{-2 * _DOT} {2 * _DOT}"
        return f'<path d="{cross}" stroke="{_LIMIT}" stroke-width="2" fill="none"/>'
