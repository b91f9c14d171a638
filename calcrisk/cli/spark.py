"""``calcrisk batch --engine spark``: tables scored on a cluster, from where they lie to a folder beside them.

Paths may be anything that the cluster reads (``hdfs://``, ``s3a://``, files). The answer is a folder of parts, as Spark
writes it; it is written aside and appears whole, or not at all.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import reduce
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calcrisk.cli.spark_text import READ, WRITTEN, guarded, local_files, read_text, trimmed, unreadable
from calcrisk.cohort.columnmap import plain_map
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.tables import telling_rows
from calcrisk.errors import Fault, InputError, SurroundingsError, UsageError
from calcrisk.rules.sql.select import LISTS
from calcrisk.spark import require, score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from calcrisk.cohort.columnmap import ColumnMap
    from calcrisk.rules.rulebook import Rulebook

_HOME: Final = "local[*]"
_SUFFIXES: Final = {".parquet": "parquet", ".csv": "csv", ".tsv": "tsv", ".ndjson": "json", ".jsonl": "json"}
_WRITTEN: Final = {"parquet": "parquet", "csv": "csv", "ndjson": "json"}
_TOLD: Final = 300  # letters of what Spark says
_UNREAD: Final = "FAILED_READ_FILE"  # of a file, whatever the reason
_CALLED: Final = re.compile(r"^An error occurred while calling \S+\s+: ([\w.]+: )?")  # what the gateway puts in front


class Asked(NamedTuple):
    """What is wanted of a cluster."""

    form: str
    output: str | None
    master: str | None
    map: str | None
    lists: bool
    limits: Mapping[str, frozenset[str]]  # the tiers that --fail-on looks for
    other: Sequence[str]  # options that this engine does not know


class Ended(NamedTuple):
    """How many rows of each kind there are."""

    scored: int
    refused: int
    reached: int


def run(paths: Sequence[str], book: Rulebook, asked: Asked) -> Ended:
    """Score the tables and write the folder; raises ``CalcriskError``, and then leaves nothing behind."""
    output = _checked(asked)
    kind = _kind(paths)
    column_map = read_map(asked.map) if asked.map else None
    require()
    with _session(asked.master) as spark, telling_rows(local_files(paths)), _telling():
        spark.sparkContext.setLogLevel("OFF")  # it repeats rows that it could not read; what is of use is told by us
        read = _read(spark, paths, kind, column_map)
        scored = score(read, column_map, rulebook=book, lists=LISTS if asked.lists else (), keep=())
        with _aside(spark, output) as place:
            shown = guarded(scored) if asked.form == "csv" else scored
            shown.write.options(**WRITTEN if asked.form == "csv" else {}).format(_WRITTEN[asked.form]).save(place)
            return _counted(scored, spark, place, asked)


def _checked(asked: Asked) -> str:
    faults = [
        Fault(code="no-such-option", message=f"--engine spark knows no {option}", path=option, hint="leave it out")
        for option in asked.other
    ]
    if asked.form not in _WRITTEN:
        hint = f"choose --format {', '.join(_WRITTEN)}"
        faults.append(
            Fault(code="format-conflict", message=f"Spark writes no {asked.form}", path="--format", hint=hint)
        )
    if asked.output in (None, "-"):
        hint = "name the folder with -o: the parts are written where the cluster writes"
        faults.append(Fault(code="no-output", message="Spark does not write to standard output", path="-o", hint=hint))
    if faults:
        raise UsageError(faults)
    return str(asked.output)


def _kind(paths: Sequence[str]) -> str:
    suffixes = [PurePosixPath(path.removesuffix(".gz").rstrip("/*")).suffix.lower() for path in paths]
    kinds = {_SUFFIXES.get(suffix, "") for suffix in suffixes}
    if len(kinds) != 1 or "" in kinds:
        message, hint = "Spark reads tables of one kind in a call", f"name files that end in {', '.join(_SUFFIXES)}"
        raise UsageError([Fault(code="no-table", message=message, file=", ".join(paths), hint=hint)])
    return kinds.pop()


# ---- Spark -----------------------------------------------------------------------------------------------------------


@contextmanager
def _session(master: str | None) -> Iterator[SparkSession]:
    """Give a session on a cluster; without ``--master`` on that of the surroundings, or on this machine's cores."""
    import os

    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("calcrisk").config("spark.ui.showConsoleProgress", "true")
    if master or "SPARK_REMOTE" not in os.environ:
        builder = builder.master(master or os.environ.get("MASTER", _HOME))
    try:
        session = builder.getOrCreate()
    except (PySparkException, Exception) as error:  # noqa: BLE001  # a gateway that does not start has many errors
        hint = "is Java 17 or newer installed, and does --master name a cluster that is up?"
        message = f"no Spark session: {_first(error)}"
        raise SurroundingsError([Fault(code="engine", message=message, path="--master", hint=hint)]) from None
    try:
        yield session
    finally:
        session.stop()


