"""Single, repeated and sustained: how often a quantity was at or above its limit, and how long without a break."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.history.usable import at_or_above, beyond

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk.history.usable import Draw


class Run(NamedTuple):
    """Consecutive usable draws at or above the limit, none below between."""

    draws: tuple[Draw, ...]
    current: bool  # whether it reaches the newest usable draw

    @property
    def days(self) -> float:
        """The time from its first draw to its last."""
        return self.draws[-1].time - self.draws[0].time


class Exceedance(NamedTuple):
    """What the usable draws of a patient say beside a limit; ``above`` holds the draws that reach it."""

    usable: int
    above: tuple[Draw, ...]
    runs: tuple[Run, ...]
    apart: float

    @property
    def repeated(self) -> bool:
        """At least two draws at or above, first and last ``apart`` days or more apart, whatever lies between."""
        return len(self.above) > 1 and self.above[-1].time - self.above[0].time >= self.apart

    @property
    def sustained(self) -> bool:
        """An unbroken run whose first and last draw lie ``apart`` days or more apart."""
        return self.run is not None

    @property
    def run(self) -> Run | None:
        """The longest run that is sustained; of two as long the later one."""
        long = [run for run in self.runs if len(run.draws) > 1 and run.days >= self.apart]
        return max(reversed(long), key=lambda run: run.days, default=None)

    @property
    def kind(self) -> str:
        """Say it in a word: none, single, several (too close together), repeated or sustained."""
        if self.sustained:
            return "sustained"
        if self.repeated:
            return "repeated"
        return "several" if len(self.above) > 1 else "single" if self.above else "none"


def exceedance(draws: Sequence[Draw], limit: float, apart: float, *, passing: bool = False) -> Exceedance:
    """Set usable draws, in the order of time, beside a limit; ``apart`` in days.

    ``passing`` asks that the limit be passed and not only reached.
    """
    reaches = beyond if passing else at_or_above
    runs: list[list[Draw]] = []
    broken = True
    for draw in draws:
        if not reaches(draw.value, limit):
            broken = True
        elif broken:
            runs.append([draw])
            broken = False
        else:
            runs[-1].append(draw)
    found = tuple(Run(tuple(run), run[-1] is draws[-1]) for run in runs)
    return Exceedance(len(draws), tuple(draw for run in found for draw in run.draws), found, apart)
