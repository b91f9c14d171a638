"""The reference change value: how much two readings of one unchanged set point may differ.

Log-normal: a rise counts from ``exp(z·√2·sigma) - 1``, a fall from ``1 - exp(-z·√2·sigma)``. The symmetric one of
Harris and Yasaka, ``z·√2·CV``, stands beside it because publications give it.
"""

from __future__ import annotations

from math import exp, expm1, log, sqrt
from typing import NamedTuple

from calcrisk.noise.interval import z_of
from calcrisk.noise.model import cv_of


class ReferenceChange(NamedTuple):
    """Changes as fractions of the earlier reading; falls are negative. One-sided where only one direction is asked."""

    rise: float
    fall: float
    rise_one_sided: float
    fall_one_sided: float
    symmetric: float


class Change(NamedTuple):
    """What happened between two readings, and whether it passes what noise explains."""

    relative: float
    beyond_noise: bool
    beyond_noise_one_sided: bool


def reference_change(sigma: float, confidence: float) -> ReferenceChange:
    """Return the reference change values of one quantity for a confidence (a fraction)."""
    two, one = _limits(sigma, confidence)
    return ReferenceChange(expm1(two), expm1(-two), expm1(one), expm1(-one), z_of(confidence) * sqrt(2) * cv_of(sigma))


def change(before: float, after: float, sigma: float, confidence: float) -> Change:
    """Tell whether the later of two positive readings has changed beyond noise, either way or in its own direction."""
    step = log(after) - log(before)
    two, one = _limits(sigma, confidence)
    return Change(exp(step) - 1, abs(step) > two, abs(step) > one)


def _limits(sigma: float, confidence: float) -> tuple[float, float]:
    """Return how far two logarithms may lie apart: two-sided, and in one direction."""
    two, one = (z_of(confidence, sides=sides) * sqrt(2) * sigma for sides in (2, 1))
    return two, one
