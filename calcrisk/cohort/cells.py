"""What stands in one cell, as SQL: the value where it is plain, whether it says "unknown", and whether it is odd.

Every word, factor and limit is the rulebook's, as for a patient document; the property tests hold the two readers to
one another. What is odd here is read again by the other one.
"""

from __future__ import annotations

import re
import sys
from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk import units
from calcrisk.answers import YES_NO
from calcrisk.cohort.engine import name, text
from calcrisk.cohort.gaps import gaps
from calcrisk.rules.expression import names
from calcrisk.rules.sql.nodes import Columns, quantity, truth
from calcrisk.rules.sql.states import Source
from calcrisk.rules.sql.terms import Quantity, number, stored
from calcrisk.stated import UNKNOWN, Range, Reading, Written
from calcrisk.values import read
from calcrisk.variables import choices, registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.cohort.columnmap import Entry
    from calcrisk.rules.expression import Node
    from calcrisk.variables import Variable

_NUMERIC: Final = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL|REAL)\b", re.IGNORECASE)
_FLOATING: Final = ("DOUBLE", "FLOAT", "REAL")  # of which one value is NaN
_PLAIN: Final = r"[+-]?[0-9]+(\.[0-9]+)?"  # other spellings of numbers are left to the reader of documents
_ONE_OF: Final = 4  # words of one IN: a longer list DuckDB makes a join of, and one more wherever a fact reads the cell
_NOTHING: Final[Mapping[str, bool]] = {}
TABLE_WORDS: Final = {"1": True, "0": False, "t": True, "f": False} | YES_NO  # how tables answer yes and no


class _Case(NamedTuple):
    """A condition on a cell and what it means: SQL of the value, or None where nothing, that it is unknown, or odd.

    ``also`` is what its word says of other inputs: stage ``5D`` is dialysis.
    """

    when: str
    value: str | None
    unknown: bool = False
    odd: bool = False
    also: Mapping[str, bool] = _NOTHING


class Implied(NamedTuple):
    """What some words of one input say of another, yes or no: a condition that is never NULL."""

    variable: str
    answer: bool
    when: str


def is_numeric(kind: str) -> bool:
    """Whether a column of this type holds numbers."""
    return _NUMERIC.match(kind) is not None


def source(entry: Entry, kinds: Mapping[str, str]) -> Source:
    """Return where an input comes from, over columns of these types."""
    variable = registry()[entry.variable]
    if entry.node is not None:
        return _worked_out(entry.node, variable, kinds)
    raw, numeric = _raw(entry, kinds)
    cases = _cases(entry, raw, numeric=numeric)
    gap = is_gap(raw, kinds[entry.column or ""])
    return _decided(raw, cases, variable, gap, numeric=numeric, coded=entry.codes is not None)


def implied(entry: Entry, kinds: Mapping[str, str]) -> Iterator[Implied]:
    """Give what the cells of one column say of other inputs."""
    if entry.node is None and registry()[entry.variable].kind == "choice":
        raw, numeric = _raw(entry, kinds)
        for case in _cases(entry, raw, numeric=numeric):
            yield from (Implied(other, answer, f"coalesce({case.when}, FALSE)") for other, answer in case.also.items())


def constant(variable: Variable, word: str) -> Source:
    """Return an input that is the same in every row."""
    if _is_range(variable, word):
        return Source("NULL", None, "1 = 1")
    value = _meant(variable, word)
    return Source("NULL", "1 = 1") if value is None else Source(value)


def implied_always(variable: Variable, word: str) -> Iterator[Implied]:
    """Give what an input that is the same in every row says of others."""
    yield from (Implied(other, answer, "1 = 1") for other, answer in says_also(variable, word).items())


def is_gap(raw: str, kind: str) -> str | None:
    """Return the condition that a cell of this type is a sign for "not stated"; of some types there is none."""
    if _is_floating(kind):
        return f"lower(CAST({raw} AS VARCHAR)) = 'nan'"  # every dialect writes it so, and few have isnan()
    return None if is_numeric(kind) else f"trim({raw}) IN ({gaps()})"


def _is_floating(kind: str) -> bool:
    return kind.upper().startswith(_FLOATING)


def _raw(entry: Entry, kinds: Mapping[str, str]) -> tuple[str, bool]:
    """Return a column as SQL, and whether it holds numbers; what is neither number nor text is read as text."""
    kind = kinds[entry.column or ""]
    numeric, column = is_numeric(kind), name(entry.column or "")
    return column if numeric or kind == "VARCHAR" else f"CAST({column} AS VARCHAR)", numeric


