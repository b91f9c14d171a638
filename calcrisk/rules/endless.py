"""Ends that nobody measured: of ``>10`` a rule reads up to the hard limit of the input, and no sentence may name that.

The environment that sentences and documents are made of has an infinity in the place of such an end, and nothing where
no end was measured. It is never calculated with: which end of a fact is open is found by a second walk, whose open
inputs reach further.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk.rules.logic import Span, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calcrisk.rules.filling import Stated
    from calcrisk.rules.scalar import Evaluation, Walk


class _Further(NamedTuple):
    """An input as the second walk reads it."""

    value: Span


def tellable(walk: Walk, found: Evaluation, given: Mapping[str, Stated]) -> Sequence[Any]:
    """Return the environment as it may be told: an end is infinite where only a hard limit keeps it finite."""
    opened = dict(_opened(walk, found, given)) if found.inexact else {}
    if not opened:
        return found.env
    further = {name: _Further(_stretched(found.env[walk.program.slots[name]], ends)) for name, ends in opened.items()}
    other = walk.evaluate({**given, **further})
    walk.finish(other)
    env = [_ended(here, there) for here, there in zip(found.env, other.env, strict=True)]
    for name, ends in opened.items():
        env[walk.program.slots[name]] = _measured(ends)
    return env


def _opened(walk: Walk, found: Evaluation, given: Mapping[str, Stated]) -> Iterator[tuple[str, Span]]:
    """Give the numbers that were stated with one end alone, the other infinite."""
    for name in given:
        place = walk.program.inputs[name]
        value = found.env[place.slot]
        if isinstance(value, Span) and place.whole and not place.values:
            low, high = place.whole
            ends = Span(-inf if value.lo == low else value.lo, inf if value.hi == high else value.hi, value.free)
            if ends != value:
                yield name, ends


def _stretched(value: Span, ends: Span) -> Span:
    """Move the open ends outwards; a limit of 0 stays, since nothing measured lies below."""
    low = value.lo - abs(value.lo) / 2 if ends.lo == -inf else value.lo
    return Span(low, value.hi + abs(value.hi) if ends.hi == inf else value.hi, value.free)


def _ended(here: Any, there: Any) -> Any:  # noqa: ANN401  # an environment holds values of every kind
    """Open each end of a quantity that moved with the limits."""
    if not isinstance(here, Span) or isinstance(there, bool) or not isinstance(there, float | Span):
        return here
    moved = span_of(there)
    ends = Span(-inf if moved.lo < here.lo else here.lo, inf if moved.hi > here.hi else here.hi, here.free)
    return _measured(ends)


def _measured(ends: Span) -> Span | None:
    """Say nothing where neither end was measured."""
    return None if (ends.lo, ends.hi) == (-inf, inf) else ends
