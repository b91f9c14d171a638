"""The product over time, and what of it noise alone explains: the document behind ``calcrisk trend`` (``format: 1``).

``with_interval`` adds to an answer what it would be at both ends of the noise of one reading.
"""

from __future__ import annotations

import itertools
from math import exp
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk._version import __version__
from calcrisk.assessing import assess, identity
from calcrisk.assessment import Assessment
from calcrisk.history.usable import CORRECTED, PRODUCT
from calcrisk.noise.interval import probability_at_or_above, set_point, z_of
from calcrisk.noise.model import Scatter, cv_of, product_sigma
from calcrisk.noise.rcv import change, reference_change
from calcrisk.past import CURRENT, Look, looked_back, panels
from calcrisk.printed import days
from calcrisk.record import Record
from calcrisk.saying import sentence
from calcrisk.standing import standing
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcrisk.history.usable import Draw
    from calcrisk.patient import Patient
    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook

    Document = dict[str, Any]

FORMAT: Final = 1
MODEL: Final = "log-normal, independent errors within the person and of the measurement, one unchanged set point"
SAYS: Final = "It speaks of the measurement, and never of calcification."
_PER_CENT: Final = 100  # of a fraction
_PARAMETERS: Final = ("history_apart", "history_gap", "history_stale", "history_albumin", "history_set_point")
_PAIR: Final = ("calcium", "phosphate")
_SI: Final = "mmol/L"


class Noise(NamedTuple):
    """How much the analytes of a patient vary, by the population of the rulebook that fits."""

    population: Spec
    scatter: dict[str, Scatter]
    confidence: float

    @property
    def product(self) -> float:
        """Sigma of one product."""
        return product_sigma(*(self.scatter[name] for name in _PAIR))


def noise_of(look: Look) -> Noise | None:
    """Choose the population; None where the rulebook has none."""
    entries = look.book.data.get("variation") or ()
    fits = (entry for entry in entries if entry["when"] is None or _holds(look, entry["when"]))
    entry = next(fits, None)
    return None if entry is None else _noise_in(look, entry)


def _holds(look: Look, fact: str) -> bool | None:
    found = look.env[look.book.walk.program.slots[fact]]
    return found if isinstance(found, bool) else None


def _population(look: Look, noise: Noise) -> Document:
    """Name the population whose variation was taken, and say what speaks against taking it for this patient."""
    entry = noise.population
    caveats = tuple(each["say"] for each in entry["caveats"] if _holds(look, each["when"]))
    return {"population": entry["id"], "title": entry["title"], "caveats": caveats}


def _instead(look: Look, noise: Noise) -> Document | None:
    """Give the population that would be taken if what decides between them were not open; None where it is settled."""
    before = itertools.takewhile(lambda entry: entry is not noise.population, look.book.data["variation"])
    entry = next((entry for entry in before if _holds(look, entry["when"]) is None), None)
    return entry and {"title": entry["title"], "product_cv": cv_of(_noise_in(look, entry).product)}


def _noise_in(look: Look, entry: Spec) -> Noise:
    scatter = {
        name: Scatter(*(float(each[part]["value"]) / _PER_CENT for part in ("within", "analytical")))
        for name, each in entry["analytes"].items()
    }
    return Noise(entry, scatter, look.number("noise_confidence") / _PER_CENT)


def trend(patient: Patient | Record, book: Rulebook, *, as_of: str | None = None, corrected: bool = False) -> Document:
    """Return the trend of a patient's dated panels as a document ready to be written.

    ``as_of`` (ISO) is the day spoken of, else the newest date of the patient; ``corrected`` reads the product of the
    albumin-corrected calcium. Products in mg²/dL², times in days, shares and probabilities from 0 to 1.
    """
    look = Look(patient, book, as_of)
    of = CORRECTED if corrected else PRODUCT
    limit, draws = look.threshold[0], look.drawn(of)[0]
    noise = noise_of(look)
    answer = assess(patient, book, as_of=look.as_of)
    document: Document = {
        "format": FORMAT,
        "calcrisk": __version__,
        "source": patient.source,
        "as_of": look.as_of,
        "rulebook": _plain(identity(book)),
        "patient": {"id": patient.id},
        "quantity": of,
        **looked_back(look, of),
        "at_limit": _at_limit(draws, limit),
        "parameters": {name.removeprefix("history_"): look.number(name) for name in _PARAMETERS},
        "panels": _with_bands(list(panels(look, of, limit)), noise),
        "noise": noise and _noise(look, noise, draws, limit),
        "others": tuple(_others(look)),
        **_beside(answer),
    }
    return document | {"sentence": sentence(document)}


