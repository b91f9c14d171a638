"""The first screen of the terminal explanation: alerts, class, tiers, product and mechanisms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.render import chosen, gauge, words
from calcrisk.render.citations import Numbers
from calcrisk.render.layout import GLUE, cells, joined, length, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.assessment import Assessment, Citation, Clause, Consideration, TierRange
    from calcrisk.render.layout import Line, Page, Styled
    from calcrisk.render.words import Measured

INDENT = "  "
_LABEL = 22  # the widest label that keeps a column of its own
_TIERS = "Risk tiers"
_MECHANISMS = f"Mechanisms: {' < '.join(words.LEVELS)}"
_GAP = 3  # columns between two blocks, or around the columns of one
_NAME = 15  # columns before a bar
_GAUGE = 41  # the longest bar; odd, so that the tick has a middle
_SHORTEST = 19  # a bar shorter than this says nothing: the numbers then stand beneath it


class View(NamedTuple):
    """An assessment on a page, whole or short, with the numbers given and the claims quoted so far."""

    assessment: Assessment
    page: Page
    numbers: Numbers
    full: bool
    quoted: set[str]

    @classmethod
    def of(cls, assessment: Assessment, page: Page, *, full: bool = False) -> View:
        """Look at an assessment from the beginning: no number given, no claim quoted."""
        return cls(assessment, page, Numbers(assessment.references), full, set())

    def marks(self, *cited: Citation) -> list[Styled]:
        """Give the reference numbers, glued to the word before them."""
        marks = self.numbers.marks(cited).replace(" ", GLUE)
        return [(f"{GLUE}{marks}", "dim")] if marks else []


def heading(view: View, text: str) -> Iterator[Line]:
    """Open a section: its title, and a thin rule to the edge of the page."""
    lines = list(view.page.paragraph([(view.page.show(text), "bold")]))
    rule = view.page.glyphs.track * (view.page.width - length(lines[-1]) - 1)
    yield from lines[:-1]
    yield [*lines[-1], (f" {rule}", "dim")]


def alerts(view: View) -> Iterator[Line]:
    """Show what must not wait, above all else."""
    for alert in view.assessment.alerts:
        edge = (f"{view.page.glyphs.edge} ", "bold red")
        yield from view.page.paragraph(
            [("ALERT: ", "bold red"), (view.page.show(alert.title), "bold")], first=edge, rest=edge
        )
        for spans in considered(view, alert):
            yield from view.page.paragraph(spans, first=edge, rest=edge)


def considered(view: View, shown: Consideration) -> Iterator[list[Styled]]:
    """Give the reasons of a pattern, the last one with its references."""
    last = len(shown.because) - 1
    for position, reason in enumerate(shown.because):
        yield [(view.page.show(reason), ""), *(view.marks(*shown.evidence) if position == last else [])]
    if shown.next:
        yield [("Ask next: ", "bold"), (view.page.show(shown.next), "")]
    for citation in shown.against:
        known = view.assessment.references.get(citation.id)
        claim = [(view.page.show(words.objection(known)), "")] if known else []
        yield [("Against it: ", "dim"), *claim, *view.marks(citation)]
    if shown.basis == "design-choice":
        yield [(f"({words.DESIGN_CHOICE} of this rulebook)", "dim")]


def conclusion(view: View) -> Iterator[Line]:
    """Say the class in one sentence, what else it could be, and where that was decided."""
    page, said = view.page, view.assessment.conclusion
    yield from identity(view)
    yield []
    yield from page.paragraph([(page.show(f"{said.headline}."), "bold"), *view.marks(*_some(view, said.evidence))])
    if said.clauses:
        yield from page.paragraph(_added(view, said.clauses))
    standing = f"{words.standing(view.assessment)} {words.deciding(view.assessment)}".rstrip()
    yield from page.paragraph([(f"{page.show(standing)} ", ""), *_decided(view)])


def _added(view: View, clauses: tuple[Clause, ...]) -> Iterator[Styled]:
    """Set what is added to the class behind each other, each with its own sources."""
    for place, clause in enumerate(clauses):
        text = clause.say if place else f"{clause.say[:1].upper()}{clause.say[1:]}"
        end = "." if place == len(clauses) - 1 else ";"
        yield (f"{' ' if place else ''}{view.page.show(text)}{end}", "")
        yield from view.marks(*clause.evidence)


def _some(view: View, cited: tuple[Citation, ...]) -> tuple[Citation, ...]:
    return cited if view.full else cited[: chosen.CITED]


def identity(view: View) -> Iterator[Line]:
    """Say whose answer it is: the id, the file, the day."""
    shown = view.assessment
    known = [shown.source, f"as of {shown.as_of}" if shown.as_of else None]
    rest = "".join(f" {view.page.glyphs.between} {view.page.literal(part)}" for part in known if part)
    yield from view.page.paragraph(
        [(view.page.literal(shown.patient.id or "Patient without an id"), ""), (rest, "dim")]
    )


def _decided(view: View) -> Iterator[Styled]:
    said = view.assessment.conclusion
    basis = f", a {words.DESIGN_CHOICE}" if said.basis == "design-choice" else ""
    if view.full:
        yield (f"Class: {view.page.show(said.label)}. ", "dim")
    yield (f"Decided by {view.page.literal(said.row)}{basis}", "dim")
    if said.against:
        yield ("; argued against by", "dim")
        yield from view.marks(*said.against)


def levels(view: View) -> Iterator[Line]:
    """Show tiers and mechanisms, beside each other where both fit, and the safety notice beneath the tiers."""
    left, right = _Block(_TIERS, list(_tiers(view))), _Block(_MECHANISMS, list(_mechanisms(view)))
    column = left.width + _GAP
    if column + right.width <= view.page.width:
        yield from view.page.beside(left.lines(view, left.width), right.lines(view, view.page.width - column), column)
        yield from _notice(view)
    else:
        yield from left.lines(view, view.page.width)
        yield from _notice(view)
        yield []
        yield from right.lines(view, view.page.width)


class _Block(NamedTuple):
    """A titled group of bars."""

    title: str
    rows: list[Line]

    @property
    def width(self) -> int:
        return max(cells(self.title), *map(length, self.rows)) if self.rows else cells(self.title)

    def lines(self, view: View, width: int) -> list[Line]:
        return [*heading(view._replace(page=view.page.narrower(width)), self.title), *self.rows]


def _tiers(view: View) -> Iterator[Line]:
    risk = view.assessment.risk
    parts = (risk.metastatic, risk.dystrophic, risk.vascular)
    return _bars(view, [(part.label, _tier_bar(view, part), _tier_words(part)) for part in parts])


def _mechanisms(view: View) -> Iterator[Line]:
    signs, parts = view.page.glyphs, view.assessment.mechanisms.values()
    rows = [
        (part.label, gauge.steps(part.level, part.highest, words.LEVELS, signs), _strong(part.level, words.level(part)))
        for part in parts
    ]
    return _bars(view, rows)


def _notice(view: View) -> Iterator[Line]:
    yield from view.page.paragraph([(view.page.show(view.assessment.notice), "italic")], first=(INDENT, ""))


def _tier_bar(view: View, shown: TierRange) -> Line:
    if not shown.assessed or shown.tier is None:
        return gauge.no_steps(len(words.TIERS))
    return gauge.steps(shown.tier, shown.highest or shown.tier, words.TIERS, view.page.glyphs)


def _tier_words(shown: TierRange) -> Line:
    if not shown.assessed or shown.tier is None:
        return [(words.tier(shown), "dim")]
    return _strong(shown.tier, words.tier(shown))


def _strong(at: str, text: str) -> Line:
    known = words.word(at)
    return [(known, "bold"), (text.removeprefix(known), "")]


def _bars(view: View, rows: Iterable[tuple[str, Line, Line]]) -> Iterator[Line]:
    """Set label, bar and words in columns; a label too long for its column takes a line of its own."""
    shown = [(view.page.show(label), bar, said) for label, bar, said in rows]
    widest = max((cells(label) for label, _, _ in shown if cells(label) <= _LABEL), default=0)
    for label, bar, said in shown:
        if cells(label) > widest:
            yield from view.page.paragraph([(label, "")], first=(INDENT, ""))
        start = padded(label if cells(label) <= widest else "", widest)
        before: Line = [(f"{INDENT}{start}{INDENT}", ""), *bar, (INDENT, "")]
        first, *rest = view.page.narrower(view.page.width - length(before)).paragraph(said)
        yield [*before, *first]
        yield from ([(" " * length(before), ""), *line] for line in rest)


def product(view: View) -> Iterator[Line]:
    """Show the product against its threshold, uncorrected and corrected, with what must be said beside it."""
    shown, page = view.assessment.ca_p_product, view.page
    yield from heading(view, f"{words.PRODUCT} product against {words.threshold(shown)}")
    yield from _gauges(view)
    if shown.disagree:
        yield from page.paragraph([(page.show(words.disagreement(shown)), "bold")], first=(INDENT, ""))
    notes = [page.show(note) for note in shown.notes]
    if view.full:
        for note in notes:
            yield from page.paragraph([(note, "")], first=(INDENT, ""))
        yield from page.paragraph(_product_sources(view), first=(INDENT, ""))
    elif words.uncorrected(shown):
        yield from page.paragraph([(f"{' '.join(notes)} ", ""), *_product_sources(view)], first=(INDENT, ""))


def _product_sources(view: View) -> Iterator[Styled]:
    shown = view.assessment.ca_p_product
    against = shown.against if view.full or chosen.exceeds(view.assessment) else ()
    for label, cited in (("Threshold from", shown.evidence), ("Argued against by", against)):
        if cited:
            yield from ((label, "dim"), *view.marks(*cited), (". ", "dim"))


def _gauges(view: View) -> Iterator[Line]:
    """Draw both products on one scale; one that cannot be computed says so."""
    shown = view.assessment.ca_p_product
    plain, corrected = words.uncorrected(shown), words.corrected(shown)
    named = (("as reported" if shown.given else "uncorrected", plain), ("corrected", corrected))
    if not plain:
        yield from view.page.paragraph([(view.page.show(words.no_product(shown)), "bold")], first=(INDENT, ""))
    yield from _scale(view, {name: _literal(view, part) for name, part in named if part})
    if plain and not corrected:
        yield [(f"{padded(f'{INDENT}corrected', _NAME)}cannot be computed from what is known", "dim")]


def _literal(view: View, part: Measured) -> Measured:
    return part._replace(text=view.page.literal(part.text), si=view.page.literal(part.si))


def _scale(view: View, drawn: dict[str, Measured]) -> Iterator[Line]:
    """Draw the bars with their numbers behind them, or beneath them when the page is narrow; then the axis."""
    if not drawn:
        return
    columns = (max(cells(part.text) for part in drawn.values()), max(cells(part.si) for part in drawn.values()))
    behind = sum(columns) + len("  at or above") + _GAP
    stacked = view.page.width - _NAME - behind < _SHORTEST
    room = view.page.width - _NAME - (0 if stacked else behind)
    width = min(_GAUGE, room - 1 + room % 2)
    for name, part in drawn.items():
        yield from _drawn(view, name, part, width, None if stacked else columns)
    yield [(f"{' ' * _NAME}{gauge.axis(view.assessment.ca_p_product.threshold, width)}", "dim")]


def _drawn(view: View, label: str, part: Measured, width: int, columns: tuple[int, int] | None) -> Iterator[Line]:
    limit = view.assessment.ca_p_product.threshold
    bar = gauge.between((part.lowest, part.highest), limit, width, view.page.glyphs, reached=part.reached)
    name: Styled = (padded(f"{INDENT}{label}", _NAME), "")
    verdict: Styled = (words.side(part.reached), "bold" if part.reached else "")
    if columns:
        numbers: Line = [(padded(part.text, columns[0]), "bold"), (f"  {padded(part.si, columns[1])}  ", "")]
        yield joined([name, *bar, (INDENT, ""), *numbers, verdict])
    else:
        yield joined([name, *bar])
        text: Line = [(part.text, "bold"), (f", {part.si}, " if part.si else ", ", ""), verdict]
        yield from view.page.paragraph(text, first=(" " * _NAME, ""))
