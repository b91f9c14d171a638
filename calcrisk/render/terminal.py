"""The explanation in a terminal: the answer on the first screen, then every reason, question and source behind it.

The only renderer that loads rich. It adapts to the console's width, encoding and colours; words carry the meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment

from calcrisk.render import background, kinetics, reasons, summary
from calcrisk.render.layout import Page, finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from calcrisk.assessment import Assessment
    from calcrisk.render.layout import Line


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


class Explanation(NamedTuple):
    """An assessment that rich can print, as wide as the console it is printed on."""

    assessment: Assessment
    full: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give styled text line by line; no text of the assessment is ever read as markup."""
        end = Segment.line()
        for line in self._lines(Page.of(options.max_width, options.encoding)):
            yield from (Segment(text, console.get_style(style) if style else None) for text, style in finished(line))
            yield end

    def _lines(self, page: Page) -> Iterator[Line]:
        view = summary.View.of(self.assessment, page, full=self.full)
        written = False
        for section in _SECTIONS:
            for position, line in enumerate(section(view)):
                if written and not position:
                    yield []
                yield line
                written = True


def explain(assessment: Assessment, *, full: bool = False) -> Explanation:
    """Make an assessment printable by rich, in a console, a notebook or an SVG: in short, or with everything known."""
    return Explanation(assessment, full)


def print_to(console: Console, assessment: Assessment, *, full: bool = False) -> None:
    """Print the explanation: in short, or with everything known."""
    console.print(explain(assessment, full=full), crop=False)
