"""What would reach a goal: for each modifiable number alone the nearest value, with everything else as it is.

Pieces between the turns of the rules are tried from the patient's own value outwards, so the first that reaches the
goal is the nearest there is. What is printed is rounded towards where the goal is kept, and confirmed by an assessment.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.assessing import assess
from calcrisk.errors import InputError
from calcrisk.scenario import Reached
from calcrisk.units import find, measure
from calcrisk.variables import registry
from calcrisk.whatif.changeable import entries
from calcrisk.whatif.cone import holders
from calcrisk.whatif.courses import courses
from calcrisk.whatif.difference import moved
from calcrisk.whatif.line import Line, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.assessment import Assessment
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.scalar import Evaluation
    from calcrisk.whatif.question import Question

_DIGITS: Final = 9  # significant digits of the value at which the rules turn
_IMPLIED: Final = "implied "  # how the holder of an implication begins


class Region(NamedTuple):
    """Values that reach the goal: from ``edge``, the nearest to the patient's own, as far as ``until``."""

    edge: float
    until: float

    @property
    def falls(self) -> bool:
        """Whether the values lie below the patient's own."""
        return self.until <= self.edge


class Search:
    """One patient, one rulebook, one goal: what the search for single inputs and for pairs shares."""

    def __init__(self, patient: Patient | Record, book: Rulebook, asked: Question, wanted: str) -> None:
        """Take a goal that was read (``question.goal_of``)."""
        self.patient, self.book, self.asked, self.wanted = patient, book, asked, wanted
        self.given = dict(patient.given)
        self.now = book.evaluate(self.given)
        self.seen: list[Evaluation] = [self.now]  # everything that was tried: what always holds stands in the way

    @cached_property
    def entries(self) -> Mapping[str, Spec]:
        """What the rulebook says of changing each input."""
        return entries(self.book)

    @cached_property
    def holders(self) -> dict[str, None]:
        """What holds the conditions behind the question."""
        return holders(self.book.walk.program, self.asked.axes(self.book), self.asked.gate(self.book))

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The inputs behind the question."""
        program = self.book.walk.program
        rules = [rule.when.mentions for rule in program.rules if rule.id in self.holders]
        steps = [program.leaves.get(step.name, frozenset()) for step in program.steps if step.name in self.holders]
        derived = [name for name in self.given if name in self.holders]  # stated, it stands before what it follows from
        return frozenset[str]().union(derived, *rules, *steps)

    def reaches(self, found: Evaluation) -> bool:
        """Tell whether an evaluation reaches the goal; it is remembered."""
        self.seen.append(found)
        return self.asked.reached(self.asked.answer(self.book, found), self.wanted)

    def value(self, name: str) -> float:
        """Return the patient's own number."""
        return float(self.given[name].value)  # type: ignore[arg-type]  # `unmovable` saw that it is one

    def unmovable(self, name: str) -> str | None:
        """Say why a modifiable input cannot be moved for this patient or question; None where it can."""
        program = self.book.walk.program
        stated = self.given.get(name)
        if stated is None or stated.value is None:
            return "not stated, so there is no value to change"
        if not isinstance(stated.value, float):
            return "known within bounds only, so there is no value to change"
        if stated.value == 0:
            return "0 today, so no change of it has a size"
        if name in {other for flag in program.rejects if flag in self.given for other in program.rejects[flag]} and (
            self.now.env[program.inputs[name].slot] is None
        ):
            return "not read, since its sample is unfit or may be"
        status = registry().companions.get((name, "status"))
        if status is not None and status.name in self.given:
            return f"stated as a number and as a word ({status.label}), so a number alone says something else"
        return self.unproved(name)

    def unproved(self, name: str) -> str | None:
        """Say which proof is missing for an input behind this question; None where none is."""
        turns = list(courses(self.book, name).turns(self.holders))
        for turn in turns:
            if turn.why:
                return f"not proved to turn once: {turn.why}"
            if turn.holder.startswith(_IMPLIED):
                return f"not proved: {turn.holder.removeprefix(_IMPLIED)} follows from it"
        return None if turns else "no rule behind this question reads it as a number"

    def line(self, name: str) -> Line:
        """Return the line of an input that can be moved."""
        return Line(self.book, self.given, name, courses(self.book, name).turns(self.holders))

    def region(self, line: Line, **others: float) -> Region | None:
        """Return the nearest values on a line that reach the goal, or None."""
        now = self.value(line.name)
        pieces = line.pieces(**others)
        good: dict[Piece, bool] = {}

        def reaches(piece: Piece) -> bool:
            if piece not in good:
                good[piece] = self.reaches(line.at(piece.nearest(now), **others))
            return good[piece]

        for piece in sorted(pieces, key=lambda each: (abs(each.nearest(now) - now), each.low)):
            if reaches(piece):
                edge, at = piece.nearest(now), pieces.index(piece)
                step = -1 if edge < now or (edge == now and piece.high <= now) else 1
                while 0 <= at + step < len(pieces) and reaches(pieces[at + step]):
                    at += step
                return Region(edge, pieces[at].low if step < 0 else pieces[at].high)
        return None

    def confirmed(self, **texts: str) -> Assessment | None:
        """Assess the patient anew with these values as they are printed; None unless that reaches the goal."""
        try:
            changed = self.patient.changed(texts)
        except InputError:
            return None
        found = self.book.evaluate(changed.given)
        told = assess(changed, self.book, every_rule=True)
        return told if self.asked.reached(self.asked.answer(self.book, found), self.wanted) else None


