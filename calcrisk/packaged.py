"""The package's own rulebook as it was compiled, read once and shared by whoever needs a part of it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("rulebook")  # its YAML; what a start reads is compiled from it


@lru_cache(maxsize=1)
def compiled() -> dict[str, Any]:
    """Return what ``rulebook.json`` holds; not to be changed."""
    data: dict[str, Any] = json.loads((FOLDER / "rulebook.json").read_text(encoding="utf-8"))
    return data


def background() -> dict[str, Any]:
    """Return what explains and never answers: terms, the files of entries, what else is known of the references."""
    data: dict[str, Any] = json.loads((FOLDER / "background.json").read_text(encoding="utf-8"))
    return data
