"""What the linter finds, and the kinds of it. A kind keeps its name from release to release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.rules.program import Program
    from calcrisk.rules.scalar import Evaluation
    from calcrisk.rules.source import Route

Severity = Literal["error", "warning"]

# An error: the rulebook does not load, or contradicts itself. A warning: right perhaps, and then allowed with a reason.
KINDS: Final[dict[str, Severity]] = {
    "allowance-unused": "warning",
    "band-gap": "warning",
    "band-overlap": "warning",
    "bands-reversed": "warning",
    "case-differs": "warning",
    "case-fails": "error",
    "case-unreadable": "error",
    "covered-by-cycle": "error",
    "covered-by-weaker": "warning",
    "duplicate-case": "warning",
    "fact-without-edge-case": "warning",
    "holds-in-silence": "error",
    "no-case-beside": "warning",
    "no-edge-case": "warning",
    "no-missing-case": "warning",
    "one-sided-cases": "warning",
    "profile-overrules": "warning",
    "same-condition": "warning",
    "same-number": "warning",
    "unit-missing": "warning",
    "unused-fact": "warning",
    "unused-parameter": "warning",
    "unused-reference": "warning",
    "unused-variable": "warning",
    "written-for": "warning",
}

# What an overlay leaves of the package's own rules untried is no news to whoever writes the overlay.
COVERAGE: Final = frozenset({"fact-without-edge-case", "no-case-beside", "no-edge-case", "no-missing-case"})

_STATUS: Final = {True: "met", False: "not_met", None: "unknown"}


class Found(NamedTuple):
    """One thing found: its kind, the way to the entry, what is wrong, what to do, and the words to point at."""

    kind: str
    route: Route
    message: str
    hint: str | None = None
    needle: str | None = None


class Tried(NamedTuple):
    """One case and what the engine made of it; None where what it gives could not be read."""

    rule: int
    case: int
    given: Mapping[str, Any]
    expect: str
    evaluation: Evaluation | None
    fault: str | None = None

    def status(self) -> str | None:
        """The answer of the rule that the case belongs to."""
        return _STATUS[self.evaluation.statuses[self.rule]] if self.evaluation else None


class Book(NamedTuple):
    """A rulebook that loads, as the linter reads it: its data, its program, and what came of every case."""

    data: Mapping[str, Any]
    program: Program
    tried: tuple[Tried, ...]
    silent: Evaluation  # the answer for a patient of whom nothing is known
