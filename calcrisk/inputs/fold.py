"""The lists of a patient document (``tissue``, ``deposits``) folded to flat variables.

Each entry's words become a yes to the variables that declare them; of several times the longest counts, over all
and for each finding. Rules see flat names only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcrisk.errors import CLOSE, did_you_mean
from calcrisk.inputs.nodes import Fields, Items, Node, Refusals, Text, is_null
from calcrisk.stated import UNKNOWN, Given, Reading, Written, quoted, shortened
from calcrisk.units import either
from calcrisk.values import read
from calcrisk.variables import plain, registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.variables import Variable

ASKED = {"tissue": "finding", "deposits": "site"}  # what an entry must say
SEEN = {"deposits": "deposit_seen"}  # what any entry means
NOTE = "note"  # free words for the reader of the file
_CODES = {"finding": "unknown-finding", "site": "unknown-site"}


def listed_as(variable: Variable) -> Mapping[str, Any]:
    """Return how an entry of a list says this variable; nothing for one that stands in none."""
    return variable.listed or {}


def misplaced(meant: Iterable[Variable]) -> tuple[Variable, Variable] | None:
    """Return what an entry says of a finding and of a site in which that does not lie; None where they agree."""
    said = [*meant]
    for finding in said:
        places = listed_as(finding).get("sites") or ()
        for site in said if places else ():
            if listed_as(site)["key"] == "site" and listed_as(site)["value"] not in places:
                return finding, site
    return None


def fold(name: str, node: Node, into: dict[str, Written], refusals: Refusals) -> None:
    """Fold one list into ``into``, where what is stated by its flat name already stands; add faults to ``refusals``."""
    if is_null(node):
        return
    folding = _Folding(name, refusals)
    if isinstance(node, Items):
        for index, entry in enumerate(node.items):
            folding.entry(index, entry)
        folding.finish(node, into)
    else:
        refusals.add(
            node,
            name,
            code="not-a-list",
            message=f"{name} is a list of entries",
            hint=f"write `- {{{ASKED[name]}: …}}`",
        )


class _Folding:
    """One list on its way to flat variables."""

    def __init__(self, name: str, refusals: Refusals) -> None:
        self._name = name
        self._variables = registry()
        self._refusals = refusals
        self._keys = self._variables.lists[name]
        self._found: dict[str, Written] = {}
        self._longest: dict[str, float] = {}

    def entry(self, index: int, node: Node) -> None:
        """Fold one entry."""
        path = f"{self._name}[{index}]"
        asked = ASKED[self._name]
        if not isinstance(node, Fields):
            self._refusals.add(
                node, path, code="not-a-mapping", message="an entry is a mapping", hint=f"write `- {{{asked}: …}}`"
            )
            return
        if all(is_null(value) for _, value in node.fields.values()):
            return
        if asked not in node.fields or is_null(node.fields[asked][1]):
            hint = f"write `{asked}: …` in it; `calcrisk template` lists the words"
            self._refusals.add(
                node, path, code="missing-key", message=f"an entry of {self._name} needs a {asked}", hint=hint
            )
        found = frozenset(self._meant(node))
        if (wrong := misplaced(self._variables[name] for name in found)) is not None:
            self._refuse_site(node, path, *wrong)
        for key, (name, value) in node.fields.items():
            if key in self._keys:
                self._answer(key, value, f"{path}.{key}", found)
            elif key != NOTE and not self._refusals.behind_a_comma(name, f"{path}.{shortened(key)}"):
                known = [*self._keys, NOTE]
                hint = self._key_meant(key) or did_you_mean(key, known, alike=CLOSE) or f"it takes {', '.join(known)}"
                self._refusals.add(
                    name,
                    f"{path}.{shortened(key)}",
                    code="unknown-field",
                    message=f"an entry of {self._name} takes no {quoted(key)}",
                    hint=hint,
                )

    def _refuse_site(self, entry: Fields, path: str, finding: Variable, site: Variable) -> None:
        """Refuse a site in which a finding does not lie: `trauma` is read as muscle trauma, whatever the site says."""
        places = listed_as(finding)["sites"]
        said, at = (entry.fields[listed_as(each)["key"]][1] for each in (finding, site))
        word, place = (shortened(node.text) if isinstance(node, Text) else "" for node in (said, at))
        self._refusals.add(
            at,
            f"{path}.site",
            code="contradiction",
            message=f"{word!r} is read as {finding.label}, and the site {place!r} contradicts it",
            expected=either(places),
            hint=f"write site: {either(places)}, or another finding for this site",
        )

    def _meant(self, entry: Fields) -> Iterator[str]:
        """Return what the words of an entry say yes to: the times in it belong to these."""
        for key, (_, value) in entry.fields.items():
            words = self._variables.list_words.get((self._name, key), {})
            if isinstance(value, Text) and (meant := words.get(plain(value.text))):
                yield meant.name

    def _answer(self, key: str, node: Node, path: str, found: frozenset[str]) -> None:
        if is_null(node):
            return
        if not isinstance(node, Text):
            self._refusals.add(
                node, path, code="wrong-kind", message=f"{key} is one word or value", hint="write one entry for each"
            )
            return
        numbers = [variable for variable in self._keys[key] if variable.kind == "number"]
        for variable in numbers:
            if variable.onset_of is None or variable.onset_of in found:
                self._amount(variable, node, path)
        if not numbers:
            self._word(key, node, path)

    def _word(self, key: str, node: Text, path: str) -> None:
        """Say yes to each variable that this word stands for; ``unknown`` says nothing."""
        if node.text.strip().casefold() == UNKNOWN:
            return
        meant = self._variables.list_words[self._name, key].get(plain(node.text))
        if meant is None:
            self._refuse_word(key, node, path)
            return
        self._found.setdefault(meant.name, self._written("yes", node, path))

    def _refuse_word(self, key: str, node: Text, path: str) -> None:
        words = [listed["value"] for variable in self._keys[key] if (listed := variable.listed)]
        meant = self._variables.named(node.text)
        if meant is not None and meant.kind == "yesno":
            hint: str | None = self._as_entry(meant, key)
        else:
            hint = did_you_mean(node.text.casefold(), words, alike=CLOSE)
        hint = hint or f"write one of {', '.join(words)}"
        self._refusals.add(
            node,
            path,
            code=_CODES.get(key, "unknown-word"),
            message=f"{quoted(node.text)} is not a known {key}",
            hint=hint,
        )

    def _key_meant(self, key: str) -> str | None:
        """Offer the key of this list that is known by another word (`since` is the onset)."""
        meant = self._variables.named(key)
        listed = meant.listed if meant is not None else None
        return f"did you mean {listed['key']!r}?" if listed and listed["list"] == self._name else None

    def _as_entry(self, meant: Variable, key: str) -> str:
        """Say how an input is written that is no word of this key: its word, or with a key of its own in this list."""
        listed = meant.listed
        if listed and (listed["list"], listed["key"]) == (self._name, key):
            return f"did you mean {listed['value']!r}?"
        broader = [other for other in self._keys[key] if other.name in meant.implies]
        if listed is None or listed["list"] != self._name or not broader or broader[0].listed is None:
            return f"write {meant.path}: yes"
        return f"write {key}: {broader[0].listed['value']}, {listed['key']}: {listed['value']}"

    def _amount(self, variable: Variable, node: Text, path: str) -> None:
        """Keep the longest of several times; a faulty one is refused here, since only the longest goes on."""
        written = self._written(node.raw, node, path)
        reading = Reading(self._variables)
        read(variable, written, reading)
        if variable.onset_of is None:  # the time of all tells the fault of each
            self._refusals.faults.extend(reading.faults)
        length = _length(reading.given.get(variable.name))
        if length is not None and length >= self._longest.get(variable.name, length):
            self._longest[variable.name] = length
            self._found[variable.name] = written
        elif not reading.faults:
            self._found.setdefault(variable.name, written)

    def finish(self, node: Items, into: dict[str, Written]) -> None:
        """Hand the flat variables over; one stated by its own name as well must agree."""
        if self._found and self._name in SEEN:
            self._found[SEEN[self._name]] = self._written("yes", node, self._name)
        for name, written in self._found.items():
            first = into.get(name)
            if first is None or first.is_empty:
                into[name] = written
            elif name not in SEEN.values():
                self._refusals.add_twice(name, first, written.location)

    def _written(self, raw: object, node: Node, path: str) -> Written:
        return Written(raw, f"{self._refusals.source}:{node.line}", self._refusals.place(node, path))


def _length(given: Given | None) -> float | None:
    """Return a time that can be compared: a number, or the nearer end of a range."""
    value = given.value if given is not None else None
    if isinstance(value, bool | str) or value is None:
        return None
    return value if isinstance(value, int | float) else value.lo
