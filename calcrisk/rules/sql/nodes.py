"""Nodes to SQL: each expression becomes text over the columns of the stage before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from calcrisk.rules import expression as ex
from calcrisk.rules.logic import CALCULATE, CALL
from calcrisk.rules.sql.terms import (
    Quantity,
    certain,
    compared,
    condition,
    every,
    finite,
    flag,
    form,
    literal,
    number,
    opposite,
    some,
    stored,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.rules.sql.terms import Condition, Number, Truth

_Chosen = TypeVar("_Chosen")


class Columns(NamedTuple):
    """What each name stands for in a stage: its truth or quantity, whether it was stated, and which are choices."""

    truths: Mapping[str, Truth]
    quantities: Mapping[str, Quantity]
    known: Mapping[str, Truth]
    choices: frozenset[str]


def truth(node: ex.Node, columns: Columns) -> Truth:  # noqa: PLR0911  # one branch a kind of node
    """Write one condition."""
    match node:
        case ex.Name(name):
            return columns.truths[name]
        case ex.Known(name):
            return columns.known[name]
        case ex.Truth(value):
            return value
        case ex.Comparison(operator, left, right):
            one, two = quantity(left, columns), quantity(right, columns)
            whole = _is_code(left, columns)
            return compared(operator, one, two, limit=isinstance(right, ex.Constant), whole=whole)
        case ex.And(items):
            return every(*(truth(item, columns) for item in items))
        case ex.Or(items):
            return some(*(truth(item, columns) for item in items))
        case ex.Not(item):
            return opposite(truth(item, columns))
        case ex.Choose(asked, then, otherwise):
            return _truth_chosen(truth(asked, columns), truth(then, columns), truth(otherwise, columns))
    raise TypeError(node)  # the reader has checked the types


def quantity(node: ex.Node, columns: Columns) -> Quantity:
    """Write one number, or the code of a choice."""
    match node:
        case ex.Name(name):
            return columns.quantities[name]
        case ex.Constant(value):
            return Quantity(value)
        case ex.Calculation(operator, left, right):
            return _calculated(operator, quantity(left, columns), quantity(right, columns))
        case ex.Call(function, arguments):
            return _called(function, [quantity(argument, columns) for argument in arguments])
        case ex.Choose(asked, then, otherwise):
            return _chosen(truth(asked, columns), quantity(then, columns), quantity(otherwise, columns))
    raise TypeError(node)  # the reader has checked the types


def _is_code(node: ex.Node, columns: Columns) -> bool:
    return isinstance(node, ex.Name) and node.name in columns.choices


def _truth_chosen(asked: Truth, then: Truth, otherwise: Truth) -> Truth:
    if asked is None or isinstance(asked, bool):
        return _picked(asked, then, otherwise, None)
    yes, no = condition(asked), condition(opposite(asked))
    return flag(f"CASE WHEN {yes} THEN {stored(then)} WHEN {no} THEN {stored(otherwise)} END")


def _picked(asked: bool | None, then: _Chosen, otherwise: _Chosen, unknown: _Chosen) -> _Chosen:  # noqa: FBT001  # a truth
    return unknown if asked is None else (then if asked else otherwise)


def _chosen(asked: Truth, then: Quantity, otherwise: Quantity) -> Quantity:
    if asked is None or isinstance(asked, bool):
        return _picked(asked, then, otherwise, Quantity(None))
    if then.value is None and otherwise.value is None and then.absent is otherwise.absent is False:
        return then
    yes, no = condition(asked), condition(opposite(asked))
    value: Number = f"CASE WHEN {yes} THEN {number(then.value)} WHEN {no} THEN {number(otherwise.value)} END"
    absent: bool | Condition = False
    if then.absent is not False or otherwise.absent is not False:
        one, two = yes_or_no(then.absent), yes_or_no(otherwise.absent)
        absent = flag(f"CASE WHEN {yes} THEN {one} WHEN {no} THEN {two} ELSE {form().no} END")
    return Quantity(value, absent)


def _calculated(operator: ex.Arithmetic, left: Quantity, right: Quantity) -> Quantity:
    absent = certain(some(left.absent, right.absent))
    one, two = left.value, right.value
    if absent is True or one is None or two is None:
        return Quantity(None, absent)
    if isinstance(one, float) and isinstance(two, float):
        return Quantity(finite(CALCULATE[operator](one, two)), absent)
    return Quantity(_guarded(operator, _written(one), _written(two)), absent)


def _written(value: float | str) -> str:
    return literal(value) if isinstance(value, float) else value


def _guarded(operator: ex.Arithmetic, one: str, two: str) -> str:
    """Write an operation so that what is not defined is unknown in every engine, and aborts none."""
    if operator == "/":
        return f"({one} / NULLIF({two}, 0))"
    if operator == "**":
        return f"POWER(CASE WHEN {one} > 0 THEN {one} END, {two})"
    return f"({one} {operator} {two})"


def _called(function: ex.Function, arguments: list[Quantity]) -> Quantity:
    absent = certain(some(*(argument.absent for argument in arguments)))
    values = [argument.value for argument in arguments]
    if absent is True or None in values:
        return Quantity(None, absent)
    known = [value for value in values if value is not None]
    numbers = [value for value in known if isinstance(value, float)]
    if len(numbers) == len(values):
        return Quantity(finite(CALL[function](*numbers)), absent)
    return Quantity(_function(function, list(map(_written, known))), absent)


def _function(function: ex.Function, arguments: list[str]) -> str:
    first, *others = arguments
    if function == "ln":
        return f"LN(CASE WHEN {first} > 0 THEN {first} END)"
    if function == "exp":
        return f"EXP({first})"
    sign, other_sign = ("<=", ">") if function == "min" else (">=", "<")
    for other in others:  # LEAST and GREATEST pass over NULL in some engines
        first = f"CASE WHEN {first} {sign} {other} THEN {first} WHEN {first} {other_sign} {other} THEN {other} END"
    return f"({first})" if others else first
