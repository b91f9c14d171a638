"""The shape of what a rulebook says of an input, and what every entry of it shares: names, numbers, sources.

Imported only where a rulebook is compiled from YAML.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Cited = Annotated[list[Where], BeforeValidator(_one_or_many)]  # one source may stand without a list around it


class Sourced(Entry):
    """What carries a source, or says that it is our own choice and why."""

    where: Cited = []
    basis: Basis = "sourced"
    why: str | None = None

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
    sites: list[str] = []  # where alone a finding lies, by what it is; left out: anywhere


class Spelling(Entry):
    """A further word for a value of a choice that says something else as well; one that does not is its value alone."""

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
    flag: Identifier | None = None  # what its flag is called where that is not its name, which is one as well
    kind: Literal["number", "yesno", "choice"]
    unit: str | None = None
    digits: int | None = None
    units: dict[str, Finite] = {}
    si: str | None = None  # the one of its further units that a report of SI units uses
    hard: tuple[Finite, Finite] | None = None
    plausible: tuple[Finite, Finite] | None = None
    unit_traps: list[UnitTrap] = []
    ask: Literal["core", "volunteered"] | Asked
    implies: list[Identifier] = []
    closed_by: list[Identifier] = []
    rejects: list[Identifier] = []
    means: Sentence
    counts: str | None = None
    excludes: str | None = None
    question: str | None = None
    synonyms: list[str] = []
    values: list[str] = []
    ordered: bool = False
    ranges: dict[str, tuple[str, str]] = {}
    spellings: dict[str, str | Spelling] = {}
    offered: list[str] = []  # the words of a choice that messages name; left out: its values
    unread: dict[str, str] = {}  # what may stand beside a word of a choice and is no input, with its name
    listed: Listed | None = None
    onset_of: Identifier | None = None
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
            (self.rejects and self.kind != "yesno", "only a yes can reject the values of other inputs"),
            (
                any(map(self._idle, self.unit_traps)),
                "a unit trap needs another of the variable's units, or another input, as 'likely'",
            ),
            (not {*self.values} >= self._meant(), "ranges and spellings lead to the choice's values alone"),
            (self.si is not None and self.si not in self.units, "'si' is one of the further units"),
            (
                not {*self.values, *self.ranges, *self.spellings} >= {*self.offered},
                "what is offered is a value, range or spelling of the choice",
            ),
        ]
        for missing, message in wanting:
            if missing:
                raise ValueError(message)
        return self

    def _meant(self) -> set[str]:
        """Return the values that the further words stand for."""
        spelt = (meant if isinstance(meant, str) else meant.value for meant in self.spellings.values())
        return {*chain.from_iterable(self.ranges.values()), *spelt}

    def _idle(self, trap: UnitTrap) -> bool:
        """Whether a trap offers what nobody could have meant: the unit or input it lies in, or what is neither."""
        declared = {self.unit, *self.units}
        written = trap.unit or self.unit
        # whether a name is an input's, only the whole rulebook tells: see check
        meant = trap.likely in declared or _NAME.fullmatch(trap.likely) is not None
        return trap.likely in {written, self.name} or written not in declared or not meant
