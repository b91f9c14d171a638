"""``calcrisk.spark`` on a cluster of two worker processes, one of which is killed in the middle of the job."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from sparks import COMPILED, session

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("pyspark", reason="the extra calcrisk[spark] is not installed: `make spark` installs it")
pytest.importorskip("sqlglot", reason="the extra calcrisk[sql] is not installed")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or newer"),
    pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the workers are found as Linux lists them"),
    pytest.mark.filterwarnings("ignore"),  # Spark's own
]

_ROWS: Final = 400_000
_PARTS: Final = 40
_PATIENCE: Final = 240  # seconds
_WORKER: Final = b"CoarseGrainedExecutorBackend"


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session("local-cluster[2,1,1024]", **{"spark.executor.memory": "1g"}, **COMPILED) as started:
        yield started


@pytest.fixture(scope="module")
def labs(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Patients whose values follow from their number, so that both runs read the same."""
    path = str(tmp_path_factory.mktemp("labs") / "labs.parquet")
    shown = (
        "id",
        "CAST(20 + id % 60 AS DOUBLE) AS age",
        "8.0 + (id * 7 % 400) / 100 AS calcium",
        "CASE WHEN id % 11 > 0 THEN 2.0 + (id * 13 % 700) / 100 END AS phosphate",
        "CASE WHEN id % 3 > 0 THEN 2.5 + (id % 20) / 10 END AS albumin",
        "element_at(array('G1', 'G3a', 'G5', 'unknown', NULL), CAST(id % 5 + 1 AS INT)) AS ckd_stage",
        "CAST(CASE WHEN id % 5 = 2 THEN id % 2 END AS INT) AS dialysis",
        "CASE WHEN id % 7 = 0 THEN 'yes' WHEN id % 7 = 1 THEN 'no' END AS warfarin",
    )
    spark.range(_ROWS, numPartitions=_PARTS).selectExpr(*shown).write.parquet(path)
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(64 * 1024))
    return spark.read.parquet(path)


def workers(spark: Any) -> list[int]:
    """The processes that work for this session: found by the name of the application in their arguments."""
    ours = spark.sparkContext.applicationId.encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = path.read_bytes()
        except OSError:
            continue  # it has ended
        if _WORKER in said and ours in said:
            found.append(int(path.parent.name))
    return sorted(found)


def total(spark: Any, path: str) -> tuple[int, Any]:
    """The number of rows, and a checksum over every column that does not depend on their order."""
    read = spark.read.parquet(path)
    columns = ", ".join(f"`{name}`" for name in read.columns)
    (row,) = read.selectExpr("count(*)", f"sum(CAST(xxhash64({columns}) AS DECIMAL(38, 0)))").collect()
    return row[0], row[1]


def finished_tasks(spark: Any) -> int:
    tracker = spark.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return sum(stage.numCompletedTasks for stage in stages if stage)


def test_a_worker_that_is_killed_changes_nothing(spark: Any, labs: Any, tmp_path: Path) -> None:
    from calcrisk.spark import score

    undisturbed, disturbed = str(tmp_path / "undisturbed"), str(tmp_path / "disturbed")
    score(labs).write.parquet(undisturbed)
    wanted = total(spark, undisturbed)
    assert wanted[0] == _ROWS
    before = workers(spark)
    assert len(before) == 2

    job = threading.Thread(target=lambda: score(labs).write.parquet(disturbed), daemon=True)
    job.start()
    ends = time.monotonic() + _PATIENCE
    while finished_tasks(spark) < 3:
        assert job.is_alive(), "the job ended before anything could be killed"
        assert time.monotonic() < ends
        time.sleep(0.02)
    os.kill(before[0], signal.SIGKILL)
    assert job.is_alive()
    job.join(_PATIENCE)
    assert not job.is_alive()
    assert before[0] not in workers(spark)
    assert total(spark, disturbed) == wanted


def test_the_command_scores_a_table_on_a_cluster(tmp_path: Path) -> None:
    from commands import HERE, PROGRAM, environment

    found = os.pathsep.join(filter(None, (HERE, os.environ.get("PYTHONPATH"))))
    (tmp_path / "labs.csv").write_text(
        "id,calcium,phosphate,ckd_stage\na,9.9,6.8,G5\nb,99,6.8,G5\nc,9.4,3.5,\n", "utf-8"
    )
    arguments = ["batch", "labs.csv", "--engine", "spark", "--master", "local[2]", "-o", "out.ndjson"]
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=tmp_path,
        env=environment(PYTHONPATH=found),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stderr  # one row is refused
    lines = [
        line for part in sorted((tmp_path / "out.ndjson").glob("part-*")) for line in part.read_text().splitlines()
    ]
    assert [('"status":"refused"' in line) for line in lines] == [False, True, False]
    assert not list(tmp_path.glob("*unfinished*"))
