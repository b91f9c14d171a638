"""Compile the rulebook's YAML to the JSON that the package carries; ``--check`` fails when it is stale.

``rulebook.json`` is what answers; ``background.json`` holds what only explains, and is read when somebody asks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from calcrisk.errors import RulebookError
from calcrisk.rules.check import read_folder
from calcrisk.rules.compile import boxes, compile_program, expressions
from calcrisk.rules.encoding import encode

FOLDER = Path(__file__).parent.parent / "calcrisk" / "rulebook"
COMPILED = FOLDER / "rulebook.json"
BACKGROUND = FOLDER / "background.json"
_EXPLAINING = ("terms", "files", "modifiable")  # sections that take no part in an answer
_READ_ONLY = ("notes", "values", "year", "added")  # of a reference: what no answer shows


def compiled() -> dict[Path, str]:
    """Return the text of each JSON file, an entry a line, with every expression read and every table split.

    The cases of the rules, and what a variable leaves at its default, stay in the YAML.
    """
    data = read_folder(FOLDER)
    background = {section: data.pop(section) for section in _EXPLAINING}
    background["references"] = {
        name: {key: entry[key] for key in _READ_ONLY if entry[key] not in (None, [])}
        for name, entry in data["references"].items()
    }
    return {COMPILED: _answering(data), BACKGROUND: _document(background)}


def _answering(data: dict[str, Any]) -> str:
    program = compile_program(data)
    data["boxes"], data["silent"] = boxes(program), program.silent
    data["expressions"] = {text: encode(node) for text, node in expressions(data).items()}
    data["rules"] = [_without(rule, "cases") for rule in data["rules"]]
    data["references"] = {
        name: _without(entry, "notes", "values", "year", "added") for name, entry in data["references"].items()
    }
    data["variables"] = [_said(entry) for entry in data["variables"]]
    return _document(data)


def _document(data: dict[str, Any]) -> str:
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
        texts = compiled()
    except RulebookError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in sys.argv:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        path.name for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if stale:
        print(f"{', '.join(stale)}: stale, run 'make generate'", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
