"""``calcrisk rules check``: what is wrong with a rulebook, or questionable, each with its line and a caret under it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.cli.output import emit
from calcrisk.errors import Fault, InputError, UsageError
from calcrisk.printed import fingerprint
from calcrisk.record import Record
from calcrisk.render.words import clean
from calcrisk.rules.linting.lint import Report, as_json, lint
from calcrisk.rules.overlay import is_overlay
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calcrisk.cli.rules import Wanted
    from calcrisk.rules.filling import Stated
    from calcrisk.rules.linting.cases import Reader
    from calcrisk.rules.linting.lint import Finding
    from calcrisk.rules.rulebook import Rulebook

_FAULTY: Final = 2  # as RulebookError
_HEAD: Final = "rulebook.yaml"


def check(path: str, wanted: Wanted, *, strict: bool) -> int:
    """Write what is found, and a line that sums it up; 2 when something is wrong, or with ``strict`` questionable."""
    form = wanted.settled()
    folder, only = _folder_of(Path(path))
    report = _within(lint(folder, _reader), only)
    if form == "json":
        emit(json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n", wanted.output)
    else:
        emit("".join(f"{clean(line)}".rstrip() + "\n" for line in _told(report)), wanted.output)
    errors, warnings = _counts(report.findings)
    return _FAULTY if errors or (strict and warnings) else 0


def _folder_of(path: Path) -> tuple[Path, str | None]:
    """Return the rulebook's folder, and the file within it that alone is asked about; ``UsageError`` for neither."""
    if path.is_dir():
        return path, None
    for folder in path.resolve().parents if path.is_file() else ():
        if (folder / _HEAD).is_file():
            name = path.resolve().relative_to(folder).as_posix()
            # an overlay in one file is asked about as a whole
            return folder, None if name == _HEAD and is_overlay(folder) else name
    message = "no such rulebook" if not path.exists() else "no folder above this file holds a rulebook.yaml"
    raise UsageError([Fault(code="no-rulebook", message=message, file=str(path))])


def _within(report: Report, only: str | None) -> Report:
    if only is None:
        return report
    return report._replace(findings=tuple(found for found in report.findings if found.file in {only, None}))


# ---- the patients of the cases --------------------------------------------------------------------------------------


class _Said(NamedTuple):
    """A value as it stands in the case, where the package has no such input to read it by."""

    value: Any


def _reader(book: Rulebook) -> Reader:
    """Read what a case gives as any patient is read; an input that is the rulebook's own is taken as it stands."""
    inputs = {entry["name"]: entry for entry in book.data["variables"]}

    def read(given: Mapping[str, Any]) -> Mapping[str, Stated]:
        if given.keys() <= registry().keys():
            return Record.from_python(given).given
        return {name: _as_it_stands(value, inputs[name]) for name, value in given.items()}

    return read


def _as_it_stands(value: Any, entry: Mapping[str, Any]) -> _Said:  # noqa: ANN401  # not checked yet
    if value == "unknown":
        return _Said(None)
    fits = {
        "yesno": isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "choice": value in entry["values"],
    }
    if not fits[entry["kind"]]:
        message = f"{entry['name']} is a {entry['kind']}, and this is {value!r}"
        raise InputError([Fault(code="wrong-kind", message=message)])
    return _Said(value)


# ---- in words -------------------------------------------------------------------------------------------------------


def _told(report: Report) -> Iterator[str]:
    for found in report.findings:
        yield from _block(found)
    if report.changes:
        yield "changes:"
        yield from (f"  {change}" for change in report.changes)
    yield _summary(report)


def _block(found: Finding) -> Iterator[str]:
    where = ":".join(str(part) for part in (found.file, found.line, found.column) if part is not None)
    head = ": ".join(part for part in (where, found.path, found.message) if part)
    yield f"{head} ({found.severity}: {found.code})"
    yield from (f"    {line}" for line in found.excerpt)
    if found.hint:
        yield f"    hint: {found.hint}"


def _counts(findings: Sequence[Finding]) -> tuple[int, int]:
    errors = sum(found.severity == "error" for found in findings)
    return errors, len(findings) - errors


def _summary(report: Report) -> str:
    errors, warnings = _counts(report.findings)
    told = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    if report.rulebook is None:
        return f"does not load: {told}"
    allowed = f" ({report.allowed} allowed)" if report.allowed else ""
    differing = len({found.path for found in report.findings if found.code == "case-differs"})
    differ = f"; {_number(differing, 'case')} now {'answers' if differing == 1 else 'answer'} differently"
    book = report.rulebook
    counts = f"{_number(report.rules, 'rule')}, {_number(report.cases, 'case')}"
    name = f"{book['id']} {book['version']} {fingerprint(book['sha256'])}"
    return f"{name}: {counts}: {told}{allowed}{differ if differing else ''}"


def _number(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
