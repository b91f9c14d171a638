"""From a patient and a rulebook to the ``Assessment``: the walk's answer in words and sources.

Nothing is decided here.
"""

from __future__ import annotations

from functools import lru_cache
from math import isnan
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from calcrisk._version import __version__
from calcrisk.assessment import FORMAT, Assessment
from calcrisk.grounds import citations
from calcrisk.rules import kinetics
from calcrisk.rules.endless import tellable
from calcrisk.rules.logic import ABSENT
from calcrisk.wording import Wording, fact_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calcrisk.assessment import Lever, Missing, Status, Undecided
    from calcrisk.grounds import RulebookIdentity
    from calcrisk.past import Past
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.program import Band, Clause, Latency
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.text import Shown
    from calcrisk.wording import Document, Holding, Place, RuleWords

_STATUS: Final[dict[bool | None, Status]] = {False: "not_met", None: "unknown"}  # a mould says "met"
_LEVEL: Final = attrgetter("level")
_RULEBOOKS: Final = 8  # rulebooks whose words are kept ready


def assess(
    patient: Patient | Record,
    rulebook: Rulebook,
    *,
    as_of: str | None = None,
    index: int = 0,
    every_rule: bool = False,
) -> Assessment:
    """Assess one patient.

    ``as_of`` is the date (ISO) the answer speaks of; the clock is never read. ``index`` is the patient's place in a
    batch, from 0. ``every_rule`` lists also the rules that do not hold or cannot be told.
    """
    return _Writer(patient, rulebook, as_of).assessment(as_of, index, every_rule=every_rule)


def identity(rulebook: Rulebook) -> RulebookIdentity:
    """Say which rulebook answers, as every answer of it does."""
    return _wording(rulebook).identity


@lru_cache(maxsize=_RULEBOOKS)
def _wording(rulebook: Rulebook) -> Wording:
    return Wording(rulebook)


def _has_a_past(patient: Patient | Record, as_of: str | None) -> bool:
    """Whether there are dated panels, or values with a day of their own before the one that is spoken of."""
    return bool(patient.panels) or (as_of is not None and patient.day is not None and patient.day < as_of)


def recalled(patient: Patient | Record, rulebook: Rulebook, as_of: str | None) -> Past:
    """Return what is known of a patient when dated panels have been read, as ``assess`` takes it."""
    from calcrisk.past import recall  # most patients have no dated panels

    return recall(patient, rulebook, as_of)


