"""What must hold of every input, however hostile: it is assessed or refused, and either of them properly.

Bytes or arguments flow in; ``Broken`` is raised for a promise that was not kept, and any other exception is one, too.
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import jsonschema

from calcrisk import Assessment, InputError, Refused, Rulebook, UsageError, assess, read_outcome
from calcrisk.assessment import json_schema
from calcrisk.batch import outcomes
from calcrisk.errors import Fault
from calcrisk.inputs import record_from
from calcrisk.inputs.documents import read_document, read_documents, read_line
from calcrisk.inputs.flags import from_flags
from calcrisk.inputs.streams import Lines
from calcrisk.parts import SPELLED
from calcrisk.render.brief import brief
from calcrisk.render.faults import show
from calcrisk.render.json import to_json, to_line
from calcrisk.render.markdown import markdown
from calcrisk.render.rows import columns, row
from calcrisk.stated import Range
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.inputs.documents import Document
    from calcrisk.record import Record

SECONDS: Final = 2.0  # of this process, for one input: a hundred times what an ordinary one takes
LONGEST_FAULT: Final = 1_500  # characters: of what is wrong, no more is repeated than a reader needs
_FAULT_KEYS: Final = set(Fault._fields)
_ENVELOPE: Final = ("format", "calcrisk", "source", "index", "status", "as_of", "rulebook", "patient")
_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_STEERS: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Broken(AssertionError):  # noqa: N818  # it is a promise that is
    """A promise that was not kept."""


def demand(kept: object, promise: str) -> None:
    """Raise Broken unless the promise is kept."""
    if not kept:
        raise Broken(promise)


@cache
def book() -> Rulebook:
    """Return the package's own rulebook, read once."""
    return Rulebook.default()


@cache
def _schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


@cache
def _columns() -> list[str]:
    return columns(book().data["tiers"], [entry["name"] for entry in book().data["mechanisms"]])


@cache
def _order() -> dict[str, int]:
    return {entry["name"]: at for at, entry in enumerate(book().data["variables"])}


# ---- files, lines, flags ---------------------------------------------------------------------------------------------


def check_file(content: bytes, source: str) -> list[Assessment | Refused]:
    """Read a file as ``batch`` and as ``assess`` do, and hold both to what is promised."""
    begin = time.process_time()
    found = read_documents(content, source)
    demand(found, "a file has at least one patient or one fault")
    demand([each.index for each in found] == list(range(len(found))), "patients are counted from 0")
    ends = [_check(each, content, None) for each in found]
    _check_alone(content, source, found, ends)
    _in_time(begin)
    return ends


def check_lines(content: bytes, source: str = "x.ndjson") -> list[Assessment | Refused]:
    """Read lines as ``batch`` does: as many patients as lines that say something, each fault in its own line."""
    begin = time.process_time()
    found = list(Lines(source, 1, 0, content, 1.0).documents())
    numbers = [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip(b" \t\r\x0b\x0c")]
    demand([each.index for each in found] == list(range(len(numbers))), "every line is a patient, and in its place")
    ends = [_check(each, content, number) for each, number in zip(found, numbers, strict=True)]
    _in_time(begin)
    return ends


def check_line(content: bytes) -> None:
    """Read some bytes as one line: never an exception, whatever they hold."""
    begin = time.process_time()
    document = read_line(content, "x.ndjson", number=7, index=3)
    demand(document.index == 3, "a line keeps its place")  # noqa: PLR2004  # as given above
    _check(document, None, None)
    _in_time(begin)


def check_flags(values: Mapping[str, str | bool], unknown: list[str]) -> Assessment | None:
    """Assess what options of the command line say; None when it is refused."""
    begin = time.process_time()
    try:
        patient = record_from(None, from_flags(values, unknown))
    except (InputError, UsageError) as error:
        _check_faults(error.faults, None)
        _in_time(begin)
        return None
    demand(set(patient.given) >= {name for name, value in values.items() if str(value).strip()}, "no flag is dropped")
    _check_values(patient)
    answer = assess(patient, book())
    _check_answer(answer, patient)
    _in_time(begin)
    return answer


def _in_time(begin: float) -> None:
    taken = time.process_time() - begin
    demand(taken < SECONDS, f"no input takes long; this took {taken:.1f} seconds of work")


# ---- one patient -----------------------------------------------------------------------------------------------------


def _check(document: Document, content: bytes | None, number: int | None) -> Assessment | Refused:
    (end,) = outcomes([document], book())
    exact = document.exact() if document.exact else document
    if isinstance(end, Refused):
        _check_refused(end, document, content, number)
        demand(exact.exact is None and _patient(exact) is None, "the exact reader refuses what is refused")
    else:
        demand(not document.faults and not exact.faults, "nothing is scored of which a fault is known")
        patient = record_from(document, {})
        _check_nothing_dropped(exact, patient)
        _check_values(patient)
        _check_answer(end, patient)
        again = _patient(exact)
        demand(again is not None and _told(again) == _told(patient), "both readers read the same")
    demand(document.id == exact.id and document.as_of == exact.as_of, "both readers know whose it is and of when")
    _check_row(end)
    return end


def _patient(document: Document) -> Record | None:
    try:
        return record_from(document, {})
    except InputError:
        return None


def _told(patient: Record) -> object:
    return patient.id, patient.source, list(patient.given.items()), sorted(patient.warnings)


