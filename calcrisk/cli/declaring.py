"""Which options a command declares: one for every input, but no more than the command line asks for."""

from __future__ import annotations

import functools
import inspect
import os
from collections import Counter
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import typer
from typer.models import OptionInfo

from calcrisk.cli.options import OPTIONS, Option
from calcrisk.errors import CLOSE, Fault, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

_HELP: Final = ("--help",)  # every command has it, and declares it nowhere
_NO_MORE: Final = "--"  # behind it nothing is an option


def with_input_options(command: Callable[..., None], arguments: Sequence[str]) -> Callable[..., None]:
    """Return a command with one option an input in place of ``**flags``, as the generated table names them."""
    signature = inspect.signature(command, eval_str=True)
    every = [part for part in signature.parameters.values() if part.kind is not inspect.Parameter.VAR_KEYWORD]
    own, options = _needed(arguments, every)
    inputs = [
        inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(option))
        for option in options
    ]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:  # noqa: ANN401  # typer has read the values
        command(**given)

    made: Any = with_options  # where typer looks for parameters: either of the two, by its version
    made.__signature__ = signature.replace(parameters=[*own, *inputs])
    made.__annotations__ = {part.name: part.annotation for part in (*own, *inputs)}
    return with_options


def _needed(arguments: Sequence[str], own: list[inspect.Parameter]) -> tuple[list[inspect.Parameter], Sequence[Option]]:
    """Return what is worth declaring: what is on the command line, or everything for help, completion and mistakes.

    Each costs start-up a little, and there are more than a hundred.
    """
    words = _words(arguments)
    spelt = {form: part.name for part in own for form in _own_forms(part)}
    spelt |= {form: option.name for option in OPTIONS for form in _written(option)}
    if is_completing():
        return own, OPTIONS
    if not spelt.keys() >= set(words):
        _help_with(arguments, spelt, _valued(own))
        return own, OPTIONS
    named, optional = Counter(spelt[word] for word in words), set(spelt.values())
    _refuse_twice([option for option in OPTIONS if named[option.name] > 1])
    return (
        [part for part in own if part.name in named or part.name not in optional],
        [option for option in OPTIONS if option.name in named],
    )


def _words(arguments: Sequence[str]) -> list[str]:
    return [word.partition("=")[0] for word in arguments if word.startswith("-") and len(word) > 1]


def _refuse_twice(options: Sequence[Option]) -> None:
    """Refuse what two flags say: typer would take the last of them in silence."""
    hint = "keep one of the two"
    faults = [
        Fault(code="stated-twice", message=f"{each.name} is stated twice", path=_forms(each)[0], hint=hint)
        for each in options
    ]
    if faults:
        raise UsageError(faults)


def _help_with(arguments: Sequence[str], spelt: Mapping[str, str], valued: Collection[str]) -> None:
    """Refuse flags that are none, with the name of the input in whose words they are, or the nearest; typer's are not.

    What stands behind an option that takes a value is one, whatever it begins with.
    """
    faults: list[Fault] = []
    for before, word in pairwise(["", *takewhile(_NO_MORE.__ne__, arguments)]):
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag not in spelt and flag not in _HELP and before not in valued:
            hint = _meant(flag) or did_you_mean(flag, spelt, alike=CLOSE)
            faults += [Fault(code="unknown-flag", message=f"{flag} is no option", path=flag, hint=hint)] if hint else []
    if faults:
        raise UsageError(faults)


def _meant(flag: str) -> str | None:
    """Offer the flag of the input that another word for it names; of a yes or no also the one that denies it."""
    from calcrisk.variables import registry

    name = flag.removeprefix("--")
    if (meant := registry().named(name)) is not None:
        return f"did you mean '--{meant.option}'?"
    denied = registry().named(name.removeprefix("no-")) if name.startswith("no-") else None
    if denied is None:
        return None
    if denied.kind == "yesno":
        return f"did you mean '--no-{denied.option}'?"
    return f"{denied.name} is no yes or no: leave it out, or write --unknown {denied.name}"


def _valued(own: Sequence[inspect.Parameter]) -> set[str]:
    """Return how the options are written that take a value."""
    mine = (form for part in own if not _is_switch(part) for form in _own_forms(part))
    return {*mine, *(form for option in OPTIONS if option.kind != "yesno" for form in _written(option))}


def _is_switch(part: inspect.Parameter) -> bool:
    return get_args(part.annotation)[0] is bool


def _own_forms(part: inspect.Parameter) -> Sequence[str]:
    """Return how an option is written; nothing for an argument."""
    infos = (info for info in get_args(part.annotation) if isinstance(info, OptionInfo))
    # the first of them stands where a default would, until typer reads it
    return [form for info in infos for form in (info.default, *(info.param_decls or ())) if isinstance(form, str)]


def is_completing() -> bool:
    """Tell whether a shell asks what could be typed next."""
    return any(name.startswith("_CALCRISK_") for name in os.environ)


def _forms(option: Option) -> tuple[str, str]:
    return _pair(option.flag or option.name)


def _pair(name: str) -> tuple[str, str]:
    dashed = name.replace("_", "-")
    return f"--{dashed}", f"--no-{dashed}"


def _written(option: Option) -> tuple[str, ...]:
    """Return how an option may be written: denied only where it is a yes or no; by its name as well as by its flag."""
    return tuple(form for pair in _pairs(option) for form in pair)


def _pairs(option: Option) -> Iterable[tuple[str, ...]]:
    taken = 2 if option.kind == "yesno" else 1
    return (_pair(name)[:taken] for name in dict.fromkeys((option.flag or option.name, option.name)))


def _annotation(option: Option) -> Any:  # noqa: ANN401  # a type made at run time
    yesno = option.kind == "yesno"
    info = typer.Option(
        *map("/".join, _pairs(option)),
        help=option.help,
        metavar=None if yesno else option.metavar,
        rich_help_panel=option.panel,
        show_default=False,
    )
    return Annotated[bool | None if yesno else str | None, info]
