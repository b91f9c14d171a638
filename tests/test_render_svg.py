from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import screenshot
from renderings import load

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_as_agreed(theme: str, gold: Callable[[str, str], None]) -> None:
    drawn = screenshot.svg(load("hd-warfarin"), width=90, theme=theme, title="calcrisk assess hd.yaml", lines=60)
    gold(f"render/hd-warfarin-{theme}.svg", drawn)
    assert "Points&#160;to&#160;metastatic" in drawn
    assert len(set(re.findall(r"calcrisk-\w+-r\d+ \{ fill: (#\w+)", drawn))) > 2


def test_the_command_writes_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "assess.svg"
    source = Path(__file__).parent / "assessments" / "empty.json"
    monkeypatch.setattr("sys.argv", ["screenshot.py", str(source), str(out), "--theme", "light", "--width", "80"])
    screenshot.main()
    assert out.read_text(encoding="utf-8").startswith("<svg")
