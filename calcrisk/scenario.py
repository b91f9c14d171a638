"""What a what-if answers (``format: 1``): what every renderer of ``calcrisk what-if`` starts from, and its JSON.

Arithmetic on the rules of one rulebook, never advice. Numbers are unrounded unless a field says how they are rounded;
unknown is null and never absent. A renderer computes nothing: what it shows stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from calcrisk.assessment import Assessment, Lever, Reference, Scalar

FORMAT: Final = 1  # of the JSON
ESSENTIALS: Final = (
    "classification",
    "possible_classifications",
    "settled",
    "conclusion",
    "risk",
    "ca_p_product",
    "mechanisms",
    "missing",
    "inputs",
    "facts",
)
CLASSIFICATION: Final = "classification"
NOT_ASSESSED: Final = "not_assessed"  # of a tier, wherever a word stands for it
NOTICE: Final = (
    "Arithmetic on the rules of this rulebook, not advice. A value that would reach a tier says where a rule turns; "
    "whether and how to change it, and whether that would help anybody, is not said."
)


class Shift(NamedTuple):
    """One thing that differs: before and after, as a value with its unit or as words; None where there is none."""

    name: str
    label: str
    before: Scalar
    after: Scalar
    unit: str | None = None


class Moved(NamedTuple):
    """A rule whose answer differs: ``met``, ``not_met`` or ``unknown`` before and after, and what it says where met."""

    rule: str
    title: str
    mechanism: str
    level: str
    before: str
    after: str
    because: str


class Open(NamedTuple):
    """A question that is open in one of the two answers only; ``decisive`` as there."""

    input: str
    label: str
    decisive: bool


class Said(NamedTuple):
    """Something that is said in one of the two answers only: an alert, a pattern to consider, a warning."""

    kind: Literal["alert", "consider", "warning"]
    name: str
    text: str


class Kept(NamedTuple):
    """Inputs behind the question that a goal never changes, and why: the rulebook's design choice."""

    inputs: tuple[str, ...]
    labels: tuple[str, ...]
    why: str


class Difference(NamedTuple):
    """All that differs between two assessments of one patient under one rulebook; empty where nothing does."""

    inputs: tuple[Shift, ...]
    classification: Shift | None
    settled: Shift | None
    tiers: tuple[Shift, ...]
    mechanisms: tuple[Shift, ...]
    rules: tuple[Moved, ...]
    facts: tuple[Shift, ...]
    opened: tuple[Open, ...]  # questions that are missing only afterwards
    closed: tuple[Open, ...]  # questions that were missing only before
    begun: tuple[Said, ...]
    ceased: tuple[Said, ...]
    kept: tuple[Kept, ...] = ()  # of what was set, the inputs that a goal would never change, and why


class Reached(NamedTuple):
    """A value of one input that reaches the goal while all else stays, confirmed by an assessment.

    ``edge`` is where the rules turn, to nine digits, and itself reaches the goal. ``value`` is ``edge`` rounded to as
    few decimals as a report prints, towards where the goal is kept. ``until`` is how far beyond it is kept.
    """

    input: str
    label: str
    unit: str | None
    now: float
    value: float
    text: str
    edge: float
    side: Literal["at most", "at least"]
    until: float
    at_limit: bool  # whether ``until`` is the end of what is read at all
    relative: float  # the change in parts of the value now
    plausible: bool  # whether it lies within what the rulebook calls plausible
    in_written_unit: str | None  # the same in the unit that was written, where that is another
    turns: tuple[Moved, ...]  # rules that answer otherwise then
    could_be: str | None  # the highest tier that the open questions leave then, where that is above the goal
    begins: tuple[str, ...]  # facts that begin to be true then, by their labels: a calcium below its interval


class Unmoved(NamedTuple):
    """An input that does not reach the goal alone, or is not asked to, and why."""

    input: str
    label: str
    why: str


class Both(NamedTuple):
    """Values of two inputs that reach the goal together."""

    values: tuple[float, float]
    texts: tuple[str, str]
    relative: float


