"""``calcrisk sql``: what it prints in each dialect, from which columns, and how it refuses."""

from __future__ import annotations

import csv
import gzip
import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import run
from samples import SAMPLES

from calcrisk import Patient, Rulebook, UsageError, assess
from calcrisk.cohort.columnmap import ColumnMap, Entry
from calcrisk.cohort.printing import Wanted, plain_columns, printed, unread
from calcrisk.rules.sql.dialects import DIALECTS
from calcrisk.rules.sql.select import LISTS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

sqlglot = pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")

_NHANES: Final = SAMPLES / "maps" / "nhanes.map.yaml"
# What a dialect has no words for, as a pattern in the text without its comments and quoted names.
_FOREIGN: Final = {
    "tsql": re.compile(r"\|\||\bLN\(|\bTRUE\b|\bFALSE\b|\bSUBSTR\(|AS DOUBLE|REGEXP"),
    "bigquery": re.compile(r"AS DOUBLE\b|AS INTEGER\b|AS VARCHAR|NULL = 1|REGEXP_FULL_MATCH|'g'"),
    "postgres": re.compile(r"AS DOUBLE\b(?! PRECISION)|REGEXP_FULL_MATCH|TRY_CAST"),
    "spark": re.compile(r"REGEXP_FULL_MATCH|AS VARCHAR\)|\""),
    "trino": re.compile(r"REGEXP_FULL_MATCH|'g'"),
    "sqlite": re.compile(r"REGEXP"),
    "snowflake": re.compile(r"REGEXP_FULL_MATCH|'g'"),
}


# a few inputs, of every kind and read from columns of every type: all of them take sqlglot a quarter of a minute
_INPUTS: Final = {
    **dict.fromkeys(("age", "calcium", "phosphate", "albumin", "creatinine", "pth", "pth_upper_limit"), ""),
    **dict.fromkeys(("sex", "ckd_stage", "dialysis", "tissue_damage", "mineral_history", "vitamin_k_antagonist"), ""),
    "warfarin": "VARCHAR",
    "diabetes": "BOOLEAN",
    "magnesium": "VARCHAR",
}


@cache
def text_of(dialect: str) -> str:
    """What is printed, with all lists."""
    asked = Wanted(dialect, "labs", plain_columns(_INPUTS), lists=frozenset(LISTS))
    return printed(Rulebook.default(), asked)


def bare(text: str) -> str:
    return " ".join(" ".join(line for line in text.splitlines() if not line.lstrip().startswith("--")).split())


@pytest.mark.volume
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_reads_what_is_printed_for_it(dialect: str) -> None:
    text = text_of(dialect)
    (tree,) = sqlglot.parse(text, read=dialect)
    assert not list(tree.find_all(sqlglot.exp.Anonymous)), "a function that sqlglot does not know"
    assert [part.alias for part in tree.ctes][:2] == ["inputs", "states"]
    assert _FOREIGN.get(dialect, re.compile("$^")).findall(bare(text)) == []
    fences = {"postgres": "OFFSET 0", "sqlite": "LIMIT -1"}
    for fenced, fence in fences.items():
        assert text.count(fence) == (len(tree.ctes) if dialect == fenced else 0)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_comments_and_header_stay_in_every_dialect(dialect: str) -> None:
    told = " ".join(text_of(dialect).replace("--", "").split())
    book = Rulebook.default()
    state = "executed by the tests" if DIALECTS[dialect].executed else "untested: parsed and linted only"
    for part in (f"dialect {dialect} ({state})", book.version, book.sha256, f"profile {book.profile}"):
        assert part in told
    rules = [rule["id"] for rule in book.rules if f"r_{rule['id'].replace('-', '_')}" in told]
    assert len(rules) > 20  # the others cannot be met from these inputs
    assert [rule for rule in rules if f"{rule}: " not in told] == []


def test_a_foreign_word_would_be_found() -> None:
    text = bare(text_of("duckdb"))
    for dialect in ("tsql", "bigquery", "postgres", "spark"):
        assert _FOREIGN[dialect].search(text)


