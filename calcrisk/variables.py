"""What can be known of a patient: the variables that the rulebook declares, and where each stands in a document.

The compiled rulebook's dictionaries flow in, frozen ``Variable``s come out. Nothing is checked here: the rulebook's
schema has checked the YAML before it was compiled. Every limit, factor and decimal is the rulebook's; none is written
in Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from calcrisk.errors import CLOSE, LONGEST_NAME, nearest
from calcrisk.packaged import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Kind: TypeAlias = Literal["number", "yesno", "choice"]
Role: TypeAlias = Literal["status", "lower_limit", "upper_limit", "speciation"]

_HINTS = 1024  # wrong names whose hint is remembered
_TELLING = 2  # letters a wrong name must have to be like anything
_NOISE = re.compile(r"[\s_-]+")
_LETTERED = re.compile(r"[A-Z]\d")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Group(NamedTuple):
    """A section of the patient document; ``name`` is None for the members that stand at top level."""

    name: str | None
    label: str


class Choice(NamedTuple):
    """What a word of a choice stands for: the codes from ``low`` to ``high``, and what else it says of the patient."""

    word: str
    low: int
    high: int
    also: Mapping[str, bool]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Variable:
    """One thing that can be known of a patient. Limits and factors are in and to the canonical ``unit``.

    Messages name the words ``offered``; ``unread`` says what a word beside that of a choice is, which no input holds.
    """

    name: str
    label: str
    group: str | None
    key: str
    flag: str
    kind: Kind
    unit: str | None
    digits: int
    units: Mapping[str, float]
    si: str | None
    hard: tuple[float, float] | None
    plausible: tuple[float, float] | None
    ask: str | Mapping[str, str]
    implies: tuple[str, ...]
    means: str
    counts: str | None
    excludes: str | None
    question: str | None
    synonyms: tuple[str, ...]
    values: tuple[str, ...]
    ranges: Mapping[str, tuple[str, str]]
    spellings: Mapping[str, Any]
    offered: tuple[str, ...]
    unread: Mapping[str, str]
    listed: Mapping[str, Any] | None
    onset_of: str | None
    of: str | None
    role: Role | None
    derived: bool
    unit_traps: tuple[Mapping[str, Any], ...]
    where: tuple[Mapping[str, str], ...]
    basis: str | None

    @property
    def path(self) -> str:
        """Where it stands in a grouped document: ``labs.calcium``."""
        return f"{self.group}.{self.key}" if self.group else self.key

    @property
    def option(self) -> str:
        """The flag of the command line, without its dashes: ``ckd-stage``."""
        return self.flag.replace("_", "-")


class Registry(Mapping[str, Variable]):
    """All variables by name, in the order of the patient document. Frozen once made."""

    def __init__(self, groups: Iterable[Group], variables: Iterable[Variable]) -> None:
        """Hold the variables; look-up tables are made when first needed."""
        self.groups: tuple[Group, ...] = tuple(groups)
        self._hints: dict[tuple[str, str | None], str | None] = {}  # a table's unknown column comes with every row
        self._variables = {variable.name: variable for variable in variables}

    @classmethod
    def from_data(cls, groups: Iterable[Mapping[str, Any]], variables: Iterable[Mapping[str, Any]]) -> Registry:
        """Build from the dictionaries of the rulebook's YAML, already checked; the groups' order comes first."""
        sections = [Group(group.get("name"), group["label"]) for group in groups]
        place = {section.name: index for index, section in enumerate(sections)}
        return cls(sections, sorted(map(_variable, variables), key=lambda variable: place[variable.group]))

    def __getitem__(self, name: str) -> Variable:
        """Return the variable of this name."""
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._variables)

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._variables)

    @cached_property
    def places(self) -> Mapping[tuple[str | None, str], Variable]:
        """Variables by (group, key), by (group, name), and by (None, name): grouped and flat spelling are both read."""
        places: dict[tuple[str | None, str], Variable] = {(None, name): variable for name, variable in self.items()}
        for variable in self.values():
            places[variable.group, variable.name] = variable
        for variable in self.values():
            places[variable.group, variable.key] = variable
        return places

    @cached_property
    def companions(self) -> Mapping[tuple[str, str], Variable]:
        """Variables that belong to another, by (its name, role): the status and the laboratory's limits."""
        return {(variable.of, variable.role): variable for variable in self.values() if variable.of and variable.role}

    @cached_property
    def limit_pairs(self) -> tuple[tuple[str, str, str], ...]:
        """Numbers whose laboratory may state both limits: (name, the lower limit's name, the upper limit's)."""
        lower = {name: limit.name for (name, role), limit in self.companions.items() if role == "lower_limit"}
        upper = {name: limit.name for (name, role), limit in self.companions.items() if role == "upper_limit"}
        return tuple((name, lower[name], upper[name]) for name in lower if name in upper)

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The place of each name in the rulebook's order."""
        return {name: index for index, name in enumerate(self)}

    @cached_property
    def lists(self) -> Mapping[str, Mapping[str, tuple[Variable, ...]]]:
        """Variables that a list of the document folds to, by list and key."""
        lists: dict[str, dict[str, tuple[Variable, ...]]] = {}
        for variable in self.values():
            if variable.listed:
                keys = lists.setdefault(variable.listed["list"], {})
                keys[variable.listed["key"]] = (*keys.get(variable.listed["key"], ()), variable)
        return lists

    @cached_property
    def list_words(self) -> Mapping[tuple[str, str], Mapping[str, Variable]]:
        """What each accepted word of a list's key says yes to, by (list, key); the words are plain."""
        return {(name, key): _list_words(members) for name, keys in self.lists.items() for key, members in keys.items()}

    @cached_property
    def implications(self) -> Mapping[str, tuple[str, ...]]:
        """What a yes to each variable means for others, followed to the end; those that imply nothing are left out."""
        return {name: tuple(self._followed(name)) for name, variable in self.items() if variable.implies}

    def _followed(self, name: str) -> dict[str, None]:
        reached: dict[str, None] = {}
        waiting = list(self[name].implies)
        while waiting:
            implied = waiting.pop(0)
            if implied not in reached:
                reached[implied] = None
                waiting.extend(self[implied].implies)
        return reached

    @cached_property
    def _known_words(self) -> Mapping[str, Variable]:
        words = {plain(variable.key): variable for variable in self.values()}
        words |= {plain(word): variable for variable in self.values() for word in variable.synonyms}
        return words | {plain(name): variable for name, variable in self.items()}

    def named(self, word: str) -> Variable | None:
        """Return the variable that a word means: its name, its key or a synonym, however it is spaced."""
        return self._known_words.get(plain(word))

    def hint(self, wrong: str, *, within: str | None = None) -> str | None:
        """Offer the right name for a wrong one: a synonym's own, else the nearest; None when nothing is near.

        ``within`` is the group in which the wrong name stood; a name that lives elsewhere is offered with its group.
        """
        word = plain(wrong)
        if not _TELLING <= len(word) <= LONGEST_NAME:
            return None
        asked = (word, within)
        if asked not in self._hints:
            if len(self._hints) >= _HINTS:
                self._hints.clear()
            self._hints[asked] = self._hint(word, within)
        return self._hints[asked]

    def _hint(self, word: str, within: str | None) -> str | None:
        if (meant := self._known_words.get(word)) is not None:
            return f"did you mean {self._spelt(meant, within)!r}?"
        # a name without what tells it from its kin is offered them all: `hyperparathyroidism`
        kin = [variable for variable in self._variables.values() if variable.name.endswith(f"_{word}")]
        near = kin or [self._known_words[found] for found in nearest(word, self._known_words, alike=CLOSE)]
        offered = dict.fromkeys(self._spelt(variable, within) for variable in near)
        return f"did you mean {' or '.join(map(repr, offered))}?" if offered else None

    @staticmethod
    def _spelt(variable: Variable, within: str | None) -> str:
        if within is None:
            return variable.name
        return variable.key if variable.group == within else variable.path


