"""Kleene's tables, exact ties, guarded arithmetic, absence and bounds: the meaning both walks must share."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcrisk.rules import logic
from calcrisk.rules.closures import bounded, exact
from calcrisk.rules.expression import Node, Symbol, parse
from calcrisk.rules.folding import folded
from calcrisk.rules.logic import ABSENT, FREE, Span, compare, compare_bounded

T, F, U = True, False, None
SCOPE = {
    "a": Symbol("yesno"),
    "b": Symbol("yesno"),
    "x": Symbol("number"),
    "y": Symbol("number"),
    "c": Symbol("number", constant=6.0),
}
SLOTS = {name: slot for slot, name in enumerate(("a", "b", "x", "y"))}

DEEP = 60

# Kleene 1952, §64: strong three-valued tables. a, b, a and b, a or b
KLEENE = [
    (T, T, T, T),
    (T, F, F, T),
    (T, U, U, T),
    (F, T, F, T),
    (F, F, F, F),
    (F, U, F, U),
    (U, T, U, T),
    (U, F, F, U),
    (U, U, U, U),
]


def run(text: str, *, form: Any = exact, expect: Any = "yesno", **values: Any) -> Any:
    env = [values.get(name) for name in SLOTS]
    return form(parse(text, SCOPE, expect=expect), SLOTS)(env)


@pytest.mark.parametrize("form", [exact, bounded])
@pytest.mark.parametrize(("a", "b", "both", "either"), KLEENE)
def test_kleene(form: Any, a: bool | None, b: bool | None, both: bool | None, either: bool | None) -> None:
    assert run("a and b", form=form, a=a, b=b) is both
    assert run("a or b", form=form, a=a, b=b) is either


@pytest.mark.parametrize("form", [exact, bounded])
@pytest.mark.parametrize(("a", "opposite"), [(T, F), (F, T), (U, U)])
def test_not(form: Any, a: bool | None, opposite: bool | None) -> None:
    assert run("not a", form=form, a=a) is opposite


@pytest.mark.parametrize("form", [exact, bounded])
def test_an_expression_may_be_nested_deeply(form: Any) -> None:
    text = "not (a and " * DEEP + "b" + ")" * DEEP
    assert [run(text, form=form, a=T, b=b) for b in (T, F, U)] == [T, F, U]
    assert run(text, form=form, a=F, b=U) is T


@pytest.mark.parametrize("limit", [55, 65, 70, 72])
def test_a_tie_written_in_decimals_is_a_tie(limit: int) -> None:
    """Every pair of two-decimal values whose product is exactly the threshold, and its neighbours a hundredth away."""
    pairs = [
        (n, limit * 10_000 // n) for n in range(100, 2500) if limit * 10_000 % n == 0 and limit * 10_000 // n < 3000
    ]
    assert len(pairs) > 10
    for n, m in pairs:
        product = (n / 100) * (m / 100)
        answers = [compare(sign, product, limit) for sign in (">=", ">", "<", "<=", "==", "!=")]
        assert answers == [T, F, F, T, T, F], (n, m)
        below = (n / 100) * ((m - 1) / 100)
        assert not compare(">=", below, limit), (n, m)


@pytest.mark.parametrize("form", [exact, bounded])
@pytest.mark.parametrize("text", ["x >= c", "c <= x", "x * y >= c", "c <= x * y"])
@pytest.mark.parametrize(("parts", "tied"), [(3, True), (8, False)])
def test_the_tie_round_a_limit_is_measured_by_the_limit_alone(form: Any, text: str, parts: int, tied: bool) -> None:
    """``a >= c`` means ``a >= c - |c|·5e-10``, however it is written and whichever walk reads it."""
    near = 6.0 * (1 - parts * 1e-10)
    node = folded(parse(text, SCOPE))
    assert form(node, SLOTS)([None, None, near, 1.0]) is tied


UNDEFINED = [
    ("x / y", 1.0, 0.0),
    ("ln(x)", 0.0, 1.0),
    ("ln(x)", -1.0, 1.0),
    ("x ** y", -8.0, 0.333),
    ("x ** y", 0.0, -1.0),
]
OVERFLOWING = [("exp(x)", 1000.0, 1.0), ("x ** y", 1e300, 2.0), ("x / y", 1e300, 1e-300)]


@pytest.mark.parametrize(("text", "x", "y"), UNDEFINED + OVERFLOWING)
@pytest.mark.parametrize("form", [exact, bounded])
def test_what_is_not_defined_is_unknown(form: Any, text: str, x: float, y: float) -> None:
    assert run(text, form=form, expect="number", x=x, y=y) is None


@pytest.mark.parametrize("form", [exact, bounded])
@pytest.mark.parametrize("text", ["x + y", "x - y", "x * y", "x / y", "x ** y", "min(x, y)", "max(x, y)", "ln(x) + y"])
def test_absence_is_carried_through_arithmetic_and_compares_false(form: Any, text: str) -> None:
    for other in (2.0, None):
        value = run(text, form=form, expect="number", x=ABSENT, y=other)
        assert isinstance(value, float), (text, other)
        assert math.isnan(value)
        for sign in (">=", ">", "<", "<=", "==", "!="):
            assert run(f"{text} {sign} c", form=form, x=ABSENT, y=other) is False
    assert run(f"{text} >= c", form=form, x=None, y=2.0) is None


def test_absent_to_the_power_of_nothing_is_still_absent() -> None:
    """Python says nan ** 0 is 1."""
    assert math.isnan(run("x ** y", expect="number", x=ABSENT, y=0.0))


# operator, span, number, answer when merely inexact
SPANS = [
    (">=", Span(6, 9), 6, T),
    (">=", Span(5, 9), 6, U),
    (">=", Span(2, 5.9), 6, F),
    (">", Span(2, 6), 6, F),
    ("<", Span(2, 5.9), 6, T),
    ("<", Span(2, 6), 6, U),
    ("<=", Span(2, 6), 6, T),
    ("<=", Span(6.1, 9), 6, F),
    ("==", Span(5, 7), 6, U),
    ("==", Span(7, 8), 6, F),
    ("!=", Span(7, 8), 6, T),
    ("!=", Span(5, 7), 6, U),
]


@pytest.mark.parametrize(("sign", "span", "limit", "answer"), SPANS)
def test_a_number_within_bounds_decides_only_when_its_bounds_do(
    sign: Any, span: Span, limit: float, answer: Any
) -> None:
    assert compare_bounded(sign, span, float(limit)) is answer
    free = Span(span.lo, span.hi, free=True)
    assert compare_bounded(sign, free, float(limit)) is (FREE if answer is None else answer)


def test_what_one_free_answer_can_make_true() -> None:
    assert run("a or b", form=bounded, a=FREE, b=None) is FREE
    assert run("a and b", form=bounded, a=FREE, b=None) is None
    assert run("a and b", form=bounded, a=FREE, b=True) is FREE
    assert run("not a", form=bounded, a=FREE) is FREE


TRUTHS = st.sampled_from([T, F, U])
NUMBERS = st.one_of(st.none(), st.just(ABSENT), st.floats(-20, 20).map(lambda number: round(number, 2)))
TEXTS = st.sampled_from(
    [
        "x + y >= c and (a or not b)",
        "x / y > c or a",
        "(x if a else y) <= c",
        "min(x, y) < c or max(x, y) == c",
        "not (x ** y > c) and not a",
        "ln(x) >= y or exp(y) > c and b",
        "x != y and x * y != c",
    ]
)


def same(one: Any, two: Any) -> bool:
    return (
        one is two
        or one == two
        or (isinstance(one, float) and isinstance(two, float) and math.isnan(one) and math.isnan(two))
    )


@given(TEXTS, TRUTHS, TRUTHS, NUMBERS, NUMBERS)
def test_both_forms_of_a_condition_mean_the_same(text: str, a: Any, b: Any, x: Any, y: Any) -> None:
    assert same(run(text, a=a, b=b, x=x, y=y), run(text, form=bounded, a=a, b=b, x=x, y=y))


@given(TEXTS, TRUTHS, st.floats(-9, 9), st.floats(0, 3), st.floats(0, 1))
def test_bounds_never_lose_a_value_within_them(text: str, a: Any, lo: float, width: float, part: float) -> None:
    inside = lo + width * part
    told = run(text, form=bounded, a=a, b=False, x=Span(lo, lo + width), y=2.0)
    if told is not None:
        assert run(text, a=a, b=False, x=inside, y=2.0) in (told, None)


def test_every_operator_has_its_meaning() -> None:
    node: Node
    for sign, (x, y) in itertools.product(logic.CALCULATE, [(2.0, 3.0), (9.0, 0.5)]):
        node = parse(f"x {sign} y", SCOPE, expect="number")
        expected = {"+": x + y, "-": x - y, "*": x * y, "/": x / y, "**": x**y}[sign]
        assert exact(node, SLOTS)([None, None, x, y]) == expected
