"""A Parquet file from answers that come one by one, and the place for what another program writes whole."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from calcrisk.cli.output import is_terminal, placing, writing
from calcrisk.cohort.engine import require
from calcrisk.cohort.parquet import from_lines, made_with
from calcrisk.cohort.scoring import kind_of, types
from calcrisk.errors import Fault, UsageError
from calcrisk.render.rows import of_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from calcrisk.rules.rulebook import Rulebook

_BLOCK: Final = 2**20  # bytes


def require_parquet(output: str | None) -> None:
    """Raise ``UsageError`` before anything is read when Parquet would go to a terminal; see ``require`` also."""
    if is_terminal(output):
        message, hint = "Parquet is not for a terminal", "name a file with -o"
        raise UsageError([Fault(code="format-conflict", message=message, path="--format parquet", hint=hint)])
    require()


@contextmanager
def placed(output: str | None) -> Iterator[str]:
    """Give the path of a file to be written whole: a neighbour of the output, or what goes to a pipe or device then."""
    if output is not None and output != "-" and (Path(output).is_file() or not Path(output).exists()):
        with placing(output) as path:
            yield path
        return
    with TemporaryDirectory(prefix="calcrisk-") as folder:
        aside = Path(folder) / "answers"
        yield str(aside)
        with writing(output) as write, aside.open("rb") as answers:
            while block := answers.read(_BLOCK):
                write(block)


@contextmanager
def writing_parquet(output: str | None, book: Rulebook, columns: Sequence[str]) -> Iterator[Callable[[bytes], None]]:
    """Give what takes one row of JSON a line; when the block ends, they have become a Parquet file."""
    said = made_with(f"{book.id} {book.version} {book.sha256}", book.profile, {})
    inputs = types(book, set(columns).intersection(of_history(book.data)))
    kinds = {column: kind_of(column, inputs) for column in columns}
    with TemporaryDirectory(prefix="calcrisk-") as folder:
        lines = Path(folder) / "rows.ndjson"
        with lines.open("wb") as file:

            def write(rows: bytes) -> None:
                file.write(rows)

            yield write
        with placed(output) as path:
            from_lines(str(lines), path, kinds, said)