def _read(spark: SparkSession, paths: Sequence[str], kind: str, column_map: ColumnMap | None) -> DataFrame:
    if kind not in {"csv", "tsv"}:
        return spark.read.format(kind).load(list(paths))
    read = read_text(spark, paths)
    return trimmed(read, (column_map or plain_map(read.columns, "")).id or "")


def _counted(scored: DataFrame, spark: SparkSession, place: str, asked: Asked) -> Ended:
    """Count what was written, so that no row is scored twice."""
    from pyspark.sql import functions as fn

    plain = spark.read.options(**READ if asked.form == "csv" else {})
    written = plain.schema(scored.schema).format(_WRITTEN[asked.form]).load(place)
    reached = [fn.col(f"{tier}_tier").isin(list(tiers)) for tier, tiers in asked.limits.items()]
    at_limit = reduce(lambda one, other: one | other, reached, fn.lit(False))  # as Spark writes it
    refused = fn.col("status") == "refused"
    (row,) = written.select(
        fn.count_if(~refused),
        fn.count_if(refused),
        fn.count_if(fn.coalesce(at_limit, fn.lit(False))),
    ).collect()
    return Ended(*row)


@contextmanager
def _aside(spark: SparkSession, output: str) -> Iterator[str]:
    """Give a folder beside the wanted one, which takes its name in the end, and is removed after a failure."""
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001  # pyspark has no other way to the file system of a path
    goal = jvm.org.apache.hadoop.fs.Path(output)
    files = goal.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())  # noqa: SLF001  # as above
    if files.exists(goal):
        hint = "name another, or remove it first"
        raise UsageError([Fault(code="exists", message="is there already", file=output, path="-o", hint=hint)])
    aside = goal.suffix(".calcrisk-unfinished")
    try:
        yield aside.toString()
        if not files.rename(aside, goal):  # which is all that some file systems say of a failure
            message, hint = "the finished folder cannot take its name", "may you write there, and is nobody else?"
            raise SurroundingsError([Fault(code="cannot-write", message=message, file=output, path="-o", hint=hint)])
    finally:
        files.delete(aside, True)  # with all that is in it


@contextmanager
def _telling() -> Iterator[None]:
    """Say of an error of Spark's what a user can do about it."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import AnalysisException, PySparkException

    try:
        yield
    except AnalysisException as error:
        raise InputError([Fault(code="unreadable-table", message=_first(error))]) from None
    except (PySparkException, Py4JJavaError) as error:
        if _UNREAD in str(error):
            raise unreadable(str(error)) from None
        raise SurroundingsError([Fault(code="engine", message=_first(error))]) from None


def _first(error: BaseException) -> str:
    lines = _CALLED.sub("", str(error).strip()).splitlines()
    return lines[0][:_TOLD] if lines else type(error).__name__
