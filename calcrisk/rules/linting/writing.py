"""Expressions back in the notation they were written in, to name them and to find them in their line."""

from __future__ import annotations

from calcrisk.rules import expression as ex


def written(node: ex.Node) -> str:
    """Write a quantity or a comparison; what a message need not spell out is three dots."""
    match node:
        case ex.Name(name):
            return name
        case ex.Constant(value, name):
            return name or f"{value:g}"
        case ex.Calculation(operator, left, right) | ex.Comparison(operator, left, right):
            return f"{written(left)} {operator} {written(right)}"
        case ex.Call(function, arguments):
            return f"{function}({', '.join(map(written, arguments))})"
    return "…"
