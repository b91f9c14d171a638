"""The linter: open a rulebook, gather what loading refuses and what reading it with care finds, and say where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.errors import RulebookError, did_you_mean
from calcrisk.rules.check import examine, finished, opened, path_to
from calcrisk.rules.linting import bands, cases, unused
from calcrisk.rules.linting.finding import COVERAGE, KINDS, Book, Found, Severity
from calcrisk.rules.overlay import Overlaid, lines
from calcrisk.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from calcrisk.errors import Fault
    from calcrisk.rules.linting.cases import Reader
    from calcrisk.rules.source import Route, Source

_LOOKS: Final = (
    cases.answers,
    cases.repeated,
    cases.coverage,
    cases.silence,
    cases.facts_on_edges,
    bands.bands,
    bands.same_condition,
    unused.unused,
    unused.covering,
    unused.units,
)
_DOES_NOT_LOAD: Final = "rulebook"
_LONGEST: Final = 8  # lines that an entry may go on before its words are sought in vain
_WIDEST: Final = 110  # columns of a line that are shown


class Finding(NamedTuple):
    """One thing found, and where: ``excerpt`` is its line with a caret beneath, or the expression with one."""

    severity: Severity
    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    excerpt: tuple[str, ...] = ()
    hint: str | None = None

    @property
    def order(self) -> tuple[bool, str, int, str]:
        """Errors first, then as the files have them."""
        return self.severity != "error", self.file or "", self.line or 0, self.code


class Report(NamedTuple):
    """What came of a check: the rulebook's name and hash (None when it does not load), counts, changes, findings."""

    rulebook: dict[str, str] | None
    rules: int
    cases: int
    changes: tuple[str, ...]
    findings: tuple[Finding, ...]
    allowed: int


def lint(folder: Path, read: Callable[[Rulebook], Reader]) -> Report:
    """Check a rulebook folder or an overlay; ``read`` makes, for a rulebook, what reads the patients of its cases."""
    try:
        source = opened(folder)
    except RulebookError as error:
        return Report(None, 0, 0, (), tuple(map(_unplaced, error.faults)), 0)
    examined = examine(source)
    if examined.found or examined.program is None:
        faults = tuple(sorted((_refused(source, *each) for each in examined.found), key=lambda each: each.order))
        return Report(None, 0, 0, (), faults, 0)
    rulebook = Rulebook(finished(source, examined.data))
    walk = rulebook.walk
    tried = tuple(cases.try_all(examined.data["rules"], walk, read(rulebook)))
    book = Book(examined.data | {"parameters": rulebook.data["parameters"]}, walk.program, tried, walk.evaluate({}))
    found = [_softened(source, each) for look in _LOOKS for each in look(book) if _concerns(source, each)]
    found += _of_the_overlay(source, book)
    kept, allowed = _without_allowed(source, book, found)
    findings = sorted((_placed(source, each) for each in kept), key=lambda each: each.order)
    identity = {"id": rulebook.id, "version": rulebook.version, "sha256": rulebook.sha256}
    return Report(identity, len(book.program.rules), len(tried), _changes(source), tuple(findings), allowed)


# ---- what an overlay changes ----------------------------------------------------------------------------------------


def _changes(source: Source | Overlaid) -> tuple[str, ...]:
    return tuple(lines(source.changes)) if isinstance(source, Overlaid) else ()


def _concerns(source: Source | Overlaid, found: Found) -> bool:
    return found.kind not in COVERAGE or not isinstance(source, Overlaid) or source.is_own(found.route)


def _softened(source: Source | Overlaid, found: Found) -> Found:
    """A case of an unchanged rule that fails under an overlay is what the overlay was made for: told, not refused."""
    if found.kind == "case-fails" and isinstance(source, Overlaid) and not source.is_own(found.route):
        return found._replace(
            kind="case-differs", message=f"under this overlay it is answered otherwise: {found.message}"
        )
    return found


def _of_the_overlay(source: Source | Overlaid, book: Book) -> Iterator[Found]:
    if not isinstance(source, Overlaid):
        return
    written_for = source.part.data.get("written_for")
    if written_for not in {None, source.base.data["version"]}:
        message = f"was written for {written_for}, and lies over {source.base.data['version']}"
        yield Found("written-for", ("overlay", "written_for"), message, "read what changed, then raise it")
    for name in source.part.data["parameters"]:
        again = [each for each, profile in book.data["profiles"].items() if name in profile["parameters"]]
        if again:
            message = f"does not count under the profile {' and '.join(again)}, which replaces it again"
            yield Found("profile-overrules", ("parameters", name), message)


