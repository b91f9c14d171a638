"""Time at or above a limit and the mean over time, by linear interpolation; the slope by least squares.

Between two neighbouring usable draws the quantity is taken to change in a straight line, as Rosendaal's method does
for the INR. A pair further apart than the longest gap is left out of both numerator and denominator. Sums are exact:
``sum`` rounds in another way since Python 3.12.
"""

from __future__ import annotations

from itertools import pairwise
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from calcrisk.history.usable import at_or_above

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk.history.usable import Draw


class Interpolated(NamedTuple):
    """What lies between the draws; times in days, the mean in the unit of the quantity, None where no time lies."""

    days: float
    above: float
    gaps: int  # pairs that lie too far apart
    mean: float | None

    @property
    def fraction(self) -> float | None:
        """The share of the interpolated time at or above the limit, from 0 to 1."""
        return self.above / self.days if self.days else None


def interpolated(draws: Sequence[Draw], limit: float, gap: float) -> Interpolated:
    """Interpolate between usable draws in the order of time; ``gap`` is the longest in days that is bridged."""
    pairs = [(first, second, second.time - first.time) for first, second in pairwise(draws)]
    near = [pair for pair in pairs if pair[2] <= gap]
    days = fsum(length for *_, length in near)
    above = fsum(length * _share(first.value, second.value, limit) for first, second, length in near)
    area = fsum(length * (first.value + second.value) / 2 for first, second, length in near)
    return Interpolated(days, above, len(pairs) - len(near), area / days if days else None)


def _share(first: float, second: float, limit: float) -> float:
    """Return the share of a straight line that lies at or above the limit."""
    reached = at_or_above(first, limit), at_or_above(second, limit)
    if reached[0] == reached[1]:
        return float(reached[0])
    low, high = min(first, second), max(first, second)
    return min(1.0, max(0.0, (high - limit) / (high - low)))


def span_of(draws: Sequence[Draw]) -> float:
    """Return the days from the first draw to the last."""
    return draws[-1].time - draws[0].time if draws else 0.0


def slope(draws: Sequence[Draw]) -> float | None:
    """Return the slope of the least-squares line in units a day; None where fewer than two times are known."""
    if len(draws) < 2:  # noqa: PLR2004  # a line takes two points
        return None
    time = fsum(draw.time for draw in draws) / len(draws)
    value = fsum(draw.value for draw in draws) / len(draws)
    spread = fsum((draw.time - time) ** 2 for draw in draws)
    return fsum((draw.time - time) * (draw.value - value) for draw in draws) / spread if spread else None
