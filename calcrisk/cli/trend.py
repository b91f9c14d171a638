"""``calcrisk trend``: read, look back, render, write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.cli.assess import as_date, read
from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit, print_page
from calcrisk.errors import Fault, InputError

if TYPE_CHECKING:
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.rulebook import Rulebook

_FORMATS: Final = ("terminal", "json", "svg")


class Wanted(NamedTuple):
    """How the trend is wanted."""

    format: str | None
    json: bool
    output: str | None
    as_of: str | None
    corrected: bool


def run(file: str, wanted: Wanted, *, profile: str | None, rulebook: str | None) -> None:
    """Write the trend of one patient's panels; raises ``CalcriskError`` for whatever is wrong, before it writes."""
    from calcrisk.cli.rulebooks import load
    from calcrisk.inputs import record_from
    from calcrisk.inputs.earlier import refuse_overwriting
    from calcrisk.trending import trend

    form = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json)
    as_of = as_date(wanted.as_of)
    refuse_overwriting([file], wanted.output)
    book = load(rulebook, profile)
    patient = record_from(read(file), {})
    _require(patient, book, file)
    _write(trend(patient, book, as_of=as_of, corrected=wanted.corrected), form, wanted.output)


def _require(patient: Patient | Record, book: Rulebook, file: str) -> None:
    """Raise when there is nothing to look back on."""
    if not book.data.get("history"):
        message, hint = "this rulebook has no section `history`", "take one that has, or leave out --rulebook"
        raise InputError([Fault(code="no-history-section", message=message, file=file, hint=hint)])
    if not patient.panels:
        message = "there are no dated panels in this file"
        hint = "write them as `history: {panels: [{date: 2026-03-02, labs: {calcium: 9.6, phosphate: 6.4}}]}`"
        raise InputError([Fault(code="no-panels", message=message, file=file, path="history.panels", hint=hint)])


def _write(document: dict[str, Any], form: str, output: str | None) -> None:
    if form == "json":
        from calcrisk.render.json import pretty

        emit(pretty(document), output)
    elif form == "svg":
        from calcrisk.render.trend_picture import picture

        emit(picture(document), output)
    else:
        from calcrisk.render.terminal_trend import drawn

        print_page(lambda console: console.print(drawn(document), crop=False), output)
