"""LOINC codes by input, from the rulebook."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

LOINC: Final = re.compile(r"\d{1,7}-\d")


@cache
def loinc() -> dict[str, tuple[str, ...]]:
    """Return the codes of every input that has some."""
    import yaml

    text = (files("calcrisk") / "rulebook" / "codes.yaml").read_text(encoding="utf-8")
    return {name: tuple(map(str, codes)) for name, codes in yaml.safe_load(text).items()}
