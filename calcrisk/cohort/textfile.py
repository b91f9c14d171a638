"""Answers as a file of text: CSV or JSON.

The engine holds what it writes as text in large pieces, one for each thread, and wide answers in such pieces are more
than its memory. So the answers go aside first, as Parquet in small pieces, and become text from there.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from calcrisk.cohort.engine import file_text, name, text
from calcrisk.cohort.parquet import IN_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TEXTS: Final = {
    "csv": "FORMAT csv, HEADER true",
    "json": "FORMAT json, ARRAY true",
    "ndjson": "FORMAT json",
}
FREE: Final = ("source", "id", "errors")  # cells in which a spreadsheet might find a formula
_LISTED: Final = ("possible", "met_rules", "missing", "chemistry_assumed", "chemistry_warnings")
FORMULA: Final = r"^[=+\-@\t\r]"
_PART: Final = 20_480  # rows of a piece
ASIDE: Final = f"FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE {_PART}"


@contextmanager
def aside() -> Iterator[str]:
    """Give the path of a file that is gone when the block ends."""
    with TemporaryDirectory(prefix="calcrisk-", ignore_cleanup_errors=True) as folder:
        yield str(Path(folder) / "answers.parquet")


def copied(answers: str, columns: Sequence[str], output: str, form: str) -> str:
    """Write the statement that makes text of the Parquet file ``answers``; ``form`` is one of ``TEXTS``."""
    shown = ", ".join(f"{_guarded(column) if form == 'csv' else name(column)} AS {name(column)}" for column in columns)
    return (
        f"COPY (SELECT {shown} FROM read_parquet({file_text(answers)})) TO {text(output)} ({TEXTS[form]}, {IN_PLACE})"
    )


def _guarded(column: str) -> str:
    """Guard a text that a spreadsheet would take for a formula; an empty list is an empty cell, without quotes."""
    held = name(column)
    if column in _LISTED:
        return f"NULLIF({held}, '')"
    if column not in FREE:
        return held
    shown = f"CAST({held} AS VARCHAR)"
    return f"CASE WHEN regexp_matches({shown}, {text(FORMULA)}) THEN '''' || {shown} ELSE {shown} END"
