"""What is wrong with a text that YAML does not take, or takes for something else than was meant, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml  # noqa: TID253 - `yaml_text` alone imports this module, as `documents` imports that

from calcrisk.stated import Location, Said, fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk.errors import Fault

BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line
_HEADER: Final = re.compile(r"[>|][+-]?[1-9][+-]?(?=\s|$)")  # how many blanks its lines are indented by
_BEHIND: Final = re.compile(r"[>|].*?(?=\s+#|\s*$)")
_IN_BRACES: Final = re.compile(r"[>|][^,{}\[\]#]*")
_GLUED: Final = re.compile(r"[ \t-]*(?P<name>[\w-]+):(?P<sign>[^ \t:])[^ ]*\s*$")
_NESTED: Final = "mapping values are not allowed"  # a colon in what is the rest of a value
_SHORT: Final = 20  # characters of what may be a bound; what is longer is a text, and not repeated


def marked(error: yaml.MarkedYAMLError, text: str, source: str, before: int) -> Fault:
    """Say what the parser met in a text that stands behind so many lines."""
    if (block := _begun(error, text)) is not None:
        line, column, found = block
        return fault(Location(source, line + before + 1, column + 1), **_block(found))
    lines = BREAK.split(text)
    begun, met = (_on_text(mark, lines) for mark in (error.context_mark, error.problem_mark))
    place = begun if begun and _tells(error, begun, met, lines) else met or (0, 0)
    if met and _NESTED in str(error.problem):
        place = _glued_above(met[0], lines) or met
    line, column = place
    message = f"not readable as YAML: {error.problem}{f' {error.context}' if error.context else ''}"
    if begun and met and begun[0] != met[0]:
        message += (
            f", begun in line {begun[0] + before + 1}" if place == met else f", as far as line {met[0] + before + 1}"
        )
    at = Location(source, line + before + 1, column + 1)
    return fault(at, code="bad-yaml", message=message, hint=_mend(lines[line], column, error))


def _on_text(mark: yaml.Mark | None, lines: Sequence[str]) -> tuple[int, int] | None:
    """Return where a mark stands; where a text ends without a line's end, the parser goes on to a line of nobody's."""
    if mark is None:
        return None
    last = len(lines) - 1
    return (mark.line, mark.column) if mark.line <= last else (last, len(lines[last]))


def _tells(
    error: yaml.MarkedYAMLError, begun: tuple[int, int], met: tuple[int, int] | None, lines: Sequence[str]
) -> bool:
    """Whether the fault lies where something began: a name without its colon, or what does not end."""
    if met is None or "simple key" in (error.context or ""):
        return True
    line, column = met
    ends = not "".join([lines[line][column:], *lines[line + 1 :]]).strip()
    return ends or ("flow" in (error.context or "") and line == begun[0] + 1)


def _glued_above(line: int, lines: Sequence[str]) -> tuple[int, int] | None:
    """Return where a line before this one has no blank behind its colon, and so goes on in this one."""
    above = next((at for at in range(line - 1, -1, -1) if lines[at].strip()), None)
    found = _GLUED.match(lines[above]) if above is not None else None
    return (above, found.start("name")) if found and above is not None else None


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


def _mend(here: str, column: int, error: yaml.MarkedYAMLError) -> str:
    """Guess at the commonest slips of a line: a tab, no blank behind a colon, an open quote or bracket."""
    context = error.context or ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "indent with spaces, not with a tab"
    if (found := _GLUED.match(here)) and found["sign"].isspace():
        return f"write a plain blank behind the colon: U+{ord(found['sign']):04X} stands there"
    if found or "simple key" in context:
        return "write `name: value`, with a blank behind the colon"
    if "unexpected end" in str(error.problem) and "quoted" in context:
        return "close the quotes"
    if "flow" in context and here[column : column + 1] != ":":
        return "put a comma between two members, and close the bracket"
    return "write `name: value`, indented alike within a group, and quotes round a text that holds `: `"


def unprintable(text: str, source: str, before: int) -> Fault:
    """Say where the first character stands that YAML does not allow."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    offset = found.start() if found else 0
    at = Location(source, text.count("\n", 0, offset) + before + 1, offset - text.rfind("\n", 0, offset))
    message = f"not readable as YAML: the character U+{ord(text[offset]):04X} is not text"
    return fault(at, code="bad-yaml", message=message, hint="take it out, and save the file as UTF-8")
