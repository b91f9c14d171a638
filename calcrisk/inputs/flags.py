"""Flags of the command line as things written: the flag is their origin, and nothing else about them is special."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.errors import UsageError
from calcrisk.stated import Location, Written, fault, shortened
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.errors import Fault


def from_flags(values: Mapping[str, str | bool | None], unknown: Sequence[str] = ()) -> dict[str, Written]:
    """Collect the flags that were given; ``values`` holds one entry a variable, None where a flag is absent.

    ``unknown`` names variables stated to be open (``--unknown tissue_damage``). Raises UsageError when one of these is
    no variable, or is given a value as well.
    """
    written = {name: _flag(name, value) for name, value in values.items() if value is not None}
    faults: list[Fault] = []
    for spelt in unknown:
        name = spelt.strip().removeprefix("--").replace("-", "_")
        if name not in registry():
            hint = registry().hint(name) or "`calcrisk template` lists every input"
            at = Location(path="--unknown")
            message = f"{shortened(spelt)} is not a known input"
            faults.append(fault(at, code="unknown-field", message=message, got=spelt, hint=hint))
        elif name in written and written[name].raw != "unknown":
            message = f"{name} is stated twice: as unknown and by {written[name].origin}"
            faults.append(
                fault(
                    Location(path="--unknown"),
                    code="stated-twice",
                    message=message,
                    got=spelt,
                    hint="keep one of the two",
                )
            )
        else:
            written[name] = Written("unknown", "--unknown", Location(path=f"--unknown {name}"))
    if faults:
        raise UsageError(faults)
    return written


def _flag(name: str, value: str | bool) -> Written:  # noqa: FBT001 - a flag's value
    option = registry()[name].option
    flag = f"--no-{option}" if value is False else f"--{option}"
    return Written(value, flag, Location(path=flag))
