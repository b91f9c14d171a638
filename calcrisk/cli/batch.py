"""``calcrisk batch``: find, assess or refuse each patient, write in the order of the inputs, say what was refused."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk._version import __version__
from calcrisk.assessment import Refused
from calcrisk.batch import outcomes
from calcrisk.cli.assess import as_date
from calcrisk.cli.formats import chosen_format
from calcrisk.cli.jobs import in_order
from calcrisk.cli.output import encoded, is_terminal, print_page, require_writable, writing
from calcrisk.cli.progress import Watch
from calcrisk.cli.rulebooks import load
from calcrisk.cli.signals import ending_cleanly, exit_code, uninterrupted
from calcrisk.errors import Fault, InputError, UsageError, did_you_mean
from calcrisk.inputs.sources import find, names_tables
from calcrisk.render import words
from calcrisk.render.faults import show
from calcrisk.render.json import to_line
from calcrisk.render.overview import Overview, Scale, line
from calcrisk.render.rows import cells, columns, header, of_history, row
from calcrisk.rules.rulebook import Rulebook
from calcrisk.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from calcrisk.assessment import Assessment
    from calcrisk.inputs.sources import Found, Unit
    from calcrisk.render.overview import Line, RefusedLine
    from calcrisk.render.rows import Cell

_FORMATS: Final = ("table", "csv", "json", "ndjson", "parquet")
_AT_A_LIMIT: Final = 3  # the exit code when --fail-on was reached
_TOGETHER = 32  # patients whose answers travel and are written together
_SOLVED_TOGETHER = 256  # the same with the chemistry, which is solved for many in hardly more time than for one


class Wanted(NamedTuple):
    """How the answers are wanted."""

    format: str | None
    json: bool
    output: str | None
    jobs: int | None
    fail_on: Sequence[str]
    strict: bool
    as_of: str | None
    top: int
    chemistry: bool = False
    history: bool = False
    map: str | None = None
    lists: bool = True
    engine: str = "duckdb"
    master: str | None = None


def run(paths: Sequence[str], wanted: Wanted, *, profile: str | None, rulebook: str | None) -> int:
    """Assess every patient and give the exit code; raises ``CalcriskError`` for a wrong call, before it reads."""
    form = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json)
    as_of = as_date(wanted.as_of)
    book = load(rulebook, profile)
    limits = _limits(wanted.fail_on, book)
    _require_room(form, {"--chemistry": wanted.chemistry, "--history": wanted.history})
    if wanted.engine != "duckdb" or wanted.master:
        return _run_spark(paths, wanted, book, form, limits)
    require_writable(wanted.output)
    if wanted.map or names_tables(paths):
        return _run_tables(paths, wanted, book, form, limits)
    if form == "parquet":
        from calcrisk.cli.parquet import require_parquet

        require_parquet(wanted.output)
    scoring = Scoring(book, form, as_of, limits, strict=wanted.strict)
    if wanted.chemistry:
        from calcrisk.cli.extra import require

        require()
        scoring.add_chemistry()
    if wanted.history:
        scoring.add_history()
    found = find(paths, wanted.output)
    tally = _Tally(wanted.fail_on)
    try:
        with ending_cleanly(), suppress(_RefusedError), closing(_pieces(found, scoring, wanted, tally)) as pieces:
            _write(pieces, scoring, wanted)
    except KeyboardInterrupt as ended:
        tell(f"interrupted: {tally}\n")
        return exit_code(ended)
    tell(_passed_over(found))
    tell(f"{tally}\n")
    return tally.exit_code


def _require_room(form: str, columns: Mapping[str, bool]) -> None:
    """Raise ``UsageError`` when columns are asked of the table for reading, which has no room for them."""
    for option in [option for option, said in columns.items() if said and form == "table"]:
        message, hint = f"the table has no room for what {option} adds", "choose --format csv, json or ndjson"
        raise UsageError([Fault(code="format-conflict", message=message, path=option, hint=hint)])


def _run_tables(
    paths: Sequence[str], wanted: Wanted, book: Rulebook, form: str, limits: Mapping[str, frozenset[str]]
) -> int:
    """Score tables, and give the exit code."""
    from calcrisk.cli import tables

    asked = tables.Tables(
        form=form,
        output=wanted.output,
        jobs=wanted.jobs,
        limits=limits,
        strict=wanted.strict,
        top=wanted.top,
        lists=wanted.lists,
        footer=_footer(book),
        map=wanted.map,
        chemistry=wanted.chemistry,
        history=wanted.history,
        as_of=as_date(wanted.as_of),
    )
    try:
        with ending_cleanly():
            ended = tables.run(paths, book, asked)
    except KeyboardInterrupt as stopped:
        tell("interrupted: nothing was written\n")
        return exit_code(stopped)
    tally = _Tally(wanted.fail_on)
    tally.scored, tally.refused, tally.reached = ended
    tell(f"{tally}\n")
    return tally.exit_code


def _run_spark(
    paths: Sequence[str], wanted: Wanted, book: Rulebook, form: str, limits: Mapping[str, frozenset[str]]
) -> int:
    """Score tables on a cluster, and give the exit code."""
    if wanted.engine == "duckdb" and wanted.master:
        hint = "add --engine spark, or leave --master out"
        raise UsageError(
            [Fault(code="option-conflict", message="it is for --engine spark", path="--master", hint=hint)]
        )
    if wanted.engine != "spark":
        message, hint = f"no engine {wanted.engine!r} for this call", "--engine duckdb or --engine spark --master URL"
        raise UsageError([Fault(code="unknown-engine", message=message, path="--engine", hint=hint)])
    from calcrisk.cli import spark

    others = {
        "--strict": wanted.strict,
        "--chemistry": wanted.chemistry,
        "--history": wanted.history,
        "--jobs": wanted.jobs,
        "--as-of": wanted.as_of,
    }
    other = [option for option, said in others.items() if said]
    asked = spark.Asked(form, wanted.output, wanted.master, wanted.map, wanted.lists, limits, other)
    tally = _Tally(wanted.fail_on)
    try:
        with ending_cleanly():
            tally.scored, tally.refused, tally.reached = spark.run(paths, book, asked)
    except KeyboardInterrupt as stopped:
        tell("interrupted: nothing was written\n")
        return exit_code(stopped)
    tell(f"{tally}\n")
    return tally.exit_code


# ---- what is done to each unit of work, perhaps in a process of its own ---------------------------------------------


class Piece(NamedTuple):
    """What came of some patients: their text or lines, their faults as told, how many there are of each kind."""

    text: bytes
    lines: tuple[Line | RefusedLine, ...]
    told: str
    scored: int
    refused: int
    reached: int
    share: float


class Scoring:
    """Assesses the patients of a unit and renders them; what it gives is small enough to be sent to another process."""

    def __init__(
        self, book: Rulebook, form: str, as_of: str | None, limits: Mapping[str, frozenset[str]], *, strict: bool
    ) -> None:
        """Take whatever is the same for every patient; ``limits`` are the tiers that --fail-on looks for."""
        self.book, self.form = book, form
        self._as_of, self._limits, self._strict = as_of, limits, strict
        self._order = {entry["name"]: at for at, entry in enumerate(book.data["variables"])}
        self.scale = Scale(tuple(book.data["tier_names"]), tuple(book.data["classes"]))
        self.columns = columns(book.data["tiers"], [entry["name"] for entry in book.data["mechanisms"]])
        self.chemistry, self.together = False, _TOGETHER
        self._panels: dict[str, bool | None] = {}

    def add_chemistry(self) -> None:
        """Solve the chemistry of the patients as well, many together."""
        from calcrisk.render.rows import CHEMISTRY

        self.chemistry, self.together = True, _SOLVED_TOGETHER
        self.columns += CHEMISTRY

    def add_history(self) -> None:
        """Show what dated panels say, in columns of their own."""
        self._panels = of_history(self.book.data)
        self.columns += self._panels

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what a rulebook makes of itself when it is used: another process makes its own."""
        return self.__dict__ | {"book": Rulebook(self.book.data, self.book.profile)}

    def __call__(self, unit: Unit) -> Iterator[Piece]:
        """Give the pieces of a unit; with ``strict`` they end with the first refused patient."""
        some: list[Assessment | Refused] = []
        for outcome in outcomes(unit.documents(), self.book, self._as_of):
            some.append(outcome)
            if self._strict and isinstance(outcome, Refused):
                break
            if len(some) == self.together:
                yield self._piece(some, 0)
                some = []
        yield self._piece(some, unit.share)

    def _piece(self, some: Sequence[Assessment | Refused], share: float) -> Piece:
        refused = [outcome for outcome in some if isinstance(outcome, Refused)]
        if self.chemistry:
            from calcrisk.chemistry.answer import with_chemistry

            some = with_chemistry(some)
        return Piece(
            text=self._text(some),
            lines=tuple(line(outcome, self.scale) for outcome in some) if self.form == "table" else (),
            told="".join(map(_told, refused)),
            scored=len(some) - len(refused),
            refused=len(refused),
            reached=sum(map(self._is_at_a_limit, some)) if self._limits else 0,
            share=share,
        )

    def _text(self, some: Sequence[Assessment | Refused]) -> bytes:
        if self.form == "csv":
            return encoded("".join(row(outcome, self.columns, self._order, self._panels) for outcome in some))
        if self.form == "ndjson":
            return b"".join(to_line(outcome) for outcome in some)
        if self.form == "parquet":
            return b"".join(_json_line(cells(outcome, self._order, self._panels)) for outcome in some)
        if self.form == "json":
            return b",\n".join(to_line(outcome).rstrip(b"\n") for outcome in some)
        return b""

    def _is_at_a_limit(self, outcome: Assessment | Refused) -> bool:
        if isinstance(outcome, Refused):
            return False
        return any(getattr(outcome.risk, question).tier in tiers for question, tiers in self._limits.items())


