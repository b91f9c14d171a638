"""The rule language: Python's notation, read with ``ast``, reduced to our own frozen nodes. Python runs none of it.

    condition := condition "or" condition | condition "and" condition | "not" condition | comparison | name
              | "known" "(" name ")"
    comparison := quantity (">=" | ">" | "<" | "<=" | "==" | "!=") quantity …  |  name "in" "(" word "," … ")"
    quantity := name | 0 | 1 | quantity ("+" | "-" | "*" | "/" | "**") quantity | "-" quantity
              | ("min" | "max" | "ln" | "exp") "(" quantity "," … ")" | quantity "if" condition "else" quantity

Names are resolved and types checked while the text is at hand, so that a fault can be shown with a caret under it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from calcrisk.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Operator = Literal[">=", ">", "<", "<=", "==", "!="]
Arithmetic = Literal["+", "-", "*", "/", "**"]
Function = Literal["min", "max", "ln", "exp"]


class Name(NamedTuple):
    """An input or a fact."""

    name: str


class Constant(NamedTuple):
    """A number: a named parameter, the place of a word in its choice, or a structural 0 or 1."""

    value: float
    name: str | None = None


class Truth(NamedTuple):
    """True or False, written out."""

    value: bool


class Calculation(NamedTuple):
    """Arithmetic of two quantities."""

    operator: Arithmetic
    left: Node
    right: Node


class Call(NamedTuple):
    """One of the four functions."""

    function: Function
    arguments: tuple[Node, ...]


class Comparison(NamedTuple):
    """Two quantities compared, with ties as decimals have them (see ``logic``)."""

    operator: Operator
    left: Node
    right: Node


class And(NamedTuple):
    """True when all are."""

    items: tuple[Node, ...]


class Or(NamedTuple):
    """True when any is."""

    items: tuple[Node, ...]


class Not(NamedTuple):
    """The opposite; unknown stays unknown."""

    item: Node


class Choose(NamedTuple):
    """One quantity or the other; unknown while the condition is."""

    condition: Node
    then: Node
    otherwise: Node


class Known(NamedTuple):
    """Whether a volunteered input, or a derivable fact, was stated."""

    name: str


class Settled(NamedTuple):
    """What is the same for every patient in question, unknown (None) and absent (NaN) included; never written."""

    value: Any


Node = Name | Constant | Truth | Calculation | Call | Comparison | And | Or | Not | Choose | Known | Settled


class Symbol(NamedTuple):
    """What a name stands for: ``number``, ``yesno`` or ``choice`` (then with its words), or a parameter's value."""

    kind: Literal["number", "yesno", "choice"]
    values: tuple[str, ...] = ()
    constant: float | None = None
    unit: str | None = None
    may_ask_known: bool = False


class ExpressionError(ValueError):
    """What is wrong with an expression, and where: columns ``start`` to ``end`` of ``text``, from 0."""

    def __init__(self, message: str, text: str, start: int, end: int, hint: str | None = None) -> None:
        """Keep the place; ``str`` draws it."""
        self.message, self.text, self.start, self.end, self.hint = message, text, start, end, hint
        super().__init__(message)

    def drawing(self) -> str:
        """Draw the expression with a caret under the fault and the hint beside it."""
        width = max(self.end - self.start, 1)
        caret = " " * self.start + "~" * (width - 1) + "^"
        return f"{self.text}\n{caret}" + (f" {self.hint}" if self.hint else "")


