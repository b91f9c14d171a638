"""Every example of the README is run: commands for exit code and output, Python as a doctest."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"\s+# exit (\d)$")


def examples() -> list[tuple[str, int, str]]:
    """Each command with the exit code it should end with and the output that is shown (or nothing)."""
    found = []
    for block in CONSOLE.findall(README):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = example.partition("\n")
            ending = EXIT.search(command)
            found.append((EXIT.sub("", command), int(ending[1]) if ending else 0, shown))
    return found


def around() -> dict[str, str]:
    """The environment, without what measures coverage: no line is run here alone, and it doubles what a start costs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with the samples, where examples may write."""
    shutil.copytree(ROOT / "sample_labs", tmp_path / "sample_labs")
    return tmp_path


@pytest.mark.parametrize(("command", "ending", "shown"), examples(), ids=[command for command, _, _ in examples()])
def test_a_command_does_what_is_shown(command: str, ending: int, shown: str, workplace: Path) -> None:
    line = re.sub(r"\bcalcrisk ", f"{sys.executable} -m calcrisk ", command)
    ran = subprocess.run(  # noqa: S602  # the README's own commands
        line, shell=True, cwd=workplace, capture_output=True, text=True, encoding="utf-8", check=False, env=around()
    )
    assert ran.returncode == ending, ran.stderr
    if shown:
        assert ran.stdout + ran.stderr == shown
    else:
        assert ran.stdout or list(workplace.glob("*.*")), "a command that shows nothing must have written a file"
    assert "Traceback" not in ran.stderr


def test_the_readme_has_its_examples() -> None:
    assert len(examples()) > 12
    assert any(shown for _, _, shown in examples())


def test_python_does_what_is_shown(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    ran = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert ran.attempted > 8
    assert ran.failed == 0


def test_the_example_file_is_read(workplace: Path) -> None:
    text = next(
        block for block in re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if "labs:" in block
    )
    (workplace / "patient.yaml").write_text(text, encoding="utf-8")
    line = [sys.executable, "-m", "calcrisk", "assess", "patient.yaml", "--json"]
    ran = subprocess.run(line, cwd=workplace, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 6
    assert [link for link in links if not (ROOT / link).exists()] == []
