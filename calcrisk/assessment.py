"""The answer for one patient: a frozen, complete document (``format: 1``) that every renderer starts from.

Numbers are unrounded; unknown is ``None``, never absent. Keys are only ever added; one that changes meaning raises
``FORMAT``. A renderer computes nothing: what it shows stands here.
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, dataclass_transform

from pydantic import Field

from calcrisk.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from pydantic import TypeAdapter


FORMAT = 1  # 1: the first

Scalar = float | bool | str | None
Status = Literal["met", "not_met", "unknown"]
_ALL_KEYS = Field(json_schema_extra={"required": [*Fault._fields]})
SPELLED = {"origin": "from"}  # a key of the document whose word Python keeps for itself
kinds_of_part: dict[str, type[Part]] = {}  # by name, in the order they are declared
# What a field holds that is declared as a part, as several, or as several by name.
_HOLDS: Final = re.compile(r"(?P<within>tuple\[|dict\[str, )?(?P<kind>\w+)(?: \| None|, \.\.\.\]|\])?")


class _View:
    """A field that lies in the document otherwise than it is looked at: parts as plain mappings, or another key."""

    def __init__(self, key: str, look: Callable[[Any], Any] | None = None) -> None:
        self.key, self._look = key, look

    def __get__(self, part: Part | None, _kind: type[Part] | None = None) -> Any:  # noqa: ANN401  # as the field says
        if part is None:
            raise AttributeError(self.key)  # as of any field without a default, which is how `dataclass` takes it
        value = part.__dict__[self.key]
        return value if self._look is None else self._look(value)

    def __set__(self, part: Part, value: object) -> None:
        # A part refuses to be changed before this is asked: only pydantic passes that by, to fill what it has read.
        part.__dict__[self.key] = value


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Part:
    """A frozen dataclass made by keywords, every field given, values right by construction and so not validated.

    Its ``__dict__`` is the document, ready to be written: parts within it are plain mappings there (``Shared`` ones
    excepted), and become parts when somebody looks at them, which a batch never does. There are two dozen kinds, and
    every start defines them all: they become dataclasses in full (see ``_adapters``) only when somebody asks for a
    schema or reads a document back.
    """

    def __init_subclass__(cls) -> None:
        """Give each field that is no plain value its view."""
        kinds_of_part[cls.__name__] = cls
        for name, declared in cls.__annotations__.items():
            found = _HOLDS.fullmatch(declared)
            if name in SPELLED:
                setattr(cls, name, _View(SPELLED[name]))
            elif found and found["kind"] in kinds_of_part:
                setattr(cls, name, _View(name, _looks(kinds_of_part[found["kind"]], found["within"])))

    def __init__(self, **fields: Any) -> None:  # noqa: ANN401  # typed by the fields of each part
        """Take every field."""
        self.__dict__.update({SPELLED.get(name, name): _plain(fields[name]) for name in type(self).__annotations__})

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """Make a part of its document, every key in order; it becomes the part's own and is not copied."""
        part = _new(cls)
        _set_fields(part, document)
        return part

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: an answer does not change."""
        raise FrozenInstanceError(name)

    def __delattr__(self, name: str) -> None:
        """Refuse: an answer does not change."""
        raise FrozenInstanceError(name)

    def __eq__(self, other: object) -> bool:
        """Compare field by field."""
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # some fields hold mappings

    def __getstate__(self) -> dict[str, Any]:
        """Give what is copied or sent to another process: the document."""
        return self.__dict__

    def __repr__(self) -> str:
        """Write every field."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """Give rich the fields."""
        return ((name, getattr(self, name)) for name in type(self).__annotations__)


class Shared(Part):
    """A part that is the same for many patients: ``written`` is where a renderer may keep what it wrote of it."""

    __slots__ = ("written",)  # no field, and so not annotated


_new = object.__new__
_set_fields = Part.__dict__["__dict__"].__set__  # past the refusal to change


def _looks(kind: type[Part], within: str | None) -> Callable[[Any], Any]:
    """Return what makes parts of one kind of what a document holds: one or none, several, or several by name."""

    def one(value: Any) -> Any:  # noqa: ANN401  # a mapping, nothing, or a shared part as it is
        return kind.of(value) if value.__class__ is dict else value

    if within is None:
        return one
    if within == "tuple[":
        return lambda values: tuple(map(one, values))
    return lambda values: {name: one(value) for name, value in values.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  # a field holds values of every kind
    """Return a field as its document holds it."""
    if isinstance(value, Part):
        return value if isinstance(value, Shared) else value.__dict__
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return {name: _plain(part) for name, part in value.items()} if isinstance(value, dict) else value


class Citation(Part):
    """A reference by its id, and the place in it."""

    id: str
    at: str


class Reference(Shared):
    """What a citation id stands for."""

    citation: str
    doi: str | None
    url: str | None
    claim: str
    population: str
    strength: str


class Input(Part):
    """One thing stated of the patient, canonical, with what was written and where.

    ``lowest`` and ``highest`` are the ends that were stated, both the value itself where that is known exactly: of
    ``>10`` the value and the highest are None. A rule reads such a number up to the limit of the input. A yes or no
    has no ends.
    """

    value: Scalar
    lowest: Scalar
    highest: Scalar
    unit: str | None
    as_written: str
    origin: Annotated[str, Field(alias="from")]  # "hd.yaml:6", "--calcium", "Patient", or "implied by dialysis"
    label: str


class Fact(Part):
    """A derived quantity; ``given`` when the patient's document stated it and its inputs were not used.

    Known within bounds only, it has no value: ``lowest`` and ``highest`` bound it. Both are the value of an exact one;
    a yes or no has neither.
    """

    value: Scalar
    lowest: Scalar
    highest: Scalar
    unit: str | None
    label: str
    given: bool


class RulebookIdentity(Shared):
    """Which rulebook answered: two answers with the same hash and profile came from the same rules."""

    id: str
    version: str
    sha256: str
    profile: str


class PatientIdentity(Part):
    """The patient's own identifier, as given."""

    id: str | None


