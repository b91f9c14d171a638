"""Two numbers changed together: the frontier of a goal between them, and its point of smallest relative change.

For a value of the first the nearest value of the second is found as for one number alone, so the frontier is exact
wherever it is asked. The turns of the first that the second has no part in cut it into stretches; in each it is looked
at in even steps and then narrowed by the golden section. Nothing is drawn at random.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.scenario import Both, Pair
from calcrisk.variables import registry
from calcrisk.whatif.courses import courses
from calcrisk.whatif.goals import Region, nine_digits, printed, rounded
from calcrisk.whatif.line import Line, Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk.whatif.courses import Courses
    from calcrisk.whatif.goals import Search

_STEPS: Final = 12  # looks at each stretch of a frontier
_NARROWED: Final = 24  # times that the best of them is narrowed: to a hundred thousandth of a step
_SHOWN: Final = 9  # points of a frontier that is told
_GOLDEN: Final = (math.sqrt(5) - 1) / 2  # of the golden section
_NEARER: Final = 1e-4  # relative: what a pair must spare against one number alone


class _Point(NamedTuple):
    distance: float
    x: float
    y: float


def pair(search: Search, first: str, second: str, best_alone: float) -> Pair | None:
    """Return the pair of two inputs, or None where it is no nearer than ``best_alone``, a relative change."""
    frontier = _Frontier(search, first, second)
    best = frontier.nearest(best_alone)
    if best is None or best.distance > best_alone * (1 - _NEARER):
        return None
    nearest = _printed(frontier, best)
    if nearest is None:
        return None
    variables = [registry()[name] for name in (first, second)]
    return Pair(
        inputs=(first, second),
        labels=(variables[0].label, variables[1].label),
        units=(variables[0].unit, variables[1].unit),
        nearest=nearest,
        frontier=tuple(frontier.points(best)),
    )


class _Frontier:
    """For a value of the first input the nearest value of the second that reaches the goal."""

    def __init__(self, search: Search, first: str, second: str) -> None:
        self.search, self.first = search, first
        self.now = search.value(first), search.value(second)
        self.line = _with_own_turns_found(search, second, courses(search.book, first))
        other = courses(search.book, second)
        own = [turn for turn in courses(search.book, first).turns(search.holders) if not other.touches(turn)]
        # Where no comparison reads both, the frontier does not move within a stretch.
        self.apart = not any(courses(search.book, first).touches(turn) for turn in other.turns(search.holders))
        self.stretches = Line(search.book, search.line(first).given, first, own).pieces()

    def region(self, x: float) -> Region | None:
        """Return the nearest values of the second input at a value of the first."""
        return self.search.region(self.line, **{self.first: x})

    def at(self, x: float) -> _Point:
        """Return the point of the frontier at a value of the first input, infinitely far where there is none."""
        region = self.region(x)
        if region is None:
            return _Point(math.inf, x, math.nan)
        return _Point(self.distance(x, region.edge), x, region.edge)

    def distance(self, x: float, y: float) -> float:
        """Return the relative change of both: the root of the sum of the squares."""
        return math.hypot((x - self.now[0]) / self.now[0], (y - self.now[1]) / self.now[1])

    def nearest(self, within: float) -> _Point | None:
        """Return the point of smallest relative change; none is looked for further away than ``within``."""
        best = _Point(within, math.nan, math.nan)
        for stretch in sorted(self.stretches, key=lambda each: abs(each.nearest(self.now[0]) - self.now[0])):
            if (clipped := self._clipped(stretch, best.distance)) is not None:
                best = min(best, self._in_stretch(clipped))
        return None if math.isnan(best.x) else best

    def _clipped(self, stretch: Piece, within: float) -> Piece | None:
        reach = within * self.now[0]
        low, high = max(stretch.low, self.now[0] - reach), min(stretch.high, self.now[0] + reach)
        return Piece(low, high) if low <= high else None

    def _in_stretch(self, stretch: Piece) -> _Point:
        if self.apart:
            return self.at(stretch.nearest(self.now[0]))
        size = stretch.high - stretch.low
        places = [stretch.low + size * at / _STEPS for at in range(_STEPS)] + [stretch.high]
        if stretch.low < self.now[0] < stretch.high:
            places = sorted([*places, self.now[0]])
        looked = [self.at(x) for x in places]
        at = looked.index(min(looked))
        around = places[max(0, at - 1)], places[min(len(places) - 1, at + 1)]
        return min(looked[at], looked[at] if math.isinf(looked[at].distance) else _narrowed(self.at, *around))

    def points(self, best: _Point) -> Iterator[tuple[float, float]]:
        """Give some points of the frontier, from the first input as it is to where it is changed twice as far."""
        far = self.now[0] + 2 * (best.x - self.now[0])
        low, high = self.search.line(self.first).low, self.search.line(self.first).high
        end = min(max(far, low), high)
        for step in range(_SHOWN):
            x = self.now[0] + (end - self.now[0]) * step / (_SHOWN - 1)
            if (region := self.region(x)) is not None:
                yield x, nine_digits(region)


def _with_own_turns_found(search: Search, name: str, other: Courses) -> Line:
    """Return the line of an input on which the turns that another input has no part in are looked for only once."""
    line, turns = search.line(name), list(courses(search.book, name).turns(search.holders))
    own = Line(search.book, line.given, name, [turn for turn in turns if not other.touches(turn)])
    return Line(search.book, line.given, name, [turn for turn in turns if other.touches(turn)], own.ends())


def _narrowed(at: Callable[[float], _Point], low: float, high: float) -> _Point:
    """Narrow a stretch with one lowest point by the golden section."""
    left, right = at(high - _GOLDEN * (high - low)), at(low + _GOLDEN * (high - low))
    for _ in range(_NARROWED):
        if left.distance <= right.distance:
            high, right = right.x, left
            left = at(high - _GOLDEN * (high - low))
        else:
            low, left = left.x, right
            right = at(low + _GOLDEN * (high - low))
    return min(left, right)


def _printed(frontier: _Frontier, best: _Point) -> Both | None:
    """Round the nearest point: the first number either way, the second into what then reaches the goal; confirmed."""
    names = (frontier.first, frontier.line.name)
    digits = [registry()[name].digits + 1 for name in names]  # one more than alone: two roundings add up
    found = []
    for until in (math.inf, -math.inf):
        first = rounded(Region(best.x, until), Decimal(1).scaleb(-digits[0]))
        region = frontier.region(float(first))
        second = None if region is None else next(printed(region, digits[1]), None)
        if second and frontier.search.confirmed(**dict(zip(names, (first, second), strict=True))) is not None:
            values = float(first), float(second)
            found.append(Both(values, (first, second), frontier.distance(*values)))
    return min(found, key=lambda each: each.relative, default=None)
