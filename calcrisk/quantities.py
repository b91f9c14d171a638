"""Numbers with units: read, converted to the canonical unit, refused where no patient or no such unit can be meant.

Text flows in (``9.9``, ``2.1 mmol/L``, ``<6 pg/mL``, ``high``), canonical values come out. A number that looks like
another unit is refused with the likely one; one that is possible but unusual is used, and warned about.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk import units
from calcrisk.answers import left_open, read_choice
from calcrisk.errors import did_you_mean
from calcrisk.stated import BY_PYTHON, UNKNOWN, Given, Range, Reading, Written, expected, quoted, shortened
from calcrisk.variables import choices, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.variables import Variable

_ENDLESS = (-math.inf, math.inf)
_TENFOLD = 10  # what a lost decimal point makes of a number
_YEAR = re.compile(r"(?:19|20)\d\d")  # of the calendar, where a length of time belongs
_LIMIT_DIGITS = 3  # significant digits of a limit that had to be converted
# How the words begin, as plain words, by which a report says that a sample gave no result.
_NO_RESULT = (
    *("haemoly", "hemoly", "clotted", "lipaemi", "lipemi", "contaminat"),
    *("insufficient", "quantitynotsufficient", "qns", "notdone", "notmeasured", "unabletoreport"),
    *("cancelled", "canceled", "rejected", "pending"),
)
_HOLDER = {"labs": "blood can hold"}  # what a hard limit bounds, for the sentence that refuses


class _Amount(NamedTuple):
    """A number as written, with the declared unit it was written in, and what it is in the canonical one."""

    bound: str
    written: float
    unit: units.Unit
    canonical: float

    def __str__(self) -> str:
        return _print(self.written, self.unit.name)


class _Guess(NamedTuple):
    """What was probably meant by a number that is refused, as a question, and the code of such a slip."""

    code: str
    hint: str


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
    elif plain(word).startswith(_NO_RESULT):
        into.put(variable.name, Given(None, variable.unit, word, written.origin), written.location)
        message = f"{variable.name} {quoted(word)} is no result: the value counts as unknown"
        into.warn(code="no-result", message=message)
    elif units.has_decimal_comma(word):
        into.fault(
            written.location,
            code="decimal-comma",
            message=f"{variable.name} {quoted(word)} is written with a comma",
            expected=expected(variable),
            got=word,
            hint=f"write {units.without_comma(shortened(word))}",
        )
    else:
        near = left_open(word)
        if near is None and status is not None:
            near = did_you_mean(word.casefold(), (*status.values, UNKNOWN))
            if near is None and word.isalpha():
                near = f"write {expected(variable)}, or {units.either(status.values)}"
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

_ION = "phosphate"  # a word behind a unit that may mean the ion or its phosphorus


def refuse_unit(variable: Variable, spelt: str, written: Written, into: Reading) -> None:
    """Record that this is no unit of the variable's, with those that are."""
    accepted = units.either(variable.units)
    into.fault(
        written.location,
        code="unknown-unit",
        message=f"{variable.name} is not measured in {quoted(spelt)}" if accepted else f"{variable.name} has no unit",
        expected=accepted or "a number without a unit",
        got=spelt,
        hint=_unusable(spelt)
        or _flagged(variable, spelt, into)
        or _near_unit(variable, spelt, into)
        or (f"write {accepted}" if accepted else f"leave {quoted(spelt)} out"),
    )


def _near_unit(variable: Variable, spelt: str, into: Reading) -> str | None:
    """Offer the nearest unit by its declared spelling; none for a unit of another variable, which is no slip."""
    declared, wrong = {units.spelling(name): name for name in variable.units}, units.spelling(spelt)
    # words behind a unit: of two that they begin with, the canonical one comes first
    if behind := next((found for found in declared if wrong.startswith(found)), None):
        alone = declared[behind]
        ion = next((name for name in variable.units if name.startswith(f"{alone} ")), None)
        if ion and _ION in wrong.removeprefix(behind):  # which of the two is not said
            return f"write {alone} where it is {variable.label}, {ion} where it is the ion"
        return f"write {alone} alone: it is read as {variable.label}"
    if any(units.find(other, spelt) for other in into.registry.values()):
        return None
    hint = did_you_mean(wrong, declared)
    for stripped, name in declared.items():
        hint = hint.replace(repr(stripped), repr(name)) if hint else None
    return hint


def _unusable(remark: str) -> str | None:
    """Say what to do with a number that the report itself calls unusable (``8.4 haemolysed``)."""
    unusable = any(plain(word).startswith(_NO_RESULT) for word in (units.spelling(remark), *remark.split()))
    return "write the number alone if it holds, or unknown" if unusable else None


