"""All that was asked of one patient, answered: a change, a goal, a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.assessing import assess
from calcrisk.errors import Fault, UsageError
from calcrisk.scenario import Scenario
from calcrisk.whatif.asking import ask
from calcrisk.whatif.changeable import entries, kept
from calcrisk.whatif.difference import difference
from calcrisk.whatif.plane import Side, plane, sides
from calcrisk.whatif.question import Question, goal_of, question, questions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.scenario import Difference


class Asked(NamedTuple):
    """A goal, a plane, or neither; ``shown`` is the question whose answer the plane shows."""

    goal: tuple[Question, str] | None
    plane: tuple[Side, Side] | None
    shown: Question
    size: tuple[int, int]

    @classmethod
    def read(
        cls, book: Rulebook, goal: str | None, grid: Sequence[str], shown: str | None, size: tuple[int, int]
    ) -> Self:
        """Read what was asked; raises ``UsageError`` for what this rulebook cannot be asked."""
        aim = goal_of(book, goal) if goal else None
        if shown and not grid:
            message, hint = "there is no plane whose question this could be", "add --grid, or leave out --question"
            raise UsageError([Fault(code="nothing-to-draw", message=message, path="--question", hint=hint)])
        usual = aim[0] if aim else next(iter(questions(book).values()))
        asked = question(book, shown.replace("-", "_"), "--question") if shown else usual
        return cls(aim, sides(grid) if grid else None, asked, size)


def scenario(
    before: Patient | Record, after: Patient | Record | None, book: Rulebook, asked: Asked, as_of: str | None = None
) -> Scenario:
    """Answer what was asked; where something is changed, a goal and a plane are asked of the changed patient."""
    told = assess(before, book, as_of=as_of, every_rule=True)
    tells = None if after is None else assess(after, book, as_of=as_of, every_rule=True)
    patient, answer = (before, told) if after is None or tells is None else (after, tells)
    drawn = asked.plane and plane(patient, book, answer, asked.shown, *asked.plane, asked.size)
    return Scenario(
        before=told,
        after=tells,
        difference=None if tells is None else _set_apart(difference(told, tells), book),
        goal=asked.goal and ask(patient, book, answer, *asked.goal),
        plane=drawn,
    )


def _set_apart(found: Difference, book: Rulebook) -> Difference:
    """Add the reasons why a goal would never change some of the inputs that were set."""
    return found._replace(kept=tuple(kept(entries(book), [shift.name for shift in found.inputs])))
