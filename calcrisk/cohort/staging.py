"""A table and its map, as the rules see them: where each input comes from, and which rows SQL does not read."""

from __future__ import annotations

import re
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Final

from calcrisk.cohort.cells import Implied, constant, implied, implied_always, source
from calcrisk.cohort.columnmap import ColumnMap, Entry, plain_map
from calcrisk.cohort.engine import name
from calcrisk.cohort.histories import remembered
from calcrisk.cohort.long import PATIENT, widened
from calcrisk.cohort.reader import Reader
from calcrisk.cohort.scoring import Staged
from calcrisk.errors import Fault, UsageError
from calcrisk.past import Look
from calcrisk.record import Record
from calcrisk.rules.sql.states import Source
from calcrisk.stated import quoted
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from calcrisk.cohort.long import Long
    from calcrisk.cohort.tables import Table
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.variables import Variable

_NESTED: Final = re.compile(r"\[\d*\]$|^(STRUCT|MAP|UNION|ARRAY)\b", re.IGNORECASE)


def staged(
    table: Table,
    column_map: ColumnMap | None,
    book: Rulebook,
    kept: Callable[[str], str] = str,
    as_of: str | None = None,
) -> tuple[Table, Staged, Reader]:
    """Return the table that is scored, how the rules see it, and the reader of its odd rows; raises ``UsageError``.

    ``kept`` may keep a relation that is read several times and return its name: one row a patient, made of its draws.
    ``as_of`` (ISO) is the day spoken of: later draws do not count. Without it that of each patient's newest draw.
    """
    if column_map is not None and column_map.long is not None:
        long, column_map = column_map.long, column_map.widened(table.columns)
        table = widened(table, long)
        if long.one_row == PATIENT:
            _complain_of_undated(long, as_of)
            table, column_map = _patients(table, column_map, Look(_shared(column_map), book, as_of), kept)
    mapped = (column_map or plain_map(table.columns, table.files[0])).against(table.columns)
    if not mapped.entries:
        hint = "`calcrisk columns suggest` writes a map of its columns for --map, or name them as the inputs are"
        message = "no column of this table is named as an input"
        raise UsageError([Fault(code="no-inputs", message=message, file=table.files[0], hint=hint)])
    _complain_of_nested(mapped, table)
    sources = {entry.variable: source(entry, table.columns) for entry in mapped.entries.values()}
    sources |= {each: constant(registry()[each], word) for each, word in mapped.constants.items()}
    besides = [one for entry in mapped.entries.values() for one in implied(entry, table.columns)]
    besides += [one for each, word in mapped.constants.items() for one in implied_always(registry()[each], word)]
    denied = list(_denied(besides, sources))
    sources |= {
        each: _besides(sources.get(each), besides, each) for each in dict.fromkeys(one.variable for one in besides)
    }
    wrong = [*denied, *_contradictions(sources), *_reversed(sources)]
    sources |= {each: _assumed(each, word, sources) for each, word in mapped.assume.items()}
    odd = [one.odd for one in sources.values() if one.odd] + wrong
    identifier = f"CAST({name(mapped.id)} AS VARCHAR)" if mapped.id else "CAST(NULL AS VARCHAR)"
    unusual = dict(_unusual(mapped.entries.values(), sources))
    seen = Staged(sources, identifier, " OR ".join(odd) or None, mapped.assume, unusual)
    return table, seen, Reader(mapped, as_of)


def _complain_of_undated(long: Long, as_of: str | None) -> None:
    """Refuse a day spoken of where no draw has a date: times are counted from a day that nobody states."""
    if as_of is not None and long.time_unit:
        message = f"times counted in {long.time_unit} have no date to set beside {as_of}"
        hint = "leave --as-of out: the day of each patient's newest draw is spoken of"
        raise UsageError([Fault(code="option-conflict", message=message, path="--as-of", hint=hint)])


def _complain_of_nested(mapped: ColumnMap, table: Table) -> None:
    """Refuse a column whose cells hold several values."""
    used = {column for entry in mapped.entries.values() for column in entry.columns}
    faults = [
        Fault(
            code="nested-column",
            message=f"the column {quoted(column)} holds lists or records ({kind})",
            file=table.files[0],
            path=column,
            hint="one value a cell: make a column of each part, or one row of each entry",
        )
        for column, kind in table.columns.items()
        if column in used and _NESTED.search(kind)
    ]
    if faults:
        raise UsageError(faults)