_COMPARISONS: Final[dict[type[ast.cmpop], Operator]] = {
    ast.GtE: ">=",
    ast.Gt: ">",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: Final[dict[type[ast.operator], Arithmetic]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_FUNCTIONS: Final[dict[str, tuple[Function, int, int]]] = {  # name, fewest and most arguments
    "min": ("min", 2, 9),
    "max": ("max", 2, 9),
    "ln": ("ln", 1, 1),
    "exp": ("exp", 1, 1),
}
_ALLOWED = "write + - * / **, comparisons, in, and, or, not, min, max, ln, exp, known(x) or x if c else y"

_Typed = tuple[Node, Symbol]
_NUMBER, _YESNO = Symbol("number"), Symbol("yesno")


def parse(
    text: str,
    scope: Mapping[str, Symbol],
    *,
    expect: Literal["number", "yesno", "choice"] = "yesno",
    bare: bool = False,
) -> Node:
    """Read one expression whose names are all in ``scope``; ``bare`` allows numbers, which a rulebook has to name.

    Raises ``ExpressionError`` for anything that is not the language, an unknown name, or a wrong type.
    """
    return _Reader(" ".join(text.split()), scope, bare=bare).read(expect)


class _Reader:
    """One text and its scope; each method lowers one kind of ``ast`` node."""

    def __init__(self, text: str, scope: Mapping[str, Symbol], *, bare: bool) -> None:
        self.text, self.scope, self.bare = text, scope, bare

    def read(self, expect: str) -> Node:
        try:
            tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            start = max((getattr(error, "offset", None) or 1) - 1, 0)
            message = f"this cannot be read: {getattr(error, 'msg', error)}"
            raise ExpressionError(message, self.text, start, start + 1, _ALLOWED) from None
        try:
            node, symbol = self.lower(tree)
        except RecursionError:  # newer Pythons read deeper than they can walk
            raise ExpressionError("this is nested too deeply", self.text, 0, 1, _ALLOWED) from None
        self.need(tree, symbol, expect)
        return node

    def fault(self, at: ast.expr, message: str, hint: str | None = None) -> ExpressionError:
        end = at.end_col_offset or at.col_offset + 1
        return ExpressionError(message, self.text, self.column(at.col_offset), self.column(end), hint)

    def column(self, offset: int) -> int:
        # ast counts the bytes of UTF-8.
        return len(self.text.encode()[:offset].decode(errors="ignore"))

    def need(self, at: ast.expr, symbol: Symbol, kind: str) -> None:
        if symbol.kind != kind:
            raise self.fault(at, f"expected a {kind} here, this is a {symbol.kind}")

    def lower(self, at: ast.expr) -> _Typed:
        reader = getattr(self, f"_{type(at).__name__.lower()}", None)
        if reader is None:
            raise self.fault(at, "the rule language has nothing like this", _ALLOWED)
        typed: _Typed = reader(at)
        return typed

    def lower_as(self, at: ast.expr, kind: str) -> Node:
        node, symbol = self.lower(at)
        self.need(at, symbol, kind)
        return node

    def _name(self, at: ast.Name) -> _Typed:
        symbol = self.scope.get(at.id)
        if symbol is None:
            raise self.fault(at, f"unknown name {at.id!r}", did_you_mean(at.id, self.scope))
        if symbol.constant is not None:
            return Constant(symbol.constant, at.id), symbol
        return Name(at.id), symbol

    def _constant(self, at: ast.Constant) -> _Typed:
        if isinstance(at.value, bool):
            return Truth(at.value), _YESNO
        if type(at.value) in (int, float) and (self.bare or at.value in (0, 1)):
            return Constant(float(at.value)), _NUMBER  # type: ignore[arg-type]  # a number by now
        hint = "give it a name, a unit and a source under 'parameters', and write the name"
        raise self.fault(at, f"a number stands bare in a rule: {at.value!r}", hint)

    def _boolop(self, at: ast.BoolOp) -> _Typed:
        items = tuple(self.lower_as(value, "yesno") for value in at.values)
        return (And(items) if isinstance(at.op, ast.And) else Or(items)), _YESNO

    def _unaryop(self, at: ast.UnaryOp) -> _Typed:
        if isinstance(at.op, ast.Not):
            return Not(self.lower_as(at.operand, "yesno")), _YESNO
        if isinstance(at.op, ast.USub):
            return Calculation("-", Constant(0.0), self.lower_as(at.operand, "number")), _NUMBER
        raise self.fault(at, "the rule language has nothing like this", _ALLOWED)

    def _binop(self, at: ast.BinOp) -> _Typed:
        operator = _ARITHMETIC.get(type(at.op))
        if operator is None:
            raise self.fault(at, "the rule language has nothing like this", _ALLOWED)
        return Calculation(operator, self.lower_as(at.left, "number"), self.lower_as(at.right, "number")), _NUMBER

    def _ifexp(self, at: ast.IfExp) -> _Typed:
        condition = self.lower_as(at.test, "yesno")
        (then, symbol), (otherwise, other) = self.lower_pair(at.body, at.orelse)
        self.need(at.orelse, other, symbol.kind)
        return Choose(condition, then, otherwise), symbol

    def _call(self, at: ast.Call) -> _Typed:
        name = at.func.id if isinstance(at.func, ast.Name) else ""
        if name == "known":
            return self._known(at)
        if name not in _FUNCTIONS or at.keywords:
            raise self.fault(at, "no such function", _ALLOWED)
        function, fewest, most = _FUNCTIONS[name]
        if not fewest <= len(at.args) <= most:
            raise self.fault(at, f"{name} takes {fewest} to {most} quantities")
        return Call(function, tuple(self.lower_as(argument, "number") for argument in at.args)), _NUMBER

    def _known(self, at: ast.Call) -> _Typed:
        if len(at.args) != 1 or not isinstance(at.args[0], ast.Name):
            raise self.fault(at, "known takes one name")
        node, symbol = self.lower(at.args[0])
        if not isinstance(node, Name) or not symbol.may_ask_known:
            hint = "an answer must not depend on whether an open question was answered"
            raise self.fault(at, "known(x) is for volunteered inputs and given facts only", hint)
        return Known(node.name), _YESNO

    def _compare(self, at: ast.Compare) -> _Typed:
        lefts = [at.left, *at.comparators[:-1]]
        links = zip(lefts, at.ops, at.comparators, strict=True)
        parts = tuple(self._link(left, operator, right) for left, operator, right in links)
        return (parts[0] if len(parts) == 1 else And(parts)), _YESNO

    def _link(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(operator, ast.In):
            return self._member(left, right)
        sign = _COMPARISONS.get(type(operator))
        if sign is None:
            raise self.fault(left, "the rule language has no such comparison", _ALLOWED)
        (first, symbol), (second, other) = self.lower_pair(left, right)
        self._comparable(left, right, sign, symbol, other)
        self._not_a_difference(left, first, second)
        return Comparison(sign, first, second)

    def _comparable(self, left: ast.expr, right: ast.expr, sign: Operator, symbol: Symbol, other: Symbol) -> None:
        self.need(right, other, symbol.kind)
        if symbol.kind == "yesno":
            raise self.fault(left, "a yes/no is not compared", "write its name, or 'not' and its name")
        if symbol.unit and other.unit and symbol.unit != other.unit and sign != "==":
            raise self.fault(right, f"compares {symbol.unit} with {other.unit}", "give the parameter the same unit")

    def _not_a_difference(self, left: ast.expr, first: Node, second: Node) -> None:
        # A tie is relative to the quantities compared; a difference against 0 has lost them.
        difference = isinstance(first, Calculation) and first.operator == "-"
        if difference and isinstance(second, Constant) and second.value == 0:
            raise self.fault(left, "a difference is compared with 0", "write x > y")

    def _member(self, left: ast.expr, right: ast.expr) -> Node:
        node, symbol = self.lower(left)
        self.need(left, symbol, "choice")
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            raise self.fault(right, "'in' takes words in brackets", f"one or more of {', '.join(symbol.values)}")
        return Or(tuple(Comparison("==", node, self._word(word, symbol)) for word in right.elts))

    def lower_pair(self, left: ast.expr, right: ast.expr) -> tuple[_Typed, _Typed]:
        """Lower two sides of which one may be a bare word of the other's choice."""
        if isinstance(left, ast.Name) and left.id not in self.scope:
            if isinstance(right, ast.Name) and right.id not in self.scope:
                self.lower(left)  # neither is a name: the first is at fault
            other = self.lower(right)
            return ((self._word(left, other[1]), other[1]) if other[1].values else self.lower(left)), other
        first = self.lower(left)
        if isinstance(right, ast.Name) and right.id not in self.scope and first[1].values:
            return first, (self._word(right, first[1]), first[1])
        return first, self.lower(right)

    def _word(self, at: ast.expr, symbol: Symbol) -> Node:
        word = at.id if isinstance(at, ast.Name) else None
        if word not in symbol.values:
            hint = did_you_mean(word or "", symbol.values) or f"one of {', '.join(symbol.values)}"
            raise self.fault(at, "not a word of this choice", hint)
        return Constant(float(symbol.values.index(word)), word)


_CHILDREN: Final[dict[type, Callable[[Any], tuple[Node, ...]]]] = {
    Calculation: lambda node: (node.left, node.right),
    Comparison: lambda node: (node.left, node.right),
    Call: lambda node: node.arguments,
    And: lambda node: node.items,
    Or: lambda node: node.items,
    Not: lambda node: (node.item,),
    Choose: lambda node: (node.condition, node.then, node.otherwise),
}


def words(text: str) -> tuple[str, ...]:
    """Return the names that a text mentions, functions aside, before any is known; none where it cannot be read."""
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    called = {id(part.func) for part in ast.walk(tree) if isinstance(part, ast.Call)}
    found = (part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and id(part) not in called)
    return tuple(dict.fromkeys(found))


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly beneath one."""
    beneath = _CHILDREN.get(type(node))
    return beneath(node) if beneath else ()


def walk(node: Node) -> list[Node]:
    """Return every node of the tree, the root first."""
    found = [node]
    for part in found:  # grows while it is read
        if beneath := _CHILDREN.get(type(part)):
            found += beneath(part)
    return found


def names(node: Node) -> frozenset[str]:
    """Return the inputs and facts an expression mentions, ``known(x)`` included."""
    return frozenset([part.name for part in walk(node) if isinstance(part, (Name, Known))])
