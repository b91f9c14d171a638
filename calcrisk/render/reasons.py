"""Why: the rules that hold, and what argues against them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from calcrisk.render import chosen, words
from calcrisk.render.gauge import heat
from calcrisk.render.layout import cells, padded
from calcrisk.render.summary import INDENT, heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Finding
    from calcrisk.render.layout import Line, Styled
    from calcrisk.render.summary import View

_TWICE = INDENT * 2
_LEVEL = 8  # columns of "marked", "severe" and the space behind
_STATUS = 9  # columns of "not met" and the space behind
_NUMBER = 5  # columns of "[12]" and the space behind
_TARGETS = 1  # so many things an objection speaks against are named
_OURS = "*"
_MORE = "Sources, limits and file of a rule: calcrisk rules show ID; of all: --all."


def fired(view: View) -> Iterator[Line]:
    """Show each rule that holds, by mechanism, the strongest first; on a full page with all that belongs to it."""
    found = chosen.fired(view.assessment)
    if not found:
        yield from heading(view, "Why")
        yield [(f"{INDENT}No rule holds on what is known.", "")]
        return
    told = found if view.full else chosen.told(view.assessment)
    covered = f", {len(found) - len(told)} of them covered by stronger ones" if len(told) < len(found) else ""
    holds = "holds" if len(found) == 1 else "hold"
    yield from heading(view, f"Why: {words.plural(len(found), 'rule')} {holds}{covered}")
    for position, (mechanism, group) in enumerate(groupby(told, key=lambda finding: finding.mechanism)):
        if position and view.full:
            yield []
        yield from _mechanism(view, mechanism)
        for finding in group:
            yield from _whole(view, finding) if view.full else _short(view, finding)
    if not view.full:
        ours = any(finding.basis == "design-choice" for finding in told)
        legend = f"{_OURS} {words.DESIGN_CHOICE}. " if ours else ""
        yield from view.page.paragraph([(view.page.show(f"{legend}{_MORE}"), "dim")], first=(INDENT, ""))


def _mechanism(view: View, name: str) -> Iterator[Line]:
    known = view.assessment.mechanisms.get(name)
    title = [(view.page.show(known.label if known else words.word(name)), "bold")]
    asked = [(f" {view.page.glyphs.between} {view.page.show(known.question)}", "dim")] if known and view.full else []
    yield from view.page.paragraph([*title, *asked], first=(INDENT, ""))


def _level(view: View, level: str) -> Styled:
    return (f"{_TWICE}{padded(view.page.show(words.word(level)), _LEVEL)}", heat(level, text=True))


def _ours(finding: Finding) -> str:
    return _OURS if finding.basis == "design-choice" else ""


def _short(view: View, finding: Finding) -> Iterator[Line]:
    """Give a rule its sentence, margin, sources and id."""
    margin = f" ({words.margin(finding.margin)})" if finding.margin else ""
    said: Styled = (view.page.show(f"{finding.because}{margin}"), "")
    end: Styled = (f" {view.page.literal(finding.rule)}{_ours(finding)}", "dim")
    cited = view.marks(*chosen.sources(view.assessment, finding))
    yield from view.page.paragraph([said, *cited, end], first=_level(view, finding.level))


def _whole(view: View, finding: Finding) -> Iterator[Line]:
    page, first = view.page, _level(view, finding.level)
    yield from page.paragraph([(page.show(finding.because), ""), *view.marks(*finding.evidence)], first=first)
    rest = (" " * cells(first[0]), "")
    yield from page.paragraph([(page.show(_weight(finding)), "")], first=rest)
    for spans in _counter(view, finding):
        yield from page.paragraph(spans, first=rest)
    for text in _small_print(view, finding):
        yield from page.paragraph([(page.show(text), "dim")], first=rest)


def _weight(finding: Finding) -> str:
    margin = words.margin(finding.margin) if finding.margin else ""
    return f"{margin[:1].upper()}{margin[1:]}. {words.basis(finding)}".lstrip(". ")


def _counter(view: View, finding: Finding) -> Iterator[list[Styled]]:
    """Quote what argues against a rule where it is met first; afterwards its number is enough."""
    label = ("Against:", "bold")
    seen = [citation for citation in finding.against if citation.id in view.quoted]
    for citation in (citation for citation in finding.against if citation not in seen):
        view.quoted.add(citation.id)
        known = view.assessment.references.get(citation.id)
        claim = [(f" {view.page.show(known.claim)}", "")] if known else []
        yield [label, *claim, *view.marks(citation)]
    if seen:
        yield [label, *view.marks(*seen), (" (quoted above)", "")]


def _small_print(view: View, finding: Finding) -> Iterator[str]:
    yield f"Applies to {finding.applies_when}. Limits: {' '.join(finding.limits)}"
    places = "; ".join(f"[{view.numbers.of(cited.id)}] {cited.at}" for cited in finding.evidence)
    yield f"Rule {finding.rule} in {finding.file}.{f' Source: {places}.' if places else ''}"


def against(view: View) -> Iterator[Line]:
    """Show each opposing claim once, and what it speaks against; a full page quotes them beside the rules."""
    shown, others = chosen.objections(view.assessment)
    if view.full or not shown:
        return
    yield from heading(view, "What argues against it")
    for part in shown:
        first = (INDENT + padded(f"[{view.numbers.of(part.source)}]", _NUMBER), "")
        known = view.assessment.references.get(part.source)
        claim = view.page.show(words.objection(known) if known else part.source)
        yield from view.page.paragraph(
            [(claim, ""), (f" {view.page.literal(_aims(part.targets))}", "dim")], first=first
        )
    if others:
        yield [(f"{INDENT}and {others} more with --all", "dim")]


def _aims(targets: tuple[str, ...]) -> str:
    more = f" and {len(targets) - _TARGETS} more" if len(targets) > _TARGETS else ""
    return f"({', '.join(targets[:_TARGETS])}{more})"


def not_fired(view: View) -> Iterator[Line]:
    """List, dim, on a full page the rules that do not hold or cannot be decided."""
    others = [finding for finding in view.assessment.findings if finding.status != "met"]
    if not others or not view.full:
        return
    yield from heading(view, "Rules that do not hold")
    for finding in others:
        said = "open" if finding.status == "unknown" else "not met"
        text = f"{finding.title} ({finding.rule})"
        yield from view.page.paragraph(
            [(view.page.show(text), "dim")], first=(f"{INDENT}{padded(said, _STATUS)}", "dim")
        )
