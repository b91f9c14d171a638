"""``calcrisk explain``: what a word of the subject, an input, a rule or a source is, on one page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit, print_page
from calcrisk.cli.rulebooks import load

if TYPE_CHECKING:
    from calcrisk.entry import Entry

_FORMATS: Final = ("terminal", "json", "markdown")


class Wanted(NamedTuple):
    """How a page is wanted."""

    format: str | None
    json: bool
    output: str | None


def run(name: str, folder: str | None, profile: str | None, wanted: Wanted) -> None:
    """Write the page of what ``name`` means; raises UsageError when nothing here is called so."""
    from calcrisk.explaining import Explainer

    chosen = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json)
    write(Explainer(load(folder, profile)).explain(name), chosen, wanted.output)


def write(entry: Entry, form: str, output: str | None) -> None:
    """Write a page in a format that was settled."""
    if form == "json":
        emit(json.dumps(entry.as_json(), indent=2, ensure_ascii=False) + "\n", output)
    elif form == "markdown":
        from calcrisk.render.entry import markdown

        emit(markdown(entry), output)
    else:
        from calcrisk.render.terminal_entry import print_to

        print_page(lambda console: print_to(console, entry), output)


def names(incomplete: str) -> list[tuple[str, str]]:
    """Offer a shell the names that begin so, each with what it is."""
    from calcrisk.explaining import Explainer

    return Explainer(load(None, None)).index.starting(incomplete)
