"""The noise of one analyte and of a product, as standard deviations of the logarithm (sigma)."""

from __future__ import annotations

from math import expm1, hypot, log1p, sqrt
from typing import NamedTuple


class Scatter(NamedTuple):
    """Coefficients of variation as fractions: within the person, and of the measurement."""

    within: float
    analytical: float

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm of one reading."""
        return hypot(sigma_of(self.within), sigma_of(self.analytical))


def sigma_of(cv: float) -> float:
    """Return sigma of a log-normal quantity with this coefficient of variation: ``sqrt(ln(1 + cv²))``."""
    return sqrt(log1p(cv * cv))


def cv_of(sigma: float) -> float:
    """Return the coefficient of variation of a log-normal quantity: ``sqrt(exp(sigma²) - 1)``."""
    return sqrt(expm1(sigma * sigma))


def product_sigma(first: Scatter, second: Scatter) -> float:
    """Return sigma of a product of two analytes whose errors are independent."""
    return hypot(first.sigma, second.sigma)
