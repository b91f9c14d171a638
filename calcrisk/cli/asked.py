"""The options that several commands share, each with what its help says."""

from __future__ import annotations

from typing import Annotated

import typer

ANSWER = "The answer"  # the panel of the help in which they stand

Rulebook = Annotated[
    str | None,
    typer.Option(
        "--rulebook", metavar="FOLDER", help="Another rulebook or an overlay, as YAML.", rich_help_panel=ANSWER
    ),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Whose thresholds: see 'rules list'.", rich_help_panel=ANSWER),
]
Format = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="terminal or json.", rich_help_panel=ANSWER)
]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.", rich_help_panel=ANSWER)]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Write there instead.", rich_help_panel=ANSWER)
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day the answer speaks of.", rich_help_panel=ANSWER),
]

# Of many patients
Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files, folders (with all beneath), '-' for NDJSON on standard input."),
]
BatchFormat = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="table, csv, json, ndjson or parquet.", rich_help_panel=ANSWER),
]
Top = Annotated[
    int,
    typer.Option("--top", metavar="N", min=0, help="How many the table lists; 0 for all.", rich_help_panel=ANSWER),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        metavar="QUESTION=TIER",
        help="End with 3 when a patient is there or above, as in metastatic=high.",
        rich_help_panel=ANSWER,
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first refused patient.", rich_help_panel=ANSWER)]
Map = Annotated[
    str | None,
    typer.Option("--map", metavar="FILE", help="Which column of a table is which input.", rich_help_panel=ANSWER),
]
Lists = Annotated[
    bool,
    typer.Option(
        "--lists/--no-lists", help="Of a table: with the lists of rules and missing inputs.", rich_help_panel=ANSWER
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Processes; as many as help.", rich_help_panel=ANSWER),
]
Engine = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="Of tables: duckdb, or spark.", rich_help_panel=ANSWER)
]
Master = Annotated[
    str | None,
    typer.Option("--master", metavar="URL", help="The cluster of --engine spark.", rich_help_panel=ANSWER),
]
Chemistry = Annotated[
    bool, typer.Option("--chemistry", help="Ion chemistry of the serum as well; needs numpy.", rich_help_panel=ANSWER)
]
History = Annotated[bool, typer.Option("--history", help="Columns for what dated panels say.", rich_help_panel=ANSWER)]
Unknown = Annotated[
    list[str] | None,
    typer.Option("--unknown", metavar="NAME", help="State an input to be an open question.", rich_help_panel=ANSWER),
]
