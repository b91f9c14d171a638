"""``calcrisk assess``: read, assess, render, write."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.output import emit, leave_silently
from calcrisk.errors import Fault, InputError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.assessment import Assessment
    from calcrisk.inputs.documents import Document

_FORMATS: Final = ("terminal", "json", "markdown")
_SUFFIXES: Final = {".json": "json", ".md": "markdown", ".markdown": "markdown", ".txt": "terminal"}
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_STDIN: Final = "<stdin>"


class Wanted(NamedTuple):
    """How the answer is wanted."""

    format: str | None
    json: bool
    brief: bool
    every_rule: bool
    output: str | None
    as_of: str | None


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
    from calcrisk.assessing import assess
    from calcrisk.cli.rules import load
    from calcrisk.inputs import patient_from
    from calcrisk.inputs.flags import from_flags

    form = chosen_format(wanted)
    as_of = _date(wanted.as_of)
    written = from_flags(flags, unknown)
    if file is None and not written:
        hint = "try: calcrisk assess --calcium 9.9 --phosphate 6.8 --ckd-stage G5, or calcrisk template > patient.yaml"
        raise UsageError([Fault(code="nothing-to-assess", message="nothing is stated of a patient", hint=hint)])
    book = load(rulebook, profile)
    document = None if file is None else read(file)
    patient = patient_from(document, written)
    answer = assess(patient, book, as_of=as_of or (document.as_of if document else None), every_rule=wanted.every_rule)
    _write(answer, form, wanted.output, full=wanted.every_rule)


def read(file: str) -> Document:
    """Read a patient document from a file, or from standard input for ``-``."""
    from calcrisk.inputs.documents import read_document

    if file == "-":
        return read_document(sys.stdin.buffer.read(), _STDIN)
    try:
        return read_document(Path(file).read_bytes(), file)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise InputError([Fault(code="cannot-read", message=message, file=file)]) from None


def chosen_format(wanted: Wanted) -> str:
    """Settle the format from --format, --json, --brief and the suffix of the output; a conflict is wrong usage."""
    named = {
        "--format": wanted.format,
        "--json": "json" if wanted.json else None,
        "--brief": "brief" if wanted.brief else None,
        "-o": _SUFFIXES.get(Path(wanted.output).suffix.lower()) if wanted.output else None,
    }
    said = {option: form for option, form in named.items() if form}
    if wanted.format and wanted.format not in _FORMATS:
        hint = did_you_mean(wanted.format, _FORMATS) or f"one of {', '.join(_FORMATS)}"
        raise UsageError([Fault(code="unknown-format", message=f"unknown format {wanted.format!r}", hint=hint)])
    if wanted.brief and said.get("-o") == "terminal":
        del said["-o"]  # a .txt file holds either
    if len(set(said.values())) > 1:
        wishes = " and ".join(f"{option} ({form})" for option, form in said.items())
        raise UsageError([Fault(code="format-conflict", message=f"two formats at once: {wishes}", hint="keep one")])
    return next(iter(said.values()), "terminal")


def _date(text: str | None) -> str | None:
    if text is None or _is_date(text):
        return text
    message, hint = f"{text!r} is not a date", "write it as 2026-03-30"
    raise UsageError([Fault(code="not-a-date", message=message, path="--as-of", hint=hint)])


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _ISO.fullmatch(text) is not None


def _write(answer: Assessment, form: str, output: str | None, *, full: bool) -> None:
    if form == "json":
        from calcrisk.render.json import to_json

        emit(to_json(answer), output)
    elif form == "markdown":
        from calcrisk.render.markdown import markdown

        emit(markdown(answer, full=full), output)
    elif form == "brief":
        from calcrisk.render.brief import brief

        emit(brief(answer), output)
    else:
        _explain(answer, output, full=full)


def _explain(answer: Assessment, output: str | None, *, full: bool) -> None:
    from io import StringIO

    from rich.console import Console

    from calcrisk.render.terminal import print_to

    if output is None or output == "-":
        console = Console(highlight=False)
        console.on_broken_pipe = leave_silently  # type: ignore[method-assign]  # rich would end with 1
        print_to(console, answer, full=full)
        return
    page = StringIO()
    print_to(Console(file=page, highlight=False, force_terminal=False, color_system=None), answer, full=full)
    emit(page.getvalue(), output)
