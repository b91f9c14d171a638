"""The commands and their options. Bodies are imported when a command runs, so that none pays for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final

import typer

from calcrisk._version import __version__
from calcrisk.cli.asked import (
    ANSWER,
    AsOf,
    BatchFormat,
    Chemistry,
    Engine,
    FailOn,
    Format,
    History,
    Jobs,
    Json,
    Lists,
    Map,
    Master,
    Output,
    Paths,
    Profile,
    Rulebook,
    Strict,
    Top,
    Unknown,
)
from calcrisk.cli.declaring import is_completing, with_input_options

_HELP = """Which kind of pathologic calcification does a patient point to, how strongly, and who says so?

Decision support for professionals and education. It never diagnoses.
"""
_LISTED = 50  # patients of a table unless --top says otherwise: about a screen or two


def _version(wanted: bool) -> None:  # typer's callback
    if wanted:
        from calcrisk.rules.rulebook import Rulebook as Book

        book = Book.default()
        typer.echo(f"calcrisk {__version__}\nrulebook {book.id} {book.version}\nsha256   {book.sha256}")
        raise typer.Exit


def _calcrisk(
    version: Annotated[  # handled by its callback
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Program, rulebook and hash.")
    ] = False,
) -> None:
    """Serve as the place of the options that need no command."""


def _assess(  # noqa: PLR0913  # the options of the command, beside one for every input
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE or -]", help="YAML or JSON; '-' reads standard input.")
    ] = None,
    format: Annotated[  # noqa: A002  # the word users type
        str | None,
        typer.Option("--format", metavar="NAME", help="terminal, json or markdown.", rich_help_panel=ANSWER),
    ] = None,
    json: Json = False,
    brief: Annotated[bool, typer.Option("--brief", help="Three lines.", rich_help_panel=ANSWER)] = False,
    all: Annotated[  # noqa: A002  # the word users type
        bool, typer.Option("--all", help="Every rule, also those that do not hold.", rich_help_panel=ANSWER)
    ] = False,
    chemistry: Chemistry = False,
    interval: Annotated[
        bool, typer.Option("--interval", help="Class and tiers at both ends of the noise.", rich_help_panel=ANSWER)
    ] = False,
    output: Output = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
    unknown: Unknown = None,
    **flags: str | bool | None,
) -> None:
    """Assess one patient, from a file, from flags, or both (flags win), and explain the answer."""
    from calcrisk.cli.assess import Wanted, run

    wanted = Wanted(format, json, brief, all, output, as_of, chemistry, interval)
    run(file, flags, unknown or [], wanted, profile=profile, rulebook=rulebook)


def _chemistry(  # noqa: PLR0913  # the options of the command, beside one for every input
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE or -]", help="YAML or JSON; '-' reads standard input.")
    ] = None,
    format: Annotated[  # noqa: A002  # the word users type
        str | None,
        typer.Option("--format", metavar="NAME", help="terminal, json, svg or html.", rich_help_panel=ANSWER),
    ] = None,
    json: Json = False,
    output: Output = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
    unknown: Unknown = None,
    **flags: str | bool | None,
) -> None:
    """Ions and saturation of one serum: a driving force, not a diagnosis and not a prediction. Needs numpy."""
    from calcrisk.cli.assess import Wanted
    from calcrisk.cli.chemistry import run

    wanted = Wanted(format, json, False, False, output, as_of, True)
    run(file, flags, unknown or [], wanted, profile=profile, rulebook=rulebook)


def _what_if(  # noqa: PLR0913  # the options of the command, beside one for every input
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE or -]", help="YAML or JSON; '-' reads standard input.")
    ] = None,
    set: Annotated[  # noqa: A002  # the word users type
        list[str] | None,
        typer.Option("--set", metavar="INPUT=VALUE", help="Change an input.", rich_help_panel=ANSWER),
    ] = None,
    goal: Annotated[
        list[str] | None,
        typer.Option("--goal", metavar="QUESTION=TIER", help="What would reach it.", rich_help_panel=ANSWER),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="INPUT=LOW:HIGH", help="Two of them: a plane.", rich_help_panel=ANSWER),
    ] = None,
    question: Annotated[
        str | None, typer.Option("--question", metavar="NAME", help="What a plane shows.", rich_help_panel=ANSWER)
    ] = None,
    format: Annotated[  # noqa: A002  # the word users type
        str | None,
        typer.Option("--format", metavar="NAME", help="terminal, json, markdown or svg.", rich_help_panel=ANSWER),
    ] = None,
    json: Json = False,
    output: Output = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
    unknown: Unknown = None,
    **flags: str | bool | None,
) -> None:
    """What the rules would say if something were otherwise, and what would reach a tier: arithmetic, not advice."""
    from calcrisk.cli.what_if import Wanted, run

    wanted = Wanted(set or [], goal or [], grid or [], question, format, json, output, as_of)
    run(files or [], flags, unknown or [], wanted, profile=profile, rulebook=rulebook)


def _trend(  # noqa: PLR0913  # the options of the command
    file: Annotated[
        str, typer.Argument(metavar="FILE or -", help="A patient with dated panels; '-' reads standard input.")
    ],
    format: Annotated[  # noqa: A002  # the word users type
        str | None, typer.Option("--format", metavar="NAME", help="terminal, json or svg.", rich_help_panel=ANSWER)
    ] = None,
    json: Json = False,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="The product of albumin-corrected calcium.", rich_help_panel=ANSWER)
    ] = False,
    output: Output = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
) -> None:
    """The Ca×P product over time: how often and how long above its limit, and what noise alone explains."""
    from calcrisk.cli.trend import Wanted, run

    run(file, Wanted(format, json, output, as_of, corrected), profile=profile, rulebook=rulebook)


def _batch(  # noqa: PLR0913  # the options of the command
    paths: Paths,
    format: BatchFormat = None,  # noqa: A002  # the word users type
    json: Json = False,
    output: Output = None,
    top: Top = _LISTED,
    fail_on: FailOn = None,
    strict: Strict = False,
    jobs: Jobs = None,
    map: Map = None,  # noqa: A002  # as format
    lists: Lists = True,
    chemistry: Chemistry = False,
    history: History = False,
    engine: Engine = "duckdb",
    master: Master = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
) -> None:
    """Assess many patients; each that cannot be read is refused in its place, and none stops the others."""
    from calcrisk.cli.batch import Wanted, run

    wanted = Wanted(
        format, json, output, jobs, fail_on or [], strict, as_of, top, chemistry, history, map, lists, engine, master
    )
    raise typer.Exit(run(paths, wanted, profile=profile, rulebook=rulebook))


def _columns_suggest(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="Tables: CSV, Parquet or NDJSON.")],
    output: Output = None,
) -> None:
    """Propose a column map for a table, from names, units and values: YAML for --map, each line with its reason."""
    from calcrisk.cli.columns import suggest

    suggest(paths, output)


def _schema(
    what: Annotated[str, typer.Argument(metavar="patient, assessment, trend, what-if, history or interval")],
    json: Annotated[bool, typer.Option("--json", help="A schema is JSON anyway.")] = False,  # noqa: ARG001  # as on every command
    output: Output = None,
) -> None:
    """Print a JSON Schema: of the patient document, of an answer, or of its history or interval."""
    from calcrisk.cli.documents import schema as write

    write(what, output)


def _template(json: Annotated[bool, typer.Option("--json", hidden=True)] = False, output: Output = None) -> None:
    """Print a commented patient file to fill in; as it is, it can be fed straight back."""
    from calcrisk.cli.documents import template as write

    write(output, as_json=json)


def _sql(  # noqa: PLR0913  # the options of the command
    dialect: Annotated[
        str,
        typer.Option("--dialect", metavar="NAME", help="duckdb, postgres, spark, bigquery, snowflake, trino, tsql …"),
    ] = "duckdb",
    table: Annotated[
        str, typer.Option("--table", metavar="NAME", help="The table, as your database names it.")
    ] = "labs",
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="A,B,C or FILE", help="Its columns, as 'name' or 'name TYPE', or a file of it."
        ),
    ] = None,
    map: Map = None,  # noqa: A002  # as format
    lists: Annotated[
        str | None,
        typer.Option("--with", metavar="A,B", help="Costly columns as well: possible, settled, met_rules, missing."),
    ] = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    output: Output = None,
) -> None:
    """Print the whole rulebook as one SELECT, to be pasted into a warehouse; nothing is read but names of columns."""
    from calcrisk.cli.sql import Asked, run

    run(Asked(dialect, table, columns, map, lists, output), profile=profile, rulebook=rulebook)


def _rules_list(
    rulebook: Rulebook = None,
    profile: Profile = None,
    format: Format = None,  # noqa: A002  # the word users type
    json: Json = False,
    output: Output = None,
) -> None:
    """List every rule: its mechanism, level and source; then the profiles."""
    from calcrisk.cli.rules import Wanted, show_list

    show_list(rulebook, profile, Wanted(format, json, output))


def _rules_show(  # noqa: PLR0913  # the options of the command
    rule: Annotated[str, typer.Argument(metavar="ID")],
    rulebook: Rulebook = None,
    profile: Profile = None,
    format: Format = None,  # noqa: A002  # the word users type
    json: Json = False,
    output: Output = None,
) -> None:
    """Show one rule: its condition, numbers, sentence, sources, what argues against it, and where it is written."""
    from calcrisk.cli.rules import Wanted, show_one

    show_one(rule, rulebook, profile, Wanted(format, json, output))


def _names(incomplete: str) -> list[tuple[str, str]]:
    from calcrisk.cli.explain import names

    return names(incomplete)


def _explain(  # noqa: PLR0913  # the options of the command
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A word of the subject, an input, fact, rule, class, source …; KIND:NAME asks for one of namesakes.",
            autocompletion=_names,
        ),
    ],
    rulebook: Rulebook = None,
    profile: Profile = None,
    format: Annotated[  # noqa: A002  # the word users type
        str | None,
        typer.Option("--format", metavar="NAME", help="terminal, json or markdown.", rich_help_panel=ANSWER),
    ] = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Explain anything the rulebook names: what it is, why it matters, the numbers, the sources, what is contested."""
    from calcrisk.cli.explain import Wanted, run

    run(name, rulebook, profile, Wanted(format, json, output))


