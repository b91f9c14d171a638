"""Compile the rulebook's YAML to the ``rulebook.json`` that the package carries; ``--check`` fails when it is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from calcrisk.errors import RulebookError
from calcrisk.rules.check import read_folder
from calcrisk.rules.compile import expressions
from calcrisk.rules.encoding import encode

FOLDER = Path(__file__).parent.parent / "calcrisk" / "rulebook"
COMPILED = FOLDER / "rulebook.json"


def compiled() -> str:
    """Return the JSON text, an entry a line, with every expression read.

    What no answer needs stays in the YAML: the cases of the rules, the notes and values of the references, and what a
    variable leaves at its default.
    """
    data = read_folder(FOLDER)
    data["expressions"] = {text: encode(node) for text, node in expressions(data).items()}
    data["rules"] = [_without(rule, "cases") for rule in data["rules"]]
    data["references"] = {
        name: _without(entry, "notes", "values", "year") for name, entry in data["references"].items()
    }
    data["variables"] = [_said(entry) for entry in data["variables"]]
    return "{\n" + ",\n".join(f"{_text(key)}: {_lines(value)}" for key, value in data.items()) + "\n}\n"


def _said(entry: dict[str, Any]) -> dict[str, Any]:
    # Zero is something said (no decimals), so emptiness is asked by kind.
    return {
        key: value for key, value in entry.items() if value is not None and value is not False and value not in ([], {})
    }


def _without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{_text(key)}:{_text(entry)}" for key, entry in value.items()) + "\n}"
    return _text(value)


def main() -> int:
    """Write or check; 1 when stale or faulty."""
    try:
        text = compiled()
    except RulebookError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in sys.argv:
        COMPILED.write_text(text, encoding="utf-8")
        return 0
    fresh = COMPILED.is_file() and COMPILED.read_text(encoding="utf-8") == text
    if not fresh:
        print("rulebook.json is stale: run 'make generate'", file=sys.stderr)
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main())