def plain(word: str) -> str:
    """Strip what does not distinguish two words: case, spaces, hyphens and underscores."""
    return _NOISE.sub("", word.casefold())


@lru_cache(maxsize=4096)
def choices(variable: Variable) -> Mapping[str, Choice]:
    """Every accepted word of a choice, made plain; the letter before a digit (``G3a``) may be left out."""
    codes = {value: index for index, value in enumerate(variable.values)}
    words = {value: Choice(value, code, code, _NOTHING) for value, code in codes.items()}
    words |= {word: Choice(word, codes[low], codes[high], _NOTHING) for word, (low, high) in variable.ranges.items()}
    for word, meant in variable.spellings.items():
        value, also = (meant, _NOTHING) if isinstance(meant, str) else (meant["value"], meant.get("also", _NOTHING))
        words[word] = words[value]._replace(also=also)
    bare = {word[1:]: choice for word, choice in words.items() if _LETTERED.match(word)}
    return {plain(word): choice for word, choice in (bare | words).items()}


def _list_words(variables: Iterable[Variable]) -> dict[str, Variable]:
    words: dict[str, Variable] = {}
    for variable in variables:
        listed = variable.listed or _NOTHING
        for word in (listed.get("value"), variable.name, *(listed.get("spellings") or ())):
            if word:
                words.setdefault(plain(word), variable)
    return words


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the variables of the package's own rulebook; built once."""
    return Registry.from_data(compiled()["groups"], compiled()["variables"])


def _variable(data: Mapping[str, Any]) -> Variable:
    get = data.get
    unit: str | None = get("unit")
    return Variable(
        name=data["name"],
        label=data["label"],
        group=get("group"),
        key=get("key") or data["name"],
        flag=get("flag") or data["name"],
        kind=data["kind"],
        unit=unit,
        digits=get("digits") or 0,
        units=({unit: 1.0} if unit else {}) | (get("units") or {}),
        si=get("si"),
        hard=_pair(get("hard")),
        plausible=_pair(get("plausible")),
        ask=get("ask") or "volunteered",
        implies=tuple(get("implies") or ()),
        means=get("means") or "",
        counts=get("counts"),
        excludes=get("excludes"),
        question=get("question"),
        synonyms=tuple(get("synonyms") or ()),
        values=tuple(get("values") or ()),
        ranges={word: (low, high) for word, (low, high) in (get("ranges") or {}).items()},
        spellings=get("spellings") or {},
        offered=tuple(get("offered") or get("values") or ()),
        unread=get("unread") or {},
        listed=get("listed"),
        onset_of=get("onset_of"),
        of=get("of"),
        role=get("role"),
        derived=bool(get("derived")),
        unit_traps=tuple(get("unit_traps") or ()),
        where=tuple(get("where") or ()),
        basis=get("basis"),
    )


def _pair(limits: Sequence[float] | None) -> tuple[float, float] | None:
    return (float(limits[0]), float(limits[1])) if limits else None
