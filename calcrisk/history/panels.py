"""What one dated panel holds, and the clock-free time axis that panels lie on."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # a named tuple is made with it
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_DAY = timedelta(days=1)


class Panel(NamedTuple):
    """Values of one draw: ``values`` by the names of the inputs, in canonical units.

    ``bounds`` hold what is known within bounds only; a word (high) has neither. ``time`` is in days, ``date`` as it is
    shown. ``flaws`` say why its phosphate may not be used, in the order of
    ``usable.FLAWS``; ``given`` is what a reader keeps beside the values, of which the names alone are looked at here.
    """

    time: float
    date: str
    values: Mapping[str, float] = _NOTHING
    flaws: tuple[str, ...] = ()
    given: Mapping[str, Any] = _NOTHING
    bounds: Mapping[str, tuple[float, float]] = _NOTHING


def days(text: str) -> float | None:
    """Return the time in days of an ISO date, with or without a time of day; None where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is not None:
        return None
    return moment.toordinal() + (moment - datetime(moment.year, moment.month, moment.day)) / _DAY  # noqa: DTZ001  # no zone, no clock
