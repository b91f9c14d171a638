"""The one sentence of a trend, as a nephrologist would say it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from calcrisk.printed import days, limit_text, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Document = Mapping[str, Any]

_NUMBERS: Final = (
    "none",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_RHYTHMS: Final = (
    (6, 8, "weekly"),
    (13, 16, "fortnightly"),
    (25, 36, "monthly"),
    (80, 100, "quarterly"),
)  # days between
_PAIR: Final = 2  # of draws: both
_PER_CENT: Final = 100  # of a fraction


def sentence(trend: Document) -> str:
    """Say how often, how long, and whether the last change is more than noise."""
    if not trend["usable"]:
        return "No panel is usable, so nothing can be said of the product over time."
    parts = ", ".join(_parts(trend))
    return f"{parts[0].upper()}{parts[1:]}."


def _parts(trend: Document) -> Iterator[str]:
    limit, above, usable = limit_text(trend["threshold"]), trend["at_or_above"], trend["usable"]
    name = "corrected product " if trend["quantity"].startswith("corrected") else ""
    draws = f"{_rhythm(trend)}draw{'s' * (usable > 1)}"
    if above and usable > 1:
        many = "both" if above == usable == _PAIR else f"{_word(above)} of {_word(usable)}"
        yield f"{name}at or above {limit} on {many} {draws}{_how(trend)}"
    elif usable > 1:
        yield f"{name}below {limit} on {'both' if usable == _PAIR else f'all {_word(usable)}'} {draws}"
    else:
        side = "at or above" if above else "below"
        yield f"{name}{side} {limit} on the one usable draw{': single, unconfirmed' if above else ''}"
    if trend["days_interpolated"]:
        yield f"{share(trend['fraction_at_or_above'])} of {days(trend['days_interpolated'])}"
    yield from _last(trend)


def _how(trend: Document) -> str:
    kind = trend["exceedance"]
    run = trend["sustained"]
    if kind == "sustained":
        first, last = (run[end].partition(" ")[0] for end in ("from", "to"))
        return f" (sustained since {first})" if run["current"] else f" (sustained from {first} to {last})"
    return {
        "single": " (single, unconfirmed)",
        "repeated": " (not in a row)",
        "several": " (too close together to confirm each other)",
    }[kind]


def _last(trend: Document) -> Iterator[str]:
    noise = trend["noise"]
    last = noise and noise["changes"][0]["last"]
    if last:
        word = "rise" if last["relative"] > 0 else "fall" if last["relative"] < 0 else "change"
        percent = round(last["relative"] * _PER_CENT)
        beyond = "beyond" if last["beyond_noise"] else "within"
        yield f"last {word} ({percent:+d} %) {beyond} noise" if percent else f"last {word} {beyond} noise"


def _word(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def _rhythm(trend: Document) -> str:
    dates = [date.fromisoformat(row["date"].partition(" ")[0]).toordinal() for row in trend["panels"] if row["usable"]]
    steps = [after - before for before, after in pairwise(dates)]
    typical = median(steps) if len(steps) > 1 else 0
    return next((f"{word} " for least, most, word in _RHYTHMS if least <= typical <= most), "")
