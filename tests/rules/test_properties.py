"""What must hold of every patient, whatever is known of them: checked on random partial patients."""

from __future__ import annotations

import ast
import itertools
import json
import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from random_patients import (
    UNKNOWN,
    Stated,
    answer,
    answered,
    ask_of,
    book,
    bounded_examples,
    consistent,
    evaluated,
    names,
    numbers,
    patients,
    possible,
    read,
    walk,
    within,
)
from samples import patient_from

import calcrisk
from calcrisk import Patient, assess
from calcrisk.inputs.documents import read_document
from calcrisk.render.json import to_json
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.rules.plans import Form
    from calcrisk.rules.scalar import Evaluation

    Point = Mapping[str, int | bool]

pytestmark = pytest.mark.volume


FOLDER = Path(calcrisk.__file__).parent / "rulebook"


# ------------------------------------------------------------ what a question may change


@bounded_examples(250)
@given(answered())
def test_an_answer_never_leaves_the_announced_ranges(case: tuple[Stated, str, Stated]) -> None:
    before, _, after = case
    assert within(evaluated(after), evaluated(before))


@bounded_examples(120)
@given(patients(), st.data())
def test_all_questions_answered_together_never_leave_the_announced_ranges(stated: Stated, data: st.DataObject) -> None:
    asked = st.lists(st.sampled_from([*names("core"), *names("when")]), unique=True)
    missing = [name for name in data.draw(asked) if name not in stated]
    told = consistent({**stated, **{name: data.draw(_value(name)) for name in missing}})
    before, after = evaluated(stated), evaluated(told)
    closed = [name for name in missing if before.env[walk().program.slots[name]] is not None]
    assume(not closed)  # an answer to a question that did not arise may say something new
    assert within(after, before)


def _value(name: str) -> st.SearchStrategy[Any]:
    variable = registry()[name]
    if variable.kind == "yesno":
        return st.booleans()
    return numbers(variable) if variable.kind == "number" else st.sampled_from(variable.values)


@bounded_examples(150)
@given(answered())
def test_a_settled_answer_never_changes(case: tuple[Stated, str, Stated]) -> None:
    before, _, after = case
    if assess(read(before), book()).settled:
        first, second = answer(evaluated(before)), answer(evaluated(after))
        assert [second[each] for each, told in first.items() if told] == [told for told in first.values() if told]


@bounded_examples(150)
@given(patients(), st.sampled_from(names("volunteered")))
def test_unknown_written_for_a_volunteered_input_never_narrows(stated: Stated, name: str) -> None:
    silent = {key: value for key, value in stated.items() if key != name}
    open_, closed = evaluated({**silent, name: UNKNOWN}), evaluated(silent)
    assert within(closed, open_)


@bounded_examples(150)
@given(patients(exact=True), st.data())
def test_silence_about_a_volunteered_yes_no_is_read_as_no(stated: Stated, data: st.DataObject) -> None:
    settled = {name: value for name, value in stated.items() if value != UNKNOWN}
    follows = {rule.target for rule in walk().program.implications}  # there a "no" speaks against what is stated
    asked = {*settled, *follows}
    silent = [name for name in names("volunteered") if name not in asked and registry()[name].kind == "yesno"]
    name = data.draw(st.sampled_from(silent))
    told = {**settled, name: False}
    assume(consistent(told) == told)
    one, two = evaluated(told), evaluated(settled)
    assert (one.statuses, one.lows, one.highs, one.row, one.possible) == (
        two.statuses,
        two.lows,
        two.highs,
        two.row,
        two.possible,
    )


@bounded_examples(120)
@given(patients(exact=True))
def test_silence_about_a_volunteered_input_never_raises_a_level_above_what_an_answer_could(stated: Stated) -> None:
    volunteered = [name for name in stated if ask_of(name) == "volunteered"]
    silent = {name: value for name, value in stated.items() if name not in volunteered}
    opened = evaluated(silent | dict.fromkeys(volunteered, UNKNOWN))
    for found in (evaluated(silent), evaluated(stated)):
        assert all(low <= level <= high for low, level, high in zip(opened.lows, found.lows, opened.highs, strict=True))


# ------------------------------------------------------------ the science


