"""A rulebook in memory: its data for whoever wants to read it, its program for whoever wants an answer."""

from __future__ import annotations

from copy import deepcopy
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcrisk.errors import Fault, RulebookError, UsageError, did_you_mean
from calcrisk.packaged import compiled
from calcrisk.printed import fingerprint
from calcrisk.rules.compile import compile_program
from calcrisk.rules.scalar import Evaluation, Walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from calcrisk.rules.filling import Stated
    from calcrisk.rules.program import Spec

# what each section of a rulebook calls the name of an entry; where two share a name, the later section's is meant
_NAMED = {
    "kinetics": "id",
    "warnings": "code",
    "levers": "lever",
    "consider": "pattern",
    "rows": "id",
    "rules": "id",
}


class Rulebook:
    """What is held to be true of pathologic calcification, compiled once and shared: its data are not to be changed.

    ``Rulebook.default()`` is the package's own; ``Rulebook.from_folder(path)`` compiles another from YAML. A profile
    replaces shared parameters; ``profile=None`` takes the rulebook's default.
    """

    def __init__(self, data: Mapping[str, Any], profile: str | None = None) -> None:
        """Take checked data (of ``read_folder`` or the package's JSON); ``UsageError`` for an unknown profile."""
        self.profile = profile or next(name for name, entry in data["profiles"].items() if entry["default"])
        if self.profile not in data["profiles"]:
            known = ", ".join(data["profiles"])
            hint = did_you_mean(self.profile, data["profiles"]) or f"known profiles: {known}"
            raise UsageError([Fault(code="unknown-profile", message=f"unknown profile {self.profile!r}", hint=hint)])
        self.data: Mapping[str, Any] = _under(data["profiles"][self.profile], data)

    @staticmethod
    def default(profile: str | None = None) -> Rulebook:
        """Return the package's own rulebook, read from its compiled JSON once for each profile."""
        return _default(profile)

    @classmethod
    def from_folder(cls, folder: str | Path, profile: str | None = None) -> Self:
        """Compile a folder of YAML; raises ``RulebookError`` with every fault, each with file, line and rule."""
        from calcrisk.rules.check import read_folder  # the schema's models are needed here only

        data = read_folder(Path(folder))
        _refuse_other_inputs(data)
        return cls(data, profile)

    @property
    def id(self) -> str:
        """The rulebook's identifier."""
        return str(self.data["id"])

    @property
    def version(self) -> str:
        """Its version: rises when any patient's answer can change."""
        return str(self.data["version"])

    @property
    def sha256(self) -> str:
        """The hash of its whole content, profiles included."""
        return str(self.data["sha256"])

    @cached_property
    def walk(self) -> Walk:
        """The scalar walk over its program."""
        return Walk(compile_program(self.data))

    @property
    def rules(self) -> tuple[Spec, ...]:
        """Every rule as its YAML says it; copies."""
        return tuple(map(deepcopy, self.data["rules"]))

    def rule(self, name: str) -> Spec:
        """Return a copy of what carries this id: a rule, a row of the class table, a pattern or a warning.

        Raises ``UsageError`` with the nearest names when nothing does.
        """
        named = {entry[key]: entry for section, key in _NAMED.items() for entry in reversed(self.data.get(section, ()))}
        if name not in named:
            hint = did_you_mean(name, named) or "see 'calcrisk rules list'"
            raise UsageError([Fault(code="unknown-rule", message=f"no rule {name!r}", hint=hint)])
        return deepcopy(named[name])

    def evaluate(self, given: Mapping[str, Stated]) -> Evaluation:
        """Answer without a trace: levels, class and tiers for what was stated (``patient.given``).

        Raises ``UsageError`` for an input that this rulebook does not have.
        """
        inputs = self.walk.program.inputs
        if given.keys() <= inputs.keys():
            return self.walk.evaluate(given)
        strange = [name for name in given if name not in inputs]
        raise UsageError(
            [Fault(code="not-in-rulebook", path=name, message=f"{self.id} has no such input") for name in strange]
        )

    def __repr__(self) -> str:
        """Name, version, profile and hash."""
        return f"<Rulebook {self.id} {self.version} profile={self.profile} sha256={fingerprint(self.sha256)}>"


def _under(profile: Spec, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a rulebook's data as a profile has them: with its parameters, and its sources cited in place of others."""
    cites, parameters = profile["cites"], {**data["parameters"], **profile["parameters"]}
    if not cites:
        return {**data, "parameters": parameters}
    rules, facts = ([_citing(entry, cites) for entry in data[section]] for section in ("rules", "facts"))
    product = _citing(data["product"], cites)
    return {**data, "parameters": parameters, "rules": rules, "facts": facts, "product": product}


def _citing(entry: Spec, cites: Mapping[str, Spec]) -> Spec:
    return {**entry, "where": [cites.get(cited["source"], cited) for cited in entry["where"]]}


@cache
def _default(profile: str | None) -> Rulebook:
    return Rulebook(compiled(), profile)


def _refuse_other_inputs(data: Mapping[str, Any]) -> None:
    """Refuse an input that means something else than the package's: patients are read by the package's variables."""
    ours = {entry["name"]: entry for entry in compiled()["variables"]}
    faults = [
        Fault(
            code="rulebook",
            path=f"variables: {entry['name']}: {key}",
            message=f"patients are read with {mine!r}, and this rulebook says {entry[key]!r}",
        )
        for entry in data["variables"]
        if entry["name"] in ours
        for key in ("kind", "unit", "values")
        if (mine := ours[entry["name"]].get(key) or None) != (entry[key] or None)
    ]
    if faults:
        raise RulebookError(faults)
