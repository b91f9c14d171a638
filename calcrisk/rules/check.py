"""Rulebook YAML to checked data: shape, names, sources, meaning.

Every fault at once, each with file, line and rule.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from calcrisk.errors import Fault, RulebookError, did_you_mean
from calcrisk.packaged import FOLDER, compiled
from calcrisk.rules import expression as ex
from calcrisk.rules.compile import CompileError, compile_program
from calcrisk.rules.entries import entry_name
from calcrisk.rules.modifiable import untold
from calcrisk.rules.negations import negations
from calcrisk.rules.overflow import overflows
from calcrisk.rules.overlay import Overlaid, Part, is_overlay
from calcrisk.rules.schema import RulebookData
from calcrisk.rules.source import Route, Source, files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from calcrisk.rules.boxes import Table
    from calcrisk.rules.program import Program

_MAY_FOUND_A_RULE: Final = frozenset({"threshold", "rule-support"})
_MAY_FOUND_A_CHOICE: Final = _MAY_FOUND_A_RULE | {"context"}
_PLAIN: Final = {
    "missing": "must be given",
    "extra_forbidden": "nobody reads this key",
    "too_short": "needs at least {min_length} of them",
    "string_too_short": "must not be empty",
}
_WORD: Final = re.compile(r"\w+")
Found = tuple[Route, str, str | None]


class Examined(NamedTuple):
    """A rulebook as far as it could be read: its checked data, what it compiles to, and every fault."""

    data: dict[str, Any]
    program: Program | None
    found: tuple[Found, ...]


def opened(folder: Path) -> Source | Overlaid:
    """Read the YAML of a rulebook, or of an overlay and the package's rulebook beneath it; raises ``RulebookError``."""
    if is_overlay(folder):
        return Overlaid(Part(folder), _packaged())
    return Source(folder)


@cache
def _packaged() -> Source:
    """Read the package's YAML once; overlays lie on it and leave it as it is."""
    return Source(FOLDER, called=f"{compiled()['id']}/")


def read_folder(folder: Path) -> dict[str, Any]:
    """Read, check and hash a rulebook folder; raises ``RulebookError`` with every fault found.

    Returns plain data, ready for ``compile_program`` and for JSON.
    """
    source = opened(folder)
    examined = examine(source)
    if examined.found:
        raise RulebookError([fault(source, *found) for found in examined.found])
    return finished(source, examined.data)


def finished(source: Source | Overlaid, data: dict[str, Any]) -> dict[str, Any]:
    """Return sound data in the order of the patient document, with their hash and without what answers nobody."""
    kept = {key: value for key, value in data.items() if key != "allowed"}
    kept["variables"] = sorted(data["variables"], key=_section(data))
    return kept | {"format": 1, "sha256": hash_of(_answering(kept)), "files": files_of(source.place, data)}


def examine(source: Source | Overlaid) -> Examined:
    """Check the shape; in what has it, the names, sources and orders; and in what is sound of these, the meaning."""
    found = list(source.found) if isinstance(source, Overlaid) else []
    try:
        data = RulebookData.model_validate(source.data).model_dump(mode="json", by_alias=True)
    except ValidationError as error:
        found += [(tuple(entry["loc"]), _said(entry), None) for entry in error.errors()]
        return Examined(source.data, None, tuple(found))
    if isinstance(source, Overlaid):
        data |= source.identity
    found += [each for look in _LOOKS for each in look(data)]
    if found:
        return Examined(data, None, tuple(found))
    try:
        program = compile_program(data)
    except CompileError as error:
        return Examined(data, None, tuple(error.faults))
    return Examined(data, program, tuple(_meaning(data, program)))


def _section(data: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], int]:
    """Sort variables as the patient document has them: by the order of the groups."""
    places = {group["name"]: place for place, group in enumerate(data["groups"])}
    return lambda entry: places.get(entry["group"], -1)  # top level may go without saying


