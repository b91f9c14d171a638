"""From a patient and a rulebook to the ``Assessment``: the walk's answer in words and sources.

Nothing is decided here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from calcrisk import assessment as parts
from calcrisk._version import __version__
from calcrisk.assessment import Assessment
from calcrisk.rules.decisive import is_open, missing_inputs, open_inputs, undecided_rules
from calcrisk.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcrisk.patient import Patient
    from calcrisk.rules.program import Clause, Row, Rule, Spec
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.scalar import TierAnswer
    from calcrisk.wording import Cited

_STATUS: Final[dict[bool | None, parts.Status]] = {True: "met", False: "not_met", None: "unknown"}
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


@lru_cache(maxsize=_RULEBOOKS)
def _wording(rulebook: Rulebook) -> Wording:
    return Wording(rulebook)


class _Writer:
    """One answer on its way into words."""

    def __init__(self, patient: Patient, rulebook: Rulebook) -> None:
        self.patient, self.rulebook, self.data = patient, rulebook, rulebook.data
        self.words = _wording(rulebook)
        self.given = patient.given
        self.walk = rulebook.walk
        self.program = self.walk.program
        self.found = rulebook.evaluate(self.given)
        self.walk.finish(self.found)
        self.env = self.found.env
        self.met = [rule for rule, status in zip(self.program.rules, self.found.statuses, strict=True) if status]
        self.met_ids = {rule.id for rule in self.met}
        self.answered = self.given.keys() | self.found.implied.keys()
        self.opened = open_inputs(self.walk, self.found, self.given)
        self.sources: dict[str, None] = {}

    def assessment(self, as_of: str | None, index: int, *, every_rule: bool) -> Assessment:
        found, row = self.found, self.program.rows[self.found.row]
        classes = tuple(dict.fromkeys(self.program.rows[at].spec["class"] for at in found.possible))
        considered = [self.consideration(clause) for clause in self.program.consider if self.true(clause)]
        missing = self.missing()
        fields: dict[str, Any] = {
            "format": parts.FORMAT,
            "calcrisk": __version__,
            "source": self.patient.source,
            "index": index,
            "status": "scored",
            "as_of": as_of,
            "rulebook": self.identity(),
            "patient": parts.PatientIdentity(id=self.patient.id),
            "classification": row.spec["class"],
            "possible_classifications": classes,
            "settled": self.settled(classes, missing),
            "conclusion": self.conclusion(row),
            "risk": self.risk(),
            "ca_p_product": self.product(),
            "mechanisms": self.mechanisms(),
            "findings": self.findings(every_rule=every_rule),
            "undecided": self.undecided(),
            "missing": missing,
            "assumed_absent": self.assumed_absent(),
            "assumptions": {},
            "alerts": tuple(part for alert, part in considered if alert),
            "consider": tuple(part for alert, part in considered if not alert),
            "inputs": {name: self.input(name) for name in self.words.in_order(self.stated())},
            "facts": {fact["name"]: self.fact(fact) for fact in self.words.shown_facts},
            "references": {source: self.words.references[source] for source in self.sources},
            "warnings": self.warnings(),
            "notice": self.data["notice"],
        }
        return Assessment(**fields)

    def settled(self, classes: tuple[str, ...], missing: tuple[parts.Missing, ...]) -> bool:
        """Whether no open question can change the class or a tier, or begin a tier that was not assessed."""
        tight = all(tier.lowest == tier.highest for tier in self.found.tiers if tier.assessed)
        return len(classes) == 1 and tight and not any(part.decisive for part in missing)

    # ---- words ------------------------------------------------------------------------------------------------

    def cite(self, cited: Cited) -> dict[str, Any]:
        """Return the sources, and remember that they are cited."""
        self.sources.update(cited.sources)
        return {"evidence": cited.evidence, "against": cited.against}

    def strongest(self, mechanism: str) -> str:
        at = self.words.mechanisms.index(mechanism)
        best = max((rule for rule in self.met if rule.mechanism == at), key=lambda rule: rule.level, default=None)
        return best.phrase.fill(self.env) if best else "nothing that reaches a level"

    def said(self, clauses: Iterable[Clause]) -> tuple[str, ...]:
        return tuple(clause.say.fill(self.env, self.strongest) for clause in clauses if self.true(clause))

    def true(self, clause: Clause) -> bool:
        if clause.when is None:
            return True
        holds = clause.when.bounded if self.found.inexact else clause.when.exact
        return holds(self.env) is True

    def plain(self, name: str) -> Any:  # noqa: ANN401  # a number, a yes/no or a word
        return self.words.places[name].plain(self.env)

    # ---- the parts --------------------------------------------------------------------------------------------

    def identity(self) -> parts.RulebookIdentity:
        book = self.rulebook
        return parts.RulebookIdentity(id=book.id, version=book.version, sha256=book.sha256, profile=book.profile)

    def conclusion(self, row: Row) -> parts.Conclusion:
        sentence = "; ".join([row.say.fill(self.env, self.strongest), *self.said(row.clauses)])
        return parts.Conclusion(
            row=row.id,
            label=row.label,
            sentence=sentence if sentence.endswith(".") else sentence + ".",
            basis=row.spec["basis"],
            **self.cite(self.words.rows[row.id]),
        )

    def risk(self) -> parts.Risk:
        tiers = zip(self.program.tiers, self.found.tiers, strict=True)
        return parts.Risk(**{tier.name: self.tier(tier.spec["label"], answer) for tier, answer in tiers})

    def tier(self, label: str, answer: TierAnswer) -> parts.TierRange:
        names, ranks = self.data["tier_names"], (answer.tier, answer.lowest, answer.highest)
        tier, lowest, highest = (names[rank] if answer.assessed else None for rank in ranks)
        return parts.TierRange(label=label, assessed=answer.assessed, tier=tier, lowest=lowest, highest=highest)

    def product(self) -> parts.Product:
        spec = self.data["product"]
        shown = self.program.shown[spec["value"]]
        factor = self.program.inputs[spec["value"]].spec["units"][spec["si_unit"]]
        limit = self.plain(spec["limit"])
        threshold = self.data["parameters"][spec["default_limit"]]["value"] if limit is None else limit
        value, corrected = self.plain(spec["value"]), self.plain(spec["corrected"])
        above = None if value is None else self.plain(spec["at_limit"])
        corrected_above = None if corrected is None else self.plain(spec["corrected_at_limit"])
        return parts.Product(
            value=value,
            unit=shown.unit or "",
            si_value=None if value is None else value / factor,
            si_unit=spec["si_unit"],
            threshold=threshold,
            si_threshold=threshold / factor,
            at_or_above=above,
            corrected_value=corrected,
            corrected_si_value=None if corrected is None else corrected / factor,
            corrected_at_or_above=corrected_above,
            given=spec["value"] in self.given,
            waits_for=self.lacking(spec["value"]) if value is None else (),
            disagree=None not in (above, corrected_above) and above != corrected_above,
            notes=self.said(self.program.notes),
            **self.cite(self.words.product),
        )

    def lacking(self, name: str) -> tuple[str, ...]:
        """Return the labels of the inputs that a derived quantity would need and does not have."""
        needed = self.words.in_order(self.walk.leaves(name))
        return tuple(self.spec(entry)["label"] for entry in needed if self.plain(entry) is None)

    def mechanisms(self) -> dict[str, parts.Mechanism]:
        levels = self.data["levels"]
        ranges = zip(self.data["mechanisms"], self.found.lows, self.found.highs, strict=True)
        return {
            entry["name"]: parts.Mechanism(
                label=entry["label"],
                question=entry["question"] or "",
                level=levels[low],
                lowest=levels[low],
                highest=levels[high],
            )
            for entry, low, high in ranges
        }

    def findings(self, *, every_rule: bool) -> tuple[parts.Finding, ...]:
        pairs = zip(self.program.rules, self.found.statuses, strict=True)
        return tuple(self.finding(rule, status) for rule, status in pairs if every_rule or status)

    def finding(self, rule: Rule, status: bool | None) -> parts.Finding:  # noqa: FBT001  # a truth of three values
        words = self.words.rules[rule.id]
        return parts.Finding(
            **words.fixed,
            status=_STATUS[status],
            because=rule.because.fill(self.env, self.strongest),
            inputs={place.name: place.plain(self.env) for place in words.mentions if place.name in self.answered},
            margin=self.margin(rule),
            covered_by=next((other for other in rule.spec["covered_by"] if other in self.met_ids), None),
            **self.cite(words.cited),
        )

    def margin(self, rule: Rule) -> parts.Margin | None:
        if rule.margin is None:
            return None
        value, limit = (shown.constant if shown.slot is None else self.env[shown.slot] for shown in rule.margin)
        if not (isinstance(value, float | int) and isinstance(limit, float | int)) or value - limit != value - limit:
            return None  # unknown, inexact or absent (NaN differs from itself)
        return parts.Margin(value=value - limit, unit=rule.margin[0].unit)

    def undecided(self) -> tuple[parts.Undecided, ...]:
        return tuple(
            parts.Undecided(rule=rule.id, title=rule.spec["title"], waits_for=self.waits_for(rule))
            for rule in undecided_rules(self.walk, self.found)
        )

    def waits_for(self, rule: Rule) -> tuple[str, ...]:
        return tuple(name for name in self.opened if self.walk.touched(name) & rule.when.mentions)

    def missing(self) -> tuple[parts.Missing, ...]:
        return tuple(
            parts.Missing(
                input=entry.name,
                label=self.spec(entry.name)["label"],
                question=self.spec(entry.name)["question"] or f"{self.spec(entry.name)['label']}?",
                decisive=bool(entry.could_change),
                could_change=entry.could_change,
            )
            for entry in missing_inputs(self.walk, self.found, self.opened)
        )

    def spec(self, name: str) -> Spec:
        return self.program.inputs[name].spec

    def assumed_absent(self) -> tuple[str, ...]:
        silent = [name for name in self.words.volunteered if name not in self.answered]
        closed = [
            entry.name
            for entry in self.words.asked_when
            if entry.name not in self.answered and not is_open(self.env[entry.slot])
        ]
        return tuple(self.words.in_order([*silent, *closed]) if closed else silent)

    def consideration(self, clause: Clause) -> tuple[bool, parts.Consideration]:
        spec = clause.spec
        named = (clause.when.mentions if clause.when else frozenset()) & self.given.keys()
        part = parts.Consideration(
            pattern=spec["pattern"],
            title=spec["title"],
            rules=tuple(rule.id for rule in self.met if rule.when.mentions & named),
            because=(clause.say.fill(self.env, self.strongest),),
            basis=spec["basis"],
            evidence=self.cite(self.words.patterns[spec["pattern"]])["evidence"],
        )
        return spec["alert"], part

    def stated(self) -> set[str]:
        """What was said, and what follows from it; the many a "no" answers are not repeated one by one."""
        follows = {name for name in self.found.implied if self.env[self.program.slots[name]] is not False}
        return follows | self.given.keys()

    def input(self, name: str) -> parts.Input:
        given, spec = self.given.get(name), self.spec(name)
        implied = self.found.implied.get(name)
        value = self.plain(name)
        written = str(value) if implied or given is None else given.as_written
        origin = f"implied by {implied}" if implied or given is None else given.origin
        return parts.Input(value=value, unit=spec["unit"], as_written=written, origin=origin, label=spec["label"])

    def fact(self, fact: Spec) -> parts.Fact:
        name = fact["name"]
        return parts.Fact(value=self.plain(name), unit=fact["unit"], label=fact["label"], given=name in self.given)

    def warnings(self) -> tuple[parts.Warned, ...]:
        read = [parts.Warned(code=code, message=message) for code, message in sorted(self.patient.warnings)]
        holding = [clause for clause in self.program.warnings if self.true(clause)]
        said = [parts.Warned(code=clause.spec["code"], message=clause.say.fill(self.env)) for clause in holding]
        return (*read, *said)