def _json_line(row: Mapping[str, Cell]) -> bytes:
    """Write a row for DuckDB; half a character (a byte of a file's name) as its escape, as CSV has it."""
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        whole = {name: encoded(cell).decode() if isinstance(cell, str) else cell for name, cell in row.items()}
        return json.dumps(whole).encode() + b"\n"


def _told(refused: Refused) -> str:
    return show(InputError(Fault(**error) for error in refused.errors))  # type: ignore[arg-type]  # made of faults


def _limits(wishes: Sequence[str], book: Rulebook) -> dict[str, frozenset[str]]:
    """Read ``metastatic=high``: for each question, the tiers at its limit or above, at the lowest where it has two."""
    limits: dict[str, frozenset[str]] = {}
    for wish in wishes:
        question, _, tier = wish.partition("=")
        tiers = book.data["tier_names"]
        _complain_unless_known(question, list(book.data["tiers"]), "question", wish)
        _complain_unless_known(tier, tiers, "tier", wish)
        limits[question] = limits.get(question, frozenset()) | frozenset(tiers[tiers.index(tier) :])
    return limits


def _complain_unless_known(name: str, known: Sequence[str], what: str, wish: str) -> None:
    if name not in known:
        hint = did_you_mean(name, known) or f"write {what}s as one of {', '.join(known)}"
        example = f"--fail-on {wish}"
        message = f"{name!r} is no {what}"
        raise UsageError([Fault(code="unknown-limit", message=message, path=example, hint=hint)])