class _Writer:
    """One answer on its way into words."""

    def __init__(self, patient: Patient | Record, rulebook: Rulebook, as_of: str | None) -> None:
        self.patient, self.words = patient, _wording(rulebook)
        self.past = recalled(patient, rulebook, as_of) if _has_a_past(patient, as_of) else None
        self.given = dict(patient.given) if self.past is None else self.past.given
        self.program = rulebook.walk.program
        self.found = found = rulebook.evaluate(self.given)
        rulebook.walk.finish(found)
        self.env = tellable(rulebook.walk, found, self.given)
        self.met = found.met
        self.absent = self.assumed_absent()
        self.inputs = self.stated()
        self.opened = self.words.decisive.open_inputs(found, self.given)
        self.sources: dict[str, None] = {}

    def assessment(self, as_of: str | None, index: int, *, every_rule: bool) -> Assessment:
        found, words, rows = self.found, self.words, self.program.rows
        classes = tuple(dict.fromkeys([rows[at].spec["class"] for at in found.possible]))
        # In the order of the page, so that its references are numbered as they are met: alerts stand above the class.
        considered = [self.consideration(clause) for clause in self.holding(words.consider)]
        missing, conclusion, product = self.missing(), self.conclusion(), self.product()
        return Assessment.of(
            {
                "format": FORMAT,
                "calcrisk": __version__,
                "source": self.patient.source,
                "index": index,
                "status": "scored",
                "as_of": as_of,
                "rulebook": words.identity,
                "patient": {"id": self.patient.id},
                "classification": rows[found.row].spec["class"],
                "possible_classifications": classes,
                "settled": self.settled(classes, missing),
                "conclusion": conclusion,
                "risk": words.risk(found.tiers),
                "ca_p_product": product,
                "mechanisms": dict(words.mechanisms(tuple(found.lows), tuple(found.highs))),
                "findings": self.findings(range(len(found.statuses)) if every_rule else self.met),
                "undecided": self.undecided(),
                "missing": missing,
                "assumed_absent": self.absent,
                "assumptions": {},
                "alerts": tuple([part for alert, part in considered if alert]),
                "consider": tuple([part for alert, part in considered if not alert]),
                "kinetics": self.kinetics(),
                "levers": self.levers(),
                "inputs": self.inputs,
                "facts": self.facts(),
                "references": {source: words.references[source] for source in self.sources},
                "warnings": self.warnings(),
                **self.besides(),
                "notice": words.data["notice"],
            }
        )

    def besides(self) -> Document:
        """What stands beside the answer: the history, and what others add for whoever asks."""
        return {
            "history": self.past and self.past.document,
            "interval": None,  # of `calcrisk.trending.with_interval`
            "chemistry": None,  # of `calcrisk.chemistry.answer`
        }

    def settled(self, classes: tuple[str, ...], missing: tuple[Missing, ...]) -> bool:
        """Whether no open question can change the class or a tier, or begin a tier that was not assessed."""
        tight = all(tier.lowest == tier.highest for tier in self.found.tiers if tier.assessed)
        return len(classes) == 1 and tight and not any(part.decisive for part in missing)

    # ---- words ------------------------------------------------------------------------------------------------

    def strongest(self, mechanism: str) -> str:
        at, rules = self.words.mechanism_names.index(mechanism), self.program.rules
        own = [rule for place in self.met if (rule := rules[place]).mechanism == at]
        return max(own, key=_LEVEL).phrase.fill(self.env) if own else "nothing that reaches a level"

    def holding(self, clauses: Holding) -> list[Clause]:
        return clauses.of(self.found)

    def said(self, clauses: Holding) -> list[str]:
        return [clause.say.fill(self.env, self.strongest) for clause in self.holding(clauses)]

    def added(self, clauses: Holding) -> tuple[Document, ...]:
        told = []
        for clause in self.holding(clauses):
            evidence = citations(clause.spec["where"])
            self.sources.update((cited["id"], None) for cited in evidence)
            told.append({"say": clause.say.fill(self.env, self.strongest), "evidence": evidence})
        return tuple(told)

    # ---- the parts, as the document has them ------------------------------------------------------------------

    def conclusion(self) -> Document:
        at = self.found.row
        row, cited = self.program.rows[at], self.words.rows[at]
        headline = row.say.fill(self.env, self.strongest)
        clauses = self.added(self.words.clauses[at])
        self.sources.update(cited.sources)
        return {
            "row": row.id,
            "label": row.label,
            "headline": headline,
            "clauses": clauses,
            "sentence": "; ".join([headline, *(clause["say"] for clause in clauses)]).removesuffix(".") + ".",
            "basis": row.spec["basis"],
            "evidence": cited.evidence,
            "against": cited.against,
        }

    def product(self) -> Document:
        words, env = self.words.product, self.env
        factor = words.factor
        value, lowest, highest = words.value.known(env)
        corrected, corrected_lowest, corrected_highest = words.corrected.known(env)
        unknown, corrected_unknown = (place.is_open(env) for place in (words.value, words.corrected))
        above = None if unknown else words.at_limit.plain(env)
        caveats = () if unknown and corrected_unknown else tuple(self.said(self.words.caveats))
        corrected_above = None if corrected_unknown else words.corrected_at_limit.plain(env)
        self.sources.update(words.cited.sources)
        return {
            "value": value,
            "lowest": lowest,
            "highest": highest,
            "unit": words.unit,
            "si_value": value and value / factor,
            "si_lowest": lowest and lowest / factor,
            "si_highest": highest and highest / factor,
            "si_unit": words.si_unit,
            **words.thresholds(env),
            "at_or_above": above,
            "corrected_value": corrected,
            "corrected_lowest": corrected_lowest,
            "corrected_highest": corrected_highest,
            "corrected_si_value": corrected and corrected / factor,
            "corrected_si_lowest": corrected_lowest and corrected_lowest / factor,
            "corrected_si_highest": corrected_highest and corrected_highest / factor,
            "corrected_at_or_above": corrected_above,
            "given": words.name in self.given,
            "waits_for": self.lacking(words.name) if unknown else (),
            "disagree": None not in (above, corrected_above) and above != corrected_above,
            "caveats": caveats,
            "notes": tuple(self.said(self.words.notes)),
            "evidence": words.cited.evidence,
            "against": words.cited.against,
        }

    def lacking(self, name: str) -> tuple[str, ...]:
        """Return the labels of the inputs that a derived quantity would need and does not have."""
        needed = self.words.in_order(self.program.leaves[name])
        places = [self.words.places[entry] for entry in needed]
        return tuple([place.label for place in places if place.is_open(self.env)])

    def findings(self, rules: Iterable[int]) -> tuple[Document, ...]:
        met = {self.program.rules[at].id for at in self.met}
        return tuple([self.finding(self.words.rules[at], self.found.statuses[at], met) for at in rules])

    def finding(self, words: RuleWords, status: bool | None, met: set[str]) -> Document:  # noqa: FBT001  # a truth of three values
        sources, mentions, mould, because, margin, covered_by = words
        env, finding = self.env, mould.copy()
        self.sources.update(sources)
        if status is not True:
            finding["status"] = _STATUS[status]
        if because is not None:
            finding["because"] = because.fill(env, self.strongest)
        finding["inputs"] = self.values_of(mentions)
        if margin is not None:
            finding["margin"] = self.margin(*margin)
        if covered_by:
            finding["covered_by"] = next((other for other in covered_by if other in met), None)
        return finding

    def values_of(self, names: Iterable[str]) -> Document:
        """Return the values of those inputs that are answered."""
        inputs, implied, values = self.inputs, self.found.implied, {}
        for name in names:
            if name in inputs:
                values[name] = inputs[name]["value"]
            elif name in implied:
                values[name] = self.words.places[name].plain(self.env)
        return values

    def margin(self, of: Shown, limited: Shown) -> Document | None:
        value = of.constant if of.slot is None else self.env[of.slot]
        limit = limited.constant if limited.slot is None else self.env[limited.slot]
        margin = value - limit if isinstance(value, float) and isinstance(limit, float) else ABSENT
        return None if isnan(margin) else {"value": margin, "unit": of.unit}

    def undecided(self) -> tuple[Undecided, ...]:
        waiting = self.words.decisive.waiting(self.opened, self.found.undecided)
        return tuple([self.words.undecided(at, names) for at, names in waiting])

    def missing(self) -> tuple[Missing, ...]:
        entries = self.words.decisive.missing(self.found, self.opened)
        return tuple([self.words.missing(*entry) for entry in entries])

    def assumed_absent(self) -> tuple[str, ...]:
        absent, env = self.words.silent.copy(), self.env
        for answered in (self.given, self.found.implied):
            for name in answered:
                absent.pop(name, None)
        for name, slot in self.words.asked_when:
            if env[slot] is None:
                absent.pop(name, None)
        return tuple(absent)

    def decides(self, name: str) -> bool:
        """Whether "yes" to one question, which silence takes for a no, would change the class or a tier."""
        found, other = self.found, self.words.supposing.with_yes(self.found, self.given, name)
        classes = [self.program.rows[each.row].spec["class"] for each in (found, other)]
        return classes[0] != classes[1] or found.tiers != other.tiers

    def consideration(self, clause: Clause) -> tuple[bool, Document]:
        spec = clause.spec
        named = (clause.when.mentions if clause.when else frozenset()) & self.given.keys()
        rules = [self.program.rules[at] for at in self.met]
        cited = self.words.patterns[spec["pattern"]]
        self.sources.update(cited.sources)
        part = {
            "pattern": spec["pattern"],
            "title": spec["title"],
            "rules": tuple([rule.id for rule in rules if not named.isdisjoint(rule.when.mentions)]),
            "because": (clause.say.fill(self.env, self.strongest),),
            "next": spec["next"],
            "decides": tuple([name for name in spec["decides"] if name in self.absent and self.decides(name)]),
            "basis": spec["basis"],
            "evidence": cited.evidence,
            "against": cited.against,
        }
        return spec["alert"], part

    def levers(self) -> tuple[Lever, ...]:
        """What could be changed; its sources come last, since a page shows them last."""
        shown = [self.words.lever[clause.spec["lever"]] for clause in self.holding(self.words.levers)]
        for lever in shown:
            self.sources.update(lever.sources)
        return tuple([lever.part for lever in shown])

    def kinetics(self) -> tuple[Document, ...]:
        env, inexact = self.found.env, self.found.inexact  # the times that bands are compared with
        told = [self.words.latency[clause.at] for clause in self.holding(self.words.kinetics)]
        return tuple([self.latency(each, kinetics.possible(each, env, inexact=inexact)) for each in told])

    def latency(self, latency: Latency, possible: tuple[Band, ...]) -> Document:
        spec, name = latency.spec, latency.spec["onset"]
        told = kinetics.is_told(latency, self.env) or len(possible) == 1
        cited, said = self.words.latencies[spec["id"]], self.given.get(name)
        _, lowest, highest = self.words.places[name].stated(self.env)
        self.sources.update(cited.sources)
        return {
            "latency": spec["id"],
            "title": spec["title"],
            "onset": name,
            "as_written": None if said is None else said.as_written,
            "lowest": lowest,
            "highest": highest,
            "status": possible[0].status if len(possible) == 1 else kinetics.UNKNOWN,
            "possible": tuple([band.status for band in possible]),
            "because": tuple([band.say.fill(self.env) for band in possible if told]),
            "published": spec["published"],
            "unconfirmed": spec["unconfirmed"],
            "strength": self.words.strength(spec),
            "basis": spec["basis"],
            "evidence": cited.evidence,
        }

    def stated(self) -> dict[str, Document]:
        """What was said, and what follows from it; the many a "no" answers are not repeated one by one."""
        env, places, implied = self.env, self.words.places, self.found.implied
        inputs = {}
        for name, (_, _, written, origin) in self.given.items():
            inputs[name] = _input(places[name], env, written, origin)
        for name in self.found.follows:
            written = str(places[name].plain(env))
            inputs[name] = _input(places[name], env, written, f"implied by {implied[name]}")
        return {name: inputs[name] for name in self.words.in_order(inputs)} if self.found.follows else inputs

    def facts(self) -> dict[str, Document]:
        env, given, words = self.env, self.given, self.words
        facts = words.unknown_facts.copy()
        for place in words.facts:
            value = env[place.slot]
            name = place.name
            if value is True or value is False:
                facts[name] = words.told_facts[name, value, name in given]
            elif value is not None or name in given:
                facts[name] = fact_of(place, place.known(env), given=name in given)
        return facts

    def warnings(self) -> tuple[Document, ...]:
        read = [{"code": code, "message": message} for code, message in sorted(self.known())]
        holding = self.holding(self.words.warnings)
        said = [{"code": each.spec["code"], "message": each.say.fill(self.env)} for each in holding]
        return (*read, *said, *self.needed())

    def known(self) -> tuple[tuple[str, str], ...]:
        """What was to be warned of before anything was assessed."""
        return self.patient.warnings if self.past is None else (*self.patient.warnings, *self.past.warnings)

    def needed(self) -> tuple[Document, ...]:
        """Say of each open input that the profile cannot do without what that means."""
        open_ones = [need for need in self.words.needs if self.words.places[need.name].is_open(self.env)]
        return tuple([{"code": need.code, "message": need.says} for need in open_ones])


def _input(place: Place, env: Sequence[Any], written: str, origin: str) -> Document:
    _, slot, values, unit, label, _ = place
    value = low = high = env[slot]
    if value is True or value is False:
        low = high = None
    elif values or not isinstance(value, float) or value != value:  # noqa: PLR0124  # NaN differs from itself
        value, low, high = place.stated(env)
    return {
        "value": value,
        "lowest": low,
        "highest": high,
        "unit": unit,
        "as_written": written,
        "from": origin,
        "label": label,
    }
