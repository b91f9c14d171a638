"""What dated panels say, and the answer at both ends of the noise, on the page of an assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import trend_words
from calcrisk.render.summary import INDENT, heading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk.assessment import Assessment
    from calcrisk.render.layout import Line
    from calcrisk.render.summary import View


def section(view: View) -> Iterator[Line]:
    """Show the history and the interval of an assessment, where it has them."""
    for place, (title, sentences) in enumerate(_parts(view.assessment)):
        if place:
            yield []
        yield from heading(view, title)
        for sentence in sentences:
            yield from view.page.paragraph([(view.page.show(sentence), "")], first=(INDENT, ""))


def markdown(assessment: Assessment, escaped: Callable[[str], str]) -> Iterator[str]:
    """Write the same as Markdown."""
    for place, (title, sentences) in enumerate(_parts(assessment)):
        yield from ("", f"## {title}", "") if place else (f"## {title}", "")
        yield from (f"- {escaped(sentence)}" for sentence in sentences)


def _parts(assessment: Assessment) -> Iterator[tuple[str, list[str]]]:
    if assessment.history is not None:
        yield trend_words.HISTORY, list(trend_words.history(assessment.history))
    if assessment.interval is not None:
        yield trend_words.INTERVAL, list(trend_words.interval(assessment.interval))
