"""The format of an answer, from all that a command line can say of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from calcrisk.errors import Fault, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUFFIXES: Final = {
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
}
_PLAIN: Final = ".txt"  # the suffix of what a command would print without being asked for a format


def chosen_format(
    formats: Sequence[str], output: str | None, *, named: str | None, json: bool, brief: bool = False
) -> str:
    """Settle the format, one of ``formats`` or ``brief``, from --format, --json, --brief and the suffix of the output.

    The first of ``formats`` is what is printed when nothing is said, and what a ``.txt`` file holds.
    Raises UsageError for a conflict, a format the command does not have, or a suffix that names none.
    """
    suffix = Path(output).suffix.lower() if output else ""
    suffixes = {known: form for known, form in _SUFFIXES.items() if form in formats} | {_PLAIN: formats[0]}
    wishes = {
        "--format": named,
        "--json": "json" if json else None,
        "--brief": "brief" if brief else None,
        "-o": suffixes.get(suffix),
    }
    said = {option: form for option, form in wishes.items() if form}
    _complain_unless_offered(named, formats)
    if suffix and not said:
        message = f"no format of this command has the suffix {suffix!r}"
        hint = f"one of {', '.join(suffixes)}, or name the format with --format"
        raise UsageError([Fault(code="unknown-suffix", message=message, path="-o", hint=hint)])
    return _agreed(said, formats[0])


def _complain_unless_offered(form: str | None, formats: Sequence[str]) -> None:
    if form and form not in formats:
        hint = did_you_mean(form, formats) or f"one of {', '.join(formats)}"
        raise UsageError([Fault(code="unknown-format", message=f"unknown format {form!r}", hint=hint)])


def _agreed(said: dict[str, str], usual: str) -> str:
    if said.get("--brief") and said.get("-o") == usual:
        del said["-o"]  # a .txt file holds either
    if len(set(said.values())) > 1:
        wishes = " and ".join(f"{option} ({form})" for option, form in said.items())
        raise UsageError([Fault(code="format-conflict", message=f"two formats at once: {wishes}", hint="keep one")])
    return next(iter(said.values()), usual)
