"""Which rulebook a command uses."""

from __future__ import annotations

from calcrisk.rules.rulebook import Rulebook


def load(folder: str | None, profile: str | None) -> Rulebook:
    """Return the package's rulebook, or the one compiled from a folder."""
    return Rulebook.from_folder(folder, profile) if folder else Rulebook.default(profile)
