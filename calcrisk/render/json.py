"""The assessment as JSON (``format: 1``): complete, unrounded, the same bytes for the same answer."""

from __future__ import annotations

import json
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Assessment, Refused
    from calcrisk.parts import Shared

# What is the same for many patients (two thirds of a document): written once for each part, then copied.
_SHARED: Final = frozenset(
    ("rulebook", "risk", "mechanisms", "undecided", "missing", "levers", "references")
)  # parts: Shared

_written: Final = attrgetter("written")


def to_json(document: Assessment | Refused) -> str:
    """Write the whole document on many lines, for people to read; one line break at its end."""
    return pretty(document.__dict__)


def pretty(document: dict[str, Any]) -> str:
    """Write any document of the program like that: a number is spelt alike in all of them."""
    return _dumped(document, indent=2).decode() + "\n"


def to_line(document: Assessment | Refused) -> bytes:
    """Write the same on one line as UTF-8, for programs to read; one line break at its end."""
    return b"{" + b",".join(_members(document.__dict__)) + b"}\n"


def _members(document: dict[str, Any]) -> Iterator[bytes]:
    """Write the members of the document: shared ones from what was kept, those between them in one go."""
    between: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _SHARED:
            between[name] = value
            continue
        if between:
            yield _dumped(between)[1:-1]
            between = {}
        yield b'"%b":%b' % (name.encode(), _shared(value))
    if between:
        yield _dumped(between)[1:-1]


def _shared(value: Shared | tuple[Shared, ...] | dict[str, Shared]) -> bytes:
    if isinstance(value, tuple):
        return b"[" + b",".join([_kept(part) for part in value]) + b"]"
    if isinstance(value, dict):
        try:
            return b"{" + b",".join(map(_written, value.values())) + b"}"
        except AttributeError:  # the first time
            return b"{" + b",".join([_kept(part, name) for name, part in value.items()]) + b"}"
    return _kept(value)


def _kept(part: Shared, name: str = "") -> bytes:
    """Return what was written of a part, behind its name where it has one: then it has the same one everywhere."""
    written: bytes | None = getattr(part, "written", None)
    if written is None:
        written = b'"%b":%b' % (name.encode(), _dumped(part.__dict__)) if name else _dumped(part.__dict__)
        object.__setattr__(part, "written", written)
    return written


def _dumped(value: object, indent: int | None = None) -> bytes:
    """Write JSON as pydantic does, a third of the standard library's time."""
    try:
        written: bytes = _serializer().to_json(value, indent=indent, fallback=vars)
    except (ValueError, UnicodeError):  # half a character, as a file's name may hold: it alone is escaped
        separators = (",", ":") if indent is None else None
        text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, default=vars)
        return text.encode(errors="backslashreplace")
    return written


@cache
def _serializer() -> Any:  # noqa: ANN401  # its type is of a package that pydantic brings along
    from pydantic import TypeAdapter

    return TypeAdapter[object](Any).serializer
