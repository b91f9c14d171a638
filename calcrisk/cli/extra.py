"""What the extra ``calcrisk[chemistry]`` adds to commands, and what is said without it. The only door to numpy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from calcrisk.assessment import Assessment, Refused
from calcrisk.errors import Fault, SurroundingsError

if TYPE_CHECKING:
    from calcrisk.cohort.scoring import Cohort

_NEEDED: Final = "numpy"


def require() -> None:
    """Raise ``SurroundingsError`` when the extra is not installed: told before anything is read."""
    if find_spec(_NEEDED) is None:
        message, hint = f"the chemistry needs {_NEEDED}, which is not installed", "pip install 'calcrisk[chemistry]'"
        raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)])


def require_arrow() -> None:
    """Raise as ``require`` does, and when pyarrow, which carries tables to the solver and back, is missing."""
    require()
    if find_spec("pyarrow") is None:
        message, hint = "the chemistry of tables needs pyarrow, which is not installed", "pip install pyarrow"
        raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)])


def with_chemistry(answers: list[Assessment | Refused]) -> list[Assessment | Refused]:
    """Return the answers with their chemistry."""
    from calcrisk.chemistry import answer

    return answer.with_chemistry(answers)


def add_to_table(cohort: Cohort) -> None:
    """Add the chemistry to the rows of a table."""
    from calcrisk.chemistry.serum import inputs
    from calcrisk.chemistry.tables import solve_patients
    from calcrisk.render.rows import CHEMISTRY

    cohort.add_chemistry(CHEMISTRY, inputs(), solve_patients)


def with_its_chemistry(answer: Assessment, *, curves: bool) -> Assessment:
    """Return one answer with its chemistry, and with the curves of a plot where something shows them."""
    from calcrisk.chemistry.answer import with_chemistry

    (solved,) = with_chemistry([answer], isopleth=curves)
    return solved if isinstance(solved, Assessment) else answer
