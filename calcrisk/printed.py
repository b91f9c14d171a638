"""How units, lengths of time and hashes are printed: one place for the sentences of the rules and for renderers."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_SQUARE: Final = re.compile(r"(?<=[A-Za-z])2")
_MICRO: Final = re.compile(r"\bu(?=mol|kat|g/)")
_PER_CENT: Final = 100  # of a fraction
_SURE: Final = 1 / _PER_CENT  # nearer to none or all of it nothing is told
_FINGERPRINT: Final = 12  # letters of a hash: enough to tell two rulebooks apart


@cache
def unit(name: str) -> str:
    """Write a unit as print has it: ``mg2/dL2`` is mg²/dL², ``umol/L`` µmol/L."""
    return _MICRO.sub("µ", _SQUARE.sub("²", name))


def limit_text(limit: float) -> str:
    """Write a limit as every page does: at most four digits (a limit in mmol²/L² is no round number in mg²/dL²)."""
    return f"{limit:.4g}"


def chance(probability: float) -> str:
    """Write a probability (0 to 1) as whole per cent; under a model it is never none and never all."""
    if probability < _SURE:
        return f"below {_SURE * _PER_CENT:.0f} %"
    return f"above {(1 - _SURE) * _PER_CENT:.0f} %" if probability > 1 - _SURE else f"{probability * _PER_CENT:.0f} %"


def share(part: float) -> str:
    """Write a part of a whole (0 to 1) as whole per cent; what only rounds to none or all of it is not called so."""
    return chance(part) if 0 < part < 1 else f"{part * _PER_CENT:.0f} %"


def days(length: float) -> str:
    """Write a length of time in whole days."""
    whole = round(length)
    return f"{whole} day{'s' * (whole != 1)}" if whole else "less than a day"


def fingerprint(sha256: str) -> str:
    """Shorten a hash to what tells rulebooks apart at a glance."""
    return sha256[:_FINGERPRINT]