def alone(search: Search, name: str, before: Assessment) -> Reached | None:
    """Return the smallest change of one input that reaches the goal, or None when no value of it does."""
    line = search.line(name)
    region = search.region(line)
    if region is None:
        return None
    variable = registry()[name]
    for text in printed(region, variable.digits):
        if (after := search.confirmed(**{name: text})) is not None:
            now, value = search.value(name), float(text)
            return Reached(
                input=name,
                label=variable.label,
                unit=variable.unit,
                now=now,
                value=value,
                text=text,
                edge=nine_digits(region),
                side="at most" if region.falls else "at least",
                until=region.until,
                at_limit=region.until in (line.low, line.high),
                relative=(value - now) / now,
                plausible=variable.plausible is None or variable.plausible[0] <= value <= variable.plausible[1],
                in_written_unit=_as_written(search, name, region),
                turns=tuple(moved(before, after)),
                could_be=_could_be(search, after),
                begins=_begun(before, after),
            )
    return None


def printed(region: Region, digits: int) -> Iterator[str]:
    """Give the edge of a region with so many decimals, then more, each rounded into it and still inside."""
    for decimals in range(digits, _DIGITS + 1):
        text = rounded(region, Decimal(1).scaleb(-decimals))
        if _inside(float(text), region):
            yield text


def nine_digits(region: Region) -> float:
    """Return the edge of a region to nine significant digits, rounded into it."""
    value = float(rounded(region, Decimal(1).scaleb(Decimal(repr(region.edge)).adjusted() - _DIGITS + 1)))
    return value if _inside(value, region) else region.edge


def rounded(region: Region, step: Decimal) -> str:
    """Round the edge of a region to a step, into the region, as text."""
    way = ROUND_FLOOR if region.falls else ROUND_CEILING
    return f"{Decimal(repr(region.edge)).quantize(step, rounding=way):f}"


def _begun(before: Assessment, after: Assessment) -> tuple[str, ...]:
    facts = before.facts
    return tuple(
        fact.label for name, fact in after.facts.items() if fact.value is True and facts[name].value is not True
    )


def _could_be(search: Search, after: Assessment) -> str | None:
    """Return the highest tier that is still possible, where it misses the goal."""
    if search.asked.tier is None:
        return None
    highest: str | None = getattr(after.risk, search.asked.name).highest
    return None if highest is None or search.asked.reached(highest, search.wanted) else highest


def _inside(value: float, region: Region) -> bool:
    return min(region) <= value <= max(region)


def _as_written(search: Search, name: str, region: Region) -> str | None:
    """Return the edge in the unit that the patient's own value was written in, rounded into the region."""
    variable = registry()[name]
    written = measure(search.given[name].as_written)
    unit = find(variable, written.unit) if written is not None and written.unit else None
    if unit is None or unit.factor == 1:
        return None
    there = Region(region.edge / unit.factor, region.until / unit.factor)
    for text in printed(there, variable.digits + 1):  # a finer unit is never used: one decimal more keeps what it says
        if search.confirmed(**{name: f"{text} {unit.name}"}) is not None:
            return f"{text} {unit.name}"
    return None