def _flagged(variable: Variable, remark: str, into: Reading) -> str | None:
    """Say what to do with the flag that laboratories print behind a number (``10.5 H``)."""
    status = into.registry.companions.get((variable.name, "status"))
    flag = status is not None and plain(remark) in choices(status)
    return f"leave {quoted(remark)} out: the number says it" if flag else None


# Limits


def _censored(variable: Variable, amount: _Amount) -> Range:
    """Bound an inexact number by the variable's hard limits, between which it was found to lie."""
    low, high = variable.hard or _ENDLESS
    return Range(low, amount.canonical) if amount.bound == "<" else Range(amount.canonical, high)


def _possible(variable: Variable, amount: _Amount, written: Written, into: Reading) -> bool:
    """Refuse a number that looks like something else, or lies outside what is possible; say which."""
    trap = _trap(variable, amount) if variable.unit_traps else None
    if trap is not None and trap["act"] == "refuse":
        side = "above" if trap.get("below") is None else "below"
        _refuse_amount(variable, amount, (side, trap["likely"]), written, into)
        return False
    if _within(variable.hard, amount.canonical):
        return True
    side = "below" if amount.canonical < (variable.hard or _ENDLESS)[0] else "above"
    _refuse_amount(variable, amount, (side, _likely_unit(variable, amount)), written, into)
    return False


def _within(limits: tuple[float, float] | None, canonical: float) -> bool:
    low, high = limits or _ENDLESS
    return low <= canonical <= high


def _trap(variable: Variable, amount: _Amount) -> Mapping[str, Any] | None:
    """Return the first declared trap that a number falls into, as it was written in its unit.

    Nothing and a negative number fall into none: in no unit are they a measurement of what these are for.
    """
    for trap in variable.unit_traps:
        low, high = trap.get("below"), trap.get("above")
        outside = (low is not None and 0 < amount.written < low) or (high is not None and amount.written > high)
        if outside and amount.unit.name == (trap.get("unit") or variable.unit):
            return trap
    return None


def _likely_unit(variable: Variable, amount: _Amount) -> str | None:
    """Return another unit in which this number would be plausible."""
    others = (name for name in variable.units if name != amount.unit.name)
    return next((name for name in others if _is_usual(variable, amount.written * variable.units[name])), None)


def _is_usual(variable: Variable, canonical: float) -> bool:
    return _within(variable.plausible or variable.hard, canonical)


def _refuse_amount(
    variable: Variable, amount: _Amount, verdict: tuple[str, str | None], written: Written, into: Reading
) -> None:
    side, likely = verdict
    wanted = _limits(variable, amount.unit)
    guesses = list(_guesses(variable, amount, likely))
    into.fault(
        written.location,
        code=guesses[0].code if guesses else "out-of-range",
        message=f"{variable.name} {amount} {_reason(variable, amount, side, likely, into)}",
        expected=None if _within(variable.hard, amount.canonical) else wanted,  # else the limits do not refuse it
        got=str(amount),
        hint=f"{', or '.join(guess.hint for guess in guesses)}?" if guesses else f"expected {wanted}",
    )


def _reason(variable: Variable, amount: _Amount, side: str, likely: str | None, into: Reading) -> str:
    """Say what is wrong with a number; what another unit's number could be in truth is not called impossible."""
    if likely is not None and likely not in variable.units:
        return f"looks like {into.registry[likely].label}"
    if likely is not None and amount.unit.factor != 1 and _within(variable.hard, amount.canonical):
        return f"looks like {likely}"
    return f"is {side} what {_HOLDER.get(variable.group or '', 'is possible')}"


def _guesses(variable: Variable, amount: _Amount, likely: str | None) -> Iterator[_Guess]:
    """Give what was probably meant, likeliest first.

    The suspected unit, unless it mends nothing and a decimal point does; both where no usual limits tell them apart.
    """
    if amount.unit.name == variable.unit and "years" in variable.units and _YEAR.fullmatch(f"{amount.written:g}"):
        hint = f"did you mean the time since {amount.written:g}, as in 5 years"
        yield _Guess(code="out-of-range", hint=hint)
        return
    point = _lost_point(variable, amount)
    factor = variable.units.get(likely) if likely else None
    mends = likely is not None and (factor is None or _is_usual(variable, amount.written * factor))
    if likely is not None and (mends or point is None):
        hint = f"did you mean {_meant(variable, amount, likely)}"
        yield _Guess(code="likely-input", hint=hint) if factor is None else _Guess(code="likely-unit", hint=hint)
    if point is not None and not (mends and variable.plausible):
        yield _Guess(code="out-of-range", hint=f"is a decimal point lost, as in {point}")


def _meant(variable: Variable, amount: _Amount, likely: str) -> str:
    """Print a number in the unit, or as the other input, that it looks like."""
    return _print(amount.written, likely) if likely in variable.units else f"{likely} {amount}"


