"""Words of somebody's table in a map that is proposed: as YAML that reads them back, and in its comments.

What no printed text holds (line breaks, escape codes, marks that turn the direction of writing) is shown as its escape.
"""

from __future__ import annotations

import json
import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z_][\w-]*")
_MEANS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})  # something else in YAML


def quoted(word: str) -> str:
    """Write a word so that every reader of YAML takes it for that text."""
    if _PLAIN.fullmatch(word) and word.casefold() not in _MEANS:
        return word
    return shown(json.dumps(word, ensure_ascii=False))


def shown(text: str) -> str:
    """Show a text in one line, with an escape for whatever is not printed; in quotes YAML reads these back."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
