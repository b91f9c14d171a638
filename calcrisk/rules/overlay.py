"""An overlay: a folder that changes parts of the package's rulebook, laid over it before anything is checked.

    overlay: pathologic-calcification
    id: st-elsewhere
    version: "2026.1"
    title: St Elsewhere Hospital
    parameters:
      ca_p_limit_adult: {value: 50, basis: design-choice, why: "our dialysis committee, May 2026"}

What exists is only replaced where the overlay says so, so that a slip of the pen adds or changes nothing in silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from calcrisk import printed
from calcrisk.errors import did_you_mean
from calcrisk.rules.schema import OverlayData
from calcrisk.rules.source import Mark, Route, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_HEAD: Final = "rulebook.yaml"
_MAPPED: Final = ("parameters", "profiles", "references")
_LISTED: Final = ("rules", "allowed")
_INHERITED: Final = ("unit", "digits")  # of a parameter: what its place in the rules demands, and how it is printed
_OWN: Final = "overlay"  # the first step of a route that lies in the overlay itself
_BRACES: Final = re.compile(r"[{}]")


class Change(NamedTuple):
    """One thing that an overlay changes: ``what`` is a parameter, profile, reference, rule or case."""

    what: str
    name: str
    how: str  # changed, added, replaced, removed
    says: str


class Part(Source):
    """The YAML of an overlay: all in its ``rulebook.yaml``, or in files as a whole rulebook has them."""

    def _merge(self) -> None:
        head = self._read(self.folder / _HEAD)
        self.data |= head
        for section in _MAPPED:
            if section not in head or isinstance(head[section], dict):
                self.data[section] = dict(head.get(section) or {})
                self._add_mapped(section)
        for section in _LISTED:
            if section not in head or isinstance(head[section], list):
                inline = [self._with_file(section, entry) for entry in head.get(section) or []]
                self.data[section] = [*inline, *self._whole_list(section)]

    def place(self, route: Route) -> Mark | None:
        """As for any rulebook; what is not there at all is missing in the first file."""
        return super().place(route) or self.marks.get(())

    def _with_file(self, section: str, entry: Any) -> Any:  # noqa: ANN401  # not checked yet
        named = self.name(self.folder / _HEAD)
        return entry | {"file": named} if section == "rules" and isinstance(entry, dict) else entry


class Overlaid:
    """The data of a rulebook with an overlay upon it, and where each entry of either was written.

    ``found`` holds the overlay's own faults; ``identity`` is what the whole is called; ``changes`` tells what differs.
    """

    def __init__(self, part: Part, base: Source) -> None:
        """Lay the overlay over the rulebook; neither is changed."""
        self.part, self.base = part, base
        self.found: list[tuple[Route, str, str | None]] = []
        self.changes: list[Change] = []
        self.identity: dict[str, str] = {}
        self._moved: dict[Route, tuple[Source, Route]] = {(_OWN,): (part, ())}
        self.data: dict[str, Any] = {**base.data}
        if self._is_shaped():
            self._lay()
        self.named: dict[str, Any] = self.data | {_OWN: part.data}

    def place(self, route: Route) -> Mark | None:
        """Return where an entry stands, or the nearest one above it."""
        for length in range(len(route), 0, -1):
            if route[:length] in self._moved:
                source, start = self._moved[route[:length]]
                return source.place((*start, *route[length:]))
        return self.base.place(route)

    def line(self, file: str, line: int) -> str:
        """Return a line of a file of either."""
        return (self.part if file in self.part.texts else self.base).line(file, line)

    def is_own(self, route: Route) -> bool:
        """Tell whether an entry is the overlay's."""
        at = self.place(route)
        return at is not None and at.file in self.part.texts

    def _is_shaped(self) -> bool:
        try:
            self._said = OverlayData.model_validate(self.part.data)
        except ValidationError as error:
            self.found += [((_OWN, *entry["loc"]), _plain(entry), None) for entry in error.errors()]
            return False
        if self._said.overlay != self.base.data["id"]:
            message = f"the package's rulebook is {self.base.data['id']!r}, and this changes {self._said.overlay!r}"
            self.found.append(((_OWN, "overlay"), message, None))
            return False
        return True

    def _lay(self) -> None:
        said, base = self._said, self.base.data
        self.identity = {"id": f"{base['id']}+{said.id}", "version": f"{base['version']}+{said.version}"}
        self._lay_parameters(said.parameters)
        self._lay_mapped("profiles", said.profiles)
        self._lay_mapped("references", said.references)
        self._lay_rules(said.rules, {removed.rule: removed.why for removed in said.remove})
        self._lay_cases(said.cases)
        self._lay_allowed()
        self.data["warnings"] = [*base["warnings"], {"code": _OWN, "when": "True", "say": self._notice()}]

    # ---- parameters, profiles, references -----------------------------------------------------------------------

    def _lay_parameters(self, entries: Mapping[str, dict[str, Any]]) -> None:
        held = self.base.data["parameters"]
        self.data["parameters"] = {**held}
        for name, entry in entries.items():
            before = held.get(name, {})
            if before and (unit := entry.get("unit")) and unit != before.get("unit"):
                route = (_OWN, "parameters", name, "unit")
                message = f"{name} is in {before.get('unit') or 'no unit'}, and this is in {unit}"
                self.found.append((route, message, "give it in the unit of the rulebook; it may be left out"))
                entry = entry | {"unit": before.get("unit")}  # noqa: PLW2901  # told once, not by each profile
            now = entry | {key: before[key] for key in _INHERITED if key in before and entry.get(key) is None}
            self.data["parameters"][name] = now
            self._moved["parameters", name] = (self.part, ("parameters", name))
            self._tell_parameter(name, before, now)

    def _tell_parameter(self, name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        unit = printed.unit(str(now["unit"])) if now.get("unit") else ""
        value = f"{name} is {now.get('value')} {unit}".rstrip()
        if before:
            self.changes.append(Change("parameter", name, "changed", f"{value}, in place of {before.get('value')}"))
        elif self._is_read(name):
            self.changes.append(Change("parameter", name, "added", value))
        else:
            hint = did_you_mean(name, self.base.data["parameters"])
            message = f"{name!r} replaces no parameter, and no rule of this overlay reads it"
            self.found.append(((_OWN, "parameters", name), message, hint))

    def _is_read(self, name: str) -> bool:
        texts = (str(entry.get("when")) for entry in self._said.rules)
        return any(re.search(rf"\b{name}\b", text) for text in texts)

    def _lay_mapped(self, section: str, entries: Mapping[str, dict[str, Any]]) -> None:
        held = self.base.data[section]
        self.data[section] = {**held}
        if section == "profiles" and any(entry.get("default") for entry in entries.values()):
            self.data[section] = {name: {**entry, "default": False} for name, entry in held.items()}
        for name, entry in entries.items():
            how = self._how((section, name), entry, name in held, held)
            self.data[section][name] = _without(entry, "replaces")
            self._moved[section, name] = (self.part, (section, name))
            self.changes.append(Change(section[:-1], name, how, f"the {section[:-1]} {name} is {how}"))

    def _how(self, route: Route, entry: Mapping[str, Any], is_there: bool, known: Iterable[str]) -> str:  # noqa: FBT001  # told apart by the caller
        """Say what becomes of an entry; a fault when that is not what it says of itself."""
        name, wanted = route[1] if isinstance(route[1], str) else _id(entry), entry.get("replaces") is True
        if is_there and not wanted:
            self.found.append(((_OWN, *route), f"{name!r} is there already", "write 'replaces: true' to replace it"))
        elif wanted and not is_there:
            message, hint = f"there is no {name!r} to replace", did_you_mean(name, known)
            self.found.append(((_OWN, *route, "replaces"), message, hint))
        return "replaced" if is_there else "added"

    # ---- rules and cases ----------------------------------------------------------------------------------------

    def _lay_rules(self, entries: list[dict[str, Any]], removed: Mapping[str, str]) -> None:
        base: list[dict[str, Any]] = self.base.data["rules"]
        ids = [rule["id"] for rule in base]
        own = {_id(entry): at for at, entry in enumerate(entries)}
        self._complain_of_removed(removed, ids)
        laid = [(self._replacing(rule, own, entries), at) for at, rule in enumerate(base) if rule["id"] not in removed]
        self.data["rules"] = []
        for (rule, at_own), at in laid:
            source, start = (self.base, ("rules", at)) if at_own is None else (self.part, ("rules", at_own))
            self._append(_uncovered(rule, removed), source, start)
        for at, entry in enumerate(entries):
            name = _id(entry)
            if name in removed or own[name] != at:
                message = f"{name!r} is spoken of twice in this overlay"
                self.found.append(((_OWN, "rules", at), message, "keep one of the two"))
            how = self._how(("rules", at), entry, name in ids, ids)
            if how == "added":
                self._append(_without(entry, "replaces"), self.part, ("rules", at))
            self.changes.append(Change("rule", name, how, f"the rule {name} is {how}"))

    def _append(self, rule: dict[str, Any], source: Source, start: Route) -> None:
        self._moved["rules", len(self.data["rules"])] = (source, start)
        self.data["rules"].append(rule)

    @staticmethod
    def _replacing(
        rule: dict[str, Any], own: Mapping[str, int], entries: list[dict[str, Any]]
    ) -> tuple[dict[str, Any], int | None]:
        at = own.get(rule["id"])
        return (rule, None) if at is None else (_without(entries[at], "replaces"), at)

    def _complain_of_removed(self, removed: Mapping[str, str], ids: list[str]) -> None:
        for at, name in enumerate(removed):
            if name not in ids:
                self.found.append(((_OWN, "remove", at), f"there is no rule {name!r}", did_you_mean(name, ids)))
            self.changes.append(Change("rule", name, "removed", f"the rule {name} is removed ({removed[name]})"))

    def _lay_cases(self, cases: Mapping[str, list[Any]]) -> None:
        places = {_id(rule): at for at, rule in enumerate(self.data["rules"])}
        for name, more in cases.items():
            if name not in places:
                hint = did_you_mean(name, places)
                self.found.append(((_OWN, "cases", name), f"there is no rule {name!r}", hint))
                continue
            at = places[name]
            rule = self.data["rules"][at]
            held = rule["cases"] if isinstance(rule.get("cases"), list) else []
            for number in range(len(more)):
                self._moved["rules", at, "cases", len(held) + number] = (self.part, ("cases", name, number))
            self.data["rules"][at] = {**rule, "cases": [*held, *more]}
            self.changes.append(Change("case", name, "added", f"cases are added to {name}: {len(more)}"))

    def _lay_allowed(self) -> None:
        held = self.base.data["allowed"]
        self.data["allowed"] = [*held, *self.part.data["allowed"]]
        for at in range(len(self.part.data["allowed"])):
            self._moved["allowed", len(held) + at] = (self.part, ("allowed", at))

    def _notice(self) -> str:
        """What every assessment under this overlay says of it."""
        base, said = self.base.data, self._said
        told = [change.says for change in self.changes if change.what in {"parameter", "profile", "rule"}]
        head = f"{said.title} ({said.id} {said.version}) changes {base['id']} {base['version']}: "
        numbers = " Where a sentence names a guideline beside a changed number, the number is the overlay's."
        changed = any(change.what == "parameter" for change in self.changes)
        text = head + ("; ".join(told) or "nothing that an answer rests on") + "." + (numbers if changed else "")
        return _BRACES.sub("", text)


def is_overlay(folder: Path) -> bool:
    """Tell whether a folder's ``rulebook.yaml`` says that it changes another rulebook."""
    try:
        text = (folder / _HEAD).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False  # whoever reads it whole says what is wrong
    return re.search(r"^overlay\s*:", text, re.MULTILINE) is not None


def _plain(error: Any) -> str:  # noqa: ANN401  # pydantic's details of one error
    wording = {"missing": "must be given", "extra_forbidden": "an overlay does not change this"}
    return wording.get(error["type"]) or str(error["msg"])


def _id(entry: Mapping[str, Any]) -> str:
    """An entry's id as text, whatever was written there: what it should have been is told later."""
    return str(entry.get("id"))


def _without(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


def _uncovered(rule: dict[str, Any], removed: Mapping[str, str]) -> dict[str, Any]:
    """Let go of the rules that are no longer there to cover this one."""
    covered = rule.get("covered_by")
    if not covered or removed.keys().isdisjoint(covered):
        return rule
    return {**rule, "covered_by": [name for name in covered if name not in removed]}


def lines(changes: Iterable[Change]) -> Iterator[str]:
    """Each change in a line."""
    yield from (change.says for change in changes)
