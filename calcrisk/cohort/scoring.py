"""A table of patients, scored: our SELECT for every row it can read, the walk for one patient for every other.

A row is *odd* when a cell says something that plain SQL does not read: a unit in the cell, a censored number, a word
for a number, a contradiction, an impossible value. Such a row goes through the same reader as a document does, and is
assessed or refused in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.cohort.engine import file_text, name, text
from calcrisk.cohort.lists import MANY, mask_columns, texts, word_type
from calcrisk.cohort.tables import FILE, OURS, PLACE, is_parquet
from calcrisk.rules.sql.select import LISTS, Wish, select
from calcrisk.rules.sql.statement import statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.cohort.engine import Engine
    from calcrisk.cohort.tables import Table
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.sql.select import Select
    from calcrisk.rules.sql.states import Source

_SAMPLE: Final = 100_000  # rows that tell whether combinations are few
_WIDE: Final = 24  # inputs from which on answers are kept also where they do not fit into memory
_FITTING: Final = 4_000_000  # answers that do
_TOGETHER: Final = 512  # odd rows that are answered together
_UNUSUAL: Final = "calcrisk_unusual"
_YES_NO: Final = ("settled", "at_or_above", "ionised_calcium_measured")
_NUMBERS: Final = ("ca_p_product", "corrected_ca_p_product", "ionised_calcium_mmol_l", "brushite_at_phosphate_mg_dl")
_INDEX: Final = "si_"  # saturation indices
_VALUE: Final = "__value"
_TYPES: Final = {"number": "DOUBLE", "yesno": "BOOLEAN"}
ASSUMED: Final = "assumed"  # the column of a map's assumptions
_KEYS: Final = ("source", "index", "id", ASSUMED)

Cells = dict[str, Any]
Solve = Callable[[Iterable[Any], Sequence[str]], Iterator[Any]]


class Staged(NamedTuple):
    """How the rules see a table: where each input comes from, which column is the id, which rows are odd."""

    sources: Mapping[str, Source]
    id: str  # an SQL expression; NULL where there is none
    odd: str | None  # a condition that is never NULL
    assumed: Mapping[str, object]  # of every row
    unusual: Mapping[str, str]  # by an input and its unit: whether a number is used though unusual

    @property
    def assumptions(self) -> str:
        """The assumptions in one text."""
        return "; ".join(f"{name}: {value}" for name, value in self.assumed.items())


class Counts(NamedTuple):
    """How many rows there are, and how many of them the reader of documents has to read."""

    rows: int
    odd: int


class Cohort:
    """One table on its way: ``survey`` it, ``answer`` its odd rows, then ``query`` the whole."""

    def __init__(  # noqa: PLR0913  # what a table, its reading and its answer are made of
        self,
        engine: Engine,
        book: Rulebook,
        table: Table,
        staged: Staged,
        columns: Sequence[str],
        inputs: Sequence[str] = (),
    ) -> None:
        """``columns`` are those of the answer that are wanted, in order, ``inputs`` those of them that are inputs."""
        self._engine, self._book, self._table, self._staged = engine, book, table, staged
        self._columns = columns
        self._inputs = types(book, inputs)
        self._lists = frozenset(LISTS) & frozenset(columns)
        words = (*book.data["classes"], *book.data["tier_names"], *book.data["levels"])
        self._word = word_type(engine, words)
        self._masks = bool(self._lists - {"settled"}) and self._combinations_are_few()
        self._chosen = self._select(masks=self._masks)
        self._whole = self._statement(self._chosen, self._table.relation)
        self._joined: list[str] = []
        self._unsolved: Sequence[str] = ()
        self.counts = Counts(0, 0)

    def _select(self, *, masks: bool) -> Select:
        wish = Wish(self._lists, masks, self._written, tuple(self._inputs), booleans=True)
        return select(self._book, self._staged.sources, wish)

    def _written(self, word: str) -> str:
        return f"CAST({text(word)} AS {self._word})"

    @property
    def _unusual(self) -> str:
        """Which numbers of a row are unusual, as the bits of one."""
        bits = (f"CASE WHEN {when} THEN {1 << at} ELSE 0 END" for at, when in enumerate(self._staged.unusual.values()))
        return " + ".join(bits) or "0"

    def _statement(self, chosen: Select, relation: str) -> str:
        odd = f"CASE WHEN {self._staged.odd} THEN 1 ELSE 0 END" if self._staged.odd else "0"
        keys = {"calcrisk_id": self._staged.id, "calcrisk_odd": odd, _UNUSUAL: self._unusual}
        keys |= {each: each for each in (FILE, PLACE, *self._table.order)}
        return statement(chosen, f"{relation} AS patients", keys, comments=False)

    def _combinations_are_few(self) -> bool:
        chosen = self._select(masks=True)
        some = self._statement(chosen, f"(SELECT * FROM {self._table.relation} LIMIT {_SAMPLE})")
        masks = ", ".join(mask_columns(chosen)) or "1"
        ((found,),) = self._engine.rows(f"SELECT count(*) FROM (SELECT DISTINCT {masks} FROM ({some}))")
        return bool(found < MANY)

    # ---- the first pass ----------------------------------------------------------------------------------------------

    def survey(self, advance: Callable[[float], None], *, tallied: bool) -> None:
        """Count the rows, odd or not, by the masks of their lists, and if ``tallied`` by class and tiers as well.

        Where there are masks, the answers are kept, or every row would have to be answered once more later.
        """
        kept = self._masks and self._are_worth_keeping()
        if kept:
            self._keep(advance)
        shared = ["calcrisk_odd", _UNUSUAL, *(self._tallied() if tallied else ()), *mask_columns(self._chosen)]
        counted = f"SELECT {', '.join(shared)}, count(*) AS patients FROM ({self._whole}) GROUP BY ALL"
        groups = f"CREATE TEMP TABLE groups AS {counted}"
        if kept:
            self._engine.rows(groups)
        else:
            self._engine.watched(groups, advance)
        ((rows, odd),) = self._engine.rows(
            "SELECT coalesce(sum(patients), 0), coalesce(sum(patients * calcrisk_odd), 0) FROM groups"
        )
        self.counts = Counts(int(rows), int(odd))

    def _keep(self, advance: Callable[[float], None]) -> None:
        """Answer every row, and read the answers from then on."""
        self._engine.watched(f"CREATE TEMP TABLE answers AS {self._whole}", advance)
        # Beside them a row of nothing, never read: a column without any NULL would be written as one that can hold
        # none, and the schema of a Parquet file would hang on its data.
        self._engine.rows("INSERT INTO answers (calcrisk_odd) VALUES (0)")
        self._whole = f"SELECT * FROM answers WHERE {FILE} IS NOT NULL"

    def _are_worth_keeping(self) -> bool:
        """Whether keeping the answers costs less than working them out again (measured: docs/performance.md).

        It does when they fit into memory, when many inputs are read, and when text would have to be read again.
        """
        if len(self._staged.sources) >= _WIDE or not all(map(is_parquet, self._table.files)):
            return True
        ((rows,),) = self._engine.rows(f"SELECT count(*) FROM {self._table.relation}")
        return bool(rows <= _FITTING)

    def unusual(self) -> dict[str, int]:
        """Count the unusual numbers, by the input and its unit, after the survey."""
        rows = self._engine.rows(f"SELECT {_UNUSUAL}, sum(patients) FROM groups WHERE {_UNUSUAL} > 0 GROUP BY ALL")
        counts = {
            each: sum(int(patients) for bits, patients in rows if int(bits) >> at & 1)
            for at, each in enumerate(self._staged.unusual)
        }
        return {each: count for each, count in counts.items() if count}

    def repeated_ids(self) -> int:
        """Count the ids that stand in more than one row."""
        ids = f"SELECT calcrisk_id FROM ({self._whole}) WHERE trim(calcrisk_id) <> '' GROUP BY ALL HAVING count(*) > 1"
        ((count,),) = self._engine.rows(f"SELECT count(*) FROM ({ids})")
        return int(count)

    # ---- odd rows ----------------------------------------------------------------------------------------------------

    def odd_rows(self) -> Iterator[list[dict[str, Any]]]:
        """Give the odd rows, some at a time, with the table's own columns and ``OURS``."""
        yield from self._raw(f"WHERE {self._staged.odd}{_sorted(self._table.order)}")

    def _raw(self, which: str) -> Iterator[list[dict[str, Any]]]:
        columns = [*OURS, *self._table.columns]
        shown = ", ".join(map(name, columns))
        query = f"SELECT {shown} FROM {self._table.relation} AS patients {which}"
        for rows in self._engine.some(query, _TOGETHER):
            yield [dict(zip(columns, row, strict=True)) for row in rows]

    def begin_answers(self) -> None:
        """Make room for the answers to odd rows."""
        kinds = {column: self._kind(column) for column in self._columns if column not in _KEYS}
        columns = ", ".join(f"{_odd(column)} {kind}" for column, kind in kinds.items())
        self._engine.rows(f"CREATE TEMP TABLE odd ({FILE} INTEGER, {PLACE} BIGINT, {columns})")

    def answer(self, rows: Sequence[Mapping[str, Any]], cells: Sequence[Cells]) -> None:
        """Keep the answers to odd rows: the cells of each, by the names of the columns."""
        kept = [column for column in self._columns if column not in _KEYS]
        lists: list[list[Any]] = [[row[FILE] for row in rows], [row[PLACE] for row in rows]]
        lists += [[one.get(column) for one in cells] for column in kept]
        kinds = ["INTEGER", "BIGINT", *map(self._kind, kept)]
        values = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in kinds)
        self._engine.rows(f"INSERT INTO odd SELECT {values}", lists)

    # ---- the chemistry -----------------------------------------------------------------------------------------------

    def add_chemistry(self, columns: Sequence[str], inputs: Sequence[str], solve: Solve) -> None:
        """Let ``solve`` give ``columns`` of the rows that SQL reads, from record batches of ``inputs``."""
        chosen = select(self._book, self._staged.sources, Wish(frozenset(), inputs=tuple(inputs)))
        held = [column.name for column in chosen.answer if column.name.endswith(_VALUE)]
        shown = ", ".join(f"CAST({column} AS DOUBLE) AS {column.removesuffix(_VALUE)}" for column in held)
        whole = self._statement(chosen, self._table.relation)
        query = f"SELECT {FILE}, {PLACE}, {shown} FROM ({whole}) WHERE calcrisk_odd = 0"
        if self._engine.through(query, lambda batches: solve(batches, (FILE, PLACE)), "chemistry"):
            self._joined.append("chemistry")
        else:  # SQL reads no row
            self._unsolved = columns

    # ---- the whole ---------------------------------------------------------------------------------------------------

    def query(self) -> str:
        """Write the query that gives every row under the wanted columns, in the order of the table."""
        told = self._plain()
        if self.counts.odd:
            self._joined.append("odd")
            told = {column: self._either(column, told[column]) for column in self._columns}
        shown = ", ".join(f"{told[column]} AS {name(column)}" for column in self._columns)
        joins = "".join(f" LEFT JOIN {other} USING ({FILE}, {PLACE})" for other in self._joined)
        order = self._table.order or ((FILE, PLACE) if joins else ())  # a join gives rows in any order
        return f"SELECT {shown} FROM ({self._whole}){joins}{_sorted(order)}"

    def worst(self, count: int) -> Iterator[list[dict[str, Any]]]:
        """Give so many of the rows that SQL reads, those of the highest tiers first; 0 for all."""
        tiers = [f"{tier}_tier" for tier in self._book.data["tiers"]]
        places = self._book.data["tier_names"]
        ranks = (f"list_position({list(places)!r}, CAST({tier} AS VARCHAR)) DESC NULLS LAST" for tier in tiers)
        order = ", ".join([*ranks, *(self._table.order or (FILE, PLACE))])
        limit = f" LIMIT {count}" if count else ""
        first = f"SELECT {FILE}, {PLACE} FROM ({self._whole}) WHERE calcrisk_odd = 0 ORDER BY {order}{limit}"
        yield from self._raw(
            f"SEMI JOIN ({first}) USING ({FILE}, {PLACE}){_sorted(self._table.order or (FILE, PLACE))}"
        )

    def _either(self, column: str, plain: str) -> str:
        if column in _KEYS:
            return plain
        kind = self._kind(column)
        return f"CASE WHEN calcrisk_odd = 1 THEN {_odd(column)} ELSE CAST({plain} AS {kind}) END"

    def _kind(self, column: str) -> str:
        return kind_of(column, self._inputs)

    def _plain(self) -> dict[str, str]:
        """Return the expression of each column for the rows that SQL reads."""
        ours = {"source": self._source, "index": PLACE, "id": "calcrisk_id", "status": "'scored'", "errors": "NULL"}
        ours |= {"rulebook_sha256": text(self._book.sha256), ASSUMED: text(self._staged.assumptions)}
        found = {column: column for column in (*self._columns, *(part.name for part in self._chosen.answer))}
        found |= {column: f"CAST({column} AS BOOLEAN)" for column in _YES_NO if column in found}
        found |= {column: self._shown(column, kind) for column, kind in self._inputs.items()}
        found |= dict.fromkeys(self._unsolved, "NULL")
        return found | ours | (texts(self._engine, self._chosen, "groups") if self._masks else {})

    @property
    def _source(self) -> str:
        """Return the file of a row, which is not carried along: as a text it takes more room than many an answer."""
        first, *others = files = list(map(text, self._table.files))
        return f"CAST([{', '.join(files)}] AS VARCHAR[])[{FILE} + 1]" if others else first

    def _shown(self, column: str, kind: str) -> str:
        """Return an input as the rules see it; one that the table does not have is no column of the statement."""
        held = f"{column}{_VALUE}"
        there = any(part.name == held for part in self._chosen.answer)
        return f"CAST({held if there else 'NULL'} AS {kind})"

    def _tallied(self) -> list[str]:
        return ["classification", *(f"{tier}_tier" for tier in self._book.data["tiers"])]

    def tallies(self) -> Iterable[tuple[Any, ...]]:
        """Give the class, the tiers and the number of each group of the rows that SQL read, from the survey."""
        shown = ", ".join(self._tallied())
        return self._engine.rows(f"SELECT {shown}, sum(patients) FROM groups WHERE calcrisk_odd = 0 GROUP BY ALL")

    def tallies_of(self, answers: str) -> Iterable[tuple[Any, ...]]:
        """Give the same from the Parquet file that was written: to read it is cheaper than to score every row twice."""
        shown = self._tallied()
        every = f"SELECT {', '.join(shown)}, 1 AS patients FROM read_parquet({file_text(answers)})"
        if self.counts.odd:  # they were answered one by one, and counted
            every += f" UNION ALL SELECT {', '.join(map(_odd, shown))}, -1 FROM odd"
        counted = f"SELECT {', '.join(shown)}, sum(patients) AS patients FROM ({every}) GROUP BY ALL"
        return self._engine.rows(f"SELECT * FROM ({counted}) WHERE patients > 0")


def kind_of(column: str, inputs: Mapping[str, str]) -> str:
    """Return the type of a column of the answer; ``inputs`` has the types of those that are inputs."""
    if column == "index":
        return "BIGINT"
    if column in _YES_NO:
        return "BOOLEAN"
    plain = "DOUBLE" if column in _NUMBERS or column.startswith(_INDEX) else "VARCHAR"
    return inputs.get(column, plain)


def types(book: Rulebook, inputs: Iterable[str]) -> dict[str, str]:
    """Return the types of the columns of some inputs."""
    known = book.walk.program.inputs
    return {name: _TYPES.get(known[name].spec["kind"], "VARCHAR") for name in inputs}


def _sorted(columns: Sequence[str]) -> str:
    return f" ORDER BY {', '.join(columns)}" if columns else ""


def _odd(column: str) -> str:
    return name(f"odd_{column}")
