"""Random partial patients for the property tests: any inputs, admissible values, the rulebook's own limits often.

A patient is what a caller would write, a mapping of flat names to values; ``evaluated`` reads and walks it.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st

from calcrisk import InputError, Patient, Rulebook
from calcrisk.rules.decisive import Decisive, MissingInput
from calcrisk.rules.logic import Span
from calcrisk.variables import Variable, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.rules.scalar import Evaluation, Walk

Stated = dict[str, Any]

MOST_VOLUNTEERED = 6  # volunteered inputs of one patient; any rule needs fewer
UNKNOWN = "unknown"


@cache
def book() -> Rulebook:
    return Rulebook.default()


def walk() -> Walk:
    return book().walk


def read(stated: Mapping[str, Any]) -> Patient:
    """Read a patient; one that contradicts itself is no example."""
    try:
        return Patient(**stated)
    except InputError:
        reject()


def readable(stated: Mapping[str, Any]) -> bool:
    try:
        Patient(**stated)
    except InputError:
        return False
    return True


def evaluated(stated: Mapping[str, Any]) -> Evaluation:
    return walk().evaluate(read(stated).given)


def ask_of(name: str) -> str:
    """``core``, ``volunteered`` or ``when``."""
    ask = registry()[name].ask
    return ask if isinstance(ask, str) else "when"


def names(ask: str) -> list[str]:
    return [name for name in registry() if ask_of(name) == ask]


@cache
def limits(variable: Variable) -> tuple[float, ...]:
    """Every number of the rulebook in a variable's unit: thresholds are where answers turn."""
    data = book().data
    own = (entry["parameters"] for section in ("rules", "facts", "consider") for entry in data[section])
    numbers = [spec for group in (data["parameters"], *own) for spec in group.values()]
    return tuple(sorted({float(spec["value"]) for spec in numbers if spec["unit"] == variable.unit}))


def bounds(variable: Variable) -> tuple[float, float]:
    """The limits within which a bare number is taken: hard ones, less what is refused as another unit."""
    assert variable.hard is not None
    lo, hi = variable.hard
    for trap in variable.unit_traps:
        if trap["unit"] is None and trap["act"] == "refuse":
            lo, hi = max(lo, trap["below"] or lo), min(hi, trap["above"] or hi)
    return lo, hi


@cache
def numbers(variable: Variable) -> st.SearchStrategy[float]:
    lo, hi = bounds(variable)
    ordinary = variable.plausible or (lo, hi)
    known = [limit for limit in limits(variable) if lo <= limit <= hi]
    found = st.integers(round(ordinary[0] * 100), round(ordinary[1] * 100)).map(lambda number: number / 100)
    found |= st.sampled_from([lo, hi])
    return (st.sampled_from(known) | found) if known else found


@cache
def values(name: str) -> st.SearchStrategy[Any]:
    """Any admissible value of one input, stated exactly."""
    variable = registry()[name]
    if variable.kind == "yesno":
        return st.booleans()
    return numbers(variable) if variable.kind == "number" else st.sampled_from(variable.values)


@cache
def statements(name: str) -> st.SearchStrategy[Any]:
    """Any statement about one input: a value, now and then ``unknown``, a word for a range, or a censored number."""
    variable = registry()[name]
    odd = [st.just(UNKNOWN)]
    if variable.ranges:
        odd.append(st.sampled_from(sorted(variable.ranges)))
    if variable.kind == "number" and variable.role is None:
        odd.append(numbers(variable).map(lambda number: f"<{number:.4f}"))
    exact = values(name)
    return st.one_of(exact, exact, exact, *odd)


@st.composite
def patients(draw: st.DrawFn, *, exact: bool = False, volunteered: int = MOST_VOLUNTEERED) -> Stated:
    """A patient of whom some things are stated; ``exact`` leaves out what is inexact, but not what is unknown."""
    asked = st.lists(st.sampled_from([*names("core"), *names("when")]), unique=True)
    told = st.lists(st.sampled_from(names("volunteered")), unique=True, max_size=volunteered)
    kinds = (lambda name: values(name) | st.just(UNKNOWN)) if exact else statements
    return consistent({name: draw(kinds(name)) for name in [*draw(asked), *draw(told)]})


def consistent(stated: Stated) -> Stated:
    """Leave out every "no" that a "yes" of the same patient contradicts."""
    implied = {
        other for name, value in stated.items() if value is True for other in registry().implications.get(name, ())
    }
    return {name: value for name, value in stated.items() if not (name in implied and value is False)}


def answer(found: Evaluation) -> dict[str, str | None]:
    """What is announced: the class, and each tier (None when it was not assessed)."""
    program, ranks = walk().program, book().data["tier_names"]
    tiers = zip(program.tiers, found.tiers, strict=True)
    told = {tier.name: ranks[each.tier] if each.assessed else None for tier, each in tiers}
    return {"classification": program.rows[found.row].spec["class"], **told}


def possible(found: Evaluation) -> set[str]:
    """The classes that are possible."""
    return {walk().program.rows[row].spec["class"] for row in found.possible}


def within(inner: Evaluation, outer: Evaluation) -> bool:
    """Whether every range of one answer lies within that of another: levels, classes, tiers."""
    levels = zip(outer.lows, inner.lows, inner.highs, outer.highs, strict=True)
    tiers = zip(outer.tiers, inner.tiers, strict=True)
    return (
        all(low <= lower <= higher <= high for low, lower, higher, high in levels)
        and possible(inner) <= possible(outer)
        and all(wide.lowest <= narrow.lowest <= narrow.highest <= wide.highest for wide, narrow in tiers)
    )


@cache
def decisive() -> Decisive:
    return Decisive(walk())


def open_questions(stated: Stated, found: Evaluation) -> list[str]:
    return decisive().open_inputs(found, read(stated).given)


def missing_inputs(stated: Stated, found: Evaluation) -> list[MissingInput]:
    return decisive().missing(found, open_questions(stated, found))


def with_answer(stated: Stated, name: str, value: Any) -> Stated:
    """Return the patient with an answer; what an unfit sample rejected is answered by another, fit sample."""
    unfit = {flag: rejected for flag, rejected in walk().program.rejects.items() if name in rejected}
    gone = {*unfit, *(each for flag, rejected in unfit.items() if stated.get(flag, False) for each in rejected)}
    return {**{each: said for each, said in stated.items() if each not in gone}, name: value}


@st.composite
def answered(draw: st.DrawFn) -> tuple[Stated, str, Stated]:
    """A patient, one open question, and the same patient with an admissible answer to it."""
    stated = draw(patients())
    found = evaluated(stated)
    name = draw(st.sampled_from(open_questions(stated, found) or [""])) or reject()
    value = draw(values(name))
    entry = walk().program.inputs[name]
    held = found.env[entry.slot]
    if isinstance(held, Span) and not held.lo <= entry.codes.get(value, value) <= held.hi:
        reject()
    return stated, name, with_answer(stated, name, value)


def bounded_examples(count: int) -> settings:
    """The same examples in every run; ``CALCRISK_EXAMPLES=20`` looks at twenty times as many, each time at new ones."""
    more = int(os.environ.get("CALCRISK_EXAMPLES", "1"))
    return settings(
        max_examples=count * more,
        derandomize=more == 1,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
