"""Work spread over processes, its results in the order of the units whatever the number of processes.

Each worker has one unit at a time, over a pipe of its own: nothing is shared, so that one that is killed is noticed and
holds up nobody. A unit gives its results one by one. However much there is to do, what is held is bounded: workers that
are far ahead wait.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from contextlib import closing, suppress
from itertools import chain, islice
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Generic, TypeVar

from calcrisk.cli.signals import ASKING, held_back
from calcrisk.errors import Fault, SurroundingsError
from calcrisk.telling import tell, tell_where

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_FEW = 4  # units that one process does before a second would have begun
_PIPE = 2**20  # bytes; what Linux allows everyone
_MOST = 4  # processes a usable core, however many are asked for: more only take memory
_AHEAD = 8  # units a process that may wait for an earlier one to be done, and results that are held of each


def usable_cores() -> int:
    """Count the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(work: Callable[[Unit], Iterable[Result]], units: Iterable[Unit], jobs: int | None) -> Generator[Result]:
    """Do the work on every unit and give its results in the order of the units.

    ``jobs`` is the number of processes, None for as many as are worth it. Results differ in nothing but time. Raises
    what ``work`` raises, and SurroundingsError when a process is lost; close the generator to end the processes.
    """
    coming = iter(units)
    if jobs is None:  # what comes first is done here: a slow stream is answered at once, and often that was all
        yield from chain.from_iterable(map(work, islice(coming, _FEW)))
    first = list(islice(coming, 1))
    rest = chain(first, coming)
    most = _MOST * usable_cores()
    processes = min(jobs or usable_cores(), most)
    if jobs and jobs > most:
        tell(f"--jobs {jobs:,}: {most:,} processes at most, {_MOST} for each usable core\n")
    if processes == 1 or not first:
        yield from chain.from_iterable(map(work, rest))
        return
    with closing(_Crew(work, processes)) as crew:
        yield from _gathered(crew, enumerate(rest))


class _Worker(Generic[Unit, Result]):
    """One process, as its employer sees it: units go down one pipe, results come up another; ``at`` is its unit."""

    def __init__(self, process: BaseProcess, down: Connection, up: Connection) -> None:
        self.process, self.down, self.up = process, down, up
        self.at = -1

    def give(self, at: int, unit: Unit) -> None:
        """Hand over a unit; it has none, so it is waiting for one."""
        self.at = at
        try:
            self.down.send(unit)
        except OSError:
            raise self._lost() from None

    def take(self) -> tuple[Result] | tuple[()]:
        """Take the next result; nothing when the unit is done. Raises what the work raised."""
        try:
            answer: tuple[Result] | tuple[()] | Exception = self.up.recv()
        except (EOFError, OSError):
            raise self._lost() from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()  # it ignores whatever asks for less
        self.process.join()
        self.down.close()
        self.up.close()

    def _lost(self) -> SurroundingsError:
        self.process.join()
        code = self.process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        hint = "it may have run out of memory; --jobs 1 needs the least"
        message = f"a worker process ended before its work was done ({how})"
        return SurroundingsError([Fault(code="worker-lost", message=message, hint=hint)])


class _Crew(Generic[Unit, Result]):
    """The processes: each is started when there is a unit for it, and ``most`` is how many there may be."""

    def __init__(self, work: Callable[[Unit], Iterable[Result]], most: int) -> None:
        # A forked process has what is loaded already; elsewhere than on Linux, system libraries do not survive a fork.
        self._context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._work, self.most = work, most
        self._workers: list[_Worker[Unit, Result]] = []
        self._idle: list[_Worker[Unit, Result]] = []

    @property
    def is_ready(self) -> bool:
        """Whether there is one without a unit, or may be."""
        return bool(self._idle) or len(self._workers) < self.most

    def one(self) -> _Worker[Unit, Result]:
        """Give one that has no unit; start it where there is none."""
        if self._idle:
            return self._idle.pop()
        with held_back():  # no Ctrl-C or the like reaches a child, not even before its first line
            others = [end for each in self._workers for end in (each.down, each.up)]
            self._workers.append(_started(self._context, self._work, others))
        return self._workers[-1]

    def back(self, worker: _Worker[Unit, Result]) -> None:
        """Take one back that has done its unit."""
        self._idle.append(worker)

    def close(self) -> None:
        """End all of them."""
        for worker in self._workers:
            worker.end()


def _gathered(crew: _Crew[Unit, Result], units: Iterator[tuple[int, Unit]]) -> Iterator[Result]:
    """Keep every worker at work, no further ahead of the unit whose results are due than is worth holding."""
    busy: dict[object, _Worker[Unit, Result]] = {}
    held: dict[int, deque[Result]] = {}  # of every unit given and not yet passed on
    ended, due = set[int](), 0
    while True:
        while crew.is_ready and len(held) < _AHEAD * crew.most and (unit := next(units, None)):
            worker = crew.one()
            worker.give(*unit)
            busy[worker.up] = worker
            held[worker.at] = deque()
        if not held:
            return
        for ready in wait([each.up for each in busy.values() if each.at == due or len(held[each.at]) < _AHEAD]):
            worker = busy[ready]
            if result := worker.take():
                held[worker.at].extend(result)
            else:
                ended.add(worker.at)
                crew.back(busy.pop(ready))
        while due in held:
            while held[due]:
                yield held[due].popleft()
            if due not in ended:
                break
            ended.remove(due)
            del held[due]
            due += 1


def _started(
    context: BaseContext, work: Callable[[Unit], Iterable[Result]], others: list[Connection]
) -> _Worker[Unit, Result]:
    units, down = multiprocessing.Pipe(duplex=False)
    up, results = multiprocessing.Pipe(duplex=False)
    _widen(results)
    inherited = [*others, down, up] if context.get_start_method() == "fork" else []
    process = context.Process(  # type: ignore[attr-defined]  # every context has one
        target=_serve, args=(work, units, results, inherited), daemon=True
    )
    process.start()
    units.close()
    results.close()
    return _Worker(process, down, up)


def _widen(pipe: Connection) -> None:
    """Let a pipe hold a whole result where the system allows it: sent in small pieces it takes five times as long."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


def _serve(
    work: Callable[[Unit], Iterable[Result]], units: Connection, results: Connection, inherited: list[Connection]
) -> None:
    """Do units until there are no more: the employer's ends of pipes are closed here, or that would never be seen."""
    for number in ASKING:  # which reach the whole group; the employer ends us
        signal.signal(number, signal.SIG_IGN)
    for other in inherited:
        other.close()
    try:
        while True:
            _do(work, units.recv(), results)
    except (EOFError, OSError):
        return


def _do(work: Callable[[Unit], Iterable[Result]], unit: Unit, results: Connection) -> None:
    try:
        for result in work(unit):
            results.send((result,))
        results.send(())
    except OSError:  # nobody listens any more
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is: the employer raises it
        tell_where(error)  # which is lost on the way
        results.send(error)
