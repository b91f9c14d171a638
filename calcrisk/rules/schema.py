"""The shape of a rulebook's YAML, as pydantic models: what each entry must say, and what may be left out.

Imported only where a rulebook is compiled from YAML; the package's own start reads the JSON that came of it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
Identifier = Annotated[str, Field(pattern=rf"^{_NAME.pattern}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Sentence = Annotated[str, Field(min_length=1)]
Basis = Literal["sourced", "design-choice"]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Entry(BaseModel):
    """Strict about names: a key nobody reads is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Where(Entry):
    """A reference, and the place in it."""

    source: Slug
    at: Sentence


class Sourced(Entry):
    """What carries a source, or says that it is our own choice and why."""

    where: list[Where] = []
    basis: Basis = "sourced"
    why: str | None = None

    @field_validator("where", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _has_a_source(self) -> Sourced:
        if self.basis == "sourced" and not self.where:
            message = "has no source: give 'where: [{source, at}]', or 'basis: design-choice' and 'why'"
            raise ValueError(message)
        if self.basis == "design-choice" and not self.why:
            message = "is a design choice and does not say why"
            raise ValueError(message)
        return self


class Parameter(Sourced):
    """A named number."""

    value: Finite
    unit: str | None = None
    digits: int | None = None


class Listed(Entry):
    """How an entry of the document's lists (``tissue``, ``deposits``) folds to this variable."""

    in_list: Literal["tissue", "deposits"] = Field(alias="list")
    key: str
    value: str | None = None
    fold: Literal["max"] | None = None
    spellings: list[str] = []


class Spelling(Entry):
    """A further word for a value of a choice, and what else it says."""

    value: str
    also: dict[str, bool] = {}


class Asked(Entry):
    """The condition under which a question is asked."""

    when: Sentence


class UnitTrap(Entry):
    """A number that looks like another unit, or like another input when ``likely`` names one."""

    below: float | None = None
    above: float | None = None
    unit: str | None = None
    likely: str
    act: Literal["refuse", "warn"] = "refuse"


class VariableEntry(Sourced):
    """One thing that can be known of a patient."""

    name: Identifier
    label: Sentence
    group: str | None = None
    key: str | None = None
    kind: Literal["number", "yesno", "choice"]
    unit: str | None = None
    digits: int | None = None
    units: dict[str, Finite] = {}
    hard: tuple[Finite, Finite] | None = None
    plausible: tuple[Finite, Finite] | None = None
    unit_traps: list[UnitTrap] = []
    ask: Literal["core", "volunteered"] | Asked
    implies: list[Identifier] = []
    closed_by: list[Identifier] = []
    means: Sentence
    counts: str | None = None
    excludes: str | None = None
    question: str | None = None
    synonyms: list[str] = []
    values: list[str] = []
    ordered: bool = False
    ranges: dict[str, tuple[str, str]] = {}
    spellings: dict[str, Spelling] = {}
    listed: Listed | None = None
    of: Identifier | None = None
    role: Literal["status", "lower_limit", "upper_limit", "speciation"] | None = None  # the last: read by no rule
    derived: bool = False

    @model_validator(mode="after")
    def _complete(self) -> VariableEntry:
        wanting = [
            (self.kind == "number" and self.hard is None, "a number needs hard limits: hard: [lowest, highest]"),
            (any(pair and pair[0] > pair[1] for pair in (self.hard, self.plausible)), "the limits are reversed"),
            (self.kind == "choice" and len(self.values) < 2, "a choice needs its values"),  # noqa: PLR2004  # to choose from
            (self.ask != "volunteered" and not self.question, "what is asked for needs its 'question'"),
            ((self.of is None) != (self.role in {None, "speciation"}), "'of' and 'role' go together"),
            (
                any(map(self._idle, self.unit_traps)),
                "a unit trap needs another of the variable's units, or another input, as 'likely'",
            ),
        ]
        for missing, message in wanting:
            if missing:
                raise ValueError(message)
        return self

    def _idle(self, trap: UnitTrap) -> bool:
        """Whether a trap offers what nobody could have meant: the unit or input it lies in, or what is neither."""
        declared = {self.unit, *self.units}
        written = trap.unit or self.unit
        # whether a name is an input's, only the whole rulebook tells: see check
        meant = trap.likely in declared or _NAME.fullmatch(trap.likely) is not None
        return trap.likely in {written, self.name} or written not in declared or not meant


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
    """A part of a sentence, said when a fact is true."""

    when: str | bool | None = None
    say: Sentence


class RowEntry(Sourced):
    """A row of the class table."""

    id: Slug
    class_: str = Field(alias="class")
    when: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
    say: Sentence
    clauses: list[ClauseEntry] = []
    against: list[Where] = []

    @field_validator("when", mode="before")
    @classmethod
    def _always(cls, value: object) -> object:
        return "True" if value is True else value


class TierRow(Sourced):
    """A row of a tier table; the table's own basis serves where the row has none."""

    tier: str
    when: str
    basis: Basis = "design-choice"
    why: str | None = "see the table"

    @field_validator("when", mode="before")
    @classmethod
    def _always(cls, value: object) -> object:
        return "True" if value is True else value


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


class ProductEntry(Sourced):
    """Which facts the gauge shows."""

    value: Identifier
    corrected: Identifier
    limit: Identifier
    default_limit: Identifier
    at_limit: Identifier
    corrected_at_limit: Identifier
    si_unit: str = "mmol2/L2"
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
    values: list[Any] = []
    notes: str | None = None

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
    """A set of parameters that replaces the shared ones."""

    title: Sentence
    default: bool = False
    parameters: dict[Identifier, Parameter] = {}


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
    warnings: list[WarningEntry]
