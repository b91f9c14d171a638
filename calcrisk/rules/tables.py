"""All decision tables of a rulebook read at once: class and tiers, for given levels and gates.

People share few combinations of levels and gates, so what was read once is kept.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.rules.logic import FREE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from calcrisk.rules.boxes import Bounds
    from calcrisk.rules.program import Axes, Program

_CACHED: Final = 8192  # combinations that are kept
_GATES: Final = {True: (1, 1), False: (0, 0), None: (0, 1)}
_GATES_TRIED: Final = {True: (1, 1), False: (0, 0), None: (0, 0), FREE: (0, 1)}


class TierAnswer(NamedTuple):
    """Ranks in the rulebook's order of tiers; not assessed when none of its questions was answered."""

    assessed: bool
    tier: int
    lowest: int
    highest: int


class Reading(NamedTuple):
    """The row of the class table, the rows possible, and for each tier its answer when not assessed and when it is."""

    row: int
    possible: tuple[int, ...]
    tiers: tuple[tuple[TierAnswer, TierAnswer], ...]


class Reached(NamedTuple):
    """What the answer to one question could lead to: classes, and the ranks of each tier."""

    classes: frozenset[str]
    tiers: tuple[frozenset[int], ...]


class Tables:
    """The class table and the tables of the tiers, over shared levels and gates."""

    def __init__(self, program: Program, minimum: int) -> None:
        """``minimum`` is the slot of the gate that an answer could still open while it is false."""
        self._program = program
        self._axes = (program.classes, *(tier.axes for tier in program.tiers))
        self.gates = tuple(dict.fromkeys(slot for axes in self._axes for _, slot in axes.gates))
        self._fetch = getter(self.gates)
        self._minimum = minimum
        self._read = lru_cache(_CACHED)(self._reading)
        self._reach = lru_cache(_CACHED)(self._reached)

    def read(self, env: Sequence[Any], lows: Sequence[int], highs: Sequence[int]) -> Reading:
        """Answer on what is known, and say what is possible within the ranges."""
        return self._read((*lows, *highs), self._fetch(env))

    def reached(self, env: Sequence[Any], lows: Sequence[int], highs: Sequence[int]) -> Reached:
        """Say what is possible while one question is free: unknown gates stay as they are, ``FREE`` ones may open."""
        return self._reach((*lows, *highs), self._fetch(env))

    def _reading(self, levels: tuple[int, ...], gates: tuple[Any, ...]) -> Reading:
        opened = {slot: _GATES[value] for slot, value in zip(self.gates, gates, strict=True)}
        if opened.get(self._minimum) == _GATES[False]:
            opened[self._minimum] = _GATES[None]
        (row, possible), *others = (axes.table.read(bounds) for axes, bounds in self._bounds(levels, opened))
        tiers = (_answers(tier.order, at, rows) for tier, (at, rows) in zip(self._program.tiers, others, strict=True))
        return Reading(row, possible, tuple(tiers))

    def _reached(self, levels: tuple[int, ...], gates: tuple[Any, ...]) -> Reached:
        opened = {slot: _GATES_TRIED[value] for slot, value in zip(self.gates, gates, strict=True)}
        rows, *others = (axes.table.possible(bounds) for axes, bounds in self._bounds(levels, opened))
        classes = frozenset(self._program.rows[row].spec["class"] for row in rows)
        tiers = zip(self._program.tiers, others, strict=True)
        return Reached(classes, tuple(frozenset(tier.order[row] for row in possible) for tier, possible in tiers))

    def _bounds(self, levels: tuple[int, ...], opened: dict[int, tuple[int, int]]) -> Iterable[tuple[Axes, Bounds]]:
        lows, highs = levels[: len(levels) // 2], levels[len(levels) // 2 :]
        for axes in self._axes:
            ranges = [(lows[at], highs[at]) for at in axes.mechanisms]
            yield axes, (*ranges, *(opened[slot] for _, slot in axes.gates))


def _answers(order: Sequence[int], row: int, possible: Iterable[int]) -> tuple[TierAnswer, TierAnswer]:
    ranks = [order[at] for at in possible]
    answer = TierAnswer(assessed=True, tier=order[row], lowest=min(ranks), highest=max(ranks))
    return answer._replace(assessed=False), answer


def getter(slots: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what fetches these slots of an environment as a tuple, also when they are none or one."""
    if len(slots) > 1:
        return itemgetter(*slots)
    return lambda env: tuple(env[slot] for slot in slots)
