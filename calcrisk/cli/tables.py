"""``calcrisk batch`` over tables: one row a patient, scored where it lies, written with one row a patient."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.assessment import Refused
from calcrisk.batch import outcomes
from calcrisk.cli.extra import add_to_table, require_arrow, with_chemistry
from calcrisk.cli.output import is_terminal, print_page
from calcrisk.cli.parquet import placed, require_parquet
from calcrisk.cli.progress import Watch
from calcrisk.cohort.beside import disagreeing, said_beside, unit_columns, unread_units
from calcrisk.cohort.columnmap import plain_map
from calcrisk.cohort.engine import engine, require, text
from calcrisk.cohort.found import notices
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.parquet import made_with, options
from calcrisk.cohort.printing import unread
from calcrisk.cohort.scoring import ASSUMED, Cohort
from calcrisk.cohort.staging import staged
from calcrisk.cohort.suggest import likely_inputs
from calcrisk.cohort.tables import opened, table_files, telling_rows
from calcrisk.cohort.textfile import ASIDE, TEXTS, aside, copied
from calcrisk.errors import Fault, InputError, UsageError
from calcrisk.inputs.earlier import refuse_overwriting
from calcrisk.render.faults import show
from calcrisk.render.overview import Overview, Scale, line
from calcrisk.render.rows import CHEMISTRY, cells, columns, of_history
from calcrisk.render.words import clean, plural
from calcrisk.rules.sql.select import LISTS
from calcrisk.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcrisk.assessment import Assessment
    from calcrisk.cohort.columnmap import ColumnMap
    from calcrisk.cohort.engine import Engine
    from calcrisk.cohort.tables import Table
    from calcrisk.rules.rulebook import Rulebook

_PASSES: Final = 3  # over a table: the survey, the rows that SQL does not read, the answers
_TOLD: Final = 20  # refused rows that are told one by one
_ELSEWHERE: Final = "answers as CSV, JSON, NDJSON or Parquet have all of them, each with its errors"


class Tables(NamedTuple):
    """What is wanted of tables."""

    form: str
    output: str | None
    jobs: int | None
    limits: Mapping[str, frozenset[str]]  # the tiers that --fail-on looks for
    strict: bool
    top: int
    lists: bool
    footer: tuple[str, str]
    map: str | None
    chemistry: bool
    history: bool
    as_of: str | None  # the day (ISO) that the answers speak of


class Ended(NamedTuple):
    """What came of a table: how many rows of each kind, and whether all of them were written."""

    scored: int
    refused: int
    reached: int


class _StrictError(Exception):
    """The first refused row, when none may be refused."""


def run(paths: Sequence[str], book: Rulebook, wanted: Tables) -> Ended:
    """Score every row of every table and write the answers; raises ``CalcriskError``, before it writes anything."""
    require()
    if wanted.form == "parquet":
        require_parquet(wanted.output)
    if wanted.chemistry:
        require_arrow()
    files, earlier = table_files(paths, lines=wanted.map is not None, output=wanted.output)
    refuse_overwriting(files, wanted.output)
    if earlier:
        tell(clean(f"answers of calcrisk, passed over: {', '.join(earlier)}") + "\n")
    with engine(wanted.jobs) as at_work, telling_rows(files):
        work = _Work(at_work, files, book, wanted)
        with closing(work.watch), suppress(_StrictError):
            work.read()
            work.write()
        return work.ended


class _Work:
    """One table from its columns to its answers."""

    def __init__(self, at_work: Engine, files: Sequence[str], book: Rulebook, wanted: Tables) -> None:
        self._engine, self._book, self._wanted = at_work, book, wanted
        column_map, table = read_map(wanted.map) if wanted.map else None, opened(at_work, files)
        for name in table.left_out:
            tell(clean(f"the column {name!r} is not read: names like it are of calcrisk itself") + "\n")
        if column_map is not None and column_map.long is not None:
            column_map.widened(table.columns)  # it has every column that is counted
            for each in notices(at_work, table, column_map.long):
                tell(clean(each) + "\n")
        self._table, self._staged, self._reader = staged(table, column_map, book, at_work.held, wanted.as_of)
        if column_map is None or not self._table.order:
            self._look_beside(column_map or plain_map(table.columns, table.files[0]), by_map=column_map is not None)
        if column_map is None:
            self._tell_unread(table)
        names = columns(book.data["tiers"], [entry["name"] for entry in book.data["mechanisms"]])
        names += CHEMISTRY if wanted.chemistry else ()
        self._panels = of_history(book.data) if wanted.history else {}
        names += self._panels
        names += (ASSUMED,) if self._staged.assumed else ()
        lists = wanted.lists and wanted.form != "table"  # which shows none
        self._columns = [column for column in names if lists or column not in LISTS]
        self._cohort = Cohort(at_work, book, self._table, self._staged, self._columns, tuple(self._panels))
        passes = _PASSES + (wanted.form in TEXTS)  # which are written once more, as text
        self.watch = Watch(passes, shown=wanted.form == "table" or not is_terminal(wanted.output))
        self._scale = Scale(tuple(book.data["tier_names"]), tuple(book.data["classes"]))
        labels = [tier["label"] for tier in book.data["tiers"].values()]
        self._page = Overview(self._scale, labels, wanted.footer, wanted.top)
        self._order = {entry["name"]: at for at, entry in enumerate(book.data["variables"])}
        self._scored = self._refused = self._reached = 0

    @staticmethod
    def _tell_unread(table: Table) -> None:
        """Say of columns that are nearly named as an input that they are not read."""
        of_units = unit_columns(table.columns)  # which are looked at by themselves
        others = (each for each in unread(table.columns, None) if each not in of_units)
        for name, hint in likely_inputs(others).items():
            tell(f"the column {name!r} is not read: {hint}\n")

    def _look_beside(self, mapped: ColumnMap, *, by_map: bool) -> None:
        """Refuse a table whose own columns of units say otherwise than is read; where a map says so, tell it."""
        found = list(unread_units(mapped, self._table.columns))
        said = said_beside(self._engine, self._table.relation, found)
        faults = list(disagreeing(found, said, self._table.files[0]))
        if faults and not by_map:
            raise UsageError(faults)
        for fault in faults:
            tell(clean(fault.message) + ", as the map says\n")

    @property
    def ended(self) -> Ended:
        return Ended(self._scored, self._refused, self._reached)

    @property
    def _is_parquet(self) -> bool:
        return self._wanted.form == "parquet"

    # ---- reading -----------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Survey the table, and answer the rows that SQL does not read."""
        self._cohort.survey(lambda share: self.watch.advance(share, 0), tallied=not self._is_parquet)
        for what, count in self._cohort.unusual().items():
            self.watch.tell(f"{what}: {self._unusual(count)}\n")
        if self._cohort.counts.odd:
            self._read_odd()
        else:
            self.watch.advance(1, self._cohort.counts.rows)
        if self._wanted.chemistry:
            add_to_table(self._cohort)
        if not self._is_parquet:
            self._count(self._cohort.tallies())

    def _read_odd(self) -> None:
        self._cohort.begin_answers()
        odd = self._cohort.counts.odd
        for rows in self._cohort.odd_rows():
            answers = self._solved(list(map(_with_row, outcomes(map(self._reader, rows), self._book))))
            self._cohort.answer(rows, [cells(answer, self._order, self._panels) for answer in answers])
            self._take(answers)
            self.watch.advance(len(rows) / odd, self._scored + self._refused)
        if (more := self._refused - _TOLD) > 0:
            self.watch.tell(f"and {more:,} more refused {'row' if more == 1 else 'rows'}: {_ELSEWHERE}\n")

    def _unusual(self, count: int) -> str:
        rows = self._cohort.counts.rows
        asked = "; is that the unit?" if count * 2 > rows else ""
        return f"{plural(count, 'unusual value')} in {plural(rows, 'row')}, used as written{asked}"

    def _solved(self, answers: list[Assessment | Refused]) -> list[Assessment | Refused]:
        return with_chemistry(answers) if self._wanted.chemistry else answers

    def _take(self, answers: Sequence[Assessment | Refused]) -> None:
        for answer in answers:
            if isinstance(answer, Refused):
                self._refused += 1
                self._tell(answer)
            else:
                self._scored += 1
                tiers = {question: part.tier for question, part in vars(answer.risk).items()}
                self._reached += self._reaches(tiers)
        self._page.add(line(answer, self._scale, is_row=True) for answer in answers)

    def _tell(self, refused: Refused) -> None:
        if self._refused <= _TOLD:
            self.watch.tell(show(InputError(Fault(**error) for error in refused.errors)))  # type: ignore[arg-type]  # made of faults
        if self._wanted.strict:
            raise _StrictError

    def _reaches(self, tiers: Mapping[str, str | None]) -> bool:
        return any(tiers[question] in reached for question, reached in self._wanted.limits.items())

    def _count(self, tallies: Iterable[tuple[Any, ...]]) -> None:
        questions = tuple(self._book.data["tiers"])
        for classification, *tiers, patients in tallies:
            held = dict(zip(questions, tiers, strict=True))
            self._scored += int(patients)
            self._reached += self._reaches(held) * int(patients)
            ranks = [self._scale.tiers.index(tier) if tier else -1 for tier in tiers]
            self._page.count(classification, ranks, int(patients))

    # ---- writing -----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the page, or every row."""
        if self._wanted.form == "table":
            for rows in self._cohort.worst(self._wanted.top):
                found = outcomes(map(self._reader, rows), self._book)
                self._page.keep(line(answer, self._scale, is_row=True) for answer in found)
            is_long = bool(self._table.order)  # of which each patient has several draws
            self._page.count_repeated(0 if is_long else self._cohort.repeated_ids())
            self.watch.close()  # or it would be drawn over the page, and taken away with a line of it
            print_page(self._page.print_to, self._wanted.output)
            return
        with placed(self._wanted.output) as path:
            if self._is_parquet:
                self._copy(f"COPY ({self._cohort.query()}) TO {text(path)} ({self._made_with()})")
                self._count(self._cohort.tallies_of(path))
                return
            with aside() as answers:
                self._copy(f"COPY ({self._cohort.query()}) TO {text(answers)} ({ASIDE})")
                self._copy(copied(answers, self._columns, path, self._wanted.form))

    def _copy(self, statement: str) -> None:
        self._engine.watched(statement, lambda share: self.watch.advance(share, self._cohort.counts.rows))

    def _made_with(self) -> str:
        """Say how the Parquet file is written: with what its answers were made with."""
        book = self._book
        return options(made_with(f"{book.id} {book.version} {book.sha256}", book.profile, self._staged.assumed))


def _with_row(answer: Assessment | Refused) -> Assessment | Refused:
    """Say in which row of the table the errors of a refused patient lie; rows count from 1."""
    if not isinstance(answer, Refused):
        return answer
    errors = tuple({**error, "row": (answer.index or 0) + 1} for error in answer.errors)
    return Refused.of({**vars(answer), "errors": errors})
