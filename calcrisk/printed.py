"""How a unit and a hash are printed: one place for the sentences of the rules and for every renderer."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_SQUARE: Final = re.compile(r"(?<=[A-Za-z])2")
_MICRO: Final = re.compile(r"\bu(?=mol|kat|g/)")
_FINGERPRINT: Final = 12  # letters of a hash: enough to tell two rulebooks apart


@cache
def unit(name: str) -> str:
    """Write a unit as print has it: ``mg2/dL2`` is mg²/dL², ``umol/L`` µmol/L."""
    return _MICRO.sub("µ", _SQUARE.sub("²", name))


def fingerprint(sha256: str) -> str:
    """Shorten a hash to what tells rulebooks apart at a glance."""
    return sha256[:_FINGERPRINT]
