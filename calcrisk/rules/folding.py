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
            return calculation(operator, folded(left), folded(right))
        case ex.Call(function, arguments):
            return call(function, tuple(map(folded, arguments)))
        case ex.Comparison(operator, left, right):
            return comparison(operator, folded(left), folded(right))
        case ex.Choose(condition, then, otherwise):
            return ex.Choose(folded(condition), folded(then), folded(otherwise))
        case ex.And(items):
            return ex.And(tuple(map(folded, items)))
        case ex.Or(items):
            return ex.Or(tuple(map(folded, items)))
        case ex.Not(item):
            return ex.Not(folded(item))
    return node


def calculation(operator: ex.Arithmetic, left: ex.Node, right: ex.Node) -> ex.Node:
    """Return what an operation on two folded nodes folds to."""
    return _worked_out(CALCULATE[operator], (left, right)) or ex.Calculation(operator, left, right)


def call(function: ex.Function, arguments: tuple[ex.Node, ...]) -> ex.Node:
    """Return what a function of folded nodes folds to."""
    return _worked_out(CALL[function], arguments) or ex.Call(function, arguments)


def comparison(operator: ex.Operator, left: ex.Node, right: ex.Node) -> ex.Comparison:
    """Return two folded nodes compared, a constant last: a tie is measured by it, and the walks look for it there."""
    if isinstance(left, ex.Constant):
        return ex.Comparison(_TURNED[operator], right, left)
    return ex.Comparison(operator, left, right)


_TURNED: Final[dict[ex.Operator, ex.Operator]] = {">=": "<=", ">": "<", "<": ">", "<=": ">=", "==": "==", "!=": "!="}


def _worked_out(calculate: Callable[..., float | None], arguments: tuple[ex.Node, ...]) -> ex.Constant | None:
    numbers = [argument.value for argument in arguments if isinstance(argument, ex.Constant)]
    value = calculate(*numbers) if len(numbers) == len(arguments) else None
    return None if value is None else ex.Constant(value)
