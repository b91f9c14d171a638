"""A rulebook in memory: its data for whoever wants to read it, its program for whoever wants an answer."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcrisk.errors import Fault, UsageError, did_you_mean
from calcrisk.packaged import compiled
from calcrisk.rules.compile import compile_program
from calcrisk.rules.scalar import Evaluation, Stated, Walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from calcrisk.rules.program import Spec

_SHORT = 12  # characters of a hash that tell rulebooks apart at a glance


class Rulebook:
    """What is held to be true of pathologic calcification, compiled. Immutable; safe to share.

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
        replaced = data["profiles"][self.profile]["parameters"]
        self.data: Mapping[str, Any] = {**data, "parameters": {**data["parameters"], **replaced}}

    @classmethod
    def default(cls, profile: str | None = None) -> Self:
        """Load the package's own rulebook from its compiled JSON."""
        return cls(compiled(), profile)

    @classmethod
    def from_folder(cls, folder: str | Path, profile: str | None = None) -> Self:
        """Compile a folder of YAML; raises ``RulebookError`` with every fault, each with file, line and rule."""
        from calcrisk.rules.check import read_folder  # the schema's models are needed here only

        return cls(read_folder(Path(folder)), profile)

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
        """Every rule as its YAML says it."""
        return tuple(self.data["rules"])

    def rule(self, rule_id: str) -> Spec:
        """Return one rule; raises ``UsageError`` with the nearest names when there is none."""
        found = next((rule for rule in self.data["rules"] if rule["id"] == rule_id), None)
        if found is None:
            hint = did_you_mean(rule_id, [rule["id"] for rule in self.data["rules"]]) or "see 'calcrisk rules list'"
            raise UsageError([Fault(code="unknown-rule", message=f"no rule {rule_id!r}", hint=hint)])
        spec: Spec = found
        return spec

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
        return f"<Rulebook {self.id} {self.version} profile={self.profile} sha256={self.sha256[:_SHORT]}>"
