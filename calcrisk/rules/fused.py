"""The everyday walk written out as Python source and compiled: for many patients, what closures do for one.

Closures are quick to make, and cost a call for each node of each condition. Source is slow to compile and costs no call
at all, so a walk asks for it once it has seen many patients. Written out are the steps, the joining of truths and the
comparison of a value with a number; any other node is called as the closure it was. The source holds places and numbers
only, never a word of a rulebook. Bounds and freedom are left to closures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import KNOWN, exact
from calcrisk.rules.logic import edges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calcrisk.rules.closures import Slots
    from calcrisk.rules.logic import Truth
    from calcrisk.rules.program import Condition, Step

    Environment = list[Any]

_DEEPEST: Final = 40  # nodes within nodes; Python takes no more than some hundred brackets
_TOGETHER: Final = 8  # steps or conditions in a function
_COMPARED: Final[dict[ex.Operator, str]] = {
    ">=": "{0} >= {1!r}",
    ">": "{0} > {2!r}",
    "<": "{0} < {1!r}",
    "<=": "{0} <= {2!r}",
    "==": "{1!r} <= {0} <= {2!r}",
    "!=": "{0} < {1!r} or {0} > {2!r}",
}


def fused_steps(steps: Iterable[Step], slots: Slots) -> Callable[[Environment], None]:
    """Return what takes every step, in order."""
    source = Source(slots)
    parts = source.parts([f"e[{step.slot}] = {source.step(step)}" for step in steps])
    return source.compiled("; ".join(["pass", *(source.called("; ".join(part)) for part in parts)]))


def fused_conditions(conditions: Iterable[Condition | None], slots: Slots) -> Callable[[Environment], list[Truth]]:
    """Return what tells which of the conditions hold; where there is none, it does."""
    source = Source(slots)
    parts = source.parts([source.written(each.node) if each else "True" for each in conditions])
    calls = [source.called(_listed(part)) for part in parts]
    return source.compiled(_listed(f"*{call}" for call in calls))


def _listed(values: Iterable[str]) -> str:
    return f"return [{', '.join(values)}]"


class Source:
    """Source on its way; it speaks of the environment as ``e``, and of what else it needs by names."""

    def __init__(self, slots: Slots) -> None:
        """Begin with nothing; ``slots`` says where each name lies."""
        self._slots = slots
        self._names: dict[str, Any] = {}

    def compiled(self, body: str) -> Callable[[Environment], Any]:
        """Compile the body of a function of the environment."""
        exec(f"def run(e): {body}", self._names)  # noqa: S102  # of places and numbers, as said above
        run: Callable[[Environment], Any] = self._names["run"]
        return run

    def called(self, body: str) -> str:
        """Compile the body of a function, and write its call."""
        return f"{self.named(self.compiled(body))}(e)"

    @staticmethod
    def parts(texts: list[str]) -> Iterator[list[str]]:
        """Cut into parts for functions of their own: in long ones Python looks for each line anew when it is traced."""
        return (texts[at : at + _TOGETHER] for at in range(0, len(texts), _TOGETHER))

    def named(self, value: object) -> str:
        """Return a name that the source can speak of a value by."""
        name = f"n{len(self._names)}"
        self._names[name] = value
        return name

    def step(self, step: Step) -> str:
        """Write what a step gives; the closures of ``scalar`` mean the same."""
        if step.asked:
            asked = f"{self._constant(step.default)} if {self.written(step.asked.node)} is False else None"
            return f"e[{step.slot}] if e[{step.stated or 0}] is not False else {asked}"
        value = self.written(step.value.node) if step.value else "None"
        if step.valid:
            value = f"({value} if {self.written(step.valid.node)} is True else None)"
        return value if step.stated is None else f"e[{step.slot}] if e[{step.stated}] else {value}"

    def _constant(self, value: object) -> str:
        return repr(value) if value is None or isinstance(value, bool) else self.named(value)  # NaN has no literal

    def written(self, node: ex.Node, depth: int = 0) -> str:  # noqa: PLR0911  # one branch a kind of node
        """Write a node; ``depth`` keeps its values apart from those of the nodes around it."""
        match node if depth < _DEEPEST else None:
            case ex.Name(name):
                return f"e[{self._slots[name]}]"
            case ex.Known(name):
                return f"e[{self._slots[KNOWN + name]}]"
            case ex.Comparison(operator, ex.Name(name), ex.Constant(limit)):
                holds = _COMPARED[operator].format(f"v{depth}", *edges(limit))
                return f"(None if (v{depth} := e[{self._slots[name]}]) is None else {holds})"
            case ex.And(items) | ex.Or(items):
                return self._joined(items, depth, settles=isinstance(node, ex.Or))
            case ex.Not(item):
                return f"(None if (v{depth} := {self.written(item, depth + 1)}) is None else not v{depth})"
            case ex.Choose(condition, then, otherwise):
                sides = [self.written(each, depth + 1) for each in (then, otherwise)]
                return self._chosen(f"v{depth}", self.written(condition, depth + 1), *sides)
        return f"{self.named(exact(node, self._slots))}(e)"

    @staticmethod
    def _chosen(value: str, condition: str, then: str, otherwise: str) -> str:
        return f"(None if ({value} := {condition}) is None else {then} if {value} else {otherwise})"

    def _joined(self, items: tuple[ex.Node, ...], depth: int, *, settles: bool) -> str:
        values = {f"v{depth}_{at}": self.written(item, depth + 1) for at, item in enumerate(items)}
        settled = " or ".join(f"({value} := {item}) is {settles}" for value, item in values.items())
        unknown = " or ".join(f"{value} is None" for value in values)
        return f"({settles} if {settled} else None if {unknown} else {not settles})"
