"""``calcrisk what-if``: read, change, ask, render, write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.cli.assess import as_date, read
from calcrisk.cli.formats import chosen_format
from calcrisk.cli.output import emit, print_page
from calcrisk.errors import Fault, UsageError
from calcrisk.stated import Location, Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.scenario import Scenario

_FORMATS: Final = ("terminal", "json", "markdown", "svg")
_SIZES: Final = {"json": (60, 40), "svg": (160, 112)}  # columns and rows of cells; others draw the terminal's
_TERMINAL: Final = (64, 22)  # of a page that is as wide as the eye likes
_EXAMPLE: Final = "try --set phosphate=5, --goal metastatic=low, or --grid calcium=8:11 --grid phosphate=2:9"


class Wanted(NamedTuple):
    """What is asked, and how the answer is wanted."""

    sets: Sequence[str]
    goals: Sequence[str]
    grid: Sequence[str]
    question: str | None
    format: str | None
    json: bool
    output: str | None
    as_of: str | None


def run(  # noqa: PLR0913  # what a command line can say
    files: Sequence[str],
    flags: Mapping[str, str | bool | None],
    unknown: Sequence[str],
    wanted: Wanted,
    *,
    profile: str | None,
    rulebook: str | None,
) -> None:
    """Write what would be; raises ``CalcriskError`` for whatever is wrong, before anything is written."""
    form = chosen_format(_FORMATS, wanted.output, named=wanted.format, json=wanted.json)
    file, wanted = _apart(files, wanted)
    if not (wanted.sets or wanted.goals or wanted.grid):
        raise UsageError([Fault(code="nothing-asked", message="nothing is asked", hint=_EXAMPLE)])
    if len(wanted.goals) > 1:
        message = f"one goal is asked at a time, and {len(wanted.goals)} came: {', '.join(wanted.goals)}"
        raise UsageError([Fault(code="bad-goal", message=message, path="--goal", hint="ask for each by itself")])
    if form == "svg" and not wanted.grid:
        message, hint = "a picture is drawn of a plane alone", "add --grid calcium=8:11 --grid phosphate=2:9"
        raise UsageError([Fault(code="format-conflict", message=message, path="--format", hint=hint)])
    _write(_answered(file, flags, unknown, wanted, form, profile=profile, rulebook=rulebook), form, wanted.output)


def _apart(files: Sequence[str], wanted: Wanted) -> tuple[str | None, Wanted]:
    """Take the second side of ``--grid calcium=8:11 phosphate=2:9``, which stands where a file would."""
    grid, files = list(wanted.grid), list(files)
    while len(grid) == 1 and files and "=" in files[-1] and ":" in files[-1]:
        grid.append(files.pop())
    if len(files) > 1:
        message, hint = f"one patient is asked about, and {len(files)} files came", "calcrisk batch takes many"
        raise UsageError([Fault(code="too-many-files", message=message, path=files[1], hint=hint)])
    return (files[0] if files else None), wanted._replace(grid=grid)


def _answered(  # noqa: PLR0913  # what a command line can say
    file: str | None,
    flags: Mapping[str, str | bool | None],
    unknown: Sequence[str],
    wanted: Wanted,
    form: str,
    *,
    profile: str | None,
    rulebook: str | None,
) -> Scenario:
    from calcrisk.cli.rulebooks import load
    from calcrisk.inputs import record_from
    from calcrisk.inputs.earlier import refuse_overwriting
    from calcrisk.inputs.flags import from_flags
    from calcrisk.record import answered
    from calcrisk.standing import standing
    from calcrisk.whatif.scene import Asked, scenario

    as_of = as_date(wanted.as_of)
    written, changes = from_flags(flags, unknown), _changes(wanted.sets)
    if file is None and not written:
        hint = "name a file, '-' for standard input, or state inputs: --calcium 9.9 --phosphate 6.8"
        raise UsageError([Fault(code="nothing-to-assess", message="nothing is stated of a patient", hint=hint)])
    refuse_overwriting([] if file is None else [file], wanted.output)
    book = load(rulebook, profile)
    asked = Asked.read(book, next(iter(wanted.goals), None), wanted.grid, wanted.question, _SIZES.get(form, _TERMINAL))
    document = None if file is None else read(file)
    day = as_of or (document.as_of if document else None)
    before = record_from(document, written)
    stands = standing(before, book, day)
    kept = {name: one for name, one in stands.items() if name not in answered(changes)}
    after = record_from(document, {**written, **changes}).beneath(kept) if changes else None
    return scenario(before.beneath(stands), after, book, asked, day)


def _changes(texts: Sequence[str]) -> dict[str, Written]:
    """Read ``--set name=value``; raises ``UsageError`` with everything that is wrong with them."""
    from calcrisk.stated import fault, shortened
    from calcrisk.variables import registry

    changes: dict[str, Written] = {}
    faults: list[Fault] = []
    for text in texts:
        spelt, given, value = text.partition("=")
        name = spelt.strip().removeprefix("--").replace("-", "_")
        at = Location(path=f"--set {shortened(name)}")
        if not given:
            hint = "write --set phosphate=5, or --set warfarin=no"
            message = f"{shortened(text)!r} changes nothing: a name and a value, with = between"
            faults.append(fault(at, code="bad-set", message=message, got=text, hint=hint))
        elif name not in registry():
            hint = registry().hint(name) or "`calcrisk template` lists every input"
            message = f"{shortened(name)} is not a known input"
            faults.append(fault(at, code="unknown-field", message=message, got=spelt, hint=hint))
        elif name in changes:
            message = f"{name} is set twice"
            faults.append(fault(at, code="stated-twice", message=message, got=text, hint="keep one of the two"))
        else:
            changes[name] = Written(value.strip(), "--set", at)
    if faults:
        raise UsageError(faults)
    return changes


def _write(answer: Scenario, form: str, output: str | None) -> None:
    if form == "json":
        from calcrisk.render.json import pretty

        emit(pretty(answer.as_json()), output)
    elif form == "svg":
        from calcrisk.render.plane_svg import picture

        emit(picture(answer), output)
    elif form == "markdown":
        from calcrisk.render.whatif_markdown import markdown

        emit(markdown(answer), output)
    else:
        from calcrisk.render.terminal_whatif import print_to

        print_page(lambda console: print_to(console, answer), output)