def _cases(entry: Entry, raw: str, *, numeric: bool) -> list[_Case]:
    variable = registry()[entry.variable]
    cases = [*_coded(entry, variable, raw, numeric=numeric)]
    if variable.kind == "number":
        cases += _numbers(entry, variable, raw, numeric=numeric)
    elif entry.codes is None:
        cases += _words(variable, raw, numeric=numeric)
    return cases


# ---- cases -----------------------------------------------------------------------------------------------------------


def _decided(  # noqa: PLR0913  # what a cell is read by
    raw: str, cases: list[_Case], variable: Variable, gap: str | None, *, numeric: bool, coded: bool
) -> Source:
    """Take the first case that holds: an empty cell says nothing, nor does a ``gap``, and what no case knows is odd.

    The words as the rulebook spells them come first: most cells hold them, and then no other case is looked at.
    """
    plain = [] if numeric else [*_spelt(variable)] * (not coded)
    cases = [
        *((_Case(f"{raw} = {text(word)}", value)) for word, value in plain),
        _Case(f"{raw} IS NULL" if numeric else f"trim({raw}) = '' OR {raw} IS NULL", None),
        *cases,
    ]
    if not numeric:
        cases.insert(len(plain) + 1, _Case(f"lower(trim({raw})) = '{UNKNOWN}'", None, unknown=True))
    kind = "DOUBLE" if variable.kind == "number" else "INTEGER"
    values = " ".join(f"WHEN {case.when} THEN {case.value or 'NULL'}" for case in cases)
    opened = [case for case in cases if case.unknown]
    known = " ".join(f"WHEN {case.when} THEN {int(case.unknown)}" for case in cases if opened)
    odd = " ".join(f"WHEN {case.when} THEN {int(case.odd)}" for case in cases)
    odd += f" WHEN {gap} THEN 0" if gap else ""  # the last, so that it is looked at in no cell that a case knows
    return Source(
        f"CAST(CASE {values} END AS {kind})",
        f"CASE {known} ELSE 0 END = 1" if opened else None,
        f"CASE {odd} ELSE 1 END = 1",
    )


def _spelt(variable: Variable) -> Iterator[tuple[str, str]]:
    if variable.kind == "yesno":
        yield from (("yes", "1"), ("no", "0"))
    yield from ((word, str(code)) for code, word in enumerate(variable.values))


def _coded(entry: Entry, variable: Variable, raw: str, *, numeric: bool) -> Iterator[_Case]:
    for code, word in (entry.codes or {}).items():
        number_ = as_number(code)
        if number_ is None:
            when = f"lower(trim(CAST({raw} AS VARCHAR))) = {text(code.strip().casefold())}"
        else:
            when = f"{_written(raw, numeric=numeric)} = {number_!r}"
        if word is None:
            yield _Case(when, None)
        elif _is_range(variable, word):
            yield _Case(when, None, odd=True)
        else:
            value = _meant(variable, word)
            yield _Case(when, value, unknown=value is None, also=says_also(variable, word))


def as_number(code: str) -> float | None:
    """Return the number that a code is; NaN is none."""
    try:
        return number_ if isfinite(number_ := float(code)) else None
    except ValueError:
        return None


def _written(raw: str, *, numeric: bool) -> str:
    """The number that a cell holds, NULL where it is none that is plainly written."""
    if numeric:
        return f"CAST({raw} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match(trim({raw}), '{_PLAIN}') THEN TRY_CAST(trim({raw}) AS DOUBLE) END"


def _numbers(entry: Entry, variable: Variable, raw: str, *, numeric: bool) -> Iterator[_Case]:
    written = _written(raw, numeric=numeric)
    usual = units.find(variable, entry.unit or "") or units.Unit(variable.unit or "", 1.0)
    if entry.unit_column is None:
        yield _number(variable, written, usual, "")
        return
    beside = f"lower(replace(trim(CAST({name(entry.unit_column)} AS VARCHAR)), ' ', ''))"
    gap = is_gap(f"CAST({name(entry.unit_column)} AS VARCHAR)", "VARCHAR")
    none = f"{name(entry.unit_column)} IS NULL OR {beside} = '' OR {gap}"
    yield _number(variable, written, usual, f"({none}) AND ")
    for spelt in variable.units:
        unit = units.find(variable, spelt)
        if unit is not None:
            yield _number(variable, written, unit, f"{beside} = {text(spelt.lower().replace(' ', ''))} AND ")