def _rules_check(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="The folder of a rulebook or an overlay, or a file of it.")
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 2 for warnings also.", rich_help_panel=ANSWER)
    ] = False,
    format: Format = None,  # noqa: A002  # the word users type
    json: Json = False,
    output: Output = None,
) -> None:
    """Check a rulebook or an overlay: that it loads, its cases, bands, edges, sources, and what nobody reads."""
    from calcrisk.cli.checking import check
    from calcrisk.cli.rules import Wanted

    raise typer.Exit(check(path, Wanted(format, json, output), strict=strict))


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "assess": _assess,
    "chemistry": _chemistry,
    "what-if": _what_if,
    "trend": _trend,
    "batch": _batch,
    "sql": _sql,
    "schema": _schema,
    "template": _template,
    "explain": _explain,
}
_OF_A_PATIENT: Final = ("assess", "chemistry", "what-if")  # they have an option for every input
_GROUPS: Final[dict[str, tuple[str, dict[str, Callable[..., None]]]]] = {
    "columns": ("The columns of a table, and which inputs they are.", {"suggest": _columns_suggest}),
    "rules": (
        "The rulebook, readable and checked.",
        {"list": _rules_list, "show": _rules_show, "check": _rules_check},
    ),
}


def command_line(arguments: Sequence[str]) -> typer.Typer:
    """Make the program that can read these arguments."""
    app = typer.Typer(
        name="calcrisk",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # a traceback is never shown, and never a local variable
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
    )
    app.callback()(_calcrisk)
    every = [*_COMMANDS, *_GROUPS]
    named, *options = arguments or [""]
    # reading its options is what a command costs start-up: all are declared only where none is named
    wanted = [named] if named in every and not is_completing() else every
    for name, command in _COMMANDS.items():
        if name in wanted:
            of_patient = name in _OF_A_PATIENT
            app.command(name)(with_input_options(command, options) if of_patient else command)
    for name, (said, commands) in _GROUPS.items():
        if name in wanted:
            group = typer.Typer(help=said, no_args_is_help=True)
            for each, command in commands.items():
                group.command(each)(command)
            app.add_typer(group, name=name)
    return app
