"""``calcrisk chemistry`` as a page of the terminal: who, the chemistry, the plot, and which program answered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calcrisk.render import background, chemistry, chemistry_plot
from calcrisk.render.layout import Printed
from calcrisk.render.summary import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Assessment
    from calcrisk.render.layout import Line, Page


def explained(assessment: Assessment) -> Printed:
    """Make the chemistry of an assessment printable by rich, as wide as the console it is printed on."""
    return Printed(partial(_lines, assessment))


def _lines(assessment: Assessment, page: Page) -> Iterator[Line]:
    view = View.of(assessment, page)
    if who := f" {page.glyphs.between} ".join(part for part in (assessment.patient.id, assessment.source) if part):
        yield from page.paragraph([(page.literal(who), "bold")])
        yield []
    for part in (chemistry.section, chemistry_plot.plot, background.footer):
        yield from part(view)
        yield []
