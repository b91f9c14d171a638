"""The usable panel, defined once: which draws of a patient count for a quantity, and why the others do not.

A draw is usable when (1) it is not later than the day spoken of; (2) it is not flawed: not drawn after dialysis, not
haemolysed, not in acute illness, each stated or stated to be unknown; (3) the quantity can be told from it; (4) it is
the first of its instant. For the corrected product the albumin is that of the draw, else the last one measured at most
``albumin_within`` days before on an unflawed draw (then the draw names its day); without one the draw is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.rules.logic import TIE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calcrisk.history.panels import Panel

LATER: Final = "later"
POST_DIALYSIS: Final = "post_dialysis"
MAYBE_POST_DIALYSIS: Final = "maybe_post_dialysis"  # not stated: phosphate fell as it does in a session
HAEMOLYSED: Final = "haemolysed"
ACUTE_ILLNESS: Final = "acute_illness"
FLAWS: Final = (POST_DIALYSIS, HAEMOLYSED, ACUTE_ILLNESS)
MISSING: Final = "missing"  # calcium or phosphate, or whatever the quantity is
BOUNDS: Final = "bounds"  # nothing is missing, and some of it is known within bounds or as a word only
NO_ALBUMIN: Final = "no_albumin"
SAME_TIME: Final = "same_time"

PRODUCT: Final = "ca_p_product"
CALCIUM: Final = "calcium"
PHOSPHATE: Final = "phosphate"
CORRECTED: Final = "corrected_ca_p_product"


class Draw(NamedTuple):
    """A usable panel: when, what, and the day of an albumin that was carried forward."""

    time: float
    date: str
    value: float
    panel: Panel
    albumin_of: str | None = None


class Excluded(NamedTuple):
    """A panel that is not used, and why."""

    panel: Panel
    reason: str


class Correction(NamedTuple):
    """Calcium corrected for albumin: ``calcium + slope * (reference - albumin)``, the numbers from the rulebook."""

    slope: float
    reference: float


class Reading(NamedTuple):
    """How panels are read: up to which day, and how an albumin is carried. Times in days."""

    until: float | None = None
    albumin_within: float = 0
    correction: Correction | None = None


def after_session(panels: Iterable[Panel], within: float, fall: float) -> list[Panel]:
    """Return the panels that look as if drawn after dialysis, for somebody on dialysis.

    Their phosphate is lower by ``fall`` (a fraction) or more than that of an unflawed panel at most ``within`` days
    before, or of the same instant. Flawed panels are neither compared nor returned.
    """
    drawn = [panel for panel in panels if not panel.flaws and PHOSPHATE in panel.values]
    return [late for late in drawn if any(_fell(early, late, within, fall) for early in drawn)]


def _fell(early: Panel, late: Panel, within: float, fall: float) -> bool:
    apart = late.time - early.time
    return 0 <= apart <= within and late.values[PHOSPHATE] <= early.values[PHOSPHATE] * (1 - fall)


def usable(panels: Iterable[Panel], of: str, reading: Reading) -> tuple[list[Draw], list[Excluded]]:
    """Return the usable draws of a quantity and the excluded panels, each in the order of time.

    ``of`` is the name of an input, or one of the two products. Equal times keep the order they came in.
    """
    draws: list[Draw] = []
    excluded: list[Excluded] = []
    albumin: tuple[float, float, str] | None = None
    for panel in sorted(panels, key=lambda panel: panel.time):
        if not panel.flaws and "albumin" in panel.values:
            albumin = panel.time, panel.values["albumin"], panel.date
        found = _draw(panel, of, reading, albumin)
        if isinstance(found, Draw) and draws and draws[-1].time == found.time:
            found = SAME_TIME
        if isinstance(found, Draw):
            draws.append(found)
        else:
            excluded.append(Excluded(panel, found))
    return draws, excluded


def _draw(panel: Panel, of: str, reading: Reading, albumin: tuple[float, float, str] | None) -> Draw | str:
    if reading.until is not None and panel.time >= reading.until + 1:  # the whole of that day counts
        return LATER
    if panel.flaws:
        return panel.flaws[0]
    if of != CORRECTED:
        value = _product(panel) if of == PRODUCT else panel.values.get(of)
        return _untold(panel, _needed(of)) if value is None else Draw(panel.time, panel.date, value, panel)
    return _corrected(panel, reading, albumin)


def _needed(of: str) -> tuple[str, ...]:
    return (CALCIUM, PHOSPHATE) if of == PRODUCT else (of,)


def _untold(panel: Panel, needed: tuple[str, ...]) -> str:
    """Say why a quantity cannot be told: something is absent, or known within bounds or as a word only."""
    if PRODUCT in panel.bounds and needed == _needed(PRODUCT):
        return BOUNDS
    return BOUNDS if all(_is_there(panel, name) for name in needed) else MISSING


def within(panel: Panel) -> tuple[float, float] | None:
    """Return the two ends between which the product of a panel lies; None where it is not known within bounds."""
    if PRODUCT in panel.bounds:
        return panel.bounds[PRODUCT]
    ends = [panel.bounds.get(name) or (panel.values[name],) * 2 for name in _needed(PRODUCT) if _is_there(panel, name)]
    return (ends[0][0] * ends[1][0], ends[0][1] * ends[1][1]) if len(ends) == len(_needed(PRODUCT)) else None


def _is_there(panel: Panel, name: str) -> bool:
    return name in panel.values or name in panel.bounds


def _product(panel: Panel) -> float | None:
    """Return the product as reported, else calcium times phosphate."""
    values = panel.values
    if PRODUCT in values:
        return values[PRODUCT]
    if "calcium" in values and "phosphate" in values:
        return values["calcium"] * values["phosphate"]
    return None


def _corrected(panel: Panel, reading: Reading, albumin: tuple[float, float, str] | None) -> Draw | str:
    values, how = panel.values, reading.correction
    if "phosphate" not in values or ("calcium" not in values and "corrected_calcium" not in values):
        stated = "corrected_calcium" if "corrected_calcium" in panel.bounds else CALCIUM
        return _untold(panel, (stated, PHOSPHATE))
    if "corrected_calcium" in values:
        return Draw(panel.time, panel.date, values["corrected_calcium"] * values["phosphate"], panel)
    if how is None or albumin is None or panel.time - albumin[0] > reading.albumin_within:
        return NO_ALBUMIN
    calcium = values["calcium"] + how.slope * (how.reference - albumin[1])
    carried = None if "albumin" in values else albumin[2]
    return Draw(panel.time, panel.date, calcium * values["phosphate"], panel, carried)


def last_stated(panels: Iterable[Panel], until: float | None) -> dict[str, Panel]:
    """Return for each input the last unflawed panel, no later than the day spoken of, that states it."""
    drawn = [panel for panel in panels if not panel.flaws and (until is None or panel.time < until + 1)]
    return {name: panel for panel in sorted(drawn, key=lambda panel: panel.time) for name in panel.given}


def at_or_above(value: float, limit: float) -> bool:
    """Tell whether a value is at or above its limit; a tie written in decimals is a tie, as in the rules."""
    return value >= limit - abs(limit) * TIE


def beyond(value: float, limit: float) -> bool:
    """Tell whether a value passes its limit, ties excluded."""
    return value > limit + abs(limit) * TIE


def values_of(draws: Sequence[Draw]) -> list[float]:
    """Return the values alone."""
    return [draw.value for draw in draws]
