"""The past of a patient: dated panels become inputs of the rulebook, and a part of the assessment.

What the rulebook's ``history`` section names is filled from the usable panels, unless it was stated by hand.
"""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.dated import is_read, panel_from
from calcrisk.history.exceedance import exceedance
from calcrisk.history.interpolation import interpolated, slope, span_of
from calcrisk.history.panels import days
from calcrisk.history.usable import (
    BOUNDS,
    MAYBE_POST_DIALYSIS,
    PRODUCT,
    Correction,
    Reading,
    after_session,
    at_or_above,
    last_stated,
    usable,
    within,
)
from calcrisk.rules.logic import Span
from calcrisk.stated import Given, Range
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from calcrisk.history.exceedance import Exceedance
    from calcrisk.history.panels import Panel
    from calcrisk.history.usable import Draw, Excluded
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook

    Document = dict[str, Any]

ORIGIN: Final = "history.panels"
CURRENT: Final = "current-from-panel"  # the warning that present values are those of a panel
_PER_CENT: Final = 100  # of a fraction
_AGE: Final = "age"
_DIALYSIS: Final = "dialysis"
_SESSION: Final = "sample_post_dialysis"
_SHOWN: Final = ("calcium", "phosphate", "albumin", "creatinine", "pth")


class Past(NamedTuple):
    """What is stated together with what follows from panels, the part of the answer, and what to know of it."""

    given: dict[str, Given]
    document: Document | None
    warnings: tuple[tuple[str, str], ...]


def recall(patient: Patient | Record, book: Rulebook, as_of: str | None) -> Past:
    """Read a patient's panels by a rulebook; ``as_of`` is the day (ISO) spoken of, else that of the newest panel."""
    if not book.data.get("history"):
        message = "this rulebook has no section `history`: the values of dated panels are not used"
        return Past(dict(patient.given), None, (_warning(code="panels-not-used", message=message),))
    return _Recalling(Look(patient, book, as_of)).past()


def _is_panel(panel: Panel) -> bool:
    """Whether anything that a history reads was measured."""
    return any(name in panel.values for name in (PRODUCT, *_SHOWN))


def _warning(*, code: str, message: str) -> tuple[str, str]:
    return code, message


