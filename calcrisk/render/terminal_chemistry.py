"""``calcrisk chemistry`` as a page of the terminal: who, the chemistry, the plot, and which program answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcrisk.render import background, chemistry, chemistry_plot
from calcrisk.render.layout import Printed
from calcrisk.render.summary import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from calcrisk.assessment import Assessment
    from calcrisk.render.layout import Line, Page


@dataclass(frozen=True, slots=True)
class Explained:
    """The chemistry of an assessment, as wide as the console it is printed on."""

    assessment: Assessment

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give styled text line by line."""
        return Printed(self._lines).__rich_console__(console, options)

    def _lines(self, page: Page) -> Iterator[Line]:
        view = View.of(self.assessment, page)
        if who := f" {page.glyphs.between} ".join(
            part for part in (self.assessment.patient.id, self.assessment.source) if part
        ):
            yield from page.paragraph([(page.literal(who), "bold")])
            yield []
        for part in (chemistry.section, chemistry_plot.plot, background.footer):
            yield from part(view)
            yield []
