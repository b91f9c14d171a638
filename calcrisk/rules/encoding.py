"""Nodes as plain JSON and back: the compiled rulebook carries its expressions read already.

A name is a string, a structural number a number, a truth a truth; all else is a list that begins with what it is. A
parameter takes its value from the scope when it is decoded, since a profile may have replaced it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk.rules import expression as ex
from calcrisk.rules import folding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONSTANT: Final = "constant"
_TAGS: Final[dict[type, str]] = {ex.And: "and", ex.Or: "or", ex.Not: "not", ex.Choose: "choose", ex.Known: "known"}


def encode(node: ex.Node) -> Any:  # noqa: ANN401  # JSON
    """Return the node as JSON has it."""
    match node:
        case ex.Name(plain) | ex.Truth(plain) | ex.Constant(plain, None):
            return plain
        case ex.Constant(value, name):
            return [_CONSTANT, name, value]
        case ex.Known(name):
            return [_TAGS[ex.Known], name]
        case ex.Calculation(tag, _, _) | ex.Comparison(tag, _, _) | ex.Call(tag, _):
            return [tag, *map(encode, ex.children(node))]
    return [_TAGS[type(node)], *map(encode, ex.children(node))]


def decode(data: Any, scope: Mapping[str, ex.Symbol]) -> ex.Node:  # noqa: ANN401  # JSON
    """Return the node that was encoded, its parameters as they stand in ``scope``, folded while it is built."""
    if isinstance(data, str):
        return ex.Name(data)
    if isinstance(data, bool):
        return ex.Truth(data)
    if not isinstance(data, list):
        return ex.Constant(float(data))
    tag, *rest = data
    if tag == _CONSTANT:
        return _constant(rest[0], rest[1], scope)
    if tag == _TAGS[ex.Known]:
        return ex.Known(rest[0])
    return _BUILD[tag](tag, [decode(part, scope) for part in rest])


def _constant(name: str, value: float, scope: Mapping[str, ex.Symbol]) -> ex.Constant:
    symbol = scope.get(name)  # a word of a choice is in no scope
    return ex.Constant(value if symbol is None or symbol.constant is None else symbol.constant, name)


def _of_two(make: Callable[..., ex.Node]) -> Callable[[str, list[ex.Node]], ex.Node]:
    return lambda tag, parts: make(tag, parts[0], parts[1])


_BUILD: Final[dict[str, Callable[[str, list[ex.Node]], ex.Node]]] = {
    **dict.fromkeys((">=", ">", "<", "<=", "==", "!="), _of_two(folding.comparison)),
    **dict.fromkeys(("+", "-", "*", "/", "**"), _of_two(folding.calculation)),
    **dict.fromkeys(("min", "max", "ln", "exp"), lambda tag, parts: folding.call(tag, tuple(parts))),  # type: ignore[arg-type]  # a function's name
    "and": lambda _, parts: ex.And(tuple(parts)),
    "or": lambda _, parts: ex.Or(tuple(parts)),
    "not": lambda _, parts: ex.Not(parts[0]),
    "choose": lambda _, parts: ex.Choose(*parts),
}
