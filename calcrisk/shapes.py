"""The shapes of what ``calcrisk trend`` and ``calcrisk what-if`` write as JSON, and of two parts of an assessment.

For ``calcrisk schema`` alone: nothing that computes reads them, and a test holds the documents to them. What the keys
mean stands in docs/time-and-noise.md and docs/what-if.md.
"""

from __future__ import annotations

import typing
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field, create_model

from calcrisk import assessment, grounds, scenario
from calcrisk.parts import SPELLED, Part

_NAMES: Final = {name: value for part in (assessment, scenario) for name, value in vars(part).items()}


class Run(BaseModel):
    """The longest run that is sustained."""

    from_: str = Field(alias="from")
    to: str
    panels: int
    days: float
    current: bool


class Panel(BaseModel):
    """One dated panel, in the order of time."""

    date: str
    time: float
    calcium: float | None
    phosphate: float | None
    albumin: float | None
    creatinine: float | None
    pth: float | None
    product: float | None
    usable: bool
    excluded: str | None
    at_or_above: bool | None
    as_written: dict[str, str]
    product_lowest: float | None
    product_highest: float | None
    certain: Literal["at_or_above", "below"] | None
    albumin_of: str | None


class Banded(Panel):
    """A panel with the interval of its reading alone."""

    lowest: float | None
    highest: float | None


class LookedBack(BaseModel):
    """What usable draws say beside a limit."""

    as_of: str | None
    unit: str
    threshold: float
    threshold_lowest: float
    threshold_highest: float
    usable: int
    excluded: int
    at_or_above: int
    at_or_above_highest: int
    exceedance: Literal["none", "single", "several", "repeated", "sustained"]
    sustained: Run | None
    days_interpolated: float
    gaps_left_out: int
    fraction_at_or_above: float | None
    mean: float | None
    slope: float | None
    slope_days: float
    span_days: float
    change_over_span: float | None
    age_days: float | None
    stale: bool | None


class History(LookedBack):
    """What dated panels say, in an assessment."""

    newest: str | None
    current_values_of: str | None
    filled: list[str]
    by_hand: list[str]
    panels: list[Panel]


class SetPoint(BaseModel):
    """Where the set point of the newest draws lies."""

    from_: str = Field(alias="from")
    to: str
    readings: int
    centre: float
    lowest: float
    highest: float
    probability_at_or_above: float


class Doubt(BaseModel):
    """Why no set point is told."""

    reason: Literal["unsteady", "changed", "stale"]
    says: str


class Population(BaseModel):
    """A population that was not taken."""

    title: str
    product_cv: float


class ReferenceChange(BaseModel):
    """The reference change values, as fractions of the earlier reading."""

    rise: float
    fall: float
    rise_one_sided: float
    fall_one_sided: float
    symmetric: float


class Step(BaseModel):
    """The change from the last draw but one to the last."""

    from_: str = Field(alias="from")
    to: str
    before: float
    after: float
    relative: float
    beyond_noise: bool
    beyond_noise_one_sided: bool


class Change(BaseModel):
    """What counts as a change of a quantity, and its last one."""

    of: str
    cv: float
    reference_change: ReferenceChange
    last: Step | None


class Noise(BaseModel):
    """What measurement alone explains."""

    model: str
    says: str
    population: str
    title: str
    caveats: list[str]
    instead: Population | None
    confidence: float
    product_cv: float
    set_point: SetPoint | None
    no_set_point: list[Doubt]
    changes: list[Change]


class AtLimit(BaseModel):
    """The phosphate whose product with the calcium of the newest draw is the limit."""

    date: str
    calcium: float
    phosphate: float
    unit: str
    si_phosphate: float
    si_unit: str


class Other(BaseModel):
    """What else passed its limit."""

    of: str
    label: str
    limit: float
    unit: str | None
    usable: int
    beyond: int
    sustained: bool