def _at_limit(draws: Sequence[Draw], limit: float) -> Document | None:
    """Give the phosphate whose product with the calcium of the newest draw is the limit, in both units."""
    newest = draws[-1] if draws else None
    phosphate = newest and newest.panel.values.get("phosphate")
    if not newest or not phosphate:
        return None
    calcium, variable = newest.value / phosphate, registry()["phosphate"]
    found = {"date": newest.date, "calcium": calcium, "phosphate": limit / calcium, "unit": variable.unit}
    return found | {"si_phosphate": limit / calcium / variable.units[_SI], "si_unit": _SI}


def _plain(part: object) -> Document:
    return dict(vars(part))


def _others(look: Look) -> Iterator[Document]:
    """Give what else the rulebook reads of panels, where it passed its limit: how often, and whether for long."""
    for entry in look.book.data["history"]:
        ends = look.limits(entry["limit"]) if entry["measure"] == "sustained" and entry["of"] != PRODUCT else None
        found = ends and look.exceeded(entry["of"], ends[1], passing=entry["beyond"])
        if ends and found and found.above:
            variable = registry()[entry["of"]]
            shown = {"of": variable.name, "label": variable.label, "limit": ends[1], "unit": variable.unit}
            yield shown | {"usable": found.usable, "beyond": len(found.above), "sustained": found.sustained}


def _beside(answer: Assessment) -> Document:
    """Give what an assessment of the same patient says must stand beside the product, and what it warns of."""
    product = answer.ca_p_product
    return {
        "caveats": product.caveats,
        "notes": product.notes,
        "alerts": tuple({"pattern": each.pattern, "title": each.title} for each in answer.alerts),
        "consider": tuple({"pattern": each.pattern, "title": each.title} for each in answer.consider),
        "warnings": tuple(vars(each) for each in answer.warnings if each.code != CURRENT),
        "notice": answer.notice,
    }


def _with_bands(rows: list[Document], noise: Noise | None) -> tuple[Document, ...]:
    """Beside each usable product, the interval of its set point if it were the only reading."""
    for row in rows:
        lone = (
            None
            if noise is None or row["product"] is None
            else set_point([row["product"]], noise.product, noise.confidence)
        )
        row["lowest"], row["highest"] = (lone.lowest, lone.highest) if lone else (None, None)
    return tuple(rows)


def _noise(look: Look, noise: Noise, draws: Sequence[Draw], limit: float) -> Document:
    return {
        "model": MODEL,
        "says": SAYS,
        **_population(look, noise),
        "instead": _instead(look, noise),
        "confidence": noise.confidence,
        "product_cv": cv_of(noise.product),
        "set_point": None if (doubts := tuple(_doubts(look, noise, draws))) else _set_point(look, noise, draws, limit),
        "no_set_point": doubts,
        "changes": tuple(_changes(look, noise, draws)),
    }


def _doubts(look: Look, noise: Noise, draws: Sequence[Draw]) -> Iterator[Document]:
    """Say why there is no one value that the newest draws are readings of; nothing where nothing speaks against it."""
    if label := _unsteady(look, noise):
        yield {"reason": "unsteady", "says": label}
    recent = sorted(_recent(look, draws), key=lambda draw: draw.value)
    if recent and change(recent[0].value, recent[-1].value, noise.product, noise.confidence).beyond_noise:
        apart = sorted((recent[0], recent[-1]), key=lambda draw: draw.time)
        ends = " and ".join(f"{draw.value:.1f} on {draw.date}" for draw in apart)
        yield {"reason": "changed", "says": f"the draws differ by more than noise explains ({ends})"}
    if look.stale:
        yield {"reason": "stale", "says": f"the newest usable draw is {days(look.age() or 0)} old"}


def _unsteady(look: Look, noise: Noise) -> str | None:
    """Name the state of this patient in which no value repeats another, if there is one."""
    unless = noise.population["unless"]
    if unless is None or not _holds(look, unless):
        return None
    return next(str(fact["label"]) for fact in look.book.data["facts"] if fact["name"] == unless)


def _recent(look: Look, draws: Sequence[Draw]) -> list[Draw]:
    return [draw for draw in draws if draws[-1].time - draw.time <= look.number("history_set_point")]


