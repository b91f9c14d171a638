"""Earlier answers of calcrisk, which may lie among the patients: told by how they begin, never read as patients.

An answer may replace an earlier one; it never replaces a patient that is read.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from calcrisk.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

STDIN = "-"
_BEGINS = re.compile(
    rb'(?:\xef\xbb\xbf)?(?:\s*(?:\[\s*)?\{\s*"format"\s*:\s*1\s*,\s*"calcrisk"\s*:'
    rb'|(?:\s*\[\s*)?\{"source":"(?:[^"\\]|\\.)*","index":\d+,"id":'  # of a table
    rb"|source,index,id,status,classification,)"
)
_ENOUGH = 4096  # bytes; more than any beginning takes, with the name of a file
_SUFFIXES = (".json", ".ndjson", ".jsonl", ".csv")
_PARQUET = ".parquet"
_SIGN = b"PAR1"
_END = 4 + len(_SIGN)  # bytes at the end of a Parquet file: the length of what stands before them, and its sign
_MARK = b"calcrisk_rulebook"  # what a Parquet file of answers says of itself


def is_answer(path: str) -> bool:
    """Tell whether a file holds answers of calcrisk, told by its name's end; False for what cannot be read."""
    if path.lower().endswith(_PARQUET):
        return _says_so(path)
    return path.lower().endswith(_SUFFIXES) and _begins_as_an_answer(path)


def answers(path: str) -> Fault:
    """Say of a file that it holds answers where patients were expected."""
    message = "these are answers of calcrisk, not patients"
    return Fault(code="answers", message=message, file=path, hint="name what they were made from")


def refuse_overwriting(paths: Iterable[str], output: str | None) -> None:
    """Raise UsageError when the file ``output`` is one of those to be read, and no earlier answer."""
    if output is None or output == "-" or not os.path.isfile(output) or _is_ours(output):  # noqa: PTH113  # as in sources
        return
    for path in paths:
        if _is_the_same(path, output):
            message = "the answers would replace this file, which is to be read"
            hint = "name another file behind -o"
            fault = Fault(code="output-is-input", message=message, file=output, hint=hint)
            raise UsageError([fault])


def _is_ours(path: str) -> bool:
    """Tell an earlier answer whatever its name ends in."""
    return _says_so(path) or _begins_as_an_answer(path)


def _begins_as_an_answer(path: str) -> bool:
    if not os.path.isfile(path):  # noqa: PTH113  # as in sources; a pipe could be waited for without end
        return False
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123  # as in sources
            return bool(_BEGINS.match(stream.read(_ENOUGH)))
    except OSError:
        return False


def _says_so(path: str) -> bool:
    """Look in what a Parquet file says of itself, at its end."""
    if not os.path.isfile(path):  # noqa: PTH113  # as below
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as in sources
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _END, 0))
            end = file.read()
            length = int.from_bytes(end[: -len(_SIGN)], "little")
            file.seek(max(size - _END - length, 0))
            return end.endswith(_SIGN) and _MARK in file.read(length)
    except OSError:
        return False


def _is_the_same(path: str, output: str) -> bool:
    with suppress(OSError, ValueError):  # what is not there, or standard input that is no file
        if path != STDIN:
            return os.path.samefile(path, output)  # noqa: PTH121  # as in sources
        if sys.stdin is not None:
            return os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(output))  # noqa: PTH116  # as in sources
    return False
