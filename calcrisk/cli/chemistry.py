"""``calcrisk chemistry``: read, assess, solve, render, write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.cli.assess import assessed
from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit, print_page
from calcrisk.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.assessment import Assessment
    from calcrisk.cli.assess import Wanted

_FORMATS: Final = ("terminal", "json", "svg", "html")


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
    form = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json)
    answer = assessed(file, flags, unknown, wanted, profile=profile, rulebook=rulebook, curves=True)
    from calcrisk.render.chemistry_files import as_json, page, picture

    if form == "json":
        emit(as_json(answer), wanted.output)
    elif form == "svg":
        emit(_drawn(answer, picture(answer)), wanted.output)
    elif form == "html":
        emit(page(answer), wanted.output)
    else:
        from calcrisk.render.terminal_chemistry import explained

        print_page(lambda console: console.print(explained(answer), crop=False), wanted.output)


def _drawn(answer: Assessment, drawing: str | None) -> str:
    if drawing is None:
        why = answer.chemistry.why if answer.chemistry else None
        message = f"there is nothing to draw: {why or 'no curve'}"
        raise InputError([Fault(code="nothing-to-draw", message=message, file=answer.source)])
    return drawing
