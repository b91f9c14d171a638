from __future__ import annotations

import pytest

from calcrisk.render.gauge import axis, between, gauge, steps
from calcrisk.render.layout import ASCII, Glyphs
from calcrisk.render.words import LEVELS, TIERS


def drawn(value: float, *, reached: bool | None, width: int = 21, threshold: float = 55) -> str:
    return "".join(text for text, _ in gauge(value, threshold, width, Glyphs(), reached=reached))


@pytest.mark.parametrize(
    ("value", "reached", "expected"),
    [
        pytest.param(0, False, "──────────┼──────────", id="nothing"),
        pytest.param(27.5, False, "━━━━━─────┼──────────", id="half"),
        pytest.param(54.99, False, "━━━━━━━━━─┼──────────", id="just below leaves a gap before the tick"),
        pytest.param(55, True, "━━━━━━━━━━╋──────────", id="exactly at it touches"),
        pytest.param(54.99999999999999, True, "━━━━━━━━━━╋──────────", id="a tie in decimals touches"),
        pytest.param(82.5, True, "━━━━━━━━━━╋━━━━━─────", id="half above"),
        pytest.param(110, True, "━━━━━━━━━━╋━━━━━━━━━━", id="end of the scale"),
        pytest.param(300, True, "━━━━━━━━━━╋━━━━━━━━━▶", id="beyond the scale"),
        pytest.param(30, None, "━━━━━─────┼──────────", id="verdict unknown, below"),
        pytest.param(80, None, "━━━━━━━━━━╋━━━━━─────", id="verdict unknown, above"),
    ],
)
def test_the_verdict_decides_whether_the_bar_reaches_the_tick(
    value: float, reached: bool | None, expected: str
) -> None:
    assert drawn(value, reached=reached) == expected


@pytest.mark.parametrize(
    ("lowest", "highest", "reached", "expected"),
    [
        pytest.param(None, 180, True, "━━━━━━━━━━╋□□□□□□□□□▶", id="surely above, by an end that nobody measured"),
        pytest.param(27.5, 27.5, False, "━━━━━─────┼──────────", id="exact"),
        pytest.param(11, 27.5, False, "━━□□□─────┼──────────", id="all below"),
        pytest.param(11, 54.99, False, "━━□□□□□□□─┼──────────", id="never touches the tick"),
        pytest.param(27.5, 82.5, None, "━━━━━□□□□□┼□□□□□─────", id="on both sides: the tick is not reached"),
        pytest.param(55, 82.5, True, "━━━━━━━━━━╋□□□□□─────", id="all at or above"),
        pytest.param(99, 297, True, "━━━━━━━━━━╋━━━━━━━━□▶", id="on beyond the scale"),
        pytest.param(99, None, True, "━━━━━━━━━━╋━━━━━━━━□▶", id="no highest"),
        pytest.param(27.5, None, None, "━━━━━□□□□□┼□□□□□□□□□▶", id="no highest, on both sides"),
        pytest.param(297, None, True, "━━━━━━━━━━╋━━━━━━━━━▶", id="no highest, beyond the scale"),
        pytest.param(None, 27.5, False, "□□□□□─────┼──────────", id="no lowest"),
        pytest.param(297, 300, True, "━━━━━━━━━━╋━━━━━━━━━▶", id="all beyond the scale"),
    ],
)
def test_bounds_are_a_bar_and_a_hollow_bar(
    lowest: float | None, highest: float | None, reached: bool | None, expected: str
) -> None:
    line = between((lowest, highest), 55, 21, Glyphs(), reached=reached)
    assert "".join(text for text, _ in line) == expected


@pytest.mark.parametrize("width", [7, 19, 20, 41])
@pytest.mark.parametrize("value", [0.1, 54, 55, 56, 109, 1e6])
def test_a_gauge_is_as_wide_as_asked(width: int, value: float) -> None:
    assert len(drawn(value, reached=value >= 55, width=width)) == width


def test_the_axis_numbers_the_tick_and_the_end() -> None:
    assert axis(55, 21) == "0        55       110"
    assert axis(49.64, 21) == "0       49.64   99.28"


@pytest.mark.parametrize(
    ("at", "highest", "order", "expected"),
    [
        ("none", "none", LEVELS, "···"),
        ("none", "severe", LEVELS, "□□□"),
        ("mild", "marked", LEVELS, "■□·"),
        ("severe", "severe", LEVELS, "■■■"),
        ("low", "low", TIERS, "■···"),
        ("low", "very_high", TIERS, "■□□□"),
        ("high", "moderate", TIERS, "■■■·"),
        ("unheard", "of", TIERS, "····"),
    ],
)
def test_steps_show_what_is_reached_and_what_is_open(
    at: str, highest: str, order: tuple[str, ...], expected: str
) -> None:
    assert "".join(text for text, _ in steps(at, highest, order, Glyphs())) == expected


def test_ascii_signs_differ_from_each_other() -> None:
    assert len({ASCII.reached, ASCII.possible, ASCII.step}) == 3
    assert len({ASCII.bar, ASCII.track, ASCII.tick, ASCII.tick_reached, ASCII.beyond}) == 5
