"""What pictures (SVG) share: their letters, and a text among them."""

from __future__ import annotations

from html import escape
from typing import Final

from calcrisk.render import words

FONT: Final = 'font-family="sans-serif" font-size="13"'


def text(x: float, y: float, said: str, anchor: str = "start", more: str = "") -> str:
    """Write a text at a place, ``more`` its further attributes; nothing in it is read as markup."""
    shown = escape(words.clean(said))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{shown}</text>'