def _check_alone(content: bytes, source: str, found: list[Document], ends: list[Assessment | Refused]) -> None:
    """Hold ``assess`` to what ``batch`` says of the same file."""
    alone = read_document(content, source)
    patient = _patient(alone)
    demand(patient is None or not alone.faults, "nothing is scored of which a fault is known")
    if patient is not None:
        demand(len(ends) == 1 and not isinstance(ends[0], Refused), "assess and batch score the same")
        demand(_told(patient) == _told(record_from(found[0], {})), "assess and batch read the same")
    elif len(ends) == 1 and len(content) < 1_000_000:  # noqa: PLR2004  # what one patient may have
        demand(isinstance(ends[0], Refused), "assess and batch refuse the same")


def _check_nothing_dropped(exact: Document, patient: Record) -> None:
    for name, written in exact.fields.items():
        if isinstance(written.raw, dict):
            stated = not written.raw["value"].is_empty if "value" in written.raw else False
        else:
            stated = not written.is_empty
        status = registry().companions.get((name, "status"))  # where "high" goes
        read = name in patient.given or (status is not None and status.name in patient.given)
        demand(read or not stated, f"what is stated of {name} is read or refused, never dropped")


def _check_values(patient: Record) -> None:
    for name, given in patient.given.items():
        variable = registry()[name]
        if variable.kind == "number" and variable.hard and given.value is not None:
            low, high = given.value if isinstance(given.value, Range) else (given.value, given.value)
            inside = variable.hard[0] <= float(low) <= float(high) <= variable.hard[1]
            demand(inside, f"{name} {given.as_written!r} is refused outside {variable.hard}, never scored")


# ---- what is scored --------------------------------------------------------------------------------------------------


def _check_answer(answer: Assessment, patient: Record) -> None:
    text = to_line(answer)
    demand(text.endswith(b"}\n") and text.count(b"\n") == 1, "an answer is one line")
    plain = json.loads(text, parse_constant=lambda word: demand(kept=False, promise=f"{word} is no JSON"))
    demand(plain == json.loads(to_json(answer)), "an answer is the same in one line and in many")
    demand("errors" not in plain and plain["status"] == "scored", "what is scored has no errors")
    demand(Assessment.from_json(text) == answer, "an answer can be read back")
    demand(set(plain["inputs"]) >= set(patient.given), "every value that was read is shown")
    demand(plain["classification"] in plain["possible_classifications"], "the class is one of the possible ones")
    _clean_lines(brief(answer))
    _clean_lines(markdown(answer, full=True))


def _clean_lines(page: str) -> None:
    demand(not _STEERS.search(page), "nothing of a patient steers a terminal")


def complaints(document: object) -> list[str]:
    """Return what the schema of assessments and of refused patients finds wrong with a document."""
    return [f"{error.json_path}: {error.message}" for error in _schema().iter_errors(document)]


def keys_of_an_answer() -> set[str]:
    """Return the keys of an assessment's JSON."""
    return {SPELLED.get(name, name) for name in Assessment.__annotations__}


# ---- what is refused -------------------------------------------------------------------------------------------------


def _check_refused(refused: Refused, document: Document, content: bytes | None, number: int | None) -> None:
    text = to_line(refused)
    plain: dict[str, Any] = json.loads(text)
    demand(list(plain) == [*_ENVELOPE, "errors"], "what is refused has the envelope, its errors, and no class")
    demand(plain["errors"] and plain["status"] == "refused", "what is refused has an error")
    demand(complaints(plain) == [], "what is refused keeps to the schema")
    demand(read_outcome(text) == refused, "what is refused can be read back")
    demand(all(set(error) == _FAULT_KEYS for error in plain["errors"]), "every error has all its keys")
    faults = [Fault(**error) for error in plain["errors"]]
    if any(fault.code == "defect" for fault in faults):
        assess(record_from(document, {}), book())  # which raises what went wrong
        demand(kept=False, promise="no defect is met")
    demand(all(fault.file == document.source for fault in faults), "a fault names its file")
    _check_faults(faults, content)
    if number is not None:
        inside = all(fault.line in (number, None) for fault in faults)
        demand(inside, f"a fault of line {number} lies in it")


def _check_faults(faults: tuple[Fault, ...] | list[Fault], content: bytes | None) -> None:
    demand(faults, "what is refused has a fault")
    for fault in faults:
        demand(fault.code and fault.message, "a fault says what is wrong")
        size = sum(len(part or "") for part in (fault.message, fault.path, fault.expected, fault.got, fault.hint))
        demand(size <= LONGEST_FAULT, f"a fault is short; {fault.code} has {size} characters")
        if content is not None and fault.line is not None:
            demand(any(_exists(fault, lines) for lines in _ways_to_split(content)), f"{fault.where} exists")
    _clean_lines(show(InputError(faults)))


def _ways_to_split(content: bytes) -> Iterator[list[str]]:
    text = content.decode("utf-8-sig", "replace")
    yield text.split("\n")
    yield _BREAK.split(text)


def _exists(fault: Fault, lines: list[str]) -> bool:
    line, column = fault.line or 0, fault.column
    return 1 <= line <= len(lines) and (column is None or 1 <= column <= len(lines[line - 1]) + 2)


def _check_row(end: Assessment | Refused) -> None:
    cells = list(csv.reader(io.StringIO(row(end, _columns(), _order()), newline="")))
    demand(len(cells) == 1 and len(cells[0]) == len(_columns()), "a patient is one row with every column")
    formulas = [cell for cell in cells[0] if cell[:1] in ("=", "@", "\t", "\r")]
    demand(not formulas, "no cell starts a formula")


def codes(ends: list[Assessment | Refused]) -> set[str]:
    """Return the codes of all errors."""
    refused = (end.errors for end in ends if isinstance(end, Refused))
    return {str(error["code"]) for error in chain.from_iterable(refused)}
