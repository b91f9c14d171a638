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
    rb"|source,index,id,status,classification,possible,settled,)"
)
_ENOUGH = 200  # bytes; more than either beginning takes
_SUFFIXES = (".json", ".ndjson", ".jsonl", ".csv")


def is_answer(path: str) -> bool:
    """Tell whether a file holds answers of calcrisk as JSON, NDJSON or CSV; False for what cannot be read."""
    if not path.lower().endswith(_SUFFIXES):
        return False
    return _begins_as_an_answer(path)


def refuse_overwriting(paths: Iterable[str], output: str | None) -> None:
    """Raise UsageError when the file ``output`` is one of those to be read, and no earlier answer."""
    if output is None or output == "-" or not os.path.isfile(output) or _begins_as_an_answer(output):  # noqa: PTH113  # as in sources
        return
    for path in paths:
        if _is_the_same(path, output):
            message = "the answers would replace this file, which is to be read"
            hint = "name another file behind -o"
            fault = Fault(code="output-is-input", message=message, file=output, hint=hint)
            raise UsageError([fault])


def _begins_as_an_answer(path: str) -> bool:
    if not os.path.isfile(path):  # noqa: PTH113  # as in sources; a pipe could be waited for without end
        return False
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123  # as in sources
            return bool(_BEGINS.match(stream.read(_ENOUGH)))
    except OSError:
        return False


def _is_the_same(path: str, output: str) -> bool:
    with suppress(OSError, ValueError):  # what is not there, or standard input that is no file
        if path != STDIN:
            return os.path.samefile(path, output)  # noqa: PTH121  # as in sources
        if sys.stdin is not None:
            return os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(output))  # noqa: PTH116  # as in sources
    return False
