"""What can change when a slot does: the steps that read it, directly or through facts, as bits in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcrisk.rules.program import Program, Step
    from calcrisk.rules.reducing import Bits


class Reach:
    """Who reads whom, in both directions."""

    def __init__(self, program: Program) -> None:
        """Follow every condition once, in the order of the steps."""
        self._behind: dict[int, frozenset[int]] = {}  # a computed slot: the stated slots behind it
        self._needed: dict[int, Bits] = {}  # a computed slot: the steps it needs, its own included
        self._slots = [step.slot for step in program.steps]
        self.affected: list[Bits] = [0] * len(program.blank)
        for at, step in enumerate(program.steps):
            self._step(1 << at, step)
        self.needed_by_rule = [self.steps_needed(rule.when.read) for rule in program.rules]

    def _step(self, bit: Bits, step: Step) -> None:
        read = step.read
        own = frozenset() if step.stated is None else frozenset((step.slot, step.stated))
        behind = self._stated_behind(read) | own
        needed = self.steps_needed(read) | bit
        self._mark(bit, behind)
        self._behind[step.slot], self._needed[step.slot] = behind, needed

    def _mark(self, bit: Bits, slots: Iterable[int]) -> None:
        for slot in slots:
            self.affected[slot] |= bit

    def _stated_behind(self, slots: Iterable[int]) -> frozenset[int]:
        """Return the slots of statements that these slots hang on; a stated slot hangs on itself."""
        return frozenset[int]().union(*(self._behind.get(slot, frozenset((slot,))) for slot in slots))

    def reached(self, slots: Iterable[int]) -> tuple[Bits, frozenset[int]]:
        """Return the steps that these slots reach, and the slots that may then change, their own included."""
        own, steps = frozenset(slots), 0
        for slot in own:
            steps |= self.affected[slot]
        return steps, own.union([slot for at, slot in enumerate(self._slots) if steps >> at & 1])

    def steps_needed(self, slots: Iterable[int]) -> Bits:
        """Return the steps that these slots need."""
        needed = 0
        for slot in slots:
            needed |= self._needed.get(slot, 0)
        return needed