def _set_point(look: Look, noise: Noise, draws: Sequence[Draw], limit: float) -> Document | None:
    """The set point of the newest draws: those of the last ``history_set_point`` days."""
    if not draws:
        return None
    recent = _recent(look, draws)
    values = [draw.value for draw in recent]
    found = set_point(values, noise.product, noise.confidence)
    return {
        "from": recent[0].date,
        "to": recent[-1].date,
        "readings": found.readings,
        "centre": found.centre,
        "lowest": found.lowest,
        "highest": found.highest,
        "probability_at_or_above": probability_at_or_above(values, noise.product, limit),
    }


def _changes(look: Look, noise: Noise, draws: Sequence[Draw]) -> Iterator[Document]:
    """The last change of the product and of each analyte, beside what noise alone explains."""
    yield _change("product", [(draw.date, draw.value) for draw in draws], noise.product, noise.confidence)
    for name, scatter in noise.scatter.items():
        read = [(draw.date, draw.value) for draw in look.drawn(name)[0] if draw.value > 0]  # nothing has no logarithm
        if read:
            yield _change(name, read, scatter.sigma, noise.confidence)


def _change(name: str, read: Sequence[tuple[str, float]], sigma: float, confidence: float) -> Document:
    limits = reference_change(sigma, confidence)
    part: Document = {"of": name, "cv": cv_of(sigma), "reference_change": limits._asdict(), "last": None}
    if len(read) > 1:
        (since, before), (to, after) = read[-2:]
        part["last"] = {"from": since, "to": to, "before": before, "after": after}
        part["last"] |= change(before, after, sigma, confidence)._asdict()
    return part


# ---- the answer at both ends -----------------------------------------------------------------------------------------


def with_interval(answer: Assessment, patient: Patient | Record, book: Rulebook) -> Assessment:
    """Return the answer with the part ``interval``: class and tiers at both ends of the noise of one reading."""
    return Assessment.of({**vars(answer), "interval": _interval(answer, patient, book)})


def _interval(answer: Assessment, patient: Patient | Record, book: Rulebook) -> Document | None:
    look = Look(patient, book, answer.as_of)
    noise = noise_of(look)
    product = answer.ca_p_product.value
    if noise is None or not product:
        return None
    half = z_of(noise.confidence) * noise.product
    here = _answers(answer)
    ends = {name: _end(answer, patient, book, noise, sign * half) for name, sign in (("lowest", -1), ("highest", 1))}
    differ = sorted({key for end in ends.values() for key in here if end[key] != here[key]})
    return {
        "model": MODEL,
        "says": SAYS,
        **_population(look, noise),
        "unsteady": _unsteady(look, noise),
        "confidence": noise.confidence,
        "product": product,
        "cv": cv_of(noise.product),
        "here": here,
        **ends,
        "hangs_on_noise": bool(differ),
        "differ": tuple(differ),
    }


def _end(answer: Assessment, patient: Patient | Record, book: Rulebook, noise: Noise, step: float) -> Document:
    """Move the logarithm of the product by a step, and calcium and phosphate each by its share of the variance.

    That is the likeliest pair of all that have this product. A product given as such moves alone.
    """
    variance = noise.product**2
    moved: dict[str, float] = {}
    for name in _PAIR:
        value = answer.inputs[name].value if name in answer.inputs else None
        if isinstance(value, float):
            moved[name] = value * exp(step * noise.scatter[name].sigma ** 2 / variance)
    if PRODUCT in answer.inputs:
        moved[PRODUCT] = (answer.ca_p_product.value or 0) * exp(step)
    found = assess(_settled(answer, patient, book).with_numbers(moved), book, as_of=answer.as_of)
    return {"product": found.ca_p_product.value, **{name: moved.get(name) for name in _PAIR}, **_answers(found)}


def _settled(answer: Assessment, patient: Patient | Record, book: Rulebook) -> Record:
    """State what the newest panel tells of today, so that all of it stays when one of its values is moved."""
    record = patient if isinstance(patient, Record) else patient.record
    taken = answer.history is not None and answer.history["current_values_of"] is not None
    return record.beneath(standing(record, book, answer.as_of)) if taken else record


def _answers(answer: Assessment) -> Document:
    tiers = {name: part.tier if part.assessed else None for name, part in vars(answer.risk).items()}
    return {"classification": answer.classification, **tiers}
