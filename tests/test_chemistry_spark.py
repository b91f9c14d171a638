"""The chemistry on a real Spark: ``mapInArrow`` with the same solver that DuckDB's batches go through."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest
from sera import inputs

from calcrisk.chemistry.arrow import solve_batches
from calcrisk.chemistry.blocks import solve

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
    columns = {name: [float(value) for value in column] for name, column in inputs().items()}
    double, text = types.DoubleType(), types.StringType()
    own = [types.StructField("place", types.LongType()), *(types.StructField(name, double) for name in columns)]
    numbers = [name for name, column in solve({"ca": [2.4], "p": [1.1]}).items() if column.dtype.kind == "f"]
    more = [*(types.StructField(name, double) for name in numbers)]
    more += [types.StructField("status", text), types.StructField("assumed", text)]
    rows: list[tuple[Any, ...]] = [(at, *cells) for at, cells in enumerate(zip(*columns.values(), strict=True))]
    try:
        patients = spark.createDataFrame(rows, types.StructType(own)).repartition(4)
        solved = patients.mapInArrow(solve_batches, types.StructType([*own, *more]))
        found = {row["place"]: row["si_hap"] for row in solved.select("place", "si_hap", "status").collect()}
    finally:
        spark.stop()
    wanted = solve(inputs())["si_hap"]
    assert len(found) == len(wanted) == 300
    assert max(abs(found[at] - value) for at, value in enumerate(wanted)) < 1e-6
