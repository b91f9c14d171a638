"""What went wrong, as plain text for standard error: one block a fault, its first line fit for a program to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calcrisk.render.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.errors import CalcriskError, Fault

_INDENT = "    "
_BLANK = re.compile(r"(?![ \n])\s")


def show(error: CalcriskError) -> str:
    """Give every fault: ``file:line:column: path: message (code)``, then expected, got and hint where known."""
    return "".join(f"{line}\n" for fault in error.faults for line in _block(fault))


def _block(fault: Fault) -> Iterator[str]:
    message, *rest = fault.message.split("\n")  # the rest is an expression and the caret under it
    yield _plain(f"{fault.where}: {message} ({fault.code})" if fault.where else f"{message} ({fault.code})")
    yield from (f"{_INDENT}{_plain(line)}".rstrip() for line in rest)
    yield from (f"{_INDENT}{_plain(line)}".rstrip() for line in (fault.drawing or "").splitlines())
    for label, text in (("expected", fault.expected), ("got", fault.got), ("hint", fault.hint)):
        yield from _labelled(label, text)


def _labelled(label: str, text: str | None) -> Iterator[str]:
    first, *rest = (text or "").split("\n")
    if first:
        yield f"{_INDENT}{label}: {_plain(first)}"
    yield from (f"{_INDENT}{_plain(line)}".rstrip() for line in rest)


def _plain(text: str) -> str:
    """Make a text safe to show; a blank that is not the plain one, which may be what is wrong, as its escape too."""
    return _BLANK.sub(lambda found: found[0].encode("unicode_escape").decode(), clean(text))
