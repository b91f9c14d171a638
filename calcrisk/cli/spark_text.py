"""CSV as Spark reads and writes it here: as DuckDB does, and as the standard has it.

Spark's own settings take a backslash for the sign that lets a quote stand, end a row at a line's end within quotes, and
read the columns of further files by their place.
"""

from __future__ import annotations

import csv
import glob
import os
import re
from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING, Final

from calcrisk.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

WRITTEN: Final = {"header": True, "quote": '"', "escape": '"', "nullValue": ""}
READ: Final = {**WRITTEN, "multiLine": True, "mode": "FAILFAST", "enforceSchema": False, "columnPruning": False}
_BETWEEN: Final = (",", ";", "\t", "|")  # what may stand between cells
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
    sign, names = _cells(first[0] if first else "")
    if not any(names):
        message, hint = "there is no header in its first line", "name the columns there, as the inputs are named"
        raise InputError([Fault(code="unreadable-table", message=message, file=path, line=1, hint=hint)])
    counted = Counter(name.casefold() for name in names if name)
    twice = next((name for name in names if counted[name.casefold()] > 1), None)
    if twice is not None:
        message, hint = (
            f"the column {twice!r} stands twice",
            "give one of them another name; case does not tell them apart",
        )
        raise InputError([Fault(code="column-twice", message=message, file=path, line=1, hint=hint)])
    return spark.read.options(**READ, sep=sign).csv(path)


def _cells(line: str) -> tuple[str, list[str]]:
    """Return what stands between the cells of a header, which is what makes the most of them, and the cells."""
    sign, cells = max(((sign, _split(line, sign)) for sign in _BETWEEN), key=lambda one: len(one[1]))
    return sign, [cell.strip() for cell in cells]


def _split(line: str, sign: str) -> list[str]:
    """Split a header; one that has quotes out of place with this sign is one cell, since another sign is meant."""
    try:
        return next(csv.reader([line], delimiter=sign, strict=True), [])
    except csv.Error:
        return [line]


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
