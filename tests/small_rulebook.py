"""The small hand-made rulebook of the tests, and what it answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk import Rulebook
from calcrisk.rules.logic import Span

if TYPE_CHECKING:
    from calcrisk.rules.scalar import Evaluation
    from calcrisk.stated import Range

FOLDER = Path(__file__).parent / "rulebooks" / "small"
UNKNOWN = None  # stated to be unknown


class Said(NamedTuple):
    """What a reader hands to the walk."""

    value: float | bool | str | Range | None


@cache
def book(profile: str | None = None) -> Rulebook:
    return Rulebook.from_folder(FOLDER, profile)


def evaluated(stated: dict[str, Any], profile: str | None = None) -> Evaluation:
    return book(profile).evaluate({name: Said(value) for name, value in stated.items()})


def value(found: Evaluation, name: str) -> Any:
    held = found.env[book().walk.program.slots[name]]
    return (held.lo, held.hi) if isinstance(held, Span) else held


def statuses(found: Evaluation) -> dict[str, bool | None]:
    return {rule.id: status for rule, status in zip(book().walk.program.rules, found.statuses, strict=True)}


def row(found: Evaluation) -> str:
    return book().walk.program.rows[found.row].id


def possible(found: Evaluation) -> list[str]:
    return [book().walk.program.rows[at].id for at in found.possible]


def level_range(found: Evaluation, mechanism: str) -> tuple[str, str]:
    at = [entry["name"] for entry in book().data["mechanisms"]].index(mechanism)
    levels = book().data["levels"]
    return levels[found.lows[at]], levels[found.highs[at]]


def tier(found: Evaluation, name: str) -> tuple[str, str] | None:
    """The lowest and highest tier of one question, None when it was not assessed."""
    at = [each.name for each in book().walk.program.tiers].index(name)
    ranks = book().data["tier_names"]
    told = found.tiers[at]
    return (ranks[told.lowest], ranks[told.highest]) if told.assessed else None
