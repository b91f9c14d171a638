"""From a patient and a rulebook to the ``Assessment``: the walk's answer in words and sources.

Nothing is decided here.
"""

from __future__ import annotations

from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from calcrisk import assessment as parts
from calcrisk._version import __version__
from calcrisk.assessment import Assessment
from calcrisk.rules.logic import ABSENT
from calcrisk.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calcrisk.patient import Patient
    from calcrisk.rules.program import Clause
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.text import Shown
    from calcrisk.wording import Holding, Place

_STATUS: Final[dict[bool | None, parts.Status]] = {False: "not_met", None: "unknown"}  # a mould says "met"
_UNKNOWN: Final = (None, None)  # neither a value nor a lowest one
_RULEBOOKS: Final = 8  # rulebooks whose words are kept ready


def assess(
    patient: Patient,
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
    return _Writer(patient, rulebook).assessment(as_of, index, every_rule=every_rule)


def identity(rulebook: Rulebook) -> parts.RulebookIdentity:
    """Say which rulebook answers, as every answer of it does."""
    return _wording(rulebook).identity


@lru_cache(maxsize=_RULEBOOKS)
def _wording(rulebook: Rulebook) -> Wording:
    return Wording(rulebook)


class _Writer:
    """One answer on its way into words."""

    def __init__(self, patient: Patient, rulebook: Rulebook) -> None:
        self.patient, self.words = patient, _wording(rulebook)
        self.given = dict(patient.given)
        self.program = rulebook.walk.program
        self.found = found = rulebook.evaluate(self.given)
        rulebook.walk.finish(found)
        self.env = found.env
        self.met = found.met
        self.answered = found.implied | self.given  # a mapping, for its names: united quicker than sets
        self.opened = self.words.decisive.open_inputs(found, self.given)
        self.sources: dict[str, None] = {}

    def assessment(self, as_of: str | None, index: int, *, every_rule: bool) -> Assessment:
        found, words, rows = self.found, self.words, self.program.rows
        classes = tuple(dict.fromkeys([rows[at].spec["class"] for at in found.possible]))
        # In the order of the page, so that its references are numbered as they are met: alerts stand above the class.
        considered = [self.consideration(clause) for clause in self.holding(words.consider)]
        missing, conclusion, product = self.missing(), self.conclusion(), self.product()
        findings = self.findings(range(len(found.statuses)) if every_rule else self.met)
        return Assessment.of(
            {
                "format": parts.FORMAT,
                "calcrisk": __version__,
                "source": self.patient.source,
                "index": index,
                "status": "scored",
                "as_of": as_of,
                "rulebook": words.identity,
                "patient": parts.PatientIdentity.of({"id": self.patient.id}),
                "classification": rows[found.row].spec["class"],
                "possible_classifications": classes,
                "settled": self.settled(classes, missing),
                "conclusion": conclusion,
                "risk": words.risk(found.tiers),
                "ca_p_product": product,
                "mechanisms": dict(words.mechanisms(tuple(found.lows), tuple(found.highs))),
                "findings": findings,
                "undecided": self.undecided(),
                "missing": missing,
                "assumed_absent": self.assumed_absent(),
                "assumptions": {},
                "alerts": tuple([part for alert, part in considered if alert]),
                "consider": tuple([part for alert, part in considered if not alert]),
                "inputs": self.inputs(),
                "facts": self.facts(),
                "references": {source: words.references[source] for source in self.sources},
                "warnings": self.warnings(),
                "chemistry": None,  # `calcrisk.chemistry.answer` adds it for whoever asks
                "notice": words.data["notice"],
            }
        )

    def settled(self, classes: tuple[str, ...], missing: tuple[parts.Missing, ...]) -> bool:
        """Whether no open question can change the class or a tier, or begin a tier that was not assessed."""
        tight = all(tier.lowest == tier.highest for tier in self.found.tiers if tier.assessed)
        return len(classes) == 1 and tight and not any(part.decisive for part in missing)

    # ---- words ------------------------------------------------------------------------------------------------

    def strongest(self, mechanism: str) -> str:
        at, best = self.words.mechanism_names.index(mechanism), None
        for rule in [self.program.rules[place] for place in self.met]:
            if rule.mechanism == at and (best is None or rule.level > best.level):
                best = rule
        return best.phrase.fill(self.env) if best else "nothing that reaches a level"

    def holding(self, clauses: Holding) -> list[Clause]:
        return clauses.in_form(self.env, inexact=self.found.inexact)

    def said(self, clauses: Holding) -> list[str]:
        return [clause.say.fill(self.env, self.strongest) for clause in self.holding(clauses)]

    # ---- the parts --------------------------------------------------------------------------------------------

    def conclusion(self) -> parts.Conclusion:
        at = self.found.row
        row, cited = self.program.rows[at], self.words.rows[at]
        sentence = "; ".join([row.say.fill(self.env, self.strongest), *self.said(self.words.clauses[at])])
        self.sources.update(cited.sources)
        return parts.Conclusion.of(
            {
                "row": row.id,
                "label": row.label,
                "sentence": sentence if sentence.endswith(".") else sentence + ".",
                "basis": row.spec["basis"],
                "evidence": cited.evidence,
                "against": cited.against,
            }
        )

    def product(self) -> parts.Product:
        words, env = self.words.product, self.env
        limit = words.limit.plain(env)
        threshold = words.default_limit if limit is None else limit
        value, lowest, highest = words.value.known(env)
        corrected, corrected_lowest, corrected_highest = words.corrected.known(env)
        above = None if lowest is None else words.at_limit.plain(env)
        corrected_above = None if corrected_lowest is None else words.corrected_at_limit.plain(env)
        self.sources.update(words.cited.sources)
        return parts.Product.of(
            {
                "value": value,
                "lowest": lowest,
                "highest": highest,
                "unit": words.unit,
                "si_value": None if value is None else value / words.factor,
                "si_lowest": None if lowest is None else lowest / words.factor,
                "si_highest": None if highest is None else highest / words.factor,
                "si_unit": words.si_unit,
                "threshold": threshold,
                "si_threshold": threshold / words.factor,
                "at_or_above": above,
                "corrected_value": corrected,
                "corrected_lowest": corrected_lowest,
                "corrected_highest": corrected_highest,
                "corrected_si_value": None if corrected is None else corrected / words.factor,
                "corrected_si_lowest": None if corrected_lowest is None else corrected_lowest / words.factor,
                "corrected_si_highest": None if corrected_highest is None else corrected_highest / words.factor,
                "corrected_at_or_above": corrected_above,
                "given": words.name in self.given,
                "waits_for": self.lacking(words.name) if lowest is None else (),
                "disagree": None not in (above, corrected_above) and above != corrected_above,
                "notes": tuple(self.said(self.words.notes)),
                "evidence": words.cited.evidence,
                "against": words.cited.against,
            }
        )

    def lacking(self, name: str) -> tuple[str, ...]:
        """Return the labels of the inputs that a derived quantity would need and does not have."""
        needed = self.words.in_order(self.program.leaves[name])
        places = [self.words.places[entry] for entry in needed]
        return tuple([place.label for place in places if place.known(self.env)[:2] == _UNKNOWN])

    def findings(self, places: Iterable[int]) -> tuple[parts.Finding, ...]:
        ids = {self.program.rules[at].id for at in self.met}
        return tuple([self.finding(at, ids) for at in places])

    def finding(self, at: int, met: set[str]) -> parts.Finding:
        sources, mentions, mould, because, margin, covered_by = self.words.rules[at]
        env, answered, finding = self.env, self.answered, mould.copy()
        self.sources.update(sources)
        if (status := self.found.statuses[at]) is not True:
            finding["status"] = _STATUS[status]
        finding["because"] = because.fill(env, self.strongest)
        finding["inputs"] = {place.name: place.plain(env) for place in mentions if place.name in answered}
        if margin is not None:
            finding["margin"] = self.margin(*margin)
        if covered_by:
            finding["covered_by"] = next((other for other in covered_by if other in met), None)
        return parts.Finding.of(finding)

    def margin(self, of: Shown, limited: Shown) -> parts.Margin | None:
        value = of.constant if of.slot is None else self.env[of.slot]
        limit = limited.constant if limited.slot is None else self.env[limited.slot]
        margin = value - limit if isinstance(value, float) and isinstance(limit, float) else ABSENT
        return None if isnan(margin) else parts.Margin.of({"value": margin, "unit": of.unit})

    def undecided(self) -> tuple[parts.Undecided, ...]:
        waiting = self.words.decisive.waiting(self.opened, self.found.undecided)
        return tuple([self.words.undecided(at, names) for at, names in waiting])

    def missing(self) -> tuple[parts.Missing, ...]:
        entries = self.words.decisive.missing(self.found, self.opened)
        return tuple([self.words.missing(*entry) for entry in entries])

    def assumed_absent(self) -> tuple[str, ...]:
        absent, env = self.words.silent.copy(), self.env
        for name in self.answered:
            absent.pop(name, None)
        for name, slot in self.words.asked_when:
            if env[slot] is None:
                absent.pop(name, None)
        return tuple(absent)

    def consideration(self, clause: Clause) -> tuple[bool, parts.Consideration]:
        spec = clause.spec
        named = (clause.when.mentions if clause.when else frozenset()) & self.given.keys()
        rules = [self.program.rules[at] for at in self.met]
        cited = self.words.patterns[spec["pattern"]]
        self.sources.update(cited.sources)
        part = parts.Consideration.of(
            {
                "pattern": spec["pattern"],
                "title": spec["title"],
                "rules": tuple([rule.id for rule in rules if not named.isdisjoint(rule.when.mentions)]),
                "because": (clause.say.fill(self.env, self.strongest),),
                "basis": spec["basis"],
                "evidence": cited.evidence,
            }
        )
        return spec["alert"], part

    def inputs(self) -> dict[str, parts.Input]:
        """What was said, and what follows from it; the many a "no" answers are not repeated one by one."""
        env, places, given, implied = self.env, self.words.places, self.given, self.found.implied
        inputs = {}
        for name, said in given.items():
            inputs[name] = _input(places[name], env, said.as_written, said.origin)
        for name in self.found.follows:
            written = str(places[name].plain(env))
            inputs[name] = _input(places[name], env, written, f"implied by {implied[name]}")
        return {name: inputs[name] for name in self.words.in_order(inputs)} if self.found.follows else inputs

    def facts(self) -> dict[str, parts.Fact]:
        env, given, facts = self.env, self.given, self.words.unknown_facts.copy()
        for place in self.words.facts:
            name, slot, values, unit, label, _ = place
            value = low = high = env[slot]
            if value is None and name not in given:
                continue
            if value is True or value is False:
                low = high = None
            elif values or not isinstance(value, float) or value != value:  # noqa: PLR0124  # NaN differs from itself
                value, low, high = place.known(env)
            fact = {
                "value": value,
                "lowest": low,
                "highest": high,
                "unit": unit,
                "label": label,
                "given": name in given,
            }
            facts[name] = parts.Fact.of(fact)
        return facts

    def warnings(self) -> tuple[parts.Warned, ...]:
        read = [parts.Warned.of({"code": code, "message": message}) for code, message in sorted(self.patient.warnings)]
        holding = self.holding(self.words.warnings)
        said = [parts.Warned.of({"code": each.spec["code"], "message": each.say.fill(self.env)}) for each in holding]
        return (*read, *said)


def _input(place: Place, env: Sequence[Any], written: str, origin: str) -> parts.Input:
    _, slot, values, unit, label, _ = place
    value = low = high = env[slot]
    if value is True or value is False:
        low = high = None
    elif values or not isinstance(value, float) or value != value:  # noqa: PLR0124  # NaN differs from itself
        value, low, high = place.stated(env)
    return parts.Input.of(
        {
            "value": value,
            "lowest": low,
            "highest": high,
            "unit": unit,
            "as_written": written,
            "origin": origin,
            "label": label,
        }
    )
