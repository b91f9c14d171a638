"""``calcrisk.spark`` on a real Spark: two threads, ANSI mode on and off, and no method too long to compile."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from engines import corpus, from_duckdb, kinds, table, unlike, written
from random_tables import patients
from sparks import COMPILED, session

from calcrisk import Patient, Rulebook, UsageError, assess
from calcrisk.rules.sql.select import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("pyspark", reason="the extra calcrisk[spark] is not installed: `make spark` installs it")
pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")
pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or newer"),
    pytest.mark.filterwarnings("ignore"),  # Spark's own
]

_LONGEST_METHOD = 65_535  # bytes: a longer one is no Java, and Spark would go on interpreting


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session("local[2]", **COMPILED) as started:
        yield started


def frame(spark: Any, some: list[Patient]) -> Any:
    from pyspark.sql import types

    typed = {"DOUBLE": types.DoubleType(), "INTEGER": types.IntegerType()}
    schema = types.StructType([types.StructField(name, typed[kind]) for name, kind in kinds().items()])
    return spark.createDataFrame(table(some), schema)


@pytest.mark.parametrize("ansi", ["true", "false"])
def test_samples_cases_and_random_patients_on_every_threshold(spark: Any, ansi: str) -> None:
    some = [*corpus(), *patients(500, seed=20261201)]
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    frame(spark, some).createOrReplaceTempView("labs")
    scored = spark.sql(written("spark"))
    rows = [row.asDict() for row in scored.orderBy("place").collect()]
    assert unlike(from_duckdb(some), rows) == []


def test_no_generated_method_is_too_long(spark: Any) -> None:
    """What the session's CODEGEN_ONLY enforces, seen in numbers."""
    frame(spark, list(patients(2, seed=1))).createOrReplaceTempView("labs")
    execution = spark.sql(written("spark", Wish(lists=frozenset())))._jdf.queryExecution()
    mode = spark._jvm.org.apache.spark.sql.execution.ExplainMode.fromString("codegen")
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", execution.explainString(mode))]
    assert sizes
    assert max(sizes) < _LONGEST_METHOD


def test_a_data_frame_is_scored_in_words(spark: Any) -> None:
    from calcrisk.spark import score

    rows = [
        ("a", 9.9, 6.8, 58, "G5", True, "yes"),
        ("b", 2.4, 2.2, 58, "G5", None, None),
        ("c", None, None, None, "unknown", None, "no"),
        ("d", 9.4, 3.4, 40, "no CKD", False, "perhaps"),
    ]
    labels = (
        "mrn string, calcium double, phosphate double, age int, ckd_stage string, dialysis boolean, warfarin string"
    )
    scored = score(spark.createDataFrame(rows, labels), lists=["settled", "met_rules"])
    found = {row["mrn"]: row.asDict() for row in scored.collect()}
    answer = assess(
        Patient(calcium=9.9, phosphate=6.8, age=58, ckd_stage="G5", dialysis=True, warfarin=True), Rulebook.default()
    )
    assert scored.columns[0] == "mrn"
    assert found["a"]["classification"] == answer.classification
    assert set(found["a"]["met_rules"].split(";")) == {finding.rule for finding in answer.findings}
    assert [found[each]["status"] for each in "abcd"] == ["scored", "refused", "scored", "refused"]
    assert (found["b"]["errors"], found["d"]["errors"]) == ("calcium", "warfarin")
    assert found["b"]["classification"] is None


def test_a_map_is_read_and_a_wrong_one_refused(spark: Any, tmp_path: Any) -> None:
    from calcrisk.spark import score

    path = tmp_path / "map.yaml"
    path.write_text("id: P\ncolumns: {calcium: {column: CA, unit: mmol/L}, phosphate: PH}\n", "utf-8")
    rows = spark.createDataFrame([(7, "2.47", 6.8)], "P int, CA string, PH double")
    (row,) = score(rows, path).collect()
    wanted = assess(Patient(calcium="2.47 mmol/L", phosphate=6.8), Rulebook.default())
    assert (row["id"], row["status"], row["classification"]) == ("7", "scored", wanted.classification)
    with pytest.raises(UsageError, match="no column"):
        score(rows.drop("CA"), path)


def test_the_id_is_that_of_the_map_where_another_column_has_its_name(spark: Any) -> None:
    from calcrisk.cohort.columnmap import ColumnMap, Entry
    from calcrisk.spark import score

    rows = spark.createDataFrame([("7", "row 1", 9.9, "x")], "mrn string, Id string, calcium double, note string")
    by_mrn = ColumnMap("", id="mrn", entries={"calcium": Entry("calcium", "calcium")})
    (row,) = score(rows, by_mrn).collect()
    assert (row.__fields__[:3], row["id"], row["note"]) == (["id", "note", "status"], "7", "x")
    with pytest.raises(UsageError, match="the answer has a column"):
        score(rows, by_mrn, keep=["Id"])
    (row,) = score(rows, keep=["Id", "note"]).collect()
    assert (row.__fields__[:3], row["id"]) == (["id", "note", "status"], "row 1")


def test_a_gap_is_not_stated(spark: Any) -> None:
    """A frame made of one of pandas has NaN in every gap."""
    from calcrisk.spark import score

    nan = float("nan")
    rows = [(1, 9.9, 6.8, nan, "NaN", nan), (2, nan, None, 4.0, "NA", 1.0), (3, 9.9, 6.8, None, "\\N", 0.0)]
    labels = "place int, calcium double, phosphate double, albumin double, ckd_stage string, diabetes double"
    found = {row["place"]: row for row in score(spark.createDataFrame(rows, labels)).collect()}
    assert [found[place]["status"] for place in (1, 2, 3)] == ["scored"] * 3
    wanted = assess(Patient(calcium=9.9, phosphate=6.8), Rulebook.default())
    assert found[1]["classification"] == wanted.classification
    assert found[1]["corrected_ca_p_product"] is None
    assert found[2]["ca_p_product"] is None


@pytest.mark.volume
def test_twenty_thousand_of_them_as_duckdb(spark: Any) -> None:
    some = list(patients(20_000, seed=5))
    frame(spark, some).createOrReplaceTempView("labs")
    rows = [row.asDict() for row in spark.sql(written("spark")).orderBy("place").collect()]
    assert unlike(from_duckdb(some), rows) == []
