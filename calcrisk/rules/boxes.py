"""Decision tables as disjoint boxes: which row answers at a point, and which rows are possible over ranges, exactly.

A table's axes are the mechanisms (their levels as 0, 1, 2, …) and its gates (yes/no facts as 0, 1). A row's condition
may hold only ``mechanism >= level``, gate names, ``and``, ``or`` and ``True``, so it only ever becomes true as
coordinates rise. The table is split, row by row, on what the remaining rows read, into boxes that cover every point
once. Both walks read the boxes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.rules import expression as ex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Bounds = tuple[tuple[int, int], ...]  # lowest and highest coordinate on each axis
_CACHED: Final = 8192  # people share few combinations of levels and gates


class Box(NamedTuple):
    """A region in which one row answers: only the axes that are restricted, as (axis, lowest, highest)."""

    row: int
    sides: tuple[tuple[int, int, int], ...]


class Table:
    """One decision table, compiled."""

    def __init__(self, axes: Mapping[str, int], rows: Sequence[ex.Node], boxes: Sequence[Box] = ()) -> None:
        """Split the space of ``axes`` (name to highest coordinate) by the rows; the last row must always hold.

        ``boxes`` are those of an earlier split of the same, which then need not be made again.
        """
        self.axes: tuple[str, ...] = tuple(axes)
        self.rows: tuple[ex.Node, ...] = tuple(rows)
        self._index = {name: axis for axis, name in enumerate(axes)}
        whole = tuple((0, highest) for highest in axes.values())
        self._whole = whole
        self.boxes: tuple[Box, ...] = tuple(boxes or self._split(self.rows, 0, whole))
        # Boxes are bits: those that a range on one axis leaves out are found once, and a table is read by joining them.
        self._restricted: list[list[tuple[int, int, int]]] = [[] for _ in self.axes]
        for at, box in enumerate(self.boxes):
            for axis, lo, hi in box.sides:
                self._restricted[axis].append((1 << at, lo, hi))
        self._apart: list[dict[tuple[int, int], int]] = [{} for _ in self.axes]
        self._rows = lru_cache(maxsize=_CACHED)(self._rows_but)

    def answer(self, point: Sequence[int]) -> int:
        """Return the row that answers at one point."""
        return self._possible(tuple((at, at) for at in point))[0]

    def possible(self, ranges: Bounds) -> tuple[int, ...]:
        """Return every row that answers somewhere within the ranges, in the order of the table."""
        return self.read(ranges)[1]

    def read(self, ranges: Bounds) -> tuple[int, tuple[int, ...]]:
        """Return the row that answers at the lowest point of the ranges, and every row that is possible within them."""
        return self.answer([lo for lo, _ in ranges]), self._possible(ranges)

    def _possible(self, ranges: Bounds) -> tuple[int, ...]:
        apart = 0
        for axis, (known, side) in enumerate(zip(self._apart, ranges, strict=True)):
            if side not in known:
                lowest, highest = side
                known[side] = sum([bit for bit, lo, hi in self._restricted[axis] if lowest > hi or highest < lo])
            apart |= known[side]
        return self._rows(apart)

    def _rows_but(self, apart: int) -> tuple[int, ...]:
        """Return the rows of all boxes but these, in the order of the table."""
        return tuple(sorted({box.row for at, box in enumerate(self.boxes) if not apart >> at & 1}))

    def reachable(self) -> frozenset[int]:
        """Return the rows that answer anywhere at all."""
        return frozenset(box.row for box in self.boxes)

    def _split(self, rows: tuple[ex.Node, ...], first: int, region: Bounds) -> list[Box]:
        for row in range(first, len(rows)):
            verdict = self._decide(rows[row], region)
            if verdict is True:
                return [self._box(row, region)]
            if verdict is None:
                axis, cut = self._undecided(rows[row], region)
                return [box for part in _cut(region, axis, cut) for box in self._split(rows, row, part)]
        message = "no row of the table holds everywhere: end it with a row that is always true"
        raise ValueError(message)

    def _box(self, row: int, region: Bounds) -> Box:
        pairs = enumerate(zip(region, self._whole, strict=True))
        return Box(row, tuple((axis, *side) for axis, (side, whole) in pairs if side != whole))

    def _decide(self, node: ex.Node, region: Bounds) -> bool | None:
        match node:
            case ex.Truth(value):
                return value
            case ex.And(items):
                return _both([self._decide(item, region) for item in items], settles=False)
            case ex.Or(items):
                return _both([self._decide(item, region) for item in items], settles=True)
        axis, cut = self._atom(node)
        lo, hi = region[axis]
        return True if lo >= cut else (False if hi < cut else None)

    def _atom(self, node: ex.Node) -> tuple[int, int]:
        match node:
            case ex.Name(name):
                return self._index[name], 1
            case ex.Comparison(">=", ex.Name(name), ex.Constant(level)):
                return self._index[name], int(level)
        message = "a table row may hold only 'mechanism >= level', gates, 'and', 'or' and True"
        raise ValueError(message)

    def _undecided(self, node: ex.Node, region: Bounds) -> tuple[int, int]:
        for item in ex.children(node) if isinstance(node, ex.And | ex.Or) else ():
            if self._decide(item, region) is None:
                return self._undecided(item, region)
        return self._atom(node)


def _both(verdicts: list[bool | None], *, settles: bool) -> bool | None:
    if settles in verdicts:
        return settles
    return None if None in verdicts else not settles


def _cut(region: Bounds, axis: int, cut: int) -> tuple[Bounds, Bounds]:
    # The upper part first: there the row in hand is nearer to holding.
    lo, hi = region[axis]
    upper = (*region[:axis], (cut, hi), *region[axis + 1 :])
    lower = (*region[:axis], (lo, cut - 1), *region[axis + 1 :])
    return upper, lower
