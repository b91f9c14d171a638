"""How the parts of an answer are held: a document ready to be written, that is looked at as frozen dataclasses."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any, Final, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

SPELLED = {"origin": "from"}  # a key of the document whose word Python keeps for itself
kinds_of_part: dict[str, type[Part]] = {}  # by name, in the order they are declared
# What a field holds that is declared as a part, as several, or as several by name.
_HOLDS: Final = re.compile(r"(?P<within>tuple\[|dict\[str, )?(?P<kind>\w+)(?: \| None|, \.\.\.\]|\])?")


class _View:
    """A field that lies in the document otherwise than it is looked at: parts as plain mappings, or another key."""

    def __init__(self, key: str, look: Callable[[Any], Any] | None = None) -> None:
        self.key, self._look = key, look

    def __get__(self, part: Part | None, _kind: type[Part] | None = None) -> Any:  # noqa: ANN401  # as the field says
        if part is None:
            raise AttributeError(self.key)  # as of any field without a default, which is how `dataclass` takes it
        value = part.__dict__[self.key]
        return value if self._look is None else self._look(value)

    def __set__(self, part: Part, value: object) -> None:
        # A part refuses to be changed before this is asked: only pydantic passes that by, to fill what it has read.
        part.__dict__[self.key] = value


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Part:
    """A frozen dataclass made by keywords, values right by construction and so not validated.

    Its ``__dict__`` is the document, ready to be written: parts within it are plain mappings there (``Shared`` ones
    excepted), and become parts when somebody looks at them, which a batch never does. There are two dozen kinds, and
    every start defines them all: they become dataclasses in full (see ``_adapters``) only when somebody asks for a
    schema or reads a document back.
    """

    def __init_subclass__(cls) -> None:
        """Give each field that is no plain value its view."""
        kinds_of_part[cls.__name__] = cls
        for name, declared in cls.__annotations__.items():
            found = _HOLDS.fullmatch(declared)
            if name in SPELLED:
                setattr(cls, name, _View(SPELLED[name]))
            elif found and found["kind"] in kinds_of_part:
                setattr(cls, name, _View(name, _looks(kinds_of_part[found["kind"]], found["within"])))

    def __init__(self, **fields: Any) -> None:  # noqa: ANN401  # typed by the fields of each part
        """Take every field that has no default."""
        kind = type(self)
        given = {name: fields[name] if name in fields else getattr(kind, name) for name in kind.__annotations__}
        self.__dict__.update({SPELLED.get(name, name): _plain(value) for name, value in given.items()})

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """Make a part of its document, every key in order; it becomes the part's own and is not copied."""
        part = _new(cls)
        _set_fields(part, document)
        return part

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: an answer does not change."""
        raise FrozenInstanceError(name)

    def __delattr__(self, name: str) -> None:
        """Refuse: an answer does not change."""
        raise FrozenInstanceError(name)

    def __eq__(self, other: object) -> bool:
        """Compare field by field."""
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # some fields hold mappings

    def __getstate__(self) -> dict[str, Any]:
        """Give what is copied or sent to another process: the document."""
        return self.__dict__

    def __repr__(self) -> str:
        """Write every field."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """Give rich the fields."""
        return ((name, getattr(self, name)) for name in type(self).__annotations__)


class Shared(Part):
    """A part that is the same for many patients: ``written`` is where a renderer may keep what it wrote of it."""

    __slots__ = ("written",)  # no field, and so not annotated


_new = object.__new__
_set_fields = Part.__dict__["__dict__"].__set__  # past the refusal to change


def _looks(kind: type[Part], within: str | None) -> Callable[[Any], Any]:
    """Return what makes parts of one kind of what a document holds: one or none, several, or several by name."""

    def one(value: Any) -> Any:  # noqa: ANN401  # a mapping, nothing, or a shared part as it is
        return kind.of(value) if value.__class__ is dict else value

    if within is None:
        return one
    if within == "tuple[":
        return lambda values: tuple(map(one, values))
    return lambda values: {name: one(value) for name, value in values.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  # a field holds values of every kind
    """Return a field as its document holds it."""
    if isinstance(value, Part):
        return value if isinstance(value, Shared) else value.__dict__
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return {name: _plain(part) for name, part in value.items()} if isinstance(value, dict) else value


def document_of(part: Part) -> dict[str, Any]:
    """Return the document of what pydantic read, whose fields are parts all the way down."""
    return {SPELLED.get(name, name): _as_laid_out(value) for name, value in part.__dict__.items()}


def _as_laid_out(value: Any) -> Any:  # noqa: ANN401  # a field holds values of every kind
    if isinstance(value, Part):
        return type(value).of(document_of(value)) if isinstance(value, Shared) else document_of(value)
    if isinstance(value, tuple):
        return tuple(map(_as_laid_out, value))
    return {name: _as_laid_out(each) for name, each in value.items()} if isinstance(value, dict) else value
