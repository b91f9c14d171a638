"""The assessment as JSON (``format: 1``): complete, unrounded, the same bytes for the same answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from calcrisk.assessment import SPELLED, Part, kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk.assessment import Assessment, Refused, Shared

    Fields = dict[str, Any]

# What is the same for many patients (two thirds of a document): written once for each part, then copied.
_SHARED: Final = frozenset(("rulebook", "risk", "mechanisms", "undecided", "missing", "references"))  # parts: Shared

_MAKERS: Final[dict[type[Part], Callable[[Fields], Fields]]] = {}
_ANYTHING: Final = TypeAdapter[object](Any)  # three times as quick as the standard library, and gives bytes


def to_json(document: Assessment | Refused) -> str:
    """Write the whole document on many lines, for people to read; one line break at its end."""
    return json.dumps(_plain(document), ensure_ascii=False, indent=2) + "\n"


def to_line(document: Assessment | Refused) -> bytes:
    """Write the same on one line as UTF-8, for programs to read; one line break at its end."""
    return b"{" + b",".join(_members(document)) + b"}\n"


def _members(document: Part) -> Iterator[bytes]:
    """Write the members of the document: shared ones from what was kept, those between them in one go."""
    between: dict[str, Any] = {}
    for name, value in document.__dict__.items():
        if name not in _SHARED:
            between[name] = _value(value)
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
        return b"{" + b",".join([b'"%b":%b' % (name.encode(), _kept(part)) for name, part in value.items()]) + b"}"
    return _kept(value)


def _kept(part: Shared) -> bytes:
    written: bytes | None = getattr(part, "written", None)
    if written is None:
        object.__setattr__(part, "written", written := _dumped(_plain(part)))
    return written


def _dumped(value: object) -> bytes:
    try:
        return _ANYTHING.dump_json(value)
    except (ValueError, UnicodeError):  # half a character, as a file's name may hold: escaped
        return json.dumps(value, separators=(",", ":")).encode()


def _value(value: Any) -> Any:  # noqa: ANN401  # a field holds values of every kind
    """Return plain lists, mappings and scalars; what a list or mapping holds is all of one kind."""
    if isinstance(value, Part):
        return _plain(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Part):
        make = _maker(type(value[0]))
        return [make(part.__dict__) for part in value]
    if isinstance(value, dict) and value and isinstance(first := next(iter(value.values())), Part):
        make = _maker(type(first))
        return {name: make(part.__dict__) for name, part in value.items()}
    return value


def _plain(part: Part) -> Fields:
    return _maker(type(part))(part.__dict__)


def _maker(kind: type[Part]) -> Callable[[Fields], Fields]:
    if kind not in _MAKERS:
        _MAKERS[kind] = _made(kind)
    return _MAKERS[kind]


def _made(kind: type[Part]) -> Callable[[Fields], Fields]:
    """Return what makes plain fields of the fields of one kind of part; most are plain as they are."""
    parts = [each.__name__ for each in kinds()]
    holding = [name for name, declared in kind.__annotations__.items() if any(each in str(declared) for each in parts)]
    if holding:
        return lambda fields: {**fields, **{name: _value(fields[name]) for name in holding}}
    spelled = [(name, SPELLED.get(name, name)) for name in kind.__annotations__]
    if SPELLED.keys().isdisjoint(kind.__annotations__):
        return lambda fields: fields
    return lambda fields: {key: fields[name] for name, key in spelled}
