"""The chemistry of one serum in files: as JSON, its curves as a picture (SVG), picture and words as a page (HTML)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from calcrisk.render import chemistry_plot, chemistry_words, svg, words
from calcrisk.render.json import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Assessment, Chemistry

_KEYS = ("format", "calcrisk", "source", "index", "status", "as_of", "rulebook", "patient", "ca_p_product", "chemistry")
_WIDE = 720  # the picture, in its own units
_HIGH = 520  # and its height
_LEFT = 72  # columns of these before the plot
_RIGHT = 30  # and behind it
_TOP = 68  # above it
_BOTTOM = 170  # and beneath it
_DIGITS = 3  # of a number at an axis
_TICKS = 6  # at each axis
_LINE = 18  # from one line of the legend to the next
_BESIDE = 8  # from an axis to its numbers
_DOT = 5  # radius of the patient's point
_LOW = "chemistry-albumin-low"  # the warning that a picture repeats
_COLUMNS = 100  # columns of the text beneath the picture
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1rem sans-serif; margin: 2rem auto; max-width: 60rem; background: white; color: black }}
figure {{ margin: 0 }} svg {{ width: 100%; height: auto }} pre {{ overflow-x: auto }}</style>
{body}</html>
"""
_SHADE = ('fill="#f3dfe6" stroke="none"', "brushite, by other published constants")
_CURVES = {
    "product": ("#777777", "6 4", "Ca×P {threshold} mg²/dL²"),
    "dcpd": ("#b03060", "", "saturated with brushite"),
    "acp": ("#2060a0", "2 3", "saturated with amorphous calcium phosphate"),
}


def as_json(answer: Assessment) -> str:
    """Write the envelope of an assessment with its product and chemistry, and nothing else of it."""
    return pretty({key: vars(answer)[key] for key in _KEYS})


def picture(answer: Assessment) -> str | None:
    """Draw the curves and the patient as SVG; None where there is nothing to draw."""
    shown = answer.chemistry
    if shown is None or shown.isopleth is None:
        return None
    drawing = _Drawing(shown)
    title = f"Phosphate that saturates this serum, over its calcium: {answer.patient.id or 'patient without an id'}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" {svg.FONT}>',
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="white"/>',
        svg.text(_LEFT, _LINE, title),
        svg.text(_LEFT, 2 * _LINE, f"of this serum: {chemistry_words.curves_of(shown)}"),
        *drawing.band(),
        *drawing.axes(),
        *drawing.curves(),
        *drawing.point(),
        *_beneath(shown),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def page(answer: Assessment) -> str:
    """Write a page that stands alone: the picture, where there is one, and beneath it what the terminal says."""
    from io import StringIO

    from rich.console import Console

    from calcrisk.render.terminal_chemistry import explained

    console = Console(file=StringIO(), width=_COLUMNS, record=True, force_terminal=True, color_system="truecolor")
    console.print(explained(answer), crop=False)
    told = console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
    title = escape(words.clean(f"Ion chemistry: {answer.patient.id or 'patient without an id'}"))
    figure = f"<figure>\n{picture(answer)}</figure>\n" if picture(answer) else ""
    return _PAGE.format(title=title, body=f"<h1>{title}</h1>\n{figure}{told}\n")


def _beneath(shown: Chemistry) -> Iterator[str]:
    """Set beneath the plot what it is not, a sentence a line, and above that whether a low albumin misleads it."""
    low = [part.message.partition(". ")[0] for part in shown.warnings if part.code == _LOW]
    sentences = [*low, *shown.says["notice"].rstrip(".").split(". ")]
    for place, sentence in enumerate(reversed(sentences)):
        yield svg.text(_LEFT, _HIGH - _LINE / 2 - place * _LINE, f"{sentence}.")


