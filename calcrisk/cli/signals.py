"""Signals that ask a long run to end: it ends as with Ctrl-C, with nothing left half-written."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import FrameType

# What a shell, a batch system or a terminal that is closed sends; a system may lack one.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
ASKING = (signal.SIGINT, *_ENDING)  # every signal that asks for an end
_BY_A_SIGNAL = 128  # what shells add to the number of the signal


class EndedError(KeyboardInterrupt):
    """Another signal than Ctrl-C, on the same way out; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        """Remember the signal."""
        super().__init__()
        self.number = number


def exit_code(ended: KeyboardInterrupt) -> int:
    """Give what shells give a process that a signal ended."""
    return _BY_A_SIGNAL + (ended.number if isinstance(ended, EndedError) else signal.SIGINT)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Turn the first signal that asks for an end into an exception; one that is ignored (``nohup``) stays ignored."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    heeded = [number for number, how in before.items() if how is signal.SIG_DFL]

    def end(number: int, _frame: FrameType | None) -> None:
        for each in heeded:  # a terminal that is closed sends two: the second one would interrupt the tidying up
            signal.signal(each, signal.SIG_IGN)
        raise EndedError(number)

    for number in heeded:
        signal.signal(number, end)
    try:
        yield
    except EndedError:
        raise  # the second one, which may still come, stays ignored until the program has ended
    except BaseException:
        _restore(heeded, before)
        raise
    _restore(heeded, before)


def _restore(numbers: Iterable[int], before: Mapping[int, Any]) -> None:
    for number in numbers:
        signal.signal(number, before[number])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back a signal until what is being written is whole; a second one is not held back."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if held:
            _heed(before[number], number, frame)
        held.append(number)

    before = {number: signal.getsignal(number) for number in ASKING}
    heeded = [number for number, how in before.items() if callable(how)]
    for number in heeded:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
    if held:
        _heed(before[held[0]], held[0], None)


def _heed(how: object, number: int, frame: FrameType | None) -> None:
    if callable(how):
        how(number, frame)


@contextmanager
def held_back() -> Iterator[None]:
    """Let whatever asks for an end wait until this is done, as do processes that are started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
