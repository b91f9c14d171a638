"""The rest of the terminal explanation: what is open, what to consider, what was read, warnings, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import chosen, citations, words
from calcrisk.render.layout import GLUE, cells, padded
from calcrisk.render.summary import INDENT, considered, heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.grounds import Fact, Input, Reference
    from calcrisk.render.layout import Line, Styled
    from calcrisk.render.summary import View

_TWICE = INDENT * 2
_NARROW = 70  # columns below which lists are stacked
_LABEL = 30  # the widest label, and
_VALUE = 26  # the widest value that keep a column of their own
_DERIVED = "derived"
_NUMBER = 5  # columns of "[12]" and the space behind


def missing(view: View) -> Iterator[Line]:
    """Name the open questions, those that would decide first; then say what was assumed instead of asked."""
    shown = view.assessment
    yield from heading(view, "What is not known")
    yield from _decisive(view)
    others = [view.page.show(part.label) for part in shown.missing if not part.decisive]
    if others:
        yield from _names(view, "Also open, not decisive: ", others)
    if not shown.missing:
        yield [(f"{INDENT}Nothing that was asked is open.", "")]
    if shown.undecided:
        count = words.plural(len(shown.undecided), "rule")
        yield [(f"{INDENT}{count} cannot be decided yet.", "")]
    yield from _assumed(view)


def _decisive(view: View) -> Iterator[Line]:
    """Ask what would decide: on a full page question by question, else in one line what could change the same."""
    for effect, parts in chosen.by_effect(view.assessment).items():
        for group in [[part] for part in parts] if view.full else [parts]:
            label = "; ".join(view.page.show(part.label) for part in group)
            text: Line = [(label, "bold"), (view.page.show(f": {effect}"), "")]
            asked = [(f". {view.page.show(part.question)}", "dim") for part in group if view.full]
            yield from view.page.paragraph([*text, *asked], first=(f"{INDENT}? ", "bold"))


def _assumed(view: View) -> Iterator[Line]:
    absent = [view.page.show(words.word(name)) for name in view.assessment.assumed_absent]
    if absent:
        yield from _names(view, f"Assumed absent ({len(absent)}): ", absent)
    declared = [f"{words.word(name)} = {words.scalar(value)}" for name, value in view.assessment.assumptions.items()]
    if declared:
        text = view.page.show(f"Assumed by declaration: {'; '.join(declared)}.")
        yield from view.page.paragraph([(text, "")], first=(INDENT, ""))


def _names(view: View, start: str, names: list[str]) -> Iterator[Line]:
    """List names: all of them on a full page, else as many as one line holds and a count of the others."""
    if view.full:
        yield from view.page.paragraph([(f"{start}{', '.join(names)}.", "")], first=(INDENT, ""))
    else:
        yield from view.page.paragraph(
            [(_one_line(start, names, view.page.width - len(INDENT)), "")], first=(INDENT, "")
        )


def _one_line(start: str, names: list[str], width: int) -> str:
    """Name as many as one line holds, and count the others."""
    whole = f"{start}{', '.join(names)}"
    if cells(whole) <= width:
        return whole
    named = start.rstrip(": ")
    for count in range(1, len(names)):
        line = f"{start}{', '.join(names[:count])} and {len(names) - count} more"
        if cells(line) > width:
            break
        named = line
    return named


def consider(view: View) -> Iterator[Line]:
    """List the patterns that stand outside the three tiers."""
    if not view.assessment.consider:
        return
    yield from heading(view, "To consider")
    for part in view.assessment.consider:
        first = (f"{INDENT}{view.page.glyphs.bullet} ", "")
        yield from view.page.paragraph([(view.page.show(part.title), "bold")], first=first)
        for spans in considered(view, part):
            yield from view.page.paragraph(spans, first=(_TWICE, ""))


def levers(view: View) -> Iterator[Line]:
    """Name what could be changed and where its studies point; on a full page, what each of them found."""
    shown = view.assessment.levers
    if not shown:
        return
    yield from heading(view, "What could be changed: evidence for discussion, no advice")
    if not view.full:
        names = "; ".join(f"{part.title}: {part.direction} ({part.studied_in})" for part in shown)
        said = f"{names}. The studies, for and against: --all."
        yield from view.page.paragraph([(view.page.show(said), "")], first=(INDENT, ""))
        return
    for part in shown:
        title = [(view.page.show(part.title), "bold"), (view.page.show(f": {part.direction}. {part.why}"), "")]
        yield from view.page.paragraph(title, first=(f"{INDENT}{view.page.glyphs.bullet} ", ""))
        for study in part.studies:
            text = f"{study.direction}: {study.sentence} ({study.strength}; {study.population})"
            spans = [(view.page.show(text), ""), *view.marks(*study.evidence)]
            yield from view.page.paragraph(spans, first=(_TWICE, ""))


def inputs(view: View) -> Iterator[Line]:
    """Show what was read otherwise than written, and what was derived; on a full page, every input and fact."""
    if not view.full:
        yield from _otherwise(view)
        return
    rows = [(part.label, _read(view, part), part.origin) for part in view.assessment.inputs.values()]
    rows += [_derived(view, part) for part in view.assessment.facts.values() if words.is_known(part)]
    if not rows:
        return
    yield from heading(view, "Inputs as read")
    shown = [(view.page.show(label), value, view.page.literal(origin)) for label, value, origin in rows]
    if view.page.width < _NARROW:
        yield from _stacked(view, shown)
    else:
        yield from _columns(view, shown)


def _otherwise(view: View) -> Iterator[Line]:
    said = [_said_otherwise(view, part) for part in chosen.read_otherwise(view.assessment)]
    facts = [_derived(view, part) for part in chosen.derived(view.assessment)]
    if said or facts:
        yield from heading(view, "As read, and derived")
    if said:
        yield from view.page.paragraph([("; ".join(said), "")], first=(INDENT, ""))
    if facts:
        told = [f"{view.page.show(label)} {value}{_given(origin)}" for label, value, origin in facts]
        yield from view.page.paragraph([("; ".join(told), "")], first=(INDENT, ""))


def _given(origin: str) -> str:
    return f" ({origin})" if origin != _DERIVED else ""


def _said_otherwise(view: View, part: Input) -> str:
    if part.origin.startswith("implied"):
        value = view.page.show(words.known(part))
        return f"{view.page.show(part.label)} {value} ({view.page.literal(part.origin)})"
    return f"{view.page.show(part.label)} {_read(view, part)}"


def _read(view: View, part: Input) -> str:
    """Show what was written, and the canonical value where that says more."""
    if words.as_canonical(part):
        return view.page.show(words.given(part))
    canonical = view.page.show(words.known(part))
    return f"{view.page.literal(part.as_written)} {view.page.glyphs.arrow} {canonical}"


def _derived(view: View, part: Fact) -> tuple[str, str, str]:
    value = view.page.show(words.known(part))
    return (part.label, value, "as reported" if part.given else _DERIVED)


def _stacked(view: View, rows: list[tuple[str, str, str]]) -> Iterator[Line]:
    for label, value, origin in rows:
        text = [(f"{label}: ", ""), (value, "bold"), (f" ({origin})", "dim")]
        yield from view.page.paragraph(text, first=(INDENT, ""), rest=(_TWICE, ""))


def _columns(view: View, rows: list[tuple[str, str, str]]) -> Iterator[Line]:
    """Set label, value and origin in columns; what is too long for its column goes on beneath or behind."""
    label_width = min(_LABEL, max(cells(label) for label, _, _ in rows))
    value_width = min(_VALUE, max(cells(value) for _, value, _ in rows))
    for label, value, origin in rows:
        start = padded(label, label_width) if cells(label) <= label_width else " " * label_width
        if cells(label) > label_width:
            yield from view.page.paragraph([(label, "")], first=(INDENT, ""))
        gap = GLUE * max(1, value_width + 2 - cells(value))
        text = [(f"{value}{gap if cells(value) <= value_width else ' '}", ""), (origin, "dim")]
        yield from view.page.paragraph(text, first=(f"{INDENT}{start}{INDENT}", ""))


def warnings(view: View) -> Iterator[Line]:
    """Show what to know before the answer is used."""
    if not view.assessment.warnings:
        return
    yield from heading(view, "Warnings")
    for part in view.assessment.warnings:
        code = f" ({view.page.literal(part.code)})" if view.full else ""
        text = [(view.page.show(part.message), ""), (code, "dim")]
        yield from view.page.paragraph(text, first=(f"{INDENT}! ", "bold"))


def references(view: View) -> Iterator[Line]:
    """List every source under its number: on a full page all of them, else those that were cited, in short."""
    if view.full:
        for name in view.assessment.references:
            view.numbers.of(name)
    cited = view.numbers.cited()
    if not cited:
        return
    yield from heading(view, "References")
    for number, name in cited.items():
        first = (padded(f"[{number}]", _NUMBER), "")
        known = view.assessment.references.get(name)
        if known is None:
            yield from view.page.paragraph([(view.page.literal(name), "")], first=first)
        else:
            yield from view.page.paragraph(_source(view, known), first=first)


def _source(view: View, known: Reference) -> list[Styled]:
    if view.full:
        return [
            (view.page.show(known.citation), ""),
            (f" {view.page.literal(citations.link(known))}", "dim"),
        ]
    parts, address = citations.short(known.citation), view.page.literal(citations.address(known))
    who, where = map(view.page.show, parts)
    room = view.page.width - _NUMBER
    if cells(f"{who} {where} {address}") > room:
        who = (
            ""
            if citations.is_found_without_title(known.citation)
            else view.page.literal(words.shortened(who, room - 1 - cells(where), cells))
        )
    return [(" ".join(part for part in (who, where) if part), ""), (f" {address}", "dim")]


def footer(view: View) -> Iterator[Line]:
    """Say which rules answered, so that the answer can be had again."""
    between = f" {view.page.glyphs.between} "
    parts = map(view.page.literal, words.origin(view.assessment))
    yield from view.page.paragraph([(between.join(parts), "dim")])
