"""Numbers with units: read, converted to the canonical unit, refused where no patient or no such unit can be meant.

Text flows in (``9.9``, ``2.1 mmol/L``, ``<6 pg/mL``, ``high``), canonical values come out. A number that looks like
another unit is refused with the likely one; one that is possible but unusual is used, and warned about.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk import units
from calcrisk.answers import read_choice
from calcrisk.errors import did_you_mean
from calcrisk.stated import UNKNOWN, Given, Range, Reading, Written, expected, quoted
from calcrisk.variables import choices, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.variables import Variable

_ENDLESS = (-math.inf, math.inf)
_HOLDER = {"labs": "blood can hold"}  # what a hard limit bounds, for the sentence that refuses


class _Amount(NamedTuple):
    """A number as written, with the declared unit it was written in, and what it is in the canonical one."""

    bound: str
    written: float
    unit: units.Unit
    canonical: float

    def __str__(self) -> str:
        return _print(self.written, self.unit.name)


def read_number(variable: Variable, text: str, written: Written, into: Reading) -> None:
    """Read a number with or without a unit, or the word that a report gives in its place."""
    measured = units.measure(text)
    if measured is None:
        _read_status(variable, text, written, into)
        return
    unit = units.find(variable, measured.unit) if measured.unit else units.Unit(variable.unit or "", 1.0)
    if unit is None:
        refuse_unit(variable, measured.unit, written, into)
        return
    amount = _Amount(measured.bound, measured.number, unit, measured.number * unit.factor)
    if not math.isfinite(amount.canonical):
        _refuse_text(variable, text, written, into)
    elif _possible(variable, amount, written, into):
        value = _censored(variable, amount) if amount.bound else amount.canonical
        into.put(variable.name, Given(value, variable.unit, text, written.origin), written.location)
        _say_odd(variable, amount, into)


# Words in the place of a number


def _read_status(variable: Variable, word: str, written: Written, into: Reading) -> None:
    """Read a number reported as a word: ``high`` answers its companion, the status."""
    status = into.registry.companions.get((variable.name, "status"))
    if status is not None and plain(word) in choices(status):
        read_choice(status, word, written, into)
    elif units.has_decimal_comma(word):
        into.fault(
            written.location,
            code="decimal-comma",
            message=f"{variable.name} {quoted(word)} is written with a comma",
            expected=expected(variable),
            got=word,
            hint=f"write {word.replace(',', '.')}",
        )
    else:
        near = did_you_mean(word.casefold(), (*status.values, UNKNOWN)) if status else None
        _refuse_text(variable, word, written, into, near)


def _refuse_text(variable: Variable, text: str, written: Written, into: Reading, near: str | None = None) -> None:
    into.fault(
        written.location,
        code="not-a-number",
        message=f"{variable.name} cannot be {quoted(text)}",
        expected=expected(variable),
        got=text,
        hint=near or f"write {expected(variable)}",
    )


# Units


def refuse_unit(variable: Variable, spelt: str, written: Written, into: Reading) -> None:
    """Record that this is no unit of the variable's, with those that are."""
    accepted = units.either(variable.units)
    into.fault(
        written.location,
        code="unknown-unit",
        message=f"{variable.name} is not measured in {quoted(spelt)}" if accepted else f"{variable.name} has no unit",
        expected=accepted or "a number without a unit",
        got=spelt,
        hint=_near_unit(variable, spelt) or (f"write {accepted}" if accepted else f"leave {quoted(spelt)} out"),
    )


def _near_unit(variable: Variable, spelt: str) -> str | None:
    """Offer the nearest unit by its declared spelling."""
    declared = {units.spelling(name): name for name in variable.units}
    hint = did_you_mean(units.spelling(spelt), declared)
    for stripped, name in declared.items():
        hint = hint.replace(repr(stripped), repr(name)) if hint else None
    return hint


# Limits


def _censored(variable: Variable, amount: _Amount) -> Range:
    """Bound an inexact number by the variable's hard limits, between which it was found to lie."""
    low, high = variable.hard or _ENDLESS
    return Range(low, amount.canonical) if amount.bound == "<" else Range(amount.canonical, high)


def _possible(variable: Variable, amount: _Amount, written: Written, into: Reading) -> bool:
    """Refuse a number that looks like another unit, or lies outside what is possible; say which."""
    trap = _trap(variable, amount) if variable.unit_traps else None
    if trap is not None and trap["act"] == "refuse":
        side = "above" if trap.get("below") is None else "below"
        _refuse_amount(variable, amount, (side, trap["likely"]), written, into)
        return False
    low, high = variable.hard or _ENDLESS
    if low <= amount.canonical <= high:
        return True
    side = "below" if amount.canonical < low else "above"
    _refuse_amount(variable, amount, (side, _likely_unit(variable, amount)), written, into)
    return False


def _trap(variable: Variable, amount: _Amount) -> Mapping[str, Any] | None:
    """Return the first declared trap that a number falls into, as it was written in its unit."""
    for trap in variable.unit_traps:
        low, high = trap.get("below"), trap.get("above")
        outside = (low is not None and amount.written < low) or (high is not None and amount.written > high)
        if outside and amount.unit.name == (trap.get("unit") or variable.unit):
            return trap
    return None


def _likely_unit(variable: Variable, amount: _Amount) -> str | None:
    """Return another unit in which this number would be plausible."""
    low, high = variable.plausible or variable.hard or _ENDLESS
    others = ((name, factor) for name, factor in variable.units.items() if name != amount.unit.name)
    return next((name for name, factor in others if low <= amount.written * factor <= high), None)


def _refuse_amount(
    variable: Variable, amount: _Amount, verdict: tuple[str, str | None], written: Written, into: Reading
) -> None:
    side, likely = verdict
    message = f"{variable.name} {amount} is {side} what {_HOLDER.get(variable.group or '', 'is possible')}"
    low, high = variable.hard or _ENDLESS
    wanted = f"{units.number_text(low)} to {_print(high, variable.unit or '')}"
    if likely is not None:
        hint = f"did you mean {_print(amount.written, likely)}?"
        inside = low <= amount.canonical <= high  # then the limits are not what refuses it
        expected = None if inside else wanted
        into.fault(written.location, code="likely-unit", message=message, expected=expected, got=str(amount), hint=hint)
    else:
        hint = f"expected {wanted}"
        into.fault(written.location, code="out-of-range", message=message, expected=wanted, got=str(amount), hint=hint)


def _say_odd(variable: Variable, amount: _Amount, into: Reading) -> None:
    """Warn of a number that is used although unusual, and of one converted from another substance."""
    trap = _trap(variable, amount) if variable.unit_traps else None
    low, high = variable.plausible or _ENDLESS
    if trap is not None:
        likely = _print(amount.written, trap["likely"])
        message = f"{variable.name} {amount} was used as written, but is unusual: did you mean {likely}?"
        into.warn(code="unusual-unit", message=message)
    elif not amount.bound and not low <= amount.canonical <= high:
        usual = f"{units.number_text(low)} to {_print(high, variable.unit or '')}"
        message = f"{variable.name} {amount} was used as written, but is unusual ({usual})"
        into.warn(code="implausible", message=message)
    if " " in amount.unit.name:
        canonical = _print(amount.canonical, variable.unit or "")
        into.warn(code="converted", message=f"{variable.name} {amount} was converted to {canonical}")


def _print(number: float, unit: str) -> str:
    return f"{units.number_text(number)} {unit}".rstrip()
