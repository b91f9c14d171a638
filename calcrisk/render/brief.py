"""Three lines for a list or a log: the class; the tiers and the product; what would decide.

What doubts a number that they rest on has no room among them, and stands beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Assessment

_DOUBTS: Final = frozenset(("unit-not-written", "unusual-unit", "implausible"))  # codes of warnings


def brief(assessment: Assessment) -> str:
    """Give exactly three lines, each closed by a line break; alerts stand first."""
    return "".join(f"{words.clean(line)}\n" for line in (_class(assessment), _numbers(assessment), _open(assessment)))


def doubts(assessment: Assessment) -> str:
    """Give the warnings that a number may not be what was meant, one a line; nothing where there are none."""
    said = (warning.message for warning in assessment.warnings if warning.code in _DOUBTS)
    return "".join(f"{words.clean(message)}\n" for message in said)


def _class(assessment: Assessment) -> str:
    alerts = "".join(f"ALERT: {alert.title}. " for alert in assessment.alerts)
    patient = f"{assessment.patient.id}: " if assessment.patient.id else ""
    return f"{alerts}{patient}{words.pretty(assessment.conclusion.sentence)}"


def _numbers(assessment: Assessment) -> str:
    risk = assessment.risk
    tiers = "; ".join(f"{part.label}: {words.tier(part)}" for part in (risk.metastatic, risk.dystrophic, risk.vascular))
    return " ".join((f"{tiers}.", *_products(assessment)))


def _open(assessment: Assessment) -> str:
    """Say what would decide; the first sentence of the notice goes wherever the tiers go."""
    parts = (words.standing(assessment), words.deciding(assessment), words.first_sentence(assessment.notice))
    return " ".join(part for part in parts if part)


def _products(assessment: Assessment) -> Iterator[str]:
    shown = assessment.ca_p_product
    caveats = f" ({words.pretty('; '.join(shown.caveats))})" if shown.caveats else ""
    if plain := words.uncorrected(shown):
        yield f"{words.PRODUCT} {plain.text}, {words.verdict(plain.reached, shown.threshold)}{caveats}."
    else:
        yield words.no_product(shown)
    if corrected := words.corrected(shown):
        yield f"Albumin-corrected {corrected.text}, {words.verdict(corrected.reached, shown.threshold)}{caveats}."
