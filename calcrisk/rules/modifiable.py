"""Which inputs a goal may change, as a rulebook has it: checked where it is read, looked up by what-if."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from calcrisk.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.rules.program import Spec

Route = tuple[str | int, ...]


def by_input(data: Mapping[str, Any], entries: list[Spec]) -> dict[str, Spec]:
    """Return for each input the entry that speaks of it: the one that names it, else the one of its group."""
    named = {name: entry for entry in entries for name in entry["inputs"]}
    grouped = {group: entry for entry in entries for group in entry["groups"]}
    told = {spec["name"]: named.get(spec["name"]) or grouped.get(spec.get("group")) for spec in data["variables"]}
    return {name: entry for name, entry in told.items() if entry is not None}


def untold(data: Mapping[str, Any]) -> Iterator[tuple[Route, str, str | None]]:
    """Find what names nothing or stands twice, what is no number, and inputs of which nothing is said.

    A rulebook without a word on it is left alone: then no goal can be asked of it.
    """
    entries = data["modifiable"]
    if not entries:
        return
    kinds = {spec["name"]: spec["kind"] for spec in data["variables"]}
    known = {
        "inputs": set(kinds),
        "groups": {group["name"] for group in data["groups"] if group["name"]},
        "levers": {lever["lever"] for lever in data["levers"]},
    }
    counts = {key: Counter(name for entry in entries for name in entry[key]) for key in ("inputs", "groups")}
    for at, entry in enumerate(entries):
        for key, names in known.items():
            wrong = [name for name in entry[key] if name not in names]
            yield from (
                (("modifiable", at, key), f"unknown name {name!r}", did_you_mean(name, names)) for name in wrong
            )
        twice = [name for key, counted in counts.items() for name in entry[key] if counted[name] > 1]
        yield from ((("modifiable", at), f"{name!r} stands in two entries", "keep one") for name in twice)
        words = [name for name in entry["inputs"] if entry["modifiable"] and kinds.get(name, "number") != "number"]
        yield from ((("modifiable", at, "inputs"), f"{name!r} is no number", "a goal moves numbers") for name in words)
    silent = [name for name in kinds if name not in by_input(data, entries)]
    hint = "name it in an entry, or its group, and say why"
    yield from ((("modifiable",), f"nothing is said of the input {name!r}", hint) for name in silent)
