"""``calcrisk batch`` over tables, as a user has it: files in, rows out, nothing lost."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import PROGRAM, environment, run
from random_patients import book
from samples import ROOT, shared

from calcrisk import InputError, Patient, assess
from calcrisk.render.rows import columns

if TYPE_CHECKING:
    from pathlib import Path

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

DONE, BAD_INPUT, WRONG_USAGE, REACHED, SURROUNDINGS = 0, 1, 2, 3, 4
NAMES: Final = columns(book().data["tiers"], [entry["name"] for entry in book().data["mechanisms"]])
MAPS: Final = ROOT / "sample_labs" / "maps"
MILLION: Final = 1_000_000
GIB: Final = 2**30
UNIT_OF_PEAK: Final = 1 if sys.platform == "darwin" else 1024  # bytes
LABS: Final = """id,age,calcium,phosphate,ckd_stage,diabetes,tissue_damage
p1,60,9.9,6.8,G5,yes,no
p2,50,2.3 mmol/L,4.0,G2,no,no
p3,50,99,4.0,G2,no,no
=p4,70,10.2,<4,,unknown,
p5,,,,,,
"""


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    path = tmp_path / "labs.csv"
    path.write_text(LABS, "utf-8")
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def query(text: str) -> list[Any]:
    return list(duckdb.connect().execute(text).fetchall())


# ---- what comes out --------------------------------------------------------------------------------------------------


def test_every_row_comes_out_in_its_place_scored_or_refused(labs: Path) -> None:
    ended = run("batch", "labs.csv", "--format", "csv", cwd=labs.parent)
    found = rows(ended.out)
    assert ended.code == BAD_INPUT
    assert list(found[0]) == NAMES
    assert [row["index"] for row in found] == ["0", "1", "2", "3", "4"]
    assert [row["status"] for row in found] == ["scored", "scored", "refused", "scored", "scored"]
    assert [row["id"] for row in found] == [
        "p1",
        "p2",
        "p3",
        "'=p4",
        "p5",
    ]  # guarded: no spreadsheet takes it for a sum
    assert found[2]["errors"] == "out-of-range labs.csv: row 3: calcium: calcium 99 mg/dL is above what blood can hold"
    assert ended.err.splitlines()[-1] == "4 scored, 1 refused"
    assert "labs.csv: row 3: calcium: calcium 99 mg/dL" in ended.err


def test_each_row_says_what_the_terminal_says_of_that_patient(labs: Path) -> None:
    """Origin: ``assess`` on the same patient, whose unit, bound and unknown are read by the reader of documents."""
    found = rows(run("batch", "labs.csv", "--format", "csv", cwd=labs.parent).out)
    stated: list[dict[str, Any]] = [
        {"age": 60, "calcium": 9.9, "phosphate": 6.8, "ckd_stage": "G5", "diabetes": True, "tissue_damage": False},
        {
            "age": 50,
            "calcium": "2.3 mmol/L",
            "phosphate": 4,
            "ckd_stage": "G2",
            "diabetes": False,
            "tissue_damage": False,
        },
        {"age": 70, "calcium": 10.2, "phosphate": "<4", "diabetes": "unknown"},
        {},
    ]
    for row, one in zip([found[0], found[1], found[3], found[4]], stated, strict=True):
        answer = assess(Patient(**one), book())
        assert row["classification"] == answer.classification
        assert row["possible"] == ";".join(answer.possible_classifications)
        assert row["settled"] == str(answer.settled).lower()
        assert set(filter(None, row["met_rules"].split(";"))) == {finding.rule for finding in answer.findings}
        assert set(filter(None, row["missing"].split(";"))) == {part.input for part in answer.missing}
        for tier, part in vars(answer.risk).items():
            assert row[f"{tier}_tier"] == (part.tier or "")


@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "parquet"])
def test_the_same_rows_in_every_format(form: str, labs: Path) -> None:
    ended = run("batch", "labs.csv", "-o", f"out.{form}", cwd=labs.parent)
    assert (ended.code, ended.out) == (BAD_INPUT, "")
    path = labs.parent / f"out.{form}"
    if form == "parquet":
        found = query(f"SELECT id, status, classification, settled, at_or_above FROM '{path}'")
    else:
        text = path.read_text("utf-8")
        read = (
            rows(text)
            if form == "csv"
            else json.loads(text)
            if form == "json"
            else [*map(json.loads, text.splitlines())]
        )
        found = [
            tuple(row[name] for name in ("id", "status", "classification", "settled", "at_or_above")) for row in read
        ]
    words = {True: "true", False: "false", None: ""} if form == "csv" else {True: True, False: False, None: None}
    guard = "'" if form == "csv" else ""
    nothing = "" if form == "csv" else None
    assert found == [
        ("p1", "scored", "metastatic", words[True], words[True]),
        ("p2", "scored", "indeterminate", words[False], words[False]),
        ("p3", "refused", nothing, nothing, nothing),
        (f"{guard}=p4", "scored", "indeterminate", words[False], words[False]),
        ("p5", "scored", "indeterminate", words[False], nothing),
    ]


def test_parquet_says_what_its_answers_were_made_with(labs: Path) -> None:
    run("batch", "labs.csv", "-o", "out.parquet", cwd=labs.parent)
    said = dict(query(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{labs.parent / 'out.parquet'}')"))
    assert said["calcrisk_rulebook"] == f"{book().id} {book().version} {book().sha256}"
    assert said["calcrisk_profile"] == book().profile


def test_documents_become_parquet_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: a\nlabs: {calcium: 9.9, phosphate: 6.8}\n", "utf-8")
    (tmp_path / "b.yaml").write_text("id: b\nlabs: {calcium: 99}\n", "utf-8")
    assert run("batch", "a.yaml", "b.yaml", "-o", "out.parquet", cwd=tmp_path).code == BAD_INPUT
    found = query(f"SELECT id, status, ca_p_product, index FROM '{tmp_path / 'out.parquet'}'")
    assert found == [("a", "scored", pytest.approx(67.32), 0), ("b", "refused", None, 0)]


def test_without_lists_the_other_columns_are_the_same(labs: Path) -> None:
    whole = rows(run("batch", "labs.csv", "--format", "csv", cwd=labs.parent).out)
    short = rows(run("batch", "labs.csv", "--format", "csv", "--no-lists", cwd=labs.parent).out)
    left_out = {"possible", "settled", "met_rules", "missing"}
    assert short == [{name: cell for name, cell in row.items() if name not in left_out} for row in whole]


def test_the_table_lists_those_at_the_highest_risk(labs: Path) -> None:
    ended = run("batch", "labs.csv", "--top", "1", cwd=labs.parent)
    assert "p1" in ended.out
    assert "p2" not in ended.out
    assert "the 1 at the highest risk, of 4" in ended.out
    assert "Classes: metastatic 1, indeterminate 3" in ended.out


# ---- what goes in ----------------------------------------------------------------------------------------------------


def test_files_folders_and_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "cohort"
    folder.mkdir()
    (folder / "a.csv").write_text("id,calcium\na,9.9\n", "utf-8")
    (folder / "b.csv.gz").write_bytes(gzip.compress(b"id,phosphate\nb,6.8\n"))
    duckdb.connect().execute(f"COPY (SELECT 'c' AS id, 8.8 AS calcium, 6.25 AS phosphate) TO '{folder / 'c.parquet'}'")
    wanted = [("cohort/a.csv", "0", "a"), ("cohort/b.csv.gz", "0", "b"), ("cohort/c.parquet", "0", "c")]
    patterns = ["cohort/*.csv", "cohort/*.csv.gz", "cohort/*.parquet"]
    for named in (["cohort"], patterns, ["cohort/a.csv", "cohort/b.csv.gz", "cohort/c.parquet"]):
        ended = run("batch", *named, "--format", "csv", cwd=tmp_path)
        found = [(row["source"].replace(os.sep, "/"), row["index"], row["id"]) for row in rows(ended.out)]
        assert (ended.code, found) == (DONE, wanted)


@pytest.mark.parametrize(
    ("content", "reads"),
    [
        (b"\xef\xbb\xbfid,ca_p_product\r\np,39.9\r\n", 39.9),
        (b"id;ca_p_product\np;39.9\n", 39.9),
        (b"id\tca_p_product\np\t39.9\n", 39.9),
        (b'id,"ca_p_product"\n"a\nb","39.9"\n', 39.9),
    ],
    ids=["byte-order mark and CRLF", "semicolons", "tabs", "quoted, with a line's end in a cell"],
)
def test_tables_as_people_have_them(content: bytes, reads: float, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    ended = run("batch", "t.csv", "--format", "ndjson", cwd=tmp_path)
    (row,) = map(json.loads, ended.out.splitlines())
    assert (ended.code, row["ca_p_product"]) == (DONE, reads)


@pytest.mark.parametrize(
    ("files", "call", "code", "told"),
    [
        ({"t.csv": "who,what\n1,2\n"}, ["t.csv"], WRONG_USAGE, "no column of this table is named as an input"),
        ({}, ["none.csv"], BAD_INPUT, "none.csv"),
        ({"t.csv": "calcium\n9\n", "p.yaml": "age: 5\n"}, ["t.csv", "p.yaml"], BAD_INPUT, "a table stands among"),
        ({"t.csv": "calcium\n9\n"}, ["t.csv", "-o", "t.csv"], WRONG_USAGE, "would replace this file"),
        ({"t.csv": "calcium\n9\n"}, ["t.csv", "--format", "markdown"], WRONG_USAGE, "unknown format"),
        ({"t.csv": "CB\n9\n", "m.yaml": "columns: {calcium: CA}\n"}, ["t.csv", "--map", "m.yaml"], WRONG_USAGE, "'CA'"),
        ({"t.csv": "calcium\n9\n"}, ["t.csv", "-o", "no/such/place.csv"], SURROUNDINGS, "cannot be written"),
        ({"t.csv": b"id,calcium\n\xff\xfe,9\n"}, ["t.csv"], BAD_INPUT, "t"),
        ({"t.parquet": "not parquet"}, ["t.parquet"], BAD_INPUT, "t.parquet"),
        ({"t.csv": "id,calcium,calcium\n1,9,10\n"}, ["t.csv"], BAD_INPUT, "the column 'calcium' stands twice"),
        ({"t.csv": "calcium,Calcium\n9,10\n"}, ["t.csv"], BAD_INPUT, "the column 'calcium' stands twice"),
        ({"t.csv": "id,calcium,phosphate\n1,9\n2,9,4,5\n3,9,4\n"}, ["t.csv"], BAD_INPUT, "t.csv:2: this row has 2"),
        ({"t.csv": ""}, ["t.csv"], BAD_INPUT, "t.csv:1: there is no header in its first line"),
        ({"t.csv": "id,calcium\n1,9\n"}, ["t.csv", "--master", "x"], WRONG_USAGE, "add --engine spark"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(
    files: dict[str, str | bytes], call: list[str], code: int, told: str, tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(path.name for path in tmp_path.iterdir())
    ended = run("batch", *call, cwd=tmp_path)
    assert (ended.code, "Traceback" in ended.err) == (code, False), ended.err
    assert told in ended.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_column_that_is_nearly_an_input_is_told_and_case_makes_no_difference(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ID,Calcium,fosphate\na,9,4\n", "utf-8")
    ended = run("batch", "t.csv", "--format", "csv", cwd=tmp_path)
    assert ended.err.startswith("the column 'fosphate' is not read: did you mean 'phosphate'?\n")
    (row,) = rows(ended.out)
    assert (ended.code, row["id"], "calcium" in row["missing"].split(";")) == (DONE, "a", False)


def test_a_contradiction_refuses_its_row_only(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,infarct,tissue_damage\na,yes,no\nb,yes,yes\nc,no,no\n", "utf-8")
    found = rows(run("batch", "t.csv", "--format", "csv", cwd=tmp_path).out)
    assert [row["status"] for row in found] == ["refused", "scored", "scored"]
    assert "contradict" in found[0]["errors"]


def test_strict_writes_nothing_once_a_row_is_refused(labs: Path) -> None:
    ended = run("batch", "labs.csv", "--strict", "-o", "out.csv", cwd=labs.parent)
    assert ended.code == BAD_INPUT
    assert not (labs.parent / "out.csv").exists()


@pytest.mark.parametrize(("limit", "code"), [("vascular=high", REACHED), ("dystrophic=high", DONE)])
def test_fail_on_looks_at_every_row(limit: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "id,calcium,phosphate,ckd_stage,diabetes\na,9.9,6.8,G5,yes\nb,9,4 mg/dL,G1,no\n", "utf-8"
    )
    assert run("batch", "t.csv", "--fail-on", limit, "--format", "csv", cwd=tmp_path).code == code


def test_many_refused_rows_are_counted_and_the_first_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,calcium\n" + "".join(f"{at},99\n" for at in range(50)), "utf-8")
    ended = run("batch", "t.csv", "-o", "out.csv", cwd=tmp_path)
    assert ended.err.count("above what blood can hold") == 20
    assert ended.err.splitlines()[-1] == "0 scored, 50 refused"
    assert len(rows((tmp_path / "out.csv").read_text("utf-8"))) == 50


# ---- maps ------------------------------------------------------------------------------------------------------------


BAD_MAP: Final = """id: 5
colums: {calcium: CA}
columns:
  calcuim: CA
  phosphate: {column: P, unit: furlong}
  diabetes: {column: D, codes: {1: perhaps}}
  albumin: {unit: g/dL}
