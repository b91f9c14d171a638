"""The line of a fault with a caret under it, and nothing of the patient in it but what the message shows already.

Every character that could be data is a dot; brackets, quotes and the names of inputs stay, so that the place is seen.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from calcrisk import units
from calcrisk.values import MEASURED
from calcrisk.variables import registry

if TYPE_CHECKING:
    from calcrisk.errors import Fault

_WIDTH: Final = 72  # characters of a line that are drawn
_BEFORE: Final = 40  # of them, at most so many before the fault
_LONGEST: Final = 60  # characters of a field that are shown though the message says it otherwise
_DOT, _CUT = "·", "…"
_DATA: Final = re.compile(r"[^ {}\[\]:,\"']")
_NAME: Final = re.compile(r"[\w-]+(?=[\"']?\s*:)")
# What may stand at a fault: a text in quotes, the rest of the line, or less of it.
_TOKENS: Final = tuple(map(re.compile, (r"([\"'])(?P<text>.*?)\1", r"(?P<text>.+)", r"(?P<text>[^,:{}\[\]#]+)")))
_PARTS: Final = frozenset(("id", *MEASURED, "as_of", "date", "panels"))


def drawn(fault: Fault, text: str | bytes, before: int, own: str | None = None) -> Fault:
    """Draw the line of a fault of this text, which stands behind so many lines of its file.

    ``own`` is the whole text of the field at fault, where the fault lies in one: it is shown as it was written.
    """
    if fault.line is None or fault.column is None or fault.drawing:
        return fault
    lines = (text.decode("utf-8-sig", "replace") if isinstance(text, bytes) else text).split("\n")
    at, column = fault.line - before - 1, fault.column - 1
    if not (0 <= at < len(lines) and 0 <= column < len(lines[at])):
        return fault
    return fault._replace(drawing=_drawing(lines[at].rstrip("\r"), column, fault, own))


def as_written(fault: Fault, own: str | None) -> Fault:
    """Let a fault say the number that came as it was written: ``99.00``, where it says 99."""
    came, meant = units.measure(fault.got or ""), units.measure(own or "")
    if own is None or came is None or meant is None:
        return fault
    if units.number_text(came.number) != units.number_text(meant.number):
        return fault
    number = own.strip().removesuffix(meant.unit).strip()
    return fault._replace(got=f"{number} {came.unit}".strip())


def _drawing(line: str, column: int, fault: Fault, own: str | None) -> str:
    first = max(0, min(column - _BEFORE, len(line) - _WIDTH))
    window, column = line[first : first + _WIDTH], column - first
    end = _shown(window, column, fault, own)
    kept = [*_names(window), range(column, end)]
    signs = "".join(
        sign if not _DATA.match(sign) or any(at in span for span in kept) else _DOT for at, sign in enumerate(window)
    )
    before, behind = _CUT if first else "", _CUT if first + _WIDTH < len(line) else ""
    caret = " " * (len(before) + column) + "^" + "~" * (end - column - 1)
    return f"{fault.line} | {before}{signs.rstrip()}{behind}\n{' ' * len(str(fault.line))} | {caret}"


def _shown(line: str, column: int, fault: Fault, own: str | None) -> int:
    """Return where the text at the fault ends; at the fault itself, when it is not all of a field and not told too."""
    own = own.strip() if own and len(own) <= _LONGEST else None
    told = " ".join(said for said in (fault.message, fault.got, fault.path) if said)
    for token in _TOKENS:
        found = token.match(line, column)
        text = found["text"].rstrip() if found else ""
        if found and text and text.isprintable() and (text in told or text.strip() == own):
            quotes = found.start("text") - column
            return column + len(text) + 2 * quotes
    return column


def _names(line: str) -> list[range]:
    known = _known_names()
    return [range(*found.span()) for found in _NAME.finditer(line) if found[0] in known]


@lru_cache(maxsize=1)
def _known_names() -> frozenset[str]:
    """What an input, a group, a list or a part of either is called: no data of anybody."""
    variables = registry()
    names = {name for place in variables.places for name in place if name}
    return _PARTS | names | variables.lists.keys() | {key for keys in variables.lists.values() for key in keys}
