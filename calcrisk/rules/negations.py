"""Gates of the class table that negate an open question: an unknown there would block a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcrisk.rules import expression as ex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.rules.program import Program
    from calcrisk.rules.source import Route


def negations(data: Mapping[str, Any], program: Program) -> Iterator[tuple[Route, str, str | None]]:
    """Refuse a gate above ``none_identified`` that negates an open question."""
    asked = {entry["name"] for entry in data["variables"] if entry["ask"] != "volunteered"}
    formulas = {step.name: step.value.node for step in program.steps if step.value}
    for at, row in enumerate(data["rows"]):
        if row["class"] == "none_identified":
            return
        node = ex.parse(row["when"], {name: _any_symbol(program, data, name) for name in _row_names(program, data)})
        for gate in ex.names(node) & formulas.keys():
            if negated := _negated(gate, formulas, program) & asked:
                yield (
                    ("rows", at, "when"),
                    f"{gate!r} negates the open question {min(negated)!r}",
                    "state it positively",
                )


def _row_names(program: Program, data: Mapping[str, Any]) -> list[str]:
    return [*program.symbols, *(entry["name"] for entry in data["mechanisms"])]


def _any_symbol(program: Program, data: Mapping[str, Any], name: str) -> ex.Symbol:
    return program.symbols.get(name) or ex.Symbol("choice", tuple(data["levels"]))


def _negated(gate: str, formulas: Mapping[str, ex.Node], program: Program) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for part in ex.walk(formulas[gate]):
        if isinstance(part, ex.Not):
            leaves = (program.leaves.get(name, frozenset((name,))) for name in ex.names(part))
            found |= frozenset[str]().union(*leaves)
        elif isinstance(part, ex.Name) and part.name in formulas:
            found |= _negated(part.name, formulas, program)
    return found
