"""What is stated of a patient, read and settled: what every door makes, and what every answer is made of.

``calcrisk.Patient`` is the same with a field for each input, for those who write Python.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from calcrisk.errors import Fault, InputError
from calcrisk.stated import BY_PYTHON, Given, Location, Reading, Written, fault
from calcrisk.values import limits_only, read, read_all, settle
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from calcrisk.history.panels import Panel

_NO_FLAGS: Mapping[str, Written] = MappingProxyType({})


class Record:
    """What is stated of a patient; not to be changed.

    ``id`` is the patient's own identifier, ``source`` its file, ``warnings`` what to know before the answer
    is used (code, message), ``panels`` the dated panels as they were written, ``day`` (ISO) that of the values outside.
    """

    id: str | None
    source: str | None
    warnings: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]
    day: str | None
    _given: dict[str, Given]
    __slots__ = ("_given", "day", "id", "panels", "source", "warnings")

    def __init__(
        self,
        reading: Reading,
        identifier: str | None = None,
        source: str | None = None,
        panels: tuple[Panel, ...] = (),
        day: str | None = None,
    ) -> None:
        """Settle what was read. Raises InputError with every fault at once."""
        settle(reading)
        if reading.faults:
            raise InputError(sorted(reading.faults, key=_position))
        order = registry().order
        stated = {name: reading.given[name] for name in sorted(reading.given, key=order.__getitem__)}
        self.__setstate__((stated, day, identifier, panels, source, tuple(reading.warnings)))

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse."""
        message = f"a record is not changed; {name} cannot be set"
        raise AttributeError(message)

    def __getstate__(self) -> tuple[object, ...]:
        """Return everything, in the order of the slots."""
        return tuple([getattr(self, name) for name in self.__slots__])

    def __setstate__(self, state: tuple[object, ...]) -> None:
        """Take everything, once."""
        for name, value in zip(self.__slots__, state, strict=True):
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        """Compare what is stated, whatever units and files it was stated in."""
        return self.stated() == other.stated() if isinstance(other, Record) else NotImplemented

    def __hash__(self) -> int:
        """Hash what is stated."""
        return hash(self.stated())

    @property
    def given(self) -> Mapping[str, Given]:
        """What is stated: flat, in canonical units, with the words and the origin of each, in the rulebook's order."""
        return MappingProxyType(self._given)

    @classmethod
    def from_written(  # noqa: PLR0913 - what a door knows of a patient
        cls,
        written: Mapping[str, Written],
        *,
        over: Mapping[str, Written] = _NO_FLAGS,
        id: str | None = None,  # noqa: A002 - the document's own word
        source: str | None = None,
        warnings: Sequence[tuple[str, str]] = (),
        faults: Sequence[Fault] = (),
        panels: tuple[Panel, ...] = (),
        day: str | None = None,
    ) -> Self:
        """Make a record of variables as written; ``over`` replaces what ``written`` says of the same.

        ``faults`` found on the way here are raised together with those of the values, as InputError.
        """
        reading = Reading(registry(), faults=list(faults), warnings=list(warnings))
        if over:
            replaced = _read_over(over, reading)
            below = Reading(registry())
            read_all({name: limits_only(one) if name in replaced else one for name, one in written.items()}, below)
            _lay_under(below, replaced, reading)
        else:
            read_all(written, reading)
        return cls(reading, id, source, panels, day)

    @classmethod
    def from_python(cls, stated: Mapping[str, object], identifier: str | None = None) -> Self:
        """Make a record of what Python code states of each input. Raises InputError with every fault at once."""
        reading = Reading(registry())
        read_all(_from_python(stated, reading), reading)
        return cls(reading, identifier)

    def with_panels(self, panels: Iterable[Mapping[str, object]], *, day: str | None = None) -> Self:
        """Return the same with dated panels in place of any before: ``{"date": "2026-03-02", "calcium": 9.6, …}``.

        ``day`` (ISO) is that of the values outside the panels. Raises InputError with every fault of the panels.
        """
        replaced = tuple(f"{panel.date}: " for panel in self.panels)
        told = [warning for warning in self.warnings if not warning[1].startswith(replaced)]
        faults: list[Fault] = []
        read = [_panel(f"panels[{index}]", panel, faults, told) for index, panel in enumerate(panels)]
        if faults:
            raise InputError(faults)
        anew = Reading(registry(), dict(self._given), {name: Location(path=name) for name in self._given})
        anew.warnings.extend(told)
        return type(self)(anew, self.id, self.source, tuple(read), day)

    def changed(self, update: Mapping[str, object]) -> Self:
        """Return the same with some statements changed, read anew; None takes a statement back.

        What is not changed keeps its words, its origin and its warnings. Raises InputError with every fault at once.
        """
        changes = dict(update)
        identifier = changes.pop("id", self.id)
        reading = Reading(registry())
        replaced = _read_over(_from_python(changes, reading), reading)
        _lay_under(self._as_read(replaced), replaced, reading)
        name = None if identifier is None else str(identifier)
        return type(self)(reading, name, self.source, self.panels, self.day)

    def beneath(self, given: Mapping[str, Given]) -> Self:
        """Return the same with values that are read already, each where nothing is stated of its input."""
        return self._with({**given, **self._given})

    def with_numbers(self, numbers: Mapping[str, float]) -> Self:
        """Return the same with other numbers in canonical units, as they are: they are computed, and not read.

        What a word says of the same input falls with what it was said of.
        """
        kept = {name: one for name, one in self._given.items() if name not in answered(numbers)}
        moved = {name: Given(value, registry()[name].unit, str(value), BY_PYTHON) for name, value in numbers.items()}
        return self._with({**kept, **moved})

    def _with(self, given: dict[str, Given]) -> Self:
        places = {name: Location(path=name) for name in given}
        anew = Reading(registry(), given, places, warnings=list(self.warnings))
        return type(self)(anew, self.id, self.source, self.panels, self.day)

    def _as_read(self, replaced: set[str]) -> Reading:
        """Return what was read, without the warnings about values that are replaced."""
        anew = Reading(registry())
        for name in replaced & self._given.keys():
            read(registry()[name], Written(self._given[name].as_written, "", Location()), anew)
        warnings = [warning for warning in self.warnings if warning not in anew.warnings]
        places = {name: Location(path=name) for name in self._given}
        return Reading(registry(), dict(self._given), places, warnings=warnings)

    def stated(self) -> tuple[object, ...]:
        """Return what is stated, whatever units and files it was stated in; the same for equal patients."""
        stated = ((name, given.value) for name, given in self._given.items())
        panels = ((panel.date, *sorted(panel.values.items()), panel.flaws) for panel in self.panels if panel.values)
        return self.id, *stated, *panels