# ---- what is right as it is -----------------------------------------------------------------------------------------


def _without_allowed(source: Source | Overlaid, book: Book, found: Sequence[Found]) -> tuple[list[Found], int]:
    """Leave out the warnings that the rulebook allows, with its reasons; an allowance nobody needs is one itself."""
    wanted = {(entry["finding"], name) for entry in book.data["allowed"] for name in entry["at"]}
    used: set[tuple[str, str]] = set()
    kept = []
    for each in found:
        keys = {(each.kind, word) for word in path_to(source, each.route).split(": ")}
        if KINDS[each.kind] == "warning" and keys & wanted:
            used |= keys & wanted
        else:
            kept.append(each)
    return [*kept, *_idle_allowances(source, book, used)], len(found) - len(kept)


def _idle_allowances(source: Source | Overlaid, book: Book, used: set[tuple[str, str]]) -> Iterator[Found]:
    for at, entry in enumerate(book.data["allowed"]):
        kind = entry["finding"]
        if isinstance(source, Overlaid) and not source.is_own(("allowed", at)):
            continue  # what the package allows may well be gone under an overlay
        for name in entry["at"]:
            if (kind, name) not in used:
                hint = did_you_mean(kind, KINDS) if kind not in KINDS else None
                yield Found("allowance-unused", ("allowed", at), f"no {kind} is found at {name!r}", hint, name)


# ---- where it stands ------------------------------------------------------------------------------------------------


def _unplaced(fault: Fault) -> Finding:
    first, *drawing = fault.message.split("\n")
    return Finding("error", fault.code, first, fault.file, fault.line, None, fault.path, tuple(drawing), fault.hint)


def _refused(source: Source | Overlaid, route: Route, message: str, hint: str | None) -> Finding:
    """What loading refuses; a fault in an expression brings its own drawing."""
    found = _placed(source, Found(_DOES_NOT_LOAD, route, message, hint))
    if hint and "\n" in hint:
        return found._replace(excerpt=tuple(hint.split("\n")), hint=None)
    return found


def _placed(source: Source | Overlaid, found: Found) -> Finding:
    severity = KINDS.get(found.kind, "error")
    path = path_to(source, found.route)
    at = source.place(found.route)
    if at is None:
        return Finding(severity, found.kind, found.message, path=path, hint=found.hint)
    number, line, start, end = at.line, source.line(at.file, at.line), at.start, at.end
    if found.needle and (place := _sought(source, at.file, at.line, found.needle)):
        number, line, start, end = place
    excerpt = _drawn(line, start, end)
    return Finding(severity, found.kind, found.message, at.file, number, start + 1, path, excerpt, found.hint)


def _sought(source: Source | Overlaid, file: str, line: int, needle: str) -> tuple[int, str, int, int] | None:
    """Find the words in their line or in one that a long text goes on to; at least the first of them."""
    lines = list(_lines_from(source, file, line))
    for words in (needle, needle.partition(" ")[0]):
        for number, text in lines:
            if found := re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text):
                return number, text, found.start(), found.end()
    return None


def _lines_from(source: Source | Overlaid, file: str, line: int) -> Iterator[tuple[int, str]]:
    for number in range(line, line + _LONGEST):
        try:
            yield number, source.line(file, number)
        except IndexError:
            return


def _drawn(line: str, start: int, end: int) -> tuple[str, ...]:
    """Draw the line with a caret beneath, the part of a long one that has the fault in it."""
    indent = len(line) - len(line.lstrip())
    first = max(min(indent, start), end - _WIDEST)
    before, after = "…" if first > indent else "", "…" if len(line) > first + _WIDEST else ""
    shown = before + line[first : first + _WIDEST].rstrip() + after
    return shown, " " * (start - first + len(before)) + "~" * (end - start - 1) + "^"


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    counts = {kind: sum(found.severity == kind for found in report.findings) for kind in ("error", "warning")}
    head = {"format": 1, "rulebook": report.rulebook, "rules": report.rules, "cases": report.cases}
    told = {"errors": counts["error"], "warnings": counts["warning"], "allowed": report.allowed}
    findings = [{**found._asdict(), "excerpt": list(found.excerpt)} for found in report.findings]
    return {**head, **told, "changes": list(report.changes), "findings": findings}
