"""What a short explanation keeps of an assessment: which rules in full, which objections, which inputs and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Assessment, Finding, Missing
    from calcrisk.grounds import Citation, Fact, Input

CITED = 2  # so many sources of a rule or class are numbered
_ROOMY = 4  # so many rules fit a page with two sources each
_OBJECTIONS = 4  # so many opposing claims are read; the others are counted


class Objection(NamedTuple):
    """One opposing claim, by the id of its reference, and all that it speaks against."""

    source: str
    targets: tuple[str, ...]


def fired(assessment: Assessment) -> list[Finding]:
    """List the rules that hold, by mechanism in the rulebook's order, the strongest first."""
    met = words.strongest_first(finding for finding in assessment.findings if finding.status == "met")
    order = {name: place for place, name in enumerate(assessment.mechanisms)}
    return sorted(met, key=lambda finding: order.get(finding.mechanism, len(order)))


def told(assessment: Assessment) -> list[Finding]:
    """List the rules that a short explanation tells: those that no stronger one covers."""
    return [part for part in fired(assessment) if part.covered_by is None]


def sources(assessment: Assessment, finding: Finding) -> tuple[Citation, ...]:
    """Give the sources of a rule that a short explanation numbers: the first on a crowded page, else the first two."""
    return finding.evidence[: 1 if len(told(assessment)) > _ROOMY else CITED]


def _leads(assessment: Assessment, finding: Finding) -> bool:
    mechanism = assessment.mechanisms.get(finding.mechanism)
    return mechanism is None or finding.level == mechanism.level


def exceeds(assessment: Assessment) -> bool:
    """Tell whether either product is at or above its threshold."""
    shown = assessment.ca_p_product
    return bool(shown.at_or_above or shown.corrected_at_or_above)


def objections(assessment: Assessment) -> tuple[list[Objection], int]:
    """Give the claims that oppose the class, the product and the deciding rules, in that order; and count the rest."""
    targets: dict[str, list[str]] = {}
    for source, target in _opposed(assessment, fired(assessment)):
        targets.setdefault(source, []).append(target)
    leading = (part for part in fired(assessment) if _leads(assessment, part))
    first = list(dict.fromkeys(source for source, _ in _opposed(assessment, leading)))[:_OBJECTIONS]
    return [Objection(source, tuple(targets[source])) for source in first], len(targets) - len(first)


def _opposed(assessment: Assessment, findings: Iterator[Finding] | list[Finding]) -> Iterator[tuple[str, str]]:
    yield from ((cited.id, "class") for cited in assessment.conclusion.against)
    if exceeds(assessment):
        yield from ((cited.id, "product") for cited in assessment.ca_p_product.against)
    yield from ((cited.id, finding.rule) for finding in findings for cited in finding.against)


def read_otherwise(assessment: Assessment) -> list[Input]:
    """List the inputs that were converted, read from another spelling, censored or implied."""
    return [part for part in assessment.inputs.values() if _differs(part)]


def _differs(part: Input) -> bool:
    if part.origin.startswith("implied"):
        return True
    return not isinstance(part.value, bool) and not words.as_canonical(part)


def derived(assessment: Assessment) -> list[Fact]:
    """List the known numbers and words that were derived, or given instead; the products have a place of their own."""
    unit = assessment.ca_p_product.unit
    known = (part for part in assessment.facts.values() if words.is_known(part) and part.unit != unit)
    return [part for part in known if not isinstance(part.value, bool)]


def by_effect(assessment: Assessment) -> dict[str, list[Missing]]:
    """Group the decisive questions by what they could change, in their order."""
    groups: dict[str, list[Missing]] = {}
    for part in (part for part in assessment.missing if part.decisive):
        effect = f"could change {words.could_change(part)}" if part.could_change else "would decide"
        groups.setdefault(effect, []).append(part)
    return groups
