"""Streams of patients, standard input and files of lines: read as they come, in no more memory than a block takes.

They hold one patient a line. What begins as another text does (JSON over several lines, a list, YAML) is read whole.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.errors import Fault, cannot_read
from calcrisk.inputs.documents import MAX_BYTES, MAX_FILE_BYTES, Document, read_documents, read_line
from calcrisk.inputs.earlier import STDIN
from calcrisk.inputs.foreign import BETWEEN, as_a_table, foreign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

LINES: Final = (".ndjson", ".jsonl")  # how names of files end that hold one patient a line
BLOCK_BYTES: Final = 65_536  # as much as a pipe holds; a slow pipe gives less, and what came is answered at once
_STDIN_NAME: Final = "<stdin>"
_BETWEEN: Final = tuple(map(str.encode, BETWEEN))
_MARK: Final = b"\xef\xbb\xbf"  # the byte-order mark
_LIST = re.compile(rb"\s*\[\s*(?:\{|\]?\s*$)")  # a log's `[INFO]` is none
_INSIDE = re.compile(rb'\s*["}]')  # how the second line of a mapping begins
_YAML = re.compile(rb"---|#|[A-Za-z_]\w*:(?:\s|$)")


class Lines(NamedTuple):
    """Some lines of one source; ``number`` is the first one's (from 1), ``at`` the place of its patient (from 0)."""

    source: str
    number: int
    at: int
    content: bytes
    share: float

    def documents(self) -> Iterator[Document]:
        """Give one patient a line; blank lines are passed over."""
        index = self.at
        for number, line in enumerate(self.content.split(b"\n"), self.number):
            if _says_something(line):
                document = read_line(line, self.source, number=number, index=index)
                yield _perhaps_a_table(document, line) if number == 1 else document
                index += 1


class Whole(NamedTuple):
    """A source that is one text, as a file is."""

    source: str
    content: bytes
    share: float

    def documents(self) -> Iterator[Document]:
        """Give every patient of the text."""
        return iter(read_documents(self.content, self.source))


class Unread(NamedTuple):
    """A source, or the rest of one, that gives no patient, and why."""

    source: str
    at: int
    fault: Fault
    share: float

    def documents(self) -> Iterator[Document]:
        """Give one document that holds nothing but the fault."""
        yield Document(self.source, index=self.at, faults=[self.fault])


def _perhaps_a_table(document: Document, line: bytes) -> Document:
    """Hint at what a table needs where its header is taken for a patient."""
    if b"{" not in line and any(sign in line for sign in _BETWEEN):
        document.faults = [as_a_table(fault) if fault.code == "bad-json" else fault for fault in document.faults]
    return document


def units_of(path: str) -> Iterator[Lines | Whole | Unread]:
    """Read a stream block by block, each but the last ending with a line's end; or whole, where it is one text."""
    name = _STDIN_NAME if path == STDIN else path
    number, index, share = 1, 0, 0.0
    try:
        with _opened(path) as (stream, size):
            head = _beginning(stream)
            if (fault := foreign(head, name)) is not None:
                yield Unread(name, 0, fault, 1)
                return
            if _is_one_text(head):
                yield Whole(name, head + stream.read(MAX_FILE_BYTES + 1 - len(head)), 1)
                return
            for content in _whole_lines(head, stream):
                part = len(content) / size if size else 0.0
                yield Lines(name, number, index, content, part)
                lines = content.split(b"\n")
                number, index, share = number + len(lines) - 1, index + sum(map(_says_something, lines)), share + part
    except OSError as error:
        yield Unread(name, index, cannot_read(name, error), 1 - share)
    else:
        if not index:
            hint = "write one patient a line, as JSON"
            yield Unread(name, 0, Fault(code="empty", message="nothing is written here", file=name, hint=hint), 1)


@contextmanager
def _opened(path: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open a stream, with its size in bytes where that is known."""
    if path != STDIN:
        with open(path, "rb") as stream:  # noqa: PTH123  # as in sources
            yield stream, os.fstat(stream.fileno()).st_size
    elif sys.stdin is None:  # closed by the one who started the program
        raise OSError("standard input is closed")
    else:
        yield sys.stdin.buffer, 0


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read1(BLOCK_BYTES):  # type: ignore[attr-defined]  # IO knows no read1; buffered streams have it
        yield chunk


def _beginning(stream: IO[bytes]) -> bytes:
    """Read until it is plain what the stream is: a first line that is a patient is not kept waiting for the next."""
    head = b""
    for chunk in _chunks(stream):
        head += chunk
        first, *others = [line for line in head.removeprefix(_MARK).split(b"\n")[:-1] if _says_something(line)] or [b""]
        if others or _is_mapping(first) or len(head) > MAX_BYTES:
            break
    return head


def _is_one_text(head: bytes) -> bool:
    """Tell by its first two lines what does not hold one patient a line, whatever its lines lack."""
    lines = filter(_says_something, head.removeprefix(_MARK).split(b"\n"))
    first, second = islice(chain(lines, (b"", b"")), 2)
    if _LIST.match(first):
        return True
    if first.lstrip().startswith(b"{"):
        return bool(_INSIDE.match(second)) and not _is_mapping(first)
    return bool(_YAML.match(first)) and not second.lstrip().startswith(b"{")


def _is_mapping(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _whole_lines(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """Give what has come up to its last line's end, the first time without a byte-order mark.

    ``head`` was read already. Of a line longer than a document may be, the first bytes are kept: just enough for it to
    be refused.
    """
    rest = b""
    first = True
    for chunk in chain([head], _chunks(stream)):
        before, end, others = chunk.partition(b"\n")
        rest += before[: MAX_BYTES + 1 - len(rest)]
        if not end:
            continue
        lines, end, tail = others.rpartition(b"\n")
        content = b"".join((rest, b"\n", lines, end))
        yield content.removeprefix(_MARK) if first else content
        rest, first = tail, False
    if rest:
        yield rest.removeprefix(_MARK) if first else rest


def _says_something(line: bytes) -> bool:
    return bool(line) and not line.isspace()
