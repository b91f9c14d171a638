"""The tools of ``make test`` that decide something: what a wheel lacks, which environment is still of use."""

from __future__ import annotations

import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from check_wheel import NEEDED, ROOT, RULEBOOK, complain_of_contents
from other_pythons import Python, is_made_by

if TYPE_CHECKING:
    from pathlib import Path

YAML = sorted(path.relative_to(ROOT).as_posix() for path in RULEBOOK.rglob("*.yaml"))


def wheel(folder: Path, names: list[str]) -> Path:
    """An archive of empty files."""
    path = folder / "calcrisk-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return path


def test_a_whole_wheel_is_accepted(tmp_path: Path) -> None:
    assert len(YAML) > 10
    complain_of_contents(wheel(tmp_path, [*NEEDED, *YAML]))


@pytest.mark.parametrize("lost", YAML)
def test_a_wheel_that_lost_a_part_of_the_rulebook_is_found(lost: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=lost):
        complain_of_contents(wheel(tmp_path, [*NEEDED, *(name for name in YAML if name != lost)]))


def test_an_environment_of_another_python_is_made_anew(tmp_path: Path) -> None:
    here = Python(sys.version_info[:2], sys.executable)
    inside = tmp_path / "python"
    assert not is_made_by(here, inside)
    inside.symlink_to(sys.executable)
    assert is_made_by(here, inside)
    assert not is_made_by(Python((3, 1), sys.executable), inside)
