"""What there is to read: paths become units of work, in order, each small enough to be handed to another process.

Names of files are found at once; lines are read when they are asked for, so that a stream of any length takes no more
memory than a block of it. A unit gives its documents; nothing that was named is ever left out without a word.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from calcrisk.errors import Fault, UsageError, cannot_read
from calcrisk.inputs.documents import MAX_FILE_BYTES, Document, read_documents
from calcrisk.inputs.earlier import STDIN, answers, is_answer, refuse_overwriting
from calcrisk.inputs.foreign import TABLES
from calcrisk.inputs.streams import BLOCK_BYTES, LINES, Lines, Unread, Whole, units_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SUFFIXES = (".yaml", ".yml", ".json", *LINES)
_MAPS = ".map.yaml"  # column maps of tables, by the ending that ours have
_BLOCK_FILES = 32  # some ten milliseconds of work: little is lost when the last one ends late
_NAMED = 5  # names of what is passed over


class Files(NamedTuple):
    """A few files, read where the work is done; ``share`` counts the sources this unit is, for a progress bar."""

    paths: tuple[str, ...]
    share: float

    def documents(self) -> Iterator[Document]:
        """Give every patient of every file, in order."""
        for path in self.paths:
            yield from _file(path)


Unit: TypeAlias = Files | Lines | Whole | Unread


class Source(NamedTuple):
    """A file, standard input (``-``), or what cannot be read at all."""

    path: str
    fault: Fault | None = None

    @property
    def is_lines(self) -> bool:
        """Whether it is one patient a line."""
        return self.path == STDIN or self.path.lower().endswith(LINES)


@dataclass(slots=True)
class Names:
    """The first few names of many."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, name: str) -> None:
        """Count it, and keep it when it is one of the first."""
        self.count += 1
        if self.count <= _NAMED:
            self.first.append(name)

    def __str__(self) -> str:
        """List the names, and say how many there are besides."""
        more = self.count - len(self.first)
        return ", ".join(self.first) + (f" and {more:,} more" if more else "")


@dataclass(slots=True)
class Found:
    """What the paths lead to, and what lies in the folders and is passed over."""

    sources: list[Source] = field(default_factory=list)
    answers: Names = field(default_factory=Names)  # earlier ones of calcrisk
    tables: Names = field(default_factory=Names)
    hidden: Names = field(default_factory=Names)
    others: Names = field(default_factory=Names)
    repeated: Names = field(default_factory=Names)  # files and folders reached a second time, and read once

    @property
    def size(self) -> float | None:
        """The shares of all units together; None when nobody can tell."""
        return None if any(source.path == STDIN for source in self.sources) else len(self.sources)

    def units(self) -> Iterator[Unit]:
        """Give the work in order; streams are read as far as it is asked for."""
        paths: list[str] = []
        for source in self.sources:
            plain = not source.fault and not source.is_lines
            if plain:
                paths.append(source.path)
            if paths and (not plain or len(paths) == _BLOCK_FILES):
                yield Files(tuple(paths), len(paths))
                paths.clear()
            if source.fault is not None:
                yield Unread(source.path, 0, source.fault, 1)
            elif source.is_lines:
                yield from units_of(source.path)
        if paths:
            yield Files(tuple(paths), len(paths))


def is_table(path: str) -> bool:
    """Tell a table of patients by its name."""
    return path.lower().endswith(TABLES)


def names_tables(paths: Sequence[str]) -> bool:
    """Tell whether the paths are tables: files or patterns (``*.csv``) by their end, and folders of nothing else."""
    return all(is_table(path) or _holds_only_tables(path) for path in paths)


def _holds_only_tables(path: str) -> bool:
    try:
        with os.scandir(path) as listing:
            entries = [entry for entry in listing if not entry.name.startswith(".")]
            tables = [entry for entry in entries if is_table(entry.name)]
            return bool(tables) and all(is_table(entry.name) or is_answer(entry.path) for entry in entries)
    except OSError:
        return False


def find(paths: Sequence[str], output: str | None = None) -> Found:
    """Find what the paths lead to: files as named, folders with all that lies beneath, ``-`` for standard input.

    Within a folder the order is that of names; what is hidden is passed over, and so is ``output``, the file that the
    answers go to, and any earlier answer. What cannot be read is found with its fault, and so is what is no patient
    document though it was named. Raises UsageError when the answers would replace a patient.
    """
    goes_to = None if output is None or output == "-" else os.path.realpath(output)
    search = _Search(goes_to)
    for path in paths:
        search.named(path)
    if not search.found.sources:  # nothing but the earlier answer, which would be lost for nothing
        raise UsageError([answers(path) for path in paths])
    refuse_overwriting([source.path for source in search.found.sources], output)
    return search.found


