"""The time to calcification of each finding: what is published, and whether a visible deposit fits the time since.

Words for the terminal and for Markdown. A short page passes over what says nothing of this patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.render import words
from calcrisk.render.summary import INDENT, heading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk.assessment import Assessment, Kinetics
    from calcrisk.render.citations import Numbers
    from calcrisk.render.layout import Line
    from calcrisk.render.summary import View

TITLE: Final = "Time to calcification (shown, never scored)"
_TWICE = INDENT * 2
_OPEN: Final = "time not stated"


def told(assessment: Assessment, *, full: bool) -> tuple[Kinetics, ...]:
    """Return what a page tells: all of it when full, else what has a time or a published one."""
    return tuple([part for part in assessment.kinetics if full or part.as_written or part.status != "unmeasured"])


def lines(view: View) -> Iterator[Line]:
    """Show the section on the terminal; nothing when no finding has a time to tell."""
    shown = told(view.assessment, full=view.full)
    if shown:
        yield from heading(view, TITLE)
    for part in shown:
        first = (f"{INDENT}{view.page.glyphs.bullet} ", "")
        head = f", {view.page.literal(part.as_written)}" if part.as_written else ""
        standing = [(": ", ""), (_OPEN, "")] if not part.because else []  # else the sentence says it
        title = [(view.page.show(part.title), "bold"), (head, ""), *standing]
        yield from view.page.paragraph(title, first=first)
        published = [(view.page.show(_published(part)), ""), *view.marks(*part.evidence)]
        for said in part.because:
            yield from view.page.paragraph([(view.page.show(said), "")], first=(_TWICE, ""))
        yield from view.page.paragraph(published, first=(_TWICE, ""))
        for said in _unconfirmed(part):
            yield from view.page.paragraph([(view.page.show(said), "")], first=(_TWICE, ""))


def markdown(assessment: Assessment, numbers: Numbers, escaped: Callable[..., str], *, full: bool) -> Iterator[str]:
    """Show the section as a list of a note; ``escaped`` makes a text literal."""
    shown = told(assessment, full=full)
    if shown:
        yield from (f"## {TITLE}", "")
    for part in shown:
        time = f", {escaped(part.as_written, pretty=False)}" if part.as_written else ""
        published = f"{escaped(_published(part))} {numbers.marks(part.evidence)}".rstrip()
        text = " ".join([*map(escaped, part.because), published, *map(escaped, _unconfirmed(part))])
        standing = f"{_OPEN}. " if not part.because else ""  # else the sentence says it
        yield f"- **{escaped(part.title)}**{time}: {standing}{text}"


def _published(part: Kinetics) -> str:
    choice = f"; {words.DESIGN_CHOICE} of this rulebook" if part.basis == "design-choice" else ""
    return f"Published: {part.published} ({part.strength}{choice})."


def _unconfirmed(part: Kinetics) -> Iterator[str]:
    """Say apart what no source carries, so that no reference stands behind it."""
    if part.unconfirmed:
        yield f"Unconfirmed: {part.unconfirmed}"
