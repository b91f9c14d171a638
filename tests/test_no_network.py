"""Every command works without a network, never reaches for one, and writes nothing but what it was asked for."""

from __future__ import annotations

import socket
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from commands import environment, run
from fenced import CALLS, every_command, fenced, lay_out, program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

EACH = [pytest.param(command, call, id=" ".join([command, *call])) for command in CALLS for call in CALLS[command]]
SETTINGS = [["--help"], ["--version"], []]
# a network of its own, with nobody in it; where a system does not give one to everybody, the fence alone is the proof
NOWHERE = ("unshare", "--map-root-user", "--net")
LINES = b'{"id": "e", "calcium": 9.9}\n'


@cache
def can_be_cut_off() -> bool:
    """Whether a program can be run in a network of its own, in which there is nobody."""
    try:
        return subprocess.run([*NOWHERE, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def test_every_command_of_the_program_is_called_here() -> None:
    assert set(every_command()) == set(CALLS)


@pytest.mark.parametrize(("command", "call"), [*EACH, *(pytest.param("", each, id=str(each)) for each in SETTINGS)])
def test_no_command_reaches_for_a_network_or_writes_a_file(command: str, call: list[str], tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "ward")
    usual = run(*command.split(), *call, cwd=folder, stdin=LINES)
    ended = fenced(program(command, call), folder, stdin=LINES, before=NOWHERE if can_be_cut_off() else ())
    assert (ended.forbidden, ended.written) == ([], [])
    assert (ended.code, ended.out.decode(), ended.err) == usual


# ------------------------------------------------------------------------------------------- the fence can be felt

REACHING = {
    "a socket": "import socket; socket.socket()",
    "a name": "import socket; socket.getaddrinfo('localhost', 80)",
    "a page": "import urllib.request; urllib.request.urlopen('http://localhost/')",
    "the C module": "import _socket; _socket.socket()",
    "a program": "import subprocess; subprocess.run(['true'])",
    "a shell": "import os; os.system('true')",
    "a child": "import os, socket\nif os.fork(): os.wait()\nelse: socket.socket()",
    "silently": "import socket, contextlib\nwith contextlib.suppress(OSError): socket.socket()",
}


@pytest.mark.skipif(sys.platform == "win32", reason="forks and shells of POSIX")
@pytest.mark.parametrize("code", REACHING.values(), ids=list(REACHING))
def test_whatever_reaches_out_is_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    assert fenced([sys.executable, "-c", code], tmp_path / "ward").forbidden


def test_a_command_that_reaches_out_is_found(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "ward")
    code = "import socket, sys; sys.argv = ['calcrisk', 'template']\nimport calcrisk.inputs.template as module\n"
    code += "module.template = lambda: socket.create_connection(('localhost', 80))\n"
    code += "from calcrisk.cli import main; main()"
    ended = fenced([sys.executable, "-c", code], folder)
    assert ended.forbidden
    assert ended.code != 0


@pytest.mark.parametrize("code", ["open('x', 'w')", "import os; os.mkdir('x')", "import os; os.open('x', os.O_CREAT)"])
def test_whatever_writes_is_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    assert fenced([sys.executable, "-c", code], tmp_path / "ward").written == ["x"]


def test_who_is_cut_off_reaches_nobody(tmp_path: Path) -> None:
    if not can_be_cut_off():
        pytest.skip("this system lets nobody have a network of his own")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=5)"
        assert subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path).returncode == 0
        alone = subprocess.run([*NOWHERE, sys.executable, "-c", code], check=False, cwd=tmp_path, capture_output=True)
    assert alone.returncode == 1


# ------------------------------------------------------------------------------------------- plugins of pydantic

PLUGIN = """
from pathlib import Path

class Watching:
    def new_schema_validator(self, *given, **more):
        Path(__file__).with_name("seen").touch()
        return None, None, None

plugin = Watching()
"""


def watching(folder: Path) -> Path:
    """Install a plugin that pydantic shows every validator, as logfire's does, and return the mark it leaves."""
    facts = folder / "watching-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: watching\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[pydantic]\nwatching = watching:plugin\n")
    (folder / "watching.py").write_text(PLUGIN)
    return folder / "seen"


@pytest.mark.parametrize(("code", "seen"), [("pydantic.TypeAdapter(int)", True), ("", False)], ids=["plain", "ours"])
def test_no_plugin_of_pydantic_sees_a_patient(code: str, seen: bool, tmp_path: Path) -> None:
    mark, file = watching(tmp_path), tmp_path / "a.yaml"
    file.write_bytes(b"calcium: 9.9\n")
    ours = (
        f"import sys; sys.argv = ['calcrisk', 'assess', {str(file)!r}, '--json']\nfrom calcrisk.cli import main; main()"
    )
    surroundings = {**environment(), "PYTHONPATH": str(tmp_path)}
    words = [sys.executable, "-c", f"import pydantic; {code}" if code else ours]
    ended = subprocess.run(words, check=False, capture_output=True, env=surroundings)
    assert (ended.returncode, mark.exists()) == (0, seen)