def _lost_point(variable: Variable, amount: _Amount) -> str | None:
    """Print a tenth of a measurement that is too large, where that would be usual."""
    if not variable.unit or variable.hard is None or amount.canonical <= variable.hard[1]:
        return None
    usual = _is_usual(variable, amount.canonical / _TENFOLD)
    return _print(amount.written / _TENFOLD, amount.unit.name) if usual else None


def _limits(variable: Variable, unit: units.Unit) -> str:
    """Print the hard limits in the unit of the number that they refuse, rounded to what they do hold."""
    low, high = variable.hard or _ENDLESS
    if unit.factor != 1:
        low = _rounded(low / unit.factor, ROUND_CEILING)
        high = _rounded(high / unit.factor, ROUND_FLOOR)
    return f"{units.number_text(low)} to {_print(high, unit.name)}"


def _rounded(limit: float, rounding: str) -> float:
    return float(Context(prec=_LIMIT_DIGITS, rounding=rounding).create_decimal_from_float(limit))


def _say_odd(variable: Variable, amount: _Amount, into: Reading) -> None:
    """Warn of a number that is used although unusual, and of one converted from another substance."""
    trap = _trap(variable, amount) if variable.unit_traps else None
    low, high = variable.plausible or _ENDLESS
    if trap is not None:
        likely = _meant(variable, amount, trap["likely"])
        message = f"{variable.name} {amount} was used as written, but is unusual: did you mean {likely}?"
        into.warn(code="unusual-unit", message=message)
    elif not amount.bound and not low <= amount.canonical <= high:
        usual = f"{units.number_text(low)} to {_print(high, variable.unit or '')}"
        message = f"{variable.name} {amount} was used as written, but is unusual ({usual})"
        into.warn(code="implausible", message=message)
    if " " in amount.unit.name:
        canonical = _print(amount.canonical, variable.unit or "")
        into.warn(code="converted", message=f"{variable.name} {amount} was converted to {canonical}")


def doubt_bare_numbers(into: Reading) -> None:
    """Warn of a number without a unit where another of the patient is written in the unit of an SI report.

    A report is mostly in one system of units: beside a calcium in mmol/L a bare phosphate of 2.2 was hardly mg/dL, nor
    a bare PTH of 40 pg/mL. What the SI unit would make impossible is not doubted, nor what Python code states: that is
    in the units that it is documented in. Settled again, a patient is doubted anew.

    An impossible one clears the others that would be in its unit, unless one is written in it: a calcium of 9.5 clears
    a phosphate, for both would be in mmol/L, but no creatinine, nor a creatinine it: laboratories that write mmol/L
    often keep creatinine and albumin in mg/dL and g/dL.
    """
    into.warnings[:] = [warning for warning in into.warnings if warning[0] != "unit-not-written"]
    written = dict(_in_si(into))
    bare = list(_bare(into)) if written else []
    exact = [(variable, amount) for variable, given, amount in bare if isinstance(given.value, float)]
    cleared = {amount.unit.name for variable, amount in exact if not _fits(variable, amount)} - written.keys()
    for variable, given, amount in bare:
        if amount.unit.name not in cleared and _fits(variable, amount):
            read = f"{variable.name} {given.as_written} has no unit and was read as {variable.unit}"
            message = f"{read}, while {next(iter(written.values()))}: was {amount.unit.name} meant?"
            into.warn(code="unit-not-written", message=message)


def _in_si(into: Reading) -> Iterator[tuple[str, str]]:
    """Give the units of an SI report in which numbers are written, each with a sentence that says which number."""
    for name, given in into.given.items():
        variable = into.registry[name]
        digits = given.as_written.replace(".", "", 1)  # most are bare, and need no search
        if variable.si and isinstance(given.value, float | Range) and not digits.isdigit():
            measured = units.measure(given.as_written)
            unit = units.find(variable, measured.unit) if measured is not None and measured.unit else None
            if unit is not None and unit.name == variable.si:
                yield unit.name, f"{name} is written in {unit.name}"


def _bare(into: Reading) -> Iterator[tuple[Variable, Given, _Amount]]:
    """Give the numbers that were written without a unit, and what each would be in that of an SI report."""
    for name, given in into.given.items():
        variable = into.registry[name]
        measured = units.measure(given.as_written) if variable.si and given.origin != BY_PYTHON else None
        if variable.si and measured is not None and not measured.unit and given.value is not None:
            unit = units.Unit(variable.si, variable.units[variable.si])
            yield variable, given, _Amount("", measured.number, unit, measured.number * unit.factor)


def _fits(variable: Variable, amount: _Amount) -> bool:
    """Tell whether a number would be taken."""
    trap = _trap(variable, amount)
    return _within(variable.hard, amount.canonical) and (trap is None or trap["act"] != "refuse")


def _print(number: float, unit: str) -> str:
    return f"{units.number_text(number)} {unit}".rstrip()
