"""The assessment as JSON (``format: 1``): complete, unrounded, the same bytes for the same answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from calcrisk.assessment import SPELLED, Part

if TYPE_CHECKING:
    from calcrisk.assessment import Assessment


def to_json(assessment: Assessment, *, indent: int | None = 2) -> str:
    """Write the whole document, one line break at its end; ``indent=None`` gives one line."""
    separators = None if indent else (",", ":")
    return json.dumps(assessment, default=_in_order, ensure_ascii=False, indent=indent, separators=separators) + "\n"


def _in_order(part: object) -> object:
    if isinstance(part, Part):
        return {SPELLED.get(name, name): getattr(part, name) for name in type(part).__annotations__}
    raise TypeError(type(part).__name__)
