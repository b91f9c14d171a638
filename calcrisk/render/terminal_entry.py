"""A page of ``calcrisk explain`` as rich prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment

from calcrisk.render.entry import lines
from calcrisk.render.layout import Page, finished

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from calcrisk.entry import Entry


class _Printed(NamedTuple):
    entry: Entry

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give styled text line by line; nothing of the rulebook is read as markup."""
        end = Segment.line()
        for line in lines(self.entry, Page.of(options.max_width, options.encoding)):
            yield from (Segment(text, console.get_style(style) if style else None) for text, style in finished(line))
            yield end


def print_to(console: Console, entry: Entry) -> None:
    """Print the page, as wide as the console."""
    console.print(_Printed(entry), crop=False)