class _Search:
    """Walks what was named, each file and folder once, whatever links lead to it."""

    def __init__(self, output: str | None) -> None:
        self.found, self._output = Found(), output
        self._seen: set[str] = set()

    def is_new(self, real: str) -> bool:
        """Tell whether this is reached for the first time, and remember it."""
        before = len(self._seen)
        self._seen.add(real)
        return len(self._seen) > before

    def named(self, path: str) -> None:
        real = STDIN if path == STDIN else os.path.realpath(path)
        if not self.is_new(real):
            self.found.repeated.add(path)
        elif path != STDIN and os.path.isdir(path):  # noqa: PTH112  # thousands of paths: `Path` would cost as much as reading
            before = len(self.found.sources) + self.found.repeated.count
            self._folder(path, real)
            if len(self.found.sources) + self.found.repeated.count == before:
                self.found.sources.append(Source(path, _nothing_in(path)))
        else:
            self._document(path, real)

    def _document(self, path: str, real: str) -> None:
        if real == self._output and is_answer(path):  # `*` of a shell names it as well
            self.found.answers.add(path)
        else:
            self.found.sources.append(Source(path, _no_document(path, real)))

    def _folder(self, path: str, real: str) -> None:
        waiting = [self._listing(path, real)]  # no recursion: folders may be nested as deep as a disk allows
        while waiting:
            for entry, inside in waiting[-1]:
                if _is_folder(entry):
                    if self.is_new(inside):
                        waiting.append(self._listing(entry.path, inside))
                        break
                    self.found.repeated.add(entry.path)
                else:
                    self._file(entry, inside)
            else:
                waiting.pop()

    def _listing(self, path: str, real: str) -> Iterator[tuple[os.DirEntry[str], str]]:
        """List a folder by name, each entry with the path it truly has; what is hidden is left out."""
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.found.sources.append(Source(path, cannot_read(path, error)))
            return
        for entry in entries:
            if entry.name.startswith("."):
                self.found.hidden.add(entry.path)
            else:
                yield entry, os.path.realpath(entry.path) if entry.is_symlink() else f"{real}{os.sep}{entry.name}"

    def _file(self, entry: os.DirEntry[str], real: str) -> None:
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122  # as above
        ours = _is_to_be_read(entry) and is_answer(entry.path)
        if real == self._output and (ours or suffix not in _SUFFIXES):
            return
        if ours:
            self.found.answers.add(entry.path)
        elif is_table(entry.name):
            self.found.tables.add(entry.path)
        elif suffix not in _SUFFIXES or entry.name.lower().endswith(_MAPS) or not _is_to_be_read(entry):
            self.found.others.add(entry.path)
        elif self.is_new(real):
            self.found.sources.append(Source(entry.path))
        else:
            self.found.repeated.add(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_to_be_read(entry: os.DirEntry[str]) -> bool:
    """Tell a file from a pipe or device, which could be waited for without end; a broken link is read, and refused."""
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))  # noqa: PTH110  # as above
    except OSError:
        return True


def _no_document(path: str, real: str) -> Fault | None:
    """Say why a file that was named is not read: it is a table, an answer, or could be waited for without end."""
    if path == STDIN:
        return None
    if is_answer(path):
        return answers(path)
    if is_table(path):
        hint = "name tables in a call of their own: their answers are rows"
        return Fault(code="table", message="a table stands among patient documents", file=path, hint=hint)
    if _may_never_end(path, real):
        hint = f"give it as standard input: calcrisk batch - < {path}"
        return Fault(code="not-a-file", message="a pipe or a device, not a file", file=path, hint=hint)
    return None


def _may_never_end(path: str, real: str) -> bool:
    """Tell a named pipe or a device; what a shell puts in place of ``<(…)`` has no name, and its end is open."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # as above
    except (OSError, ValueError):
        return False  # reading tells what is wrong
    nameless = stat.S_ISFIFO(mode) and (path.startswith("/dev/fd/") or not os.path.exists(real))  # noqa: PTH110  # as above
    return not stat.S_ISREG(mode) and not nameless


def _nothing_in(path: str) -> Fault:
    message = "no patient document lies in this folder"
    return Fault(code="no-patients", message=message, file=path, hint=f"their names end in {', '.join(_SUFFIXES)}")


def _file(path: str) -> list[Document]:
    try:
        content = _content(path)
    except OSError as error:
        return [Document(path, faults=[cannot_read(path, error)])]
    return read_documents(content, path)


def _content(path: str) -> bytes:
    """Read a file, or of a larger one as much as tells that there is too much; a pipe is read to its end."""
    pieces: list[bytes] = []
    wanted = MAX_FILE_BYTES + 1
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123  # as above
        while piece := stream.read(min(wanted, BLOCK_BYTES)):
            pieces.append(piece)
            wanted -= len(piece)
    return b"".join(pieces)
