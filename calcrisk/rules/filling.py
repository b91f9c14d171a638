"""What was stated, laid into the slots: values, the questions they close or leave open, and what follows from them.

Beside the environment this yields the slots that may then hold something else than when nothing is known (``plans``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from calcrisk.rules.closures import KNOWN
from calcrisk.rules.logic import ABSENT, Span, span_of

_MANY: Final = 3  # inputs that are worth asking about together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcrisk.rules.program import Program
    from calcrisk.rules.reducing import Bits


class Bounded(Protocol):
    """A number known only within bounds, as a reader gives it."""

    @property
    def lo(self) -> float:
        """The lowest it can be."""

    @property
    def hi(self) -> float:
        """The highest it can be."""


class Stated(Protocol):
    """One thing stated of a patient, canonical: ``None`` when it was stated to be unknown."""

    @property
    def value(self) -> float | bool | str | Bounded | None:
        """The number, yes/no or word."""


class Filled:
    """An environment with everything stated in it; ``implied`` tells of each thing not stated what it follows from."""

    __slots__ = ("env", "follows", "implied", "inexact", "spoken", "vague")  # a dataclass takes half a millisecond

    def __init__(self, env: list[Any]) -> None:
        """Begin with the environment of nobody."""
        self.env, self.spoken = env, 0
        self.inexact = False  # whether a number is known only within bounds
        self.vague = False  # whether anything was stated to be unknown, or is inexact
        self.implied: dict[str, str] = {}
        self.follows: list[str] = []  # of the implied, all but a "no" to what was not spoken of


class _Place(NamedTuple):
    """Where an input lies: its value, and whether it was stated.

    That is True, False, or None for "stated as unknown" and for a question that no longer arises.
    """

    slot: int
    known: int
    bits: Bits  # of both
    no: Bits  # the same for a no
    absent: bool | float  # what it holds when its question no longer arises
    settles: bool  # whether a value closes other questions
    codes: Mapping[str, float]
    closes: tuple[str, ...]
    up: tuple[str, ...]
    of: tuple[str, ...]  # the number that a status speaks of
    highest: int  # the last code of a choice
    by_yes: _Group | None = None  # what a yes answers besides
    by_no: _Group | None = None


class _Group(NamedTuple):
    """Inputs that one answer settles together."""

    value: bool
    names: frozenset[str]
    slots: tuple[tuple[int, int], ...]
    implied: Mapping[str, str]
    bits: Bits


class Filler:
    """Fills the slots of one program."""

    def __init__(self, program: Program, nothing_known: Sequence[Any]) -> None:
        """``nothing_known`` is the environment of a patient of whom nothing is known, at its end."""
        self._program, self._nothing_known = program, nothing_known
        inputs = {entry.slot for entry in program.inputs.values()}  # implications read them before any step is run
        self._blank = [program.blank[slot] if slot in inputs else held for slot, held in enumerate(nothing_known)]
        self._rejecting = frozenset(program.rejects)
        self._places = {name: self._place(name) for name in program.inputs}
        for value, groups in ((True, program.up), (False, program.down)):
            for name, names in groups.items():
                group, place = self._group(name, names, value=value), self._places[name]
                self._places[name] = place._replace(by_yes=group) if value else place._replace(by_no=group)

    def fill(self, given: Mapping[str, Stated]) -> Filled:
        """Return the filled environment."""
        filled = Filled(self._blank.copy())
        env, places, spoken = filled.env, self._places, 0
        spread: list[_Group] = []
        rejected = frozenset() if self._rejecting.isdisjoint(given) else self._rejected(given)
        for name, stated in given.items():
            place, value = places[name], stated.value
            spoken |= place.no if value is False and name not in rejected else place.bits
            if value is None or name in rejected:
                env[place.slot] = env[place.known] = None
                filled.vague = True
                self._open(place.up, given, filled)
                continue
            if value is True or value is False:
                if group := place.by_yes if value else place.by_no:
                    spread.append(group)
            elif not isinstance(value, float):
                value = _coded(value, place, filled)
            env[place.slot], env[place.known] = value, True
            if place.settles:
                self._settle(place, value, given, filled)
        filled.spoken |= spoken
        for group in spread:
            _spread(group, given, filled)
        self._imply(given, filled)
        return filled

    def _rejected(self, given: Mapping[str, Stated]) -> frozenset[str]:
        """Return the inputs whose values are not read: their sample was unfit, or may have been (stated as unknown)."""
        unfit = (
            names for flag, names in self._program.rejects.items() if flag in given and given[flag].value is not False
        )
        return frozenset[str]().union(*unfit)

    def _settle(self, place: _Place, value: Any, given: Mapping[str, Stated], filled: Filled) -> None:  # noqa: ANN401  # of any kind
        """Close the questions that the value makes needless to ask."""
        self._close(place.closes, given, filled)
        # "low", "normal" or "not high" answers what every rule asks of the number; the highest word leaves it open.
        if place.of and span_of(value).hi < place.highest:
            self._close(place.of, given, filled)

    def _close(self, names: Iterable[str], given: Mapping[str, Stated], filled: Filled) -> None:
        for name in names:
            if name not in given:
                place = self._places[name]
                filled.env[place.slot], filled.env[place.known] = place.absent, None
                filled.spoken |= place.bits

    def _open(self, names: Iterable[str], given: Mapping[str, Stated], filled: Filled) -> None:
        # A yes to the open question would be a yes here too, so silence is no longer absence.
        for name in names:
            if name not in given:
                place = self._places[name]
                filled.env[place.slot] = filled.env[place.known] = None
                filled.spoken |= place.bits

    def _imply(self, given: Mapping[str, Stated], filled: Filled) -> None:
        for rule in self._program.implications:
            name = rule.target
            if name in filled.implied or (name in given and given[name].value is not None):
                continue
            holds = (rule.when.bounded if filled.inexact else rule.when.exact)(filled.env)
            if holds is True:
                place = self._places[name]
                filled.env[place.slot], filled.env[place.known] = rule.value, True
                filled.implied[name] = rule.because
                filled.follows += [name] if rule.value is not False or name in given else []
                filled.spoken |= place.bits
            elif holds is not False:
                self._open((name,), given, filled)

    def _place(self, name: str) -> _Place:
        program, entry = self._program, self._program.inputs[name]
        known = program.slots[KNOWN + name]
        of_a_number = entry.spec["role"] == "status"
        return _Place(
            slot=entry.slot,
            known=known,
            bits=1 << entry.slot | 1 << known,
            no=1 << known if self._nothing_known[entry.slot] is False else 1 << entry.slot | 1 << known,
            absent=False if entry.spec["kind"] == "yesno" else ABSENT,
            settles=of_a_number or name in program.closes,
            codes=entry.codes,
            closes=program.closes.get(name, ()),
            up=program.up.get(name, ()),
            of=(entry.spec["of"],) if of_a_number else (),
            highest=len(entry.values) - 1,
        )

    def _group(self, by: str, names: Sequence[str], *, value: bool) -> _Group:
        places = [self._places[name] for name in names]
        bits = 0
        for place in places:
            # Most answers of "no" only confirm what silence was taken for: then nothing need be run for them.
            bits |= 1 << place.known if self._nothing_known[place.slot] is value else place.bits
        slots = tuple((place.slot, place.known) for place in places)
        return _Group(value, frozenset(names), slots, dict.fromkeys(names, by), bits)


def _coded(value: Any, place: _Place, filled: Filled) -> Any:  # noqa: ANN401  # of any kind
    if isinstance(value, str):
        return place.codes[value]
    if isinstance(value, int):
        return float(value)
    filled.inexact = filled.vague = True
    return Span(value.lo, value.hi)


def _spread(group: _Group, given: Mapping[str, Stated], filled: Filled) -> None:
    """Answer the inputs of a group that were not answered for themselves."""
    env, implied = filled.env, filled.implied
    filled.spoken |= group.bits
    if len(group.names) > _MANY and group.names.isdisjoint(given) and group.names.isdisjoint(implied):
        implied.update(group.implied)
        if group.value:
            filled.follows += group.implied
        for slot, known in group.slots:
            env[slot], env[known] = group.value, True
        return
    for (name, by), (slot, known) in zip(group.implied.items(), group.slots, strict=True):
        if (name not in given or given[name].value is None) and name not in implied:
            env[slot], env[known], implied[name] = group.value, True, by
            if group.value or name in given:
                filled.follows.append(name)
