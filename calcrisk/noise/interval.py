"""Where the set point lies, given readings of it: an interval, and the probability that it reaches a limit.

With nothing known beforehand (a flat prior over the logarithm) the logarithm of the set point is normal around the mean
logarithm of n readings, with ``sigma / sqrt(n)``. Readings are taken as repeats of one unchanged set point.
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_STANDARD: Final = NormalDist()


class Interval(NamedTuple):
    """A set point (the geometric mean of its readings) and the two ends between which it lies with a confidence."""

    centre: float
    lowest: float
    highest: float
    readings: int


def z_of(confidence: float, *, sides: int = 2) -> float:
    """Return the standard score of a confidence (a fraction), two-sided unless ``sides`` is 1."""
    return _STANDARD.inv_cdf(1 - (1 - confidence) / sides)


def set_point(readings: Sequence[float], sigma: float, confidence: float) -> Interval:
    """Return the interval of the set point; ``readings`` are positive and not empty."""
    middle = fmean(map(log, readings))
    half = z_of(confidence) * sigma / sqrt(len(readings))
    return Interval(exp(middle), exp(middle - half), exp(middle + half), len(readings))


def probability_at_or_above(readings: Sequence[float], sigma: float, limit: float) -> float:
    """Return the probability that the set point lies at or above a limit: of the measurement, never of a disease."""
    return _STANDARD.cdf((fmean(map(log, readings)) - log(limit)) * sqrt(len(readings)) / sigma)