assume: {tissue_damage: sometimes}
"""


def test_every_fault_of_a_map_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("CA\n9\n", "utf-8")
    (tmp_path / "m.yaml").write_text(BAD_MAP, "utf-8")
    ended = run("batch", "t.csv", "--map", "m.yaml", cwd=tmp_path)
    assert ended.code == WRONG_USAGE
    for line, told in ((2, "colums"), (4, "calcuim"), (5, "furlong"), (6, "perhaps"), (7, "albumin"), (8, "sometimes")):
        assert any(said.startswith(f"m.yaml:{line}:") and told in said for said in ended.err.splitlines()), (
            line,
            ended.err,
        )


def test_codes_constants_assumptions_and_units(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "WHO,CA,P,DM,INF\n1,2.4,1.8,1,2\n2,2.4,1.8,9,1\n3,2.4,1.8,,2\n4,2.4,1.8,5,2\n", "utf-8"
    )
    (tmp_path / "m.yaml").write_text(
        """id: WHO
columns:
  calcium: {column: CA, unit: mmol/L}
  phosphate: {column: P, unit: mmol/L}
  diabetes: {column: DM, codes: {1: yes, 2: no, 9: unknown}}
  infarct: {column: INF, codes: {1: yes, 2: no}}
constants: {ckd_stage: G5}
assume: {tissue_damage: no}
""",
        "utf-8",
    )
    ended = run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    found = rows(ended.out)
    assert [row["status"] for row in found] == ["scored", "scored", "scored", "refused"]
    assert [row["dystrophic_tier"] for row in found[:3]] == [
        "low",
        "moderate",
        "low",
    ]  # the infarct outweighs the assumption
    assert {row["assumed"] for row in found} == {"tissue_damage: no"}  # of the refused too
    assert ["diabetes" in row["missing"].split(";") for row in found[:3]] == [False, True, True]
    assert "kidney-failure" in found[0]["met_rules"].split(";")
    assert "DM" in found[3]["errors"]


def test_a_long_table_becomes_one_row_a_draw(tmp_path: Path) -> None:
    """The last two: text for a number, and a molar code with a mass unit, whose unit is believed."""
    (tmp_path / "t.csv").write_text(
        """pt,at,code,result,units
