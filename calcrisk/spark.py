"""A data frame of patients scored on the cluster that holds it (extra ``calcrisk[spark]``).

    >>> import calcrisk.spark                                    # doctest: +SKIP
    >>> scored = calcrisk.spark.score(dataframe)                 # doctest: +SKIP

It runs the SELECT that ``calcrisk sql --dialect spark`` prints: no Python runs for a row, and the workers need nothing
installed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from calcrisk.cohort.columnmap import ColumnMap
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.printing import Wanted, printed, unread
from calcrisk.errors import Fault, SurroundingsError
from calcrisk.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyspark.sql import DataFrame

_ROWS: Final = "calcrisk_rows"
# Spark's types in the words of the map's reader; what is neither a number nor a text is read as it is written
_KINDS: Final = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "INTEGER",
    "smallint": "INTEGER",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "decimal": "DECIMAL",
}


def score(
    dataframe: DataFrame,
    mapping: ColumnMap | str | Path | None = None,
    *,
    rulebook: Rulebook | None = None,
    lists: Iterable[str] = (),
    keep: Iterable[str] | None = None,
) -> DataFrame:
    """Return the answer to each row, lazily, with the columns of ``calcrisk batch --format csv``.

    ``mapping`` is a column map or its file; without one the columns are named as the inputs are, in conventional
    units. ``lists`` are the costly columns that are wanted too: ``possible``, ``settled``, ``met_rules``, ``missing``.
    ``keep`` are the columns of the data frame that stand before the answer, beside ``id``: those that no input is read
    from, unless said otherwise. Where a mapping names the id, ``id`` is that one, and another column of this name is
    left out, or refused in ``keep``. Raises ``UsageError`` for a wrong map, ``SurroundingsError`` when sqlglot is not
    installed.
    """
    column_map = mapping if mapping is None or isinstance(mapping, ColumnMap) else read_map(str(mapping))
    columns = {name: _KINDS.get(kind.partition("(")[0], kind) for name, kind in dataframe.dtypes}
    kept = tuple(unread(columns, column_map) if keep is None else keep)
    wanted = Wanted("spark", _ROWS, columns, column_map, frozenset(lists), kept)
    text = printed(rulebook or Rulebook.default(), wanted)
    braced = text.replace("{", "{{").replace("}", "}}").replace(f"FROM {_ROWS}\n", f"FROM {{{_ROWS}}}\n")
    return dataframe.sparkSession.sql(braced, **{_ROWS: dataframe})


def require() -> None:
    """Raise ``SurroundingsError`` when the extra is not installed."""
    if find_spec("pyspark") is None:
        message, hint = "a cluster is reached by pyspark, which is not installed", "pip install 'calcrisk[spark]'"
        raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)])
