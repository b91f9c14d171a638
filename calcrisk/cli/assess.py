"""``calcrisk assess``: read, assess, render, write."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit, print_page
from calcrisk.errors import Fault, InputError, UsageError, cannot_read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.assessment import Assessment
    from calcrisk.inputs.documents import Document

_FORMATS: Final = ("terminal", "json", "markdown")
_STDIN: Final = "<stdin>"


class Wanted(NamedTuple):
    """How the answer is wanted."""

    format: str | None
    json: bool
    brief: bool
    every_rule: bool
    output: str | None
    as_of: str | None
    chemistry: bool = False
    interval: bool = False


def run(  # noqa: PLR0913  # what a command line can say
    file: str | None,
    flags: Mapping[str, str | bool | None],
    unknown: Sequence[str],
    wanted: Wanted,
    *,
    profile: str | None,
    rulebook: str | None,
) -> None:
    """Assess one patient and write the answer; raises ``CalcriskError`` for whatever is wrong, before it writes."""
    form = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json, brief=wanted.brief)
    if wanted.chemistry and form == "brief":
        message, hint = "three lines have no room for the chemistry", "leave out --brief, or --chemistry"
        raise UsageError([Fault(code="format-conflict", message=message, path="--chemistry", hint=hint)])
    if wanted.interval and form == "brief":
        message, hint = "three lines have no room for the interval", "leave out --brief, or --interval"
        raise UsageError([Fault(code="format-conflict", message=message, path="--interval", hint=hint)])
    plotted = form == "json"  # no page of this command draws the curves
    answer = assessed(file, flags, unknown, wanted, profile=profile, rulebook=rulebook, curves=plotted)
    _write(answer, form, wanted.output, full=wanted.every_rule)


def _spare(file: str | None, output: str | None) -> None:
    """Refuse to write over what is to be read."""
    if file and output:
        from calcrisk.inputs.earlier import refuse_overwriting  # most answers go to the screen

        refuse_overwriting([file], output)


def assessed(  # noqa: PLR0913  # what a command line can say
    file: str | None,
    flags: Mapping[str, str | bool | None],
    unknown: Sequence[str],
    wanted: Wanted,
    *,
    profile: str | None,
    rulebook: str | None,
    curves: bool,
) -> Assessment:
    """Assess the patient of a file and of flags; raises ``CalcriskError`` for whatever is wrong."""
    from calcrisk.assessing import assess
    from calcrisk.cli.rulebooks import load
    from calcrisk.inputs import record_from
    from calcrisk.inputs.flags import from_flags

    if wanted.chemistry:
        from calcrisk.cli.extra import require

        require()
    as_of = as_date(wanted.as_of)
    written = from_flags(flags, unknown)
    if file is None and not written:
        hint = "try: calcrisk assess --calcium 9.9 --phosphate 6.8 --ckd-stage G5, or calcrisk template > patient.yaml"
        raise UsageError([Fault(code="nothing-to-assess", message="nothing is stated of a patient", hint=hint)])
    _spare(file, wanted.output)
    book = load(rulebook, profile)
    document = None if file is None else read(file)
    patient = record_from(document, written)
    day = as_of or (document.as_of if document else None)
    answer = assess(patient, book, as_of=day, every_rule=wanted.every_rule)
    if wanted.interval:
        from calcrisk.trending import with_interval

        answer = with_interval(answer, patient, book)
    if wanted.chemistry:
        from calcrisk.cli.extra import with_its_chemistry

        return with_its_chemistry(answer, curves=curves)
    return answer


def read(file: str) -> Document:
    """Read a patient document from a file, or from standard input for ``-``; never more than a patient can need."""
    from calcrisk.inputs.documents import MAX_BYTES, read_document

    enough = MAX_BYTES + 1  # one more tells that there is too much
    if file == "-" and sys.stdin is None:  # closed by the one who started the program
        raise InputError([Fault(code="cannot-read", message="standard input is closed", file=_STDIN)])
    if file == "-":
        return read_document(sys.stdin.buffer.read(enough), _STDIN)
    try:
        with Path(file).open("rb") as stream:
            return read_document(stream.read(enough), file)
    except OSError as error:
        fault = cannot_read(file, error)
        raise InputError([fault._replace(hint=_no_value(file) or fault.hint)]) from None


def _no_value(file: str) -> str | None:
    """Say what a flag says by itself, where what cannot be read is an answer behind one (``--dialysis yes``)."""
    from calcrisk.answers import YES_NO
    from calcrisk.stated import UNKNOWN

    if file.casefold() not in {*YES_NO, UNKNOWN}:
        return None
    return "a flag takes no value: --dialysis says yes, --no-dialysis no, --unknown dialysis that it is open"


def as_date(text: str | None) -> str | None:
    """Take what --as-of says; raises ``UsageError`` when it is no day of the calendar."""
    if text is None or _is_date(text):
        return text
    message, hint = f"{text!r} is not a date", "write it as 2026-03-30"
    raise UsageError([Fault(code="not-a-date", message=message, path="--as-of", hint=hint)])


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text  # Python reads 20260330 and weeks as well
    except ValueError:
        return False


def _write(answer: Assessment, form: str, output: str | None, *, full: bool) -> None:
    if form == "json":
        from calcrisk.render.json import to_json

        emit(to_json(answer), output)
    elif form == "markdown":
        from calcrisk.render.markdown import markdown

        emit(markdown(answer, full=full), output)
    elif form == "brief":
        from calcrisk.render.brief import brief, doubts
        from calcrisk.telling import tell

        emit(brief(answer), output)
        tell(doubts(answer))
    else:
        _explain(answer, output, full=full)


def _explain(answer: Assessment, output: str | None, *, full: bool) -> None:
    from calcrisk.render.terminal import print_to

    print_page(lambda console: print_to(console, answer, full=full), output)
