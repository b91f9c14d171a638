"""A patient file to fill in: every input with its unit and meaning, all commented out: as it is it states nothing."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from calcrisk.units import either
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.variables import Registry, Variable

_WIDTH = 100  # of the comments
_COLUMN = 34  # where the comment on a line begins
_HEAD = """\
# A patient for calcrisk. Fill in what is known: take the "# " from the front of a line and write the value in.
# A line left as it is, or without a value, states nothing; `unknown` says that the question is open. Neither means no.
# A bare number is in the first unit named; another unit is written behind it: `phosphate: 2.2 mmol/L`.
# Lines that begin with ## explain the line beneath them.

# id:
## The day the values speak of, as 2026-03-30.
# as_of:
"""

_PANELS = (
    "Earlier draws, each with its date and the inputs of `labs`; what stands above in this group",
    "is filled from them unless it is given.",
)


def template() -> str:
    """Return the commented YAML file."""
    variables = registry()
    sections = "".join(_section(group.name, group.label, variables) for group in variables.groups)
    return _HEAD + sections + "".join(_list(name, variables) for name in variables.lists)


def _section(group: str | None, label: str, variables: Registry) -> str:
    lines = [line for variable in variables.values() if _belongs(variable, group) for line in _lines(variable)]
    if not lines:
        return ""
    if group == "history":
        lines += [f"## {line}" for line in _PANELS] + [
            "# panels:",
            "#   - {date: 2026-03-02, labs: {calcium: 9.6, phosphate: 6.4}}",
        ]
    if group is None:
        return f"\n# ---- {label}\n\n" + "\n".join(lines) + "\n"
    return f"\n# ---- {label}\n{group}:\n" + "\n".join(f"  {line}" for line in lines) + "\n"


def _belongs(variable: Variable, group: str | None) -> bool:
    """Companions are told with their number, and what a list folds to with the list."""
    return variable.group == group and variable.of is None and variable.listed is None


def _lines(variable: Variable) -> Iterator[str]:
    yield from _prose(" ".join(filter(None, (variable.question, variable.means, _counts(variable)))))
    yield f"# {variable.key}:".ljust(_COLUMN - 1) + f" # {_takes(variable)}"


def _counts(variable: Variable) -> str:
    counts = f"Counts: {variable.counts}" if variable.counts else ""
    return f"{counts} Not: {variable.excludes}".strip() if variable.excludes else counts


def _prose(text: str) -> list[str]:
    return [f"## {line}" for line in wrap(text, _WIDTH)]


def _takes(variable: Variable) -> str:
    if variable.kind == "yesno":
        return "yes, no"
    if variable.kind == "choice":
        return ", ".join(variable.offered)
    limits = [companion.role for companion in registry().values() if companion.of == variable.name]
    words = ["low, normal or high"] if "status" in limits else []
    spelt = [f"{{value: …, unit: …, {', '.join(f'{role}: …' for role in limits if role != 'status')}}}"]
    return "; ".join(
        [
            (either(variable.units) if variable.units else "a number"),
            *words,
            *(spelt if set(limits) - {"status"} else []),
        ]
    )


def _list(name: str, variables: Registry) -> str:
    """Return a list's comment: its keys, and the words that each takes."""
    keys = variables.lists[name]
    lines = [line for key, members in keys.items() for line in _prose(f"{key}: {_words(members)}")]
    entry = "\n".join(f"# {'    ' if index else '  - '}{key}:" for index, key in enumerate(keys))
    return f"\n# ---- {name}: a list, one entry for each\n" + "\n".join(lines) + f"\n# {name}:\n{entry}\n"


def _words(variables: tuple[Variable, ...]) -> str:
    words = [variable.listed["value"] for variable in variables if variable.listed and variable.listed.get("value")]
    return ", ".join(words) or either(variables[0].units)
