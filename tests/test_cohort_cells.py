"""A cell of a table means what the same words mean in a document: read by SQL, or handed to that very reader.

Origin: the reader of patient documents, which has tests of its own.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from samples import patient_from

from calcrisk import InputError
from calcrisk.cohort.cells import implied, is_numeric, source
from calcrisk.cohort.columnmap import ColumnMap, Entry
from calcrisk.cohort.reader import Reader
from calcrisk.cohort.tables import PLACE, SOURCE
from calcrisk.stated import Range
from calcrisk.variables import registry

if TYPE_CHECKING:
    from calcrisk import Patient
    from calcrisk.variables import Variable

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

ODD: Final = "odd"
_WORDS: Final = ("yes", "No", " TRUE ", "off", "y", "t", "F", "1", "0", "2", "unknown", "UNKNOWN", "maybe", "", "  ")
_GAPS: Final = ("NA", " NaN ", "NULL", "\\N")
_NO_GAPS: Final = ("n/a", "nan", "na", "null", "\\n", ".", "-")
_NUMBERS: Final = ("9.9", " 9.9 ", "9,9", "-1", "+5", "1e1", ".5", "5.", "<6", "LESS THAN 0.4", "high", "haemolysed")
_MORE: Final = (
    "2.4",
    "99",
    "0.1",
    "2.1 mmol/L",
    "55 mg/dL",
    "NaN",
    "inf",
    "1_0",
    "0x10",
    "٣",
    "9.9; DROP TABLE",
    "5 years",
)


def cells(variable: Variable) -> list[str]:
    """Texts that a column of this input might hold, good and bad."""
    limits = [repr(limit) for limit in (*(variable.hard or ()), *(variable.plausible or ()))]
    outside = [repr(limit * 1.001) for limit in variable.hard or ()]
    traps = [repr(trap[side]) for trap in variable.unit_traps for side in ("below", "above") if trap.get(side)]
    words = [*variable.values, *variable.ranges, *variable.spellings, *(word.upper() for word in variable.values)]
    return [*_WORDS, *_GAPS, *_NO_GAPS, *_NUMBERS, *_MORE, *limits, *outside, *traps, *words]


@cache
def database() -> Any:
    """One for all tables here: to open one takes longer than to ask it."""
    return duckdb.connect()


def by_sql(entry: Entry, kind: str, values: list[Any]) -> list[Any]:
    """What SQL reads in each cell: a value, ``unknown``, None, or that it is odd."""
    connection = database()
    connection.execute(
        f"CREATE OR REPLACE TABLE t AS SELECT unnest(range(?)) AS place, unnest(CAST(? AS {kind}[])) AS c",
        [len(values), values],
    )
    made = source(entry, {"c": kind})
    unknown = f"CASE WHEN {made.unknown} THEN 1 ELSE 0 END" if made.unknown else "0"
    odd = f"CASE WHEN {made.odd} THEN 1 ELSE 0 END" if made.odd else "0"
    rows = connection.execute(f"SELECT {made.value}, {unknown}, {odd} FROM t ORDER BY place").fetchall()
    return [ODD if strange else "unknown" if opened else value for value, opened, strange in rows]


def read(entry: Entry, value: Any) -> Patient:
    reader = Reader(ColumnMap("map.yaml", entries={entry.variable: entry}))
    return patient_from(reader({SOURCE: "t.csv", PLACE: 0, "c": value}), {})


def by_document(entry: Entry, value: Any) -> Any:
    """The same by the reader of documents; what it refuses or bounds is odd to SQL. What it says of others is apart."""
    variable = registry()[entry.variable]
    try:
        patient = read(entry, value)
    except InputError:
        return ODD
    given = patient.given.get(variable.name)
    if given is None:
        return ODD if patient.given else None
    if isinstance(given.value, Range):
        return ODD
    if isinstance(given.value, str):
        return variable.values.index(given.value)
    return "unknown" if given.value is None else given.value


def agree(entry: Entry, kind: str, values: list[Any]) -> None:
    for value, found in zip(values, by_sql(entry, kind, values), strict=True):
        wanted = by_document(entry, value)
        # What SQL calls odd is read by the document's reader: that is always right, and only dear.
        assert found in (ODD, wanted), (entry.variable, value, found, wanted)


@pytest.mark.parametrize("name", list(registry()))
def test_text(name: str) -> None:
    agree(Entry(name, "c"), "VARCHAR", cells(registry()[name]))


@pytest.mark.parametrize("name", [name for name, one in registry().items() if one.kind == "number"])
def test_numbers(name: str) -> None:
    variable = registry()[name]
    values = [float(text) for text in cells(variable) if text.replace(".", "", 1).lstrip("+-").isdecimal()]
    agree(Entry(name, "c"), "DOUBLE", [*values, None, float("nan"), float("inf")])
    for unit in variable.units:
        agree(Entry(name, "c", unit=unit), "DOUBLE", values)


@pytest.mark.parametrize("name", ["diabetes", "sex", "ckd_stage", "calcium"])
@pytest.mark.parametrize("kind", ["VARCHAR", "DOUBLE", "INTEGER"])
def test_codes(name: str, kind: str) -> None:
    words = {"diabetes": ["yes", "no"], "sex": ["male", "female"], "ckd_stage": ["G3a", "5D"], "calcium": ["9.9", "8"]}
    entry = Entry(name, "c", codes={"1": words[name][0], "2": words[name][1], "7": "unknown", "9": None})
    values: list[Any] = [1, 2, 3, 7, 9, None]
    agree(entry, kind, [None if value is None else str(value) for value in values] if kind == "VARCHAR" else values)


def test_no_list_of_words_is_so_long_that_duckdb_joins_it() -> None:
    """What a stage says of dialysis is read by many facts, and a join for each of them took a minute for one row."""
    for condition in implied(Entry("ckd_stage", "c"), {"c": "VARCHAR"}):
        assert len(re.findall("'[a-z0-9]+'", condition.when.partition(" IN ")[2])) <= 4


def test_plain_cells_are_not_odd() -> None:
    """Else every row would go the long way, and nobody would notice but by the clock."""
    assert by_sql(Entry("calcium", "c"), "VARCHAR", ["9.9", " 10 ", "", "unknown"]) == [9.9, 10.0, None, "unknown"]
    assert by_sql(Entry("calcium", "c", unit="mmol/L"), "DOUBLE", [2.4, None]) == [2.4 * 4.0078, None]
    assert by_sql(Entry("diabetes", "c"), "VARCHAR", ["yes", "No", "1", "false", "t", "F"]) == [1, 0, 1, 0, 1, 0]
    assert by_sql(Entry("ckd_stage", "c"), "VARCHAR", ["G5", "g3a", "3b"]) == [5, 2, 3]
    assert by_sql(Entry("sex", "c", codes={"1": "male", "2": "female"}), "INTEGER", [1, 2]) == [1, 0]


@pytest.mark.parametrize("name", ["calcium", "diabetes", "ckd_stage"])
def test_a_gap_is_not_stated_and_not_odd(name: str) -> None:
    """A frame of pandas has NaN where nothing is; exports have words for it, in one spelling each."""
    codes: list[dict[str, str | None] | None] = [None, {"9": None, "NaN": None}]
    for entry in [Entry(name, "c", codes=each) for each in codes]:
        assert by_sql(entry, "VARCHAR", list(_GAPS)) == [None] * len(_GAPS)
        for kind in ("DOUBLE", "FLOAT"):
            assert by_sql(entry, kind, [float("nan"), None]) == [None, None]
            agree(entry, kind, [float("nan")])
    assert set(by_sql(Entry(name, "c"), "VARCHAR", list(_NO_GAPS))) == {ODD}
    assert all(by_document(Entry(name, "c"), word) == ODD for word in _NO_GAPS)
    assert by_sql(Entry(name, "c"), "DOUBLE", [float("inf")]) == [ODD]


def test_a_code_of_a_map_may_be_what_else_is_a_gap() -> None:
    entry = Entry("diabetes", "c", codes={"NA": "no", "NaN": "unknown"})
    assert by_sql(entry, "VARCHAR", ["NA", "NaN", "NULL"]) == [0, "unknown", None]
    agree(entry, "VARCHAR", ["NA", "NaN", "NULL"])


@pytest.mark.parametrize("kind", ["INTERVAL", "DATE", "UUID"])
def test_what_is_no_number_is_not_taken_for_one(kind: str) -> None:
    assert not is_numeric(kind)
    assert is_numeric("DECIMAL(4,1)")
    assert is_numeric("UTINYINT")


def test_a_unit_may_stand_in_a_column_of_its_own() -> None:
    connection = duckdb.connect()
    made = source(Entry("calcium", "c", unit_column="u"), {"c": "VARCHAR", "u": "VARCHAR"})
    rows = [("2.4", "mmol/L"), ("9.6", "mg/dL"), ("9.6", None), ("4.8", "MEQ/L"), ("9", "furlong"), ("<4", "mg/dL")]
    rows += [("9.6", "NA")]
    query = f"SELECT {made.value}, CASE WHEN {made.odd} THEN 1 ELSE 0 END FROM (VALUES (?, ?)) AS t(c, u)"
    found = [connection.execute(query, list(row)).fetchall()[0] for row in rows]
    assert [value for value, _ in found[:4]] == pytest.approx([2.4 * 4.0078, 9.6, 9.6, 4.8 * 2.0039])
    assert [odd for _, odd in found] == [0, 0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("systolic >= 140 or code == 1", (120.0, "1"), 1),
        ("systolic >= 140", (None, "1"), None),
        ("systolic >= 140", (float("nan"), "1"), None),  # NaN is above every number to a database
        ("systolic >= 140", (float("inf"), "1"), None),
        ("systolic >= 140 or code == 1", (120.0, "NaN"), None),
    ],
)
def test_an_expression_reads_the_columns_of_the_table(text: str, row: tuple[Any, Any], value: int | None) -> None:
    kinds = {"systolic": "DOUBLE", "code": "VARCHAR"}
    mapped = ColumnMap("m.yaml", entries={"hypertension": Entry("hypertension", expression=text)}).against(kinds)
    made = source(mapped.entries["hypertension"], kinds)
    query = f"SELECT {made.value} FROM (VALUES (CAST(? AS DOUBLE), ?)) AS t(systolic, code)"
    assert duckdb.connect().execute(query, list(row)).fetchall() == [(value,)]
    document = Reader(mapped)({SOURCE: "t", PLACE: 0, "systolic": row[0], "code": row[1]})
    assert patient_from(document, {}).hypertension is (None if value is None else bool(value))
