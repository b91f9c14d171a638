"""The explanation in a terminal: the answer on the first screen, then every reason, question and source behind it.

It adapts to the console's width, encoding and colours; words carry the meaning.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calcrisk.render import background, kinetics, reasons, summary
from calcrisk.render.layout import Printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from calcrisk.assessment import Assessment
    from calcrisk.render.layout import Line, Page


def _chemistry(view: summary.View) -> Iterator[Line]:
    if view.assessment.chemistry is not None:
        from calcrisk.render.chemistry import section  # most answers have none

        yield from section(view)


def _past(view: summary.View) -> Iterator[Line]:
    if view.assessment.history is not None or view.assessment.interval is not None:
        from calcrisk.render.past import section  # most answers have neither

        yield from section(view)


_SECTIONS = (
    summary.alerts,
    summary.conclusion,
    summary.levels,
    summary.product,
    _past,
    _chemistry,
    reasons.fired,
    reasons.against,
    background.missing,
    background.consider,
    kinetics.lines,
    background.levers,
    background.inputs,
    background.warnings,
    reasons.not_fired,
    background.references,
    background.footer,
)


def _lines(assessment: Assessment, page: Page, *, full: bool) -> Iterator[Line]:
    view = summary.View.of(assessment, page, full=full)
    written = False
    for section in _SECTIONS:
        for position, line in enumerate(section(view)):
            if written and not position:
                yield []
            yield line
            written = True


def explain(assessment: Assessment, *, full: bool = False) -> Printed:
    """Make an assessment printable by rich, in a console, a notebook or an SVG: in short, or with everything known."""
    return Printed(partial(_lines, assessment, full=full))


def print_to(console: Console, assessment: Assessment, *, full: bool = False) -> None:
    """Print the explanation: in short, or with everything known."""
    console.print(explain(assessment, full=full), crop=False)