@bounded_examples(250)
@given(patients(exact=True), numbers(registry()["phosphate"]), numbers(registry()["phosphate"]))
def test_more_phosphate_never_lowers_the_metastatic_tier(stated: Stated, one: float, two: float) -> None:
    less, more = (evaluated({**stated, "phosphate": number}) for number in sorted((one, two)))
    at = [tier.name for tier in walk().program.tiers].index("metastatic")
    assert less.tiers[at].tier <= more.tiers[at].tier
    assert less.tiers[at].highest <= more.tiers[at].highest


def exact_pairs(product: int) -> Iterator[tuple[float, float]]:
    """Every pair of two-decimal values of calcium and phosphate within their limits whose product is exactly this."""
    for calcium in range(400, 2500):
        phosphate, rest = divmod(product * 10_000, calcium)
        if not rest and 30 <= phosphate <= 3000:
            yield calcium / 100, phosphate / 100


TIES = [
    (55, 60, "ca-p-product-at-limit-ckd"),
    (65, 12, "ca-p-product-at-limit-ckd"),
    (70, 60, "ca-p-product-at-70-ckd"),
]


@pytest.mark.parametrize(("product", "age", "rule"), TIES)
def test_every_exact_tie_is_a_tie_in_the_whole_engine(product: int, age: int, rule: str) -> None:
    pairs = list(exact_pairs(product))
    assert len(pairs) > 10
    for calcium, phosphate in pairs:
        met = {
            near: rule in _met({"calcium": calcium, "phosphate": near, "ckd_stage": "G5", "age": age})
            for near in (phosphate, round(phosphate - 0.01, 2), round(phosphate + 0.01, 2))
        }
        assert list(met.values()) == [True, False, True], (calcium, phosphate)


def _met(stated: Stated) -> set[str]:
    statuses = evaluated(stated).statuses
    return {rule.id for rule, status in zip(walk().program.rules, statuses, strict=True) if status}


# ------------------------------------------------------------ the tables


@cache
def tables() -> dict[str, list[tuple[str, ast.expr]]]:
    """The class table and the tier tables, read from the YAML text once more, without the package's compiler."""
    rows = yaml.safe_load((FOLDER / "classification.yaml").read_text("utf-8"))["rows"]
    tiers = yaml.safe_load((FOLDER / "tiers.yaml").read_text("utf-8"))["tiers"]
    found = {"classification": [(row["class"], row["when"]) for row in rows]}
    found |= {name: [(row["tier"], row["when"]) for row in table["rows"]] for name, table in tiers.items()}
    return {
        name: [(says, ast.parse(str(when), mode="eval").body) for says, when in table] for name, table in found.items()
    }


def holds(node: ast.expr, point: Point) -> bool:
    """Read a row's condition at one point, in plain Python."""
    match node:
        case ast.Constant(value=True):
            return True
        case ast.Name(id=name):
            return bool(point[name])
        case ast.BoolOp(op=ast.And(), values=items):
            return all(holds(item, point) for item in items)
        case ast.BoolOp(op=ast.Or(), values=items):
            return any(holds(item, point) for item in items)
        case ast.Compare(left=ast.Name(id=name), ops=[ast.GtE()], comparators=[ast.Name(id=level)]):
            return int(point[name]) >= int(book().data["levels"].index(level))
    raise AssertionError(ast.dump(node))


def by_force(table: str, found: Evaluation, *, most: int = 4000) -> set[str] | None:
    """Ask every combination of levels within their ranges and of undecided gates; None when they are too many."""
    mechanisms = [entry["name"] for entry in book().data["mechanisms"]]
    ranges: dict[str, Any] = {
        name: range(low, high + 1) for name, low, high in zip(mechanisms, found.lows, found.highs, strict=True)
    }
    read = {part.id for _, node in tables()[table] for part in ast.walk(node) if isinstance(part, ast.Name)}
    axes = {name: ranges.get(name) or _gate(name, found) for name in sorted(read - {*book().data["levels"]})}
    if math.prod(map(len, axes.values())) > most:
        return None
    points = (dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values()))
    return {next(says for says, node in tables()[table] if holds(node, point)) for point in points}


def _gate(name: str, found: Evaluation) -> tuple[bool, ...]:
    value = found.env[walk().program.slots[name]]
    undecided = value is None or (name == "minimum_known" and value is False)  # what is not known yet may be told
    return (False, True) if undecided else (value,)


