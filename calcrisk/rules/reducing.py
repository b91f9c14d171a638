"""What is left of an expression for patients of whom only some slots are spoken of.

A patient states a few of a hundred inputs; each of the others holds what silence means. What hangs on these alone is
settled, whatever the spoken ones hold, and the rest of an expression is mostly shorter than the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import KNOWN, exact
from calcrisk.rules.logic import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    _Kinds = dict[type, Callable[[Any, Any], ex.Node]]

Bits = int


class Reduction:
    """One reduction of expressions, where the slots that are not spoken of hold what ``held`` says.

    A reduced expression reads the same environment, and has the same value in it.
    """

    def __init__(self, slots: Mapping[str, int], held: Sequence[Any], spoken: Bits) -> None:
        """``spoken`` has the bit of every slot that may hold something else."""
        self._slots, self._held, self._spoken = slots, held, spoken

    def truth(self, node: ex.Node) -> ex.Node:
        """Reduce a condition."""
        return self._TRUTHS[type(node)](self, node)

    def quantity(self, node: ex.Node) -> ex.Node:
        """Reduce a number or a word of a choice."""
        return self._QUANTITIES[type(node)](self, node)

    def _name(self, node: ex.Name) -> ex.Node:
        slot = self._slots[node.name]
        return node if self._spoken >> slot & 1 else ex.Settled(self._held[slot])

    def _known(self, node: ex.Known) -> ex.Node:
        slot = self._slots[KNOWN + node.name]
        return node if self._spoken >> slot & 1 else ex.Settled(self._held[slot])

    def _written(self, node: ex.Constant | ex.Truth | ex.Settled) -> ex.Node:
        return ex.Settled(node.value)

    def _and(self, node: ex.And) -> ex.Node:
        return self._joined(node, settles=False)

    def _or(self, node: ex.Or) -> ex.Node:
        return self._joined(node, settles=True)

    def _joined(self, node: ex.And | ex.Or, *, settles: bool) -> ex.Node:
        left: list[ex.Node] = []
        unknown: list[ex.Node] = []
        for item in node.items:
            part = self.truth(item)
            if not isinstance(part, ex.Settled):
                left += part.items if isinstance(part, type(node)) else (part,)
            elif part.value is settles:
                return part
            elif part.value is None:
                unknown = [part]
        if not left:
            return unknown[0] if unknown else ex.Settled(not settles)
        left += unknown
        return left[0] if len(left) == 1 else type(node)(tuple(left))

    def _not(self, node: ex.Not) -> ex.Node:
        item = self.truth(node.item)
        if not isinstance(item, ex.Settled):
            return ex.Not(item)
        return item if item.value is None else ex.Settled(not item.value)

    def _comparison(self, node: ex.Comparison) -> ex.Node:
        left, right = self.quantity(node.left), self.quantity(node.right)
        settled = [side for side in (left, right) if isinstance(side, ex.Settled)]
        if _any_absent(settled):
            return ex.Settled(value=False)
        if len(settled) == 2:  # noqa: PLR2004  # both sides
            return ex.Settled(exact(node, self._slots)(self._held))
        # A tie is measured by what stands on the right: a number that is merely held is no limit of the rulebook.
        left = node.left if isinstance(left, ex.Settled) else left
        right = node.right if isinstance(right, ex.Settled) else right
        return ex.Comparison(node.operator, left, right)

    def _calculation(self, node: ex.Calculation) -> ex.Node:
        left, right = self.quantity(node.left), self.quantity(node.right)
        return self._worked_out(ex.Calculation(node.operator, left, right), (left, right))

    def _call(self, node: ex.Call) -> ex.Node:
        arguments = tuple(map(self.quantity, node.arguments))
        return self._worked_out(ex.Call(node.function, arguments), arguments)

    def _worked_out(self, node: ex.Node, parts: tuple[ex.Node, ...]) -> ex.Node:
        settled = [part for part in parts if isinstance(part, ex.Settled)]
        if _any_absent(settled):
            return ex.Settled(ABSENT)
        return ex.Settled(exact(node, self._slots)(self._held)) if len(settled) == len(parts) else node

    def _chosen_truth(self, node: ex.Choose) -> ex.Node:
        return self._chosen(node, self.truth)

    def _chosen_quantity(self, node: ex.Choose) -> ex.Node:
        return self._chosen(node, self.quantity)

    def _chosen(self, node: ex.Choose, part: Callable[[ex.Node], ex.Node]) -> ex.Node:
        condition = self.truth(node.condition)
        if not isinstance(condition, ex.Settled):
            return ex.Choose(condition, part(node.then), part(node.otherwise))
        return condition if condition.value is None else part(node.then if condition.value else node.otherwise)

    _TRUTHS: ClassVar[_Kinds] = {
        ex.Name: _name,
        ex.Known: _known,
        ex.Truth: _written,
        ex.Settled: _written,
        ex.Comparison: _comparison,
        ex.And: _and,
        ex.Or: _or,
        ex.Not: _not,
        ex.Choose: _chosen_truth,
    }
    _QUANTITIES: ClassVar[_Kinds] = {
        ex.Name: _name,
        ex.Constant: _written,
        ex.Settled: _written,
        ex.Calculation: _calculation,
        ex.Call: _call,
        ex.Choose: _chosen_quantity,
    }


def _any_absent(parts: Iterable[ex.Settled]) -> bool:
    return any(part.value != part.value for part in parts)  # NaN, absent, differs from itself
