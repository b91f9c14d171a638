"""Columns of units beside those of numbers: of which number each is, and whether it says another unit than is read.

Where no map tells so, a number is read in its usual unit. A column that says otherwise may not be passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk import units
from calcrisk.cohort.engine import name
from calcrisk.cohort.gaps import gaps
from calcrisk.errors import Fault
from calcrisk.stated import quoted
from calcrisk.units import either
from calcrisk.variables import plain, registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calcrisk.cohort.columnmap import ColumnMap, Entry
    from calcrisk.cohort.engine import Engine
    from calcrisk.variables import Variable

UNITS: Final = ("unit", "units", "valueuom", "uom", "resultunit", "valueunit", "labmeasurename")
_SHOWN: Final = 3  # units that a message names
_LONGEST: Final = 60  # characters of a cell that are compared: no unit is longer
_HINT: Final = (
    "`calcrisk columns suggest` writes a map that reads it (`unit_column`); a map without it leaves it unread"
)


class Beside(NamedTuple):
    """A column of units and the number it is of; ``alone`` when its name does not say of which."""

    entry: Entry
    column: str
    alone: bool


def unit_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return the columns of units, each with the plain name of what it is the unit of; empty where it names nothing."""
    found = {}
    for column in columns:
        bare = plain(column)
        of = [bare.removesuffix(word) for word in UNITS if bare.endswith(word)]
        of += [bare.removeprefix(word) for word in UNITS if bare.startswith(word)]
        if of:
            found[column] = min(of, key=len)
    return found


def units_of(column: str, variable: Variable, named: Mapping[str, str]) -> str | None:
    """Return the column of units that is named after a column of numbers, or after the input that these are."""
    own = (each for each, of in named.items() if of == plain(column))
    others = (each for each, of in named.items() if of and registry().named(of) is variable)
    return next(own, None) or next(others, None)


def unread_units(mapped: ColumnMap, columns: Iterable[str]) -> Iterator[Beside]:
    """Give the columns of units that a map leaves unread, each with a number that it may be of."""
    read = {one for entry in mapped.entries.values() for one in entry.columns}
    named = {each: of for each, of in unit_columns(columns).items() if each not in read}
    alone = [each for each, of in named.items() if not of]
    for entry in mapped.entries.values():
        if entry.column is None or entry.unit_column is not None or not registry()[entry.variable].units:
            continue
        own = units_of(entry.column, registry()[entry.variable], named)
        yield from (Beside(entry, each, alone=own is None) for each in ([own] if own else alone))


def said_beside(engine: Engine, relation: str, found: Sequence[Beside]) -> list[list[str]]:
    """Return what stands in each of these columns beside a number, in one pass over the table."""
    if not found:
        return []
    ((*said,),) = engine.rows(f"SELECT {', '.join(map(_said, found))} FROM {relation} AS t")
    return [sorted(each or ()) for each in said]


def _said(one: Beside) -> str:
    unit, number = (f"trim(CAST({name(each or '')} AS VARCHAR))" for each in (one.column, one.entry.column))
    there = f"coalesce({unit} NOT IN ('', {gaps()}) AND {number} NOT IN ('', {gaps()}), FALSE)"
    return f"list(DISTINCT left({unit}, {_LONGEST})) FILTER ({there})"


def disagreeing(found: Iterable[Beside], said: Iterable[Sequence[str]], file: str) -> Iterator[Fault]:
    """Give a fault for each number whose column of units says another unit than the one in which it is read.

    What a column that is named ``unit`` alone says may be of anything: only a unit of the number itself counts.
    """
    for one, words in zip(found, said, strict=True):
        variable = registry()[one.entry.variable]
        unit = one.entry.unit or variable.unit or ""
        read = units.find(variable, unit)
        others = {each: units.find(variable, each) for each in words}
        wrong = [each for each, means in others.items() if means is None or read is None or means.factor != read.factor]
        known = [each for each in wrong if others[each]]
        if known or (wrong and not one.alone):
            says = either(known[:_SHOWN]) if known else "what is no unit of it"  # and not repeated
            yield _fault(one, f"says {says}", file)


def unseen(found: Iterable[Beside], file: str) -> Iterator[Fault]:
    """Give a fault for each number beside which units stand that nobody can look at."""
    for one in found:
        if not one.alone:
            yield _fault(one, "is not read", file)


def _fault(one: Beside, told: str, file: str) -> Fault:
    unit = one.entry.unit or registry()[one.entry.variable].unit or ""
    message = f"the column {quoted(one.column)} {told}, and {quoted(one.entry.column)} beside it is read in {unit}"
    return Fault(code="unit-column", message=message, file=file, path=one.entry.column, expected=unit, hint=_HINT)
