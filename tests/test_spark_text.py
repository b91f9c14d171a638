"""CSV on Spark, read as DuckDB reads it: quotes, line breaks, delimiters, rows that are not as long as the header."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import Mock

import pytest
from sparks import session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("pyspark", reason="the extra calcrisk[spark] is not installed: `make spark` installs it")
pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")
pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or newer"),
    pytest.mark.filterwarnings("ignore"),  # Spark's own
]

LABS: Final = r'''id,note,calcium,phosphate,ckd_stage
"a ""1""","say ""x"", y",9.9,6.8,G5
"b
2","two
lines",9.9,6.8,G5
c\,back\,9.9,6.8,G5
d,"b\",9.9,6.8,G5
e,"",9.4,"",G4
f,#,,,
'''
BLANKS: Final = (
    "id, calcium ,phosphate,ckd_stage,diabetes\n =7 , 9.9 , 6.8,  G5 , yes \n@b,\t9.9,6.8 ,   ,   \n"
    '-c ,9.9, "6.8" ,"G5 ",no\n"\td",9.9,6.8,,\n+1,   ,6.8,,\n"=HYPERLINK(""x"")",9.9,6.8,G5,\n  e,=9.9,6.8,,\n'
)
UNEVEN: Final = "id,calcium,phosphate\n1,9.9,6.8\n2,9.9\n3,9.9,6.8,4\n"
_UNREAD: Final = "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file"
_COMPARED: Final = ("id", "status", "classification", "ca_p_product", "metastatic_tier", "vascular_tier", "missing")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session("local[1]") as started:
        started.sparkContext.setLogLevel("OFF")
        yield started


def batch(folder: Path, *arguments: str) -> tuple[int, str]:
    from commands import HERE, PROGRAM, environment

    found = os.pathsep.join(filter(None, (HERE, os.environ.get("PYTHONPATH"))))
    around = environment(PYTHONPATH=found)
    call = [*PROGRAM, "batch", *arguments]
    ended = subprocess.run(call, cwd=folder, env=around, capture_output=True, text=True, timeout=300, check=False)
    return ended.returncode, ended.stderr


def answers(*files: Path) -> list[tuple[str, ...]]:
    rows = [row for file in files for row in csv.DictReader(file.open(encoding="utf-8", newline=""))]
    return [tuple(row[name] for name in _COMPARED) for row in rows]


def test_spark_answers_as_duckdb_does(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text(LABS, "utf-8")
    assert batch(tmp_path, "labs.csv", "-o", "wanted.csv")[0] == 0
    code, told = batch(tmp_path, "labs.csv", "--engine", "spark", "--master", "local[1]", "-o", "out.csv")
    assert code == 0, told
    assert told.splitlines()[-1] == "6 scored, 0 refused"
    wanted, found = answers(tmp_path / "wanted.csv"), answers(*sorted((tmp_path / "out.csv").glob("part-*")))
    assert [row[0] for row in wanted] == ['a "1"', "b\n2", "c\\", "d", "e", "f"]
    assert found == wanted


def test_an_id_keeps_its_blanks_and_is_no_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text(BLANKS, "utf-8")
    assert batch(tmp_path, "labs.csv", "-o", "wanted.csv")[0] == 1
    code, told = batch(tmp_path, "labs.csv", "--engine", "spark", "--master", "local[1]", "-o", "out.csv")
    assert (code, told.splitlines()[-1]) == (1, "6 scored, 1 refused")
    wanted, found = answers(tmp_path / "wanted.csv"), answers(*sorted((tmp_path / "out.csv").glob("part-*")))
    assert [row[0] for row in found] == [" =7 ", "'@b", "'-c ", "'\td", "'+1", '\'=HYPERLINK("x")', "  e"]
    assert found == wanted


@pytest.mark.parametrize("name", ["labs.csv", "labs*.csv", "folder.csv"])
def test_rows_of_another_length_refuse_the_table_with_their_lines(name: str, tmp_path: Path) -> None:
    place = tmp_path / "folder.csv" / "labs.csv" if name == "folder.csv" else tmp_path / "labs.csv"
    place.parent.mkdir(exist_ok=True)
    place.write_text(UNEVEN, "utf-8")
    code, told = batch(tmp_path, name, "--engine", "spark", "--master", "local[1]", "-o", "out.csv")
    shown = place.relative_to(tmp_path)
    assert code == 1
    assert f"{shown}:3: this row has 2 cells, and the header 3 (unreadable-table)" in told
    assert f"{shown}:4: this row has 4 cells, and the header 3 (unreadable-table)" in told
    assert "Traceback" not in told
    assert "9.9" not in told  # nothing of a patient, be it in Spark's own log
    assert not list(tmp_path.glob("out.csv*"))


@pytest.mark.parametrize(
    "content",
    [
        "id;calcium;phosphate\n1;9.9;6.8\n",
        "id|calcium|phosphate\n1|9.9|6.8\n",
        "id\tcalcium\tphosphate\r\n1\t9.9\t6.8\r\n",
        '\ufeffid,"calcium","phosphate"\r\n1,"9.9",6.8\r\n',
        '"id";"a,b,c,d";calcium;phosphate\n1;"x;y";9.9;6.8\n',
    ],
)
def test_the_header_says_what_stands_between_cells(content: str, spark: Any, tmp_path: Path) -> None:
    from calcrisk.cli.spark_text import read_text

    (tmp_path / "t.csv").write_bytes(content.encode())
    (row,) = read_text(spark, [str(tmp_path / "t.csv")]).select("id", "calcium", "phosphate").collect()
    assert tuple(row) == ("1", "9.9", "6.8")


def test_columns_of_several_tables_are_joined_by_name(spark: Any, tmp_path: Path) -> None:
    from calcrisk.cli.spark_text import read_text

    (tmp_path / "a.csv").write_text("id,calcium,phosphate\n1,9.9,6.8\n", "utf-8")
    (tmp_path / "b.csv").write_text("phosphate;id;albumin\n4.0;2;3.1\n", "utf-8")
    found = read_text(spark, [str(tmp_path / name) for name in ("a.csv", "b.csv")])
    rows = [row.asDict() for row in found.orderBy("id").collect()]
    assert rows == [
        {"id": "1", "calcium": "9.9", "phosphate": "6.8", "albumin": None},
        {"id": "2", "calcium": None, "phosphate": "4.0", "albumin": "3.1"},
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("id,calcium,Calcium\n1,9,10\n", "the column 'calcium' stands twice"),
        ("", "there is no header in its first line"),
        (",,\n1,2,3\n", "there is no header in its first line"),
    ],
)
def test_a_header_that_is_none_is_told(content: str, told: str, spark: Any, tmp_path: Path) -> None:
    from calcrisk import InputError
    from calcrisk.cli.spark_text import read_text

    (tmp_path / "t.csv").write_text(content, "utf-8")
    with pytest.raises(InputError, match=told):
        read_text(spark, [str(tmp_path / "t.csv")])


def test_a_folder_that_cannot_take_its_name_is_told(tmp_path: Path) -> None:
    """Some file systems say no more of a failure than ``False``."""
    from calcrisk import SurroundingsError
    from calcrisk.cli.spark import _aside

    files, goal = Mock(), Mock()
    files.exists.return_value = files.rename.return_value = False
    goal.getFileSystem.return_value = files
    session = Mock()
    session.sparkContext._jvm.org.apache.hadoop.fs.Path.return_value = goal
    output = str(tmp_path / "out.csv")
    with pytest.raises(SurroundingsError, match=r"out\.csv: .* cannot take its name") as told, _aside(session, output):
        pass
    assert told.value.faults[0].code == "cannot-write"
    files.delete.assert_called_once()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            f"{_UNREAD} hdfs://h/t.csv.  SQLSTATE: KD001\n[MALFORMED_CSV_RECORD] Malformed CSV record: 7,secret",
            "hdfs://h/t.csv: a row is longer or shorter than the header",
        ),
        (
            f"{_UNREAD} file:///b.csv.  SQLSTATE: KD001\nExpected: calcium but found: phosphate\n",
            "file:///b.csv: its columns are not those of the files beside it: 'phosphate' stands",
        ),
    ],
)
def test_what_spark_says_of_a_file_is_told_without_the_row(said: str, told: str) -> None:
    from calcrisk.cli.spark_text import unreadable

    assert str(unreadable(said)).startswith(told)
    assert "secret" not in str(unreadable(said))
