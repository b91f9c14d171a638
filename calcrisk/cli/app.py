"""The commands and their options. Bodies are imported when a command runs, so that none pays for another."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from calcrisk._version import __version__
from calcrisk.cli.options import OPTIONS, Option

_HELP = """Which kind of pathologic calcification does a patient point to, how strongly, and who says so?

Decision support for professionals and education. It never diagnoses.
"""
_ANSWER = "The answer"
_OWN = {"--format", "--json", "--brief", "--all", "--output", "--profile", "--rulebook", "--as-of", "--unknown"}
_INPUTS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="calcrisk",
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback is never shown, and never a local variable
    context_settings=_INPUTS,
    rich_markup_mode=None,
)
rules = typer.Typer(help="The rulebook, readable.", no_args_is_help=True)
app.add_typer(rules, name="rules")

Rulebook = Annotated[
    str | None, typer.Option(metavar="FOLDER", help="Another rulebook, as YAML.", rich_help_panel=_ANSWER)
]
Profile = Annotated[
    str | None, typer.Option(metavar="NAME", help="Whose thresholds: see 'rules list'.", rich_help_panel=_ANSWER)
]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.", rich_help_panel=_ANSWER)]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Write there instead.", rich_help_panel=_ANSWER)
]


def _version(wanted: bool) -> None:  # typer's callback
    if wanted:
        from calcrisk.rules.rulebook import Rulebook as Book

        book = Book.default()
        typer.echo(f"calcrisk {__version__}\nrulebook {book.id} {book.version}\nsha256   {book.sha256}")
        raise typer.Exit


@app.callback()
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
        typer.Option("--format", metavar="NAME", help="terminal, json or markdown.", rich_help_panel=_ANSWER),
    ] = None,
    json: Json = False,
    brief: Annotated[bool, typer.Option("--brief", help="Three lines.", rich_help_panel=_ANSWER)] = False,
    all: Annotated[  # noqa: A002  # the word users type
        bool, typer.Option("--all", help="Every rule, also those that do not hold.", rich_help_panel=_ANSWER)
    ] = False,
    output: Output = None,
    profile: Profile = None,
    rulebook: Rulebook = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="The day the answer speaks of.", rich_help_panel=_ANSWER),
    ] = None,
    unknown: Annotated[
        list[str] | None,
        typer.Option(
            "--unknown", metavar="NAME", help="State an input to be an open question.", rich_help_panel=_ANSWER
        ),
    ] = None,
    **flags: str | bool | None,
) -> None:
    """Assess one patient, from a file, from flags, or both (flags win), and explain the answer."""
    from calcrisk.cli.assess import Wanted, run

    wanted = Wanted(format=format, json=json, brief=brief, every_rule=all, output=output, as_of=as_of)
    run(file, flags, unknown or [], wanted, profile=profile, rulebook=rulebook)


def _with_an_option_for_every_input(command: Any) -> Any:  # noqa: ANN401  # any function typer can call
    """Replace ``**flags`` by one option an input, as the generated table names them."""
    signature = inspect.signature(command, eval_str=True)
    own = [part for part in signature.parameters.values() if part.kind is not inspect.Parameter.VAR_KEYWORD]
    inputs = [
        inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(option))
        for option in _needed(sys.argv[1:])
    ]
    command.__signature__ = signature.replace(parameters=[*own, *inputs])
    command.__annotations__ = {part.name: part.annotation for part in (*own, *inputs)}
    return command


def _needed(arguments: Sequence[str]) -> Sequence[Option]:
    """Return the options worth declaring: those on the command line, or all of them for help, completion and mistakes.

    Each costs start-up a little, and there are more than a hundred.
    """
    words = {word.partition("=")[0] for word in arguments if word.startswith("--") or word == "-h"}
    named = {form: option for option in OPTIONS for form in _forms(option)}
    completing = any(name.startswith("_CALCRISK_") for name in os.environ)
    if completing or words - named.keys() - _OWN:
        return OPTIONS
    return [option for option in OPTIONS if not words.isdisjoint(_forms(option))]


def _forms(option: Option) -> tuple[str, str]:
    dashed = option.name.replace("_", "-")
    return f"--{dashed}", f"--no-{dashed}"


def _annotation(option: Option) -> Any:  # noqa: ANN401  # a type made at run time
    dashed = option.name.replace("_", "-")
    yesno = option.kind == "yesno"
    declared = f"--{dashed}/--no-{dashed}" if yesno else f"--{dashed}"
    info = typer.Option(
        declared,
        help=option.help,
        metavar=None if yesno else option.metavar,
        rich_help_panel=option.panel,
        show_default=False,
    )
    return Annotated[bool | None if yesno else str | None, info]


app.command("assess")(_with_an_option_for_every_input(_assess))


@app.command()
def schema(what: Annotated[str, typer.Argument(metavar="patient or assessment")], output: Output = None) -> None:
    """Print a JSON Schema: of the patient document, or of the answer."""
    from calcrisk.cli.documents import schema as write

    write(what, output)


@app.command()
def template(output: Output = None) -> None:
    """Print a commented patient file to fill in; as it is, it can be fed straight back."""
    from calcrisk.cli.documents import template as write

    write(output)


@rules.command("list")
def rules_list(rulebook: Rulebook = None, profile: Profile = None, json: Json = False, output: Output = None) -> None:
    """List every rule: its mechanism, level and source; then the profiles."""
    from calcrisk.cli.rules import show_list

    show_list(rulebook, profile, as_json=json, output=output)


@rules.command("show")
def rules_show(
    rule: Annotated[str, typer.Argument(metavar="ID")],
    rulebook: Rulebook = None,
    profile: Profile = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Show one rule: its condition, numbers, sentence, sources, what argues against it, and where it is written."""
    from calcrisk.cli.rules import show_one

    show_one(rule, rulebook, profile, as_json=json, output=output)
