"""Units as people type them, and numbers as reports print them. Past this door there are only canonical floats.

A unit is matched without case, spaces, brackets or the choice of micro sign; which units a variable takes, and how many
canonical units each is, the rulebook says. Nothing is guessed: a spelling that fits no declared unit is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calcrisk.variables import Variable

SHORT = 100  # characters of what may be remembered: words are short, and what is not is no word

_MEASURE = re.compile(
    r"\s*(?:(?P<bound><=|>=|[<>≤≥]|(?i:(?:less|lower|greater|higher|more)\s+than|below|under|above|over)\s)\s*)?"
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"\s*(?P<unit>[A-Za-zµμ%(].*)?",
    re.ASCII,
)
_AT_MOST = frozenset("<=≤lLbBuU")  # how the signs and words begin that bound a number from above
_COMMA = r"\s*(?:[<>≤≥]=?\s*|=\s*)?[+-]?\d+,\d+[^\d,.]*"  # compiled when a number cannot be read
_THOUSANDS = r"(?<!\d)[1-9]\d{0,2},\d{3}(?!\d)"  # as _COMMA
_SIGNS = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3", "₄": "4", "⁻": "-", "^": None, "(": " ", ")": " "})
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u200a\u202f"), " ")  # as word processors set them
_FILLER = re.compile(r"\bas\b|\s+")
_ION = r"(?:po43-|po4-3|phosphateions?)$"  # as _COMMA; behind a unit of mass: of the ion, and not of its phosphorus

# Spellings of one unit's parts: the left is read as the right. Not a conversion.
_PARTS = {
    "mcg": "ug",
    "gm": "g",
    "gms": "g",
    "gram": "g",
    "grams": "g",
    "micromol": "umol",
    "litre": "l",
    "liter": "l",
    "iu": "u",
    "unit": "u",
    "units": "u",
    "y": "year",
    "yr": "year",
    "yrs": "year",
    "years": "year",
    "yo": "year",
    "mo": "month",
    "mos": "month",
    "mth": "month",
    "mths": "month",
    "months": "month",
    "w": "week",
    "wk": "week",
    "wks": "week",
    "weeks": "week",
    "d": "day",
    "days": "day",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "hours": "hour",
    "min": "minute",
    "mins": "minute",
    "minutes": "minute",
    "percent": "%",
}
_WORD = re.compile(r"[a-z%]+")


class Unit(NamedTuple):
    """A unit that a variable takes: its declared spelling, and how many canonical units one of it is."""

    name: str
    factor: float


class Measure(NamedTuple):
    """A number as written: ``bound`` is ``<``, ``>`` or empty; ``unit`` is empty when none was written."""

    bound: str
    number: float
    unit: str


def spelling(unit: str) -> str:
    """Return a unit stripped of everything that does not distinguish it from another.

    >>> spelling("µmol / l") == spelling("umol/L")
    True
    """
    bare = _FILLER.sub("", unit.translate(_SIGNS).casefold())
    if "lp" in bare:  # a litre, and what begins as phosphate does: few units need the search
        bare = re.sub(_ION, "po4", bare)
    return _WORD.sub(lambda word: _PARTS.get(word[0], word[0]), bare)


@lru_cache(maxsize=1024)
def accepted(variable: Variable) -> Mapping[str, Unit]:
    """Every unit a variable takes, by its stripped spelling; of two spelt alike (U/L, IU/L) the first names it."""
    return {spelling(name): Unit(name, float(factor)) for name, factor in reversed([*variable.units.items()])}


def find(variable: Variable, unit: str) -> Unit | None:
    """Return the declared unit that this spelling means, or None when the variable takes no such unit."""
    return _found(variable, unit) if len(unit) <= SHORT else accepted(variable).get(spelling(unit))


@lru_cache(maxsize=4096)
def _found(variable: Variable, unit: str) -> Unit | None:
    return accepted(variable).get(spelling(unit))


def measure(text: str) -> Measure | None:
    """Read ``2.1 mmol/L``, ``<6 pg/mL``, ``GREATER THAN 425`` or ``9.9``; None when the text is something else."""
    match = _MEASURE.fullmatch(text if text.isascii() else text.translate(_SPACES))
    if match is None:
        return None
    bound, number, unit = match.groups()
    return Measure("" if bound is None else "<" if bound[0] in _AT_MOST else ">", float(number), (unit or "").strip())


def has_decimal_comma(text: str) -> bool:
    """Tell whether the text is a number written with a comma where a point belongs (``9,9 mg/dL``)."""
    return re.fullmatch(_COMMA, text) is not None


def without_comma(text: str) -> str:
    """Return the number as it should be written: with a point, or where three digits follow the comma, both readings.

    >>> without_comma("1,234 pg/mL")
    '1234 pg/mL where the comma stands between thousands, 1.234 pg/mL where it is a decimal comma'
    """
    decimal = text.replace(",", ".")
    if not re.search(_THOUSANDS, text):
        return decimal
    return f"{text.replace(',', '')} where the comma stands between thousands, {decimal} where it is a decimal comma"


def number_text(value: float) -> str:
    """Print a number in the fewest digits that a reader needs: ``25``, not ``25.0``; at most six significant digits."""
    return f"{value:.6g}"


def either(words: Collection[str]) -> str:
    """List words as a sentence does: ``mg/dL, mmol/L or mEq/L``."""
    *first, last = words or [""]
    return f"{', '.join(first)} or {last}" if first else last
