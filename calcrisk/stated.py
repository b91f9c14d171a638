"""What was stated of a patient: the words as written, the value meant, and the faults on the way.

``Written`` flows in, ``Given`` comes out; ``Reading`` collects them with every fault and warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypeAlias, TypedDict, Unpack

from calcrisk.errors import Fault
from calcrisk.units import either

if TYPE_CHECKING:
    from calcrisk.variables import Registry, Variable

UNKNOWN = "unknown"
BY_PYTHON = "Patient"  # the origin of what Python code states
_QUOTED = 60  # characters of a bad value that a message repeats


class Location(NamedTuple):
    """Where something was written; line and column count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None


NOWHERE = Location()  # the place of what was read without looking where it stands: it is looked for when it matters


class Written(NamedTuple):
    """Something as it was written, where from (``hd.yaml:6``, ``--calcium``, ``Patient``), and its exact place."""

    raw: object
    origin: str
    location: Location = NOWHERE

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stated: nothing, blanks, or a mapping of nothing but these."""
        if isinstance(self.raw, Mapping):
            return all(self._replace(raw=part).is_empty for part in self.raw.values())
        if isinstance(self.raw, Written):
            return self.raw.is_empty
        return self.raw is None or (isinstance(self.raw, str) and not self.raw.strip())


class Range(NamedTuple):
    """A value known only to lie between two bounds, in canonical units or codes (``<6 pg/mL``; G3 is G3a or G3b)."""

    lo: float
    hi: float


Value: TypeAlias = float | bool | str | Range | None


class Given(NamedTuple):
    """A stated value: canonical, None when stated to be unknown, with the words and the origin it came in."""

    value: Value
    unit: str | None
    as_written: str
    origin: str


class Said(TypedDict):
    """What a fault says, besides where it lies."""

    code: str
    message: str
    expected: NotRequired[str | None]
    got: NotRequired[str | None]
    hint: NotRequired[str | None]


@dataclass(slots=True)
class Reading:
    """What has been read so far of one patient: values by variable, where each stood, every fault and every warning.

    ``also`` holds what words said of other variables (``5D`` is dialysis), until all that is stated is known.
    """

    registry: Registry
    given: dict[str, Given] = field(default_factory=dict)
    places: dict[str, Location] = field(default_factory=dict)
    also: list[tuple[str, Given, Location]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def put(self, name: str, given: Given, at: Location) -> None:
        """Record a value; a variable stated a second time is a fault."""
        if (first := self.given.get(name)) is not None:
            both = f"{quoted(first.as_written)} ({first.origin}) and {quoted(given.as_written)} ({given.origin})"
            hint = "keep one of the two"
            self.fault(
                at, code="stated-twice", message=f"{name} is stated twice: {both}", got=given.as_written, hint=hint
            )
            return
        self.given[name] = given
        self.places[name] = at

    def apply_also(self) -> None:
        """Let what words said of other variables stand where nothing else is stated of these."""
        for name, given, at in self.also:
            if name not in self.given:
                self.put(name, given, at)

    def fault(self, at: Location, **said: Unpack[Said]) -> None:
        """Record a fault at a place."""
        self.faults.append(fault(at, **said))

    def warn(self, *, code: str, message: str) -> None:
        """Record something to know before the answer is used."""
        self.warnings.append((code, message))


def fault(at: Location, **said: Unpack[Said]) -> Fault:
    """Make a fault that lies at a place; of what came no more is repeated than a reader needs."""
    if (got := said.get("got")) is not None:
        said["got"] = shortened(got)
    return Fault(file=at.file, line=at.line, column=at.column, path=at.path, **said)


def expected(variable: Variable) -> str:
    """Say in a few words what a variable takes."""
    if variable.kind == "number":
        return "a number" + (f" in {either(variable.units)}" if variable.units else "")
    values = ("yes", "no") if variable.kind == "yesno" else variable.offered
    return either((*values, UNKNOWN))


def quoted(raw: object) -> str:
    """Quote a bad value, cut short when it is long."""
    return shortened(repr(raw))


def shortened(text: str) -> str:
    """Cut a text short that no message should repeat in full."""
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def behind_a_comma(name: str) -> Said:
    """Say that a name is what a comma cut off a number: in braces a comma ends a value."""
    message = f"{shortened(name)} is no name: is it what stood behind a comma in a number?"
    return Said(code="decimal-comma", message=message, hint="write a decimal point, and no comma between thousands")
