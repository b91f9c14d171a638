"""The command line in a real pseudo-terminal: colours when there is one, its width kept, none when the user says so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import PROGRAM, environment, run
from rich.cells import cell_len

if sys.platform == "win32":
    pytest.skip("no pseudo-terminal in the standard library", allow_module_level=True)

import fcntl
import pty
import struct
import termios

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE = Path(__file__).parent.parent / "sample_labs" / "hd-warfarin-58f.yaml"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def in_terminal(*arguments: str, width: int = 80, start: Sequence[str] = PROGRAM, **more: str) -> tuple[int, str]:
    """Run the program in a terminal of some width; give its exit code and everything it printed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    program = subprocess.Popen(
        [*start, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**more), close_fds=True
    )
    os.close(theirs)
    printed = b"".join(iter(lambda: _some(ours), b""))
    os.close(ours)
    return program.wait(60), printed.decode().replace("\r\n", "\n")


def _some(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end was closed
        return b""


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_width_of_the_terminal_is_kept(width: int) -> None:
    code, printed = in_terminal("assess", str(SAMPLE), width=width)
    lines = ESCAPES.sub("", printed).splitlines()
    assert code == 0
    assert max(map(cell_len, lines)) <= width
    assert max(map(cell_len, lines)) > width * 0.8  # and used


def test_there_is_colour_in_a_terminal_and_it_is_put_back() -> None:
    _, printed = in_terminal("assess", str(SAMPLE))
    assert COLOUR.search(printed)
    for line in printed.splitlines():
        found = COLOUR.findall(line)
        assert not found or found[-1] in ("\x1b[0m", "\x1b[m")


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_there_is_no_colour_when_it_is_not_wanted(more: dict[str, str]) -> None:
    code, printed = in_terminal("assess", str(SAMPLE), width=80, **more)
    coloured = [each for each in COLOUR.findall(printed) if re.search(r"\b(3[0-7]|9[0-7]|38|4[0-7])\b", each)]
    assert (code, coloured) == (0, [])


@pytest.mark.parametrize("how", [("--json",), ("--format", "markdown"), ("--brief",)])
def test_what_is_data_has_no_colour_even_in_a_terminal(how: tuple[str, ...]) -> None:
    code, printed = in_terminal("assess", str(SAMPLE), *how)
    assert code == 0
    assert "\x1b" not in printed


def test_the_words_are_the_same_with_and_without_a_terminal(tmp_path: Path) -> None:
    _, printed = in_terminal("assess", str(SAMPLE))
    piped = run("assess", str(SAMPLE), cwd=tmp_path)
    assert "\x1b" not in piped.out
    assert ESCAPES.sub("", printed).split() == piped.out.split()


def test_a_pipe_is_as_wide_as_it_says_or_80(tmp_path: Path) -> None:
    for columns, most in (({}, 80), ({"COLUMNS": "60"}, 60)):
        lines = run("assess", str(SAMPLE), cwd=tmp_path, **columns).out.splitlines()
        assert max(map(cell_len, lines)) <= most


def test_a_mistake_is_told_in_a_terminal_too() -> None:
    code, printed = in_terminal("assess", "--calcium", "2.4")
    assert code == 1
    assert "did you mean 2.4 mmol/L?" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("how", [("rules", "show"), ("explain",)])
def test_a_page_is_as_wide_as_the_terminal_and_a_pipe_as_it_says(
    how: tuple[str, ...], width: int, tmp_path: Path
) -> None:
    first = json.loads(run("rules", "list", "--json", cwd=tmp_path).out)[0]["id"]
    code, printed = in_terminal(*how, first, width=width)
    piped = run(*how, first, cwd=tmp_path, COLUMNS=str(width)).out
    assert code == 0
    assert "\x1b[1m" in printed
    assert ESCAPES.sub("", printed).split() == piped.split()
    for text in (ESCAPES.sub("", printed), piped):
        assert max(map(cell_len, text.splitlines())) <= width


AT_ONCE = (
    "from calcrisk.cli import progress as p; p._PATIENCE = p._PAUSE = 0; from calcrisk.__main__ import main; main()"
)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_bar_of_a_table_moves_and_is_gone_before_the_page(width: int, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    rows = "".join(f"p{at},9.1,{'2.1 mmol/L' if at % 2 else 6.5}\n" for at in range(2_200))
    (tmp_path / "t.csv").write_text(f"id,calcium,phosphate\n{rows}", "utf-8")
    code, printed = in_terminal(
        "batch", str(tmp_path / "t.csv"), "--top", "3", width=width, start=[sys.executable, "-c", AT_ONCE]
    )
    bars, page = printed.rsplit("━", 1)
    assert code == 0
    assert all(f"{done} patients" in bars for done in ("512", "1,024", "1,100"))
    erased, header = "\x1b[2K", page.index("Metastatic")
    assert erased in page[:header]
    assert erased not in page[header:]
