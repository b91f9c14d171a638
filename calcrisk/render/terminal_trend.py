"""A trend in a terminal: the sentence, the product over time beside its limit, the panels, and what noise explains."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from calcrisk.printed import limit_text
from calcrisk.render import trend_words
from calcrisk.render.layout import ASCII, Printed, cells, length, padded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calcrisk.render.layout import Line, Page

    Document = Mapping[str, Any]

_INDENT: Final = "  "
_MARGIN: Final = 6  # columns of the numbers before the plot
_ROWS: Final = 12  # of the plot
_ROOM: Final = 1.06  # of the highest that is drawn, so that it does not touch the edge
_NAME: Final = 14  # columns of a quantity before what is said of it
_NARROW: Final = 72  # columns below which the table leaves out albumin and interval
_SIGNS: Final = {"above": "●", "below": "○", "band": "│", "out": "×", "limit": "─"}
_PLAIN: Final = {"above": "@", "below": "o", "band": "|", "out": "x", "limit": "-"}


def drawn(trend: Document) -> Printed:
    """Make a trend printable by rich, as wide as the console it is printed on."""
    return Printed(partial(_lines, trend))


def _lines(trend: Document, page: Page) -> Iterator[Line]:
    named = (trend["patient"]["id"], trend["source"], f"as of {trend['as_of']}" if trend["as_of"] else None)
    yield from page.paragraph([(page.literal(" · ".join(part for part in named if part)), "bold")])
    yield []
    for alert in trend["alerts"]:
        yield from page.paragraph([(page.show(f"ALERT: {alert['title']} (calcrisk assess says why)."), "bold red")])
    yield from page.paragraph([(page.show(trend["sentence"]), "bold")])
    for caveat in trend["caveats"]:
        yield from page.paragraph([(page.show(f"Mind: {caveat}."), "bold")])
    yield []
    parts = (_plot, _table, _facts, _noise, _beside)
    for part in parts:
        lines = list(part(trend, page))
        yield from lines
        if lines and part is not parts[-1]:
            yield []


def _heading(page: Page, text: str) -> Iterator[Line]:
    shown = page.show(text)
    yield [(shown, "bold"), (f" {page.glyphs.track * (page.width - cells(shown) - 1)}", "dim")]


# ---- the plot --------------------------------------------------------------------------------------------------------


def _plot(trend: Document, page: Page) -> Iterator[Line]:
    used = [row for row in trend["panels"] if row["usable"]]
    if not used:
        return
    yield from _heading(page, f"{trend_words.name_of(trend)} over time, mg²/dL²")
    field = _Field(trend, used, page)
    for row in range(_ROWS, -1, -1):
        yield [(f"{field.mark(row).rjust(_MARGIN - 1)} ", "dim"), *field.row(row)]
    yield from field.axis()
    signs = field.signs
    limit = limit_text(trend["threshold"])
    legend = f"{signs['above']} at or above {limit}  {signs['below']} below  {signs['limit'] * 2} {limit}"
    if trend["noise"]:
        legend += f"  {signs['band']} {trend['noise']['confidence']:.0%} interval of one reading"
    if trend["excluded"]:
        legend += f"  {signs['out']} not used"
    yield from page.paragraph([(page.show(legend), "")], first=(" " * _MARGIN, ""))


class _Field:
    """The grid of signs: time across, the product upward."""

    def __init__(self, trend: Document, used: Sequence[Document], page: Page) -> None:
        self.trend, self.page = trend, page
        self.signs = _PLAIN if page.glyphs is ASCII else _SIGNS
        self.width = page.width - _MARGIN - len(_INDENT)
        times = [row["time"] for row in trend["panels"]]
        self.first, self.last = min(times), max(times)
        values = [row["highest"] or row["product"] for row in used]
        self.highest = _ROOM * max([trend["threshold"], *values])
        lows = [row["lowest"] or row["product"] for row in used]
        self.lowest = min([trend["threshold"], *lows]) / _ROOM
        self.drawn: dict[tuple[int, int], tuple[str, str]] = {}
        self._draw(used)

    def row(self, row: int) -> Line:
        return [self.drawn.get((row, column), (" ", "")) for column in range(self.width)]

    def mark(self, row: int) -> str:
        """Write the number of a row: that of the limit, of the top and of the bottom."""
        if row == self._up(self.trend["threshold"]):
            return limit_text(self.trend["threshold"])
        value = self.lowest + (self.highest - self.lowest) * row / _ROWS
        return f"{value:.0f}" if row in {0, _ROWS} else ""

    def axis(self) -> Iterator[Line]:
        """Give the dates beneath the plot."""
        first, last = (date.fromordinal(int(time)).isoformat() for time in (self.first, self.last))
        text = first if first == last else first.ljust(self.width - len(last)) + last
        yield [(" " * _MARGIN + text, "dim")]

    def _draw(self, used: Sequence[Document]) -> None:
        level = self._up(self.trend["threshold"])
        for column in range(self.width):
            self.drawn[level, column] = (self.signs["limit"], "dim")
        for row in self.trend["panels"]:
            if not row["usable"]:
                self.drawn[0, self._across(row)] = (self.signs["out"], "dim")
        for row in used:
            if row["lowest"] is not None:
                for step in range(self._up(row["lowest"]), self._up(row["highest"]) + 1):
                    self.drawn[step, self._across(row)] = (self.signs["band"], "dim")
        for row in used:
            sign, style = (self.signs["above"], "bold red") if row["at_or_above"] else (self.signs["below"], "bold")
            self.drawn[self._up(row["product"]), self._across(row)] = (sign, style)

    def _up(self, value: float) -> int:
        share: float = (value - self.lowest) / (self.highest - self.lowest)
        return round(share * _ROWS)

    def _across(self, row: Document) -> int:
        span = self.last - self.first
        place: float = (row["time"] - self.first) / span if span else 1 / 2
        return round(place * (self.width - 1))


# ---- the table and the sentences -------------------------------------------------------------------------------------


def _table(trend: Document, page: Page) -> Iterator[Line]:
    if not trend["panels"]:
        return
    wide = page.width >= _NARROW
    head = ["Date", "Ca", "P", *(["Alb"] if wide else []), page.show("Ca×P"), *(["interval"] if wide else []), ""]
    rows = [_row(row, wide=wide) for row in trend["panels"]]
    widths = [max(cells(line[at]) for line in (head, *rows)) for at in range(len(head) - 1)]
    yield _aligned(head, widths, "bold")
    for row, texts in zip(trend["panels"], rows, strict=True):
        style = "dim" if row["excluded"] else ""
        start = _aligned(texts[:-1], widths, style)
        room = page.narrower(max(1, page.width - length(start) - len(_INDENT)))
        notes = list(room.paragraph([(page.show(texts[-1]), style)])) or [[]]
        yield [*start, (_INDENT, ""), *notes[0]]
        yield from ([(" " * (length(start) + len(_INDENT)), ""), *line] for line in notes[1:])


def _aligned(texts: Sequence[str], widths: Sequence[int], style: str) -> Line:
    """Set numbers flush right, the first column flush left."""
    first = padded(texts[0], widths[0])
    others = [text.rjust(width) for text, width in zip(texts[1:], widths[1:], strict=False)]
    return [(_INDENT + _INDENT.join([first, *others]), style)]


def _row(row: Document, *, wide: bool) -> list[str]:
    span = "" if row["lowest"] is None else f"{row['lowest']:.0f}–{row['highest']:.0f}"
    told = [row["date"], *(trend_words.cell(row, name) for name in ("calcium", "phosphate"))]
    told += [trend_words.cell(row, "albumin")] if wide else []
    told += [trend_words.quantity(row["product"]), *([span] if wide else [])]
    return [*told, trend_words.note(row)]


def _facts(trend: Document, page: Page) -> Iterator[Line]:
    for sentence in trend_words.facts(trend):
        yield from page.paragraph([(page.show(sentence), "")], first=(_INDENT, ""))


def _noise(trend: Document, page: Page) -> Iterator[Line]:
    if trend["noise"] is None:
        return
    yield from _heading(page, trend_words.NOISE)
    for sentence in trend_words.noise(trend):
        yield from page.paragraph([(page.show(sentence), "")], first=(_INDENT, ""))
    for name, last, counts, verdict in trend_words.changes(trend):
        change = f"last change {last}, {verdict}; counts from" if last else f"{verdict}; a change counts from"
        text = page.show(f"{change} {counts}")
        yield from page.paragraph([(text, "")], first=(_INDENT + padded(page.show(name), _NAME), "bold"))


def _beside(trend: Document, page: Page) -> Iterator[Line]:
    yield from _heading(page, trend_words.BESIDE)
    for sentence in trend_words.beside(trend):
        yield from page.paragraph([(page.show(sentence), "")], first=(_INDENT, ""))
    for warned in trend["warnings"]:
        yield from page.paragraph([(page.show(warned["message"]), "")], first=(f"{_INDENT}! ", "yellow"))
    yield from page.paragraph([(page.show(trend["notice"]), "italic")], first=(_INDENT, ""))