def _answering(data: Mapping[str, Any]) -> dict[str, Any]:
    # The cases test the rules, the terms explain words, `modifiable` is for what-if: none answers for anybody.
    references = {
        name: {key: value for key, value in entry.items() if key != "added"}
        for name, entry in data["references"].items()
    }
    rules = [{key: value for key, value in rule.items() if key != "cases"} for rule in data["rules"]]
    return {key: value for key, value in data.items() if key not in {"terms", "modifiable"}} | {
        "rules": rules,
        "references": references,
    }


def hash_of(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a rulebook's data, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _said(error: ErrorDetails) -> str:
    plain = _PLAIN.get(error["type"])
    return plain.format(**error.get("ctx", {})) if plain else error["msg"].removeprefix("Value error, ")


def fault(source: Source | Overlaid, route: Route, message: str, hint: str | None) -> Fault:
    """Say a fault with the file, line and entry that it lies in."""
    at = source.place(route)
    file, line = (at.file, at.line) if at else (None, None)
    if hint and "\n" in hint:  # an expression with a caret under the fault
        message, hint = f"{message}\n{hint}", None
    return Fault(code="rulebook", message=message, file=file, line=line, path=path_to(source, route), hint=hint)


def path_to(source: Source | Overlaid, route: Route) -> str:
    """Name the way down to an entry."""
    if isinstance(source, Overlaid):
        return _path(source.named, route).removeprefix("overlay: ")
    return _path(source.data, route)


def _path(data: Any, route: Route) -> str:  # noqa: ANN401  # any part of the rulebook
    """Name the way down, an entry of a list by its own id."""
    words: list[str] = []
    for part in route:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
        name = entry_name(data) if isinstance(part, int) else None
        words.append(name or str(part))
    return ": ".join(words)


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Every mapping in the rulebook, with the way to it (cases and references are data, not entries)."""
    todo: list[tuple[Route, Any]] = [((key,), value) for key, value in data.items() if key != "references"]
    while todo:
        route, value = todo.pop()
        if isinstance(value, dict):
            yield route, value
            todo += [((*route, key), part) for key, part in value.items() if key != "cases"]
        elif isinstance(value, list):
            todo += [((*route, at), part) for at, part in enumerate(value)]


def _sources(data: Mapping[str, Any]) -> Iterator[Found]:
    references = data["references"]
    for route, entry in _entries(data):
        where = [*(entry.get("where") or []), *_of_profile(route, entry)]
        for role in ("where", "against"):
            for cited in where if role == "where" else entry.get(role) or []:
                if cited["source"] not in references:
                    yield (
                        (*route, "cites" if route[0] == "profiles" and "cites" in entry else role),
                        f"unknown reference {cited['source']!r}",
                        did_you_mean(cited["source"], references),
                    )
                elif not references[cited["source"]]["verified"]:
                    yield (*route, role), f"{cited['source']!r} is not verified: it may not be cited by a rule", None
                else:
                    yield from _located((*route, role), cited, references[cited["source"]])
        # What a term or a lever shows founds nothing, so that every verified source may stand there.
        if where and route[0] not in {"terms", "levers"} and all(cited["source"] in references for cited in where):
            own = data["rows"][route[1]] if route[0] == "rows" else entry  # a clause is of its row's basis
            yield from _founded(route, own, {references[cited["source"]]["use"] for cited in where})


def _of_profile(route: Route, entry: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """Return what a profile cites in the place of the rulebook's own sources."""
    return list(entry["cites"].values()) if len(route) == 2 and route[0] == "profiles" else ()  # noqa: PLR2004  # (section, name)


def _located(route: Route, cited: Mapping[str, str], reference: Mapping[str, Any]) -> Iterator[Found]:
    """Refuse a locator ``value: name`` that names no value of its source."""
    values = [value["name"] for value in reference["values"] if isinstance(value, dict)]
    named = cited["at"].partition("value: ")[2] if cited["at"].startswith("value: ") else None
    if named is not None and named not in values:
        yield route, f"{cited['source']!r} has no value {named!r}", did_you_mean(named, values)


def _founded(route: Route, entry: Mapping[str, Any], uses: set[str]) -> Iterator[Found]:
    sourced = entry.get("basis", "sourced") != "design-choice"
    if wrong := uses - _MAY_FOUND_A_CHOICE:
        yield (
            route,
            f"rests on a reference whose use is {', '.join(sorted(wrong))}",
            "cite it under 'against', or not at all",
        )
    elif sourced and not uses & _MAY_FOUND_A_RULE and route[0] in {"rules", "facts", "parameters", "rows", "profiles"}:
        yield (
            route,
            "rests on context only",
            "mark it 'basis: design-choice' and say why, or cite a threshold or rule-support item",
        )


def _unique(data: Mapping[str, Any]) -> Iterator[Found]:
    for section, key in (
        ("rules", "id"),
        ("facts", "name"),
        ("variables", "name"),
        ("rows", "id"),
        ("consider", "pattern"),
        ("levers", "lever"),
        ("modifiable", "id"),
        ("warnings", "code"),
        ("terms", "id"),
        ("kinetics", "id"),
        ("history", "input"),
        ("variation", "id"),
    ):
        last = {entry[key]: at for at, entry in enumerate(data[section])}
        counts = Counter(entry[key] for entry in data[section])
        repeated = ((name, count) for name, count in counts.items() if count > 1)
        yield from (((section, last[name], key), f"{name!r} stands {count} times", None) for name, count in repeated)
    variables = {entry["name"]: entry for entry in data["variables"]}
    for at, fact in enumerate(data["facts"]):
        if fact["name"] in variables and not variables[fact["name"]]["derived"]:
            yield (
                ("facts", at),
                f"{fact['name']!r} is an input already",
                "only a variable with 'derived: true' has a formula",
            )
    taken = {*variables, *(fact["name"] for fact in data["facts"])}
    for at, mechanism in enumerate(data["mechanisms"]):
        if mechanism["name"] in taken:
            yield ("mechanisms", at), f"{mechanism['name']!r} already means something else", None
    for route, entry in _entries(data):
        own = entry.get("parameters") if route[0] != "profiles" else None
        shadowed = (taken | set(data["parameters"]) if len(route) > 1 else taken) & set(own or ())
        yield from (((*route, "parameters", name), f"{name!r} already means something else", None) for name in shadowed)


def _references_of_variables(data: Mapping[str, Any], inputs: set[str]) -> Iterator[tuple[Route, str, Any]]:
    groups = {group["name"] for group in data["groups"]} | {None}
    for at, entry in enumerate(data["variables"]):
        yield ("variables", at, "group"), entry["group"], groups
        for field in ("implies", "closed_by", "rejects"):
            yield from ((("variables", at, field), name, inputs) for name in entry[field])
        yield from ((("variables", at, key), entry[key], inputs) for key in ("of", "onset_of") if entry[key])
        meant = enumerate(trap["likely"] for trap in entry["unit_traps"])
        known = inputs | {entry["unit"], *entry["units"]}
        yield from ((("variables", at, "unit_traps", trap), name, known) for trap, name in meant)


def _references_of_history(
    data: Mapping[str, Any], inputs: set[str], facts: set[str]
) -> Iterator[tuple[Route, str, Any]]:
    for at, entry in enumerate(data["history"]):
        yield ("history", at, "input"), entry["input"], inputs
        yield ("history", at, "of"), entry["of"], facts
        yield ("history", at, "limit"), entry["limit"], facts | {None}
        yield from ((("history", at, "uses"), name, set(data["parameters"])) for name in entry["uses"])
    for at, entry in enumerate(data["variation"]):
        yield from ((("variation", at, key), entry[key], facts | {None}) for key in ("when", "unless"))
        told = enumerate(each["when"] for each in entry["caveats"])
        yield from ((("variation", at, "caveats", place, "when"), name, facts) for place, name in told)


def _times(data: Mapping[str, Any]) -> set[str]:
    """Return the inputs that are a time since a finding."""
    return {entry["name"] for entry in data["variables"] if entry["onset_of"]}


def _references_to_inputs(data: Mapping[str, Any], inputs: set[str]) -> Iterator[tuple[Route, str, Any]]:
    yield from ((("minimum",), name, inputs) for name in data["minimum"])
    yield from ((("implied", at, "set"), entry["set"], inputs) for at, entry in enumerate(data["implied"]))
    yes = {entry["name"] for entry in data["variables"] if entry["kind"] == "yesno"}
    for at, entry in enumerate(data["consider"]):
        yield from ((("consider", at, "decides"), name, yes) for name in entry["decides"])


def _references_to_names(data: Mapping[str, Any]) -> Iterator[tuple[Route, str, Any]]:
    inputs = {entry["name"] for entry in data["variables"]}
    facts = inputs | {entry["name"] for entry in data["facts"]}
    yield from _references_of_variables(data, inputs)
    yield from _references_to_inputs(data, inputs)
    for name, table in data["tiers"].items():
        yield from ((("tiers", name, "assessed_by"), asked, inputs) for asked in table["assessed_by"])
        ranks = enumerate(table["rows"])
        yield from ((("tiers", name, "rows", at), row["tier"], set(data["tier_names"])) for at, row in ranks)
    yield from ((("rows", at, "class"), row["class"], set(data["classes"])) for at, row in enumerate(data["rows"]))
    mechanisms = {entry["name"] for entry in data["mechanisms"]}
    ids = {rule["id"] for rule in data["rules"]}
    for at, rule in enumerate(data["rules"]):
        yield ("rules", at, "mechanism"), rule["mechanism"], mechanisms
        yield ("rules", at, "level"), rule["level"], set(data["levels"])
        yield from ((("rules", at, "covered_by"), other, ids) for other in rule["covered_by"])
        for case in range(len(rule["cases"])):
            yield from ((("rules", at, "cases", case), name, inputs) for name in rule["cases"][case]["given"])
    yield from ((("kinetics", at, "onset"), entry["onset"], _times(data)) for at, entry in enumerate(data["kinetics"]))
    yield from _references_of_history(data, inputs, facts)
    product = data["product"]
    measured = ("value", "corrected", "limit", "at_limit", "corrected_at_limit")
    yield from ((("product", key), product[key], facts) for key in measured)
    limits = (product["default_limit"], *product["limits"])
    yield from ((("product", "default_limit"), limit, set(data["parameters"])) for limit in limits)
    yesno = {entry["name"] for entry in (*data["variables"], *data["facts"]) if entry["kind"] == "yesno"}
    for name, table in data["tiers"].items():
        yield from ((("tiers", name, "withheld_when"), gate, yesno) for gate in (table["withheld_when"],) if gate)
    choices = {entry["name"] for entry in data["variables"] if entry["kind"] == "choice"}
    yield from (
        (("facts", at, "values_of"), entry["values_of"], choices)
        for at, entry in enumerate(data["facts"])
        if entry["kind"] == "choice"
    )
    for name, profile in data["profiles"].items():
        replaced = profile["parameters"]
        yield from ((("profiles", name, "parameters"), parameter, set(data["parameters"])) for parameter in replaced)
        yield from ((("profiles", name, "needs"), needed, inputs) for needed in profile["needs"])
        yield from ((("profiles", name, "cites"), source, set(data["references"])) for source in profile["cites"])


def _names(data: Mapping[str, Any]) -> Iterator[Found]:
    for route, name, known in _references_to_names(data):
        if name not in known:
            yield route, f"unknown name {name!r}", did_you_mean(str(name), [word for word in known if word])


def _orders(data: Mapping[str, Any]) -> Iterator[Found]:
    """One profile is the default; a tier table runs from the highest tier down: more load never means a lower tier."""
    defaults = [name for name, profile in data["profiles"].items() if profile["default"]]
    if len(defaults) != 1:
        yield ("profiles",), f"{len(defaults)} profiles are the default", "write 'default: true' in one of them"
    ranks = {name: rank for rank, name in enumerate(data["tier_names"])}
    for name, table in data["tiers"].items():
        order = [ranks[row["tier"]] for row in table["rows"] if row["tier"] in ranks]
        if order != sorted(order, reverse=True):
            yield ("tiers", name, "rows"), "the rows do not run from the highest tier to the lowest", None


def _units(data: Mapping[str, Any]) -> Iterator[Found]:
    """Refuse a profile that gives a number in another unit: a rule would compare it with something else."""
    for name, profile in data["profiles"].items():
        for parameter, entry in profile["parameters"].items():
            unit = data["parameters"].get(parameter, entry)["unit"]
            if entry["unit"] != unit:
                message = f"is in {entry['unit'] or 'no unit'}; the number that it replaces is in {unit or 'no unit'}"
                yield ("profiles", name, "parameters", parameter), message, None


_LOOKS: Final[tuple[Callable[[Mapping[str, Any]], Iterator[Found]], ...]] = (
    _unique,
    _names,
    _sources,
    _orders,
    _units,
    untold,
)


def _meaning(data: Mapping[str, Any], program: Program) -> Iterator[Found]:
    yield from _unreachable(program)
    yield from _display_only(data, program)
    yield from negations(data, program)
    message = "overflows within the hard limits of its inputs"
    yield from ((("facts", at, "formula"), message, None) for at in overflows(data, program))


def _unreachable(program: Program) -> Iterator[Found]:
    tables: list[tuple[Route, Table]] = [(("rows",), program.classes.table)]
    tables += [(("tiers", tier.name, "rows"), tier.axes.table) for tier in program.tiers]
    for route, table in tables:
        idle = [row for row in range(len(table.rows)) if row not in table.reachable()]
        yield from (((*route, row), "this row can never answer", None) for row in idle)


def _display_only(data: Mapping[str, Any], program: Program) -> Iterator[Found]:
    hidden = {fact["name"] for fact in data["facts"] if fact["display_only"]}
    hidden |= {entry["name"] for entry in data["variables"] if entry.get("role") == "speciation"}
    for route, names in _read_for_the_answer(data, program):
        yield from ((route, f"{name!r} is for display only", None) for name in sorted(names & hidden))


def _read_for_the_answer(data: Mapping[str, Any], program: Program) -> Iterator[tuple[Route, frozenset[str]]]:
    """Every place whose names can move a level, a class or a tier."""
    yield from ((("rules", at, "when"), ex.names(rule.when.node)) for at, rule in enumerate(program.rules))
    yield from ((("implied", at, "when"), ex.names(rule.when.node)) for at, rule in enumerate(program.implications))
    tables: list[tuple[Route, Any]] = [(("rows",), data["rows"])]
    tables += [(("tiers", name, "rows"), table["rows"]) for name, table in data["tiers"].items()]
    for route, rows in tables:
        yield from (((*route, at, "when"), frozenset(_WORD.findall(row["when"]))) for at, row in enumerate(rows))
    facts = {fact["name"]: at for at, fact in enumerate(data["facts"])}
    inputs = {entry["name"]: at for at, entry in enumerate(data["variables"])}
    for step in program.steps:
        for field, read in (("formula", step.value), ("valid_when", step.valid), ("ask", step.asked)):
            if read:
                entry = ("variables", inputs[step.name]) if field == "ask" else ("facts", facts[step.name])
                yield (*entry, field), ex.names(read.node)
