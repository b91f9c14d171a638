"""A goal asked of one patient: each modifiable input alone, pairs, what stands in the way, the evidence beside it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from calcrisk.errors import Fault, UsageError
from calcrisk.printed import unit as printed_unit
from calcrisk.scenario import Evidence, Goal, Obstacle, Unmoved
from calcrisk.variables import registry
from calcrisk.whatif.changeable import kept
from calcrisk.whatif.cone import rules_of
from calcrisk.whatif.goals import Search, alone
from calcrisk.whatif.line import domain
from calcrisk.whatif.pairs import pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcrisk.assessment import Assessment
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.program import Rule
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.scenario import Pair, Reached
    from calcrisk.whatif.question import Question


def ask(patient: Patient | Record, book: Rulebook, before: Assessment, asked: Question, wanted: str) -> Goal:
    """Return what would reach a goal; ``before`` is the patient's assessment with every rule.

    Raises ``UsageError`` for a rulebook that does not say which inputs may change.
    """
    search = Search(patient, book, asked, wanted)
    if not search.entries:
        hint = "add a modifiable.yaml to it: see docs/what-if.md"
        message = f"{book.id} does not say which inputs a goal may change"
        raise UsageError([Fault(code="nothing-modifiable", message=message, path="--goal", hint=hint)])
    now = asked.answer(book, search.now)
    reached = asked.reached(now, wanted)
    return _searched(search, before, now) if not reached else _goal(search, now, reached=True)


def _goal(search: Search, now: str, *, reached: bool) -> Goal:
    asked = search.asked
    return Goal(asked.name, asked.label, search.wanted, now, reached, (), (), (), (), (), ())


def _searched(search: Search, before: Assessment, now: str) -> Goal:
    names = [name for name, entry in search.entries.items() if entry["modifiable"] and name in search.mentioned]
    movable = [name for name in names if search.unmovable(name) is None]
    found = {name: alone(search, name, before) for name in movable}
    singles = sorted((each for each in found.values() if each), key=lambda each: abs(each.relative))
    pairs = tuple(_pairs(search, movable, found))
    unmoved = [Unmoved(name, registry()[name].label, why) for name in names if (why := search.unmovable(name))]
    unmoved += [Unmoved(name, registry()[name].label, _nowhere(name)) for name in movable if found[name] is None]
    return _goal(search, now, reached=False)._replace(
        alone=tuple(singles),
        pairs=pairs,
        unmoved=tuple(unmoved),
        obstacles=() if singles or pairs else tuple(_obstacles(search, before)),
        kept=tuple(kept(search.entries, [name for name in search.given if name in search.mentioned])),
        evidence=tuple(_evidence(search, movable, before)),
    )


def _pairs(search: Search, movable: Sequence[str], found: dict[str, Reached | None]) -> Iterator[Pair]:
    """Give the pairs that are nearer than either of their inputs alone."""
    for first, second in combinations(movable, 2):
        nearest = [_exactly(each) for name in (first, second) if (each := found[name])]
        if (both := pair(search, first, second, min(nearest, default=_farthest(search, first, second)))) is not None:
            yield both


def _exactly(each: Reached) -> float:
    return abs(each.edge - each.now) / each.now  # before it was rounded


def _farthest(search: Search, *names: str) -> float:
    """Return the relative change beyond which nothing is read any more."""
    return sum(max(abs(end / search.value(name) - 1) for end in domain(name)) for name in names)


def _nowhere(name: str) -> str:
    low, high = domain(name)
    return (
        f"no value from {low:g} to {high:g} {printed_unit(registry()[name].unit or '')}".rstrip() + " reaches it alone"
    )


def _obstacles(search: Search, before: Assessment) -> Iterator[Obstacle]:
    """Give the rules that held wherever anything was moved to, and that keep the goal away by themselves."""
    rules = search.book.walk.program.rules
    yield from _row(search, before)
    always = set(search.now.met).intersection(*(found.met for found in search.seen))
    own = {rule.id for rule in rules_of(search.book.walk.program, search.asked.axes(search.book))}
    standing = [rules[at] for at in sorted(always) if rules[at].id in own]
    said = {finding.rule: finding for finding in before.findings}
    highest = _highest_first([rule for rule in standing if _keeps_away(search, rule)] or standing)
    for rule in highest:
        finding = said[rule.id]
        yield Obstacle(rule.id, finding.title, finding.level, finding.because)


def _row(search: Search, before: Assessment) -> Iterator[Obstacle]:
    """Give the row of the class table that answered wherever anything was moved to: rows beneath it are not reached."""
    if search.asked.tier is None and len({found.row for found in search.seen}) == 1:
        told = before.conclusion
        yield Obstacle(told.row, f"The class is that of {told.label}", "class table", told.sentence)


def _highest_first(rules: list[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: -rule.level)


def _keeps_away(search: Search, rule: Rule) -> bool:
    """Tell whether this rule's level alone, with every other mechanism at rest, already misses a wanted tier."""
    if search.asked.tier is None:
        return False
    levels = [0] * search.book.walk.program.mechanisms
    levels[rule.mechanism] = rule.level
    told = search.book.walk.tables.read(search.now.env, levels, levels).tiers[search.asked.tier][1]
    return not search.asked.reached(search.asked.answers[told.tier], search.wanted)


def _evidence(search: Search, movable: Sequence[str], before: Assessment) -> Iterator[Evidence]:
    """Give the levers of this patient that speak of changing an input."""
    shown = {lever.lever: lever for lever in before.levers}
    for name in movable:
        entry = search.entries[name]
        levers = tuple(shown[lever] for lever in entry["levers"] if lever in shown)
        yield Evidence(name, registry()[name].label, entry["why"], levers)
