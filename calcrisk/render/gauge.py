"""Small bars in text: a level in steps, and a product against its threshold. Shapes and words carry the meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import words

if TYPE_CHECKING:
    from calcrisk.render.layout import Glyphs, Line, Styled

_WARM = frozenset({"mild", "moderate"})  # yellow is hard to read as text on white: drawn signs only
_HOT = {"marked": "red", "high": "red", "severe": "bold red", "very_high": "bold red"}
_FULL_SCALE = 2  # thresholds across a gauge: the tick stands in the middle for every patient


def heat(name: str, *, text: bool = False) -> str:
    """Give the palette name that goes with a level or tier; a low one is plain, since it reassures of nothing."""
    return "yellow" if name in _WARM and not text else _HOT.get(name, "")


def steps(at: str, highest: str, order: tuple[str, ...], glyphs: Glyphs) -> Line:
    """Draw a level: solid what is reached, hollow what open questions could add, dots the rest."""
    first = 0 if order[0] == "low" else 1  # a low tier is a tier and takes a step; no level at all takes none
    size = len(order) - first
    reached = max(0, words.rank(at, order) + 1 - first)
    possible = max(reached, words.rank(highest, order) + 1 - first)
    return [
        (glyphs.reached * reached, heat(at)),
        (glyphs.possible * (possible - reached), heat(highest)),
        (glyphs.step * (size - possible), "dim"),
    ]


def no_steps(size: int) -> Line:
    """Leave the place of a bar empty: what was not assessed has no length."""
    return [(" " * size, "")]


def gauge(value: float, threshold: float, width: int, glyphs: Glyphs, *, reached: bool | None) -> Line:
    """Draw a value against the threshold in the middle; the verdict, not rounding, says whether it touches the tick."""
    left = width // 2
    right = width - left - 1
    if reached is False or (reached is None and value < threshold):
        filled = min(max(0, left - 1), round(value / threshold * left))
        return _below(filled, left, right, glyphs)
    return _above(round((value / threshold - 1) * right / (_FULL_SCALE - 1)), left, right, glyphs)


def between(
    ends: tuple[float | None, float | None], threshold: float, width: int, glyphs: Glyphs, *, reached: bool | None
) -> Line:
    """Draw what is known within bounds: a bar up to the lowest it can be, hollow from there to the highest.

    Where nobody measured an end (None) it is hollow from nothing, or on beyond the scale.
    """
    lowest = 0 if ends[0] is None else ends[0]
    highest = (_FULL_SCALE + 1) * max(threshold, lowest) if ends[1] is None else ends[1]
    bar = gauge(lowest, threshold, width, glyphs, reached=reached)
    if lowest == highest:
        return bar
    whole = _signs(gauge(highest, threshold, width, glyphs, reached=reached))
    pairs = zip(_signs(bar), whole, strict=True)
    return [at_least if at_least[0] == at_most[0] else _open(at_least, at_most, glyphs) for at_least, at_most in pairs]


def _signs(line: Line) -> Line:
    return [(sign, style) for text, style in line for sign in text]


def _open(at_least: Styled, at_most: Styled, glyphs: Glyphs) -> Styled:
    """Give the sign of a place that only the highest value reaches; the tick and the end of the scale stay."""
    if at_least[0] == glyphs.tick or at_most[0] == glyphs.beyond:
        return at_least if at_least[0] == glyphs.tick else at_most
    return glyphs.possible, at_most[1]


def _below(filled: int, left: int, right: int, glyphs: Glyphs) -> Line:
    return [
        (glyphs.bar * filled, "bold"),
        (glyphs.track * (left - filled), "dim"),
        (glyphs.tick, "bold"),
        (glyphs.track * right, "dim"),
    ]


def _above(filled: int, left: int, right: int, glyphs: Glyphs) -> Line:
    filled = max(0, filled)  # what is surely at or above its limit may have a lowest end that nobody measured
    shown = min(filled, right)
    end = glyphs.beyond if filled > right else ""
    return [
        (glyphs.bar * left, "bold"),
        (glyphs.tick_reached, "bold red"),
        (glyphs.bar * (shown - len(end)) + end, "bold red"),
        (glyphs.track * (right - shown), "dim"),
    ]


def axis(threshold: float, width: int) -> str:
    """Number the scale: nothing, the threshold under its tick, the end."""
    middle, end = words.number(threshold), words.number(_FULL_SCALE * threshold)
    line = "0".ljust(max(1, width // 2 - len(middle) // 2)) + middle
    return line.ljust(width - len(end)) + end