class Look:
    """The panels of one patient, seen through the numbers of a rulebook."""

    def __init__(self, patient: Patient | Record, book: Rulebook, as_of: str | None) -> None:
        """Take the patient as stated; values outside the panels that have a day of their own are a panel too."""
        self.patient, self.book = patient, book
        self.as_of = as_of or patient.day or max((each.date.partition(" ")[0] for each in patient.panels), default=None)
        own = [each for each in (panel_from(patient.day, patient.given),) if _is_panel(each)] if patient.day else []
        self._stated: tuple[Panel, ...] = (*own, *patient.panels)
        self._drawn: dict[str, tuple[list[Draw], list[Excluded]]] = {}

    @cached_property
    def maybe_after_dialysis(self) -> list[Panel]:
        """Panels whose phosphate fell as it does in a session, and that are not stated to be of before or after it."""
        fall = self.number("history_session_fall") / _PER_CENT
        found = after_session(self._stated, self.number("history_session"), fall) if len(self._stated) > 1 else []
        return [each for each in found if _SESSION not in each.given]

    @cached_property
    def dialysing(self) -> bool | None:
        """Whether the patient is on dialysis; None while that is open."""
        found = self.env[self.book.walk.program.slots[_DIALYSIS]]
        return found if isinstance(found, bool) else None

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel; on dialysis those that look as if drawn after it carry that as a flaw."""
        if not self.maybe_after_dialysis or self.dialysing is not True:
            return self._stated
        late = {id(each) for each in self.maybe_after_dialysis}
        return tuple(each._replace(flaws=(MAYBE_POST_DIALYSIS,)) if id(each) in late else each for each in self._stated)

    @cached_property
    def env(self) -> Any:  # noqa: ANN401  # the slots of a walk
        """What is known of the patient without the panels."""
        found = self.book.evaluate(self.patient.given)
        self.book.walk.finish(found)
        return found.env

    def number(self, name: str) -> float:
        """Return a shared parameter of the rulebook."""
        return float(self.book.data["parameters"][name]["value"])

    @cached_property
    def reading(self) -> Reading:
        """How panels are read: no later than the day spoken of, albumin as the rulebook carries and corrects it."""
        fact = next((each for each in self.book.data["facts"] if each["name"] == "corrected_calcium"), None)
        own = {name: float(each["value"]) for name, each in ((fact or {}).get("parameters") or {}).items()}
        correction = Correction(own["slope"], own["albumin_reference"]) if own else None
        return Reading(days(self.as_of) if self.as_of else None, self.number("history_albumin"), correction)

    def drawn(self, of: str) -> tuple[list[Draw], list[Excluded]]:
        """Return the usable draws of a quantity, and the panels that are left out."""
        if of not in self._drawn:
            self._drawn[of] = usable(self.panels, of, self.reading)
        return self._drawn[of]

    def limits(self, name: str) -> tuple[float, float] | None:
        """Return the two ends of a limit that is a fact or an input; None while it is not known."""
        value = self.env[self.book.walk.program.slots[name]]
        if isinstance(value, Span):
            return value.lo, value.hi
        if isinstance(value, float) and value == value:  # noqa: PLR0124  # NaN differs from itself
            return value, value
        product = self.book.data["product"]
        if name != product["limit"]:
            return None
        ends = [self.number(each) for each in (product["default_limit"], *product["limits"])]
        return min(ends), max(ends)

    @property
    def threshold(self) -> tuple[float, float, float]:
        """The limit of the product in force (the default while the age is open), and its two ends."""
        product = self.book.data["product"]
        low, high = self.limits(product["limit"]) or (self.number(product["default_limit"]),) * 2
        return (low if low == high else self.number(product["default_limit"])), low, high

    def exceeded(self, of: str, limit: float, *, passing: bool = False) -> Exceedance:
        """Set the usable draws of a quantity beside a limit."""
        return exceedance(self.drawn(of)[0], limit, self.number("history_apart"), passing=passing)

    def age(self) -> float | None:
        """Return the days from the newest usable panel to the day spoken of."""
        draws = self.drawn(PRODUCT)[0]
        until = days(self.as_of) if self.as_of else None
        return max(0.0, until - float(int(draws[-1].time))) if draws and until is not None else None

    @property
    def stale(self) -> bool | None:
        """Whether the newest usable panel tells nothing of the present any more; None where there is none."""
        age = self.age()
        return None if age is None else age > self.number("history_stale")

    def by_day(self) -> list[Panel]:
        """Return every panel in the order of time."""
        return sorted(self.panels, key=lambda panel: panel.time)


class _Recalling:
    """Fills the inputs that the rulebook names, and says what was done."""

    def __init__(self, look: Look) -> None:
        self.look, self.book = look, look.book
        self.stated = look.patient.given
        self.given: dict[str, Given] = dict(self.stated)
        self.warnings: list[tuple[str, str]] = []
        self.filled: list[str] = []
        self.by_hand: list[str] = []
        self.current: str | None = None

    def past(self) -> Past:
        self._take_current()
        for entry in self.book.data["history"]:
            self._fill(entry)
        undated = not self.look.patient.day and not self.current
        if undated and any(is_read(registry().get(name)) for name in self.stated):
            message = "the values outside the panels have no date, so they do not count among the panels: state `date`"
            self.warnings.append(_warning(code="undated-values", message=message))
        self._warn_of_sessions()
        self._warn_of_birth()
        self._warn_of_older()
        order = registry().order
        given = {name: self.given[name] for name in sorted(self.given, key=order.__getitem__)}
        return Past(given, self._document(), tuple(self.warnings))

    def _warn_of_sessions(self) -> None:
        """Name the draws that look as if drawn after dialysis: left out on dialysis, counted while that is open."""
        late, dialysing = self.look.maybe_after_dialysis, self.look.dialysing
        if not late or dialysing is False:
            return
        dates = ", ".join(each.date for each in late)
        done = "on dialysis they are taken as drawn after a session and not used" if dialysing else "they are used"
        ask = f"state `{_SESSION}: no` in a panel that was not" if dialysing else f"state `{_DIALYSIS}`"
        message = f"phosphate fell steeply within a day of another draw ({dates}): {done}; {ask}"
        self.warnings.append(_warning(code="maybe-post-dialysis", message=message))

    def _warn_of_birth(self) -> None:
        """Name panels from before the patient was born, by the age or by the highest that is read."""
        age, until = registry()[_AGE], days(self.look.as_of or "")
        stated = self.stated.get(_AGE)
        known = stated.value if stated and isinstance(stated.value, float) else None
        years = known if known is not None else age.hard[1] if age.hard else None
        if until is None or years is None:
            return
        born = until - (years + 1) / age.units["days"]  # an age in years has not its next birthday
        if early := [each.date for each in self.look.by_day() if each.time < born]:
            message = f"panels from before the patient was born ({', '.join(early)}): check the dates, and the age"
            self.warnings.append(_warning(code="panel-before-birth", message=message))

    def _warn_of_older(self) -> None:
        """Name the last value of whatever only older panels tell: it exists, and is not read as a present one."""
        told = []
        for name, panel in last_stated(self.look.panels, self.look.reading.until).items():
            variable, status = registry()[name], registry().companions.get((name, "status"))
            unsaid = name not in self.given and (status is None or status.name not in self.given)
            if variable.kind == "number" and variable.role is None and unsaid:
                days_before = (days(self.look.as_of or panel.date) or panel.time) - int(panel.time)
                value = f"{_amount(panel.given[name])} on {panel.date}"
                told.append(f"{variable.label} {value} ({days_before:.0f} days before)")
        if told:
            message = (
                f"in older panels only, and not read as present values: {'; '.join(told)}; state what still stands"
            )
            self.warnings.append(_warning(code="older-values", message=message))

    def _take_current(self) -> None:
        """Where nothing is stated of calcium and phosphate, take the newest usable panel for the present values."""
        product = self.book.data["product"]
        leaves = self.book.walk.program.leaves
        names = {product["value"], product["corrected"], *leaves.get(product["value"], ()), "corrected_calcium"}
        names |= {f"{name}_status" for name in names}
        if not names.isdisjoint(self.stated) or self.look.stale is not False:
            return
        newest = self.look.drawn(PRODUCT)[0][-1]
        self.current = newest.date
        for name, one in newest.panel.given.items():
            self.given.setdefault(name, one)
        message = f"calcium and phosphate are those of the newest usable panel ({newest.date})"
        self.warnings.append(_warning(code=CURRENT, message=message))

    def _fill(self, entry: Spec) -> None:
        name = entry["input"]
        if name in self.stated:
            self.by_hand.append(name)
            return
        value = _MEASURES[entry["measure"]](self.look, entry)
        if value is False or value is _NOTHING:
            return
        if value is True and (denied := self._denied(name)):
            message = f"panels say {name}, and {denied} is stated to be no: it is left as stated"
            self.warnings.append(_warning(code="panels-contradict", message=message))
            return
        self.filled.append(name)
        variable = registry()[name]
        self.given[name] = Given(value, variable.unit, _words(value), ORIGIN)

    def _denied(self, name: str) -> str | None:
        implied = registry().implications.get(name, ())
        return next((each for each in implied if each in self.stated and self.stated[each].value is False), None)

    def _document(self) -> Document:
        look = self.look
        limit, draws = look.threshold[0], look.drawn(PRODUCT)[0]
        return {
            "as_of": look.as_of,
            **looked_back(look, PRODUCT),
            "newest": draws[-1].date if draws else None,
            "current_values_of": self.current,
            "filled": list(self.filled),
            "by_hand": list(self.by_hand),
            "panels": list(panels(look, PRODUCT, limit)),
        }


def looked_back(look: Look, of: str) -> Document:
    """Return what the usable draws of a product say beside its limit: how often, how long, how steep, how old."""
    (limit, low, high), (draws, excluded) = look.threshold, look.drawn(of)
    found, between = look.exceeded(of, limit), interpolated(draws, limit, look.number("history_gap"))
    steep, span = slope(draws), span_of(draws)
    return {
        "unit": "mg2/dL2",
        "threshold": limit,
        "threshold_lowest": low,
        "threshold_highest": high,
        "usable": len(draws),
        "excluded": len(excluded),
        "at_or_above": len(found.above),
        "exceedance": found.kind,
        "sustained": _run(found),
        "days_interpolated": between.days,
        "gaps_left_out": between.gaps,
        "fraction_at_or_above": between.fraction,
        "mean": between.mean,
        "slope": told_slope(look, draws),
        "slope_days": look.number("history_slope"),
        "span_days": span,
        "change_over_span": None if steep is None else steep * span,
        "age_days": look.age(),
        "stale": look.stale,
        "at_or_above_highest": len(look.exceeded(of, high).above),
    }


def told_slope(look: Look, draws: Sequence[Draw]) -> float | None:
    """Return the slope over the days that it is told for; None where the draws span less: nothing is extrapolated."""
    over, steep = look.number("history_slope"), slope(draws)
    return None if steep is None or span_of(draws) < over else steep * over


def _run(found: Exceedance) -> Document | None:
    run = found.run
    if run is None:
        return None
    first, last = run.draws[0], run.draws[-1]
    return {"from": first.date, "to": last.date, "panels": len(run.draws), "days": run.days, "current": run.current}


def panels(look: Look, of: str, limit: float) -> Iterator[Document]:
    """Give every panel in the order of time: its values, whether and why not it is used, and on which side it lies."""
    draws, excluded = look.drawn(of)
    used = {id(draw.panel): draw for draw in draws}
    why = {id(each.panel): each.reason for each in excluded}
    for panel in look.by_day():
        draw = used.get(id(panel))
        yield {
            "date": panel.date,
            "time": panel.time,
            **{name: panel.values.get(name) for name in _SHOWN},
            "product": draw.value if draw else None,
            "usable": draw is not None,
            "excluded": why.get(id(panel)),
            "at_or_above": at_or_above(draw.value, limit) if draw else None,
            **_beside(panel, limit, why.get(id(panel))),
            "albumin_of": draw.albumin_of if draw else None,
        }


def _beside(panel: Panel, limit: float, reason: str | None) -> Document:
    """What a panel says without a number: as it was written, and the ends of a product that was not used for that."""
    status = {name: registry().companions.get((name, "status")) for name in _SHOWN}
    named = {name: panel.given.get(name) or (word and panel.given.get(word.name)) for name, word in status.items()}
    ends = within(panel) if reason == BOUNDS else None
    low, high = ends or (None, None)
    return {
        "as_written": {name: one.as_written for name, one in named.items() if one and name not in panel.values},
        "product_lowest": low,
        "product_highest": None if high is None or high == inf else high,
        "certain": None if low is None or high is None else _certain(low, high, limit),
    }


def _certain(low: float, high: float, limit: float) -> str | None:
    if at_or_above(low, limit):
        return "at_or_above"
    return None if at_or_above(high, limit) else "below"


# ---- what an entry of the rulebook's section measures ----------------------------------------------------------------

_NOTHING: Final = object()  # it cannot be told, and is left as it is


def _yes(look: Look, entry: Spec, ask: Callable[[Exceedance], bool]) -> bool | None:
    """Yes when it holds at either end of the limit, unknown when at one; otherwise no, which fills nothing."""
    ends = look.limits(entry["limit"])
    if ends is None:
        return False
    held = [ask(look.exceeded(entry["of"], end, passing=entry["beyond"])) for end in ends]
    return held[0] if held[0] == held[1] else None


def _ends(look: Look, entry: Spec, count: Callable[[float], float | None]) -> Any:  # noqa: ANN401  # a number, bounds, or nothing
    ends = look.limits(entry["limit"])
    found = [count(end) for end in ends] if ends else [None]
    known = [value for value in found if value is not None]
    if not known:
        return _NOTHING
    return known[0] if min(known) == max(known) else Range(min(known), max(known))


def _fraction(look: Look, entry: Spec) -> Any:  # noqa: ANN401  # as _ends
    def share(limit: float) -> float | None:
        part = interpolated(look.drawn(entry["of"])[0], limit, look.number("history_gap")).fraction
        return None if part is None else part * _PER_CENT

    return _ends(look, entry, share)


def _told(value: float | None) -> Any:  # noqa: ANN401  # a number, or nothing
    return _NOTHING if value is None else value


def _slope(look: Look, entry: Spec) -> Any:  # noqa: ANN401  # a number, or nothing
    return _told(told_slope(look, look.drawn(entry["of"])[0]))


def _mean(look: Look, entry: Spec) -> Any:  # noqa: ANN401  # a number, or nothing
    return _told(interpolated(look.drawn(entry["of"])[0], 0, look.number("history_gap")).mean)


_MEASURES: Final[Mapping[str, Callable[[Look, Spec], Any]]] = {
    "usable": lambda look, entry: float(len(look.drawn(entry["of"])[0])),
    "at_or_above": lambda look, entry: _ends(
        look, entry, lambda limit: float(len(look.exceeded(entry["of"], limit).above))
    ),
    "repeated": lambda look, entry: _yes(look, entry, lambda found: found.repeated),
    "sustained": lambda look, entry: _yes(look, entry, lambda found: found.sustained),
    "fraction": _fraction,
    "mean": _mean,
    "slope": _slope,
    "age": lambda look, _: _told(look.age()),
}


def _amount(one: Given) -> str:
    """Write a value in its canonical unit, or as it was written where it is no number."""
    return f"{one.value:g} {one.unit or ''}".rstrip() if isinstance(one.value, float) else one.as_written


def _words(value: float | bool | Range | None) -> str:  # noqa: FBT001  # as measured
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, Range):
        return f"{value.lo:g} to {value.hi:g}"
    return f"{value:g}"
