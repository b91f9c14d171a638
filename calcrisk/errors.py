"""Every way calcrisk can refuse, as one tree.

    CalcriskError
    ├── InputError         the patient's data are at fault         exit 1
    ├── UsageError         the call is at fault                    exit 2
    ├── RulebookError      a rulebook is at fault                  exit 2
    └── SurroundingsError  disk, an extra not installed, an engine exit 4

An error carries all its faults at once, each saying where it lies, what was expected, what came, and what to do.
No fault quotes more of a patient than the field at fault.
"""

from __future__ import annotations

import errno
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 60  # characters of a wrong word; a longer one is near to no name, and comparing would take long
_NEAR = 3  # how many near names a hint offers
_NEAR_ENOUGH = 0.6  # how alike they must be at least,
CLOSE = 0.7  # at least where they are many, and the wrong one may be something of which nobody thought; and
_CLEARLY = 0.1  # how much less alike than the nearest one they may be


class Fault(NamedTuple):
    """One thing wrong: a stable code, a sentence, and where it lies (all positions count from 1)."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    row: int | None = None
    path: str | None = None
    expected: str | None = None
    got: str | None = None
    hint: str | None = None
    drawing: str | None = None  # the line at fault with a caret under it; what else of the patient stands in it is dots

    @property
    def where(self) -> str:
        """``file:line:column: path``, as far as known."""
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        row = f"row {self.row}" if self.row is not None else None
        return ": ".join(part for part in (position, row, self.path) if part)

    def __str__(self) -> str:
        """Say the fault in one line, its hint on the line beneath."""
        first, *drawing = self.message.split("\n")  # an expression and the caret under it may follow
        place = f"{self.where}: " if self.where else ""
        beneath = [*drawing, *(self.drawing or "").splitlines(), *([self.hint] if self.hint else [])]
        return "\n    ".join([f"{place}{first} ({self.code})", *beneath])


class CalcriskError(Exception):
    """The base of all; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 1

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Carry every fault found, in the order they were found."""
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[object, ...]:
        """Be made again of the faults: what an exception keeps of its own accord is their text."""
        return type(self), (self.faults,), self.__dict__


class InputError(CalcriskError):
    """What is said of a patient cannot be used."""


class UsageError(CalcriskError):
    """The call itself is wrong: an unknown option, a conflict, a missing file name."""

    exit_code = 2


class RulebookError(CalcriskError):
    """A rulebook does not load: the fault names file, line and rule."""

    exit_code = 2


class SurroundingsError(CalcriskError):
    """Nothing wrong with what was asked: the disk, an extra or an engine failed."""

    exit_code = 4


_TO_READ = {
    errno.ENOENT: "is its path right?",
    errno.ENOTDIR: "is its path right?",
    errno.EACCES: "may you read it? Ask whom it belongs to",
    errno.EPERM: "may you read it? Ask whom it belongs to",
    errno.EISDIR: "name a file in it; `calcrisk batch` reads a folder",
}
_TO_WRITE = {
    errno.ENOENT: "make the folder first, or name another",
    errno.ENOTDIR: "make the folder first, or name another",
    errno.EACCES: "may you write there? Name another folder or file",
    errno.EPERM: "may you write there? Name another folder or file",
    errno.EROFS: "nothing can be written there: name another folder",
    errno.EISDIR: "this is a folder: name a file",
    errno.ENOSPC: "make room there, or name another folder",
}


def cannot_read(file: str, error: OSError) -> Fault:
    """Say why a file cannot be read, and what to do about it where that is known."""
    hint = _TO_READ.get(error.errno or 0)
    return Fault(code="cannot-read", message=f"cannot be read: {error.strerror or error}", file=file, hint=hint)


def cannot_write(file: str, error: OSError) -> Fault:
    """Say why a file cannot be written, and what to do about it where that is known."""
    hint = _TO_WRITE.get(error.errno or 0)
    return Fault(code="cannot-write", message=f"cannot be written: {error.strerror or error}", file=file, hint=hint)


def did_you_mean(wrong: str, known: Iterable[str], *, alike: float = _NEAR_ENOUGH) -> str | None:
    """Offer the nearest right names, or None when nothing is as much ``alike`` (0 to 1)."""
    near = nearest(wrong, known, alike=alike)
    return f"did you mean {' or '.join(repr(name) for name in near)}?" if near else None


def nearest(wrong: str, known: Iterable[str], *, alike: float = _NEAR_ENOUGH) -> list[str]:
    """Return the known words near to a wrong one, nearest first, without those that are clearly further off."""
    if len(wrong) > LONGEST_NAME:
        return []
    near = get_close_matches(wrong, list(known), n=_NEAR, cutoff=alike)
    likeness = [SequenceMatcher(None, found, wrong).ratio() for found in near]
    return [found for found, ratio in zip(near, likeness, strict=True) if ratio >= likeness[0] - _CLEARLY]
