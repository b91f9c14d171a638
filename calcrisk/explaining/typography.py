"""Conditions, formulas and sentences in plain type: labels for names, ≥ for >=, numbers with their units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from calcrisk import printed
from calcrisk.rules.text import pretty_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.explaining.whole import Whole
    from calcrisk.rules.program import Spec

_SIGNS: Final = {">=": "≥", "<=": "≤", "!=": "≠", "==": "=", "*": "×", "-": "−", "/": "/", "**": "^", "+": "+"}
_BINDING: Final = {  # how strongly each holds its parts together: a part that holds less is put in brackets
    "choose": 0, "or": 1, "and": 2, "not": 3,
    **dict.fromkeys((">=", "<=", ">", "<", "==", "!="), 4),
    "+": 5, "-": 5, "*": 6, "/": 6, "**": 7,
}  # fmt: skip
_ATOM: Final = 9  # a name or a number, which needs no brackets
_HOLE: Final = re.compile(r"\{(?:(strongest):)?([A-Za-z_][A-Za-z0-9_]*)(?::(n))?\}")
_JOINING: Final = re.compile(r",| (?:and|or|not) ")
_DIGITS: Final = 2  # decimals of a number whose entry does not say, as in a patient's sentence
_MORE: Final = 6  # decimals of one that these would show as nothing, or round


class Typography:
    """Writes what one entry says; ``own`` are the parameters that it alone has."""

    def __init__(self, whole: Whole, own: Mapping[str, Spec] | None = None) -> None:
        """Look names up in the rulebook."""
        self._whole = whole
        self._numbers: dict[str, Spec] = {**whole.data["parameters"], **(own or {})}

    def condition(self, text: str) -> str:
        """Write an expression of the rulebook."""
        read = self._whole.conditions.get(text)
        return text if read is None else self._text(read)[0]

    def sentence(self, text: str) -> str:
        """Write a sentence with its constants filled in; what a patient must say stands in braces."""
        return _HOLE.sub(self._hole, text)

    def number(self, spec: Spec, *, bare: bool = False) -> str:
        """Write a parameter with its unit."""
        unit = f" {printed.unit(spec['unit'])}" if spec.get("unit") and not bare else ""
        return f"{_exactly(float(spec['value']), spec.get('digits'))}{unit}"

    def _hole(self, hole: re.Match[str]) -> str:
        strongest, name, bare = hole.groups()
        if name in self._numbers:
            return self.number(self._numbers[name], bare=bool(bare))
        label = self._whole.label(name)
        return f"{{the strongest finding of {label}}}" if strongest else f"{{{label}}}"

    def _text(self, node: Any) -> tuple[str, int]:  # noqa: ANN401, C901, PLR0911  # JSON; one branch a kind of node
        match node:
            case bool():
                return "always" if node else "never", _ATOM
            case str():
                return self._label(node), _ATOM
            case int() | float():
                return f"{node:g}", _ATOM
            case ["constant", name, _]:
                known = self._numbers.get(name)
                return self.number(known) if known else str(name), _ATOM
            case ["known", name]:
                return f"{self._label(name)} is stated", _BINDING["=="]
            case ["==" | "or" as tag, *_] if words := self._words(node[1:] if tag == "or" else [node]):
                return self._one_of(*words), _BINDING["=="]
            case ["and" | "or" as tag, *items]:
                return f" {tag} ".join(self._within(item, tag) for item in items), _BINDING[tag]
            case ["not", ["known", name]]:
                return f"{self._label(name)} is not stated", _BINDING["=="]
            case ["not", item]:
                return f"not {self._within(item, 'not')}", _BINDING["not"]
            case ["choose", condition, then, otherwise]:
                parts = [self._within(part, "choose") for part in (then, condition)]
                return f"{parts[0]} if {parts[1]}, else {self._text(otherwise)[0]}", _BINDING["choose"]
            case ["min" | "max" | "ln" | "exp" as tag, *items]:
                return f"{tag}({', '.join(self._text(item)[0] for item in items)})", _ATOM
            case [tag, left, right]:
                sides = self._within(left, tag, first=True), self._within(right, tag)
                return f"{sides[0]} {_SIGNS.get(tag, tag)} {sides[1]}", _BINDING[tag]
        return str(node), _ATOM

    def _words(self, items: list[Any]) -> tuple[str, list[str]] | None:
        """Return the choice and its words, when each of the parts is one word of one choice."""
        words: list[str] = []
        for item in items:
            match item:
                case ["==", str() as name, ["constant", str() as word, _]] if word not in self._numbers:
                    if name != items[0][1]:
                        return None
                    words.append(word)
                case _:
                    return None
        return items[0][1], words

    def _one_of(self, name: str, words: list[str]) -> str:
        said = [word.replace("_", " ") for word in words]
        return f"{self._label(name)} is {' or '.join([', '.join(said[:-1]), said[-1]] if len(said) > 1 else said)}"

    def _within(self, node: Any, tag: str, *, first: bool = False) -> str:  # noqa: ANN401  # JSON
        text, binding = self._text(node)
        mixed = tag == "or" and binding == _BINDING["and"]  # nobody need know which of the two binds more
        needed = mixed or binding < _BINDING[tag] or (binding == _BINDING[tag] and tag in _SIGNS and not first)
        return f"({text})" if needed else text

    def _label(self, name: str) -> str:
        label = self._whole.label(name)
        return f"‘{label}’" if _JOINING.search(label) else label


def _exactly(value: float, digits: int | None) -> str:
    """Round as the entry says; where it does not say, show what is there."""
    if digits is not None:
        return pretty_number(value, digits)
    short = pretty_number(value, _DIGITS)
    return short if float(short) == value else pretty_number(value, _MORE)
