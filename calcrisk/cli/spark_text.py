"""CSV as Spark reads and writes it here: as DuckDB does, and as the standard has it.

Spark's own settings take a backslash for the sign that lets a quote stand, end a row at a line's end within quotes, and
read the columns of further files by their place.
"""

from __future__ import annotations

import glob
import io
import os
import re
from functools import reduce
from typing import TYPE_CHECKING, Final

from calcrisk.cohort.header import delimiter_of, records, wrong
from calcrisk.cohort.textfile import FORMULA, FREE
from calcrisk.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

_AS_WRITTEN: Final = {"ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False}  # an id keeps its blanks
WRITTEN: Final = {"header": True, "quote": '"', "escape": '"', "nullValue": "", **_AS_WRITTEN}
READ: Final = {**WRITTEN, "multiLine": True, "mode": "FAILFAST", "enforceSchema": False, "columnPruning": False}
_AROUND: Final = r"^[ \t]+|[ \t]+$"
_QUOTED: Final = r'^[ \t]+"([^"]*)"[ \t]*$'  # a cell whose quotes stand behind a blank: to Spark they are a part of it
_FILE: Final = re.compile(r"while reading file (\S+?)\.?\s")
_OTHER: Final = re.compile(r"Expected: (.*) but found: (.*)")


def read_text(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """Read tables, each as its header says; columns are joined by name, and one that a table lacks is empty there.

    Raises ``InputError`` for a header that is none, or that has a name twice.
    """
    tables = (_table(spark, path) for path in paths)
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), tables)


def _table(spark: SparkSession, path: str) -> DataFrame:
    first = spark.read.text(path).first()
    line = io.StringIO(first[0] if first else "")
    sign = delimiter_of(line)
    if fault := next(wrong(path, [cell.strip() for cell in next(records(line, sign), [])]), None):
        raise InputError([fault])
    read = spark.read.options(**READ, sep=sign).csv(path)
    return read.toDF(*(name.strip() for name in read.columns))


def trimmed(read: DataFrame, identifier: str) -> DataFrame:
    """Take the blanks around every cell away, save around an id: it is another one without them."""
    from pyspark.sql import functions as fn

    cells = {
        name: fn.regexp_replace(fn.regexp_replace(_column(name), _QUOTED, "$1"), _AROUND, "")
        for name in read.columns
        if name != identifier
    }
    return read.select(*(cells.get(name, _column(name)).alias(name) for name in read.columns))


def guarded(scored: DataFrame) -> DataFrame:
    """Guard what a spreadsheet would take for a formula with an apostrophe, as in the CSV of the other engines."""
    from pyspark.sql import functions as fn

    cells = {name: _column(name) for name in FREE if name in scored.columns}
    shown = {name: fn.when(cell.rlike(FORMULA), fn.concat(fn.lit("'"), cell)) for name, cell in cells.items()}
    return scored.withColumns({name: held.otherwise(cells[name]) for name, held in shown.items()})


def _column(name: str) -> Column:
    from pyspark.sql import functions as fn

    return fn.col(f"`{name.replace('`', '``')}`")  # a dot in a name is a part of it


def local_files(paths: Sequence[str]) -> list[str]:
    """Return the files of this machine that the paths name: their rows can be looked at again."""
    return [file for path in paths for file in _files(path) if os.path.isfile(file)]  # noqa: PTH113  # as in sources


def _files(path: str) -> Iterator[str]:
    if os.path.isdir(path):  # noqa: PTH112  # as in sources
        yield from (os.path.join(path, name) for name in sorted(os.listdir(path)))  # noqa: PTH118, PTH208  # names as typed
    else:
        yield from sorted(glob.glob(path)) or [path]  # noqa: PTH207  # the path as typed


def unreadable(said: str) -> InputError:
    """Say which file Spark could not read, and why; nothing of the row is repeated, which Spark does."""
    file = next(iter(_FILE.findall(said)), None)
    message, hint = "it cannot be read", "is it whole, and of the kind that its name says?"
    if "MALFORMED" in said:
        message, hint = "a row is longer or shorter than the header", "an empty cell stands for what is missing"
    elif other := _OTHER.search(said):
        message = f"its columns are not those of the files beside it: {other[2]!r} stands where they have {other[1]!r}"
        hint = "name such files one by one: their columns are then joined by name"
    return InputError([Fault(code="unreadable-table", message=message, file=file, hint=hint)])