def _position(found: Fault) -> tuple[int, int]:
    return found.line or 0, found.column or 0


def _read_over(over: Mapping[str, Written], reading: Reading) -> set[str]:
    """Read what goes first, and name what it answers: itself, what its words say besides, a given number's status."""
    read_all(over, reading)
    reading.apply_also()
    return {*answered(over), *reading.given}


def answered(names: Iterable[str]) -> set[str]:
    """Return the inputs that are answered where others are: these, and the words that are said of a number."""
    stated, companions = set(names), registry().companions
    statuses = (companions.get((name, "status")) for name in stated)
    return stated | {status.name for status in statuses if status is not None}


def _lay_under(below: Reading, replaced: set[str], reading: Reading) -> None:
    """Add of what lies below all that is not replaced."""
    for name, given in below.given.items():
        if name not in replaced:
            reading.put(name, given, below.places[name])
    reading.also.extend(entry for entry in below.also if entry[0] not in reading.given)
    reading.faults.extend(below.faults)
    reading.warnings.extend(below.warnings)


def _panel(path: str, stated: Mapping[str, object], faults: list[Fault], warnings: list[tuple[str, str]]) -> Panel:
    """Read a panel that Python code states; its faults and warnings are added to those of the others."""
    from calcrisk.dated import bad_date, moment_of, panel_of

    shown, reading = str(stated.get("date", "")), Reading(registry())
    if (date := moment_of(shown) or "") == "":
        reading.faults.append(bad_date(shown, Location(path=f"{path}.date")))
    inputs = {name: raw for name, raw in stated.items() if name != "date"}
    panel = panel_of(date, _of_a_panel(_from_python(inputs, reading, f"{path}."), reading), reading)
    faults += reading.faults
    warnings += [(code, f"{date}: {message}") for code, message in reading.warnings]
    return panel


def _of_a_panel(written: Mapping[str, Written], reading: Reading) -> dict[str, Written]:
    """Keep what a panel may state, and refuse the rest."""
    from calcrisk.dated import is_read

    kept = {name: one for name, one in written.items() if is_read(registry()[name])}
    for name in [name for name in written if name not in kept]:
        hint = "state it of the patient: a panel takes `date` and the inputs of `labs`"
        message = f"{name} is not a known input of a panel"
        reading.fault(written[name].location, code="unknown-field", message=message, got=name, hint=hint)
    return kept


def _from_python(stated: Mapping[str, object], reading: Reading, path: str = "") -> dict[str, Written]:
    """Take what Python code stated as written; a name that is no input is refused."""
    written = {name: Written(raw, BY_PYTHON, Location(path=f"{path}{name}")) for name, raw in stated.items()}
    for name in [name for name in written if name not in registry()]:
        _refuse_name(name, written.pop(name), reading)
    return written


def _refuse_name(name: str, written: Written, reading: Reading) -> None:
    variables = reading.registry
    sections = {group.name for group in variables.groups} | variables.lists.keys()
    nested = "fields are flat here, as in Patient(calcium=9.9)" if name in sections else None
    hint = nested or variables.hint(name) or "`calcrisk template` lists every input"
    reading.faults.append(
        fault(written.location, code="unknown-field", message=f"{name} is not a known input", got=name, hint=hint)
    )
