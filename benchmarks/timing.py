"""How we time: what is compared runs in turns, so that whatever else the machine does disturbs all alike.

Ratios are of the quickest runs (noise only ever adds time); medians are given beside them.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of the runs of one thing."""

    runs: tuple[float, ...]

    @property
    def best(self) -> float:
        """The quickest run."""
        return min(self.runs)

    @property
    def median(self) -> float:
        """The run in the middle."""
        return statistics.median(self.runs)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was done, what it is held against, the limit and what was found."""

    work: str
    against: str
    want: str
    found: str
    met: bool

    def __str__(self) -> str:
        """The line in Markdown."""
        return f"| {self.work} | {self.against} | {self.want} | {self.found} | {'yes' if self.met else '**no**'} |"


def in_turns(things: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Run each thing once a round, after one round that is not counted.

    Python looks for cycles between the rounds and not within them, as ``timeit`` has it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in things}
    gc.disable()
    for counted in (False, *[True] * rounds):
        gc.collect()
        for name, run in things.items():
            began = time.perf_counter()
            run()
            if counted:
                seconds[name].append(time.perf_counter() - began)
    gc.enable()
    return {name: Times(tuple(runs)) for name, runs in seconds.items()}


def ratio_row(work: str, times: Times, against: str, base: Times, limit: float) -> Row:
    """A line that compares two things by their quickest runs."""
    ratio, middle = times.best / base.best, times.median / base.median
    found = f"{ratio:.2f} ({times.best * 1000:.0f} ms against {base.best * 1000:.0f}; of the medians {middle:.2f})"
    return Row(work, against, f"at most {limit}", found, met=ratio <= limit)
