from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from renderings import load

from calcrisk.assessment import Margin
from calcrisk.grounds import Input
from calcrisk.render import words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (6.8138, "6.814"),
        (9.9, "9.9"),
        (58.0, "58"),
        (410, "410"),
        (5604.3, "5604"),
        (123456.7, "123457"),
        (0.31, "0.31"),
        (0.042137, "0.04214"),
        (-0.09, "-0.09"),
        (0.0, "0"),
        (7e-15, "0"),
        (9.99996, "10"),
        (1e20, "100000000000000000000"),
    ],
)
def test_numbers_are_rounded_as_a_laboratory_prints_them(value: float, expected: str) -> None:
    assert words.number(value) == expected


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_rounding_keeps_four_digits(value: float) -> None:
    assert float(words.number(value)) == pytest.approx(value, rel=5.1e-4)
    assert "e" not in words.number(value)


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        pytest.param(67.419, 55, "67.4", id="far"),
        pytest.param(54.96, 55, "54.96", id="rounding would show the limit"),
        pytest.param(54.999, 55, "54.999", id="nearer"),
        pytest.param(54.9999999, 55, "55.0000", id="nearer than four decimals"),
        pytest.param(55.00000000000001, 55, "55.0", id="a tie is a tie"),
    ],
)
def test_rounding_never_hides_the_side_of_the_limit(value: float, limit: float, expected: str) -> None:
    assert words.beside_limit(value, limit, 1) == expected


@pytest.mark.parametrize(
    ("at", "lowest", "highest", "expected"),
    [
        ("high", "high", "high", "high"),
        ("high", "high", "very_high", "high to very high"),
        ("high", "moderate", "high", "high (moderate to high)"),
        ("high", "low", "very_high", "high (low to very high)"),
    ],
)
def test_a_range_is_said_in_words(at: str, lowest: str, highest: str, expected: str) -> None:
    assert words.spread(at, lowest, highest) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (12.419, "mg2/dL2", "12.4 mg²/dL² above its limit"),
        (-0.09, "g/L", "0.09 g/L below its limit"),
        (7.1e-15, "mg2/dL2", "exactly at its limit"),
        (1.5, None, "1.5 above its limit"),
    ],
)
def test_margins(value: float, unit: str | None, expected: str) -> None:
    assert words.margin(Margin(value=value, unit=unit)) == expected


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mL/min/1.73m2", "mL/min/1.73m²"),
        ("mL/s/1.73m2", "mL/s/1.73m²"),
        ("ukat/L", "µkat/L"),
        ("umol/L", "µmol/L"),
        ("ug/mL", "µg/mL"),
        ("mmol2/L2", "mmol²/L²"),
        ("mg/dL", "mg/dL"),
        ("uM", "uM"),
    ],
)
def test_a_unit_is_printed_the_same_alone_and_in_a_sentence(name: str, shown: str) -> None:
    assert words.unit(name) == shown
    assert words.pretty(f"It is 5 {name}.") == f"It is 5 {shown}."


def test_units_inside_a_sentence_are_printed_well_and_nothing_else_is() -> None:
    assert words.pretty("Ca×P of 5.4 mmol2/L2, or 67 mg2/dL2; mg2/dL2x stays, umol/L does not") == (
        "Ca×P of 5.4 mmol²/L², or 67 mg²/dL²; mg2/dL2x stays, µmol/L does not"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\ud800", r"\ud800"),
        ("\u200bhidden", r"\u200bhidden"),
        ("naïve µ 漢", "naïve µ 漢"),
        ("[red]plain[/red]", "[red]plain[/red]"),
    ],
)
def test_what_could_hide_or_steer_is_shown_as_its_escape(text: str, expected: str) -> None:
    assert words.clean(text) == expected


@given(st.text(), st.integers(min_value=1, max_value=30))
def test_breaking_a_long_word_loses_nothing_and_keeps_within_the_width(text: str, width: int) -> None:
    parts = words.broken(text, width)
    assert "".join(parts) == text
    assert all(len(part) <= width for part in parts)


def test_a_long_word_breaks_after_a_slash_or_hyphen() -> None:
    assert words.broken("https://example.org/a/long-path/here", 20) == ["https://example.org/", "a/long-path/here"]
    assert words.broken("abcdefghij", 4) == ["abcd", "efgh", "ij"]


@pytest.mark.parametrize(
    ("value", "unit", "written", "expected"),
    [
        (9.9, "mg/dL", "9.9", "9.9 mg/dL"),
        (0.4, "g/L", "0.40", "0.40 g/L"),
        (0.31, "g/L", "0.31 g/L", "0.31 g/L"),
        (6.81, "mg/dL", "2.2 mmol/L", None),
        (True, None, "yes", "yes"),
        (True, None, "warfarin", None),
        (1.0, None, "1", "1"),
        ("G5", None, "5D", None),
        ("G5", None, "G5", "G5"),
        (None, None, "unknown", "unknown"),
        (None, None, "n/a", None),
    ],
)
def test_what_was_written_is_repeated_only_where_it_says_more(
    value: float | str | None, unit: str | None, written: str, expected: str | None
) -> None:
    stated = Input(value=value, lowest=value, highest=value, unit=unit, as_written=written, origin="x", label="x")
    assert words.as_canonical(stated) == (expected is not None)
    assert expected is None or words.given(stated) == expected


def test_standing_says_what_is_open() -> None:
    assert words.standing(load("calciphylaxis")) == (
        "The class is settled as far as was asked; open questions could still move a tier."
        " Assumed absent, and would change it: skin necrosis explained."
    )
    assert words.standing(load("empty")).endswith("mixed, metastatic, dystrophic, vascular or none identified.")


def test_lists_and_counts() -> None:
    assert [words.listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [words.plural(count, "rule") for count in (0, 1, 2)] == ["0 rules", "1 rule", "2 rules"]
    assert words.plural(2, "class", "classes") == "2 classes"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("Short: and whole; so.", "Short: and whole; so."),
        ("a" * 60 + "; " + "b" * 60, "a" * 60 + " …"),
        ("a" * 20 + ": " + "b" * 80, "a" * 20 + ": " + "b" * 80),
    ],
)
def test_a_long_claim_ends_with_its_first_clause(claim: str, expected: str) -> None:
    assert words.clause(claim) == expected


def test_a_text_is_shortened_at_a_word() -> None:
    shortened = [words.shortened("one two three", width) for width in (13, 9, 3)]
    assert shortened == ["one two three", "one two …", "one …"]


def test_the_first_sentence_of_a_notice() -> None:
    assert words.first_sentence("It does not diagnose. More.") == words.first_sentence("It does not diagnose.")
