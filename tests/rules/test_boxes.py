"""Boxes give the table's own answer at every point, and exactly the possible rows over every range."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcrisk.rules.boxes import Table
from calcrisk.rules.expression import And, Comparison, Constant, Name, Node, Or, Truth

AXES = {"load": 3, "injury": 3, "gate": 1, "other": 1}


def atoms() -> st.SearchStrategy[Node]:
    levels = st.builds(
        lambda name, level: Comparison(">=", Name(name), Constant(float(level))),
        st.sampled_from(["load", "injury"]),
        st.integers(1, 3),
    )
    return levels | st.sampled_from([Name("gate"), Name("other")])


CONDITIONS = st.recursive(
    atoms(),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(tuple).flatmap(lambda i: st.sampled_from([And(i), Or(i)]))
    ),
    max_leaves=6,
)
TABLES = st.lists(CONDITIONS, min_size=1, max_size=6).map(lambda rows: [*rows, Truth(value=True)])


def holds(node: Node, point: dict[str, int]) -> bool:
    match node:
        case Truth(value):
            return value
        case And(items):
            return all(holds(item, point) for item in items)
        case Or(items):
            return any(holds(item, point) for item in items)
        case Comparison(_, Name(name), Constant(level)):
            return point[name] >= level
        case Name(name):
            return point[name] == 1
    raise AssertionError(node)


def by_force(rows: list[Node], point: tuple[int, ...]) -> int:
    named = dict(zip(AXES, point, strict=True))
    return next(row for row, node in enumerate(rows) if holds(node, named))


@settings(max_examples=60)
@given(TABLES, st.integers(0, 2**32))
def test_boxes_equal_brute_force(rows: list[Node], seed: int) -> None:
    table = Table(AXES, rows)
    answers = {
        point: by_force(rows, point) for point in itertools.product(*(range(highest + 1) for highest in AXES.values()))
    }
    assert all(table.answer(point) == row for point, row in answers.items())
    chance = random.Random(seed)
    for _ in range(20):
        pairs = [sorted(chance.choices(range(highest + 1), k=2)) for highest in AXES.values()]
        ranges = tuple((low, high) for low, high in pairs)
        inside = [point for point in answers if all(lo <= at <= hi for at, (lo, hi) in zip(point, ranges, strict=True))]
        assert set(table.possible(ranges)) == {answers[point] for point in inside}


@given(TABLES)
def test_boxes_are_disjoint(rows: list[Node]) -> None:
    table = Table(AXES, rows)
    for point in itertools.product(*(range(highest + 1) for highest in AXES.values())):
        assert sum(all(lo <= point[axis] <= hi for axis, lo, hi in box.sides) for box in table.boxes) == 1


def test_a_table_must_answer_everywhere() -> None:
    with pytest.raises(ValueError, match="no row of the table holds everywhere"):
        Table(AXES, [Name("gate")])


def test_a_row_may_not_negate() -> None:
    with pytest.raises(ValueError, match="a table row may hold only"):
        Table(AXES, [Comparison("<", Name("load"), Constant(1.0)), Truth(value=True)])


def test_rows_that_can_never_answer_are_known() -> None:
    table = Table(AXES, [Name("gate"), And((Name("gate"), Name("other"))), Truth(value=True)])
    assert table.reachable() == {0, 2}
