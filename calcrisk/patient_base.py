"""How a patient is read and shown; the fields are generated from the rulebook's variables (``patient.py``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, PrivateAttr

from calcrisk.record import Record
from calcrisk.stated import UNKNOWN, Given, Range

if TYPE_CHECKING:
    from calcrisk.history.panels import Panel

Measurement: TypeAlias = Mapping[str, float | str | None]
"""A value with its unit and the laboratory's own limits: ``{"value": 410, "unit": "pg/mL", "upper_limit": 65}``."""

Number: TypeAlias = float | str | Measurement | None
YesNo: TypeAlias = bool | Literal["yes", "no", "unknown"] | str | None  # noqa: PYI051 - for the editor to complete

_SHOWN_AS_IT_IS = (float, bool, str)


class PatientBase(BaseModel):
    """Reads at construction. A field then holds the canonical value, ``"unknown"``, or None when nothing is stated."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    _record: Record = PrivateAttr()

    def __init__(self, /, **stated: Any) -> None:  # noqa: ANN401 - the fields' types stand in the generated class
        """Read what is stated. Raises InputError with every fault at once."""
        identifier = stated.pop("id", None)
        self._become(Record.from_python(stated, None if identifier is None else str(identifier)))

    @classmethod
    def of(cls, record: Record) -> Self:
        """Make a patient of what a document, or another patient, states."""
        patient = cls.__new__(cls)
        patient._become(record)  # noqa: SLF001 - its own
        return patient

    def _become(self, record: Record) -> None:
        """Show what was read. Pydantic's validation is left out: every value has passed a stricter one."""
        fields: dict[str, Any] = dict.fromkeys(type(self).__pydantic_fields__)
        fields["id"] = record.id
        for name, given in record.given.items():
            value = given[0]
            fields[name] = value if value.__class__ in _SHOWN_AS_IT_IS else _shown(given)
        object.__setattr__(self, "__dict__", fields)
        object.__setattr__(self, "__pydantic_fields_set__", {*record.given, *(["id"] if record.id else ())})
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", {"_record": record})

    @property
    def record(self) -> Record:
        """What was read, as every answer is made of it."""
        # Pydantic's own way to a private attribute is ten times as long, and a batch goes it for every patient.
        return self.__pydantic_private__["_record"]  # type: ignore[index,no-any-return]  # there since _become

    @property
    def given(self) -> Mapping[str, Given]:
        """What is stated: flat, in canonical units, with the words and the origin of each."""
        return self.record.given

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """What to know before the answer is used, as (code, message)."""
        return self.record.warnings

    @property
    def source(self) -> str | None:
        """The file it came from; None for one made in Python."""
        return self.record.source

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The dated panels of the history, in the order they were written."""
        return self.record.panels

    @property
    def day(self) -> str | None:
        """The day (ISO) of the values outside the panels, where one was stated."""
        return self.record.day

    def with_panels(self, panels: Iterable[Mapping[str, object]], *, day: str | None = None) -> Self:
        """Return the patient with dated panels in place of any before: ``{"date": "2026-03-02", "calcium": 9.6, …}``.

        ``day`` (ISO) is that of the values outside the panels. Raises InputError with every fault of the panels.
        """
        return self.of(self.record.with_panels(panels, day=day))

    def changed(self, update: Mapping[str, object]) -> Self:
        """Return a patient with some statements changed, read anew, as ``model_copy`` does."""
        return self.of(self.record.changed(update))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a patient with some statements changed, read anew; None takes a statement back.

        What is not changed keeps its words, its origin and its warnings. Raises InputError as the constructor does.
        """
        return self.changed(update) if update else super().model_copy(deep=deep)

    def __eq__(self, other: object) -> bool:
        """Compare what is stated, whatever units and files it was stated in."""
        return self.record == other.record if isinstance(other, PatientBase) else NotImplemented

    def __hash__(self) -> int:
        """Hash what is stated."""
        return hash(self.record)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Show only what was stated."""
        return ((name, value) for name, value in self.__dict__.items() if value is not None)

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """Show only what was stated."""
        yield from self.__repr_args__()


def _shown(given: Given) -> float | bool | str:
    if given.value is None:
        return UNKNOWN
    return given.as_written if isinstance(given.value, Range) else given.value
