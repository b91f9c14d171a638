"""Runs the program in processes of its own without paying each time for Python and the libraries.

A server imports the program, has it read its own rulebook, and forks for every run. The forked process has arguments,
an environment, a folder and descriptors of its own, runs as `python -m calcrisk` does, and at its end waits for threads
and flushes as any process does, but is not taken apart object by object (no `__del__` runs). tests/test_no_network.py
holds what it says to what a fresh interpreter says, for every command; signals, terminals, pipes, start-up and the
settings of the interpreter are tested with fresh ones only.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from importlib import import_module
from runpy import run_module
from typing import IO, TYPE_CHECKING, Final

import typer

from calcrisk import Patient, Rulebook, assess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PIPED: Final = 1 << 16  # bytes that a pipe holds while nobody reads
_IMPORTED: Final = (
    *("calcrisk.cli.assess", "calcrisk.cli.batch", "calcrisk.cli.explain", "calcrisk.cli.rules", "calcrisk.cli.trend"),
    *("calcrisk.cli.what_if", "calcrisk.inputs.yaml_text", "calcrisk.inputs.json_text", "calcrisk.render.json"),
    *("calcrisk.render.markdown", "calcrisk.render.terminal", "calcrisk.cli.app"),
)
_LONGEST: Final = 60  # seconds until a run is given up


class Server:
    """A server of its own for each process of pytest."""

    def __init__(self, around: Mapping[str, str]) -> None:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(_LONGEST)
        call = [sys.executable, __file__, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                call, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=around, start_new_session=True
            )
        atexit.register(self._end)

    def run(self, words: list[str], folder: Path, given: bytes, around: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        """Run the program to its end: its exit code, standard output and standard error."""
        asked = json.dumps([words, str(folder), dict(around)]).encode() + b"\n"
        (out, to_out), (err, to_err) = os.pipe(), os.pipe()
        stdin = _pipe_with(given)
        socket.send_fds(self._line, [asked], [stdin, to_out, to_err])
        for end in (stdin, to_out, to_err):
            os.close(end)
        try:
            with os.fdopen(out, "rb") as printed, os.fdopen(err, "rb") as said:
                found = _drained(printed, said)
            return int(self._line.recv(16)), *found
        except (OSError, ValueError):
            self._give_up()
            raise

    def _give_up(self) -> None:
        """End the server and what it runs; the next run starts another."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        server.cache_clear()

    def _end(self) -> None:
        """Let the server leave of itself, so that its own lines count as well."""
        self._line.close()
        self._process.wait(_LONGEST)


@cache
def server() -> Server:
    """Start the server of this process at the first run."""
    from commands import environment

    return Server(environment())


def _pipe_with(given: bytes) -> int:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(given)
    return reading


def _drained(out: IO[bytes], err: IO[bytes]) -> tuple[bytes, bytes]:
    """Both pipes to their ends, whichever is written to first; what never ends is given up."""
    found = {out: b"", err: b""}
    waiting = {out, err}
    while waiting:
        ready, _, _ = select.select(waiting, [], [], _LONGEST)
        if not ready:
            raise TimeoutError("the program neither writes nor ends")
        for pipe in ready:
            found[pipe] += (part := os.read(pipe.fileno(), PIPED))
            waiting -= set() if part else {pipe}
    return found[out], found[err]


# ------------------------------------------------------------------------------------------------------ the server


def serve(line: socket.socket) -> bool:
    """Fork for every request and answer with the exit code; true in the forked process, false at the end."""
    while True:
        text, streams, _, _ = socket.recv_fds(line, 1 << 16, 3)
        while text and not text.endswith(b"\n"):
            text += line.recv(1 << 16)
        if not text:
            return False
        child = os.fork()
        if not child:
            line.close()
            _become(streams, *json.loads(text))
            return True
        for stream in streams:
            os.close(stream)
        line.sendall(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(streams: list[int], words: list[str], folder: str, around: dict[str, str]) -> None:
    for at, stream in enumerate(streams):
        os.dup2(stream, at)
        os.close(stream)
    # opened anew: those of the server remember what they were opened on
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(around)
    sys.path[0] = folder  # as with `python -m`
    sys.argv[1:] = words


def _prepare() -> None:
    """Do what nearly every run does; typer imports half of itself when it meets the first value."""
    for module in _IMPORTED:
        import_module(module)
    assess(Patient(), Rulebook.default())
    with suppress(ImportError):
        import_module("duckdb")
    another = typer.Typer()
    another.command()(_another)
    another(["1"], standalone_mode=False)


def _another(amount: int) -> None:
    assert amount


def _run() -> None:
    """Run the program, and end as it asks for: with an error, the interpreter's own way."""
    try:
        run_module("calcrisk", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        vars(threading)["_shutdown"]()  # waits for threads, as the interpreter does
        atexit._run_exitfuncs()
        try:
            for stream in (sys.stdout, sys.stderr):
                if not stream.closed:
                    stream.flush()
        except OSError:
            raise end from None
        os._exit(end.code or 0)


if __name__ == "__main__":
    _prepare()
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        _run()