class TierRange(Shared):
    """A tier on what is known, and the lowest and highest the open questions allow; all None when not assessed."""

    label: str
    assessed: bool
    tier: str | None
    lowest: str | None
    highest: str | None


class Risk(Shared):
    """The three questions, kept apart: no probability, no sum."""

    metastatic: TierRange
    dystrophic: TierRange
    vascular: TierRange


class Product(Part):
    """Serum calcium times phosphate against the threshold (mg²/dL², and mmol²/L²), uncorrected and albumin-corrected.

    ``at_or_above`` is None when that cannot be told. ``given`` when the report stated the product itself. A product
    known within bounds only has no value: it lies between ``lowest`` and ``highest`` (of an exact one both are the
    value), and an end that nobody stated is the limit of an input.
    """

    value: float | None
    lowest: float | None
    highest: float | None
    unit: str
    si_value: float | None
    si_lowest: float | None
    si_highest: float | None
    si_unit: str
    threshold: float
    si_threshold: float
    at_or_above: bool | None
    corrected_value: float | None
    corrected_lowest: float | None
    corrected_highest: float | None
    corrected_si_value: float | None
    corrected_si_lowest: float | None
    corrected_si_highest: float | None
    corrected_at_or_above: bool | None
    given: bool
    waits_for: tuple[str, ...]  # labels of what is lacking when not even bounds are known
    disagree: bool  # uncorrected and corrected stand on different sides of the threshold
    notes: tuple[str, ...]  # sentences that must stand beside the gauge
    evidence: tuple[Citation, ...]
    against: tuple[Citation, ...]


class Mechanism(Shared):
    """The level a mechanism reaches on what is known, and the range the open questions allow."""

    label: str
    question: str
    level: str
    lowest: str
    highest: str


class Margin(Part):
    """How far the deciding quantity lies above (+) or below (-) its limit."""

    value: float
    unit: str | None


class Finding(Part):
    """One rule and its answer for this patient."""

    rule: str
    title: str
    mechanism: str
    status: Status
    level: str
    because: str
    inputs: dict[str, Scalar]
    margin: Margin | None
    strength: str
    basis: Literal["sourced", "design-choice"]
    applies_when: str
    limits: tuple[str, ...]
    evidence: tuple[Citation, ...]
    against: tuple[Citation, ...]
    covered_by: str | None  # a rule that also holds and says the same more strongly; readers may pass this one over
    file: str  # where the rule is written: "rules/mineral_load.yaml"


class Undecided(Shared):
    """A rule that cannot be decided, and the open inputs it waits for."""

    rule: str
    title: str
    waits_for: tuple[str, ...]


