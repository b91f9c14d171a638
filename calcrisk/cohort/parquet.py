"""Rows that were answered one by one, as a Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calcrisk.cohort.engine import engine, file_text, name, text

if TYPE_CHECKING:
    from collections.abc import Mapping


IN_PLACE: Final = "USE_TMP_FILE false"  # it stands beside the goal already, under a name that is told as the goal's


def from_lines(lines: str, output: str, columns: Mapping[str, str], said: Mapping[str, str]) -> None:
    """Write ``output`` from a file of JSON, one row a line, under columns of these types; ``said`` goes into it."""
    kinds = ", ".join(f"{name(column)}: {text(kind)}" for column, kind in columns.items())
    rows = f"read_json({file_text(lines)}, format = 'newline_delimited', columns = {{{kinds}}})"
    with engine() as at_work:
        at_work.rows(f"COPY (SELECT * FROM {rows}) TO {text(output)} ({options(said)})")


def options(said: Mapping[str, str]) -> str:
    """Return how a Parquet file is written: with what its answers were made with."""
    values = ", ".join(f"{name(key)}: {text(value)}" for key, value in said.items())
    return f"FORMAT parquet, {IN_PLACE}, KV_METADATA {{{values}}}"


def made_with(rulebook: str, profile: str, assumed: Mapping[str, object]) -> dict[str, str]:
    """Say what answers were made with."""
    told = ", ".join(f"{what}: {value}" for what, value in assumed.items())
    return {"calcrisk_rulebook": rulebook, "calcrisk_profile": profile, "calcrisk_assumed": told}
