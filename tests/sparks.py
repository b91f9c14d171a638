"""Spark sessions for tests: on this machine only, without a page of its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPILED: Final = {  # what cannot be compiled fails, and is not interpreted
    "spark.sql.codegen.factoryMode": "CODEGEN_ONLY",
    "spark.sql.codegen.fallback": "false",
}
_HERE: Final = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@contextmanager
def session(master: str, **settings: str) -> Iterator[Any]:
    """Give a session, and stop it in the end."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master)
    for key, value in {**_HERE, **settings}.items():
        builder = builder.config(key, value)
    started = builder.getOrCreate()
    yield started
    started.stop()
