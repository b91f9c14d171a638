"""Sentences with the patient's numbers: ``{name}`` prints a value with its unit, ``{name:n}`` the bare number.

A renderer rounds what it draws; a sentence is text, so its numbers are rounded here, to the digits the rulebook
states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk import printed
from calcrisk.rules.logic import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOLE: Final = re.compile(r"\{(?:(strongest):)?([a-z_][a-z0-9_]*)(?::(n))?\}", re.IGNORECASE)
_KEPT: Final = 256  # texts of one hole that are kept
_BRACE: Final = re.compile(r"\{[^{}]*\}?|\}")

Writer = Callable[[Sequence[Any]], str]


def pretty_number(value: float, digits: int) -> str:
    """Round to ``digits`` decimals; whole numbers lose their point."""
    return _shortened(f"{value:.{digits}f}")


def _shortened(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


class Shown(NamedTuple):
    """How one name is printed: where its value lies, or the constant it is."""

    slot: int | None
    constant: float | None
    unit: str | None
    digits: int
    values: tuple[str, ...]
    label: str

    def writer(self, *, bare: bool) -> Writer | str:
        """Return what prints the value in an environment, with its unit unless ``bare``; a constant is a text."""
        suffix = f" {printed.unit(self.unit)}" if self.unit and not bare else ""
        if self.slot is None:
            return "unknown" if self.constant is None else self.number(self.constant) + suffix
        slot, kept = self.slot, dict[Any, str]()

        def write(env: Sequence[Any]) -> str:
            value = env[slot]
            if (text := kept.get(value)) is None:  # measured values have few digits, so that most come again
                if len(kept) >= _KEPT:
                    kept.clear()
                text = kept[value] = self._text(value, suffix)
            return text

        return write

    def _text(self, value: Any, suffix: str) -> str:  # noqa: ANN401  # an environment holds values of every kind
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Span):
            return self._between(value) + suffix
        if value is None or value != value:  # noqa: PLR0124  # NaN, absent, differs from itself
            return "unknown"
        return self.number(value) + suffix

    def _between(self, ends: Span) -> str:
        """Say both ends; an infinite one is an end that nobody measured (``endless``)."""
        if ends.hi == inf:
            return f"at least {self.number(ends.lo)}"
        if ends.lo == -inf:
            return f"at most {self.number(ends.hi)}"
        return f"{self.number(ends.lo)} to {self.number(ends.hi)}"

    def number(self, value: float) -> str:
        """Print the number, or the word a choice's code stands for."""
        return self.values[int(value)] if self.values else pretty_number(value, self.digits)


Piece = str | tuple[str] | Writer  # a text, a mechanism whose strongest finding is named, or what prints a value


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

    @cached_property
    def fixed(self) -> str | None:
        """The sentence itself, when nothing stands in it that differs from patient to patient."""
        return None if self._holes else self._form % ()

    @cached_property
    def _form(self) -> str:
        return "".join(piece.replace("%", "%%") if isinstance(piece, str) else "%s" for piece in self.pieces)

    @cached_property
    def _holes(self) -> tuple[tuple[str] | Writer, ...]:
        return tuple(piece for piece in self.pieces if not isinstance(piece, str))

    @cached_property
    def _names_a_finding(self) -> bool:
        return any(isinstance(hole, tuple) for hole in self._holes)

    def _piece(self, strongest: str | None, name: str, bare: str | None) -> Piece:
        if name not in (self._mechanisms if strongest else self._names):
            raise UnknownHoleError(name)
        return (name,) if strongest else self._names[name].writer(bare=bool(bare))

    def fill(self, env: Sequence[Any], strongest: Callable[[str], str] | None = None) -> str:
        """Write the sentence for one patient; ``strongest`` names the strongest finding of a mechanism."""
        if self._names_a_finding:
            texts = [_strongest(hole, strongest) if isinstance(hole, tuple) else hole(env) for hole in self._holes]
        else:
            texts = [hole(env) for hole in self._holes]  # type: ignore[operator]  # all print values
        return self._form % tuple(texts)


def _strongest(piece: tuple[str], strongest: Callable[[str], str] | None) -> str:
    return strongest(piece[0]) if strongest else piece[0]