class Missing(Shared):
    """An open input; ``could_change`` names what the answer to it alone could move (class or tiers)."""

    input: str
    label: str
    question: str
    decisive: bool
    could_change: tuple[str, ...]


class Consideration(Part):
    """A pattern outside the three tiers, or one that must not wait (an alert)."""

    pattern: str
    title: str
    rules: tuple[str, ...]
    because: tuple[str, ...]
    basis: Literal["sourced", "design-choice"]
    evidence: tuple[Citation, ...]


class Conclusion(Part):
    """The class in one plain sentence, and the row of the decision table that said it."""

    row: str
    label: str
    sentence: str
    basis: Literal["sourced", "design-choice"]
    evidence: tuple[Citation, ...]
    against: tuple[Citation, ...]


class Warned(Part):
    """Something to know before the answer is used."""

    code: str
    message: str


class Assessment(Part):
    """Everything calcrisk says of one patient. Serialise with ``to_json``; show with any of ``calcrisk.render``."""

    format: Literal[1]
    calcrisk: str
    source: str | None
    index: int
    status: Literal["scored"]
    as_of: str | None
    rulebook: RulebookIdentity
    patient: PatientIdentity
    classification: str
    possible_classifications: tuple[str, ...]
    settled: bool
    conclusion: Conclusion
    risk: Risk
    ca_p_product: Product
    mechanisms: dict[str, Mechanism]
    findings: tuple[Finding, ...]
    undecided: tuple[Undecided, ...]
    missing: tuple[Missing, ...]
    assumed_absent: tuple[str, ...]
    assumptions: dict[str, Scalar]
    alerts: tuple[Consideration, ...]
    consider: tuple[Consideration, ...]
    inputs: dict[str, Input]
    facts: dict[str, Fact]
    references: dict[str, Reference]
    warnings: tuple[Warned, ...]
    notice: str

    @staticmethod
    def from_json(text: str | bytes) -> Assessment:
        """Read back what ``calcrisk assess --json`` wrote; keys added by a later version are passed over.

        Raises ``pydantic.ValidationError`` for anything that is not an assessment of this format, so also for a patient
        that was refused: ``read_outcome`` takes both.
        """
        return Assessment.of(_document(_adapters()[0].validate_json(text)))


class Refused(Part):
    """A patient that could not be read: the envelope of an assessment, and every fault in place of the answer.

    Each of ``errors`` has all the keys of a fault: code, message, file, line, column, row, path, expected, got, hint.
    """

    format: Literal[1]
    calcrisk: str
    source: str | None
    index: int
    status: Literal["refused"]
    as_of: str | None
    rulebook: RulebookIdentity
    patient: PatientIdentity
    errors: tuple[Annotated[dict[str, str | int | None], _ALL_KEYS], ...]


def read_outcome(text: str | bytes) -> Assessment | Refused:
    """Read back one patient as ``calcrisk batch`` wrote it, a line of NDJSON: assessed or refused.

    Keys added by a later version are passed over. Raises ``pydantic.ValidationError`` for anything else.
    """
    read = _adapters()[1].validate_json(text)
    return type(read).of(_document(read))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of every document that is written of a patient, assessed or refused."""
    schema = _adapters()[1].json_schema(mode="serialization")
    del schema["discriminator"]  # a word of OpenAPI; `status` is a constant in either schema
    return schema


def _document(part: Part) -> dict[str, Any]:
    """Return the document of what pydantic read, whose fields are parts all the way down."""
    return {SPELLED.get(name, name): _as_laid_out(value) for name, value in part.__dict__.items()}


def _as_laid_out(value: Any) -> Any:  # noqa: ANN401  # a field holds values of every kind
    if isinstance(value, Part):
        return type(value).of(_document(value)) if isinstance(value, Shared) else _document(value)
    if isinstance(value, tuple):
        return tuple(map(_as_laid_out, value))
    return {name: _as_laid_out(each) for name, each in value.items()} if isinstance(value, dict) else value


@cache
def _adapters() -> tuple[TypeAdapter[Assessment], TypeAdapter[Assessment | Refused]]:
    """Return what reads an assessment, and what reads an assessment or a refused patient."""
    from pydantic import TypeAdapter  # nothing else here needs it

    for each in kinds_of_part.values():
        if each is not Shared:
            dataclass(init=False, repr=False, eq=False)(each)
    return TypeAdapter(Assessment), TypeAdapter(Annotated[Assessment | Refused, Field(discriminator="status")])
