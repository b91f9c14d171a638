"""How far a long run has come, on a terminal: nothing for the first second, nothing left when it is done."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from calcrisk.telling import tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 1.0  # seconds before a bar is worth drawing
_PAUSE = 0.1  # seconds between two drawings


class Watch:
    """Draws a bar on standard error when that is a terminal, and tells faults above it.

    ``size`` is the sum of all shares, None when it is not known. Drawn when work comes in, by no thread of its own.
    """

    def __init__(self, size: float | None, *, shown: bool) -> None:
        """Begin to wait."""
        self._size, self._done, self._patients = size, 0.0, 0
        self._bar: tuple[Progress, TaskID] | None = None
        stream = sys.stderr
        self._next = time.monotonic() + _PATIENCE if shown and stream is not None and stream.isatty() else float("inf")

    def advance(self, share: float, patients: int) -> None:
        """Take note of what is done, and draw it when it is time."""
        self._done, self._patients = self._done + share, patients
        if (now := time.monotonic()) >= self._next:
            self._next = now + _PAUSE
            self._bar = self._bar or self._drawn()
            self._draw(*self._bar)

    def tell(self, text: str) -> None:
        """Write to standard error, above the bar."""
        if self._bar is None:
            tell(text)
        else:
            self._bar[0].console.print(text, end="", markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Draw what is done in the end, and take the bar away: what comes behind stands in its place."""
        self._next = float("inf")
        if self._bar is not None:
            self._draw(*self._bar)
            self._bar[0].stop()
            self._bar = None

    def _draw(self, bar: Progress, task: TaskID) -> None:
        bar.update(task, completed=self._done, patients=f"{self._patients:,}")
        bar.refresh()

    def _drawn(self) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[patients]} patients"),
            TimeRemainingColumn(),
        )
        # rich would put files of its own in place of standard output and standard error, which hold text only
        bar = Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar.start()
        return bar, bar.add_task("", total=self._size, patients="0")
