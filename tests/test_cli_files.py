"""The command line and what is not a plain file: links, pipes, devices, and the signal that ends a wait for them."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, get_args

import pytest
from commands import PROGRAM, environment, run
from typer.models import OptionInfo

from calcrisk.cli.app import command_line
from calcrisk.cli.declaring import _own_forms

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("links, pipes and signals of POSIX", allow_module_level=True)

import fcntl
import resource
import termios

ASKED = ("assess", "--calcium", "9.9", "--brief")
DONE, BAD_INPUT, SURROUNDINGS, INTERRUPTED = 0, 1, 4, 130
ROOM = 2**30  # bytes of memory: what reads without end is stopped there


# -------------------------------------------------------------------------------- output


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    assert run(*ASKED, "-o", "pipe", cwd=tmp_path) == (DONE, "", "")
    assert pipe.is_fifo()
    reader.join(60)
    assert read == [run(*ASKED, cwd=tmp_path).out]


@pytest.mark.parametrize("old", ["old", None], ids=["to a file", "to nothing yet"])
def test_a_link_stays_and_what_it_leads_to_is_written(old: str | None, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    target, link = tmp_path / "deep" / "answer", tmp_path / "link"
    link.symlink_to(target)
    if old is not None:
        target.write_text(old, "utf-8")
    assert run(*ASKED, "-o", "link", cwd=tmp_path) == (DONE, "", "")
    assert link.is_symlink()
    assert target.read_text("utf-8") == run(*ASKED, cwd=tmp_path).out
    assert list((tmp_path / "deep").iterdir()) == [target]


def test_the_programs_own_output_may_be_named_as_a_file(tmp_path: Path) -> None:
    assert run(*ASKED, "-o", "/dev/stdout", cwd=tmp_path) == run(*ASKED, cwd=tmp_path)


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    ended = run(*ASKED, "-o", ".", cwd=tmp_path)
    assert (ended.code, ended.err) == (
        SURROUNDINGS,
        ".: cannot be written: Is a directory (cannot-write)\n    hint: this is a folder: name a file\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_no_suffix_is_terminal_text_and_a_named_format_needs_none_that_is_known(tmp_path: Path) -> None:
    for how in (("-o", "a"), ("-o", "a.html", "--format", "terminal")):
        assert run("assess", "--calcium", "9.9", *how, cwd=tmp_path) == (DONE, "", "")
    assert (tmp_path / "a").read_text("utf-8") == (tmp_path / "a.html").read_text("utf-8")


# -------------------------------------------------------------------------------- input


@pytest.mark.parametrize("file", ["-", "/dev/zero"])
def test_reading_stops_at_a_limit(file: str, tmp_path: Path) -> None:
    with open("/dev/zero", "rb") as endless:  # noqa: PTH123  # a device
        ended = subprocess.run(
            [*PROGRAM, "assess", file],
            stdin=endless,
            capture_output=True,
            env=environment(),
            cwd=tmp_path,
            timeout=60,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM)),  # no threads here
        )
    assert (ended.returncode, ended.stdout) == (BAD_INPUT, b"")
    assert b"(too-large)" in ended.stderr


# -------------------------------------------------------------------------------- interrupts


def test_an_interrupt_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "patient.yaml")
    program = subprocess.Popen(
        [*PROGRAM, "assess", "patient.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
        # a job in the background ignores the signal, and so would its child
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
    )
    writing = _writing_end(program, tmp_path / "patient.yaml")
    program.send_signal(signal.SIGINT)  # it reads on, and nothing more comes
    out, err = program.communicate(timeout=60)
    os.close(writing)
    assert (program.returncode, out) == (INTERRUPTED, b"")
    assert b"Traceback" not in err


def _writing_end(program: subprocess.Popen[bytes], pipe: Path) -> int:
    """Open the writing end, which is refused until the program opens the other; feed it until it reads."""
    end = -1
    while end < 0:
        assert program.poll() is None, "the program ended before it read"
        with suppress(OSError):
            end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    os.write(end, b"age: 60\n")
    while int.from_bytes(fcntl.ioctl(end, termios.FIONREAD, bytes(4)), sys.byteorder):
        time.sleep(0.01)  # it has not taken these yet
    return end


def interpreted(code: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run Python code that changes the program before it starts."""
    call = [sys.executable, "-c", code]
    return subprocess.run(call, capture_output=True, env=environment(), cwd=folder, check=False)


