"""``calcrisk chemistry``, and what ``--chemistry`` asks of other commands. The only door to numpy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from calcrisk.assessment import Assessment
from calcrisk.cli.formats import chosen_format
from calcrisk.errors import Fault, InputError, SurroundingsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.cli.assess import Wanted

_FORMATS: Final = ("terminal", "json", "svg")
_NEEDED: Final = "numpy"


def require() -> None:
    """Raise ``SurroundingsError`` when the extra is not installed: told before anything is read."""
    if find_spec(_NEEDED) is None:
        message, hint = f"the chemistry needs {_NEEDED}, which is not installed", "pip install 'calcrisk[chemistry]'"
        raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)])


def require_room(form: str) -> None:
    """Raise ``UsageError`` when a format of many patients has no place for the chemistry, as ``require`` does else."""
    if form == "table":
        message, hint = "the table has no room for the chemistry", "choose --format csv, json or ndjson"
        raise UsageError([Fault(code="format-conflict", message=message, path="--chemistry", hint=hint)])
    require()


def with_isopleth(answer: Assessment) -> Assessment:
    """Return the answer with its chemistry and the curves of a plot."""
    from calcrisk.chemistry.answer import with_chemistry

    (solved,) = with_chemistry([answer], isopleth=True)
    return solved if isinstance(solved, Assessment) else answer


def run(  # noqa: PLR0913  # what a command line can say
    file: str | None,
    flags: Mapping[str, str | bool | None],
    unknown: Sequence[str],
    wanted: Wanted,
    *,
    profile: str | None,
    rulebook: str | None,
) -> None:
    """Write the chemistry of one patient; raises ``CalcriskError`` for whatever is wrong, before it writes."""
    from calcrisk.cli.assess import assessed
    from calcrisk.cli.output import emit, print_page

    form = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json)
    answer = assessed(file, flags, unknown, wanted, profile=profile, rulebook=rulebook)
    from calcrisk.render.chemistry_files import as_json, picture

    if form == "json":
        emit(as_json(answer), wanted.output)
    elif form == "svg":
        emit(_drawn(answer, picture(answer)), wanted.output)
    else:
        from calcrisk.render.terminal_chemistry import Explained

        print_page(lambda console: console.print(Explained(answer), crop=False), wanted.output)


def _drawn(answer: Assessment, drawing: str | None) -> str:
    if drawing is None:
        why = answer.chemistry.why if answer.chemistry else None
        message = f"there is nothing to draw: {why or 'no curve'}"
        raise InputError([Fault(code="nothing-to-draw", message=message, file=answer.source)])
    return drawing
