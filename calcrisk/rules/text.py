"""Sentences with the patient's numbers: ``{name}`` prints a value with its unit, ``{name:n}`` the bare number.

A renderer rounds what it draws; a sentence is text, so its numbers are rounded here, to the digits the rulebook
states.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk import printed
from calcrisk.rules.logic import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HOLE: Final = re.compile(r"\{(?:(strongest):)?([a-z_][a-z0-9_]*)(?::(n))?\}", re.IGNORECASE)
_BRACE: Final = re.compile(r"\{[^{}]*\}?|\}")


def pretty_number(value: float, digits: int) -> str:
    """Round to ``digits`` decimals; whole numbers lose their point."""
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Shown(NamedTuple):
    """How one name is printed: where its value lies, or the constant it is."""

    slot: int | None
    constant: float | None
    unit: str | None
    digits: int
    values: tuple[str, ...]
    label: str

    def text(self, env: Sequence[Any], *, bare: bool) -> str:
        """Print the value that the environment holds."""
        value = self.constant if self.slot is None else env[self.slot]
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Span):
            return f"{self.number(value.lo)} to {self.number(value.hi)}{'' if bare else self.suffix}"
        if value is None or value != value:  # noqa: PLR0124  # NaN, absent, differs from itself
            return "unknown"
        return self.number(value) + ("" if bare else self.suffix)

    def number(self, value: float) -> str:
        """Print the number, or the word a choice's code stands for."""
        return self.values[int(value)] if self.values else pretty_number(value, self.digits)

    @property
    def suffix(self) -> str:
        """The unit after a space, if there is one."""
        return f" {printed.unit(self.unit)}" if self.unit else ""


Hole = tuple[Shown, bool] | tuple[str]
Piece = str | Hole


class UnknownHoleError(ValueError):
    """A sentence names something the rulebook does not have."""


class Template:
    """A sentence, cut at its holes when it is first needed; ``names`` says what may stand in them."""

    def __init__(self, text: str, names: Mapping[str, Shown], mechanisms: Sequence[str] = ()) -> None:
        """Keep the text; a mechanism may stand after ``strongest:``."""
        self.text, self._names, self._mechanisms = text, names, mechanisms

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The text between the holes and what each hole prints; raises ``UnknownHoleError`` for an unknown name."""
        pieces: list[Piece] = []
        end = 0
        for hole in _HOLE.finditer(self.text):
            pieces += [self.text[end : hole.start()], self._piece(*hole.groups())]
            end = hole.end()
        pieces.append(self.text[end:])
        for text in pieces:
            if isinstance(text, str) and (stray := _BRACE.search(text)):
                raise UnknownHoleError(stray.group())
        return tuple(piece for piece in pieces if piece)

    def _piece(self, strongest: str | None, name: str, bare: str | None) -> Piece:
        if name not in (self._mechanisms if strongest else self._names):
            raise UnknownHoleError(name)
        return (name,) if strongest else (self._names[name], bool(bare))

    def fill(self, env: Sequence[Any], strongest: Callable[[str], str] | None = None) -> str:
        """Write the sentence for one patient; ``strongest`` names the strongest finding of a mechanism."""
        return "".join(
            [piece if isinstance(piece, str) else self._write(piece, env, strongest) for piece in self.pieces]
        )

    @staticmethod
    def _write(piece: Hole, env: Sequence[Any], strongest: Callable[[str], str] | None) -> str:
        if len(piece) == 1:
            return strongest(piece[0]) if strongest else piece[0]
        shown, bare = piece
        return shown.text(env, bare=bare)
