"""Rules of one mechanism over the same quantity: the bands they cut it into, and conditions that stand twice."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

from calcrisk.rules import expression as ex
from calcrisk.rules.linting.finding import Found
from calcrisk.rules.linting.writing import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.rules.linting.finding import Book
    from calcrisk.rules.program import Program


class Band(NamedTuple):
    """Where one rule holds: from ``low`` to ``high``, each end belonging to it or not."""

    low: float
    high: float
    low_in: bool
    high_in: bool
    level: int
    at: int  # the rule's place
    id: str

    @property
    def ends(self) -> tuple[float, float, bool, bool]:
        """Where it begins and ends."""
        return self.low, self.high, self.low_in, self.high_in

    def begins_after(self, other: Band) -> bool:
        """Tell whether something lies between the other's end and this one's beginning, be it one number."""
        return self.low > other.high or (self.low == other.high and not self.low_in and not other.high_in)

    def begins_within(self, other: Band) -> bool:
        """Tell whether both hold somewhere."""
        return self.low < other.high or (self.low == other.high and self.low_in and other.high_in)


def bands(book: Book) -> Iterator[Found]:
    """Find gaps between bands, overlaps, and numbers that stand at two levels."""
    for quantity, group in _groups(book.program):
        yield from _same_number(quantity, group, book.program)
        yield from _order(quantity, group)
        yield from _neighbours(quantity, sorted(group))


def same_condition(book: Book) -> Iterator[Found]:
    """Find conditions that stand in two rules of one mechanism."""
    formulas = _formulas(book.program)
    first: dict[tuple[int, frozenset[ex.Node]], int] = {}
    for at, rule in enumerate(book.program.rules):
        key = (rule.mechanism, frozenset(_parts(rule.when.node, formulas)))
        if key in first:
            other = book.program.rules[first[key]]
            levels = "the same level" if other.level == rule.level else "another level"
            message = f"asks the same as {other.id!r}, at {levels} of the same mechanism"
            yield Found("same-condition", ("rules", at, "when"), message)
        first.setdefault(key, at)


def _groups(program: Program) -> Iterator[tuple[str, list[Band]]]:
    """Bands of rules that ask the same but for the limits of one quantity."""
    formulas = _formulas(program)
    found: dict[tuple[int, ex.Node, frozenset[ex.Node]], list[Band]] = defaultdict(list)
    for at, rule in enumerate(program.rules):
        parts = _parts(rule.when.node, formulas)
        limits = [part for part in parts if _is_limit(part, program)]
        quantities = {part.left for part in limits if isinstance(part, ex.Comparison)}
        for quantity in quantities:
            own = [part for part in limits if isinstance(part, ex.Comparison) and part.left == quantity]
            rest = frozenset(part for part in parts if part not in own)
            found[rule.mechanism, quantity, rest].append(_band(own, rule.level, at, rule.id))
    yield from ((written(quantity), group) for (_, quantity, _), group in found.items() if len(group) > 1)


def _formulas(program: Program) -> Mapping[str, ex.Node]:
    yesno = (step for step in program.steps if step.value and program.symbols[step.name].kind == "yesno")
    return {step.name: step.value.node for step in yesno if step.value and not step.valid}


def _parts(node: ex.Node, formulas: Mapping[str, ex.Node]) -> list[ex.Node]:
    """What all must hold, facts that are themselves such lists or comparisons opened."""
    if isinstance(node, ex.And):
        return [part for item in node.items for part in _parts(item, formulas)]
    if isinstance(node, ex.Name) and isinstance(formulas.get(node.name), ex.And | ex.Comparison):
        return _parts(formulas[node.name], formulas)
    return [node]


def _is_limit(part: ex.Node, program: Program) -> bool:
    if not isinstance(part, ex.Comparison) or not isinstance(part.right, ex.Constant):
        return False
    is_choice = isinstance(part.left, ex.Name) and program.symbols[part.left.name].kind != "number"
    return part.operator in {">=", ">", "<", "<="} and not is_choice


def _band(limits: Iterable[ex.Comparison], level: int, at: int, name: str) -> Band:
    low, high, low_in, high_in = -math.inf, math.inf, True, True
    for limit in limits:
        value = limit.right.value if isinstance(limit.right, ex.Constant) else math.nan
        if limit.operator in {">=", ">"} and value >= low:
            low, low_in = value, limit.operator == ">="
        elif limit.operator in {"<", "<="} and value <= high:
            high, high_in = value, limit.operator == "<="
    return Band(low, high, low_in, high_in, level, at, name)


def _same_number(quantity: str, group: list[Band], program: Program) -> Iterator[Found]:
    formulas = _formulas(program)
    conditions = {band.at: frozenset(_parts(program.rules[band.at].when.node, formulas)) for band in group}
    for one, two in combinations(group, 2):
        if conditions[one.at] == conditions[two.at]:
            continue  # said of the condition as a whole
        if one.ends == two.ends and one.level != two.level:
            message = f"{quantity} has the same limit as in {one.id!r}, at another level"
            yield Found("same-number", ("rules", two.at, "when"), message, needle=quantity)


def _order(quantity: str, group: Iterable[Band]) -> Iterator[Found]:
    """Find a rule that never counts: another of a higher level holds wherever it does."""
    for one, two in combinations(group, 2):
        for inner, outer in ((one, two), (two, one)):
            if inner.level < outer.level and inner.ends != outer.ends and _lies_within(inner, outer):
                message = f"never counts: {outer.id!r} is of a higher level and holds wherever this one does"
                yield Found("bands-reversed", ("rules", inner.at, "when"), message, needle=quantity)


def _lies_within(inner: Band, outer: Band) -> bool:
    above = inner.low > outer.low or (inner.low == outer.low and (outer.low_in or not inner.low_in))
    below = inner.high < outer.high or (inner.high == outer.high and (outer.high_in or not inner.high_in))
    return above and below


def _neighbours(quantity: str, group: list[Band]) -> Iterator[Found]:
    for one, two in pairwise(group):
        if math.isinf(one.high):
            continue  # it holds as well where the next one does, and the higher level counts
        route = ("rules", two.at, "when")
        if two.begins_after(one):
            message = f"between {one.id!r} (up to {one.high:g}) and this one (from {two.low:g}) {quantity} has no rule"
            yield Found("band-gap", route, message, needle=quantity)
        elif not math.isinf(two.low) and two.begins_within(one):
            message = f"overlaps {one.id!r}, which holds up to {one.high:g}, from {two.low:g} on"
            yield Found("band-overlap", route, message, needle=quantity)
