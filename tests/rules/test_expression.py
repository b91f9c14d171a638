"""The rule language reads what it allows, and shows a caret under everything else."""

from __future__ import annotations

import pytest

from calcrisk.rules import expression as ex
from calcrisk.rules.expression import ExpressionError, Symbol, names, parse

SCOPE = {
    "calcium": Symbol("number", unit="mg/dL"),
    "phosphate": Symbol("number", unit="mg/dL"),
    "albumin": Symbol("number", unit="g/dL", may_ask_known=True),
    "warfarin": Symbol("yesno"),
    "ckd_stage": Symbol("choice", ("G1", "G2", "G3a")),
    "sex": Symbol("choice", ("female", "male")),
    "limit": Symbol("number", constant=55.0, unit="mg/dL"),
    "slope": Symbol("number", constant=0.8),
}

READS = [
    ("calcium >= limit", ex.Comparison(">=", ex.Name("calcium"), ex.Constant(55.0, "limit"))),
    ("warfarin", ex.Name("warfarin")),
    ("not warfarin", ex.Not(ex.Name("warfarin"))),
    ("True", ex.Truth(value=True)),
    ("known(albumin)", ex.Known("albumin")),
    ("ckd_stage >= G3a", ex.Comparison(">=", ex.Name("ckd_stage"), ex.Constant(2.0, "G3a"))),
    ("female == sex", ex.Comparison("==", ex.Constant(0.0, "female"), ex.Name("sex"))),
    (
        "sex in (female, male)",
        ex.Or(
            tuple(ex.Comparison("==", ex.Name("sex"), ex.Constant(n, w)) for n, w in ((0.0, "female"), (1.0, "male")))
        ),
    ),
    (
        "0 < calcium <= limit",
        ex.And(
            (
                ex.Comparison("<", ex.Constant(0.0), ex.Name("calcium")),
                ex.Comparison("<=", ex.Name("calcium"), ex.Constant(55.0, "limit")),
            )
        ),
    ),
]


@pytest.mark.parametrize(("text", "node"), READS, ids=[text for text, _ in READS])
def test_what_is_read(text: str, node: ex.Node) -> None:
    assert parse(text, SCOPE) == node


def test_a_quantity() -> None:
    node = parse("calcium + slope * (1 - albumin) if warfarin else min(calcium, phosphate)", SCOPE, expect="number")
    assert isinstance(node, ex.Choose)
    assert names(node) == {"calcium", "albumin", "warfarin", "phosphate"}


# text, expected type, the drawing beneath the message
FAULTS = [
    (
        "calcium >= 55",
        "a number stands bare in a rule: 55",
        "calcium >= 55\n           ~^ give it a name, a unit and a source",
    ),
    ("calcum >= limit", "unknown name 'calcum'", "calcum >= limit\n~~~~~^ did you mean 'calcium'"),
    ("calcium", "expected a yesno here, this is a number", "calcium\n~~~~~~^"),
    ("calcium >= warfarin", "expected a number here, this is a yesno", "calcium >= warfarin\n           ~~~~~~~^"),
    ("warfarin == warfarin", "a yes/no is not compared", "warfarin == warfarin\n~~~~~~~^ write its name"),
    (
        "calcium - phosphate > 0",
        "a difference is compared with 0",
        "calcium - phosphate > 0\n~~~~~~~~~~~~~~~~~~^ write x > y",
    ),
    ("ckd_stage >= G9", "not a word of this choice", "ckd_stage >= G9\n             ~^ "),
    ("ckd_stage in G1", "'in' takes words in brackets", "ckd_stage in G1\n             ~^ one or more of"),
    (
        "known(calcium)",
        "known(x) is for volunteered inputs and given facts only",
        "known(calcium)\n~~~~~~~~~~~~~^ an answer",
    ),
    ("known(1)", "known takes one name", "known(1)\n~~~~~~~^"),
    ("calcium > albumin", "compares mg/dL with g/dL", "calcium > albumin\n          ~~~~~~^ give the parameter"),
    ("abs(calcium) > limit", "no such function", "abs(calcium) > limit\n~~~~~~~~~~~^ write"),
    ("min(calcium) > limit", "min takes 2 to 9 quantities", "min(calcium) > limit\n~~~~~~~~~~~^"),
    (
        "calcium % phosphate > limit",
        "the rule language has nothing like this",
        "calcium % phosphate > limit\n~~~~~~~~~~~~~~~~~~^",
    ),
    ("+calcium > limit", "the rule language has nothing like this", "+calcium > limit\n~~~~~~~^"),
    ("calcium is limit", "the rule language has no such comparison", "calcium is limit\n~~~~~~^"),
    ("calcium.real > limit", "the rule language has nothing like this", "calcium.real > limit\n~~~~~~~~~~~^"),
    ("[calcium for calcium in x]", "the rule language has nothing like this", "[calcium for"),
    ("(lambda: warfarin)()", "no such function", "(lambda: warfarin)()\n~~~~"),
    ("'text' == sex", "a number stands bare in a rule: 'text'", "'text' == sex\n~~~~~^"),
    ("calcium >=", "this cannot be read", "calcium >=\n"),
    ("", "this cannot be read", "\n^"),
]


@pytest.mark.parametrize(("text", "message", "drawing"), FAULTS, ids=[text or "nothing" for text, _, _ in FAULTS])
def test_everything_else_is_refused_with_a_caret(text: str, message: str, drawing: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, SCOPE)
    assert caught.value.message.startswith(message)
    assert caught.value.drawing().startswith(drawing)


def test_python_is_never_run() -> None:
    with pytest.raises(ExpressionError):
        parse("__import__('os').system('true')", SCOPE)


def test_hopeless_nesting_is_a_fault_and_not_a_crash() -> None:
    with pytest.raises(ExpressionError):
        parse("not " * 5000 + "warfarin", SCOPE)
