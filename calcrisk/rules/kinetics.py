"""How long tissue takes to calcify: compiled from the rulebook's entries, and read for one patient.

Shown and never scored: the walk that answers does not know of it.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from calcrisk.rules.program import Band, Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from calcrisk.rules.program import Condition, Spec
    from calcrisk.rules.text import Template

    Path = tuple[str | int, ...]
    Conditional = Callable[[str, Path, Mapping[str, Spec] | None], Condition | None]
    Sentence = Callable[[str, Path, Mapping[str, Spec] | None], Template]

UNKNOWN = "unknown"  # the status while the time since the finding is open, or its bounds lie across two bands


def holds(latency: Latency, env: Sequence[Any], *, inexact: bool) -> bool:
    """Tell whether the finding is there: not while it is open."""
    return _truth(latency.when, env, inexact=inexact) is True


def is_told(latency: Latency, env: Sequence[Any]) -> bool:
    """Tell whether the time since is known, be it within bounds; silence about it is no time at all."""
    time = env[latency.onset]
    return time is not None and not (isinstance(time, float) and isnan(time))


def possible(latency: Latency, env: Sequence[Any], *, inexact: bool) -> tuple[Band, ...]:
    """Return the bands in which the time may lie, in order; one when it is known well enough."""
    if not is_told(latency, env):
        return latency.bands
    begun = [band.begins is None or _truth(band.begins, env, inexact=inexact) for band in latency.bands]
    ended = [*begun[1:], False]
    entries = zip(latency.bands, begun, ended, strict=True)
    return tuple([band for band, begins, ends in entries if begins is not False and ends is not True])


def _truth(condition: Condition, env: Sequence[Any], *, inexact: bool) -> bool | None:
    held: bool | None = (condition.bounded if inexact else condition.exact)(env)
    return held


def compile_kinetics(
    data: Mapping[str, Any], slots: Mapping[str, int], conditional: Conditional, sentence: Sentence
) -> Iterator[Latency]:
    """Compile the rulebook's kinetics; a fault is collected by the two functions given, and its entry left out."""
    variables = {spec["name"]: spec for spec in data["variables"]}
    for at, entry in enumerate(data.get("kinetics", ())):
        onset, bands = entry["onset"], []
        own = {name: _in_unit_of(variables[onset], spec) for name, spec in entry["parameters"].items()}
        for place, band in enumerate(entry["bands"]):
            path: Path = ("kinetics", at, "bands", place)
            begins = conditional(f"{onset} >= {band['from']}", (*path, "from"), own) if band["from"] else None
            bands.append(Band(band["status"], begins, sentence(band["say"], (*path, "say"), entry["parameters"])))
        when = conditional(entry["when"], ("kinetics", at, "when"), None)
        if when:
            yield Latency(when, slots[onset], tuple(bands), entry)


def _in_unit_of(variable: Spec, spec: Spec) -> Spec:
    """Return a parameter in the unit of the time it is compared with: sources count days, weeks, months and years."""
    factor = (variable.get("units") or {}).get(spec["unit"])
    return spec if factor is None else spec | {"value": spec["value"] * factor, "unit": variable["unit"]}
