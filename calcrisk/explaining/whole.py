"""A rulebook with everything that is known of it: what answers, and what only explains."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from calcrisk import grounds
from calcrisk.grounds import Citation, reference_of
from calcrisk.packaged import background
from calcrisk.rules.compile import expressions
from calcrisk.rules.encoding import encode
from calcrisk.rules.entries import entry_name
from calcrisk.rules.program import MINIMUM_KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.grounds import Reference
    from calcrisk.rules.program import Spec
    from calcrisk.rules.rulebook import Rulebook

_MINIMUM: Final = "the least that must be known is known"
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Whole:
    """The data of one rulebook under its profile, and how its entries hang together."""

    def __init__(self, book: Rulebook) -> None:
        """Add what the package keeps apart; a rulebook compiled from its folder has it already."""
        data = dict(book.data)
        if "files" not in data:
            apart = background()
            known = apart.pop("references")
            references = {
                name: {"values": [], "notes": None, "year": None, "added": None, **entry, **known.get(name, {})}
                for name, entry in data["references"].items()
            }
            data |= apart | {"references": references}
        self.data: Mapping[str, Any] = data
        self.profile = book.profile
        self.inputs: dict[str, Spec] = {entry["name"]: entry for entry in data["variables"]}
        self.facts: dict[str, Spec] = {entry["name"]: entry for entry in data["facts"]}
        self.mechanisms: dict[str, Spec] = {entry["name"]: entry for entry in data["mechanisms"]}

    @cached_property
    def conditions(self) -> Mapping[str, Any]:
        """Every expression by its text, read, as ``encoding`` writes it."""
        found: Mapping[str, Any] | None = self.data.get("expressions")
        return found or {text: encode(node) for text, node in expressions(self.data).items()}

    def file(self, section: str, name: str) -> str | None:
        """Return the file in which an entry is written, if it is known."""
        found: str | None = self.data.get("files", {}).get(section, {}).get(name)
        return found

    def reference(self, name: str) -> Reference:
        """Return a source as every renderer knows it."""
        return reference_of(self.data["references"][name])

    def label(self, name: str) -> str:
        """Return what a name of an expression is called in print."""
        for entries in (self.inputs, self.facts, self.mechanisms):
            if name in entries:
                label = str(entries[name]["label"])
                return label if entries is not self.mechanisms else label[0].lower() + label[1:]
        return _MINIMUM if name == MINIMUM_KNOWN else name

    def entries(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Every entry that may carry sources, with its section and name; parameters too, and rows of the tiers."""
        for section, entries in self.data.items():
            if section in {"references", "expressions", "files"} or not isinstance(entries, list | dict):
                continue
            pairs = entries.items() if isinstance(entries, dict) else ((entry_name(each), each) for each in entries)
            for name, entry in pairs:
                if name and isinstance(entry, dict):
                    yield from ((section, name, each) for each in _within(entry))

    # ---- what reads what --------------------------------------------------------------------------------------

    @cached_property
    def readers(self) -> Mapping[str, Mapping[str, None]]:
        """For each name, the entries (``rules:id``, ``facts:name`` …) whose expressions name it, in order."""
        found: dict[str, dict[str, None]] = {}
        for reader, texts in self._reading():
            for text in texts:
                for name in _WORD.findall(text or ""):
                    found.setdefault(name, {})[reader] = None
        return found

    def _reading(self) -> Iterator[tuple[str, Iterable[str | None]]]:
        data = self.data
        for entry in data["variables"]:
            yield from ((f"variables:{answered}", (entry["name"],)) for answered in entry.get("implies") or ())
        for entry in data["implied"]:
            yield f"variables:{entry['set']}", (entry["when"],)
        for fact in data["facts"]:
            yield f"facts:{fact['name']}", (fact["formula"], fact["valid_when"])
        for section in ("rules", "rows", "consider", "levers", "kinetics", "warnings"):
            for entry in data[section]:
                clauses = (str(clause["when"]) for clause in entry.get("clauses", ()))
                yield f"{section}:{entry_name(entry)}", (str(entry["when"]), *clauses)
        for name, table in data["tiers"].items():
            yield f"tiers:{name}", (*(str(row["when"]) for row in table["rows"]), *table["assessed_by"])

    def read_by(self, *names: str) -> dict[str, list[str]]:
        """Return who reads any of these names, itself or through facts, by section in the order of the rulebook."""
        todo, seen = list(names), dict[str, None]()
        while todo:
            for reader in self.readers.get(todo.pop(0), ()):
                if reader not in seen:
                    seen[reader] = None
                    section, _, name = reader.partition(":")
                    todo += [name] if section in {"facts", "variables"} else []
        found: dict[str, list[str]] = {}
        for reader in dict.fromkeys(reader for reader, _ in self._reading()):
            section, _, name = reader.partition(":")
            if reader in seen and not (section in {"facts", "variables"} and name in names):
                found.setdefault(section, []).append(name)
        return found

    def named(self, *texts: str) -> dict[str, None]:
        """Return the names that stand in expressions or sentences themselves."""
        return dict.fromkeys(name for text in texts for name in _WORD.findall(text))

    def behind(self, *texts: str) -> dict[str, None]:
        """Return every name that an expression reads, to the bottom, in order."""
        todo, seen = list(texts), dict[str, None]()
        while todo:
            for name in _WORD.findall(todo.pop(0)):
                if name not in seen:
                    seen[name] = None
                    todo += [self.facts[name]["formula"]] if name in self.facts else []
        return seen


def _within(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield entry
    for value in entry.values():
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            if isinstance(part, dict):
                yield part


def citations(entries: Iterable[Mapping[str, str]]) -> tuple[Citation, ...]:
    """Return each source and place once, in order."""
    return tuple(map(Citation.of, grounds.citations(entries)))
