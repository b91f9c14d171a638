"""Every case of every rule, answered by the whole engine; and which edges and silences no case tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk.errors import InputError
from calcrisk.rules import expression as ex
from calcrisk.rules.closures import bounded, exact
from calcrisk.rules.linting.finding import Found, Tried
from calcrisk.rules.linting.writing import written
from calcrisk.rules.logic import Span, compare, of_limit, of_two
from calcrisk.rules.overflow import widest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calcrisk.rules.filling import Stated
    from calcrisk.rules.linting.finding import Book
    from calcrisk.rules.program import Program, Rule
    from calcrisk.rules.scalar import Walk

    Reader = Callable[[Mapping[str, Any]], Mapping[str, Stated]]  # what a case gives, as any patient is read

_SAID: Final = {"met": "it holds", "not_met": "it does not hold", "unknown": "it cannot be told"}
_ORDERED: Final = frozenset({">=", ">", "<", "<="})


def try_all(rules: Iterable[Mapping[str, Any]], walk: Walk, read: Reader) -> Iterator[Tried]:
    """Run each case."""
    for at, rule in enumerate(rules):
        for number, case in enumerate(rule["cases"]):
            evaluation, fault = None, None
            try:
                evaluation = walk.evaluate(read(case["given"]))
            except InputError as error:
                fault = "; ".join(each.message for each in error.faults)
            yield Tried(at, number, case["given"], case["expect"], evaluation, fault)


def answers(book: Book) -> Iterator[Found]:
    """Find the cases that cannot be read, or are answered otherwise than they expect."""
    for tried in book.tried:
        route = ("rules", tried.rule, "cases", tried.case)
        if tried.fault:
            yield Found("case-unreadable", route, f"what the case gives cannot be read: {tried.fault}")
        elif (status := tried.status()) and status != tried.expect:
            message = f"the case expects that {_SAID[tried.expect]}, and {_SAID[status]}"
            yield Found("case-fails", route, message, needle=f"expect: {tried.expect}")


def repeated(book: Book) -> Iterator[Found]:
    """Find a case that gives the same as one before it."""
    seen: set[tuple[int, str]] = set()
    for tried in book.tried:
        key = (tried.rule, repr(sorted(tried.given.items())))
        if key in seen:
            message = "gives the same as an earlier case of this rule"
            yield Found("duplicate-case", ("rules", tried.rule, "cases", tried.case), message)
        seen.add(key)


def coverage(book: Book) -> Iterator[Found]:
    """Find the rules whose cases leave an answer, an edge or a silence untried."""
    asked = {name for name, entry in book.program.inputs.items() if entry.spec["ask"] != "volunteered"}
    wide = widest(book.program)
    for at, rule in enumerate(book.program.rules):
        own = [tried for tried in book.tried if tried.rule == at and tried.evaluation]
        expected = {tried.expect for tried in own}
        for status in ("met", "not_met"):
            if status not in expected:
                yield Found("one-sided-cases", ("rules", at, "cases"), f"no case in which {_SAID[status]}")
        yield from _edges(at, rule, own, book.program, wide)
        if "unknown" not in expected and not rule.when.mentions.isdisjoint(asked):
            message, hint = "no case with an input missing", "leave one out that is asked for, and expect unknown"
            yield Found("no-missing-case", ("rules", at, "cases"), message, hint)


def silence(book: Book) -> Iterator[Found]:
    """Find rules that hold of a patient of whom nothing is known: no silence may speak for calcification."""
    for at, status in enumerate(book.silent.statuses):
        if status:
            message = "holds of a patient of whom nothing is known"
            yield Found("holds-in-silence", ("rules", at, "when"), message)


def _edges(at: int, rule: Rule, own: list[Tried], program: Program, wide: Sequence[Any]) -> Iterator[Found]:
    for comparison in numeric(rule.when.node, program, wide):
        sides = [pair for tried in own if (pair := _sides(comparison, tried, program))]
        text = written(comparison)
        on_edge = [pair for pair in sides if _equal(comparison, *pair)]
        if not on_edge:
            yield Found("no-edge-case", ("rules", at, "when"), f"no case stands on the edge of {text}", needle=text)
        slack = of_limit if isinstance(comparison.right, ex.Constant) else of_two
        truths = {compare(comparison.operator, *pair, slack) for pair in sides if not _equal(comparison, *pair)}
        wanted = comparison.operator not in {">=", "<="}
        if wanted not in truths:
            message = f"no case stands beyond the edge, where {text} {'holds' if wanted else 'does not hold'}"
            yield Found("no-case-beside", ("rules", at, "when"), message, needle=text)


def facts_on_edges(book: Book) -> Iterator[Found]:
    """Find the yes/no facts that rules read and of which no case of any rule stands on an edge."""
    places = {fact["name"]: at for at, fact in enumerate(book.data["facts"])}
    read = _read_by_rules(book.program)
    runs, wide = [tried for tried in book.tried if tried.evaluation], widest(book.program)
    for step in book.program.steps:
        if step.value is None or step.name not in read or book.program.symbols[step.name].kind != "yesno":
            continue
        for comparison in numeric(step.value.node, book.program, wide):
            pairs = (_sides(comparison, tried, book.program) for tried in runs)
            if not any(_equal(comparison, *pair) for pair in pairs if pair):
                text = written(comparison)
                message = f"no case of any rule stands on the edge of {text}"
                yield Found("fact-without-edge-case", ("facts", places[step.name], "formula"), message, needle=text)


def _read_by_rules(program: Program) -> frozenset[str]:
    """The facts that the rules read, through other facts as well."""
    formulas = {step.name: ex.names(step.value.node) for step in program.steps if step.value}
    read, todo = set[str](), [name for rule in program.rules for name in ex.names(rule.when.node)]
    while todo:
        name = todo.pop()
        if name in formulas and name not in read:
            read.add(name)
            todo += formulas[name]
    return frozenset(read)


def numeric(node: ex.Node, program: Program, wide: Sequence[Any]) -> Iterator[ex.Comparison]:
    """Every comparison of two quantities for more or less whose edge some patient can stand on.

    Words of a choice are no quantities; and ``calcium > 0`` only asks whether there is one.
    """
    for part in dict.fromkeys(ex.walk(node)):
        if not isinstance(part, ex.Comparison) or part.operator not in _ORDERED:
            continue
        named = [side for side in (part.left, part.right) if isinstance(side, ex.Name)]
        if any(program.symbols[side.name].kind != "number" for side in named):
            continue
        whole = bounded(part.left, program.slots)(wide)
        limit = part.right.value if isinstance(part.right, ex.Constant) else None
        if limit is None or not isinstance(whole, Span) or whole.lo <= limit <= whole.hi:
            yield part


def _sides(comparison: ex.Comparison, tried: Tried, program: Program) -> tuple[float, float] | None:
    """Return what is compared for one case; None where either side is unknown, absent or within bounds."""
    if tried.evaluation is None or tried.evaluation.inexact:
        return None
    sides = [exact(side, program.slots)(tried.evaluation.env) for side in (comparison.left, comparison.right)]
    left, right = (side if isinstance(side, int | float) and side == side else None for side in sides)  # noqa: PLR0124  # NaN, absent, differs from itself
    return None if left is None or right is None else (float(left), float(right))


def _equal(comparison: ex.Comparison, left: float, right: float) -> bool:
    return compare("==", left, right, of_limit if isinstance(comparison.right, ex.Constant) else of_two)
