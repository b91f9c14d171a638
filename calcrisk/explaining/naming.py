"""Names of everything a rulebook holds, and how one that was typed is found: case, blanks and spelling forgiven."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.errors import Fault, UsageError, nearest
from calcrisk.rules.entries import entry_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What kinds there are, and the section each lies in. Where several share a name, the first here is shown.
SECTIONS: Final = {
    "term": "terms",
    "class": "classes",
    "mechanism": "mechanisms",
    "question": "tiers",
    "input": "variables",
    "fact": "facts",
    "rule": "rules",
    "pattern": "consider",
    "lever": "levers",
    "latency": "kinetics",
    "row": "rows",
    "warning": "warnings",
    "profile": "profiles",
    "parameter": "parameters",
    "level": "levels",
    "tier": "tier_names",
    "evidence": "references",
}
OURS: Final = {
    *SECTIONS.values(),
    "groups",
    "implied",
    "expressions",
    "boxes",
    "silent",
    "files",
    "product",
    "minimum",
    "modifiable",
}  # have a page, or need none
_TITLES: Final = ("title", "label", "phrase", "citation")
_GREEK: Final = dict(zip("αβγδκµμ", ("alpha", "beta", "gamma", "delta", "kappa", "u", "u"), strict=True))
_SIGNS: Final = {"×": "x", "æ": "ae", "œ": "oe", "ß": "ss"}
# British and American are one word here, on both sides of the comparison
_SPELLINGS: Final = (("ae", "e"), ("oe", "e"), ("our", "or"), ("z", "s"), ("sulph", "sulf"))
_APART: Final = re.compile(r"[^a-z0-9]+")
_OFFERED: Final = 5  # near names that a line of a terminal holds
_SHORT: Final = 3  # letters of a word whose last s is no plural


class Named(NamedTuple):
    """One thing that has a name."""

    kind: str
    section: str
    name: str
    title: str
    aliases: tuple[str, ...] = ()
    owner: str | None = None  # the entry whose own parameter this is


def folded(text: str) -> str:
    """Reduce a name to what tells it from others: ``Fetuin A``, ``fetuin-a`` and ``FETUIN_A`` are one."""
    plain = "".join((_GREEK | _SIGNS).get(char, char) for char in text.casefold())
    plain = "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))
    words = [_singular(word) for word in _APART.split(plain) if word]
    joined = "".join(words)
    for written, meant in _SPELLINGS:
        joined = joined.replace(written, meant)
    return joined


def _singular(word: str) -> str:
    return word[:-1] if len(word) > _SHORT and word.endswith("s") else word


def every_name(data: Mapping[str, Any]) -> Iterator[Named]:
    """Everything that can be asked for, in the order in which namesakes are shown."""
    for kind, section in SECTIONS.items():
        yield from _section(kind, section, data.get(section, ()))
    for section, entries in data.items():
        if section not in OURS and isinstance(entries, list | dict):
            yield from _section(section, section, entries)
    for section in ("rules", "facts", "consider", "levers", "kinetics", "warnings"):
        for entry in data[section]:
            owner = entry_name(entry)
            for name in entry.get("parameters", ()):
                yield Named("parameter", section, name, f"{name} of {owner}", owner=owner)


def _section(kind: str, section: str, entries: Any) -> Iterator[Named]:  # noqa: ANN401  # a list or a mapping
    if isinstance(entries, dict):
        for name, entry in entries.items():
            yield Named(kind, section, name, _title(entry, name), tuple(_aliases(entry)))
        return
    for entry in entries:
        if isinstance(entry, str):
            yield Named(kind, section, entry, entry.replace("_", " "))
        elif isinstance(entry, dict) and (name := entry_name(entry)):
            yield Named(kind, section, name, _title(entry, name), tuple(_aliases(entry)))


def _title(entry: object, name: str) -> str:
    said = (entry.get(key) for key in _TITLES) if isinstance(entry, dict) else ()
    return str(next((text for text in said if text), name))


def _aliases(entry: object) -> Iterable[str]:
    if not isinstance(entry, dict):
        return ()
    words = [*(entry.get("aliases") or ()), *(entry.get("synonyms") or ())]
    if entry.get("kind") == "choice" and not entry.get(
        "of"
    ):  # the words of a choice lead to it: G3a, tram-track; low and high lead nowhere
        words += [*(entry.get("values") or ()), *(entry.get("spellings") or ())]
    listed = entry.get("listed") or {}
    words += [word for word in (listed.get("value"), *(listed.get("spellings") or ()), entry.get("label")) if word]
    return words


class Index:
    """The names of one rulebook."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Fold every name once."""
        self.names = tuple(every_name(data))
        self._by: tuple[dict[str, list[Named]], ...] = ({}, {})
        for named in self.names:
            self._by[0].setdefault(folded(named.name), []).append(named)
            by = self._by[named.kind != "term"]  # a term is known by all its names alike
            for alias in (named.title, *named.aliases):
                by.setdefault(folded(alias), []).append(named)

    def find(self, text: str) -> list[Named]:
        """Return everything of this name, what is meant first; raises ``UsageError`` with the nearest names.

        A name, and any name of a term, wins over an alias; among namesakes the first in ``SECTIONS`` does.
        ``input:warfarin`` asks for one kind.
        """
        kind, _, name = text.partition(":")
        wanted = kind.strip().casefold() if name else ""
        key = folded(name or text)
        found = dict.fromkeys(named for names in self._by for named in names.get(key, ()))
        chosen = [named for named in found if not wanted or wanted in (named.kind, named.owner)]
        if chosen:
            return chosen
        hint = self._near(key) or "'calcrisk rules list' shows what there is"
        raise UsageError([Fault(code="unknown-name", message=f"nothing here is called {text!r}", hint=hint)])

    def exactly(self, section: str, name: str) -> Named | None:
        """Return what has this very name in a section."""
        return next((each for each in self.names if (each.section, each.name) == (section, name)), None)

    def other(self, name: str, than: Named) -> Named | None:
        """Return what else has a name, as it is written before as it is meant; nothing when nothing has."""
        found = [each for names in self._by for each in names.get(folded(name), ()) if each != than]
        exact = [each for each in found if each.name == name]
        return next(iter([*exact, *found]), None)

    def starting(self, text: str) -> list[tuple[str, str]]:
        """Return the names that begin so, each once with its title: for a shell to complete."""
        key = text.casefold()
        return list({each.name: each.title for each in self.names if each.name.casefold().startswith(key)}.items())

    def _near(self, key: str) -> str | None:
        within = [names[0].name for by in self._by for near, names in by.items() if len(key) > _SHORT and key in near]
        words = {near: names[0].name for by in reversed(self._by) for near, names in by.items()}
        likely = [words[near] for near in nearest(key, words)]
        offered = list(dict.fromkeys([*likely, *within]))[:_OFFERED]
        return f"did you mean {' or '.join(repr(name) for name in offered)}?" if offered else None