# ---- what is done with the pieces, in order --------------------------------------------------------------------------


class _RefusedError(Exception):
    """The first refused patient, when none may be refused: leaves no output file behind."""


class _Tally:
    """Counts, and says so in one line."""

    def __init__(self, limits: Sequence[str]) -> None:
        self.scored = self.refused = self.reached = 0
        self._limits = " or ".join(limits)

    def add(self, piece: Piece) -> None:
        self.scored += piece.scored
        self.refused += piece.refused
        self.reached += piece.reached

    @property
    def exit_code(self) -> int:
        return InputError.exit_code if self.refused else _AT_A_LIMIT if self.reached else 0

    def __str__(self) -> str:
        reached = f", {self.reached:,} at {self._limits} or above" if self._limits else ""
        return f"{self.scored:,} scored, {self.refused:,} refused{reached}"


class _Frame(NamedTuple):
    """What stands before, between and behind the pieces of a format."""

    before: bytes = b""
    between: bytes = b""
    behind: bytes = b""


def _write(pieces: Iterator[Piece], scoring: Scoring, wanted: Wanted) -> None:
    if scoring.form == "table":
        _write_overview(pieces, scoring, wanted)
        return
    frame = _frame(scoring)
    with _goal(scoring, wanted) as write:
        _whole(write, frame.before)
        between = b""
        try:
            for piece in pieces:
                if piece.text:
                    text, between = between + piece.text, frame.between
                    _whole(write, text)
        except KeyboardInterrupt:
            write(b"\n" if between else b"")  # what is there ends with a line's end, and shows that it is not all
            raise
        except _RefusedError:
            write(frame.behind)  # all that was read, up to the one refused, for whoever reads on standard output
            raise
        write(frame.behind)


