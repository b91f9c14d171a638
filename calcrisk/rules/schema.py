"""The shape of a rulebook's YAML, as pydantic models: what each entry must say, and what may be left out.

Imported only where a rulebook is compiled from YAML; the package's own start reads the JSON that came of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from calcrisk.rules.schema_inputs import (
    Basis,
    Cited,
    Entry,
    Identifier,
    Parameter,
    Sentence,
    Slug,
    Sourced,
    VariableEntry,
    Where,
)
from calcrisk.rules.schema_levers import LeverEntry, ModifiableEntry  # noqa: TC001  # pydantic reads them at run time


class Fact(Sourced):
    """A derived quantity, condition or word."""

    name: Identifier
    label: Sentence
    kind: Literal["number", "yesno", "choice"]
    values_of: Identifier | None = None
    unit: str | None = None
    digits: int | None = None
    formula: Sentence
    valid_when: str | None = None
    parameters: dict[Identifier, Parameter] = {}
    against: list[Where] = []
    shown: bool = False
    display_only: bool = False


class Implied(Sourced):
    """An input that follows from others."""

    set: Identifier
    to: bool | str
    when: Sentence
    because: Sentence


class MarginEntry(Entry):
    """How far ``of`` lies above ``from``."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    of: Identifier
    from_: Identifier = Field(alias="from")


class Case(Entry):
    """An example the rule must answer, with its origin."""

    given: dict[str, Any]
    expect: Literal["met", "not_met", "unknown"]
    origin: Sentence


class RuleEntry(Sourced):
    """One rule."""

    id: Slug
    title: Sentence
    phrase: Sentence
    mechanism: str
    level: str
    when: Sentence
    parameters: dict[Identifier, Parameter] = {}
    because: Sentence
    margin: MarginEntry | None = None
    against: list[Where] = []
    applies_when: Sentence
    limits: Annotated[list[Sentence], Field(min_length=1)]
    covered_by: list[Slug] = []
    cases: Annotated[list[Case], Field(min_length=2)]
    file: str


class ClauseEntry(Entry):
    """A part of a sentence, said when a fact is true, with the sources that are its own."""

    when: str | bool | None = None
    say: Sentence
    where: Cited = []


def _always(value: object) -> object:
    return "True" if value is True else value


_Always = BeforeValidator(_always)  # the last row of a table holds whatever is known: `when: true`


class RowEntry(Sourced):
    """A row of the class table."""

    id: Slug
    class_: str = Field(alias="class")
    when: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True), _Always]
    say: Sentence
    clauses: list[ClauseEntry] = []
    against: list[Where] = []


class TierRow(Sourced):
    """A row of a tier table; the table's own basis serves where the row has none."""

    tier: str
    when: Annotated[str, _Always]
    basis: Basis = "design-choice"
    why: str | None = "see the table"


class TierTable(Sourced):
    """The table of one of the three questions."""

    label: Sentence
    assessed_by: Annotated[list[Identifier], Field(min_length=1)]
    withheld_when: Identifier | None = None
    rows: Annotated[list[TierRow], Field(min_length=1)]


class ConsiderEntry(Sourced):
    """A pattern outside the tiers; an alert when it must not wait."""

    pattern: Slug
    title: Sentence
    alert: bool = False
    when: Sentence
    say: Sentence
    next: Sentence | None = None  # the question to ask next
    decides: list[Identifier] = []  # the inputs that are its answer, and that silence takes for absent
    parameters: dict[Identifier, Parameter] = {}
    against: list[Where] = []


class WarningEntry(Entry):
    """Something to know before the answer is used."""

    code: Slug
    when: Sentence
    say: Sentence
    parameters: dict[Identifier, Parameter] = {}
    where: list[Where] = []
    basis: Basis | None = None
    why: str | None = None


