"""``calcrisk schema`` and ``calcrisk template``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from calcrisk.cli.output import emit
from calcrisk.errors import Fault, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(what: str, output: str | None) -> None:
    """Write the JSON Schema of the patient document, of an answer, or of a part of one."""
    if what not in _SCHEMAS:
        hint = did_you_mean(what, _SCHEMAS) or f"one of {', '.join(_SCHEMAS)}"
        raise UsageError([Fault(code="unknown-schema", message=f"no schema {what!r}", hint=hint)])
    emit(json.dumps({"$schema": _DIALECT, **_SCHEMAS[what]()}, indent=2, ensure_ascii=False) + "\n", output)


def template(output: str | None, *, as_json: bool) -> None:
    """Write the commented patient file; asking for JSON, which has no comments, is wrong usage."""
    if as_json:
        message, hint = (
            "the template is YAML: JSON has no comments",
            "a patient may be JSON too: see 'calcrisk schema patient'",
        )
        raise UsageError([Fault(code="unknown-format", message=message, path="--json", hint=hint)])
    from calcrisk.inputs.template import template as text

    emit(text(), output)


def _patient() -> dict[str, Any]:
    from calcrisk.inputs.patient_schema import patient_schema

    return patient_schema()


def _assessment() -> dict[str, Any]:
    from calcrisk.assessment import json_schema

    return json_schema()


def _shaped(name: str) -> Callable[[], dict[str, Any]]:
    """Return what makes the schema of a document or of a part of one."""

    def made() -> dict[str, Any]:
        from calcrisk import shapes

        shape = shapes.what_if() if name == "what-if" else getattr(shapes, name.capitalize())
        document: dict[str, Any] = shape.model_json_schema(mode="serialization")
        return document

    return made


_SCHEMAS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "patient": _patient,
    "assessment": _assessment,
    **{name: _shaped(name) for name in ("trend", "what-if", "history", "interval")},
}