class Border(NamedTuple):
    """A point of a frontier: a value of the first input, the nearest of the second that reaches the goal beside it.

    ``edge`` is the second to nine digits; ``texts`` are both as they are printed, the second rounded into the goal.
    """

    value: float
    edge: float
    texts: tuple[str, str]


class Pair(NamedTuple):
    """Two inputs changed together: the frontier of the goal between them, and its point of smallest relative change.

    The relative change of a pair is the root of the sum of the squares of both. ``frontier`` holds for values of the
    first input the nearest value of the second that reaches the goal. ``nearest`` is confirmed by an assessment. A pair
    that is no nearer than one of its inputs alone is not listed.
    """

    inputs: tuple[str, str]
    labels: tuple[str, str]
    units: tuple[str | None, str | None]
    nearest: Both
    frontier: tuple[Border, ...]


class Evidence(NamedTuple):
    """What the studies found of the levers that speak of changing an input; empty where the rulebook has none."""

    input: str
    label: str
    why: str  # why the rulebook calls the input modifiable: a design choice
    levers: tuple[Lever, ...]


class Obstacle(NamedTuple):
    """A rule that holds wherever a modifiable input was moved to, and alone keeps the goal from being reached."""

    rule: str
    title: str
    level: str
    because: str


class Goal(NamedTuple):
    """A tier to come down to, or a class, and what would reach it."""

    question: str
    label: str
    wanted: str
    now: str
    reached: bool  # already, before anything is changed
    alone: tuple[Reached, ...]  # smallest relative change first
    pairs: tuple[Pair, ...]
    unmoved: tuple[Unmoved, ...]
    obstacles: tuple[Obstacle, ...]  # where nothing reaches it
    kept: tuple[Kept, ...]
    evidence: tuple[Evidence, ...]


class Axis(NamedTuple):
    """One side of a plane: an input from one value to another, and the values at the middles of its cells."""

    input: str
    label: str
    unit: str | None
    low: float
    high: float
    values: tuple[float, ...]
    now: float | None  # the patient's own; None when not stated exactly


class Plane(NamedTuple):
    """The answer to one question over two inputs: ``cells[row][column]``, rows by the second input, lowest first.

    A cell holds the place of its answer in ``answers``. ``curve`` is the limit of the product where the two inputs are
    its factors, as pairs of values, else empty.
    """

    question: str
    label: str
    x: Axis
    y: Axis
    answers: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]
    curve: tuple[tuple[float, float], ...]
    limit: float | None
    limit_unit: str | None


class Scenario(NamedTuple):
    """The whole answer; a part that was not asked for is None."""

    before: Assessment
    after: Assessment | None
    difference: Difference | None
    goal: Goal | None
    plane: Plane | None
    notice: str = NOTICE

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it, with the essentials of both assessments and the sources of a goal's levers."""
        told = self.before
        return {
            "format": FORMAT,
            "calcrisk": told.calcrisk,
            "source": told.source,
            "as_of": told.as_of,
            "rulebook": vars(told.rulebook),
            "patient": {"id": told.patient.id},
            "before": _essentials(told),
            "after": None if self.after is None else _essentials(self.after),
            "difference": _plain(self.difference),
            "goal": _plain(self.goal),
            "plane": _plain(self.plane),
            "references": {name: vars(known) for name, known in self.references().items()},
            "notice": self.notice,
        }

    def references(self) -> dict[str, Reference]:
        """Return the sources cited by the levers of a goal; it is asked of the changed patient where there is one."""
        known = self.before.references | (self.after.references if self.after else {})
        levers = [lever for each in (self.goal.evidence if self.goal else ()) for lever in each.levers]
        cited = [cited.id for lever in levers for study in lever.studies for cited in study.evidence]
        return {name: known[name] for name in dict.fromkeys(cited)}


def _essentials(told: Assessment) -> dict[str, Any]:
    document = {name: _plain(told.__dict__[name]) for name in ESSENTIALS}
    return document | {"met": [finding.rule for finding in told.findings if finding.status == "met"]}


def _plain(value: Any) -> Any:  # noqa: ANN401  # a document holds values of every kind
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return _plain(value.__dict__) if hasattr(value, "__dict__") else value
