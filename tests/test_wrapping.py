"""A paragraph is wrapped alike by the quick way and the general one, and never wider than the page."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from calcrisk.render.layout import GLUE, _cut, _filled, _words, _wrapped, length

LETTERS = st.sampled_from(["a", "b", "é", "-", " ", " ", "  ", "×", "漢", "\u0301", "\u200d", "\ufe0f", "👩", GLUE])
TEXTS = st.lists(LETTERS, max_size=80).map("".join)


@given(text=TEXTS, width=st.integers(10, 60))
@example(text="漢漢漢 e\u0301\u0301\u0301 漢漢漢漢 e\u0301\u0301\u0301\u0301", width=10)
@example(text="plain words of one column each, more than one line of them", width=20)
@example(text=" two  blanks ", width=10)
@example(text="a" * 30, width=10)
def test_both_ways_wrap_alike(text: str, width: int) -> None:
    lines = list(_wrapped([(text, "bold")], width))
    # neighbours of one style are joined by the page, as one text is here
    assert ["".join(part for part, _ in line) for line in lines] == [
        "".join(part for part, _ in line) for line in _filled(_words([(text, "bold")], width), width)
    ]
    assert all(length(line) <= width for line in lines)


def test_plain_prose_goes_the_quick_way() -> None:
    assert _cut("a Ca×P of 60 mg²/dL²", 12) == ["a Ca×P of 60", "mg²/dL²"]
    assert _cut("漢 e\u0301", 12) is None
