"""Draws of many patients as one row a patient: its newest usable draw, and what all of them say, by window functions.

The rulebook's section ``history`` says what is measured and fills which input; what each measure means is defined in
``calcrisk.history``, and a property test holds the two to one another. A value that SQL does not read (a unit in the
cell, a bound) counts as not measured among the draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk.cohort.cells import source
from calcrisk.cohort.columnmap import Entry
from calcrisk.cohort.engine import name
from calcrisk.cohort.long import DAYS, RANK
from calcrisk.cohort.tables import FILE, OURS, PLACE, SOURCE, Table
from calcrisk.history.panels import days
from calcrisk.history.usable import PRODUCT
from calcrisk.rules.logic import edges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.past import Look
    from calcrisk.rules.program import Spec

PREFIX: Final = "history__"
_BY_TIME: Final = "PARTITION BY who ORDER BY instant"
_PER_CENT: Final = 100  # of a fraction
_FIRST_DAY: Final = days("1970-01-01") or 0.0  # on which the engine counts none, and the time of panels so many
_END: Final = {"low": 0, "high": 1}


def remembered(table: Table, entries: Mapping[str, Entry], look: Look) -> tuple[Table, dict[str, Entry]]:
    """Return one row a patient of a table of draws (``id`` and ``DAYS``), and where its history inputs stand.

    ``look`` gives the numbers of the rulebook, the day spoken of, and the limits as far as all rows share them.
    """
    return _Writer(table, entries, look).written()


class _Writer:
    def __init__(self, table: Table, entries: Mapping[str, Entry], look: Look) -> None:
        self._table, self._look = table, look
        self._values = {each: source(entry, table.columns).value for each, entry in entries.items()}
        until = look.reading.until
        self._today = None if until is None else until - _FIRST_DAY
        self._wanted = [entry for entry in look.book.data["history"] if self._has(entry["of"])]

    def _has(self, of: str) -> bool:
        return of in self._values or (of == PRODUCT and {"calcium", "phosphate"} <= self._values.keys())

    def written(self) -> tuple[Table, dict[str, Entry]]:
        kinds = [(entry["of"], *self._limit(entry)) for entry in self._wanted]
        summaries = {kind: f"h{at}" for at, kind in enumerate(dict.fromkeys(kinds))}
        columns = [
            f"{self._measure(entry, summaries[kind])} AS {name(PREFIX + entry['input'])}"
            for entry, kind in zip(self._wanted, kinds, strict=True)
        ]
        draws = f"draws AS (SELECT * FROM {self._table.relation} AS d)"
        parts = [
            draws,
            self._panels(),
            *(self._summary(label, *kind) for kind, label in summaries.items()),
            self._newest(),
        ]
        joins = "".join(f" LEFT JOIN {label} ON {label}.who = n.who" for label in summaries.values())
        own = ", ".join(f"n.{name(each)}" for each in (*self._table.columns, *OURS, RANK))
        query = f"WITH {', '.join(parts)} SELECT {', '.join([own, *columns])} FROM newest AS n{joins}"
        inputs = [entry["input"] for entry in self._wanted]
        kept = self._table.columns | dict.fromkeys((PREFIX + each for each in inputs), "VARCHAR")
        read = {each: Entry(each, PREFIX + each) for each in inputs}
        return Table(f"({query})", kept, self._table.files, order=(RANK,)), read

    def _limit(self, entry: Spec) -> tuple[float | None, float | None, bool]:
        """Return the two ends of the limit, as far as the rows share it, and whether it must be passed."""
        ends = self._look.limits(entry["limit"]) if entry["limit"] else None
        return (*(ends or (None, None)), bool(entry["beyond"]))

    # ---- the draws ---------------------------------------------------------------------------------------------------

    def _panels(self) -> str:
        """Every draw with the values that can be read; the product as reported, else calculated."""
        values = [f"{sql} AS {name('v_' + each)}" for each, sql in self._values.items()]
        # results of nobody may be of several: each draw of them stands for itself
        who = f"CASE WHEN t.id IS NULL OR trim(t.id) = '' THEN chr(1) || CAST(t.{RANK} AS VARCHAR) ELSE t.id END"
        shown = ", ".join([f"{who} AS who, t.{DAYS} AS instant, t.{PLACE} AS place, t.{FILE} AS file", *values])
        both = "v_calcium * v_phosphate" if {"calcium", "phosphate"} <= self._values.keys() else "CAST(NULL AS DOUBLE)"
        product = f"COALESCE(v_{PRODUCT}, {both})" if PRODUCT in self._values else both
        drawn = f"(SELECT {shown} FROM draws AS t)"
        return f"panels AS (SELECT *, {product} AS product FROM {self._no_later(self._before_dialysis(drawn))} AS s)"

    def _no_later(self, drawn: str) -> str:
        """The draws, without values where they are later than the day spoken of; the whole of that day counts."""
        if self._today is None:
            return drawn
        late = f"COALESCE(instant >= {self._today + 1!r}, FALSE)"
        return self._without(late, drawn)

    def _without(self, which: str, drawn: str) -> str:
        values = ", ".join(f"CASE WHEN NOT ({which}) THEN {each} END AS {each}" for each in self._columns())
        return f"(SELECT who, instant, place, file, {values} FROM {drawn} AS q)"

    def _before_dialysis(self, drawn: str) -> str:
        """The draws, without values where they look as if drawn after dialysis and every patient is on it."""
        if self._look.dialysing is not True or "phosphate" not in self._values:
            return drawn
        within, left = self._look.number("history_session"), 1 - self._look.number("history_session_fall") / _PER_CENT
        window = f"{_BY_TIME} RANGE BETWEEN {within!r} PRECEDING AND CURRENT ROW"
        highest = f"SELECT *, MAX(v_phosphate) OVER ({window}) AS highest FROM {drawn} AS r"
        late = f"instant IS NOT NULL AND COALESCE(v_phosphate <= highest * {left!r}e0, FALSE)"
        return self._without(late, f"({highest})")

    def _columns(self) -> list[str]:
        return [name("v_" + each) for each in self._values]

    def _usable(self, of: str) -> str:
        """The usable draws of a quantity: it can be told, and the draw is the first of its instant."""
        value = "product" if of == PRODUCT else name("v_" + of)
        nth = "ROW_NUMBER() OVER (PARTITION BY who, instant ORDER BY file, place) AS nth"
        inner = (
            f"SELECT who, instant, {value} AS v, {nth} FROM panels WHERE {value} IS NOT NULL AND instant IS NOT NULL"
        )
        return f"(SELECT who, instant, v FROM ({inner}) AS u WHERE nth = 1)"

    def _newest(self) -> str:
        """The row of the newest usable draw; without its values where it is stale, or no draw is usable.

        Its rank is that of the patient's first row, so that patients come in the order of the table.
        """
        fresh = f"product IS NOT NULL AND age <= {self._look.number('history_stale')!r}"
        own = [each for each in self._table.columns if each != "id"]
        columns = ", ".join(f"CASE WHEN {fresh} THEN {name(each)} END AS {name(each)}" for each in own)
        usable_first = "CASE WHEN p.product IS NULL THEN 1 ELSE 0 END, p.instant DESC, p.file, p.place"
        today = "FLOOR(MAX(p.instant) OVER (PARTITION BY p.who))" if self._today is None else repr(self._today)
        ranked = (
            f"SELECT t.*, p.who, p.product, MIN(t.{RANK}) OVER (PARTITION BY p.who) AS earliest,"
            f" {today} - FLOOR(p.instant) AS age,"
            f" ROW_NUMBER() OVER (PARTITION BY p.who ORDER BY {usable_first}) AS nth"
            f" FROM draws AS t JOIN panels AS p ON p.place = t.{PLACE} AND p.file = t.{FILE}"
        )
        age = "CASE WHEN product IS NOT NULL THEN age END AS age"
        kept = f"who, id, {columns}, {SOURCE}, {PLACE}, {FILE}, earliest AS {RANK}, {age}"
        return f"newest AS (SELECT {kept} FROM ({ranked}) AS r WHERE nth = 1)"

    # ---- the summary of one quantity beside one limit ----------------------------------------------------------------

    def _summary(self, label: str, of: str, low: float | None, high: float | None, beyond: bool) -> str:  # noqa: FBT001  # as the rulebook says
        ends = [self._above("v", limit, beyond=beyond) for limit in (low, high)]
        marked = (
            f"SELECT *, {ends[0]} AS above_low, {ends[1]} AS above_high,"
            f" LEAD(instant) OVER ({_BY_TIME}) - instant AS days, LEAD(v) OVER ({_BY_TIME}) AS next_v,"
            f" instant - FIRST_VALUE(instant) OVER ({_BY_TIME}) AS x, v - FIRST_VALUE(v) OVER ({_BY_TIME}) AS y"
            f" FROM {self._usable(of)} AS u"
        )
        return (
            f"{label}_marked AS ({marked}), {self._runs(label, 'low')}, {self._runs(label, 'high')},"
            f" {label} AS ({self._totals(label, low, high)})"
        )

    @staticmethod
    def _above(value: str, limit: float | None, *, beyond: bool) -> str:
        if limit is None:
            return "0"
        low, high = edges(limit)
        return f"CASE WHEN {value} {'>' if beyond else '>='} {(high if beyond else low)!r}e0 THEN 1 ELSE 0 END"

    def _runs(self, label: str, end: str) -> str:
        """Whether an unbroken run spans the time that makes it sustained."""
        starts = f"CASE WHEN above_{end} = 1 AND COALESCE(LAG(above_{end}) OVER ({_BY_TIME}), 0) = 0 THEN 1 ELSE 0 END"
        numbered = f"SELECT who, instant, above_{end}, {starts} AS starts FROM {label}_marked"
        summed = f"SELECT who, instant, above_{end}, SUM(starts) OVER ({_BY_TIME}) AS run FROM ({numbered}) AS a"
        one = "SELECT who, MAX(instant) - MIN(instant) AS span, COUNT(*) AS draws"
        spans = f"{one} FROM ({summed}) AS b WHERE above_{end} = 1 GROUP BY who, run"
        held = f"MAX(CASE WHEN draws > 1 AND span >= {self._look.number('history_apart')!r} THEN 1 ELSE 0 END)"
        return f"{label}_runs_{end} AS (SELECT who, {held} AS sustained FROM ({spans}) AS c GROUP BY who)"

    def _totals(self, label: str, low: float | None, high: float | None) -> str:
        apart, near = self._look.number("history_apart"), f"m.days <= {self._look.number('history_gap')!r}"
        sums = [
            "COUNT(*) AS usable",
            "MAX(FLOOR(m.instant)) AS newest_day",
            f"{_sum(f'CASE WHEN {near} THEN m.days END')} AS days",
            f"{_sum(f'CASE WHEN {near} THEN m.days * (m.v + m.next_v) / 2 END')} AS area",
            f"{_sum('m.x * m.y')} - {_sum('m.x')} * {_sum('m.y')} / COUNT(*) AS xy",
            f"{_sum('m.x * m.x')} - {_sum('m.x')} * {_sum('m.x')} / COUNT(*) AS xx",
            "MAX(m.instant) - MIN(m.instant) AS span",
        ]
        for end, limit in (("low", low), ("high", high)):
            first = f"CASE WHEN m.above_{end} = 1 THEN m.instant END"
            sums.append(f"SUM(m.above_{end}) AS above_{end}")
            twice = f"SUM(m.above_{end}) > 1 AND MAX({first}) - MIN({first}) >= {apart!r}"
            sums.append(f"CASE WHEN {twice} THEN 1 ELSE 0 END AS repeated_{end}")
            sums.append(f"{_sum(f'CASE WHEN {near} THEN m.days * {self._share(end, limit)} END')} AS time_{end}")
            sums.append(f"MAX({end}.sustained) AS sustained_{end}")
        joins = "".join(f" LEFT JOIN {label}_runs_{end} AS {end} ON {end}.who = m.who" for end in _END)
        return f"SELECT m.who, {', '.join(sums)} FROM {label}_marked AS m{joins} GROUP BY m.who"

    @staticmethod
    def _share(end: str, limit: float | None) -> str:
        """The share of the straight line to the next draw that lies at or above the limit."""
        if limit is None:
            return "0"
        low, _ = edges(limit)
        next_above = f"CASE WHEN m.next_v >= {low!r}e0 THEN 1 ELSE 0 END"
        high, least = (f"CASE WHEN m.v {sign} m.next_v THEN m.v ELSE m.next_v END" for sign in (">", "<"))
        line = f"({high} - {limit!r}e0) / NULLIF({high} - {least}, 0)"
        clipped = f"CASE WHEN {line} > 1 THEN 1 WHEN {line} < 0 THEN 0 ELSE {line} END"
        return f"CASE WHEN m.above_{end} = {next_above} THEN m.above_{end} ELSE {clipped} END"

    # ---- what an entry measures --------------------------------------------------------------------------------------

    def _measure(self, entry: Spec, label: str) -> str:
        if entry["limit"] and self._look.limits(entry["limit"]) is None:
            return "CAST(NULL AS VARCHAR)"
        made: Any = _MEASURES[entry["measure"]]
        return str(made(label, self._look))


def _sum(sql: str) -> str:
    """A sum in the order of time: threads add in any other, and the last digits differ."""
    return f"SUM({sql} ORDER BY m.instant)"


def _number(sql: str) -> str:
    return f"CAST({sql} AS VARCHAR)"


def _yes(label: str, what: str) -> str:
    """Yes at both ends of the limit, unknown at one, and otherwise nothing."""
    low, high = (f"COALESCE({label}.{what}_{end}, 0)" for end in _END)
    return f"CASE WHEN {low} = 1 AND {high} = 1 THEN 'yes' WHEN {low} <> {high} THEN 'unknown' END"


def _ends(label: str, what: str, of: str = "{}") -> str:
    """The number where both ends of the limit give the same, else unknown."""
    low, high = (of.format(f"{label}.{what}_{end}") for end in _END)
    return f"CASE WHEN {low} = {high} THEN {_number(low)} WHEN {low} <> {high} THEN 'unknown' END"


def _slope(label: str, over: float) -> str:
    """The slope, where the draws span the days that it is told for."""
    steep = _number(f"{label}.xy / NULLIF({label}.xx, 0) * {over!r}")
    return f"CASE WHEN {label}.span >= {over!r} THEN {steep} END"


_MEASURES: Final = {
    "usable": lambda label, _: _number(f"CAST(COALESCE({label}.usable, 0) AS DOUBLE)"),
    "at_or_above": lambda label, _: _ends(label, "above", "CAST(COALESCE({}, 0) AS DOUBLE)"),
    "repeated": lambda label, _: _yes(label, "repeated"),
    "sustained": lambda label, _: _yes(label, "sustained"),
    "fraction": lambda label, _: _ends(label, "time", f"({{}} / NULLIF({label}.days, 0) * {_PER_CENT})"),
    "mean": lambda label, _: _number(f"{label}.area / NULLIF({label}.days, 0)"),
    "slope": lambda label, look: _slope(label, look.number("history_slope")),
    "age": lambda *_: _number("CAST(n.age AS DOUBLE)"),
}
