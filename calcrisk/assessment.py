"""The answer for one patient: a frozen, complete document (``format: 1``) that every renderer starts from.

Numbers are unrounded; unknown is ``None``, never absent. Keys are only ever added; one that changes meaning raises
``FORMAT``. A renderer computes nothing: what it shows stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from calcrisk.errors import Fault
from calcrisk.parts import Part, Shared, document_of, kinds_of_part

if TYPE_CHECKING:
    from pydantic import TypeAdapter


FORMAT = 1  # 1: the first
ESTIMATED = " (estimated)"  # marks in a list of labels what was assumed but follows from something measured

Scalar = float | bool | str | None
Status = Literal["met", "not_met", "unknown"]
Direction = Literal["favours", "no effect", "harm", "mixed", "not shown"]
_ALL_KEYS = Field(json_schema_extra={"required": [*Fault._fields]})


class Citation(Part):
    """A reference by its id, and the place in it."""

    id: str
    at: str


class Reference(Shared):
    """What a citation id stands for; ``objection`` says in a sentence what it speaks against where it is cited so."""

    citation: str
    doi: str | None
    url: str | None
    claim: str
    objection: str | None
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

    Known within bounds only, it has no value: ``lowest`` and ``highest`` bound it, None where nobody measured that end.
    Both are the value of an exact one; a yes or no has neither.
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
    value), and an end that nobody measured is None: with a phosphate of ``>10`` there is no highest.
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
    # these two differ while the limit hangs on what is not known; `threshold` is then the rulebook's default
    threshold_lowest: float
    threshold_highest: float
    si_threshold: float
    si_threshold_lowest: float
    si_threshold_highest: float
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
    caveats: tuple[str, ...]  # a few words that go wherever the product goes
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
    next: str | None  # the question to ask next
    decides: tuple[str, ...] = ()  # inputs assumed absent: "yes" to one of them would change the class or a tier
    basis: Literal["sourced", "design-choice"]
    evidence: tuple[Citation, ...]
    against: tuple[Citation, ...]


class Study(Part):
    """What one study found when something was changed; ``direction`` is of what it measured."""

    direction: Direction
    sentence: str
    strength: str
    population: str
    evidence: tuple[Citation, ...]


class Lever(Shared):
    """Something that can be changed, and what its studies found, for discussion: no rule, class or tier reads it.

    ``direction`` sums up the studies and is a design choice, ``why`` says how it was made.
    """

    lever: str
    title: str
    studied_in: str  # whom the studies were of
    direction: Direction
    why: str
    studies: tuple[Study, ...]


class Kinetics(Part):
    """How long one finding of this patient takes to calcify, as published, and where in that time the patient stands.

    ``status`` is ``too_early``, ``plausible`` or ``expected`` for a visible deposit at the time since the finding;
    ``unconfirmed`` where nobody confirmed one that early, ``unmeasured`` where no latency was found, and ``unknown``
    while that time is open or its bounds lie across two spans (``possible``). It moves no level, class or tier.
    """

    latency: str  # its id in the rulebook
    title: str
    onset: str  # the input that holds the time
    as_written: str | None  # the time as it was stated, None when it was not
    lowest: float | None  # years, as far as stated
    highest: float | None
    status: Literal["too_early", "plausible", "expected", "unconfirmed", "unmeasured", "unknown"]
    possible: tuple[str, ...]
    because: tuple[str, ...]
    published: str  # the range that was published, in words
    unconfirmed: str | None  # what is claimed and no page that was read confirms
    strength: str
    basis: Literal["sourced", "design-choice"]
    evidence: tuple[Citation, ...]


class Clause(Part):
    """What is added to the class, and the sources of it that are not those of the class."""

    say: str
    evidence: tuple[Citation, ...]


class Conclusion(Part):
    """The class in one plain sentence, and the row of the decision table that said it.

    ``headline`` names the class and why, ``clauses`` add to it; ``sentence`` is all of them in one.
    """

    row: str
    label: str
    headline: str
    clauses: tuple[Clause, ...]
    sentence: str
    basis: Literal["sourced", "design-choice"]
    evidence: tuple[Citation, ...]
    against: tuple[Citation, ...]


class Warned(Part):
    """Something to know before the answer is used."""

    code: str
    message: str


class Saturation(Part):
    """The saturation index of one solid (log10, per formula unit), and the range that published constants give it.

    ``between_patients`` is how far off the index of one patient may be beside that, for an ionised calcium and a pH
    as ``says.between`` names them; None where what was assumed leaves it without a bound.
    ``always`` tells that every serum is above saturation with it.
    """

    label: str
    formula: str
    always: bool
    index: float | None
    lowest: float | None
    highest: float | None
    per_ion: float | None
    between_patients: float | None


class Precipice(Part):
    """The phosphate (mmol/L, and mg/dL) at which this serum, its total calcium as it is, is saturated with a solid.

    ``status`` tells whether there is one: ``not_reached`` when none that occurs does it; None with the serum unsolved.
    ``times`` is that phosphate in parts of the patient's own, ``product`` (mg²/dL²) its product with the total calcium,
    the one that goes with a measured ionised; ``lowest`` and ``highest`` (mmol/L) by other constants.
    """

    label: str
    status: Literal["reached", "not_reached", "not_converged"] | None
    phosphate: float | None
    phosphate_mg_dl: float | None
    product: float | None
    times: float | None
    lowest: float | None
    highest: float | None


class AssumedValue(Part):
    """A quantity of the chemistry that was not measured, and what stood for it.

    ``estimated`` tells a pH that follows from the bicarbonate from one that is only usual.
    """

    label: str
    value: float
    unit: str
    how: str
    estimated: bool


class Chemistry(Part):
    """Free ions and saturation of serum at 37 °C: a driving force, read by no rule. All None unless it was solved.

    Ionised in mmol/L of serum water, ``total_calcium`` in mmol/L of serum: the one that goes with a measured ionised
    one. ``calcium`` and ``phosphate`` say in per cent where the two are. ``albumin_g_l`` and ``ph`` are what was used,
    measured or assumed. ``phosphate_at_threshold_mg_dl`` makes the product ``product_threshold`` (mg²/dL²) of the total
    calcium as measured. ``isopleth`` holds curves by name (mg/dL); ``point_mg_dl`` is the patient among them, at
    ``total_calcium``, and ``measured_total`` (mmol/L) and ``measured_total_mg_dl`` are the total calcium as measured
    where an ionised one was measured as well.
    """

    status: Literal["solved", "missing", "out_of_range", "not_converged"]
    why: str | None
    ionised_calcium: float | None
    measured: bool
    ionised_magnesium: float | None
    total_calcium: float | None
    albumin_g_l: float | None
    ph: float | None
    calcium: dict[str, float | None]
    phosphate: dict[str, float | None]
    ionic_strength: float | None
    saturation: dict[str, Saturation]
    precipice: dict[str, Precipice]
    product_threshold: float
    phosphate_at_threshold_mg_dl: float | None
    point_mg_dl: tuple[float | None, float | None]
    measured_total: float | None
    measured_total_mg_dl: float | None
    isopleth: dict[str, tuple[float | None, ...]] | None
    assumed: tuple[AssumedValue, ...]
    warnings: tuple[Warned, ...]
    says: dict[str, str]
    sources: tuple[str, ...]


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
    kinetics: tuple[Kinetics, ...]
    levers: tuple[Lever, ...]
    inputs: dict[str, Input]
    facts: dict[str, Fact]
    references: dict[str, Reference]
    warnings: tuple[Warned, ...]
    history: dict[str, Any] | None  # what dated panels say; None where there are none (docs/time-and-noise.md)
    interval: dict[str, Any] | None  # the answer at both ends of the noise; None when it was not asked for
    chemistry: Chemistry | None  # None when it was not asked for; no rule reads it
    notice: str

    @staticmethod
    def from_json(text: str | bytes) -> Assessment:
        """Read back what ``calcrisk assess --json`` wrote; keys added by a later version are passed over.

        Raises ``pydantic.ValidationError`` for anything that is not an assessment of this format, so also for a patient
        that was refused: ``read_outcome`` takes both.
        """
        return Assessment.of(document_of(_adapters()[0].validate_json(text)))


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
    return type(read).of(document_of(read))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of every document that is written of a patient, assessed or refused."""
    schema = _adapters()[1].json_schema(mode="serialization")
    del schema["discriminator"]  # a word of OpenAPI; `status` is a constant in either schema
    return schema


@cache
def _adapters() -> tuple[TypeAdapter[Assessment], TypeAdapter[Assessment | Refused]]:
    """Return what reads an assessment, and what reads an assessment or a refused patient."""
    from pydantic import TypeAdapter  # nothing else here needs it

    for each in kinds_of_part.values():
        if each is not Shared:
            dataclass(init=False, repr=False, eq=False)(each)
    return TypeAdapter(Assessment), TypeAdapter(Annotated[Assessment | Refused, Field(discriminator="status")])
