"""The JSON Schema of a patient document, made of the variables: grouped, flat, and the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcrisk.inputs.fold import ASKED, listed_as
from calcrisk.units import either
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcrisk.variables import Registry, Variable

_DATE = {"type": "string", "format": "date", "description": "The day the values speak of, as 2026-03-30."}


def patient_schema() -> dict[str, Any]:
    """Return the schema; what it accepts the reader reads, though the reader checks more (units, contradictions)."""
    variables = registry()
    groups = {group.name: _group(group.name, group.label, variables) for group in variables.groups if group.name}
    flat = {name: schema_of(variable, variables) for name, variable in variables.items()}
    lists = {name: _list(name, keys) for name, keys in variables.lists.items()}
    own = {
        "id": {"type": ["string", "number", "null"], "description": "The patient's own identifier."},
        "as_of": _DATE,
        "date": _DATE,
    }
    return {
        "title": "calcrisk patient",
        "description": "What is known of a patient. All optional; null is not stated, 'unknown' is an open question.",
        "type": "object",
        "additionalProperties": False,
        "properties": own | flat | groups | lists,
    }


def _group(group: str, label: str, variables: Registry) -> dict[str, Any]:
    members = {
        key: schema_of(variable, variables) for (place, key), variable in variables.places.items() if place == group
    }
    if group == "history":
        members["panels"] = {
            "type": ["array", "null"],
            "items": _panel(variables),
        }
    return {"type": ["object", "null"], "title": label, "additionalProperties": False, "properties": members}


def _panel(variables: Registry) -> dict[str, Any]:
    """Return the schema of a dated panel: its values stand in it, or beneath ``labs``."""
    labs = {key: schema_of(one, variables) for (place, key), one in variables.places.items() if place == "labs"}
    group = {"type": ["object", "null"], "additionalProperties": False, "properties": labs}
    moment = {
        "type": "string",
        "description": "The day of the draw, as 2026-03-30, perhaps with a time: 2026-03-30 08:15.",
    }
    own = {"date": moment, "note": {"type": "string"}, "labs": group}
    return {"type": "object", "required": ["date"], "additionalProperties": False, "properties": own | labs}


def schema_of(variable: Variable, variables: Registry) -> dict[str, Any]:
    """Return the schema of one variable, described by label, unit and meaning."""
    units = f", {either(variable.units)}" if variable.units else ""
    described = {"title": variable.label, "description": f"{variable.label}{units}. {variable.means}".strip()}
    return described | _VALUES[variable.kind](variable, variables)


def _number(variable: Variable, variables: Registry) -> dict[str, Any]:
    number: dict[str, Any] = {"type": "number"}
    if variable.hard:
        number |= {"minimum": variable.hard[0], "maximum": variable.hard[1]}
    roles = [role for name, role in variables.companions if name == variable.name and role != "status"]
    parts = {part: {"type": ["number", "string", "null"]} for part in ("value", *roles)}
    measurement = {
        "type": "object",
        "additionalProperties": False,
        "properties": parts | {"unit": {"enum": list(variable.units)}},
    }
    return {"anyOf": [number, {"type": "string"}, measurement, {"type": "null"}]}


def _yesno(_variable: Variable, _variables: Registry) -> dict[str, Any]:
    return {"enum": [True, False, "yes", "no", "unknown", None]}


def _choice(variable: Variable, _variables: Registry) -> dict[str, Any]:
    words = [*variable.values, *variable.ranges, *variable.spellings, "unknown"]
    return {"anyOf": [{"enum": list(dict.fromkeys(words))}, {"type": ["string", "integer", "null"]}]}


def _list(name: str, keys: Mapping[str, tuple[Variable, ...]]) -> dict[str, Any]:
    members = {key: _listed(variables) for key, variables in keys.items()} | {"note": {"type": "string"}}
    entry = {"type": "object", "additionalProperties": False, "required": [ASKED[name]], "properties": members}
    return {"type": ["array", "null"], "items": entry}


def _listed(variables: tuple[Variable, ...]) -> dict[str, Any]:
    words: list[str] = []
    for variable in variables:
        listed = listed_as(variable)
        if listed.get("value"):
            words += [listed["value"], *listed.get("spellings", ())]
    return {"examples": words, "type": "string"} if words else {"type": ["number", "string", "null"]}


_VALUES = {"number": _number, "yesno": _yesno, "choice": _choice}
