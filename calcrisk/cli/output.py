"""Where an answer goes: standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from calcrisk.errors import Fault, SurroundingsError


def emit(text: str, output: str | None) -> None:
    """Write text to standard output, or to the file ``output``; raises ``SurroundingsError`` when it cannot."""
    if output is None or output == "-":
        require_standard_output()
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            leave_silently()
        return
    try:
        _write(Path(output), text)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise SurroundingsError([Fault(code="cannot-write", message=message, file=output)]) from None


def require_standard_output() -> None:
    """Raise ``SurroundingsError`` when whoever started the program closed its standard output."""
    if sys.stdout is None:
        message = "standard output is closed"
        raise SurroundingsError([Fault(code="cannot-write", message=message, file="<stdout>")])


def is_terminal(output: str | None) -> bool:
    """Tell whether what is emitted to ``output`` is read in a terminal."""
    return (output is None or output == "-") and sys.stdout is not None and sys.stdout.isatty()


def leave_silently() -> NoReturn:
    """End as if all were written: whoever read the pipe has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at exit
    raise SystemExit(0)


def _write(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():  # a device or a pipe is written to, never replaced by a file
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    else:
        _write_whole(path.resolve(), text)  # what a link leads to; the link stays


def _write_whole(path: Path, text: str) -> None:
    # A neighbour first, then a rename: a reader never sees half a file, and a failure leaves the old one.
    import tempfile  # brings random and hashing along, which most runs do without

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=False)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        _as_permitted(name, path)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _as_permitted(name: str, path: Path) -> None:
    # mkstemp makes a private file; the answer gets the mode of the file it replaces, or what the umask gives a new one.
    if path.exists():
        mode = path.stat().st_mode
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    Path(name).chmod(mode & 0o777)
