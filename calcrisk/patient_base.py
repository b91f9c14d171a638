"""How a patient is read and shown; the fields are generated from the rulebook's variables (``patient.py``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, PrivateAttr

from calcrisk.errors import Fault, InputError
from calcrisk.stated import UNKNOWN, Given, Location, Range, Reading, Written, fault
from calcrisk.values import limits_only, read, read_all, settle
from calcrisk.variables import registry

if TYPE_CHECKING:
    from calcrisk.history.panels import Panel

Measurement: TypeAlias = Mapping[str, float | str | None]
"""A value with its unit and the laboratory's own limits: ``{"value": 410, "unit": "pg/mL", "upper_limit": 65}``."""

Number: TypeAlias = float | str | Measurement | None
YesNo: TypeAlias = bool | Literal["yes", "no", "unknown"] | str | None  # noqa: PYI051 - for the editor to complete

_SHOWN_AS_IT_IS = (float, bool, str)
_NO_FLAGS: Mapping[str, Written] = MappingProxyType({})


class PatientBase(BaseModel):
    """Reads at construction. A field then holds the canonical value, ``"unknown"``, or None when nothing is stated."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    _given: dict[str, Given] = PrivateAttr()
    _warnings: tuple[tuple[str, str], ...] = PrivateAttr()
    _source: str | None = PrivateAttr()
    _panels: tuple[Any, ...] = PrivateAttr(())
    _day: str | None = PrivateAttr(None)

    def __init__(self, /, **stated: Any) -> None:  # noqa: ANN401 - the fields' types stand in the generated class
        """Read what is stated. Raises InputError with every fault at once."""
        identifier = stated.pop("id", None)
        reading = Reading(registry())
        read_all(_from_python(stated, reading), reading)
        self._become(reading, None if identifier is None else str(identifier), None)

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
        """Make a patient of variables as written; ``over`` replaces what ``written`` says of the same.

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
        return cls._made_of(reading, id, source, panels, day)

    @classmethod
    def _made_of(
        cls,
        reading: Reading,
        identifier: str | None,
        source: str | None,
        panels: tuple[Panel, ...],
        day: str | None,
    ) -> Self:
        patient = cls.__new__(cls)
        patient._become(reading, identifier, source, panels, day)  # noqa: SLF001 - its own
        return patient

    def _become(
        self,
        reading: Reading,
        identifier: str | None,
        source: str | None,
        panels: tuple[Panel, ...] = (),
        day: str | None = None,
    ) -> None:
        """Settle into what was read. Pydantic's validation is left out: every value has passed a stricter one."""
        settle(reading)
        if reading.faults:
            raise InputError(sorted(reading.faults, key=_position))
        fields: dict[str, Any] = dict.fromkeys(type(self).__pydantic_fields__)
        fields["id"] = identifier
        order = registry().order
        stated = {name: reading.given[name] for name in sorted(reading.given, key=order.__getitem__)}
        for name, given in stated.items():
            value = given[0]
            fields[name] = value if value.__class__ in _SHOWN_AS_IT_IS else _shown(given)
        private = {
            "_given": stated,
            "_warnings": tuple(reading.warnings),
            "_source": source,
            "_panels": panels,
            "_day": day,
        }
        object.__setattr__(self, "__dict__", fields)
        object.__setattr__(self, "__pydantic_fields_set__", {"id", *stated} if identifier else set(stated))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", private)

    @property
    def given(self) -> Mapping[str, Given]:
        """What is stated: flat, in canonical units, with the words and the origin of each."""
        return MappingProxyType(self._read("_given"))

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """What to know before the answer is used, as (code, message)."""
        return self._read("_warnings")  # type: ignore[no-any-return]  # as _become put it there

    @property
    def source(self) -> str | None:
        """The file it came from; None for one made in Python."""
        return self._read("_source")  # type: ignore[no-any-return]  # as _become put it there

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The dated panels of the history, in the order they were written."""
        return self._read("_panels")  # type: ignore[no-any-return]  # as _become put it there

    @property
    def day(self) -> str | None:
        """The day (ISO) of the values outside the panels, where one was stated."""
        return self._read("_day")  # type: ignore[no-any-return]  # as _become put it there

    def with_panels(self, panels: Iterable[Mapping[str, object]], *, day: str | None = None) -> Self:
        """Return the patient with dated panels in place of any before: ``{"date": "2026-03-02", "calcium": 9.6, …}``.

        ``day`` (ISO) is that of the values outside the panels. Raises InputError with every fault of the panels.
        """
        from calcrisk.dated import bad_date, is_read, moment_of, panel_of

        faults: list[Fault] = []
        read: list[Panel] = []
        for index, panel in enumerate(panels):
            reading, path = Reading(registry()), f"panels[{index}]"
            written = _from_python({name: raw for name, raw in panel.items() if name != "date"}, reading)
            stated = str(panel.get("date", ""))
            if (date := moment_of(stated) or "") == "":
                reading.faults.append(bad_date(stated, Location(path=f"{path}.date")))
            read.append(
                panel_of(date, {name: one for name, one in written.items() if is_read(registry()[name])}, reading)
            )
            faults += reading.faults
        if faults:
            raise InputError(faults)
        anew = Reading(registry(), dict(self._given), {name: Location(path=name) for name in self._given})
        anew.warnings.extend(self._warnings)
        return self._made_of(anew, self.__dict__["id"], self._source, tuple(read), day)

    def _read(self, name: str) -> Any:  # noqa: ANN401 - what was read, of several types
        # Pydantic's own way to a private attribute is ten times as long, and a batch goes it for every patient.
        return self.__pydantic_private__[name]  # type: ignore[index]  # there since _become

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a patient with some statements changed, read anew; None takes a statement back.

        What is not changed keeps its words, its origin and its warnings. Raises InputError as the constructor does.
        """
        if not update:
            return super().model_copy(deep=deep)
        changes = dict(update)
        identifier = changes.pop("id", self.__dict__["id"])
        reading = Reading(registry())
        replaced = _read_over(_from_python(changes, reading), reading)
        _lay_under(self._as_read(replaced), replaced, reading)
        name = None if identifier is None else str(identifier)
        return self._made_of(reading, name, self._source, self.panels, self.day)

    def _as_read(self, replaced: set[str]) -> Reading:
        """Return what was read of this patient, without the warnings about values that are replaced."""
        anew = Reading(registry())
        for name in replaced & self._given.keys():
            read(registry()[name], Written(self._given[name].as_written, "", Location()), anew)
        warnings = [warning for warning in self._warnings if warning not in anew.warnings]
        places = {name: Location(path=name) for name in self._given}
        return Reading(registry(), dict(self._given), places, warnings=warnings)

    def __eq__(self, other: object) -> bool:
        """Compare what is stated, whatever units and files it was stated in."""
        return self._stated() == other._stated() if isinstance(other, PatientBase) else NotImplemented

    def __hash__(self) -> int:
        """Hash what is stated."""
        return hash(self._stated())

    def _stated(self) -> tuple[object, ...]:
        stated = ((name, given.value) for name, given in self._given.items())
        panels = ((panel.date, *sorted(panel.values.items()), panel.flaws) for panel in self.panels if panel.values)
        return self.__dict__["id"], *stated, *panels

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Show only what was stated."""
        return ((name, value) for name, value in self.__dict__.items() if value is not None)

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """Show only what was stated."""
        yield from self.__repr_args__()


def _position(found: Fault) -> tuple[int, int]:
    return found.line or 0, found.column or 0


def _shown(given: Given) -> float | bool | str:
    if given.value is None:
        return UNKNOWN
    return given.as_written if isinstance(given.value, Range) else given.value


def _read_over(over: Mapping[str, Written], reading: Reading) -> set[str]:
    """Read what goes first, and name what it answers: itself, what its words say besides, a given number's status."""
    read_all(over, reading)
    reading.apply_also()
    companions = reading.registry.companions
    statuses = {status.name for name in over if (status := companions.get((name, "status")))}
    return {*over, *reading.given, *statuses}


def _lay_under(below: Reading, replaced: set[str], reading: Reading) -> None:
    """Add of what lies below all that is not replaced."""
    for name, given in below.given.items():
        if name not in replaced:
            reading.put(name, given, below.places[name])
    reading.also.extend(entry for entry in below.also if entry[0] not in reading.given)
    reading.faults.extend(below.faults)
    reading.warnings.extend(below.warnings)


def _from_python(stated: Mapping[str, object], reading: Reading) -> dict[str, Written]:
    """Take what Python code stated as written; a name that is no input is refused."""
    written = {name: Written(raw, "Patient", Location(path=name)) for name, raw in stated.items()}
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
