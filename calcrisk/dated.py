"""One dated panel as it was written, read to canonical values: by a document's reader, or from Python."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Final

from calcrisk.history.panels import Panel, days
from calcrisk.history.usable import ACUTE_ILLNESS, HAEMOLYSED, POST_DIALYSIS
from calcrisk.stated import Range, Reading, fault, quoted
from calcrisk.values import read
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.errors import Fault
    from calcrisk.stated import Given, Location, Written
    from calcrisk.variables import Variable

LABS: Final = "labs"  # the group whose inputs a panel may state
FLAWED_BY: Final = {
    "sample_post_dialysis": POST_DIALYSIS,
    "sample_haemolysed": HAEMOLYSED,
    "sample_acute_illness": ACUTE_ILLNESS,
}


# A day, and perhaps a time of it, as laboratories and messages write it; the standard library reads more than everyone
# would. What stands behind the minutes or seconds (a fraction, a zone) is dropped: the time is the one on the report.
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


def moment_of(text: str) -> str | None:
    """Return a panel's date as it is shown (``2026-03-02 08:15``), None where the text is no date."""
    read = _MOMENT.fullmatch(text.strip())
    shown = " ".join(part for part in read.groups() if part) if read else ""
    return shown if days(shown) is not None else None


def is_read(variable: Variable | None) -> bool:
    """Tell whether a panel may state this input."""
    return variable is not None and variable.group == LABS


def panel_of(date: str, written: Mapping[str, Written], reading: Reading) -> Panel:
    """Read the values of a panel; faults and warnings are left in ``reading``, which is of this panel alone."""
    for name, one in written.items():
        read(registry()[name], one, reading)
    reading.apply_also()
    return panel_from(date, reading.given)


def panel_from(date: str, given: Mapping[str, Given]) -> Panel:
    """Make a panel of values that are read; a flaw that is stated or stated to be unknown counts."""
    values = {name: one.value for name, one in given.items() if isinstance(one.value, float)}
    bounds = {name: _open(name, one.value) for name, one in given.items() if isinstance(one.value, Range)}
    bounds |= {name: (0.0, inf) for name in _worded(given) if name not in values and name not in bounds}
    flaws = tuple(flaw for name, flaw in FLAWED_BY.items() if name in given and given[name].value is not False)
    return Panel(days(date) or 0.0, date, values, flaws, given, bounds)


def _open(name: str, one: Range) -> tuple[float, float]:
    """Return both ends, without those that are only the limit beyond which nothing is read: nobody stated these."""
    hard = registry()[name].hard
    low, high = hard or (-inf, inf)
    return (0.0 if one.lo == low else one.lo), (inf if one.hi == high else one.hi)


def _worded(given: Mapping[str, Given]) -> Iterator[str]:
    """Give the inputs of which a word is said: high, or a bound that is no number."""
    for (of, role), word in registry().companions.items():
        if role == "status" and word.name in given and given[word.name].value is not None:
            yield of


def bad_date(text: str, at: Location) -> Fault:
    """Say that a panel's date is none."""
    hint = "write year-month-day, as 2026-03-02, or 2026-03-02 08:15"
    return fault(at, code="not-a-date", message=f"{quoted(text.strip())} is not a date", hint=hint)
