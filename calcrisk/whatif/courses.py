"""A proof, by structure and interval arithmetic, of how each quantity of a rulebook moves with one of its inputs.

While one number rises and all else stays, a quantity that is proved here rises, falls or stays, so that each comparison
of it turns at one value only, and bisection finds that value. What is not proved carries the reason. Nothing here looks
at a patient: a proof holds for everyone within the hard limits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import bounded
from calcrisk.rules.logic import Span, span_of
from calcrisk.rules.overflow import widest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.rules.program import Program, Step
    from calcrisk.rules.rulebook import Rulebook

EITHER: Final = 2  # one way throughout, and which of the two hangs on the patient
_KEPT: Final = 64  # proofs that are kept: rulebooks times inputs


class Course(NamedTuple):
    """How a quantity moves while the input rises: ``way`` 1 rises, -1 falls, 0 stays, ``EITHER`` one of the first two.

    ``stepped``: it jumps where some comparison turns, and stays in between. ``why``: it is not proved, for this reason.
    """

    way: int
    stepped: bool = False
    why: str | None = None


STILL: Final = Course(0)
_STEPPED: Final = Course(0, stepped=True)


class Turn(NamedTuple):
    """A comparison that the input can turn, in the fact, rule or question that holds it; ``why`` when not proved."""

    holder: str
    node: ex.Comparison
    why: str | None


class Courses:
    """The proofs for one input of one program."""

    def __init__(self, program: Program, name: str) -> None:
        """Walk the program once, in its own order; ``name`` is a number among its inputs."""
        self.name = name
        self._slots = program.slots
        self._env = _as_wide_as_computed(program)
        self._courses: dict[str, Course] = {name: Course(1)}
        self._turns: dict[str, list[Turn]] = {}
        self._touched: set[tuple[str, ex.Node]] = set()
        self._holder = ""
        for implication in program.implications:
            if self._turned(f"implied {implication.target}", implication.when.node):
                self._courses[implication.target] = _STEPPED
        for step in program.steps:
            if step.name != name:  # the input itself may be what is computed where it is not stated
                self._courses[step.name] = self._of_step(step)
        for rule in program.rules:
            self._turned(rule.id, rule.when.node)

    def course(self, name: str) -> Course:
        """Return how an input or fact moves."""
        return self._courses.get(name, STILL)

    def turns(self, holders: Iterable[str]) -> Iterator[Turn]:
        """Give every comparison in these facts, rules and questions that the input can turn."""
        for holder in holders:
            yield from self._turns.get(holder, ())

    def touches(self, turn: Turn) -> bool:
        """Tell whether the input has any part in a comparison, be it only by a question or choice."""
        return (turn.holder, turn.node) in self._touched

    def _of_step(self, step: Step) -> Course:
        if step.asked is not None:
            turned = self._turned(step.name, step.asked.node)
            return _STEPPED if turned else self.course(step.name)
        if step.value is None:
            return STILL
        self._holder = step.name
        course = self._of(step.value.node)
        if step.valid is not None and self._turned(step.name, step.valid.node):
            return _gated(course, step.name)
        return course

    def _turned(self, holder: str, condition: ex.Node) -> bool:
        """Note the comparisons of a condition; tell whether the input can change its truth."""
        self._holder = holder
        return self._of(condition) != STILL

    def _of(self, node: ex.Node) -> Course:
        match node:
            case ex.Name(name):
                return self.course(name)
            case ex.Comparison():
                return self._compared(node)
            case ex.Calculation() | ex.Call():
                return self._calculated(node)
            case ex.Choose(condition, then, otherwise):
                return self._chosen(self._of(condition), [self._of(then), self._of(otherwise)])
        moving = [course for course in map(self._of, ex.children(node)) if course != STILL]
        return _STEPPED if moving else STILL

    def _compared(self, node: ex.Comparison) -> Course:
        left, right = self._of(node.left), self._of(node.right)
        if left == STILL == right:
            return STILL
        self._touched.add((self._holder, node))
        course = _joined([left, right._replace(way=_turned_round(right.way))])
        if course.way or course.why:
            self._turns.setdefault(self._holder, []).append(Turn(self._holder, node, course.why))
        return _STEPPED

    def _chosen(self, condition: Course, branches: list[Course]) -> Course:
        unproved = next((branch for branch in branches if branch.why), None)
        if unproved:
            return unproved
        ways = {branch.way for branch in branches if branch.way}
        if condition == STILL:  # a patient stays on one branch
            way = (ways.pop() if len(ways) == 1 else EITHER) if ways else 0
            return Course(way, stepped=any(branch.stepped for branch in branches))
        return Course(0, why=f"{self._holder} chooses between quantities that move") if ways else _STEPPED

    def _calculated(self, node: ex.Calculation | ex.Call) -> Course:
        parts = ex.children(node)
        courses = list(map(self._of, parts))
        if all(course == STILL for course in courses):
            return STILL
        if why := self._undefined(node, parts, courses):
            return Course(0, why=why)
        spans = [self._span(part) for part in parts]
        slopes = [_slope(node, at, spans) for at in range(len(parts))]
        moved = []
        for at, (course, slope) in enumerate(zip(courses, slopes, strict=True)):
            others = [other for place, other in enumerate(courses) if place != at]
            way = _under(course.way, slope, fixed=all(other == STILL for other in others))
            if way is None:
                return Course(0, why=f"{self._holder} may rise or fall with {self.name}")
            moved.append(course._replace(way=way))
        joined = _joined(moved)
        return joined._replace(why=f"{self._holder}: {joined.why}") if joined.why else joined

    def _undefined(self, node: ex.Node, parts: tuple[ex.Node, ...], courses: list[Course]) -> str | None:
        """Say why an operation may be undefined somewhere on the way: a moving divisor, base or logarithm through 0."""
        guarded = None
        match node:
            case ex.Calculation("/", _, _):
                guarded = 1
            case ex.Calculation("**", _, _) | ex.Call("ln", _):
                guarded = 0
        if guarded is None or courses[guarded] == STILL:
            return None
        span = self._span(parts[guarded])
        divides = guarded == 1
        sound = span is not None and (span.lo > 0 or (divides and span.hi < 0))
        return None if sound else f"{self._holder} is undefined for some {self.name}"

    def _span(self, node: ex.Node) -> Span | None:
        value = bounded(node, self._slots)(self._env)
        return span_of(value) if isinstance(value, float | Span) and value == value else None  # noqa: PLR0124  # NaN


def _as_wide_as_computed(program: Program) -> list[Any]:
    """Return every quantity at its widest; of one that is computed where not stated, what it may be either way."""
    env = widest(program)
    for step in program.steps:
        stated, computed = env[step.slot], step.value and step.value.bounded(env)
        if isinstance(stated, Span) and isinstance(computed, Span):
            env[step.slot] = Span(min(stated.lo, computed.lo), max(stated.hi, computed.hi), free=True)
    return env


def _gated(course: Course, name: str) -> Course:
    if course.way:
        return Course(0, why=f"{name} is unknown for some values on the way")
    return course if course.why else _STEPPED


def _turned_round(way: int) -> int:
    return way if way == EITHER else -way


def _joined(courses: list[Course]) -> Course:
    """Return how a sum of parts moves: the one way in which all that move do."""
    for course in courses:
        if course.why:
            return course
    ways = [course.way for course in courses if course.way]
    stepped = any(course.stepped for course in courses)
    if not ways:
        return Course(0, stepped=stepped)
    if stepped:
        return Course(0, why="one part moves and another jumps")
    if len(ways) > 1 and (EITHER in ways or len(set(ways)) > 1):
        return Course(0, why="its parts move against each other")
    return Course(ways[0])


def _under(way: int, slope: int | None, *, fixed: bool) -> int | None:
    """Return how a result moves with one operand; ``slope`` is its sign there, None where that is not settled."""
    if way == 0 or slope == 0:
        return 0
    if slope is None:
        return EITHER if fixed else None  # what the others are stays, so the sign does
    return way if slope > 0 else _turned_round(way)


def _slope(node: ex.Calculation | ex.Call, at: int, spans: list[Span | None]) -> int | None:  # one a kind
    """Return the sign of the result's change with operand ``at``, by the intervals of the operands."""
    if isinstance(node, ex.Call) or node.operator == "+":
        return 1  # min, max, ln and exp rise with every argument
    if node.operator == "-":
        return -1 if at else 1
    other = spans[1 - at]
    if other is None:
        return None
    if node.operator == "*":
        return _sign(other.lo, other.hi)
    if node.operator == "/":
        slope = _sign(other.lo, other.hi)
        return slope if at == 0 or slope is None else -slope
    return _sign(other.lo, other.hi) if at == 0 else _sign(other.lo - 1, other.hi - 1)  # a power: its base against 1


def _sign(low: float, high: float) -> int | None:
    if low >= 0:
        return 1
    return -1 if high <= 0 else None


@lru_cache(_KEPT)
def courses(book: Rulebook, name: str) -> Courses:
    """Return the proofs for one input of a rulebook, made once."""
    return Courses(book.walk.program, name)
