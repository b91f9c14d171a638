"""Files of text, packed or not, and what is told of one that is not UTF-8."""

from __future__ import annotations

import gzip
import zlib
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from calcrisk.errors import Fault, cannot_read
from calcrisk.inputs.foreign import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

UNREAD: Final = (OSError, EOFError, zlib.error)  # what may come while a file is read
_PACKED: Final = b"\x1f\x8b"  # how gzip begins
_BEGINNING: Final = 4_096  # bytes that tell what a file is
_UTF8: Final = "save it as UTF-8"


def is_packed(path: str) -> bool:
    """Whether a file is packed, by its name."""
    return path.lower().endswith(".gz")


def opened_bytes(path: str) -> BufferedReader | gzip.GzipFile:
    """Open a file, unpacked on the way where it is packed; raises ``OSError``."""
    return gzip.GzipFile(path) if is_packed(path) else Path(path).open("rb")


def opened_text(path: str) -> IO[str]:
    """Open a file of text as it is written; a byte that is not UTF-8 is kept as a surrogate. Raises ``OSError``."""
    return TextIOWrapper(opened_bytes(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


def is_utf8(text: str) -> bool:
    """Whether a text that was opened so is UTF-8."""
    return not any("\udc80" <= sign <= "\udcff" for sign in text)


def unread(path: str, error: Exception) -> Fault:
    """Say why a file cannot be read to its end: one of ``UNREAD``."""
    if isinstance(error, OSError):
        return cannot_read(path, error)
    message = "the packed file ends too early" if isinstance(error, EOFError) else "the packed file is damaged"
    hint = "it was cut off on its way, or is still being written: fetch it again"
    return Fault(code="cannot-read", message=message, file=path, hint=hint)


def not_utf8(path: str) -> Iterator[Fault]:
    """Give the first fault of a file that is no text in UTF-8; raises ``UNREAD``."""
    if fault := other(path):
        yield fault
        return
    with opened_bytes(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                message = f"byte 0x{line[error.start]:02x} is not UTF-8"
                hint = f"{_UTF8}: as it is, it may be Latin-1 or Windows-1252"
                yield Fault(code="not-utf8", message=message, file=path, line=number, expected="UTF-8", hint=hint)
                return


def other(path: str) -> Fault | None:
    """Say what a file is that is known by its first bytes to be no text; raises ``UNREAD``."""
    with opened_bytes(path) as file:
        beginning = file.read(_BEGINNING)
    if beginning.startswith(_PACKED):
        message, hint = "this is a packed file (gzip), and its name does not say so", "let its name end in .gz"
        return Fault(code="unreadable-table", message=message, file=path, expected="text", got="gzip", hint=hint)
    return foreign(beginning, path)
