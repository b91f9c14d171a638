"""Patient documents, YAML or JSON: one, several in a file, or one a line.

Text flows in, a ``Document`` for each patient comes out: variables as they were written, with every fault found so far.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from calcrisk.inputs.everyday import everyday_line, everyday_yaml
from calcrisk.inputs.foreign import as_a_table, foreign, looks_like_a_table
from calcrisk.inputs.nodes import Fields, Root, Text
from calcrisk.inputs.placing import Document, place
from calcrisk.stated import Location, fault

if TYPE_CHECKING:
    from calcrisk.errors import Fault

__all__ = ["MAX_BYTES", "MAX_FILE_BYTES", "Document", "read_document", "read_documents", "read_line"]

_MARK = "\ufeff"  # of byte order
MAX_BYTES = 1_000_000  # of one patient; who reads it from elsewhere need read no more than one byte beyond
MAX_FILE_BYTES = 16_000_000  # of a file of several, which is held in memory whole; lines of JSON have no such limit
_LIKE_JSON = re.compile(r"\s*(?:\[\s*)?(?:\{\s*(?P<quoted>\")?|\[|\])")  # a flow mapping of YAML looks alike

_OF_A_TABLE = ("bad-yaml", "not-a-mapping")  # how a table reads that is taken for YAML
_NEXT_LINE = re.compile(r"(?:[ \t\r]*\n)+\ufeff?\{")


def read_document(content: str | bytes, source: str) -> Document:
    """Read one patient; ``source`` names the text in messages, and ``.json`` at its end asks for exact JSON.

    Never raises: what is wrong stands in the document's ``faults``, and so does that it holds several patients.
    """
    unfit = _unfit(content, source, MAX_BYTES)
    roots = unfit or _roots(content, source)
    broken = [root for root in roots if root.node is None]
    if len(roots) == 1 or broken:
        return _perhaps_a_table(place((broken or roots)[0], source, 0, content))
    second = Location(source, roots[1].line, roots[1].column)
    message = f"a second patient begins here, of {len(roots):,}"
    hint = f"`calcrisk batch {source}` assesses each"
    several = fault(second, code="several-patients", message=message, hint=hint)
    return Document(source, faults=[several], text=content)


def read_documents(content: str | bytes, source: str) -> list[Document]:
    """Read every patient of a file, in order: YAML documents, the entries of a list, or a single one. Never raises.

    What cannot be read is a document with ``faults``, and with its ``id`` where that could be told.
    """
    from calcrisk.inputs.yaml_text import read_yaml, yaml_parts

    unfit = _unfit(content, source, MAX_FILE_BYTES)
    text = None if unfit else _clean(content)
    if text is None or source.lower().endswith(".json") or _LIKE_JSON.match(text):
        roots = unfit or _roots(content, source)
        return [place(root, source, index, content) for index, root in enumerate(roots)]
    found: list[Document] = []
    for part, before in yaml_parts(text):
        everyday = everyday_yaml(part, source, before)
        if everyday is None:
            found.extend(place(root, source, 0, part, before) for root in read_yaml(part, source, before))
        else:
            everyday.exact = partial(_exact_yaml, part, source, before)
            found.append(everyday)
    for index, document in enumerate(found):
        document.index = index
    if len(found) == 1:
        _perhaps_a_table(found[0])
    return found or [place(Root(None, []), source, 0)]


def _perhaps_a_table(document: Document) -> Document:
    """Hint at what a table needs where its rows are taken for a patient."""
    if any(fault.code in _OF_A_TABLE for fault in document.faults) and looks_like_a_table(_clean(document.text) or ""):
        document.faults = [as_a_table(fault) for fault in document.faults]
    return document


def read_line(line: bytes, source: str, *, number: int, index: int) -> Document:
    """Read one line of newline-delimited JSON: a patient, nested or flat. Never raises.

    ``number`` is the line's own in its source, from 1; ``index`` is the patient's place there, from 0.
    """
    text = _clean(line) if len(line) <= MAX_BYTES else None
    everyday = everyday_line(text, source, f"{source}:{number}", index) if text else None
    if everyday is None:
        return _exact_line(line, source, number, index)
    everyday.exact = partial(_exact_line, line, source, number, index)
    return everyday


def _exact_line(line: bytes, source: str, number: int, index: int) -> Document:
    from calcrisk.inputs.json_text import read_json_line

    root = _too_large(line, Location(source, number), MAX_BYTES)
    if root is None:
        text, bad = _decoded(line, source, number)
        root = read_json_line(text, source, number)
        root = _blame(root, bad) if bad else root
    return place(root, source, index, line, number - 1)


def _exact_yaml(text: str, source: str, before: int) -> Document:
    from calcrisk.inputs.yaml_text import read_yaml

    return place(read_yaml(text, source, before)[0], source, 0, text, before)


def _clean(content: str | bytes) -> str | None:
    """Decode what is UTF-8; None where it is not."""
    try:
        return (content.decode() if isinstance(content, bytes) else content).removeprefix(_MARK)
    except UnicodeDecodeError:
        return None


def _unfit(content: str | bytes, source: str, most: int) -> list[Root]:
    if isinstance(content, bytes) and (other := foreign(content, source)) is not None:
        return [Root(None, [other])]
    root = _too_large(content, Location(source), most)
    return [root] if root else []


def _too_large(content: str | bytes, at: Location, most: int) -> Root | None:
    if len(content) <= most:
        return None
    counted = "bytes" if isinstance(content, bytes) else "characters"
    message = f"more than {most:,} {counted}: no one patient needs as many"
    hint = "for many patients write one file each, or one JSON document a line (.ndjson)"
    if most == MAX_FILE_BYTES:
        message, hint = f"more than {most:,} {counted}", "write one JSON document a line (.ndjson), or several files"
    return Root(None, [fault(at, code="too-large", message=message, hint=hint)])


def _roots(content: str | bytes, source: str) -> list[Root]:
    if isinstance(content, str):
        text, bad = content.removeprefix(_MARK), None
    else:
        text, bad = _decoded(content, source, 1)
    roots = _parse(text, source) or [Root(None, [])]
    return [_blame(root, bad) for root in roots] if bad else roots


def _decoded(content: bytes, source: str, line: int) -> tuple[str, Fault | None]:
    """Decode UTF-8, with or without a byte-order mark; with a fault, the rest as well as it can be read."""
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = error.object[: error.start]  # without the mark
        at = Location(
            source, before.count(b"\n") + line, len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        )
        hint = "save the file as UTF-8: as it is, it may be Latin-1 or Windows-1252"
        message = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        return content.decode("utf-8-sig", "replace"), fault(at, code="not-utf8", message=message, hint=hint)


def _blame(root: Root, bad: Fault) -> Root:
    """Refuse what was not decoded: keep of it only whose it is."""
    own = root.node.fields.get("id") if isinstance(root.node, Fields) else None
    return Root(None, [bad], own[1].raw if own and isinstance(own[1], Text) else root.id)


def _parse(text: str, source: str) -> list[Root]:
    """Read exact JSON where the name asks for it or the text is it; otherwise YAML."""
    named, like_json = source.lower().endswith(".json"), _LIKE_JSON.match(text)
    exact: list[Root] = []
    if named or like_json:
        from calcrisk.inputs.json_text import read_json  # what is YAML does not pay for it

        exact = read_json(text, source, several=not named or _is_lined(text))
        if named or all(root.node for root in exact):
            return exact
    from calcrisk.inputs.yaml_text import read_yaml, yaml_parts  # what is JSON does not pay for it

    roots = [root for part, before in yaml_parts(text) for root in read_yaml(part, source, before)]
    if like_json and like_json["quoted"] and not all(root.node for root in roots):
        return exact  # it is neither, and what it was meant to be has the better message
    return roots


def _is_lined(text: str) -> bool:
    """Tell whether a second value begins a line behind the first one, which is whole, or at least one line of its own.

    What breaks off within one document is none: its parts would be taken for patients.
    """
    from json import JSONDecoder

    begin = len(text) - len(text.lstrip())
    first = text[begin:].partition("\n")[0].rstrip()
    end = begin + len(first)
    if not first.startswith("{"):
        return False
    if first.count("{") != first.count("}"):
        try:
            end = JSONDecoder().raw_decode(text, begin)[1]
        except (ValueError, RecursionError):
            return False
    return _NEXT_LINE.match(text, end) is not None
