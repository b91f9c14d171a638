"""What is wrong with a text that YAML does not take, or takes for something else than was meant, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml  # noqa: TID253 - `yaml_text` alone imports this module, as `documents` imports that

from calcrisk.stated import Location, Said, fault

if TYPE_CHECKING:
    from calcrisk.errors import Fault

BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line
_HEADER: Final = re.compile(r"[>|][+-]?[1-9][+-]?(?=\s|$)")  # how many blanks its lines are indented by
_BEHIND: Final = re.compile(r"[>|].*?(?=\s+#|\s*$)")
_IN_BRACES: Final = re.compile(r"[>|][^,{}\[\]#]*")
_SHORT: Final = 20  # characters of what may be a bound; what is longer is a text, and not repeated


def marked(error: yaml.MarkedYAMLError, text: str, source: str, before: int) -> Fault:
    """Say what the parser met in a text that stands behind so many lines."""
    if (block := _begun(error, text)) is not None:
        line, column, found = block
        return fault(Location(source, line + before + 1, column + 1), **_block(found))
    mark = error.problem_mark or error.context_mark
    lines = BREAK.split(text)
    last = len(lines) - 1
    at = Location(source)
    if mark is not None:  # where a text ends without a line's end, the parser goes on to a line that nobody wrote
        line, column = (mark.line, mark.column) if mark.line <= last else (last, len(lines[last]))
        at = Location(source, line + before + 1, column + 1)
    context = f" {error.context}" if error.context else ""
    hint = _mend(text, mark.line if mark else None)
    return fault(at, code="bad-yaml", message=f"not readable as YAML: {error.problem}{context}", hint=hint)


def indented_by(text: str, line: int, column: int) -> Said | None:
    """Say that an empty text over several lines was meant for a bound (``>9``), of a place in a text; else None.

    The digit is the depth of an indentation in YAML: the parser reads it, and no value is left.
    """
    found = _HEADER.search(BREAK.split(text)[line], column)
    return _block(found[0]) if found else None


def _begun(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str] | None:
    """Return where a sign begins that was meant for a bound and is none in YAML, and what stands there."""
    in_block = "block scalar" in (error.context or "")
    mark = error.context_mark if in_block else error.problem_mark
    lines = BREAK.split(text)
    if mark is None or mark.line >= len(lines) or (in_block and "tab" in str(error.problem)):
        return None
    found = (_BEHIND if in_block else _IN_BRACES).match(lines[mark.line], mark.column)
    return (mark.line, mark.column, found[0].rstrip()) if found else None


def _block(found: str) -> Said:
    sign = found[0]
    message = f"{sign} begins a text over several lines in YAML where it stands without quotes"
    hint = f"put quotes round a text that begins with {sign}"
    if len(found) > _SHORT or '"' in found or not any(map(str.isdigit, found)):
        return Said(code="yaml-block", message=message, hint=hint)
    return Said(code="yaml-block", message=message, got=found, hint=f'quote it: "{found}"')


def _mend(text: str, line: int | None) -> str:
    """Guess at the commonest slips of a line: a tab, or an open quote or bracket."""
    lines = text.splitlines()
    here = lines[line] if line is not None and line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "indent with spaces, not with a tab"
    return "write `name: value`, indented alike within a group, and quotes round a text that holds `: `"


def unprintable(text: str, source: str, before: int) -> Fault:
    """Say where the first character stands that YAML does not allow."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    offset = found.start() if found else 0
    at = Location(source, text.count("\n", 0, offset) + before + 1, offset - text.rfind("\n", 0, offset))
    message = f"not readable as YAML: the character U+{ord(text[offset]):04X} is not text"
    return fault(at, code="bad-yaml", message=message, hint="take it out, and save the file as UTF-8")
