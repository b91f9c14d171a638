"""From what was written to what is meant: one value of one variable, canonical, or the reason why it cannot be used.

Raw things flow in (``9.9``, ``"2.1 mmol/L"``, ``"<6 pg/mL"``, ``"high"``, ``{value, unit, upper_limit}``), ``Given``s
in canonical units come out. Nothing is rounded, guessed or dropped in silence: what cannot be read is a fault, what is
odd is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple

from calcrisk import units
from calcrisk.answers import read_choice, read_yesno
from calcrisk.errors import did_you_mean
from calcrisk.quantities import doubt_bare_numbers, read_number, refuse_unit
from calcrisk.stated import NOWHERE, UNKNOWN, Given, Reading, Written, behind_a_comma, expected, quoted, shortened
from calcrisk.variables import choices, registry

if TYPE_CHECKING:
    from calcrisk.stated import Location
    from calcrisk.variables import Variable

_LIMITS = ("lower_limit", "upper_limit")
MEASURED = ("value", "unit", *_LIMITS)  # what a measurement is made of
_READERS = {"number": read_number, "yesno": read_yesno, "choice": read_choice}


def read(variable: Variable, written: Written, into: Reading) -> None:
    """Read one variable as it was written and record what it says: its value, its companions, its faults.

    Absent (None or empty) says nothing. A mapping and the words low, normal and high belong to numbers alone.
    """
    raw = written.raw
    if isinstance(raw, str):
        word = raw.strip()
        if word.casefold() == UNKNOWN:
            into.put(variable.name, Given(None, variable.unit, word, written.origin), written.location)
        elif word:
            _READERS[variable.kind](variable, word, written, into)
    elif isinstance(raw, Mapping):
        _read_measurement(variable, written, raw, into)
    elif raw is not None:
        _read_python(variable, raw, written, into)


class _Meaning(NamedTuple):
    """What the same words say of a variable wherever they stand: its values, values of others, and warnings."""

    given: tuple[tuple[str, Given], ...]
    also: tuple[tuple[str, Given], ...]
    warnings: tuple[tuple[str, str], ...]


def read_all(written: Mapping[str, Written], into: Reading) -> None:
    """Read each of the package's variables as `read` does, sparing the work where the same words were read before."""
    for name, one in written.items():
        raw, origin, at = one
        words: str | tuple[tuple[str, str | None], ...] | None = None
        if isinstance(raw, str):
            words = raw if len(raw) <= units.SHORT else None
        elif at is NOWHERE:
            words = _words(raw)
        meaning = None if words is None else _meaning(name, words)
        if meaning is None or not _adopt(meaning, origin, at, into):
            read(into.registry[name], one, into)


def _words(raw: object) -> tuple[tuple[str, str | None], ...] | None:
    """Return a measurement of short texts, whose parts stand nowhere either, so that it can be looked up."""
    if not isinstance(raw, dict) or not all(map(_is_short, raw, raw.values())):
        return None
    return tuple((key, part.raw) for key, part in raw.items())


def _is_short(key: str, part: object) -> bool:
    if key not in MEASURED or not isinstance(part, Written):
        return False
    return part.raw is None or (isinstance(part.raw, str) and len(part.raw) <= units.SHORT)


def _adopt(meaning: _Meaning, origin: str, at: Location, into: Reading) -> bool:
    """Record what words mean that stand here; False where that was stated before."""
    given, places = into.given, into.places
    for name, _ in meaning.given:
        if name in given:
            return False
    for name, (value, unit, words, _) in meaning.given:
        given[name] = tuple.__new__(Given, (value, unit, words, origin))
        places[name] = at
    for name, also in meaning.also:
        into.also.append((name, also._replace(origin=origin), at))
    into.warnings.extend(meaning.warnings)
    return True


@lru_cache(maxsize=16384)
def _meaning(name: str, words: str | tuple[tuple[str, str | None], ...]) -> _Meaning | None:
    """Return what a text, or a measurement of texts, says of a variable of the package's; None for a fault."""
    alone = Reading(registry())
    read(alone.registry[name], Written(words if isinstance(words, str) else dict(words), ""), alone)
    if alone.faults:
        return None
    also = tuple((name, given) for name, given, _ in alone.also)
    return _Meaning(tuple(alone.given.items()), also, tuple(alone.warnings))


def _read_python(variable: Variable, raw: object, written: Written, into: Reading) -> None:
    """Read what Python code gave: a bool or a number, as if it had been written."""
    if isinstance(raw, bool):
        _read_truth(variable, raw, written, into)
    elif isinstance(raw, Real | Decimal):
        _READERS[variable.kind](variable, str(raw), written, into)
    else:
        _refuse_kind(variable, "a list" if isinstance(raw, list | tuple) else f"a {type(raw).__name__}", written, into)


def _read_truth(variable: Variable, raw: bool, written: Written, into: Reading) -> None:  # noqa: FBT001 - what came
    word = "yes" if raw else "no"
    if variable.kind == "yesno" or word in choices(variable):
        _READERS[variable.kind](variable, word, written, into)
    else:
        _refuse_kind(variable, str(raw), written, into)


