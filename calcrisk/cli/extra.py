"""What the extra ``calcrisk[chemistry]`` adds to commands, and what is said without it. The only door to numpy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from calcrisk.assessment import Assessment
from calcrisk.errors import Fault, SurroundingsError, UsageError

_NEEDED: Final = "numpy"


def require() -> None:
    """Raise ``SurroundingsError`` when the extra is not installed: told before anything is read."""
    if find_spec(_NEEDED) is None:
        message, hint = f"the chemistry needs {_NEEDED}, which is not installed", "pip install 'calcrisk[chemistry]'"
        raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)])


def require_room(form: str) -> None:
    """Raise ``UsageError`` when a format of many patients has no place for the chemistry, as ``require`` does else."""
    if form == "table":
        message, hint = "the table has no room for the chemistry", "choose --format csv, json or ndjson"
        raise UsageError([Fault(code="format-conflict", message=message, path="--chemistry", hint=hint)])
    require()


def with_isopleth(answer: Assessment) -> Assessment:
    """Return the answer with its chemistry and the curves of a plot."""
    from calcrisk.chemistry.answer import with_chemistry

    (solved,) = with_chemistry([answer], isopleth=True)
    return solved if isinstance(solved, Assessment) else answer
