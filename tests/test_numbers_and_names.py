"""No number with a clinical meaning and no rule stands in Python: they live in the rulebook, beside their sources.

Each check is a function over source text, so that a planted fault proves it can fail.
"""

from __future__ import annotations

import ast
import functools
import io
import json
import re
import tokenize
from typing import TYPE_CHECKING

import pytest
from sourcecode import RULEBOOK, handwritten, inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.volume  # it reads files of source, and runs none of their lines

_STRUCTURAL = {-1, 0, 1, 2}  # first, last, none, one, a pair: the shape of data, never its meaning
_TOLD_BY_KEYWORD = {"cutoff", "indent", "maxsize"}  # of the standard library: how near, how deep, how many kept
_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def comment_lines(source: str) -> set[int]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def numbers(node: ast.AST) -> Iterator[ast.Constant]:
    """Every number written in the source beneath a node."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, int | float) and not isinstance(part.value, bool):
            yield part


def targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) else []


def is_told(statement: ast.stmt, comments: set[int]) -> bool:
    """Whether a comment stands on the statement or right above it."""
    last = statement.end_lineno or statement.lineno
    return any(line in comments for line in range(statement.lineno - 1, last + 1))


def named(tree: ast.Module, comments: set[int]) -> set[ast.Constant]:
    """The numbers that have a name and a reason: commented constants, attributes of a class, a few known keywords."""
    constants = [
        statement
        for statement in tree.body
        if any(isinstance(target, ast.Name) and _CONSTANT.fullmatch(target.id) for target in targets(statement))
        and is_told(statement, comments)
    ]
    attributes = [part for item in tree.body if isinstance(item, ast.ClassDef) for part in item.body if targets(part)]
    keywords = [part for part in ast.walk(tree) if isinstance(part, ast.keyword) and part.arg in _TOLD_BY_KEYWORD]
    return {number for part in (*constants, *attributes, *keywords) for number in numbers(part)}


def nameless_numbers(source: str) -> list[str]:
    """``line: number`` for each number that is neither structure nor a named, explained constant."""
    tree = ast.parse(source)
    allowed = named(tree, comment_lines(source))
    return [
        f"{number.lineno}: {number.value!r}"
        for number in numbers(tree)
        if number not in allowed
        and number.value not in _STRUCTURAL
        and not (ast.get_source_segment(source, number) or "").startswith("0o")  # file modes
    ]


@functools.cache
def clinical_numbers() -> frozenset[float]:
    """What the rulebook's data say in numbers, where meeting it in Python is no coincidence.

    That is each decimal fraction (thresholds, factors, coefficients), and each limit of the product.
    """
    variables = json.loads((RULEBOOK / "rulebook.json").read_text(encoding="utf-8"))["variables"]
    factors = {factor for variable in variables for factor in (variable.get("units") or {}).values()}
    limits = {edge for variable in variables for key in ("hard", "plausible") for edge in variable.get(key) or ()}
    values = set(parameter_values())
    product = {value for value, unit in values if unit == "mg2/dL2"}
    every = factors | limits | {value for value, _ in values}
    fractions = {value for value in every if isinstance(value, float) and not value.is_integer()}
    return frozenset(product | fractions)


def parameter_values() -> Iterator[tuple[float, str | None]]:
    """Value and unit of every parameter, shared or of one rule or fact (what a reference measured is not one)."""
    data = json.loads((RULEBOOK / "rulebook.json").read_text(encoding="utf-8"))
    yield from _parameters_in({name: part for name, part in data.items() if name != "references"})


def _parameters_in(part: object) -> Iterator[tuple[float, str | None]]:
    if isinstance(part, dict):
        if isinstance(part.get("value"), int | float) and "unit" in part:
            yield float(part["value"]), part["unit"]
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _parameters_in(item)


def is_coarse(value: object) -> bool:
    """Whether a number is one digit behind the point: a name and a reason then tell it from a clinical one."""
    return isinstance(value, float) and 0 < value < 1 and len(repr(value)) == len("0.5")


def clinical_in(source: str, clinical: frozenset[float]) -> list[str]:
    """``line: number`` for each number of the rulebook written in Python, even under a name, even in a string."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings may cite
    lines = source.splitlines()
    explained = {
        number
        for number in named(tree, comment_lines(source))
        if is_coarse(number.value) or "# columns" in lines[number.lineno - 1]  # the width of a screen is no threshold
    }
    found = [
        (part.lineno, str(part.value)) for part in numbers(tree) if part.value in clinical and part not in explained
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            words = re.findall(r"(?<![\w.#])\d+(?:\.\d+)?(?![\w.])", node.value)
            found += [(node.lineno, word) for word in words if float(word) in clinical]
    return [f"{line}: {text}" for line, text in found]


@pytest.mark.parametrize("path", handwritten(), ids=inside)
def test_no_number_without_a_name_and_a_reason(path: Path) -> None:
    assert nameless_numbers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", handwritten(), ids=inside)
def test_no_clinical_number_in_python(path: Path) -> None:
    assert clinical_in(path.read_text(encoding="utf-8"), clinical_numbers()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("if product >= 55:\n    pass\n", ["1: 55"]),
        ("LIMIT = 55\n", ["1: 55"]),
        ("def f(limit: float = 4.4) -> None: ...\n", ["1: 4.4"]),
        ("def f():\n    LIMIT = 70  # a constant hidden in a function\n", ["2: 70"]),
        ("WIDTH = 60  # columns of the gauge\n", []),
        ("# columns of the gauge\n_WIDTH: Final = 60\n", []),
        ("class Refusal:\n    exit_code = 4\n", []),
        ("last = rows[-1], rows[0], 2 * half\n", []),
        ("@lru_cache(maxsize=4096)\ndef f(): ...\n", []),
        ("path.chmod(0o644)\n", []),
        ("risk(threshold=4.4)\n", ["1: 4.4"]),
    ],
)
def test_a_nameless_number_is_found(source: str, found: list[str]) -> None:
    assert nameless_numbers(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("LIMIT = 55  # a threshold with a good excuse\n", ["1: 55"]),
        ("message = 'above 55 mg2/dL2'\n", ["1: 55"]),
        ("message = f'above 55.0 {unit}'\n", ["1: 55.0"]),
        ("slope = 0.8\n", ["1: 0.8"]),
        ("_NARROW = 55  # columns below which lists are stacked\n", []),
        ("NEAR = 0.8  # how alike two names must be\n", []),
        ('"""Why 55 is a target and no law."""\n', []),
        ("colour = '#550055'\nname = 'rule55'\n", []),
    ],
)
def test_a_clinical_number_is_found(source: str, found: list[str]) -> None:
    assert clinical_in(source, frozenset({55.0, 0.8})) == found


def test_the_rulebook_gives_numbers_to_look_for() -> None:
    assert len(clinical_numbers()) > 20


def named_rules(source: str, rules: set[str]) -> set[str]:
    """The rules whose id stands in a string of the source, as a word of its own."""
    strings = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    words = {
        word for text in strings if isinstance(text, str) for word in re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", text)
    }
    return words & rules


@functools.cache
def rule_ids() -> frozenset[str]:
    """Every rule id of more than one word: one word alone is a word of the language (dialysis, infarct)."""
    data = json.loads((RULEBOOK / "rulebook.json").read_text(encoding="utf-8"))
    return frozenset(rule["id"] for rule in data["rules"] if "-" in rule["id"])


def test_no_rule_is_named_in_python() -> None:
    assert len(rule_ids()) > 20
    found = {inside(path): named_rules(path.read_text(encoding="utf-8"), set(rule_ids())) for path in handwritten()}
    assert {name: rules for name, rules in found.items() if rules} == {}


def test_a_named_rule_is_found() -> None:
    assert named_rules('if finding.rule == "product-at-limit": ...', {"product-at-limit"}) == {"product-at-limit"}
    assert named_rules('"a near-product-at-limit miss"', {"product-at-limit"}) == set()
