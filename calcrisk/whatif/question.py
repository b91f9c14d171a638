"""A question of the rulebook that a goal or a plane is about: one of the tiers, or the class."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.errors import Fault, UsageError, did_you_mean
from calcrisk.scenario import CLASSIFICATION, NOT_ASSESSED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from calcrisk.rules.program import Axes, Tier
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.scalar import Evaluation


class Question(NamedTuple):
    """A tier (its place among them), or the class where ``tier`` is None."""

    name: str
    label: str
    tier: int | None
    answers: tuple[str, ...]  # in their order; of a tier from the lowest

    def answer(self, book: Rulebook, found: Evaluation) -> str:
        """Return the answer on what is known."""
        if self.tier is None:
            return str(book.walk.program.rows[found.row].spec["class"])
        told = found.tiers[self.tier]
        return self.answers[told.tier] if told.assessed else NOT_ASSESSED

    def reached(self, answer: str, wanted: str) -> bool:
        """Tell whether an answer is what was wanted: the class itself, or a tier at most as high."""
        if self.tier is None or answer == NOT_ASSESSED:
            return answer == wanted
        return self.answers.index(answer) <= self.answers.index(wanted)

    def axes(self, book: Rulebook) -> Axes:
        """Return the table that answers."""
        program = book.walk.program
        return program.classes if self.tier is None else program.tiers[self.tier].axes

    def gate(self, book: Rulebook) -> tuple[int, ...]:
        """Return the slot of what withholds the answer, if anything does."""
        tier = None if self.tier is None else book.walk.program.tiers[self.tier]
        return () if tier is None or tier.withheld is None else (tier.withheld,)


def questions(book: Rulebook) -> dict[str, Question]:
    """Return what can be asked of a rulebook, by name: its tiers, then the class."""
    data: Mapping[str, Any] = book.data
    tiers: Sequence[Tier] = book.walk.program.tiers
    ranks = tuple(data["tier_names"])
    asked = {tier.name: Question(tier.name, tier.spec["label"], at, ranks) for at, tier in enumerate(tiers)}
    return asked | {CLASSIFICATION: Question(CLASSIFICATION, "Class", None, tuple(data["classes"]))}


def question(book: Rulebook, name: str, option: str) -> Question:
    """Return the question of a name; raises ``UsageError`` with the names there are."""
    known = questions(book)
    if (found := known.get(name)) is None:
        hint = did_you_mean(name, known) or f"one of {', '.join(known)}"
        message = f"no question {name!r}"
        raise UsageError([Fault(code="unknown-question", message=message, path=option, got=name, hint=hint)])
    return found


def goal_of(book: Rulebook, text: str) -> tuple[Question, str]:
    """Read ``metastatic=low`` or ``classification=none_identified``; raises ``UsageError``."""
    name, given, wanted = (part.strip() for part in text.partition("="))
    if not given:
        hint = "write --goal metastatic=low, or --goal classification=none_identified"
        message = f"{text!r} is no goal: a question and what is wanted of it, with = between"
        raise UsageError([Fault(code="bad-goal", message=message, path="--goal", got=text, hint=hint)])
    asked = question(book, name.replace("-", "_"), "--goal")
    word = wanted.replace(" ", "_").replace("-", "_")
    if word not in asked.answers:
        hint = did_you_mean(word, asked.answers) or f"one of {', '.join(asked.answers)}"
        message = f"{name} is never {wanted!r}"
        raise UsageError([Fault(code="bad-goal", message=message, path="--goal", got=text, hint=hint)])
    return asked, word
