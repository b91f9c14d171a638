"""A proof at load, by interval arithmetic over the hard limits of the inputs, that no fact overflows."""

from __future__ import annotations

import itertools
import math
import operator as op
from typing import TYPE_CHECKING, Any, Final

from calcrisk.rules import expression as ex
from calcrisk.rules.closures import bounded
from calcrisk.rules.logic import FREE, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from calcrisk.rules.program import Program

_UNGUARDED: Final[dict[str, Callable[..., float]]] = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": op.truediv,
    "**": math.pow,
    "min": min,
    "max": max,
    "ln": math.log,
    "exp": math.exp,
}


def overflows(data: Mapping[str, Any], program: Program) -> Iterator[int]:
    """Return the place of each fact that could overflow within the hard limits of its inputs."""
    env = _whole(program)
    places = {fact["name"]: at for at, fact in enumerate(data["facts"])}
    for step in (*program.steps, *program.display):
        if step.value is None:
            continue
        parts = (part for part in ex.walk(step.value.node) if isinstance(part, ex.Calculation | ex.Call))
        if any(_overflowing(part, env, program.slots) for part in parts):
            yield places[step.name]
        env[step.slot] = step.value.bounded(env)


def widest(program: Program) -> list[Any]:
    """Return every input at its widest and every fact as wide as that makes it."""
    env = _whole(program)
    for step in (*program.steps, *program.display):
        if step.value is not None and env[step.slot] is None:
            env[step.slot] = step.value.bounded(env)
    return env


def _whole(program: Program) -> list[Any]:
    env: list[Any] = [None] * len(program.slots)
    for entry in program.inputs.values():
        env[entry.slot] = Span(*entry.whole, free=True) if entry.whole else FREE
    return env


def _overflowing(part: ex.Calculation | ex.Call, env: Sequence[Any], slots: Mapping[str, int]) -> bool:
    """Try one operation at the corners of its operands, without the guard that makes an overflow unknown in a walk."""
    values = [bounded(child, slots)(env) for child in ex.children(part)]
    if any(value is None or value != value for value in values):  # noqa: PLR0124  # NaN, absent, differs from itself
        return False
    ends = [(value.lo, value.hi) if isinstance(value, Span) else (value,) for value in values]
    calculate = _UNGUARDED[part.operator if isinstance(part, ex.Calculation) else part.function]
    for corner in itertools.product(*ends):
        try:
            if math.isinf(calculate(*corner)):
                return True
        except OverflowError:
            return True
        except (ValueError, ZeroDivisionError):
            continue  # not defined there: unknown, as it should be
    return False