def _shared(column_map: ColumnMap) -> Record:
    """Return what is stated of every row alike."""
    return Record.from_python({**column_map.assume, **column_map.constants})


def _patients(draws: Table, column_map: ColumnMap, look: Look, kept: Callable[[str], str]) -> tuple[Table, ColumnMap]:
    table, inputs = remembered(draws, column_map.entries, look)
    entries = {**inputs, **column_map.entries}
    return table._replace(relation=kept(table.relation)), replace(column_map, entries=entries)


def _besides(stated: Source | None, besides: Iterable[Implied], variable: str) -> Source:
    """Let what words say of another input stand where nothing is stated of that; words of one cell agree."""
    said = " ".join(f"WHEN {one.when} THEN {int(one.answer)}" for one in besides if one.variable == variable)
    if stated is None:
        return Source(f"CASE {said} END")
    opened = f"WHEN {stated.unknown} THEN NULL " if stated.unknown else ""
    return stated._replace(value=f"coalesce({stated.value}, CASE {opened}{said} END)")


def _unusual(entries: Iterable[Entry], sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    """Name each number with its unit, and the condition that it is used as written though it is unusual in it."""
    for entry in entries:
        variable, value = registry()[entry.variable], sources[entry.variable].value
        if variable.kind == "number" and variable.plausible is not None:
            unit = entry.unit or variable.unit or ""
            low, high = _usual(variable, None if entry.unit_column else unit)
            yield f"{variable.name} in {unit}".removesuffix(" in "), f"({value} < {low!r} OR {value} > {high!r})"


def _usual(variable: Variable, unit: str | None) -> tuple[float, float]:
    """What is usual, less what would be usual in another unit when it is written in this one."""
    low, high = variable.plausible or (-inf, inf)
    for trap in variable.unit_traps:
        if unit is not None and (trap.get("unit") or variable.unit) == unit:
            factor = variable.units[unit]
            low, high = max(low, (trap.get("below") or 0) * factor), min(high, (trap.get("above") or inf) * factor)
    return low, high


def _denied(besides: Iterable[Implied], sources: Mapping[str, Source]) -> Iterator[str]:
    """What a word says of another input, and that denies it."""
    for one in besides:
        if one.variable in sources:
            yield f"coalesce({one.when} AND {sources[one.variable].value} = {int(not one.answer)}, FALSE)"


def _contradictions(sources: Mapping[str, Source]) -> Iterator[str]:
    """A yes whose meaning for another input is denied there."""
    for each, others in registry().implications.items():
        for other in others:
            if each in sources and other in sources:
                yield f"coalesce({sources[each].value} = 1 AND {sources[other].value} = 0, FALSE)"


def _reversed(sources: Mapping[str, Source]) -> Iterator[str]:
    """A lower limit above the upper one."""
    for _, lower, upper in registry().limit_pairs:
        if lower in sources and upper in sources:
            yield f"coalesce({sources[lower].value} > {sources[upper].value}, FALSE)"


def _assumed(variable: str, word: str, sources: Mapping[str, Source]) -> Source:
    """An assumption: it fills the silence of the rows that neither say nor imply anything else."""
    held, stated = constant(registry()[variable], word), sources.get(variable)
    against = [*_denials(variable, held.value, sources), *_said(stated)]
    if not against:
        return held
    silent = f"NOT coalesce({' OR '.join(against)}, FALSE)"
    value = f"CASE WHEN {silent} THEN {held.value} ELSE {stated.value if stated else 'NULL'} END"
    unknown = " OR ".join(filter(None, (stated and stated.unknown, held.unknown and f"({held.unknown} AND {silent})")))
    return Source(value, unknown or None, held.odd or (stated.odd if stated else None))


def _denials(variable: str, value: str, sources: Mapping[str, Source]) -> Iterator[str]:
    """What says the contrary: an infarct is tissue damage, and who denies tissue damage has no infarct."""
    implications = registry().implications
    if value == "0":
        yield from (f"{sources[each].value} = 1" for each in sources if variable in implications.get(each, ()))
    if value == "1":
        yield from (f"{sources[each].value} = 0" for each in implications.get(variable, ()) if each in sources)


def _said(stated: Source | None) -> Iterator[str]:
    if stated is not None:
        yield f"{stated.value} IS NOT NULL"
        if stated.unknown:
            yield stated.unknown