def _number(variable: Variable, written: str, unit: units.Unit, which: str) -> _Case:
    """A number in one unit: converted, and within what is possible; traps are measured as it was written."""
    value = written if unit.factor == 1 else f"{written} * {unit.factor!r}"
    within = [f"{written} IS NOT NULL"]
    if variable.hard is not None:
        low, high = variable.hard
        within += [f"{value} >= {low!r}", f"{value} <= {high!r}"]
    for trap in variable.unit_traps:
        if trap["act"] == "refuse" and (trap.get("unit") or variable.unit) == unit.name:
            within += [f"{written} >= {trap['below']!r}"] if trap.get("below") is not None else []
            within += [f"{written} <= {trap['above']!r}"] if trap.get("above") is not None else []
    return _Case(which + " AND ".join(within), value)


def _words(variable: Variable, raw: str, *, numeric: bool) -> Iterator[_Case]:
    if variable.kind == "yesno" and numeric:
        yield _Case(f"{raw} = 1", "1")
        yield _Case(f"{raw} = 0", "0")
        return
    shown = f"lower(trim(CAST({raw} AS VARCHAR)))"
    if variable.kind == "yesno":
        for answer in (True, False):
            words = ", ".join(text(word) for word, means in TABLE_WORDS.items() if means is answer)
            yield _Case(f"{shown} IN ({words})", str(int(answer)))
        return
    bare = f"regexp_replace({shown}, '[\\s_-]+', '', 'g')"
    for code in range(len(variable.values)):
        for also in _different(choice.also for choice in choices(variable).values()):
            exact = [
                word for word, one in choices(variable).items() if (one.low, one.high, one.also) == (code, code, also)
            ]
            for at in range(0, len(exact), _ONE_OF):
                words = ", ".join(map(text, exact[at : at + _ONE_OF]))
                yield _Case(f"{bare} IN ({words})", str(code), also=also)


def _different(them: Iterable[Mapping[str, bool]]) -> list[Mapping[str, bool]]:
    found: list[Mapping[str, bool]] = []
    for each in them:
        found += [] if each in found else [each]
    return found


def _is_range(variable: Variable, word: str) -> bool:
    """Whether a word says more than one value: ``G3`` is two stages."""
    return any(isinstance(given.value, Range) for given in _read(variable, word).given.values())


def says_also(variable: Variable, word: str) -> dict[str, bool]:
    """Return what a word of one input says of others: stage ``5D`` is dialysis."""
    return {other: bool(given.value) for other, given, _ in _read(variable, word).also}


def _meant(variable: Variable, word: str) -> str | None:
    """Return what a word of a map means as a value, None for unknown. The map was checked when it was read."""
    given = _read(variable, word).given.get(variable.name)
    if given is None or given.value is None:
        return None
    if isinstance(given.value, str):
        return str(variable.values.index(given.value))
    return str(int(given.value)) if isinstance(given.value, bool) else repr(given.value)


def _read(variable: Variable, word: str) -> Reading:
    reading = Reading(registry())
    read(variable, Written(word, ""), reading)
    return reading


# ---- expressions -----------------------------------------------------------------------------------------------------


def _finite(column: str, kind: str) -> str:
    """The number in a cell; NaN and the infinities are none, else every comparison with NaN would hold."""
    written = _written(name(column), numeric=is_numeric(kind))
    return f"CASE WHEN abs({written}) <= {sys.float_info.max!r} THEN {written} END" if _is_floating(kind) else written


def _worked_out(node: Node, variable: Variable, kinds: Mapping[str, str]) -> Source:
    """An expression over the table's own columns; what cannot be worked out is not stated."""
    numbers = {each: Quantity(f"({_finite(each, kinds[each])})") for each in names(node)}
    columns = Columns({}, numbers, {}, frozenset())
    odd = [_otherwise(each) for each in names(node) if not is_numeric(kinds[each])]
    if variable.kind == "yesno":
        return Source(stored(truth(node, columns)), None, " OR ".join(odd) or None)
    value = number(quantity(node, columns).value)
    if variable.hard is not None:
        within = f"{value} >= {variable.hard[0]!r} AND {value} <= {variable.hard[1]!r}"
        odd.append(f"CASE WHEN {within} OR {value} IS NULL THEN 0 ELSE 1 END = 1")
        value = f"CASE WHEN {within} THEN {value} END"
    return Source(value, None, " OR ".join(odd) or None)


def _otherwise(column: str) -> str:
    """Whether a cell has a number that is not written plainly: ``.5`` and ``1e3``, which the reader reads."""
    cell = f"coalesce(trim(CAST({name(column)} AS VARCHAR)), '')"
    return f"(regexp_matches({cell}, '[0-9]') AND NOT regexp_full_match({cell}, '{_PLAIN}'))"
