"""The chemistry on a real Spark: ``mapInArrow`` with the same function that DuckDB's batches go through."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from typing import Any

import pytest
from sera import inputs, stated

from calcrisk.chemistry.blocks import solve
from calcrisk.chemistry.tables import schema, solve_patients

pytest.importorskip("pyspark", reason="the extra calcrisk[spark] is not installed: `make spark` installs it")
pytest.importorskip("pyarrow", reason="pyarrow carries Spark's rows, and is not installed", exc_type=ImportError)

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or newer"),
    pytest.mark.filterwarnings("ignore"),  # Spark's own
]


def test_map_in_arrow_solves_what_one_run_solves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)  # the workers have what this one has
    from pyspark.sql import SparkSession, types

    local = {"spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    spark = SparkSession.builder.master("local[2]").config(map=local).getOrCreate()
    columns = {name: [float(value) for value in column] for name, column in stated().items()}
    own = [types.StructField("place", types.LongType()), types.StructField("ward", types.StringType())]
    own += [types.StructField(name, types.DoubleType()) for name in columns]
    rows: list[tuple[Any, ...]] = [(at, "a", *cells) for at, cells in enumerate(zip(*columns.values(), strict=True))]
    try:
        patients = spark.createDataFrame(rows, types.StructType(own)).repartition(4)
        solved = patients.mapInArrow(partial(solve_patients, keys=("place",)), schema(place="bigint"))
        found = {row["place"]: row for row in solved.collect()}
    finally:
        spark.stop()
    wanted = solve(inputs())["si_hap"]
    assert len(found) == len(wanted) == 300
    assert max(abs(found[at]["si_hap"] - value) for at, value in enumerate(wanted)) < 1e-6
    assert {row["chemistry"] for row in found.values()} == {"solved"}
    assert all("ph-assumed" not in row["chemistry_warnings"] for row in found.values())
