"""The text lists of many rows, at the price of few: each mask that occurs is written as text once.

People share few combinations of rules and open questions. A mask is looked up in an enumeration (a cast, so the order
of the rows stays and no join is needed) and the text taken from another. Where a sample shows that combinations are
many, each row's text is put together from its own conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.cohort.engine import text
from calcrisk.rules.sql.select import BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk.cohort.engine import Engine
    from calcrisk.rules.sql.select import Select

MANY: Final = 20_000  # combinations from which looking up is no longer quicker


def mask_columns(chosen: Select) -> list[str]:
    """Name the columns that hold masks."""
    return [column.name for column in chosen.answer if "__mask_" in column.name]


def texts(engine: Engine, chosen: Select, groups: str) -> dict[str, str]:
    """Return, for each list, the expression that gives its text; ``groups`` is the table of the masks that occur."""
    return {name: _looked_up(engine, name, words, chosen, groups) for name, words in chosen.masks.items()}


def _looked_up(engine: Engine, name: str, words: Sequence[str], chosen: Select, groups: str) -> str:
    masks = [column for column in mask_columns(chosen) if column.startswith(f"{name}__mask_")]
    if not masks:
        return "''"
    key = " || ',' || ".join(f"CAST({mask} AS VARCHAR)" for mask in masks)
    rows = engine.rows(f"SELECT DISTINCT {key}, {', '.join(masks)} FROM {groups}")
    listed = {found: _text(words, bits) for found, *bits in rows}
    engine.rows(f"CREATE TYPE {name}__mask AS ENUM ({', '.join(map(text, listed))})")
    engine.rows(f"CREATE TYPE {name}__text AS ENUM ({', '.join(map(text, sorted(set(listed.values()))))})")
    values = f"CAST([{', '.join(map(text, listed.values()))}] AS {name}__text[])"
    return f"{values}[CAST(enum_code(CAST({key} AS {name}__mask)) AS INTEGER) + 1]"


def _text(words: Sequence[str], masks: Sequence[int]) -> str:
    return ";".join(word for at, word in enumerate(words) if masks[at // BITS] >> at % BITS & 1)


def word_type(engine: Engine, words: Sequence[str]) -> str:
    """Make the enumeration of all words that a class, a tier or a level can be, and return its name."""
    engine.rows(f"CREATE TYPE calcrisk_word AS ENUM ({', '.join(map(text, dict.fromkeys(words)))})")
    return "calcrisk_word"
