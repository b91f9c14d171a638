"""What is left of an expression has the value of the whole, whatever the slots hold that are spoken of."""

from __future__ import annotations

import math
from copy import deepcopy
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_patients import book, read

from calcrisk import Rulebook, assess
from calcrisk.rules import expression as ex
from calcrisk.rules.closures import KNOWN, bounded, exact, slots_read
from calcrisk.rules.logic import ABSENT, FREE, Span
from calcrisk.rules.reducing import Reduction

T, F, U = True, False, None
TRUTHS, NUMBERS = ("a", "b", "c"), ("x", "y", "z")
SYMBOLS = {name: ex.Symbol("yesno") for name in TRUTHS} | {
    name: ex.Symbol("number", may_ask_known=True) for name in NUMBERS
}
SLOTS = {name: slot for slot, name in enumerate([*SYMBOLS, *(KNOWN + name for name in NUMBERS)])}

# Close to each other, so that ties, and limits that a number only holds, are met often.
QUANTITIES = st.sampled_from([0.0, 1.0, 2.0, 2.0 * (1 + 7e-10), 3.0, U, ABSENT])
SPANS = st.sampled_from([Span(0.0, 2.0), Span(1.0, 3.0), Span(0.0, 3.0, free=True)])
ANSWERS = st.sampled_from([T, F, U])

_quantities = st.recursive(
    st.sampled_from([*map(ex.Name, NUMBERS), ex.Constant(1.0, "limit"), ex.Constant(2.0, "limit")]),
    lambda inner: st.one_of(
        st.builds(ex.Calculation, st.sampled_from(["+", "-", "*", "/"]), inner, inner),
        st.builds(lambda one, two: ex.Call("max", (one, two)), inner, inner),
        st.builds(ex.Choose, st.sampled_from([*map(ex.Name, TRUTHS), ex.Known("x")]), inner, inner),
    ),
    max_leaves=4,
)
CONDITIONS = st.recursive(
    st.one_of(
        st.sampled_from([*map(ex.Name, TRUTHS), *map(ex.Known, NUMBERS), ex.Truth(T), ex.Truth(F)]),
        st.builds(
            ex.Comparison,
            st.sampled_from([">=", ">", "<", "<=", "==", "!="]),
            st.sampled_from([*map(ex.Name, NUMBERS)]),
            _quantities,
        ),
        st.builds(ex.Comparison, st.sampled_from([">=", "<", "=="]), _quantities, _quantities),
    ),
    lambda inner: st.one_of(
        st.builds(ex.Not, inner),
        st.lists(inner, min_size=2, max_size=4).map(lambda items: ex.And(tuple(items))),
        st.lists(inner, min_size=2, max_size=4).map(lambda items: ex.Or(tuple(items))),
        st.builds(ex.Choose, inner, inner, inner),
    ),
    max_leaves=8,
)