def _write_overview(pieces: Iterator[Piece], scoring: Scoring, wanted: Wanted) -> None:
    page = _overview(scoring, wanted.top)
    try:
        for piece in pieces:
            page.add(piece.lines)
    except _RefusedError:
        if wanted.output is None:
            print_page(page.print_to, None)
        raise
    print_page(page.print_to, wanted.output)


def _goal(scoring: Scoring, wanted: Wanted) -> AbstractContextManager[Callable[[bytes], None]]:
    """Return what the answers are written with: to where they are wanted, or aside, to be made a Parquet file of."""
    if scoring.form != "parquet":
        return writing(wanted.output)
    from calcrisk.cli.parquet import writing_parquet

    return writing_parquet(wanted.output, scoring.book, scoring.columns)


def _whole(write: Callable[[bytes], None], text: bytes) -> None:
    with uninterrupted():
        write(text)


def _frame(scoring: Scoring) -> _Frame:
    if scoring.form == "json":
        return _Frame(b"[\n", b",\n", b"\n]\n")
    return _Frame(encoded(header(scoring.columns))) if scoring.form == "csv" else _Frame()


def _pieces(found: Found, scoring: Scoring, wanted: Wanted, tally: _Tally) -> Generator[Piece]:
    """Give the pieces in order, their faults told and counted; raises _RefusedError behind a refused one."""
    quiet = scoring.form != "table" and is_terminal(wanted.output)  # a bar would stand among the answers
    watch = Watch(found.size, shown=not quiet)
    with closing(in_order(scoring, found.units(), wanted.jobs)) as pieces, closing(watch):
        for piece in pieces:
            tally.add(piece)
            watch.advance(piece.share, tally.scored + tally.refused)
            if piece.told:
                watch.tell(piece.told)
            yield piece
            if wanted.strict and piece.refused:
                raise _RefusedError


def _overview(scoring: Scoring, top: int) -> Overview:
    data = scoring.book.data
    return Overview(scoring.scale, [tier["label"] for tier in data["tiers"].values()], _footer(scoring.book), top)


def _footer(book: Rulebook) -> tuple[str, str]:
    of = f"calcrisk {__version__}, rulebook {book.id} {book.version}, profile {book.profile}"
    return of, words.first_sentence(book.data["notice"])


def _passed_over(found: Found) -> str:
    """Say once what the folders held besides."""
    said = ""
    for what, names in (
        ("answers of calcrisk, passed over", found.answers),
        ("tables, to be named in a call of their own, passed over", found.tables),
        ("hidden, passed over", found.hidden),
        ("no patient documents, passed over", found.others),
        ("reached twice, and read once", found.repeated),
    ):
        said += words.clean(f"{what}: {names}") + "\n" if names.count else ""
    return said
