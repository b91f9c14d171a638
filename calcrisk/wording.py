"""What a rulebook says that is the same for every patient, made once: citations, references, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from calcrisk.assessment import Citation, Reference
from calcrisk.rules.logic import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calcrisk.rules.program import Rule, Slotted, Spec
    from calcrisk.rules.rulebook import Rulebook


class Cited(NamedTuple):
    """The sources of one entry, for and against."""

    evidence: tuple[Citation, ...]
    against: tuple[Citation, ...]
    sources: Mapping[str, None]  # the ids of both, in order


class Place(NamedTuple):
    """Where a value lies, and the words its codes stand for, if any."""

    name: str
    slot: int
    values: tuple[str, ...]

    def plain(self, env: Sequence[Any]) -> Any:  # noqa: ANN401  # a number, a yes/no or a word
        """Return the value as JSON has it: a word for a choice, null for unknown, absent or inexact."""
        value = env[self.slot]
        if value is None or value != value or isinstance(value, Span):  # noqa: PLR0124  # NaN, absent, differs from itself
            return None
        return self.values[int(value)] if self.values else value


class RuleWords(NamedTuple):
    """One rule's sources, the inputs it mentions in the order of the variables, and the fields that never change."""

    cited: Cited
    mentions: tuple[Place, ...]
    fixed: Mapping[str, Any]


_Words = TypeVar("_Words")


class _MadeOnce(dict[str, _Words]):
    """Words made when they are first needed: one patient needs few of them."""

    def __init__(self, make: Callable[[str], _Words]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> _Words:
        self[key] = self._make(key)
        return self[key]


class Wording:
    """The unchanging words of one rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        """Prepare for every rule, reference and label."""
        data = rulebook.data
        program = rulebook.walk.program
        self.mechanisms = tuple(entry["name"] for entry in data["mechanisms"])
        rules = {rule.id: rule for rule in program.rules}
        rows = {row.id: row.spec for row in program.rows}
        patterns = {clause.spec["pattern"]: clause.spec for clause in program.consider}
        self.references = _MadeOnce(lambda source: _reference(data["references"][source]))
        self.order = {name: at for at, name in enumerate(program.inputs)}
        self.rules = _MadeOnce(lambda rule: self._rule(rules[rule], data["references"]))
        self.rows = _MadeOnce(lambda row: cited(rows[row]))
        self.patterns = _MadeOnce(lambda pattern: cited(patterns[pattern]))
        self.places = {
            name: Place(name, slot, program.symbols[name].values)
            for name, slot in program.slots.items()
            if name in program.symbols
        }
        self.product = cited(data["product"])
        self.volunteered = tuple(entry.name for entry in program.inputs.values() if _silent(entry, "volunteered"))
        self.asked_when = tuple(entry for entry in program.inputs.values() if _silent(entry, None))
        self.shown_facts = tuple(fact for fact in data["facts"] if fact["shown"])

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Sort inputs as the variables are sorted."""
        return sorted(names, key=self.order.__getitem__)

    def _rule(self, rule: Rule, references: Mapping[str, Spec]) -> RuleWords:
        spec = rule.spec
        numbers = (each for own in spec["parameters"].values() for each in own["where"])
        fixed = {
            "rule": rule.id,
            "title": spec["title"],
            "mechanism": spec["mechanism"],
            "level": spec["level"],
            "strength": references[spec["where"][0]["source"]]["strength"] if spec["where"] else "design choice",
            "basis": spec["basis"],
            "applies_when": spec["applies_when"],
            "limits": tuple(spec["limits"]),
            "file": spec["file"],
        }
        sources = _cited(citations([*spec["where"], *numbers]), citations(spec["against"]))
        return RuleWords(sources, tuple(self.places[name] for name in self.in_order(rule.when.mentions)), fixed)


def _silent(entry: Slotted, ask: str | None) -> bool:
    """Whether an input may be assumed absent: one asked as told (None: only when its question arises)."""
    asked = entry.spec["ask"] if isinstance(entry.spec["ask"], str) else None
    return asked == ask and entry.spec["role"] is None and not entry.spec["derived"]


def _reference(entry: Spec) -> Reference:
    kept = {key: entry[key] for key in ("citation", "doi", "url", "claim", "strength")}
    return Reference(**kept, population=entry["population"] or "not stated")


def cited(entry: Spec) -> Cited:
    """Return the sources of an entry of the rulebook."""
    return _cited(citations(entry["where"]), citations(entry.get("against") or ()))


def _cited(evidence: tuple[Citation, ...], against: tuple[Citation, ...]) -> Cited:
    return Cited(evidence, against, dict.fromkeys(citation.id for citation in (*evidence, *against)))


def citations(entries: Iterable[Spec]) -> tuple[Citation, ...]:
    """Return each source and place once, in order."""
    pairs = dict.fromkeys((entry["source"], entry["at"]) for entry in entries)
    return tuple(Citation(id=source, at=at) for source, at in pairs)