class _Drawing:
    """Places calcium and phosphate (mg/dL) in the picture."""

    def __init__(self, shown: Chemistry) -> None:
        self.shown, self.points = shown, shown.isopleth or {}
        (self.first, self.last), self.highest = chemistry_plot.ends_of(shown), chemistry_plot.highest_of(shown)

    def x(self, calcium: float) -> float:
        inside = min(max(calcium, self.first), self.last)
        return _LEFT + (inside - self.first) / (self.last - self.first) * (_WIDE - _LEFT - _RIGHT)

    def y(self, phosphate: float) -> float:
        return _HIGH - _BOTTOM - phosphate / self.highest * (_HIGH - _TOP - _BOTTOM)

    def axes(self) -> Iterator[str]:
        low, right = self.y(0), _WIDE - _RIGHT
        yield f'<path d="M{_LEFT} {_TOP}V{low:.1f}H{right}" fill="none" stroke="black"/>'
        for tick in range(_TICKS + 1):
            calcium = self.first + (self.last - self.first) * tick / _TICKS
            phosphate = self.highest * tick / _TICKS
            yield svg.text(self.x(calcium), low + _LINE, words.number(calcium, _DIGITS), "middle")
            yield svg.text(_LEFT - _BESIDE, self.y(phosphate), words.number(phosphate, _DIGITS), "end")
        yield svg.text(right, low + 2 * _LINE, "total calcium, mg/dL", "end")
        yield svg.text(_BESIDE, _TOP - _LINE, "phosphate, mg/dL")

    def band(self) -> Iterator[str]:
        """Shade where other published constants put the curve of brushite, and name the shade in the legend."""
        times = chemistry_words.band_of_curve(self.shown)
        pairs = zip(self.points["calcium"], self.points.get("dcpd", ()), strict=False)
        curve = [(x, y) for x, y in pairs if x is not None and y is not None]
        if times is None or not curve:
            return
        ends = [(x, min(y * times[0], self.highest)) for x, y in curve]
        ends += [(x, min(y * times[1], self.highest)) for x, y in reversed(curve)]
        style, label = _SHADE
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in ends)
        yield f'<polygon points="{path}" {style}/>'
        down = self.legend(len(_CURVES))
        wide, high = _TOP - _BESIDE, 2 * _DOT
        yield f'<path d="M{_LEFT} {down - _DOT:.1f}h{wide}v{high}h-{wide}z" {style}/>'
        yield svg.text(_LEFT + _TOP, down + _LINE / 2 / 2, label)

    def legend(self, place: int) -> float:
        """Return the height of a line of the legend."""
        return self.y(0) + (place + 1) * _LINE + _LINE / 2

    def curves(self) -> Iterator[str]:
        threshold = words.number(self.shown.product_threshold)
        for place, (name, (colour, dashes, label)) in enumerate(_CURVES.items()):
            pairs = zip(self.points["calcium"], self.points.get(name, ()), strict=False)
            inside = [(x, y) for x, y in pairs if x is not None and y is not None and y <= self.highest]
            path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in inside)
            style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
            yield f'<polyline points="{path}" {style}/>'
            down = self.legend(place)
            yield f'<path d="M{_LEFT} {down:.1f}h{_TOP - _BESIDE}" {style}/>'
            yield svg.text(_LEFT + _TOP, down + _LINE / 2 / 2, label.format(threshold=threshold))

    def point(self) -> Iterator[str]:
        (calcium, phosphate), total = self.shown.point_mg_dl, self.shown.measured_total_mg_dl
        if calcium is None or phosphate is None:
            return
        y = self.y(phosphate)
        yield f'<circle cx="{self.x(calcium):.1f}" cy="{y:.1f}" r="{_DOT}"/>'
        if total is not None:
            yield f'<circle cx="{self.x(total):.1f}" cy="{y:.1f}" r="{_DOT}" fill="white" stroke="black"/>'
        yield svg.text(self.x(calcium) + _BESIDE, y - _BESIDE, "this patient")
        if said := chemistry_words.point(self.shown, (self.first, self.last), "hollow"):
            yield svg.text(_LEFT, self.legend(len(_CURVES) + 1) + _LINE / 2, f"The point: {said}.")
