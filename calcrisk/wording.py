"""What a rulebook says that is the same for every patient, made once: citations, references, labels."""

from __future__ import annotations

from collections import ChainMap
from functools import cached_property, lru_cache, reduce
from math import isinf
from operator import or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from calcrisk.assessment import Lever, Mechanism, Missing, Risk, Study, TierRange, Undecided
from calcrisk.grounds import Reference, RulebookIdentity, citations, reference_of
from calcrisk.rules.closures import kept
from calcrisk.rules.decisive import Decisive, Supposing
from calcrisk.rules.logic import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calcrisk.rules.closures import Closure
    from calcrisk.rules.plans import Form
    from calcrisk.rules.program import Clause, Rule, Spec
    from calcrisk.rules.reducing import Bits
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.scalar import Evaluation, Walk
    from calcrisk.rules.tables import TierAnswer
    from calcrisk.rules.text import Shown, Template

Document = dict[str, Any]  # a part of an answer as its document has it, not changed once it is made
_SHARED: Final = 4096  # parts of one kind that are kept because patients share them


class Cited(NamedTuple):
    """The sources of one entry, for and against."""

    evidence: tuple[Document, ...]  # citations
    against: tuple[Document, ...]
    sources: Mapping[str, None]  # the ids of both, in order


class Place(NamedTuple):
    """Where a value lies, and what is said of it: the words its codes stand for, if any, unit, label and limits."""

    name: str
    slot: int
    values: tuple[str, ...]
    unit: str | None
    label: str
    limits: tuple[float, float] | None  # of an input: what lies beyond is refused

    def plain(self, env: Sequence[Any]) -> Any:  # noqa: ANN401  # a number, a yes/no or a word
        """Return the value as JSON has it: a word for a choice, null for unknown, absent or inexact."""
        value = env[self.slot]
        if value is None or value != value or isinstance(value, Span):  # noqa: PLR0124  # NaN, absent, differs from itself
            return None
        return self.values[int(value)] if self.values else value

    def known(self, env: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Return the value as ``plain`` does, and the lowest and highest it can be.

        A yes or no has neither; None is an end that nobody measured (``rules.endless``).
        """
        value = env[self.slot]
        if isinstance(value, Span):
            return None, self._end(value.lo), self._end(value.hi)
        exact = self.plain(env)
        return (exact, None, None) if isinstance(exact, bool) else (exact, exact, exact)

    def _end(self, end: float) -> float | str | None:
        if isinf(end):
            return None
        return self.values[int(end)] if self.values else end

    def is_open(self, env: Sequence[Any]) -> bool:
        """Tell whether nothing is known, not even an end."""
        return self.known(env) == (None, None, None)

    def stated(self, env: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Return the same, and None for an end that is the limit of the input: nobody stated it."""
        value, lowest, highest = self.known(env)
        if value is None and self.limits:
            low, high = self.limits
            return None, None if lowest == low else lowest, None if highest == high else highest
        return value, lowest, highest


class RuleWords(NamedTuple):
    """What a rule says of every patient: sources, the inputs it mentions in order, a finding that lacks its numbers."""

    sources: Mapping[str, None]
    mentions: tuple[str, ...]
    finding: Document
    because: Template | None  # None: it has no holes, and stands in the finding
    margin: tuple[Shown, Shown] | None
    covered_by: tuple[str, ...]


class LeverWords(NamedTuple):
    """A lever as every answer shows it, and the sources of its studies."""

    part: Lever
    sources: Mapping[str, None]


class Holding:
    """Clauses of which those are wanted that hold for a patient.

    What reads nothing that was stated need not be tried: it holds or not as when nothing is known.
    """

    def __init__(self, clauses: Iterable[Clause], walk: Walk) -> None:
        """Keep the clauses in their order."""
        self._clauses = [
            (clause, None if clause.when is None else walk.planner.part(clause.when)) for clause in clauses
        ]
        self._watched = reduce(or_, [part.reads for _, part in self._clauses if part], 0)
        self._plans: dict[tuple[Bits, Form], list[tuple[Closure, Clause]]] = {}

    def of(self, found: Evaluation) -> list[Clause]:
        """Return the clauses whose condition is true, or that have none."""
        key, env = (found.plan.spoken & self._watched, found.plan.form), found.env
        plan = self._plans.get(key)
        if plan is None:
            plan = kept(self._plans, key, list(self._tried(*key)), _SHARED)
        return [clause for holds, clause in plan if holds(env) is True]

    def _tried(self, spoken: Bits, form: Form) -> Iterator[tuple[Closure, Clause]]:
        for clause, part in self._clauses:
            if part and (left := part.left(spoken, form)):
                yield left, clause
            elif part is None or part.settled() is True:
                yield _always, clause


def _always(_: Sequence[Any]) -> bool:
    return True


class ProductWords(NamedTuple):
    """The Ca×P product: where its values lie, and what is the same for every patient."""

    name: str
    value: Place
    corrected: Place
    limit: Place
    at_limit: Place
    corrected_at_limit: Place
    default_limit: float
    limits: tuple[float, float]  # between which the limit lies while it is not known
    factor: float
    unit: str
    si_unit: str
    cited: Cited

    def thresholds(self, env: Sequence[Any]) -> dict[str, float]:
        """Return the limit in force in both units, and the ends between which it lies while it is not known."""
        limit, *ends = self.limit.known(env)
        lowest, highest = self.limits if ends[0] is None else ends
        found = {
            "threshold": self.default_limit if limit is None else limit,
            "threshold_lowest": lowest,
            "threshold_highest": highest,
        }
        return found | {f"si_{name}": value / self.factor for name, value in found.items()}


class Need(NamedTuple):
    """An input that the profile cannot do without, and what is said while it is open."""

    name: str
    code: str
    says: str


_Key = TypeVar("_Key")
_Words = TypeVar("_Words")


class _MadeOnce(dict[_Key, _Words]):
    """Words made when they are first needed: one patient needs few of them."""

    def __init__(self, make: Callable[[_Key], _Words]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _Key) -> _Words:
        self[key] = self._make(key)
        return self[key]


class Wording:
    """The unchanging words of one rulebook, and the parts of an answer that few patients do not share."""

    def __init__(self, rulebook: Rulebook) -> None:
        """Prepare for every rule, reference and label."""
        self.data = data = rulebook.data
        self.program = program = rulebook.walk.program
        self.identity = RulebookIdentity(
            id=rulebook.id, version=rulebook.version, sha256=rulebook.sha256, profile=rulebook.profile
        )
        self.decisive, self.supposing = Decisive(rulebook.walk), Supposing(rulebook.walk)
        needs = data["profiles"][rulebook.profile]["needs"].items()
        self.needs = tuple(Need(name, f"profile-needs-{name.replace('_', '-')}", says) for name, says in needs)
        self.mechanism_names = tuple(entry["name"] for entry in data["mechanisms"])
        self.order = {name: at for at, name in enumerate(program.inputs)}
        self.specs = {name: entry.spec for name, entry in program.inputs.items()}
        entries: ChainMap[str, Spec] = ChainMap(self.specs, {fact["name"]: fact for fact in data["facts"]})
        self.places = {
            name: Place(
                *(name, program.slots[name], program.symbols[name].values),
                *(entry.get("unit"), entry["label"], entry.get("hard") and tuple(entry["hard"])),
            )
            for name, entry in entries.items()
        }
        self.walk = rulebook.walk
        self.consider, self.levers = self._held(program.consider), self._held(program.levers)
        self.warnings, self.notes = self._held(program.warnings), self._held(program.notes)
        self.caveats = self._held(program.caveats)
        self.latency = {latency.clause.at: latency for latency in program.kinetics}
        self.kinetics = self._held(latency.clause for latency in program.kinetics)
        self.silent = dict.fromkeys(program.silent)
        self.asked_when = tuple(
            (name, program.slots[name]) for name in program.silent if self.specs[name]["ask"] != "volunteered"
        )
        self.facts = tuple(self.places[fact["name"]] for fact in data["facts"] if fact["shown"])
        self.unknown_facts = {place.name: fact_of(place, (None, None, None), given=False) for place in self.facts}
        self.told_facts = {
            (place.name, value, given): fact_of(place, (value, None, None), given=given)
            for place in self.facts
            for value in (True, False)
            for given in (True, False)
        }
        self._made_when_needed()

    def _made_when_needed(self) -> None:
        data, program = self.data, self.program
        patterns = {clause.spec["pattern"]: clause.spec for clause in program.consider}
        self.references = _MadeOnce[str, Reference](lambda source: reference_of(data["references"][source]))
        self.rules = _MadeOnce[int, RuleWords](lambda at: self._rule(program.rules[at]))
        self.rows = _MadeOnce[int, Cited](lambda at: cited(program.rows[at].spec))
        self.clauses = _MadeOnce[int, Holding](lambda at: self._held(program.rows[at].clauses))
        self.patterns = _MadeOnce[str, Cited](lambda pattern: cited(patterns[pattern]))
        levers = {clause.spec["lever"]: clause.spec for clause in program.levers}
        self.lever = _MadeOnce[str, LeverWords](lambda name: self._lever(levers[name]))
        latencies = {latency.spec["id"]: latency.spec for latency in program.kinetics}
        self.latencies = _MadeOnce[str, Cited](lambda latency: cited(latencies[latency]))
        self.risk = lru_cache(_SHARED)(self._risk)
        self.mechanisms = lru_cache(_SHARED)(self._mechanisms)
        self.missing = lru_cache(_SHARED)(self._missing)
        self.undecided = lru_cache(_SHARED)(self._undecided)

    def _held(self, clauses: Iterable[Clause]) -> Holding:
        return Holding(clauses, self.walk)

    @cached_property
    def product(self) -> ProductWords:
        """The words of the product."""
        spec = self.data["product"]
        places = {
            key: self.places[spec[key]] for key in ("value", "corrected", "limit", "at_limit", "corrected_at_limit")
        }
        limits = [self.data["parameters"][name]["value"] for name in (spec["default_limit"], *spec["limits"])]
        return ProductWords(
            name=spec["value"],
            **places,
            default_limit=limits[0],
            limits=(min(limits), max(limits)),
            factor=self.specs[spec["value"]]["units"][spec["si_unit"]],
            unit=self.program.shown[spec["value"]].unit or "",
            si_unit=spec["si_unit"],
            cited=cited(spec),
        )

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Sort inputs as the variables are sorted."""
        return sorted(names, key=self.order.__getitem__)

    def strength(self, spec: Spec) -> str:
        """Say how strong the first source of an entry is."""
        where = spec["where"]
        return str(self.data["references"][where[0]["source"]]["strength"]) if where else "design choice"

    def _rule(self, rule: Rule) -> RuleWords:
        spec = rule.spec
        numbers = (each for own in spec["parameters"].values() for each in own["where"])
        sources = _cited(citations([*spec["where"], *numbers]), citations(spec["against"]))
        finding = {
            "rule": rule.id,
            "title": spec["title"],
            "mechanism": spec["mechanism"],
            "status": "met",
            "level": spec["level"],
            "because": rule.because.fixed or "",
            "inputs": {},
            "margin": None,
            "strength": self.strength(spec),
            "basis": spec["basis"],
            "applies_when": spec["applies_when"],
            "limits": tuple(spec["limits"]),
            "evidence": sources.evidence,
            "against": sources.against,
            "covered_by": None,
            "file": spec["file"],
        }
        because = None if rule.because.fixed else rule.because
        mentions = tuple(self.in_order(rule.when.mentions))
        return RuleWords(sources.sources, mentions, finding, because, rule.margin, tuple(spec["covered_by"]))

    def _risk(self, tiers: tuple[TierAnswer, ...]) -> Risk:
        pairs = zip(self.program.tiers, tiers, strict=True)
        return Risk(**{tier.name: self._tier(tier.spec["label"], answer) for tier, answer in pairs})

    def _tier(self, label: str, answer: TierAnswer) -> TierRange:
        names, ranks = self.data["tier_names"], (answer.tier, answer.lowest, answer.highest)
        tier, lowest, highest = (names[rank] if answer.assessed else None for rank in ranks)
        return TierRange(label=label, assessed=answer.assessed, tier=tier, lowest=lowest, highest=highest)

    def _mechanisms(self, lows: tuple[int, ...], highs: tuple[int, ...]) -> dict[str, Mechanism]:
        levels = self.data["levels"]
        return {
            entry["name"]: Mechanism(
                label=entry["label"],
                question=entry["question"] or "",
                level=levels[low],
                lowest=levels[low],
                highest=levels[high],
            )
            for entry, low, high in zip(self.data["mechanisms"], lows, highs, strict=True)
        }

    def _missing(self, name: str, could_change: tuple[str, ...]) -> Missing:
        label = self.specs[name]["label"]
        return Missing(
            input=name,
            label=label,
            question=self.specs[name]["question"] or f"{label}?",
            decisive=bool(could_change),
            could_change=could_change,
        )

    def _lever(self, spec: Spec) -> LeverWords:
        found = [(study, cited(study)) for study in spec["studies"]]
        studies = tuple(self._study(study, sources) for study, sources in found)
        kept = {key: spec[key] for key in ("lever", "title", "studied_in", "direction", "why")}
        names = dict.fromkeys(name for _, sources in found for name in sources.sources)
        return LeverWords(Lever(**kept, studies=studies), names)

    def _study(self, spec: Spec, sources: Cited) -> Study:
        first = self.data["references"][spec["where"][0]["source"]]
        return Study.of(
            {
                "direction": spec["direction"],
                "sentence": spec["say"],
                "strength": first["strength"],
                "population": first["population"] or "not stated",
                "evidence": sources.evidence,
            }
        )

    def _undecided(self, at: int, waits_for: tuple[str, ...]) -> Undecided:
        rule = self.program.rules[at]
        return Undecided(rule=rule.id, title=rule.spec["title"], waits_for=waits_for)


def fact_of(place: Place, known: tuple[Any, Any, Any], *, given: bool) -> Document:
    """Say what is known of a fact: its value, and the lowest and highest it can be."""
    value, lowest, highest = known
    return {
        "value": value,
        "lowest": lowest,
        "highest": highest,
        "unit": place.unit,
        "label": place.label,
        "given": given,
    }


def cited(entry: Spec) -> Cited:
    """Return the sources of an entry of the rulebook."""
    return _cited(citations(entry["where"]), citations(entry.get("against") or ()))


def _cited(evidence: tuple[Document, ...], against: tuple[Document, ...]) -> Cited:
    return Cited(evidence, against, dict.fromkeys(citation["id"] for citation in (*evidence, *against)))
