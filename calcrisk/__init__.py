"""Which kind of pathologic calcification does a patient point to, how strongly, and who says so.

    >>> from calcrisk import Patient, Rulebook, assess
    >>> answer = assess(Patient(calcium=9.9, phosphate="2.2 mmol/L", ckd_stage="G5"), Rulebook.default())
    >>> answer.classification
    'metastatic'

Decision support for professionals and education: it never diagnoses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from calcrisk._version import __version__

if TYPE_CHECKING:
    from calcrisk.assessing import assess
    from calcrisk.assessment import Assessment, Refused, read_outcome
    from calcrisk.batch import assess_many
    from calcrisk.errors import CalcriskError, Fault, InputError, RulebookError, SurroundingsError, UsageError
    from calcrisk.patient import Patient
    from calcrisk.rules.rulebook import Rulebook

__all__ = [
    "Assessment",
    "CalcriskError",
    "Fault",
    "InputError",
    "Patient",
    "Refused",
    "Rulebook",
    "RulebookError",
    "SurroundingsError",
    "UsageError",
    "__version__",
    "assess",
    "assess_many",
    "read_outcome",
]

_HOMES = {
    "Assessment": "assessment",
    "Patient": "patient",
    "Refused": "assessment",
    "Rulebook": "rules.rulebook",
    "assess": "assessing",
    "assess_many": "batch",
    "read_outcome": "assessment",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the public name stands for
    """Load a public name when it is first asked for, so that a command pays only for what it uses."""
    if name not in __all__:
        message = f"module 'calcrisk' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"calcrisk.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
