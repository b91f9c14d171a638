"""Constants folded once at load, so that neither walk repeats them and no dialect of SQL sees two literals meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.rules import expression as ex
from calcrisk.rules.logic import CALCULATE, CALL

if TYPE_CHECKING:
    from collections.abc import Callable


def folded(node: ex.Node) -> ex.Node:  # noqa: PLR0911  # one branch a kind of node
    """Return the node with every operation between constants worked out; an undefined one (1 / 0) stays as written."""
    match node:
        case ex.Calculation(operator, left, right):
            left, right = folded(left), folded(right)
            return _worked_out(CALCULATE[operator], (left, right)) or ex.Calculation(operator, left, right)
        case ex.Call(function, arguments):
            arguments = tuple(map(folded, arguments))
            return _worked_out(CALL[function], arguments) or ex.Call(function, arguments)
        case ex.Comparison(operator, left, right):
            return _constant_last(ex.Comparison(operator, folded(left), folded(right)))
        case ex.Choose(condition, then, otherwise):
            return ex.Choose(folded(condition), folded(then), folded(otherwise))
        case ex.And(items):
            return ex.And(tuple(map(folded, items)))
        case ex.Or(items):
            return ex.Or(tuple(map(folded, items)))
        case ex.Not(item):
            return ex.Not(folded(item))
    return node


_TURNED: Final[dict[ex.Operator, ex.Operator]] = {">=": "<=", ">": "<", "<": ">", "<=": ">=", "==": "==", "!=": "!="}


def _constant_last(node: ex.Comparison) -> ex.Comparison:
    # A tie is measured by the constant, and the walks look for it on the right.
    if isinstance(node.left, ex.Constant):
        return ex.Comparison(_TURNED[node.operator], node.right, node.left)
    return node


def _worked_out(calculate: Callable[..., float | None], arguments: tuple[ex.Node, ...]) -> ex.Constant | None:
    numbers = [argument.value for argument in arguments if isinstance(argument, ex.Constant)]
    value = calculate(*numbers) if len(numbers) == len(arguments) else None
    return None if value is None else ex.Constant(value)