def environments(truths: st.SearchStrategy[Any], quantities: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    kinds = [truths if name in TRUTHS else ANSWERS if name.startswith(KNOWN) else quantities for name in SLOTS]
    return st.tuples(*kinds).map(list)


EXACT = environments(ANSWERS, QUANTITIES)
BOUNDED = environments(st.one_of(ANSWERS, st.just(FREE)), st.one_of(QUANTITIES, SPANS))


def same(one: Any, two: Any) -> bool:
    return one is two or one == two or (isinstance(one, float) and isinstance(two, float) and math.isnan(one + two))


def mixed(held: list[Any], said: list[Any], spoken: int) -> list[Any]:
    return [new if spoken >> slot & 1 else old for slot, (old, new) in enumerate(zip(held, said, strict=True))]


@given(CONDITIONS, EXACT, EXACT, st.integers(0, 2 ** len(SLOTS) - 1))
def test_what_is_left_of_a_condition_is_as_true_as_the_whole(
    node: ex.Node, held: list[Any], said: list[Any], spoken: int
) -> None:
    left, env = Reduction(SLOTS, held, spoken).truth(node), mixed(held, said, spoken)
    assert exact(left, SLOTS)(env) is exact(node, SLOTS)(env)
    assert not {slot for slot in slots_read(left, SLOTS) if not spoken >> slot & 1} - slots_read(node, SLOTS)


@given(CONDITIONS, EXACT, BOUNDED, st.integers(0, 2 ** len(SLOTS) - 1))
def test_the_same_over_bounds_and_freedom(node: ex.Node, held: list[Any], said: list[Any], spoken: int) -> None:
    left, env = Reduction(SLOTS, held, spoken).truth(node), mixed(held, said, spoken)
    assert bounded(left, SLOTS)(env) is bounded(node, SLOTS)(env)


@given(_quantities, EXACT, EXACT, st.integers(0, 2 ** len(SLOTS) - 1))
def test_what_is_left_of_a_quantity_has_its_value(node: ex.Node, held: list[Any], said: list[Any], spoken: int) -> None:
    left, env = Reduction(SLOTS, held, spoken).quantity(node), mixed(held, said, spoken)
    assert same(exact(left, SLOTS)(env), exact(node, SLOTS)(env))


@given(CONDITIONS, EXACT)
def test_where_nobody_spoke_everything_is_settled(node: ex.Node, held: list[Any]) -> None:
    assert Reduction(SLOTS, held, 0).truth(node) == ex.Settled(exact(node, SLOTS)(held))


# what is held; what is spoken of; the expression; what is left of it
LEFT = [
    ({"a": F}, "b", "a and b", ex.Settled(F)),
    ({"a": T}, "b", "a and b", ex.Name("b")),
    ({"a": U}, "b", "a and b", ex.And((ex.Name("b"), ex.Settled(U)))),  # false when b is
    ({"a": U}, "b", "a or b", ex.Or((ex.Name("b"), ex.Settled(U)))),
    ({"a": F}, "bc", "a or (b or c)", ex.Or((ex.Name("b"), ex.Name("c")))),
    ({"x": ABSENT}, "y", "x >= y", ex.Settled(F)),  # whatever y is: absent is above nothing
    ({"x": U}, "y", "x >= y", ex.Comparison(">=", ex.Name("x"), ex.Name("y"))),  # false when y is absent
    ({"x": 2.0}, "y", "y >= x", ex.Comparison(">=", ex.Name("y"), ex.Name("x"))),  # no limit of the rulebook
    ({"a": F}, "xyz", "x > (y if a else z)", ex.Comparison(">", ex.Name("x"), ex.Name("z"))),
    ({"x": ABSENT}, "y", "x * y > 1", ex.Settled(F)),
    (
        {"a": U},
        "xy",
        "x > (1 if a else y)",
        ex.Comparison(">", ex.Name("x"), ex.Choose(ex.Name("a"), ex.Constant(1.0), ex.Name("y"))),
    ),
]


@pytest.mark.parametrize(("held", "spoken", "text", "left"), LEFT)
def test_what_is_left(held: dict[str, Any], spoken: str, text: str, left: ex.Node) -> None:
    env = [held.get(name) for name in SLOTS]
    bits = sum(1 << SLOTS[name] for name in spoken)
    assert Reduction(SLOTS, env, bits).truth(ex.parse(text, SYMBOLS)) == left


def changed(section: str, name: str, **values: Any) -> Rulebook:
    """The package's rulebook with one entry changed."""
    data = deepcopy(dict(book().data))
    entry = next(entry for entry in data[section] if name in (entry.get("id"), entry.get("name")))
    entry |= values
    return Rulebook(data)


def status(book_: Rulebook, name: str, **stated: Any) -> bool | None:
    found = book_.evaluate(read(stated).given)
    return dict(zip([rule.id for rule in book_.walk.program.rules], found.statuses, strict=True))[name]


def test_a_no_that_is_not_read_is_no_silence() -> None:
    """A yes/no whose sample is unfit is open, also where silence about it would have been a no."""
    unfit = changed("variables", "sample_haemolysed", rejects=["phosphate", "sarcoidosis"])
    stated: dict[str, Any] = {"granuloma": True, "sarcoidosis": False}
    assert status(unfit, "granuloma", **stated) is True
    assert status(unfit, "granuloma", **stated, sample_haemolysed=True) is None


@pytest.mark.parametrize(
    ("when", "known", "open_"), [("minimum_known and calcium_high", T, F), ("not minimum_known", F, T)]
)
def test_a_rule_may_read_whether_the_minimum_is_known(when: str, known: bool, open_: bool) -> None:
    book_ = changed("rules", "granuloma", when=when)
    stated: dict[str, Any] = {"age": 50, "ckd_stage": "G1", "calcium": 11.5, "phosphate": 3.4}
    answered = stated | {"tissue_damage": False, "mineral_history": False}
    assert (status(book_, "granuloma", **answered), status(book_, "granuloma", **stated)) == (known, open_)


def test_threads_that_make_plans_at_once_give_one_answer() -> None:
    """Each of a rulebook of its own, of which nothing is planned yet."""
    names = ("calcium", "phosphate", "albumin", "age", "pth", "magnesium", "alp")
    patients = [
        read({name: 4.0 + at for at, name in enumerate(names) if number >> at & 1}) for number in range(2 ** len(names))
    ]
    expected = [assess(patient, book()) for patient in patients]
    fresh = Rulebook(book().data)
    found: list[Any] = [None] * 4

    def work(at: int) -> None:
        found[at] = [assess(patient, fresh) for patient in patients]

    threads = [Thread(target=work, args=(at,)) for at in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * len(found)