a,2026-01-01,17861-6,9.9,mg/dL
a,2026-01-01,2777-1,2.2,mmol/L
a,2026-01-01,2777-1,9.9,mg/dL
a,2026-02-01,17861-6,9.9,mg/dL
b,2026-01-01,2000-8,9.9,mg/dL
b,2026-01-01,2777-1,LESS THAN 3.0,mg/dL
b,2026-01-01,9999-9,1,mg/dL
""",
        "utf-8",
    )
    (tmp_path / "m.yaml").write_text(
        """long:
  {patient: pt, time: at, analyte: code, value: result, unit: units,
   analytes: {calcium: [17861-6, 2000-8], phosphate: [2777-1]}}
""",
        "utf-8",
    )
    found = rows(run("batch", "t.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path).out)
    assert [(row["id"], row["status"]) for row in found] == [("a", "scored"), ("a", "scored"), ("b", "scored")]
    assert float(found[0]["ca_p_product"]) == pytest.approx(9.9 * 2.2 * 3.0974)
    assert [row["ca_p_product"] for row in found[1:]] == ["", ""]
    assert found[2]["at_or_above"] == "false"  # below 30, whatever it is


# ---- real tables -----------------------------------------------------------------------------------------------------


def test_nhanes_from_the_published_columns(tmp_path: Path) -> None:
    """31,604 adults, 75 at or above 55 (README of the data, and the issue); 14 of them among the 81 on dialysis."""
    table = shared("data/nhanes/nhanes_adults_ca_p_1999_2018.csv.gz")
    ended = run("batch", str(table), "--map", str(MAPS / "nhanes.map.yaml"), "-o", "out.parquet", cwd=tmp_path)
    assert (ended.code, ended.err.splitlines()[-1]) == (DONE, "31,604 scored, 0 refused")
    out = tmp_path / "out.parquet"
    assert query(f"SELECT count(*) FROM '{out}' WHERE at_or_above") == [(75,)]
    joined = f"'{out}' o JOIN read_csv('{table}') n ON o.id = CAST(n.SEQN AS VARCHAR)"
    assert query(f"SELECT count(*), sum(CAST(at_or_above AS INTEGER)) FROM {joined} WHERE n.KIQ025 = 1") == [(81, 14)]


@pytest.mark.parametrize(
    ("folder", "name", "draws", "patients", "above", "of"),
    [("mimic3_demo", "mimic", 1204, 58, 96, 8), ("eicu_demo_subset", "eicu", 186, 31, 8, 3)],
)
def test_draws_of_intensive_care(
    folder: str, name: str, draws: int, patients: int, above: int, of: int, tmp_path: Path
) -> None:
    """README of the data; of MIMIC's 1,205 draws one has a creatinine of 138 mg/dL and is refused."""
    table = shared(f"data/{folder}/labs_long.csv")
    run("batch", str(table), "--map", str(MAPS / f"{name}-labs.map.yaml"), "-o", "out.parquet", cwd=tmp_path)
    out = tmp_path / "out.parquet"
    product = f"FROM '{out}' WHERE ca_p_product"
    assert query(f"SELECT count(*), count(DISTINCT id) {product} IS NOT NULL") == [(draws, patients)]
    assert query(f"SELECT count(*), count(DISTINCT id) {product} >= 55 - 1e-7") == [(above, of)]


