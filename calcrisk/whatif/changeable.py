"""What the rulebook says of changing each input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.packaged import background
from calcrisk.rules.modifiable import by_input
from calcrisk.scenario import Kept
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook


def entries(book: Rulebook) -> Mapping[str, Spec]:
    """Return the entry that speaks of each input; empty for a rulebook that has none."""
    data = book.data
    return by_input(data, data["modifiable"] if "modifiable" in data else background()["modifiable"])


def kept(told: Mapping[str, Spec], names: Iterable[str]) -> Iterator[Kept]:
    """Give those of some inputs that a goal never changes, by the reason."""
    reasons: dict[str, list[str]] = {}
    for name in names:
        if name in told and not told[name]["modifiable"]:
            reasons.setdefault(told[name]["why"], []).append(name)
    for why, those in reasons.items():
        yield Kept(tuple(those), tuple(registry()[name].label for name in those), why)
