"""The same SELECT in the dialects of warehouses: each column's expression is translated, the layout and comments stay.

Everything is written in what DuckDB reads, which is nearly the standard. sqlglot does the rest, expression by
expression; what it does not know is mended here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.errors import Fault, SurroundingsError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

    from calcrisk.rules.sql.layers import Column
    from calcrisk.rules.sql.select import Select

_WRITTEN: Final = "duckdb"  # the dialect that the walk writes
_LONGEST: Final = 8000  # letters of a list: no rulebook has as many
_BETWEEN_WORDS: Final = r"[\s_-]+"  # what a word of a choice may be written with


class Dialect(NamedTuple):
    """How one is written. ``executed`` tells that the tests run it; ``fence`` ends every inner stage."""

    executed: bool = False
    fence: str = ""


DIALECTS: Final[Mapping[str, Dialect]] = {
    _WRITTEN: Dialect(executed=True),
    "postgres": Dialect(executed=True, fence="OFFSET 0"),  # it would repeat every expression where it is read
    "spark": Dialect(executed=True),
    "sqlite": Dialect(executed=True, fence="LIMIT -1"),  # as PostgreSQL
    "bigquery": Dialect(),
    "databricks": Dialect(),
    "redshift": Dialect(),
    "snowflake": Dialect(),
    "trino": Dialect(),
    "tsql": Dialect(),
}


def dialect(name: str) -> Dialect:
    """Return a dialect by its name; raises ``UsageError`` with the nearest one."""
    if name not in DIALECTS:
        hint = did_you_mean(name, DIALECTS) or f"one of {', '.join(DIALECTS)}"
        raise UsageError([Fault(code="unknown-dialect", message=f"no dialect {name!r}", path="--dialect", hint=hint)])
    return DIALECTS[name]


def translated(chosen: Select, name: str) -> Select:
    """Return the stages in another dialect.

    Raises ``UsageError`` for what it has no words for, ``SurroundingsError`` when the extra is not installed.
    """
    if name == _WRITTEN:
        return chosen
    tell = _Translator(name)
    stages = tuple(stage._replace(columns=tell.columns(stage.columns)) for stage in chosen.stages)
    return chosen._replace(stages=stages, answer=tell.columns(chosen.answer))


def expressions(written: Mapping[str, str], name: str) -> dict[str, str]:
    """Return named expressions in another dialect, as ``translated`` does."""
    tell = (lambda sql: sql) if name == _WRITTEN else _Translator(name).expression
    return {label: tell(sql) for label, sql in written.items()}


class _Translator:
    def __init__(self, name: str) -> None:
        try:
            import sqlglot
        except ImportError:
            message, hint = "another dialect than DuckDB's needs sqlglot", "pip install 'calcrisk[sql]'"
            raise SurroundingsError([Fault(code="extra-not-installed", message=message, hint=hint)]) from None
        self._sqlglot, self._name = sqlglot, name
        self._seen: dict[str, str] = {}

    def columns(self, columns: Iterable[Column]) -> tuple[Column, ...]:
        return tuple(column._replace(sql=self.expression(column.sql)) for column in columns)

    def expression(self, sql: str) -> str:
        if sql not in self._seen:
            self._seen[sql] = sql if sql.isidentifier() else self._translate(sql)
        return self._seen[sql]

    def _translate(self, sql: str) -> str:
        tree = self._sqlglot.parse_one(sql, read=_WRITTEN).transform(_portable)
        if mend := _MENDS.get(self._name):
            tree = tree.transform(mend)
        try:
            return tree.sql(self._name, unsupported_level=self._sqlglot.ErrorLevel.RAISE)
        except self._sqlglot.errors.UnsupportedError as error:
            message = f"{self._name} has no words for {sql}: {error}"
            hint = "shape the columns in a view of your own, and map that"
            raise UsageError([Fault(code="unsupported-expression", message=message, hint=hint)]) from None


# ---- what is mended --------------------------------------------------------------------------------------------------


def _portable(node: exp.Expression) -> exp.Expression:
    """Write what only some dialects have in what all have."""
    from sqlglot import exp

    if isinstance(node, exp.RegexpReplace) and node.expression.name == _BETWEEN_WORDS:
        return _without(node.this, " ", "_", "-")
    if isinstance(node, exp.Coalesce) and isinstance(
        node.expressions[-1], exp.Boolean
    ):  # no truth is a value everywhere
        within = node.this.transform(_portable)  # what is put in another's place is not walked through again
        return exp.EQ(this=exp.case().when(within, "1").else_("0"), expression=exp.Literal.number(1))
    if isinstance(node, exp.RegexpFullMatch):
        pattern = node.expression.name.replace("\\.", "[.]")  # a backslash is read in two ways
        return exp.RegexpLike(this=node.this, expression=exp.Literal.string(f"^{pattern}$"))
    return node


def _without(text: exp.Expression, *signs: str) -> exp.Expression:
    from sqlglot import exp

    for sign in signs:
        text = exp.Replace(this=text, expression=exp.Literal.string(sign), replacement=exp.Literal.string(""))
    return text


def _for_tsql(node: exp.Expression) -> exp.Expression:
    """T-SQL cuts a text only where it is told how many letters to keep, and knows no regular expressions."""
    from sqlglot import exp

    if isinstance(node, exp.Substring) and not node.args.get("length"):
        node.set("length", exp.Literal.number(_LONGEST))
    if isinstance(node, exp.RegexpLike):  # a number is cast with care where it is read
        return exp.Not(this=exp.Like(this=node.this, expression=exp.Literal.string("%[^0-9.+-]%")))
    return node


def _for_sqlite(node: exp.Expression) -> exp.Expression:
    """SQLite has the word for regular expressions, and a function behind it in its own shell alone: patterns do.

    The one expression that is written is that of a plain number: a digit behind at most one sign, a digit at the end,
    nothing but digits and at most one point between.
    """
    from sqlglot import exp

    if not isinstance(node, exp.RegexpLike):
        return node
    rest = exp.Substring(this=node.this.copy(), start=exp.Literal.number(2))
    begins = exp.or_(_like(node.this, "[0-9]*"), _like(node.this, "[+-][0-9]*"))
    others = exp.or_(_like(node.this, "*.*.*"), _like(rest, "*[^0-9.]*"))
    return exp.paren(exp.and_(begins, _like(node.this, "*[0-9]"), exp.not_(others)))


def _like(text: exp.Expression, pattern: str) -> exp.Expression:
    from sqlglot import exp

    return exp.Glob(this=text.copy(), expression=exp.Literal.string(pattern))


_MENDS: Final = {"tsql": _for_tsql, "sqlite": _for_sqlite}