class Pattern(BaseModel):
    """An alert or a pattern to consider, by its name."""

    pattern: str
    title: str


class Warned(BaseModel):
    """What is to know before an answer is used."""

    code: str
    message: str


class Rulebook(BaseModel):
    """The rulebook that answered."""

    id: str
    version: str
    sha256: str
    profile: str


class Who(BaseModel):
    """The patient."""

    id: str | None


class Trend(LookedBack):
    """The document of ``calcrisk trend``."""

    format: Literal[1]
    calcrisk: str
    source: str | None
    rulebook: Rulebook
    patient: Who
    quantity: Literal["ca_p_product", "corrected_ca_p_product"]
    at_limit: AtLimit | None
    parameters: dict[str, float]
    panels: list[Banded]
    noise: Noise | None
    others: list[Other]
    caveats: list[str]
    notes: list[str]
    alerts: list[Pattern]
    consider: list[Pattern]
    warnings: list[Warned]
    notice: str
    sentence: str


class End(BaseModel):
    """Class and tiers at one place of the interval; a tier that was not assessed is null."""

    classification: str
    metastatic: str | None
    dystrophic: str | None
    vascular: str | None


class Moved(End):
    """The same at an end of the interval, with the values that were moved there."""

    product: float | None
    calcium: float | None
    phosphate: float | None


class Interval(BaseModel):
    """The part ``interval`` of an assessment (``--interval``)."""

    model: str
    says: str
    population: str
    title: str
    caveats: list[str]
    unsteady: str | None
    confidence: float
    product: float
    cv: float
    here: End
    lowest: Moved
    highest: Moved
    hangs_on_noise: bool
    differ: list[str]


def what_if() -> type[BaseModel]:
    """Return the shape of the document of ``calcrisk what-if``, made of ``calcrisk.scenario`` itself."""
    side = _model(assessment.Assessment, scenario.ESSENTIALS, name="Essentials", met=list[str])
    parts = {name: _shape(kind) for name, kind in _hints(scenario.Scenario).items()}
    references: Any = _model(grounds.Reference)
    parts |= {"before": side, "after": side | None, "references": dict[str, references]}
    told: dict[str, Any] = {"format": Literal[1], "calcrisk": str, "source": str | None, "as_of": str | None}
    told |= {"rulebook": Rulebook, "patient": Who}
    return _made("WhatIf", "The document of ``calcrisk what-if``.", told | parts)


def _made(name: str, says: str | None, fields: dict[str, Any]) -> type[BaseModel]:
    made: Any = create_model  # its signature is for fields that are written out
    model: type[BaseModel] = made(name, __doc__=says, **{field: (kind, ...) for field, kind in fields.items()})
    return model


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, localns=_NAMES)


@cache
def _model(kind: type, only: tuple[str, ...] = (), name: str = "", **more: Any) -> Any:  # noqa: ANN401  # types
    hints = {field: hint for field, hint in _hints(kind).items() if not only or field in only}
    fields = {SPELLED.get(field, field): _shape(hint) for field, hint in hints.items()}
    return _made(name or kind.__name__, kind.__doc__, fields | more)


def _shape(hint: Any) -> Any:  # noqa: ANN401  # a type, made at run time
    """Return how a type stands in JSON: named tuples and parts as objects, tuples as lists."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _list_of(*(each for each in arguments if each is not Ellipsis))
    if origin in (Union, UnionType):
        return Union[tuple(map(_shape, arguments))]  # noqa: UP007  # of as many as there are
    if origin is dict:
        value: Any = _shape(arguments[1])
        return dict[str, value]
    if isinstance(hint, type) and (hasattr(hint, "_fields") or issubclass(hint, Part)):
        return _model(hint)
    return hint


def _list_of(*kinds: Any) -> Any:  # noqa: ANN401  # types
    one: Any = Union[tuple(map(_shape, kinds))]  # noqa: UP007  # of as many as there are
    return list[one]
