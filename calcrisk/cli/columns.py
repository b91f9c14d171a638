"""``calcrisk columns``: which column of a table could be which input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.cli.output import emit
from calcrisk.cohort.engine import engine, require
from calcrisk.cohort.suggest import suggest as proposed
from calcrisk.cohort.tables import opened, table_files, telling_rows
from calcrisk.inputs.earlier import refuse_overwriting

if TYPE_CHECKING:
    from collections.abc import Sequence


def suggest(paths: Sequence[str], output: str | None) -> None:
    """Write a proposed map; raises ``CalcriskError``."""
    require()
    files, _ = table_files(paths, lines=True)
    refuse_overwriting(files, output)
    with engine() as at_work, telling_rows(files):
        emit(proposed(at_work, opened(at_work, files)), output)
