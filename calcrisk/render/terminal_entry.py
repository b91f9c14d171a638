"""A page of ``calcrisk explain`` as rich prints it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calcrisk.render.entry import lines
from calcrisk.render.layout import Printed

if TYPE_CHECKING:
    from rich.console import Console

    from calcrisk.entry import Entry


def print_to(console: Console, entry: Entry) -> None:
    """Print the page, as wide as the console."""
    console.print(Printed(partial(lines, entry)), crop=False)