class BandEntry(Entry):
    """A span of time since a finding, and what is said of calcification in it; ``from_`` names where it begins."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    status: Literal["too_early", "plausible", "expected", "unconfirmed", "unmeasured"]
    from_: Identifier | None = Field(default=None, alias="from")
    say: Sentence


class LatencyEntry(Sourced):
    """How long one finding takes to calcify, as published. Shown, never scored."""

    id: Slug
    title: Sentence
    when: Sentence
    onset: Identifier
    published: Sentence
    unconfirmed: str | None = None
    parameters: dict[Identifier, Parameter] = {}
    bands: Annotated[list[BandEntry], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> LatencyEntry:
        begins = [band.from_ for band in self.bands]
        if begins[0] is not None or None in begins[1:]:
            message = "the first band begins with the finding, and every other names where it begins: from: parameter"
            raise ValueError(message)
        if strange := [name for name in begins[1:] if name not in self.parameters]:
            message = f"a band begins at {strange[0]!r}, which is no parameter of this entry"
            raise ValueError(message)
        return self


# The shared parameters by which dated panels are read, and the confidence of what is said of noise.
LOOKING_BACK = (
    "history_apart",
    "history_gap",
    "history_stale",
    "history_albumin",
    "history_session",
    "history_session_fall",
    "history_set_point",
    "history_slope",
    "noise_confidence",
)


class PastEntry(Sourced):
    """An input that dated panels fill: what is measured of which quantity, beside which limit."""

    input: Identifier
    of: Identifier
    measure: Literal["usable", "at_or_above", "repeated", "sustained", "fraction", "mean", "slope", "age"]
    limit: Identifier | None = None
    beyond: bool = False  # whether the limit must be passed, not only reached
    uses: list[Identifier] = []  # the shared parameters that it is read by


class Scatter(Entry):
    """How much one analyte varies: within a person, and by its measurement (coefficients of variation)."""

    within: Parameter
    analytical: Parameter


class VariationCaveat(Entry):
    """What must be said of a variation while a fact holds: of whom it was not measured."""

    when: Identifier
    say: Sentence


class VariationEntry(Sourced):
    """A population, and how much its analytes vary; without ``when`` it stands for everyone else."""

    id: Slug
    title: Sentence
    when: Identifier | None = None
    unless: Identifier | None = None  # while this holds no value is a repeat of another: there is no set point
    caveats: list[VariationCaveat] = []
    analytes: dict[Identifier, Scatter]
    against: list[Where] = []

    @model_validator(mode="after")
    def _makes_a_product(self) -> VariationEntry:
        if missing := [name for name in ("calcium", "phosphate") if name not in self.analytes]:
            message = f"does not say how much {missing[0]} varies, which the product needs"
            raise ValueError(message)
        return self


class ProductEntry(Sourced):
    """Which facts the gauge shows."""

    value: Identifier
    corrected: Identifier
    limit: Identifier
    default_limit: Identifier
    limits: list[Identifier] = []
    at_limit: Identifier
    corrected_at_limit: Identifier
    si_unit: str = "mmol2/L2"
    caveats: list[ClauseEntry] = []
    notes: list[ClauseEntry] = []
    against: list[Where] = []


class ReferenceEntry(Entry):
    """A source, as verified."""

    citation: Sentence
    doi: str | None = None
    url: str | None = None
    year: int | None = None
    strength: Sentence
    population: str | None = None
    use: Literal["threshold", "rule-support", "context", "report-only", "do-not-score", "not-for-rules"]
    verified: bool
    claim: Sentence
    # what it says against a rule that cites it so, where the claim does not tell by itself
    objection: Sentence | None = None
    values: list[Any] = []
    notes: str | None = None
    added: str | None = None  # why it is not one of the evidence review; what was read, and when

    @field_validator("verified", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return {"yes": True, "no": False}.get(str(value).lower(), value)


class Label(Entry):
    """A name with its label."""

    name: str | None = None
    label: Sentence
    question: str | None = None


class ClassEntry(Entry):
    """A class's label."""

    label: Sentence
    means: str | None = None