def _refuse_kind(variable: Variable, kind: str, written: Written, into: Reading) -> None:
    into.fault(
        written.location,
        code="wrong-kind",
        message=f"{variable.name} cannot be {kind}",
        expected=expected(variable),
        got=kind,
        hint=f"write {expected(variable)}",
    )


# Mappings: a value, its unit, and the laboratory's own limits


def _read_measurement(variable: Variable, written: Written, raw: Mapping[object, object], into: Reading) -> None:
    if variable.kind != "number":
        _refuse_kind(variable, "a mapping", written, into)
        return
    parts = {str(key): part if isinstance(part, Written) else written._replace(raw=part) for key, part in raw.items()}
    for key, part in parts.items():
        if key not in MEASURED:
            _refuse_part(variable, key, part, into)
    unit = _text(parts.get("unit"))
    if unit and units.find(variable, unit) is None:
        refuse_unit(variable, unit, parts["unit"], into)
        return
    for key in ("value", *_LIMITS):
        if key in parts and _agrees(variable, parts[key], unit, into):
            _read_part(variable, key, _with_unit(parts[key], unit, written), into)


def _agrees(variable: Variable, part: Written, unit: str, into: Reading) -> bool:
    """Refuse a part that is a mapping again, or that carries a unit other than the mapping's own."""
    if isinstance(part.raw, Mapping):
        _refuse_kind(variable, "a mapping within a mapping", part, into)
        return False
    measured = units.measure(_text(part))
    own = units.find(variable, measured.unit) if measured is not None and measured.unit else None
    stated = units.find(variable, unit) if unit else None
    if own is None or stated is None or own.factor == stated.factor:
        return True
    into.fault(
        part.location,
        code="two-units",
        message=f"{variable.name} {quoted(_text(part))} stands beside the unit {quoted(unit)}",
        expected=stated.name,
        got=own.name,
        hint="keep one of the two units",
    )
    return False


def _read_part(variable: Variable, key: str, part: Written, into: Reading) -> None:
    target = variable if key == "value" else into.registry.companions.get((variable.name, key))
    if target is None:
        _refuse_part(variable, key, part, into)
    else:
        read(target, part, into)


def _refuse_part(variable: Variable, key: str, part: Written, into: Reading) -> None:
    companions = into.registry.companions
    if key[:1].isdigit():
        into.fault(part.location, **behind_a_comma(key))
        return
    taken = [name for name in MEASURED if name not in _LIMITS or (variable.name, name) in companions]
    into.fault(
        part.location,
        code="unknown-field",
        message=f"{variable.name} takes no {quoted(key)}",
        expected=", ".join(taken),
        got=key,
        hint=did_you_mean(key, taken) or f"it takes {', '.join(taken)}",
    )


def _with_unit(part: Written, unit: str, whole: Written) -> Written:
    """Put the mapping's unit behind a part that is a bare number; the part keeps its own unit when it has one."""
    text = _text(part)
    measured = units.measure(text) if unit else None
    raw = f"{text} {unit}" if measured is not None and not measured.unit else part.raw
    return Written(raw, whole.origin, part.location)


def _text(part: Written | None) -> str:
    return "" if part is None or part.raw is None else str(part.raw).strip()


def limits_only(written: Written) -> Written:
    """Keep of a measurement only the laboratory's limits and their unit; of anything else, nothing."""
    raw = written.raw
    if not isinstance(raw, Mapping):
        return written._replace(raw=None)
    return written._replace(raw={key: part for key, part in raw.items() if key != "value"})


# After all are read


def settle(into: Reading) -> None:
    """Add what choices said besides (``5D`` is dialysis), refuse what contradicts itself, doubt what stands alone."""
    into.apply_also()
    for name, given, _ in into.also:
        if into.given[name].value not in (None, given.value):
            _contradict(f"{shortened(given.as_written)} ({given.origin})", name, into)
    implications = into.registry.implications
    denials: dict[str, list[str]] = {}
    for name in into.given:
        if name in implications and into.given[name].value is True:
            for implied in implications[name]:
                if implied in into.given and into.given[implied].value is False:
                    denials.setdefault(implied, []).append(f"{name}: yes ({into.given[name].origin})")
    for denied, said in denials.items():
        _contradict(" and ".join(said), denied, into)
    _check_limits(into)
    doubt_bare_numbers(into)


def _contradict(said: str, name: str, into: Reading) -> None:
    stated = into.given[name]
    into.fault(
        into.places[name],
        code="contradiction",
        message=f"{name}: {shortened(stated.as_written)} ({stated.origin}) contradicts {said}",
        got=stated.as_written,
        hint="change one of them, or write unknown for what is not known",
    )


def _check_limits(into: Reading) -> None:
    for name, lower, upper in into.registry.limit_pairs:
        if lower in into.given and upper in into.given:
            low, high = into.given[lower], into.given[upper]
            if isinstance(low.value, float) and isinstance(high.value, float) and low.value > high.value:
                both = f"{shortened(low.as_written)} to {shortened(high.as_written)}"
                message = f"the limits of {name} are reversed: {both}"
                into.fault(into.places[lower], code="reversed-limits", message=message, hint="exchange the two")
