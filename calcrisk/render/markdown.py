"""The assessment as a Markdown note that can be pasted into a record and still reads well unrendered.

Every text of the rulebook and the patient is escaped: nothing they hold becomes a heading, a link or HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calcrisk.render import chosen, citations, kinetics, words
from calcrisk.render.citations import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.assessment import Assessment, Consideration, Finding, Mechanism, Product, TierRange
    from calcrisk.grounds import Citation, Fact, Input, Reference
    from calcrisk.render.words import Measured

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&!$])")
_BLOCK_START = re.compile(r"^(\d*)([-+.)=])(?=\s|$|[-=]+$)")  # a list, a rule or an underlined heading
_NAMED = 4  # so many inputs that were taken as absent are named in a short note
_ADDRESS = re.compile(r"https?://[^\s<>]+")  # nothing else stands in angle brackets: a page would take it for HTML


def markdown(assessment: Assessment, *, full: bool = False) -> str:
    """Write the note, in short or with everything known; it ends with one line break."""
    numbers = Numbers(assessment.references)
    sections = (
        _head(assessment, numbers),
        _tiers(assessment),
        _product(assessment, numbers, full=full),
        _past(assessment),
        _chemistry(assessment),
        _mechanisms(assessment.mechanisms.values()),
        _findings(assessment, numbers, full=full),
        () if full else _objections(assessment, numbers),
        _open(assessment, full=full),
        _consider(assessment, numbers),
        kinetics.markdown(assessment, numbers, escaped, full=full),
        _levers(assessment, numbers, full=full),
        _inputs(assessment) if full else _read(assessment),
        _warnings(assessment),
        _others(assessment) if full else (),
        _references(assessment, numbers, full=full),
        _foot(assessment),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, sections) if lines) + "\n"


def escaped(text: str, *, pretty: bool = True) -> str:
    """Make a text literal wherever in a note it stands."""
    shown = words.clean(words.pretty(text) if pretty else text).strip()
    return _BLOCK_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", shown))


def linked(reference: Reference) -> str:
    """Write the address of a source: a link where it is one, else its text, or nothing where there is none."""
    found = citations.link(reference)
    return f"<{found}>" if _ADDRESS.fullmatch(found) else escaped(found, pretty=False)


def _marks(cited: Iterable[Citation], numbers: Numbers) -> str:
    marks = numbers.marks(cited)
    return f" {marks}" if marks else ""


def _head(assessment: Assessment, numbers: Numbers) -> Iterator[str]:
    said = assessment.conclusion
    for alert in assessment.alerts:
        yield from (f"> {line}" for line in _alert(alert, assessment, numbers))
        yield ""
    yield f"# Calcification risk: {escaped(assessment.patient.id or 'patient without an id', pretty=False)}"
    yield ""
    yield f"**{escaped(said.headline)}.**{_marks(said.evidence, numbers)}"
    yield from (f"- {escaped(clause.say)}{_marks(clause.evidence, numbers)}" for clause in said.clauses)
    yield ""
    yield escaped(f"{words.standing(assessment)} {words.deciding(assessment)}")
    yield f"Decided by {_code(said.row)}{_choice(said.basis)}."
    yield from _against("Argued against by", said.against, numbers)
    if assessment.as_of:
        yield f"As of {escaped(assessment.as_of)}."


def _against(label: str, cited: tuple[Citation, ...], numbers: Numbers) -> Iterator[str]:
    if cited:
        yield f"{label}:{_marks(cited, numbers)}."


def _choice(basis: str) -> str:
    return f", a {words.DESIGN_CHOICE}" if basis == "design-choice" else ""


def _alert(alert: Consideration, assessment: Assessment, numbers: Numbers) -> Iterator[str]:
    yield f"**ALERT: {escaped(alert.title)}**"
    yield from _reasons(alert, assessment, numbers)


def _reasons(shown: Consideration, assessment: Assessment, numbers: Numbers) -> Iterator[str]:
    text = " ".join(escaped(reason) for reason in shown.because)
    yield f"{text}{_marks(shown.evidence, numbers)}{_by_choice(shown.basis)}"
    if shown.next:
        yield f"Ask next: {escaped(shown.next)}"
    for citation in shown.against:
        known = assessment.references.get(citation.id)
        yield f"Against it:{f' {escaped(words.objection(known))}' if known else ''}{_marks((citation,), numbers)}"


def _by_choice(basis: str) -> str:
    return f" ({words.DESIGN_CHOICE} of this rulebook)" if basis == "design-choice" else ""


def _tiers(assessment: Assessment) -> Iterator[str]:
    risk = assessment.risk
    yield from ("## Risk tiers", "", "| Question | Tier | Lowest | Highest |", "| --- | --- | --- | --- |")
    yield from (_tier(part) for part in (risk.metastatic, risk.dystrophic, risk.vascular))
    yield from ("", f"_{escaped(assessment.notice)}_")


def _tier(shown: TierRange) -> str:
    if not shown.assessed or shown.tier is None:
        return f"| {escaped(shown.label)} | {words.NOT_ASSESSED} | | |"
    ends = (words.word(end or "") for end in (shown.lowest, shown.highest))
    return f"| {escaped(shown.label)} | **{escaped(words.word(shown.tier))}** | {' | '.join(ends)} |"


def _product(assessment: Assessment, numbers: Numbers, *, full: bool) -> Iterator[str]:
    shown = assessment.ca_p_product
    yield f"## {words.PRODUCT} product"
    yield ""
    yield f"- Threshold: {words.threshold(shown)}{_marks(shown.evidence, numbers)}"
    name = "As reported" if shown.given else "Uncorrected"
    plain, corrected = words.uncorrected(shown), words.corrected(shown)
    yield _measured(name, plain, shown) if plain else f"- {escaped(words.no_product(shown))}"
    if corrected:
        yield _measured("Albumin-corrected", corrected, shown)
    if shown.disagree:
        yield f"- **{words.disagreement(shown)}**"
    if full or plain:
        yield from (f"- {escaped(note)}" for note in shown.notes)
    if full or chosen.exceeds(assessment):
        yield from (f"- {line}" for line in _against("Argued against by", shown.against, numbers))


def _measured(name: str, part: Measured, shown: Product) -> str:
    si = f" ({part.si})" if part.si else ""
    return f"- {name}: **{part.text}**{si}, {words.verdict(part.reached, shown.threshold)}"


def _past(assessment: Assessment) -> Iterator[str]:
    if assessment.history is not None or assessment.interval is not None:
        from calcrisk.render.past import markdown as written  # most answers have neither

        yield from written(assessment, escaped)


def _chemistry(assessment: Assessment) -> Iterator[str]:
    if assessment.chemistry is not None:
        from calcrisk.render import chemistry_words  # most answers have none

        yield f"## {chemistry_words.TITLE}"
        for line in chemistry_words.note(assessment.chemistry):
            yield ""
            yield escaped(line)


def _mechanisms(shown: Iterable[Mechanism]) -> Iterator[str]:
    yield from ("## Mechanisms", "", "| Mechanism | Level |", "| --- | --- |")
    yield from (f"| {escaped(part.label)} | {escaped(words.level(part))} |" for part in shown)


def _findings(assessment: Assessment, numbers: Numbers, *, full: bool) -> Iterator[str]:
    yield from ("## Why", "")
    found = chosen.fired(assessment) if full else chosen.told(assessment)
    for finding in found:
        marks = _marks(finding.evidence if full else chosen.sources(assessment, finding), numbers)
        yield f"- {_said(assessment, finding)}{marks} (`{_code(finding.rule)}`{_choice(finding.basis)})"
        yield from _small_print(finding, numbers) if full else ()
    if not found:
        yield "No rule holds on what is known."


def _said(assessment: Assessment, finding: Finding) -> str:
    margin = f" ({words.margin(finding.margin)})" if finding.margin else ""
    return f"**{_mechanism(assessment, finding)}, {_level(finding)}**: {escaped(finding.because)}{margin}"


def _mechanism(assessment: Assessment, finding: Finding) -> str:
    known = assessment.mechanisms.get(finding.mechanism)
    return escaped(known.label if known else words.word(finding.mechanism))


def _level(finding: Finding) -> str:
    return escaped(words.word(finding.level))


def _small_print(finding: Finding, numbers: Numbers) -> Iterator[str]:
    yield f"  - {escaped(words.basis(finding))} Rule `{_code(finding.rule)}` in `{_code(finding.file)}`"
    yield from (f"  - {line}" for line in _against("Argued against by", finding.against, numbers))
    yield f"  - Applies to {escaped(finding.applies_when)}. Limits: {' '.join(map(escaped, finding.limits))}"


def _objections(assessment: Assessment, numbers: Numbers) -> Iterator[str]:
    shown, others = chosen.objections(assessment)
    if shown:
        yield from ("## What argues against it", "")
    for part in shown:
        known = assessment.references.get(part.source)
        claim = escaped(words.objection(known) if known else part.source)
        targets = ", ".join(f"`{_code(target)}`" if "-" in target else target for target in part.targets)
        yield f"- {claim} [{numbers.of(part.source)}] ({targets})"
    if others:
        yield f"- {others} more: `--all`."


def _code(text: str) -> str:
    return words.clean(text).replace("`", "'").replace("|", "/")


def _open(assessment: Assessment, *, full: bool) -> Iterator[str]:
    yield from ("## What is not known", "")
    for effect, parts in chosen.by_effect(assessment).items():
        for group in [[part] for part in parts] if full else [parts]:
            asked = "".join(f" {escaped(part.question)}" for part in group if full)
            yield f"- **{'; '.join(escaped(part.label) for part in group)}** {escaped(effect)}.{asked}"
    others = [escaped(part.label) for part in assessment.missing if not part.decisive]
    if others:
        yield f"- Also open, not decisive: {'; '.join(others)}."
    if not assessment.missing:
        yield "- Nothing that was asked is open."
    yield from _assumed(assessment, full=full)


def _assumed(assessment: Assessment, *, full: bool) -> Iterator[str]:
    if assessment.undecided:
        yield f"- {words.plural(len(assessment.undecided), 'rule')} cannot be decided yet."
    absent = [escaped(words.word(name)) for name in assessment.assumed_absent]
    if absent:
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED and not full else ""
        yield f"- Not reported, taken as absent: {', '.join(absent if full else absent[:_NAMED])}{more}."
    for name, value in assessment.assumptions.items():
        yield f"- Assumed by declaration: {escaped(words.word(name))} = {escaped(words.scalar(value))}."


def _consider(assessment: Assessment, numbers: Numbers) -> Iterator[str]:
    if assessment.consider:
        yield from ("## To consider", "")
    for part in assessment.consider:
        yield f"- **{escaped(part.title)}**: {' '.join(_reasons(part, assessment, numbers))}"


def _levers(assessment: Assessment, numbers: Numbers, *, full: bool) -> Iterator[str]:
    if not assessment.levers:
        return
    yield from ("## What could be changed: evidence for discussion, no advice", "")
    if not full:
        shown = (f"{escaped(part.title)}: {part.direction} ({escaped(part.studied_in)})" for part in assessment.levers)
        yield "; ".join(shown) + "."
        return
    for part in assessment.levers:
        yield f"- **{escaped(part.title)}**: {part.direction}. {escaped(part.why)}"
        for study in part.studies:
            text = escaped(f"{study.sentence} ({study.strength}; {study.population})")
            yield f"  - {study.direction}: {text}{_marks(study.evidence, numbers)}"


def _read(assessment: Assessment) -> Iterator[str]:
    """Say what was read otherwise than written, and what was derived."""
    read = (part for part in chosen.read_otherwise(assessment) if not part.origin.startswith("implied"))
    said = [f"{escaped(part.label)} {escaped(part.as_written, pretty=False)} = {_quantity(part)}" for part in read]
    said += [f"{escaped(part.label)} {_quantity(part)}" for part in chosen.derived(assessment)]
    if said:
        yield f"As read: {'; '.join(said)}."


def _quantity(part: Input | Fact) -> str:
    return escaped(words.known(part))


def _inputs(assessment: Assessment) -> Iterator[str]:
    if not (assessment.inputs or assessment.facts):
        return
    yield from ("## Inputs as read", "", "| Input | As written | As read | From |", "| --- | --- | --- | --- |")
    for part in assessment.inputs.values():
        cells = (part.label, part.as_written, words.known(part), part.origin)
        yield f"| {' | '.join(escaped(cell, pretty=False) for cell in cells)} |"
    for fact in (part for part in assessment.facts.values() if words.is_known(part)):
        origin = "as reported" if fact.given else "derived"
        yield f"| {escaped(fact.label)} | | {_quantity(fact)} | {origin} |"


def _warnings(assessment: Assessment) -> Iterator[str]:
    if assessment.warnings:
        yield from ("## Warnings", "")
    yield from (f"- {escaped(part.message)} ({escaped(part.code)})" for part in assessment.warnings)


def _others(assessment: Assessment) -> Iterator[str]:
    others = [finding for finding in assessment.findings if finding.status != "met"]
    if others:
        yield from ("## Rules that do not hold", "")
    for finding in others:
        said = "open" if finding.status == "unknown" else "not met"
        yield f"- {said}: {escaped(finding.title)} (`{_code(finding.rule)}`)"


def _references(assessment: Assessment, numbers: Numbers, *, full: bool) -> Iterator[str]:
    for name in assessment.references if full else ():
        numbers.of(name)
    if numbers.cited():
        yield from ("## References", "")
    for position, name in numbers.cited().items():
        known = assessment.references.get(name)
        text = f"{escaped(known.citation)} {linked(known)}".rstrip() if known else escaped(name)
        yield f"{position}. {text}"


def _foot(assessment: Assessment) -> Iterator[str]:
    yield from ("---", "")
    yield ", ".join(escaped(part, pretty=False) for part in words.origin(assessment))