class ProfileEntry(Entry):
    """A set of parameters that replaces the shared ones.

    ``cites`` says for a source that the rulebook cites what is cited in its place; ``needs`` says of inputs that this
    profile cannot do without what is told while they are open.
    """

    title: Sentence
    default: bool = False
    cites: dict[Slug, Where] = {}
    needs: dict[Identifier, Sentence] = {}
    parameters: dict[Identifier, Parameter] = {}


class Statement(Entry):
    """A sentence about a term: with its source, or with the name of who says it and nobody confirmed."""

    say: Sentence
    where: Cited = []
    unconfirmed: str | None = None

    @model_validator(mode="after")
    def _said_by_somebody(self) -> Statement:
        if bool(self.where) == bool(self.unconfirmed):
            message = "needs its source ('where'), or 'unconfirmed' and who says it"
            raise ValueError(message)
        return self


class TermEntry(Entry):
    """A word of the subject, explained to a clinician; it takes no part in any answer."""

    id: Slug
    title: Sentence
    aliases: list[str] = []
    what: Annotated[list[Statement], Field(min_length=1)]
    matters: list[Statement] = []
    numbers: list[Statement] = []
    contested: list[Statement] = []
    see: list[str] = []


class Allowed(Entry):
    """Warnings of ``rules check`` that are right as they are: of which kind, on which entries, and why."""

    finding: Slug
    at: Annotated[list[str], Field(min_length=1)]
    why: Sentence

    @field_validator("at", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class RulebookData(Entry):
    """The whole rulebook, its files merged."""

    id: Slug
    version: str
    title: Sentence
    notice: Sentence
    levels: Annotated[list[str], Field(min_length=2)]
    tier_names: Annotated[list[str], Field(min_length=2)]
    mechanisms: Annotated[list[Label], Field(min_length=1)]
    groups: Annotated[list[Label], Field(min_length=1)]
    product: ProductEntry
    variables: list[VariableEntry]
    parameters: dict[Identifier, Parameter]
    profiles: dict[str, ProfileEntry]
    references: dict[Slug, ReferenceEntry]
    facts: list[Fact]
    implied: list[Implied]
    rules: Annotated[list[RuleEntry], Field(min_length=1)]
    classes: dict[str, ClassEntry]
    rows: list[RowEntry]
    minimum: list[Identifier]
    tiers: Annotated[dict[Literal["metastatic", "dystrophic", "vascular"], TierTable], Field(min_length=3)]
    consider: list[ConsiderEntry]
    levers: list[LeverEntry] = []
    modifiable: list[ModifiableEntry] = []
    warnings: list[WarningEntry]
    terms: list[TermEntry] = []
    kinetics: list[LatencyEntry] = []
    history: list[PastEntry] = []
    variation: list[VariationEntry] = []
    allowed: list[Allowed] = []

    @model_validator(mode="after")
    def _can_look_back(self) -> RulebookData:
        missing = [name for name in LOOKING_BACK if name not in self.parameters]
        if (self.history or self.variation) and missing:
            message = f"a rulebook with history or variation needs the parameters {', '.join(missing)}"
            raise ValueError(message)
        return self


class Removed(Entry):
    """A rule that an overlay takes out, and why."""

    rule: Slug
    why: Sentence


class OverlayData(Entry):
    """An overlay: what it changes of another rulebook. Its entries are checked where they land, in the whole."""

    overlay: Slug
    id: Slug
    version: Sentence
    title: Sentence
    written_for: str | None = None
    parameters: dict[Identifier, dict[str, Any]] = {}
    profiles: dict[str, dict[str, Any]] = {}
    references: dict[Slug, dict[str, Any]] = {}
    rules: list[dict[str, Any]] = []
    cases: dict[Slug, list[Any]] = {}
    remove: list[Removed] = []
    allowed: list[Allowed] = []
