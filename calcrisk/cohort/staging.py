"""A table and its map, as the rules see them: where each input comes from, and which rows SQL does not read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calcrisk.cohort.cells import constant, source
from calcrisk.cohort.columnmap import ColumnMap, plain_map
from calcrisk.cohort.engine import name
from calcrisk.cohort.histories import remembered
from calcrisk.cohort.long import PATIENT, widened
from calcrisk.cohort.reader import Reader
from calcrisk.cohort.scoring import Staged
from calcrisk.errors import Fault, UsageError
from calcrisk.past import Look
from calcrisk.patient import Patient
from calcrisk.rules.sql.states import Source
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calcrisk.cohort.tables import Table
    from calcrisk.rules.rulebook import Rulebook


def staged(
    table: Table, column_map: ColumnMap | None, book: Rulebook, kept: Callable[[str], str] = str
) -> tuple[Table, Staged, Reader]:
    """Return the table that is scored, how the rules see it, and the reader of its odd rows; raises ``UsageError``.

    ``kept`` may keep a relation that is read several times and return its name: one row a patient, made of its draws.
    """
    if column_map is not None and column_map.long is not None:
        long, column_map = column_map.long, column_map.widened(table.columns)
        table = widened(table, long)
        if long.one_row == PATIENT:
            table, column_map = _patients(table, column_map, book, kept)
    mapped = (column_map or plain_map(table.columns, table.files[0])).against(table.columns)
    if not mapped.entries:
        hint = "name its columns as the inputs (`calcrisk template` lists them), or say with --map which is which"
        message = "no column of this table is named as an input"
        raise UsageError([Fault(code="no-inputs", message=message, file=table.files[0], hint=hint)])
    sources = {entry.variable: source(entry, table.columns) for entry in mapped.entries.values()}
    sources |= {each: constant(registry()[each], word) for each, word in mapped.constants.items()}
    wrong = [*_contradictions(sources), *_reversed(sources)]
    sources |= {each: _assumed(each, word, sources) for each, word in mapped.assume.items() if each not in sources}
    odd = [one.odd for one in sources.values() if one.odd] + wrong
    identifier = f"CAST({name(mapped.id)} AS VARCHAR)" if mapped.id else "CAST(NULL AS VARCHAR)"
    seen = Staged(sources, identifier, " OR ".join(odd) or None, mapped.assume)
    return table, seen, Reader(mapped)


def _patients(
    draws: Table, column_map: ColumnMap, book: Rulebook, kept: Callable[[str], str]
) -> tuple[Table, ColumnMap]:
    shared = {**column_map.assume, **column_map.constants}
    table, inputs = remembered(draws, column_map.entries, Look(Patient(**shared), book, None))
    entries = {**inputs, **column_map.entries}
    return table._replace(relation=kept(table.relation)), replace(column_map, entries=entries)


def _contradictions(sources: Mapping[str, Source]) -> Iterator[str]:
    """A yes whose meaning for another input is denied there."""
    for each, implied in registry().implications.items():
        for other in implied:
            if each in sources and other in sources:
                yield f"coalesce({sources[each].value} = 1 AND {sources[other].value} = 0, FALSE)"


def _reversed(sources: Mapping[str, Source]) -> Iterator[str]:
    """A lower limit above the upper one."""
    for _, lower, upper in registry().limit_pairs:
        if lower in sources and upper in sources:
            yield f"coalesce({sources[lower].value} > {sources[upper].value}, FALSE)"


def _assumed(variable: str, word: str, sources: Mapping[str, Source]) -> Source:
    """An assumption: silent in the rows that say, or imply, otherwise."""
    held = constant(registry()[variable], word)
    if held.value not in ("0", "1"):
        return held
    children = [each for each, implied in registry().implications.items() if variable in implied and each in sources]
    parents = [each for each in registry().implications.get(variable, ()) if each in sources]
    against = [f"{sources[each].value} = 1" for each in children] if held.value == "0" else []
    against += [f"{sources[each].value} = 0" for each in parents] if held.value == "1" else []
    return (
        Source(f"CASE WHEN {' OR '.join(against)} THEN NULL ELSE {held.value} END", held.unknown) if against else held
    )
