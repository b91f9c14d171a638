"""The SELECT as text: one common table expression a stage, a comment above each rule, and what it was written from."""

from __future__ import annotations

import re
from textwrap import fill
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.sql.layers import Column
    from calcrisk.rules.sql.select import Select, Stage

_WIDTH: Final = 116  # columns
_WORDS: Final = re.compile(r"""(?:"[^"]*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[[^]]*]|\S)+""")  # each dialect's quotes
_PURPOSE: Final = {
    "inputs": "what the table says of each input, in the rulebook's units and codes; NULL is not stated, or unknown",
    "states": "what follows from an answer for others",
    "rules": "each rule: 1 met, 0 not met, 2 unknown",
    "levels": "the lowest and the highest level of each mechanism: 0 none, 1 mild, 2 marked, 3 severe",
    "tables": "the row of the class table, and the tiers: 0 low, 1 moderate, 2 high, 3 very high",
}


def header(book: Rulebook, assumed: Mapping[str, object]) -> str:
    """Write what the statement was written from, as comments."""
    lines = [
        f"rulebook {book.id} {book.version}, sha256 {book.sha256}",
        f"profile {book.profile}",
        f"assumed of every row: {', '.join(f'{name}: {value}' for name, value in assumed.items()) or 'nothing'}",
        str(book.data["notice"]),
    ]
    return "".join(_comment(line, "") + "\n" for line in lines)


def statement(  # noqa: PLR0913  # how a text may differ
    chosen: Select,
    table: str,
    keys: Mapping[str, str],
    *,
    shown: Mapping[str, str] | None = None,
    fence: str = "",
    comments: bool = True,
) -> str:
    """Write the statement over ``table``; ``keys`` are carried along: their expressions, by the names they are to have.

    In the answer ``shown`` stands in their place, when given. ``fence`` ends every inner stage: PostgreSQL, which
    otherwise repeats each expression where it is read, stops at ``OFFSET 0``.
    """
    stages, before = [], table
    for stage in chosen.stages:
        carried = [f"{sql} AS {name}" for name, sql in keys.items()] if before == table else [f"{before}.*"]
        stages.append(_stage(stage, carried, before, fence, comments=comments))
        before = stage.name
    first = list(keys) if shown is None else [f"{sql} AS {name}" for name, sql in shown.items()]
    last = [*first, *(f"{column.sql} AS {column.name}" for column in chosen.answer)]
    return f"WITH {', '.join(stages)}\nSELECT\n{_lines(last)}\nFROM {before}\n"


def _stage(stage: Stage, carried: Iterable[str], before: str, fence: str, *, comments: bool) -> str:
    noted = [_noted(column, comments=comments) for column in stage.columns]
    purpose = _PURPOSE.get(stage.name, "facts, each from those before it")
    said = f"\n{_comment(purpose)}" if comments else ""
    end = f"\n  {fence}" if fence else ""
    return f"{stage.name} AS ({said}\n  SELECT\n{_lines([*carried, *noted])}\n  FROM {before}{end}\n)"


def _noted(column: Column, *, comments: bool) -> str:
    written = f"{column.sql} AS {column.name}"
    return f"{_comment(column.note)}\n{_wrapped(written)}" if comments and column.note else written


def _lines(columns: Iterable[str]) -> str:
    return ",\n".join(column if column.lstrip().startswith("--") else _wrapped(column) for column in columns)


def _wrapped(text: str) -> str:
    """Break a long line between words; what stands in quotes is somebody's name or text, and stays whole."""
    lines, line = [], "   "
    for word in _WORDS.findall(text):
        if len(line) + len(word) >= _WIDTH and line.strip():
            lines.append(line)
            line = "     "
        line = f"{line} {word}"
    return "\n".join([*lines, line])


def _comment(text: str, indent: str = "    ") -> str:
    before = f"{indent}-- "
    return fill(text, _WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False)