@bounded_examples(250)
@given(patients())
def test_what_is_possible_equals_brute_force(stated: Stated) -> None:
    found = evaluated(stated)
    ranks = book().data["tier_names"]
    classes = by_force("classification", found)
    assert classes is None or classes == possible(found)
    for tier, told in zip(walk().program.tiers, found.tiers, strict=True):
        forced = by_force(tier.name, found)
        assert forced is not None
        assert {ranks.index(rank) for rank in forced} >= {told.tier, told.lowest, told.highest}
        assert {told.lowest, told.highest} == {min(map(ranks.index, forced)), max(map(ranks.index, forced))}


@bounded_examples(100)
@given(patients(exact=True))
def test_the_answer_is_the_first_row_that_holds_at_the_lowest_levels(stated: Stated) -> None:
    found = evaluated(stated)
    found.highs = found.lows
    found.env = [False if value is None else value for value in found.env]
    found.env[walk().minimum_slot] = found.env[walk().minimum_slot] or None
    told = by_force("classification", found)
    assert told is not None
    assert answer(evaluated(stated))["classification"] in told


# ------------------------------------------------------------ one meaning, two walks


def _told(found: Evaluation) -> Any:
    return found.statuses, found.lows, found.highs, found.row, found.possible, found.tiers


def _same(one: Any, two: Any) -> bool:
    return one is two or one == two or (isinstance(one, float) and isinstance(two, float) and math.isnan(one + two))


@bounded_examples(200)
@given(patients(exact=True))
def test_both_forms_of_the_whole_walk_give_an_exact_patient_the_answer(stated: Stated) -> None:
    """What is left out for a patient because it reads nothing stated would have answered the same."""
    ours, given_ = walk(), read(stated).given
    found = ours.evaluate(given_)
    every_step = (1 << len(ours.program.steps)) - 1
    forms: tuple[Form, ...] = ("exact", "bounded")
    for form in forms:
        env = _only_stated(given_)
        for slot, run in ours.steps(every_step, form):
            env[slot] = run(env)
        env[ours.minimum_slot] = ours.minimum_known(env)
        rules = [getattr(rule.when, form) for rule in ours.program.rules]
        assert [rule(env) for rule in rules] == found.statuses
        assert all(_same(one, two) for one, two in zip(env, found.env, strict=True))


def _only_stated(given_: Any) -> list[Any]:
    """The environment before any step: what was stated and what follows from it, everything else as in a blank one."""
    ours = walk()
    env, filled = list(ours.program.blank), ours.filler.fill(given_).env
    computed = {step.slot for step in ours.program.steps if step.stated is None}
    return [blank if slot in computed else held for slot, (blank, held) in enumerate(zip(env, filled, strict=True))]


@bounded_examples(150)
@given(patients(exact=True), st.data())
def test_another_unit_gives_the_same_answer(stated: Stated, data: st.DataObject) -> None:
    measured = [name for name, value in stated.items() if value != UNKNOWN and len(registry()[name].units) > 1]
    assume(measured)
    written = dict(stated)
    for name in measured:
        unit, factor = data.draw(st.sampled_from(sorted(registry()[name].units.items())))
        written[name] = f"{stated[name] / factor:.17g} {unit}"
    one, two = evaluated(stated), evaluated(written)
    assert _told(one) == _told(two)


def test_the_order_of_keys_does_not_matter_to_warnings() -> None:
    odd = {"calcium": 4.0, "phosphate": 0.7}
    assert _assessed(odd) == _assessed(dict(reversed(odd.items())))


@bounded_examples(60)
@given(patients(), st.randoms(use_true_random=False))
def test_the_order_of_yaml_keys_never_matters(stated: Stated, chance: Any) -> None:
    read(stated)  # one that contradicts itself is no example
    keys = list(stated)
    chance.shuffle(keys)
    one, two = (_assessed({name: stated[name] for name in order}) for order in (stated, keys))
    assert one == two


def _assessed(stated: Stated) -> Any:
    text = yaml.safe_dump(stated, sort_keys=False)
    answered_ = assess(patient_from(read_document(text, "patient.yaml"), {}), book(), every_rule=True)
    document = json.loads(to_json(answered_))
    for entry in document["inputs"].values():
        del entry["from"]  # the line it stands in
    return document


@bounded_examples(60)
@given(patients())
def test_a_patient_says_the_same_from_python_and_from_a_document(stated: Stated) -> None:
    patient = read(stated)
    text = yaml.safe_dump(stated, sort_keys=False)
    document = patient_from(read_document(text, "patient.yaml"), {})
    assert document == patient
    assert _told(walk().evaluate(document.given)) == _told(walk().evaluate(Patient(**stated).given))
