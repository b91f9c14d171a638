"""Where an answer goes: standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from calcrisk.errors import Fault, SurroundingsError, cannot_write
from calcrisk.telling import to_nowhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from rich.console import Console


def emit(text: str, output: str | None) -> None:
    """Write text to standard output, or to the file ``output``; raises ``SurroundingsError`` when it cannot."""
    with writing(output) as write:
        write(encoded(text))


def print_page(page: Callable[[Console], None], output: str | None) -> None:
    """Print what is drawn with rich: in the width and colours of the terminal, or plain into a file."""
    from io import StringIO

    from rich.console import Console

    if output is None or output == "-":
        require_standard_output()
        console = Console(highlight=False)
        console.on_broken_pipe = leave_silently  # type: ignore[method-assign]  # rich would end with 1
        page(console)
        return
    text = StringIO()
    page(Console(file=text, highlight=False, force_terminal=False, color_system=None))
    emit(text.getvalue(), output)


def encoded(text: str) -> bytes:
    """Encode as UTF-8; what has no form in it (half a character, a byte of a file's name) as its escape."""
    return text.encode("utf-8", "backslashreplace")


@contextmanager
def writing(output: str | None) -> Iterator[Callable[[bytes], None]]:
    """Give what writes UTF-8, piece by piece, to standard output or to the file ``output``.

    A file appears whole when the block ends, and not at all when an exception leaves it. Raises ``SurroundingsError``
    when it cannot be written; when nobody reads standard output any more, the program ends silently.
    """
    if output is None or output == "-":
        require_standard_output()
        yield _to_standard_output
        return
    with _aside(output) as file:

        def write(text: bytes) -> None:
            with _telling(output):
                file.write(text)

        yield write


@contextmanager
def placing(output: str) -> Iterator[str]:
    """Give the path of a file beside ``output`` that another program writes; it takes its place when the block ends.

    Raises ``SurroundingsError`` when it cannot be written; nothing is left when an exception leaves the block.
    """
    with _aside(output) as file:
        try:
            yield file.path
        except SurroundingsError as error:  # the other program knows the file by the name it has meanwhile
            faults = [fault._replace(file=output) if fault.file == file.path else fault for fault in error.faults]
            raise SurroundingsError(faults) from None


@contextmanager
def _aside(output: str) -> Iterator[_File]:
    from calcrisk.cli.signals import held_back  # most answers go to standard output

    file: _File | None = None
    try:
        with held_back(), _telling(output):  # or a file is made that nobody knows of
            file = _File(Path(output))
        yield file
        with _telling(output):
            file.finish()
    except BaseException:
        if file is not None:
            file.abandon()
        raise


def require_writable(output: str | None) -> None:
    """Raise ``SurroundingsError`` when an output cannot be written: told before anything is read."""
    if output is None or output == "-":
        return
    path = Path(output)
    folder = path.resolve().parent
    if not folder.is_dir():
        raise SurroundingsError([cannot_write(output, OSError(errno.ENOENT, "there is no such folder"))])
    if path.is_dir():
        raise SurroundingsError([cannot_write(output, _error(errno.EISDIR))])
    replaced = path.is_file() or not path.exists()  # in its folder, whatever may be done to the file itself
    if not os.access(folder if replaced else path, os.W_OK):
        raise SurroundingsError([cannot_write(output, _error(errno.EACCES))])


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def require_standard_output() -> None:
    """Raise ``SurroundingsError`` when whoever started the program closed its standard output."""
    if sys.stdout is None:
        message = "standard output is closed"
        raise SurroundingsError([Fault(code="cannot-write", message=message, file="<stdout>")])


def is_terminal(output: str | None) -> bool:
    """Tell whether what is emitted to ``output`` is read in a terminal."""
    return (output is None or output == "-") and sys.stdout is not None and sys.stdout.isatty()


def leave_silently() -> NoReturn:
    """End as if all were written: whoever read the pipe has seen enough."""
    to_nowhere(sys.stdout)
    raise SystemExit(0)


def _to_standard_output(text: bytes) -> None:
    try:
        if sys.stdout.encoding.lower() == "utf-8":
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text.decode())  # a terminal of another encoding
        sys.stdout.flush()
    except BrokenPipeError:
        leave_silently()


@contextmanager
def _telling(output: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SurroundingsError([cannot_write(output, error)]) from None


class _File:
    """A file being written. A neighbour first, then a rename: a reader never sees half of it, a failure leaves the old.

    A device or a pipe is written to at once, never replaced by a file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()  # what a link leads to; the link stays
        self._aside: Path | None = None
        if path.exists() and not path.is_file():
            self._file: IO[bytes] = path.open("wb")
            return
        import tempfile  # brings random and hashing along, which most runs do without

        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        self._file, self._aside = os.fdopen(handle, "wb"), Path(name)

    @property
    def path(self) -> str:
        return str(self._aside or self._path)

    def write(self, text: bytes) -> None:
        self._file.write(text)

    def finish(self) -> None:
        self._file.close()
        if self._aside:
            _as_permitted(self._aside, self._path)
            self._aside.replace(self._path)

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()
        if self._aside:
            with suppress(OSError):
                self._aside.unlink()


def _as_permitted(aside: Path, path: Path) -> None:
    # mkstemp makes a private file; the answer gets the mode of the file it replaces, or what the umask gives a new one.
    if path.exists():
        mode = path.stat().st_mode
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    aside.chmod(mode & 0o777)
