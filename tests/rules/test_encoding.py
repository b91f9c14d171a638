"""What the compiled rulebook carries is what the YAML says: nodes survive the way to JSON and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import calcrisk
from calcrisk import Rulebook
from calcrisk.rules import expression as ex
from calcrisk.rules.encoding import decode, encode

FOLDER = Path(calcrisk.__file__).parent / "rulebook"
SCOPE = {"limit": ex.Symbol("number", constant=65.0), "x": ex.Symbol("number")}

NODES = [
    ex.Name("calcium"),
    ex.Truth(value=True),
    ex.Constant(1.0),
    ex.Constant(2.0, "G3a"),
    ex.Constant(65.0, "limit"),
    ex.Known("albumin"),
    ex.Not(ex.Name("a")),
    ex.And((ex.Name("a"), ex.Or((ex.Name("b"), ex.Known("c"))))),
    ex.Comparison("<=", ex.Name("x"), ex.Constant(65.0, "limit")),
    ex.Calculation("**", ex.Name("x"), ex.Call("max", (ex.Name("y"), ex.Constant(0.0)))),
    ex.Choose(ex.Name("a"), ex.Name("x"), ex.Call("ln", (ex.Name("y"),))),
]


@pytest.mark.parametrize("node", NODES, ids=map(repr, NODES))
def test_a_node_survives_json(node: ex.Node) -> None:
    back = decode(json.loads(json.dumps(encode(node))), SCOPE)
    assert (type(back), back) == (type(node), node)


def test_a_parameter_takes_the_value_of_the_profile() -> None:
    encoded = encode(ex.Comparison(">=", ex.Name("x"), ex.Constant(55.0, "limit")))
    assert decode(encoded, SCOPE) == ex.Comparison(">=", ex.Name("x"), ex.Constant(65.0, "limit"))


def test_what_is_decoded_is_folded() -> None:
    twice = ex.Calculation("+", ex.Constant(55.0, "limit"), ex.Constant(55.0, "limit"))
    encoded = encode(ex.Comparison("<=", twice, ex.Name("x")))
    assert decode(encoded, SCOPE) == ex.Comparison(">=", ex.Name("x"), ex.Constant(130.0))


@pytest.mark.volume
@pytest.mark.parametrize("profile", Rulebook.default().data["profiles"])
def test_the_compiled_rulebook_is_that_of_the_yaml(profile: str) -> None:
    compiled, written = (
        book.walk.program for book in (Rulebook.default(profile), Rulebook.from_folder(FOLDER, profile))
    )
    assert [repr(rule.when.node) for rule in compiled.rules] == [repr(rule.when.node) for rule in written.rules]
    assert compiled.silent == written.silent
    assert [box for tier in compiled.tiers for box in tier.axes.table.boxes] == [
        box for tier in written.tiers for box in tier.axes.table.boxes
    ]
    assert compiled.classes.table.boxes == written.classes.table.boxes
