from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from renderings import NAMES, flowing, load, printed
from rich.cells import cell_len
from rich.console import Console

from calcrisk.render import citations, words
from calcrisk.render.terminal import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcrisk.assessment import Assessment

WIDTHS = [40, 60, 80, 120]
HOSTILE = "[red]not[/red] \x1b[31mred\x1b[0m \u202eback\u202c a\r\nb\tc \\[link=x] " + "x" * 200


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", NAMES)
def test_the_explanation_is_as_agreed(name: str, width: int, gold: Callable[[str, str], None]) -> None:
    gold(f"render/{name}-{width}.txt", printed(load(name), width))


def test_the_explanation_in_ascii_is_as_agreed(gold: Callable[[str, str], None]) -> None:
    gold("render/hd-warfarin-80-ascii.txt", printed(load("hd-warfarin"), encoding="ascii"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_console_or_ends_in_a_space(name: str, width: int) -> None:
    lines = printed(load(name), width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_is_there_at_every_width(name: str, width: int) -> None:
    shown, assessment = flowing(printed(load(name), width)), load(name)
    sentences = [assessment.conclusion.sentence, *assessment.ca_p_product.notes]
    sentences += [finding.because for finding in assessment.findings if finding.status == "met"]
    sentences += [limit for finding in assessment.findings if finding.status == "met" for limit in finding.limits]
    sentences += [reason for part in (*assessment.alerts, *assessment.consider) for reason in part.because]
    sentences += [part.question for part in assessment.missing if part.decisive]
    sentences += [warning.message for warning in assessment.warnings]
    unbroken = shown.replace("- ", "-").replace("/ ", "/")
    for sentence in sentences:
        assert words.pretty(sentence).replace("- ", "-") in unbroken


@pytest.mark.parametrize("width", WIDTHS)
def test_the_safety_notice_stands_with_the_tiers(width: int) -> None:
    """Beneath them, or beside them where there is room."""
    assessment = load("hd-warfarin")
    shown = printed(assessment, width)
    section = iter(shown[shown.index("Risk tiers") : shown.index("Ca×P product against")].split())
    assert all(word in section for word in assessment.notice.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_has_one_number_and_its_address(name: str) -> None:
    assessment = load(name)
    shown = printed(assessment, 120)
    listed = shown[shown.index("References ") :]
    numbers = citations.numbered(assessment)
    assert sorted(numbers.values()) == list(range(1, len(assessment.references) + 1))
    assert [int(found) for found in re.findall(r"^  \[(\d+)\]", listed, re.MULTILINE)] == list(numbers.values())
    for reference in assessment.references.values():
        address = citations.link(reference)
        assert address in listed or address[:80] in listed.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_that_holds_says_where_it_is_written_and_on_what_it_rests(name: str) -> None:
    assessment = load(name)
    shown = flowing(printed(assessment, 100))
    for finding in (part for part in assessment.findings if part.status == "met"):
        assert f"Rule {finding.rule} in {finding.file}" in shown
        assert words.basis(finding) in shown
        for citation in (*finding.evidence, *finding.against):
            assert re.search(rf"\[[\d, ]*\b{citations.numbered(assessment)[citation.id]}\b[\d, ]*\]", shown)


def test_what_argues_against_a_rule_is_quoted_once_and_then_numbered() -> None:
    assessment = load("hd-warfarin")
    finding = next(part for part in assessment.findings if part.against)
    again = changed(finding, **{"rule": "another", "level": "mild"})
    shown = flowing(printed(changed(assessment, findings=(finding, again))))
    claim = assessment.references[finding.against[0].id].claim
    assert shown.count(f"Against: {claim}") == 1
    assert "Against: [2, 4] (quoted above)" in shown


def test_alerts_stand_above_everything() -> None:
    lines = printed(load("calciphylaxis")).splitlines()
    assert lines[0] == "┃ ALERT: Unexplained skin necrosis: exclude calciphylaxis now"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_tier_nobody_asked_about_is_never_called_low(width: int) -> None:
    shown = printed(load("empty"), width)
    tiers = shown[shown.index("Risk tiers") : shown.index("Ca×P product against")]
    assert tiers.count("not assessed") == 3
    assert "low" not in tiers.split("Decision")[0]
    assert "■" not in tiers


def test_ranges_are_said_in_words() -> None:
    shown = printed(load("hd-warfarin"))
    assert "Metastatic  ■■■□  high, could be very high" in shown
    assert "Dystrophic        not assessed" in shown
    assert "Tissue injury      □□□  none, could be severe" in shown
    assert "Not settled: could also be mixed." in shown


def test_both_products_stand_on_one_scale_in_both_units() -> None:
    shown = printed(load("products-disagree"))
    uncorrected, corrected, axis = shown[shown.index("  uncorrected") :].splitlines()[:3]
    assert uncorrected.endswith("53.8 mg²/dL²  4.34 mmol²/L²  below")
    assert corrected.endswith("59.6 mg²/dL²  4.80 mmol²/L²  at or above")
    assert axis.split() == ["0", "55", "110"]
    assert uncorrected.index("┼") == corrected.index("╋") == axis.index("55") + 1
    assert "Uncorrected and albumin-corrected disagree: uncorrected is below 55, corrected is at" in flowing(shown)


def test_a_product_that_cannot_be_computed_says_so_and_why() -> None:
    shown = printed(load("empty"))
    assert "  The product cannot be computed from what is known.\n  Calcium and phosphate are not known.\n" in shown
    assert "━" not in shown


def test_a_reported_product_is_called_that() -> None:
    assessment = load("hd-warfarin")
    given = changed(assessment.ca_p_product, **{"given": True, "corrected_value": None})
    shown = printed(changed(assessment, ca_p_product=given))
    assert "  as reported  ━" in shown
    assert "The albumin-corrected product cannot be computed from what is known." in shown


def test_without_an_open_question_it_says_settled() -> None:
    shown = printed(load("scleroderma-normal-chemistry"))
    assert "Settled: no open question could change the class or a tier." in shown


def test_what_was_assumed_absent_takes_one_line() -> None:
    for width in WIDTHS:
        lines = printed(load("hd-warfarin"), width).splitlines()
        (said,) = [line for line in lines if "Assumed absent, not reported (26)" in line]
        assert lines[lines.index(said) + 1] == ""


def test_decisive_questions_come_first_and_say_what_they_could_move() -> None:
    shown = flowing(printed(load("empty")))
    first = shown.index("? serum calcium (total): could change the class and the metastatic tier.")
    assert first < shown.index("Also open, could not move the class or a tier alone: age; diabetes.")
    assert "could change the class and the metastatic and vascular tiers." in shown
    assert "31 rules cannot be decided yet." in shown


def test_rules_that_do_not_hold_have_a_section_of_their_own() -> None:
    shown = printed(load("products-disagree"))
    section = shown[shown.index("Rules that do not hold") :]
    assert "not met  Ca×P product at or above the KDOQI target in CKD" in section
    assert "open     PTH above nine times its limit" in section
    assert "Rules that do not hold" not in printed(load("hd-warfarin"))


def test_inputs_are_shown_as_written_and_as_read() -> None:
    lines = flowing(printed(load("hd-warfarin"), 100))
    assert "2.2 mmol/L → 6.81 mg/dL hd.yaml:6" in lines
    assert "0.40 g/L hd.yaml:8" in lines
    assert "dialysis yes hd.yaml:9" in lines
    assert "warfarin: true → yes" in lines


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("name", NAMES)
def test_every_encoding_can_print_it(name: str, encoding: str) -> None:
    shown = printed(load(name), encoding=encoding)
    assert "�" not in shown
    assert shown.isascii() == (encoding == "ascii")
    assert max(map(cell_len, shown.splitlines())) <= 80


def test_an_encoding_keeps_what_it_can_show() -> None:
    assert "Ca×P is 67.4 mg²/dL², at or above 55" in printed(load("hd-warfarin"), encoding="cp1252")
    assert "CaxP is 67.4 mg2/dL2, at or above 55" in printed(load("hd-warfarin"), encoding="ascii")


def test_colour_adds_no_word_and_takes_none() -> None:
    plain, coloured = (printed(load("hd-warfarin"), colour=colour) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_only_the_terminals_own_palette_is_used() -> None:
    codes = {
        code
        for found in re.findall(r"\x1b\[([\d;]*)m", printed(load("hd-warfarin"), colour=True))
        for code in found.split(";")
    }
    assert codes <= {"0", "1", "2", "3", "31", "33"}  # reset, bold, dim, italic, red, yellow


def hostile() -> Assessment:
    """Every text of an assessment replaced by one that would steer a terminal, where the model allows it."""
    assessment = load("hd-warfarin")
    first = changed(
        assessment.findings[0],
        **{"because": HOSTILE, "rule": HOSTILE, "title": HOSTILE, "limits": (HOSTILE,), "mechanism": HOSTILE},
    )
    alert = changed(assessment.consider[0], **{"title": HOSTILE, "because": (HOSTILE,)})
    missing = changed(assessment.missing[0], **{"label": HOSTILE, "question": HOSTILE, "could_change": (HOSTILE,)})
    stated = changed(assessment.inputs["phosphate"], **{"as_written": HOSTILE, "label": HOSTILE, "origin": HOSTILE})
    said = changed(assessment.conclusion, **{"sentence": HOSTILE, "label": HOSTILE, "row": HOSTILE})
    source = changed(next(iter(assessment.references.values())), **{"citation": HOSTILE, "doi": None, "url": HOSTILE})
    risk = changed(assessment.risk, **{"dystrophic": changed(assessment.risk.dystrophic, **{"label": HOSTILE})})
    warning = changed(assessment.warnings[0], **{"code": HOSTILE, "message": HOSTILE})
    product = changed(assessment.ca_p_product, **{"notes": (HOSTILE,), "unit": HOSTILE, "si_unit": HOSTILE})
    return changed(
        assessment,
        alerts=(alert,),
        findings=(first, *assessment.findings[1:]),
        missing=(missing,),
        inputs={HOSTILE: stated},
        assumed_absent=(HOSTILE,),
        assumptions={HOSTILE: HOSTILE},
        conclusion=said,
        possible_classifications=(HOSTILE,),
        references=dict.fromkeys(assessment.references, source),
        risk=risk,
        warnings=(warning,),
        ca_p_product=product,
        patient=changed(assessment.patient, **{"id": HOSTILE}),
        source=HOSTILE,
        notice=HOSTILE,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_texts_are_shown_literally_and_cannot_steer_the_terminal(width: int, encoding: str) -> None:
    shown = printed(hostile(), width, encoding)
    assert not set(shown) & set("\x1b\r\t\u202e\u202c")
    assert r"\x1b[31mred\x1b[0m" in shown.replace("\n", "").replace(" ", "").replace("┃", "").replace("!", "")
    assert "[red]not[/red]" in shown
    assert max(map(cell_len, shown.splitlines())) <= width
    assert shown.replace("\n", "").count("x" * 5)


def test_wide_characters_are_measured_in_columns() -> None:
    assessment = load("hd-warfarin")
    wide = changed(assessment.conclusion, **{"sentence": "異所性石灰化 " * 20})
    lines = printed(changed(assessment, conclusion=wide), 60).splitlines()
    assert max(map(cell_len, lines)) <= 60
    assert "".join(lines).count("異所性石灰化") == 20


def test_a_level_a_reference_and_a_mechanism_unknown_here_are_still_shown() -> None:
    assessment = load("calciphylaxis")
    odd = changed(assessment.findings[0], **{"level": "tremendous", "mechanism": "moon_phase"})
    shown = printed(changed(assessment, findings=(odd,), references={}))
    assert "Moon phase" not in shown
    assert "  moon phase\n" in shown
    assert "    tremendous" in shown
    assert "  [1]  cua-nonuremic-profile" in shown


def test_what_is_a_design_choice_says_so() -> None:
    assessment = load("hd-warfarin")
    ours = changed(assessment.consider[0], **{"basis": "design-choice"})
    shown = flowing(printed(changed(assessment, consider=(ours,))))
    assert "(row metastatic-load, a design choice)" in shown
    assert "0.09 g/L below its limit. Basis: design choice of this rulebook." in shown
    assert "[13, 14] (design choice of this rulebook)" in shown


def test_a_source_that_is_not_listed_still_argues_by_its_number() -> None:
    assessment = load("products-disagree")
    assert "Against: [2]" in printed(changed(assessment, references={}))


def test_a_fact_that_was_given_is_told_from_one_derived() -> None:
    assessment = load("hd-warfarin")
    given = changed(assessment.facts["corrected_calcium"], **{"given": True})
    shown = flowing(printed(changed(assessment, facts=assessment.facts | {"corrected_calcium": given}), 100))
    assert "albumin-corrected calcium 10.62 mg/dL as reported" in shown
    assert "albumin-corrected Ca×P product 72.32 mg²/dL² derived" in shown
    assert "PTH as a multiple" not in shown  # not known: the question itself stands under what is not known


def test_with_nothing_open_it_says_so() -> None:
    closed = changed(load("scleroderma-normal-chemistry"), missing=(), undecided=(), assumed_absent=())
    section = printed(closed).split("What is not known ")[1].split("\n\n")[0]
    assert section.endswith("\n  Nothing that was asked is open.")


def test_a_decisive_question_without_a_named_effect_would_decide() -> None:
    assessment = load("hd-warfarin")
    vague = changed(assessment.missing[0], **{"could_change": ()})
    assert "? damaged tissue: would decide. Is or was" in flowing(printed(changed(assessment, missing=(vague,))))


def test_the_first_screen_names_the_questions_that_matter() -> None:
    first = printed(load("hd-warfarin")).split("Risk tiers")[0]
    assert "Not settled: could also be mixed. What could change it: damaged tissue; PTH." in flowing(first)


def test_a_product_without_si_units_or_a_verdict_is_shown_as_far_as_known() -> None:
    assessment = load("hd-warfarin")
    parts = {"si_value": None, "corrected_si_value": None, "at_or_above": None, "evidence": (), "against": ()}
    product = changed(assessment.ca_p_product, **parts)
    for width in (60, 100):
        shown = flowing(printed(changed(assessment, ca_p_product=product), width))
        assert re.search(r"67\.4 mg²/dL²,? cannot be told", shown)
        assert "Threshold from" not in shown


def test_an_explanation_adapts_to_the_console_it_is_printed_on() -> None:
    shown = explain(load("hd-warfarin"))
    for width in (60, 90):
        console = Console(width=width, _environ={})
        with console.capture() as captured:
            console.print(shown)
        assert captured.get() == printed(load("hd-warfarin"), width)