def test_the_names_of_columns_keep_their_blanks(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "map.yaml"
    path.write_text('id: "the  patient"\ncolumns: {calcium: "serum\u00a0 calcium, total", phosphate: P}\n', "utf-8")
    ended = run("sql", "--map", str(path), cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    connection = duckdb.connect()
    connection.execute('CREATE TABLE labs ("the  patient" VARCHAR, "serum\u00a0 calcium, total" DOUBLE, P DOUBLE)')
    connection.execute("INSERT INTO labs VALUES ('a', 9.9, 6.8), ('b', 2.4, 2.2), ('c', NULL, NULL)")
    found = connection.execute(ended.out)
    labels = [column[0] for column in found.description]
    rows: list[dict[str, Any]] = [dict(zip(labels, row, strict=True)) for row in found.fetchall()]
    answer = assess(Patient(calcium=9.9, phosphate=6.8), Rulebook.default())
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [row["status"] for row in rows] == ["scored", "refused", "scored"]
    assert (rows[0]["classification"], rows[0]["mineral_load"]) == (
        answer.classification,
        answer.mechanisms["mineral_load"].level,
    )
    assert (rows[1]["errors"], rows[1]["classification"]) == ("calcium", None)


def test_a_contradiction_is_refused_and_called_so() -> None:
    duckdb = pytest.importorskip("duckdb")
    asked = Wanted("duckdb", "labs", plain_columns({"calcium": "", "warfarin": "", "vitamin_k_antagonist": ""}))
    connection = duckdb.connect()
    connection.execute("CREATE TABLE labs (calcium DOUBLE, warfarin INTEGER, vitamin_k_antagonist INTEGER)")
    connection.execute("INSERT INTO labs VALUES (9.4, 1, 0), (9.4, 1, 1)")
    found = connection.execute(f"SELECT status, errors FROM ({printed(Rulebook.default(), asked)})").fetchall()
    assert sorted(found) == [("refused", "contradiction"), ("scored", "")]


def test_a_published_map_is_written_for_a_warehouse(tmp_path: Path) -> None:
    ended = run("sql", "--dialect", "bigquery", "--map", str(_NHANES), "--table", "`a.b.nhanes`", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "FROM `a.b.nhanes`" in ended.out
    assert "assumed of every row: tissue_damage: no" in ended.out
    assert "CAST(`LBXSCA` AS FLOAT64)" in ended.out


def test_what_is_no_input_is_carried_along_and_a_near_miss_is_told(tmp_path: Path) -> None:
    ended = run("sql", "--columns", "patient_id, calcium, fosphate DOUBLE", cwd=tmp_path)
    assert ended.code == 0
    assert ended.err == "column fosphate is carried along, not read: did you mean 'phosphate'?\n"
    assert re.search(r'calcrisk_kept_0 AS "patient_id"', ended.out)


def test_commas_within_quotes_and_parentheses_do_not_divide(tmp_path: Path) -> None:
    columns = '"Serum, Ca",calcium DECIMAL(10,2),"the ""old"" one" VARCHAR, "Ca mg/dL" DOUBLE,phosphate\tDECIMAL (9, 1)'
    ended = run("sql", "--columns", columns, cwd=tmp_path)
    assert (ended.code, ended.out.count("AS calcrisk_kept_")) == (0, 3)
    for kept in (
        '"Serum, Ca" AS calcrisk_kept_0',
        '"the ""old"" one" AS calcrisk_kept_1',
        '"Ca mg/dL" AS calcrisk_kept_2',
    ):
        assert kept in ended.out
    assert "regexp" not in ended.out  # both inputs are numbers


def test_the_names_in_the_expressions_of_a_map_are_columns(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "m.yaml").write_text(
        """id: pid
columns:
  calcium: ca
  hypertension: {expression: "max(systolic, 0) >= 140 or bpq == 1"}
""",
        "utf-8",
    )
    ended = run("sql", "--map", "m.yaml", "--table", "labs", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE labs AS SELECT '1' AS pid, 9.9 AS ca, 150 AS systolic, 2 AS bpq")
    assert connection.execute(f"SELECT id, status FROM ({ended.out})").fetchall() == [("1", "scored")]


def test_what_an_expression_reads_is_not_carried_along(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text('columns: {hypertension: {expression: "systolic >= 140"}}\n', "utf-8")
    ended = run("sql", "--map", "m.yaml", "--columns", "pid, systolic DOUBLE", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert re.findall(r"(\S+) AS calcrisk_kept_", ended.out) == ['"pid"']


def test_an_expression_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text('columns: {hypertension: {expression: "systolic >="}}\n', "utf-8")
    ended = run("sql", "--map", "m.yaml", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "this cannot be read" in ended.err


def test_a_column_named_as_the_id_of_the_map_is_never_shown_in_its_place() -> None:
    by_mrn = ColumnMap("", id="mrn", entries={"calcium": Entry("calcium", "calcium")})
    columns = {"mrn": "VARCHAR", "ID": "VARCHAR", "calcium": "DOUBLE", "note": "VARCHAR"}
    assert unread(columns, by_mrn) == ("note",)
    text = printed(Rulebook.default(), Wanted("duckdb", "labs", columns, by_mrn, kept=("mrn", "note")))
    assert re.findall(r'calcrisk_\w+ AS "(\w+)"', text) == ["id", "mrn", "note"]
    with pytest.raises(UsageError, match="the answer has a column"):
        printed(Rulebook.default(), Wanted("duckdb", "labs", columns, by_mrn, kept=("ID",)))


def test_the_name_of_a_column_that_is_told_steers_no_terminal(tmp_path: Path) -> None:
    ended = run("sql", "--columns", '"alb\x1b",calcium', cwd=tmp_path)
    assert ended.code == 0
    assert "column alb\\x1b is carried along, not read" in ended.err


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    ended = run("sql", "--columns", "nothing.csv", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert "nothing.csv: cannot be read" in ended.err


def test_the_statement_for_a_sample_runs_over_that_sample(tmp_path: Path) -> None:
    """Its columns have the types that a database gives them when it loads the file: one holds `2.3 mmol/L`."""
    duckdb = pytest.importorskip("duckdb")
    sample = SAMPLES / "cohort.csv"
    ended = run("sql", "--columns", str(sample), "--table", f"'{sample}'", "--with", "missing", cwd=tmp_path)
    assert ended.code == 0
    answers = duckdb.sql(ended.out)
    scored = dict(answers.project("id, status").fetchall())
    assert list(scored) == [f"c0{number}" for number in range(1, 9)]
    assert [each for each, status in scored.items() if status == "refused"] == ["c03", "c04", "c05"]
    batch = run("batch", str(sample), "--format", "csv", cwd=tmp_path)
    told = {row["id"]: (row["classification"], row["missing"]) for row in csv.DictReader(io.StringIO(batch.out))}
    found = answers.filter("status = 'scored'").project("id, classification, missing").fetchall()
    assert [(each, *told[each]) for each, *_ in found] == found


@pytest.mark.parametrize("name", ["labs.csv", "labs.tsv.gz"])
def test_the_columns_of_a_file(tmp_path: Path, name: str) -> None:
    text = "\ufeffmrn,calcium\r\n1,9.9\r\n".replace(",", "\t" if "tsv" in name else ",").encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    ended = run("sql", "--columns", name, cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert '"mrn" AS calcrisk_kept_0' in ended.out


def test_the_columns_of_a_parquet_file_have_its_types(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "labs.parquet"
    duckdb.sql("SELECT 'x' AS mrn, '9.9' AS calcium").write_parquet(str(path))
    ended = run("sql", "--columns", str(path), "--dialect", "trino", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "REGEXP_LIKE(TRIM(\"calcium\"), '^[+-]?[0-9]+([.][0-9]+)?$')" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--dialect", "postgress"], "did you mean 'postgres'?"),
        (["--with", "mising"], "did you mean 'missing'?"),
        (["--table", "labs; DROP TABLE labs"], "names no table"),
        (["--columns", "calcium,Calcium"], "stands twice"),
        (["--columns", "calcium FOO"], "calcium has no type 'FOO'"),
        (["--columns", "calcium DECIMAL(10,2)x"], "calcium has no type 'DECIMAL(10,2)x'"),
        (["--columns", "calcium DECIMAL(10,2, phosphate"], "a quote or a parenthesis is not closed"),
        (["--columns", '"calcium, phosphate'], "a quote or a parenthesis is not closed"),
        (["--columns", '"" DOUBLE, calcium'], "'' is no name of a column"),
        (["--columns", 'calcium, "Calcium" DOUBLE'], "stands twice"),
        (["--columns", "calcium DUBLE"], "did you mean 'DOUBLE'?"),
        (["--columns", "calcium, labs/table"], "'labs/table' is no name of a column"),
        (["--columns", "mrn"], "no column of this table is named as an input"),
        (["--columns", "calcium, status"], "the answer has a column"),
        (["--map", str(SAMPLES / "maps" / "mimic-labs.map.yaml")], "a long table"),
        (["--map", str(_NHANES), "--columns", "SEQN, LBXSCA"], "the table has no column"),
    ],
)
def test_a_wrong_call_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    ended = run("sql", *arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err
