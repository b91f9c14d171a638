"""What the entries of a rulebook call themselves."""

from __future__ import annotations

from typing import Final

_NAMING: Final = ("id", "name", "pattern", "lever", "code")  # the key by which an entry of a list is called


def entry_name(entry: object) -> str | None:
    """Return what an entry of a list calls itself, if anything."""
    said = (entry.get(key) for key in _NAMING) if isinstance(entry, dict) else ()
    return next((str(name) for name in said if name), None)
