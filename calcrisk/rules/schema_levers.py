"""The shape of what could be changed: levers with their studies, and the inputs that a goal may move."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from calcrisk.rules.schema_inputs import Basis, Identifier, Parameter, Sentence, Slug, Sourced

Direction = Literal["favours", "no effect", "harm", "mixed", "not shown"]


class StudyEntry(Sourced):
    """What one study found when something was changed."""

    direction: Direction
    say: Sentence


class LeverEntry(Sourced):
    """Something that can be changed, and what its studies found: shown for discussion, read by nothing."""

    basis: Basis = "design-choice"  # of the direction, which sums up the studies

    lever: Slug
    title: Sentence
    studied_in: Sentence  # whom the studies were of, in a few words
    when: Sentence
    direction: Direction
    parameters: dict[Identifier, Parameter] = {}
    studies: Annotated[list[StudyEntry], Field(min_length=1)]


class ModifiableEntry(Sourced):
    """Which inputs a goal may change or may not, and why: inputs by name, or whole groups without those named."""

    id: Slug
    inputs: list[Identifier] = []
    groups: list[str] = []
    modifiable: bool = False
    levers: list[Slug] = []

    @model_validator(mode="after")
    def _speaks_of_something(self) -> ModifiableEntry:
        if not self.inputs and not self.groups:
            message = "names no inputs: give 'inputs', or 'groups' of them"
            raise ValueError(message)
        if self.modifiable and self.groups:
            message = "what may be changed is named input by input, never as a group"
            raise ValueError(message)
        return self
