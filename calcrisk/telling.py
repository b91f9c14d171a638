"""What is told on standard error, and where a defect lies when somebody asks for it with ``CALCRISK_DEBUG``.

Nothing of a patient may be told here: what is shown of a defect is meant to be sent to others.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO


def tell(text: str) -> None:
    """Write to standard error; when nobody can read it, what is said is lost and the work goes on."""
    if sys.stderr is None:  # closed by the one who started the program
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BrokenPipeError:
        to_nowhere(sys.stderr)


def tell_where(defect: BaseException) -> None:
    """With ``CALCRISK_DEBUG`` set, tell which lines of the program a defect came through, and no word of what it says.

    Its message may hold what is known of a patient.
    """
    if not os.environ.get("CALCRISK_DEBUG"):
        return
    from traceback import format_tb

    at: BaseException | None = defect
    while at is not None:
        tell(f"{''.join(format_tb(at.__traceback__))}{type(at).__name__}\n")
        at = at.__cause__ or at.__context__


def to_nowhere(stream: IO[str]) -> None:
    """Let a stream that nobody reads any more lead to nowhere: Python flushes it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
