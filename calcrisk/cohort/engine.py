"""DuckDB, embedded: the only door to it. It reads and writes tables larger than memory, and runs our SELECT."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Final, TypeVar

from calcrisk.cohort.engine_faults import telling
from calcrisk.errors import Fault, SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor

    import duckdb

_MEMORY: Final = "700MB"  # of DuckDB's own: with Python and what it reads ahead the process stays below 1 GiB
_PAUSE: Final = 0.1  # seconds between two looks at how far a query has come
_RANDOM: Final = 8  # bytes of a name that nobody else has
_WHOLE: Final = 100.0  # per cent
_BATCH: Final = 65_536  # rows of a record batch

_PATTERN: Final = re.compile(r"[\[*?]")

Row = tuple[Any, ...]
Done = TypeVar("Done")


def require() -> None:
    """Raise ``SurroundingsError`` when the extra is not installed: told before anything is read."""
    if find_spec("duckdb") is None:
        message, hint = "tables are read by duckdb, which is not installed", "pip install 'calcrisk[cohort]'"
        raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)])


class Engine:
    """One connection in memory; what does not fit goes to a folder that is removed in the end.

    Its work is done in a thread: a signal that arrives inside the engine would else end as an error of the engine's.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, worker: Executor) -> None:
        """Take an open connection and one thread; ``engine`` has both."""
        self._connection, self._worker = connection, worker
        self._connections = [connection]

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a query and return what it gives. Raises ``InputError`` or ``SurroundingsError``."""
        return self._aside(lambda: self._connection.execute(query, list(values)).fetchall())

    def some(self, query: str, count: int) -> Iterator[list[Row]]:
        """Run a query and give what it gives, so many rows at a time."""
        cursor = self._cursor()
        self._aside(lambda: cursor.execute(query))
        while rows := self._aside(lambda: cursor.fetchmany(count)):
            yield rows

    def columns(self, relation: str) -> dict[str, str]:
        """Name the columns of a relation, each with its type."""
        return {name: kind for name, kind, *_ in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def held(self, relation: str) -> str:
        """Work a relation out once, and return the name under which it can be read again and again."""
        self.rows(f"CREATE TABLE calcrisk_held AS SELECT * FROM {relation} AS r")
        return "calcrisk_held"

    def watched(self, query: str, advance: Callable[[float], None]) -> None:
        """Run a long query; ``advance`` is told again and again which share of it (0 to 1) has been done since."""
        done = 0.0

        def look() -> None:
            nonlocal done
            now = max(self._connection.query_progress(), 0.0) / _WHOLE
            advance(max(now - done, 0.0))
            done = max(now, done)

        self._aside(lambda: self._connection.execute(query), look)
        advance(1 - done)

    def through(self, query: str, work: Callable[[Iterable[Any]], Iterator[Any]], table: str) -> bool:
        """Keep what ``work`` makes of the record batches of a query as a table; no more than a few batches are held.

        False where it makes nothing of them, and there is no table.
        """
        import pyarrow as pa

        cursor = self._cursor()

        def keep() -> bool:
            coming = work(cursor.sql(query).to_arrow_reader(_BATCH))
            if (first := next(coming, None)) is None:
                return False
            batches = pa.RecordBatchReader.from_batches(first.schema, chain([first], coming))
            self._connection.from_arrow(batches).create(table)
            return True

        return self._aside(keep)

    def end(self) -> None:
        """Interrupt what is still being done until it has ended, and close: a connection in use cannot be closed."""
        last = self._worker.submit(lambda: None)  # after everything else that the one thread was given
        while not last.done():
            try:
                for connection in self._connections:
                    connection.interrupt()
                wait([last], _PAUSE)
            except KeyboardInterrupt:
                continue  # that is what is being done
        for connection in self._connections:
            connection.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Open a second connection to the same tables, which can be read while the first one is used."""
        self._connections.append(self._connection.cursor())
        return self._connections[-1]

    def _aside(self, work: Callable[[], Done], look: Callable[[], None] = lambda: None) -> Done:
        """Do the work in the thread; ``look`` is called again and again until it is done."""
        at_work = self._worker.submit(_told, work)
        while not wait([at_work], _PAUSE).done:
            look()
        return at_work.result()


def _told(work: Callable[[], Done]) -> Done:
    with telling():
        return work()


@contextmanager
def engine(threads: int | None = None) -> Iterator[Engine]:
    """Open an engine that keeps below 1 GiB of memory and gives rows in the order of the table."""
    import duckdb

    # DuckDB makes this folder when it needs it: of a table that fits into memory nothing is written anywhere
    aside = Path(_temporary(), f"calcrisk-{token_hex(_RANDOM)}")
    with ThreadPoolExecutor(1) as worker:
        at_work = Engine(worker.submit(duckdb.connect).result(), worker)
        settings: dict[str, object] = {
            "memory_limit": _MEMORY,
            "temp_directory": str(aside),
            "preserve_insertion_order": True,
            "TimeZone": "UTC",  # times with a zone would else be told by the zone of the machine
            "autoinstall_known_extensions": False,  # nothing is fetched from a network
            "autoload_known_extensions": False,
            "enable_progress_bar": True,  # or it keeps no account of progress
            "enable_progress_bar_print": False,
        }
        if threads is not None:
            settings["threads"] = threads
        try:
            for name, value in settings.items():
                at_work.rows(f"SET {name} = {value!r}")
            yield at_work
        finally:
            at_work.end()
            rmtree(aside, ignore_errors=True)


def _temporary() -> str:
    """Name the folder for temporary files; the standard library's way to it writes one, to see whether it can."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return next(filter(None, named), "/tmp" if os.path.isdir("/tmp") else os.curdir)  # noqa: PTH112, S108  # a name alone


def text(value: str) -> str:
    """Write a text as SQL does."""
    return "'" + value.replace("'", "''") + "'"


def file_text(path: str) -> str:
    """Write the path of one file to be read: DuckDB takes ``[``, ``*`` and ``?`` in it for a pattern."""
    return text(_PATTERN.sub(r"[\g<0>]", path))


def name(value: str) -> str:
    """Write the name of a column as SQL does."""
    return '"' + value.replace('"', '""') + '"'