def test_an_interrupt_during_start_up_ends_the_same(tmp_path: Path) -> None:
    code = """
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "calcrisk.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from calcrisk.cli import main
main()
"""
    ended = interpreted(code, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, b"", b"")


def test_an_interrupt_that_python_wraps_ends_the_same(tmp_path: Path) -> None:
    """Python 3.11 makes a RuntimeError of one that comes while a class is made."""
    code = """
import sys
import calcrisk.cli.app
def command_line(_):
    raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()
calcrisk.cli.app.command_line = command_line
from calcrisk.cli import main
main()
"""
    ended = interpreted(code, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, b"", b"")


def test_an_interrupt_that_comes_as_the_file_is_made_leaves_none(tmp_path: Path) -> None:
    code = """
import os, signal, sys, tempfile
made = tempfile.mkstemp
def interrupted(**how):
    found = made(**how)
    os.kill(os.getpid(), signal.SIGINT)
    return found
tempfile.mkstemp = interrupted
from calcrisk.cli import main
sys.argv = ["calcrisk", "assess", "--calcium", "9.9", "--brief", "-o", "answer.txt"]
main()
"""
    (tmp_path / "answer.txt").write_text("old", "utf-8")
    ended = interpreted(code, tmp_path)
    assert (ended.returncode, ended.stderr) == (INTERRUPTED, b"")
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {"answer.txt": "old"}


# -------------------------------------------------------------------------------- what is declared


def declared(*arguments: str) -> set[str]:
    """The parameters of ``assess`` in the program made for some arguments."""
    (assess,) = (each for each in command_line(arguments).registered_commands if each.name == "assess")
    assert assess.callback is not None
    return set(assess.callback.__annotations__)


def test_the_options_follow_the_arguments_and_not_the_process_that_imports() -> None:
    own = declared("assess", "patient.yaml", "--json", "--as-of=2026-03-30", "--unknown", "age", "--all", "-o", "out")
    assert own == {"file", "json", "as_of", "unknown", "all", "output"}
    assert declared("assess", "--calcium", "9", "--no-warfarin") == {"file", "calcium", "warfarin"}
    assert declared("assess", "patient.yaml") == {"file"}
    every = declared("assess", "--help")
    assert own < every
    assert len(every) > 100
    assert declared("assess", "--zzzzz", "9") == declared("assess", "-oout") == every


@pytest.mark.parametrize("command", ["assess", "chemistry", "what-if"])
def test_every_option_of_a_command_can_be_told_from_an_argument(command: str) -> None:
    (made,) = command_line([command, "--help"]).registered_commands
    assert made.callback is not None
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
        for name, kind in made.callback.__annotations__.items()
    ]
    options = [part for part in own if any(isinstance(info, OptionInfo) for info in get_args(part.annotation))]
    assert [part.name for part in options if not _own_forms(part)] == []
    assert len(options) > 100


def test_only_the_command_that_is_named_is_declared_unless_none_is() -> None:
    def commands(*arguments: str) -> list[str | None]:
        app = command_line(arguments)
        return [*(each.name for each in app.registered_commands), *(each.name for each in app.registered_groups)]

    assert commands("trend", "patient.yaml") == ["trend"]
    assert commands("rules", "list") == ["rules"]
    assert commands() == commands("--help") == commands("asess") == commands("--version")
    assert len(commands()) == 11


# -------------------------------------------------------------------------------- what was closed


@pytest.mark.parametrize(
    ("arguments", "closed", "code", "said"),
    [
        (("assess", "-"), "<&-", BAD_INPUT, "<stdin>: standard input is closed (cannot-read)"),
        (("assess", "--calcium", "9.9"), ">&-", SURROUNDINGS, "<stdout>: standard output is closed (cannot-write)"),
        (ASKED, ">&-", SURROUNDINGS, "<stdout>: standard output is closed (cannot-write)"),
    ],
)
def test_a_closed_end_is_told(arguments: tuple[str, ...], closed: str, code: int, said: str, tmp_path: Path) -> None:
    line = ["sh", "-c", f'exec "$@" {closed}', "sh", *PROGRAM, *arguments]
    ended = subprocess.run(line, stderr=subprocess.PIPE, env=environment(), cwd=tmp_path, text=True, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (code, said)


def test_bytes_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    line: list[str | bytes] = [*PROGRAM, "assess", "--calcium", b"9.9\xff"]
    ended = subprocess.run(line, capture_output=True, env=environment(), cwd=tmp_path, check=False)
    assert ended.returncode == BAD_INPUT
    assert b"\\udcff" in ended.stderr