# ---- the surroundings ------------------------------------------------------------------------------------------------


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    table = tmp_path / "big.parquet"
    duckdb.connect().execute(
        f"COPY (SELECT 9 + random() AS calcium, 4 + random() AS phosphate FROM range(6000000)) TO '{table}'"
    )
    call = [*PROGRAM, "batch", "big.parquet", "-o", "out.csv"]
    process = subprocess.Popen(call, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) == 1 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT, told
    assert told == b"interrupted: nothing was written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["big.parquet"]


@pytest.mark.volume
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_million_rows_become_text_within_the_memory(tmp_path: Path, form: str) -> None:
    values = "9 + random() AS calcium, 4 + random() AS phosphate"
    query(f"COPY (SELECT {values} FROM range({MILLION})) TO '{tmp_path / 'big.parquet'}'")
    call = [*PROGRAM, "batch", "big.parquet", "-o", f"out.{form}"]
    process = subprocess.Popen(call, cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == DONE
    assert used.ru_maxrss * UNIT_OF_PEAK < GIB
    assert query(f"SELECT count(*), max(index) FROM '{tmp_path / f'out.{form}'}'") == [(MILLION, MILLION - 1)]


def test_without_duckdb_it_is_said_what_to_install(labs: Path) -> None:
    hidden = labs.parent / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['duckdb'] = None\n", "utf-8")
    paths = os.pathsep.join([str(hidden), environment()["PYTHONPATH"]])
    ended = run("batch", "labs.csv", cwd=labs.parent, PYTHONPATH=paths)
    assert ended.code == SURROUNDINGS
    assert "pip install 'calcrisk[cohort]'" in ended.err


def test_the_chemistry_of_a_table_is_that_of_its_patients(labs: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow carries the rows of a table to the solver, and is not installed")
    ended = run("batch", "labs.csv", "--chemistry", "-o", "out.ndjson", cwd=labs.parent)
    found = [json.loads(line) for line in (labs.parent / "out.ndjson").read_text("utf-8").splitlines()]
    (labs.parent / "p.yaml").write_text("labs: {calcium: 9.9, phosphate: 6.8}\n", "utf-8")
    alone = json.loads(run("batch", "p.yaml", "--chemistry", "--format", "ndjson", cwd=labs.parent).out)["chemistry"]
    assert ended.code == BAD_INPUT
    assert [row["chemistry"] for row in found] == ["solved", "solved", None, "missing", "missing"]
    assert found[0]["si_hap"] == pytest.approx(alone["saturation"]["hap"]["index"], abs=1e-6)
    assert found[0]["brushite_at_phosphate_mg_dl"] == pytest.approx(
        alone["precipice"]["dcpd"]["phosphate_mg_dl"], rel=1e-6
    )
    assert found[0]["chemistry_assumed"].split(";")[0] == "albumin"


def test_a_patient_refused_here_is_refused_there() -> None:
    with pytest.raises(InputError, match="above what blood can hold"):
        Patient(calcium=99)
