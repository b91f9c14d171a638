"""``calcrisk batch`` as a process among others: interrupts, closed pipes, workers that are lost, terminals, memory."""

from __future__ import annotations

import json
import os
import pickle
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from commands import PROGRAM, environment, run

from calcrisk import Rulebook
from calcrisk.cli.batch import Scoring
from calcrisk.cli.jobs import in_order, usable_cores
from calcrisk.errors import SurroundingsError
from calcrisk.inputs.streams import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("process groups and signals of POSIX", allow_module_level=True)

import fcntl
import pty
import struct
import termios

DONE, SURROUNDINGS, INTERRUPTED = 0, 4, 130
LINE = b'{"id": "p", "age": 60, "calcium": 9.9, "phosphate": 6.8, "ckd_stage": "G5"}\n'


def started(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    """The program in a group of its own, as a shell starts it; a background job would ignore the signal."""
    return subprocess.Popen(
        [*PROGRAM, "batch", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=cwd,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
    )


def fed(program: subprocess.Popen[bytes], lines: int) -> None:
    assert program.stdin
    program.stdin.write(LINE * lines)
    program.stdin.flush()


def group_of(program: subprocess.Popen[bytes]) -> list[int]:
    """The processes of the group that still live."""
    asked = ["ps", "-e", "-o", "pid=,pgid=,stat="]
    found = subprocess.run(asked, capture_output=True, text=True, check=True)
    rows = [row.split() for row in found.stdout.splitlines()]
    return [int(pid) for pid, group, state in rows if int(group) == program.pid and not state.startswith("Z")]


# -------------------------------------------------------------------------------- interrupts


@pytest.mark.parametrize("form", ["ndjson", "json", "csv"])
def test_an_interrupt_leaves_whole_lines(form: str, tmp_path: Path) -> None:
    program = started("-", "--format", form, cwd=tmp_path)
    assert program.stdout
    fed(program, 3)
    first = b""
    while first.count(b'"p"' if form != "csv" else b",p,") < 3:
        assert select.select([program.stdout], [], [], 60)[0], "nothing came, though three patients had been read"
        first += os.read(program.stdout.fileno(), 1 << 20)
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert program.returncode == INTERRUPTED
    assert (first + out).endswith(b"\n")
    assert err.decode() == "interrupted: 3 scored, 0 refused\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_every_process_and_keeps_the_old_file(jobs: str, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text("old", "utf-8")
    program = started("-", "-o", "a.ndjson", "--jobs", jobs, cwd=tmp_path)
    fed(program, 2_000)
    while len(list(tmp_path.iterdir())) < 2:  # the neighbour that is renamed when all is done
        assert program.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)
    os.killpg(program.pid, signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert (program.returncode, b"Traceback" in err) == (INTERRUPTED, False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ndjson"]
    assert (tmp_path / "a.ndjson").read_text("utf-8") == "old"
    assert group_of(program) == []


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("everyone", [True, False])
def test_a_signal_that_asks_for_an_end_is_as_clean(
    number: signal.Signals, jobs: str, everyone: bool, tmp_path: Path
) -> None:
    program = started("-", "-o", "a.ndjson", "--jobs", jobs, cwd=tmp_path)
    fed(program, 2_000)
    while not list(tmp_path.iterdir()):
        assert program.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)
    for _ in range(2):  # a terminal that is closed sends two
        (os.killpg if everyone else os.kill)(program.pid, number)
    _, err = program.communicate(timeout=60)
    assert (program.returncode, list(tmp_path.iterdir())) == (128 + number, [])
    assert re.fullmatch(r"interrupted: [0-9,]+ scored, 0 refused\n", err.decode())
    assert group_of(program) == []


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As ``nohup`` asks for."""
    with subprocess.Popen(
        [*PROGRAM, "batch", "-", "--format", "ndjson"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # noqa: PLW1509  # no threads here
    ) as program:
        fed(program, 1)
        assert program.stdout
        assert program.stdout.readline().startswith(b"{")
        program.send_signal(signal.SIGHUP)
        out, _ = program.communicate(LINE, timeout=60)
    assert (program.returncode, out.count(b"\n")) == (DONE, 1)


# -------------------------------------------------------------------------------- pipes and workers


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_closed_pipe_is_silent(jobs: str, tmp_path: Path) -> None:
    (tmp_path / "many.ndjson").write_bytes(LINE * 2_000)
    with started("many.ndjson", "--format", "ndjson", "--jobs", jobs, cwd=tmp_path) as program:
        assert program.stdout
        assert program.stdout.readline().startswith(b"{")
        program.stdout.close()
        assert program.stderr
        assert program.stderr.read() == b""
    assert program.returncode == DONE
    assert group_of(program) == []


def test_a_worker_that_is_killed_is_told_and_nothing_hangs(tmp_path: Path) -> None:
    program = started("-", "-o", "a.csv", "--jobs", "2", cwd=tmp_path)
    fed(program, 3_000)
    while len(workers := [pid for pid in group_of(program) if pid != program.pid]) < 2:
        assert program.poll() is None
        time.sleep(0.01)
    os.kill(workers[0], signal.SIGKILL)
    _, err = program.communicate(LINE * 20_000, timeout=120)
    assert (program.returncode, list(tmp_path.iterdir())) == (SURROUNDINGS, [])
    assert b"a worker process ended before its work was done (signal 9) (worker-lost)" in err
    assert group_of(program) == []


def _slow_first(unit: int) -> Iterator[int]:
    if unit % 5 == 0:
        time.sleep(0.02)
    yield from (unit, -unit)


def _failing(unit: int) -> Iterator[int]:
    if unit == 7:
        raise ValueError("seven")
    yield unit


def _leaving(unit: int) -> Iterator[int]:
    if unit == 7:
        os._exit(3)
    yield unit


@pytest.mark.parametrize("jobs", [None, 1, 2, 5])
def test_results_come_in_the_order_of_the_units(jobs: int | None) -> None:
    assert list(in_order(_slow_first, range(60), jobs)) == [part for unit in range(60) for part in (unit, -unit)]


def test_no_more_units_are_taken_than_are_worth_holding() -> None:
    taken = list[None]()

    def endless() -> Iterator[int]:
        while True:
            taken.append(None)
            yield len(taken)

    results = in_order(_slow_first, endless(), 2)
    assert [next(results) for _ in range(4)] == [1, -1, 2, -2]
    results.close()
    assert len(taken) < 40


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_the_work_raises_is_raised(jobs: int) -> None:
    with pytest.raises(ValueError, match="seven"):
        list(in_order(_failing, range(20), jobs))


def _who(_unit: int) -> Iterator[int]:
    time.sleep(0.02)
    yield os.getpid()


def test_there_are_no_more_processes_than_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(set(in_order(_who, range(3), usable_cores() * 4))) <= 3
    assert capsys.readouterr().err == ""


def test_there_are_no_more_processes_than_the_cores_can_use(capsys: pytest.CaptureFixture[str]) -> None:
    most = usable_cores() * 4
    assert len(set(in_order(_who, range(most * 3), 10_000))) <= most
    assert capsys.readouterr().err == f"--jobs 10,000: {most} processes at most, 4 for each usable core\n"


def test_a_worker_that_leaves_is_told() -> None:
    with pytest.raises(SurroundingsError, match="exit code 3"):
        list(in_order(_leaving, range(20), 2))


def test_what_a_process_is_given_can_be_sent_even_after_use() -> None:
    """Where processes are not forked they are sent their work."""
    scoring = Scoring(Rulebook.default(), "ndjson", None, {}, strict=False)
    unit = Lines("x", 1, 0, LINE, 1)
    mine = list(scoring(unit))
    assert list(pickle.loads(pickle.dumps(scoring))(unit)) == mine  # noqa: S301  # our own
    assert mine[0].scored == 1


# -------------------------------------------------------------------------------- terminals


def in_terminal(*arguments: str, stdin: bytes, pause: float, cwd: Path, width: int = 80) -> str:
    """What a terminal shows of a run whose input comes in two parts, with a pause between."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    program = subprocess.Popen(
        [*PROGRAM, "batch", *arguments], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs, env=environment(), cwd=cwd
    )
    os.close(theirs)
    assert program.stdin
    program.stdin.write(stdin)
    program.stdin.flush()
    time.sleep(pause)
    program.stdin.write(stdin)
    program.stdin.close()
    shown = b""
    while True:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    program.wait(60)
    return shown.decode().replace("\r\n", "\n")


BAD = b'{"id": "q", "calcium": 2.4}\n'


def test_a_long_run_shows_a_bar_in_a_terminal_and_takes_it_away(tmp_path: Path) -> None:
    shown = in_terminal("-", stdin=LINE * 3 + BAD, pause=2.5, cwd=tmp_path)
    assert "8 patients" in shown
    assert "\x1b[?25h" in shown  # the cursor is given back
    assert shown.count("(likely-unit)") == 4  # told twice, listed twice
    assert "6 scored, 2 refused" in shown.splitlines()[-1]
    assert "Metastatic" in shown


@pytest.mark.parametrize("more", [("--format", "ndjson"), ("--format", "csv")])
def test_there_is_no_bar_among_answers(more: tuple[str, ...], tmp_path: Path) -> None:
    assert "\x1b" not in in_terminal("-", *more, stdin=LINE, pause=2.0, cwd=tmp_path)


def everything(terminal: int) -> str:
    """What a terminal was told, to the end: a read gives no more than four kilobytes of it."""
    told = b""
    with suppress(OSError):  # how the end is told on Linux
        while piece := os.read(terminal, 1 << 20):
            told += piece
    os.close(terminal)
    return told.decode()


@pytest.mark.parametrize("form", ["ndjson", "json", "csv"])
def test_a_bar_leaves_the_bytes_of_a_pipe_alone(form: str, tmp_path: Path) -> None:
    """Standard error is a terminal, standard output is not: ``calcrisk batch many --json | jq length``."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, "batch", "-", "--format", form],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(),
        cwd=tmp_path,
    ) as program:
        os.close(theirs)
        first = b""
        for pause in (1.5, 0):  # longer than a bar waits, from when the program is at work
            fed(program, 2)
            assert program.stdin
            program.stdin.write(BAD)
            program.stdin.flush()
            while b"likely-unit" not in first:
                first += os.read(ours, 1 << 20)
            time.sleep(pause)
        out, _ = program.communicate(timeout=60)
    told = (first.decode() + everything(ours)).replace("\r\n", "\n")
    assert program.returncode == 1
    assert out.decode() == run("batch", "-", "--format", form, cwd=tmp_path, stdin=(LINE * 2 + BAD) * 2).out
    assert "6 patients" in told
    assert told.count("(likely-unit)") == 2
    assert "\x1b[?25h" in told  # the cursor is given back
    assert told.splitlines()[-1].endswith("4 scored, 2 refused")
    assert "patients" not in told.splitlines()[-1]


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_the_table_keeps_the_width(width: int, tmp_path: Path) -> None:
    long = json.dumps({"id": "a-name-that-is-longer-than-a-column-can-be-" * 3, "calcium": 9.9, "phosphate": 6.8})
    shown = in_terminal("-", stdin=LINE + long.encode() + b"\n", pause=0, cwd=tmp_path, width=width)
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in shown.splitlines()]
    assert max(map(len, lines)) <= width
    assert "a-name-that" in "".join(lines)


def test_a_name_cannot_steer_a_terminal(tmp_path: Path) -> None:
    hostile = json.dumps({"id": "\x1b[2Jx", "calcium": 9.9})
    assert "\x1b[2J" not in run("batch", "-", cwd=tmp_path, stdin=hostile).out


# -------------------------------------------------------------------------------- memory


def peak(lines: int, cwd: Path) -> int:
    """The most memory, in kB, that the program took for so many lines."""
    code = f"""
import resource, subprocess, sys
program = subprocess.Popen([*{PROGRAM!r}, "batch", "-", "--format", "csv", "--jobs", "1"],
                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
for _ in range({lines} // 100):
    program.stdin.write({LINE!r} * 100)
program.stdin.close()
assert program.wait() == 0
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    ended: Any = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment(), cwd=cwd, check=True
    )
    return int(ended.stdout)


def test_memory_does_not_grow_with_the_number_of_lines(tmp_path: Path) -> None:
    assert peak(6_000, tmp_path) < peak(1_000, tmp_path) * 1.1


def test_a_line_without_end_is_refused_and_not_held(tmp_path: Path) -> None:
    endless = b'{"id": "' + b"x" * 30_000_000 + b'"}\n'
    ended = run("batch", "-", "--format", "ndjson", cwd=tmp_path, stdin=LINE + endless + LINE)
    statuses = [json.loads(line) for line in ended.out.splitlines()]
    assert [each["status"] for each in statuses] == ["scored", "refused", "scored"]
    assert [each["index"] for each in statuses] == [0, 1, 2]
    assert (statuses[1]["errors"][0]["code"], statuses[1]["errors"][0]["line"]) == ("too-large", 2)
