from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from renderings import NAMES, changed, flowing, load, printed
from rich.cells import cell_len
from rich.console import Console

from calcrisk.render import chosen, citations, words
from calcrisk.render.markdown import markdown
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


@pytest.mark.parametrize("name", NAMES)
def test_everything_known_is_as_agreed(name: str, gold: Callable[[str, str], None]) -> None:
    gold(f"render/{name}-80-all.txt", printed(load(name), full=True))


def test_the_explanation_in_ascii_is_as_agreed(gold: Callable[[str, str], None]) -> None:
    gold("render/hd-warfarin-80-ascii.txt", printed(load("hd-warfarin"), encoding="ascii"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_console_or_ends_in_a_space(name: str, width: int) -> None:
    lines = printed(load(name), width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_tier_nobody_asked_about_is_never_called_low(width: int) -> None:
    shown = printed(load("empty"), width)
    tiers = shown[shown.index("Risk tiers") : shown.index("Ca×P product against")]
    assert tiers.count("not assessed") == 3
    assert "low" not in tiers.split("For professionals")[0]
    assert "■" not in tiers


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("name", NAMES)
def test_every_encoding_can_print_it(name: str, encoding: str) -> None:
    shown = printed(load(name), encoding=encoding)
    assert "�" not in shown
    assert shown.isascii() == (encoding == "ascii")
    assert max(map(cell_len, shown.splitlines())) <= 80


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
        because=HOSTILE,
        rule=HOSTILE,
        title=HOSTILE,
        limits=(HOSTILE,),
        mechanism=HOSTILE,
    )
    alert = changed(load("calciphylaxis").alerts[0], title=HOSTILE, because=(HOSTILE,))
    missing = changed(load("empty").missing[0], label=HOSTILE, question=HOSTILE, could_change=(HOSTILE,))
    stated = changed(assessment.inputs["phosphate"], as_written=HOSTILE, label=HOSTILE, origin=HOSTILE)
    said = changed(assessment.conclusion, sentence=HOSTILE, label=HOSTILE, row=HOSTILE)
    source = changed(next(iter(assessment.references.values())), citation=HOSTILE, doi=None, url=HOSTILE)
    risk = changed(assessment.risk, dystrophic=changed(assessment.risk.dystrophic, label=HOSTILE))
    warning = changed(assessment.warnings[0], code=HOSTILE, message=HOSTILE)
    product = changed(assessment.ca_p_product, notes=(HOSTILE,), unit=HOSTILE, si_unit=HOSTILE)
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
        patient=changed(assessment.patient, id=HOSTILE),
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
    wide = changed(assessment.conclusion, headline="異所性石灰化 " * 20)
    lines = printed(changed(assessment, conclusion=wide), 60).splitlines()
    assert max(map(cell_len, lines)) <= 60
    assert "".join(lines).count("異所性石灰化") == 20


def test_an_explanation_adapts_to_the_console_it_is_printed_on() -> None:
    shown = explain(load("hd-warfarin"))
    for width in (60, 90):
        console = Console(width=width, _environ={})
        with console.capture() as captured:
            console.print(shown)
        assert captured.get() == printed(load("hd-warfarin"), width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_is_there_at_every_width_when_everything_is_asked_for(name: str, width: int) -> None:
    shown, assessment = flowing(printed(load(name), width, full=True)), load(name)
    met = [finding for finding in assessment.findings if finding.status == "met"]
    sentences = [f"{assessment.conclusion.headline}.", *assessment.ca_p_product.notes]
    sentences += [
        clause.say[1:] for clause in assessment.conclusion.clauses
    ]  # the first letter of the first is a capital
    sentences += [sentence for finding in met for sentence in (finding.because, *finding.limits)]
    sentences += [reason for part in (*assessment.alerts, *assessment.consider) for reason in part.because]
    sentences += [part.question for part in assessment.missing if part.decisive]
    sentences += [warning.message for warning in assessment.warnings]
    unbroken = shown.replace("- ", "-").replace("/ ", "/")
    for sentence in sentences:
        assert words.pretty(sentence).replace("- ", "-").replace("/ ", "/") in unbroken


@pytest.mark.parametrize("name", NAMES)
def test_everything_names_every_source_and_the_file_of_every_rule(name: str) -> None:
    assessment = load(name)
    shown = printed(assessment, 120, full=True)
    listed = shown[shown.index("References ") :].replace("\n", "").replace(" ", "")
    for reference in assessment.references.values():
        assert citations.link(reference).replace(" ", "") in listed
    for finding in (part for part in assessment.findings if part.status == "met"):
        assert f"Rule {finding.rule} in {finding.file}" in flowing(shown)
        assert words.basis(finding) in flowing(shown)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_number_that_is_cited_is_listed_once_and_in_order(name: str, full: bool) -> None:
    shown = printed(load(name), 120, full=full)
    body, _, listed = shown.partition("\nReferences ")
    numbers = [int(found) for found in re.findall(r"^ *\[(\d+)\]", listed, re.MULTILINE)]
    cited = {int(number) for found in re.findall(r"\[(\d+(?:, \d+)*)\]", body) for number in found.split(",")}
    assert numbers == list(range(1, len(numbers) + 1))
    assert cited == set(numbers) or (full and cited <= set(numbers))


@pytest.mark.parametrize("name", NAMES)
def test_a_short_page_is_much_shorter_and_names_every_rule_that_holds(name: str) -> None:
    assessment = load(name)
    short, full = printed(assessment), printed(assessment, full=True)
    assert len(short.splitlines()) < len(full.splitlines()) * 0.8
    for finding in chosen.told(assessment):
        assert words.pretty(finding.because) in flowing(short)
        assert finding.rule in short


def test_what_argues_against_it_is_said_once_and_the_product_is_never_left_uncontested() -> None:
    assessment = load("hd-warfarin")
    shown = flowing(printed(assessment))
    for cited in assessment.ca_p_product.against[:2]:
        assert shown.count(str(assessment.references[cited.id].objection)) == 1
    assert "KDIGO does not use the product" in shown
    assert "more with --all" in shown


def test_objections_to_the_product_wait_until_it_reaches_the_limit() -> None:
    assessment = load("hd-warfarin")
    below = changed(assessment.ca_p_product, at_or_above=False, corrected_at_or_above=False)
    conclusion = changed(assessment.conclusion, against=())
    shown = printed(changed(assessment, ca_p_product=below, conclusion=conclusion, findings=()))
    assert "Argued against by" not in shown
    assert "What argues against it" not in shown


def test_everything_quotes_an_objection_once_and_then_numbers_it() -> None:
    assessment = load("hd-warfarin")
    finding = next(part for part in assessment.findings if part.against)
    again = changed(finding, rule="another")
    shown = flowing(printed(changed(assessment, findings=(finding, again)), full=True))
    claim = words.pretty(assessment.references[finding.against[0].id].claim)
    assert shown.count(f"Against: {claim}") == 1
    assert "(quoted above)" in shown


def test_alerts_stand_above_everything() -> None:
    assert printed(load("calciphylaxis")).startswith("┃ ALERT: Calciphylaxis")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_safety_notice_stands_with_the_tiers(width: int) -> None:
    for name in ("hd-warfarin", "calciphylaxis"):
        shown = flowing(printed(load(name), width))
        section = shown[shown.index("Risk tiers") : shown.index("Ca×P product against")]
        assert load(name).notice in section


def test_tiers_and_mechanisms_stand_beside_each_other_where_they_fit() -> None:
    assert re.search(
        r"^Risk tiers ─+ +Mechanisms: none < mild < marked < severe", printed(load("hd-warfarin")), re.MULTILINE
    )
    assert re.search(r"^Mechanisms: none < mild < marked < severe", printed(load("hd-warfarin"), 60), re.MULTILINE)


def test_ranges_are_said_in_words() -> None:
    shown = printed(load("healthy"))
    assert "Metastatic  ■□··  low to moderate" in shown
    assert "Dystrophic        not assessed" in shown
    assert "Tissue injury      □□·  none to marked" in shown


def test_both_products_stand_on_one_scale_in_both_units() -> None:
    shown = printed(load("products-disagree"))
    uncorrected, corrected, axis = shown[shown.index("  uncorrected") :].splitlines()[:3]
    assert uncorrected.endswith("53.4 mg²/dL²  4.30 mmol²/L²  below")
    assert corrected.endswith("59.6 mg²/dL²  4.80 mmol²/L²  at or above")
    assert axis.split() == ["0", "55", "110"]
    assert uncorrected.index("┼") == corrected.index("╋") == axis.index("55") + 1
    assert "Uncorrected and albumin-corrected disagree: uncorrected is below 55, corrected is at" in flowing(shown)


def test_a_product_that_cannot_be_computed_says_so_and_why() -> None:
    assessment = load("empty")
    assert "The product cannot be computed: serum calcium (total) and serum phosphate" in flowing(printed(assessment))
    assert "━" not in printed(assessment)
    given = changed(assessment.ca_p_product, waits_for=())
    shown = printed(changed(assessment, ca_p_product=given))
    assert "  The product cannot be computed from what is known.\n" in shown


def test_a_reported_product_is_called_that() -> None:
    assessment = load("hd-warfarin")
    given = changed(assessment.ca_p_product, given=True, corrected_lowest=None, corrected_highest=None)
    shown = printed(changed(assessment, ca_p_product=given))
    assert "  as reported  ━" in shown
    assert "  corrected    cannot be computed from what is known\n" in shown


def test_a_product_without_si_units_or_a_verdict_is_shown_as_far_as_known() -> None:
    assessment = load("hd-warfarin")
    no_si = dict.fromkeys(f"{which}si_{end}" for which in ("", "corrected_") for end in ("value", "lowest", "highest"))
    product = changed(assessment.ca_p_product, **no_si, at_or_above=None, evidence=(), against=())
    for width in (60, 100):
        shown = flowing(printed(changed(assessment, ca_p_product=product), width))
        assert re.search(r"67\.5 mg²/dL²,? cannot be told", shown)
        assert "Threshold from" not in shown


@pytest.mark.parametrize(
    ("highest", "reached", "verdict"), [(297, True, "at or above"), (297, None, "cannot be told"), (54, False, "below")]
)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_product_known_within_bounds_says_both_and_what_they_decide(
    width: int, highest: float, reached: bool | None, verdict: str
) -> None:
    assessment = load("hd-warfarin")
    lowest = 99 if reached else 20
    si = {"si_value": None, "si_lowest": lowest / 12.4, "si_highest": highest / 12.4}
    ends = {"value": None, "lowest": lowest, "highest": highest, "at_or_above": reached, **si}
    shown = printed(changed(assessment, ca_p_product=changed(assessment.ca_p_product, **ends)), width)
    assert re.search(
        rf"between {lowest}\.0 and {highest}\.0 mg²/dL²,? +between \d\.\d\d and [\d.]+ mmol²/L²,? +{verdict}",
        flowing(shown),
    )
    assert "cannot be computed" not in shown
    assert "□" in shown[shown.index("Ca×P product against") : shown.index("\nWhy")]


def test_what_is_open_is_said_first_and_together() -> None:
    closed = printed(load("hd-warfarin"))
    assert "Settled: no open question could change the class or a tier." in closed
    assert "  Nothing that was asked is open.\n" in closed
    shown = flowing(printed(load("empty")))
    asked = "serum phosphate (as phosphorus); CKD stage (KDIGO G); dialysis"
    assert f"What could change it: {asked}; and 6 more." in shown
    assert "? vitamin K antagonist; diabetes mellitus: could change the vascular tier" in shown
    assert shown.index("? mineral disorder, now or ever; serum calcium (total)") < shown.index(
        "Also open, not decisive: age"
    )
    assert re.search(r"\d+ rules cannot be decided yet\.", shown)


def test_a_decisive_question_without_a_named_effect_would_decide() -> None:
    assessment = load("empty")
    vague = changed(assessment.missing[0], could_change=())
    shown = flowing(printed(changed(assessment, missing=(vague,)), full=True))
    assert f"? {vague.label}: would decide. {vague.question}" in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_assumed_absent_takes_one_line(width: int) -> None:
    lines = printed(load("hd-warfarin"), width).splitlines()
    (said,) = [line for line in lines if "Assumed absent" in line]
    assert lines[lines.index(said) + 1] == "" or width < 60
    assert f"({len(load('hd-warfarin').assumed_absent)})" in " ".join(lines)


def test_everything_names_all_that_was_assumed_absent() -> None:
    shown = flowing(printed(load("hd-warfarin"), full=True))
    assert all(words.word(name) in shown for name in load("hd-warfarin").assumed_absent)


def test_rules_that_do_not_hold_come_only_with_everything() -> None:
    assessment = load("products-disagree")
    section = printed(assessment, full=True).split("Rules that do not hold")[1]
    assert "  not met  Ca×P product" in section
    assert "  open     " in section
    assert "Rules that do not hold" not in printed(assessment)


def test_inputs_are_shown_where_they_were_read_otherwise_and_all_with_everything() -> None:
    short, full = (flowing(printed(load("hd-warfarin"), 100, full=full)) for full in (False, True))
    for shown in (short, full):
        assert "2.2 mmol/L → 6.814 mg/dL" in shown
        assert "albumin-corrected calcium 10.62 mg/dL" in shown
    assert "vitamin K antagonist yes (implied by warfarin)" in short
    assert "serum albumin" not in short
    assert re.search(r"serum albumin 3\.1 g/dL sample_labs/hd-warfarin-58f\.yaml:\d+", full)


def test_a_fact_that_was_given_is_told_from_one_derived() -> None:
    assessment = load("hd-warfarin")
    given = changed(assessment.facts["corrected_calcium"], given=True)
    told = changed(assessment, facts=assessment.facts | {"corrected_calcium": given})
    assert "albumin-corrected calcium 10.62 mg/dL (as reported)" in flowing(printed(told, 100))
    assert "albumin-corrected calcium 10.62 mg/dL as reported" in flowing(printed(told, 100, full=True))


def test_an_encoding_keeps_what_it_can_show() -> None:
    assert "Ca×P is 67.5 mg²/dL²" in printed(load("hd-warfarin"), encoding="cp1252")
    assert "CaxP is 67.5 mg2/dL2" in printed(load("hd-warfarin"), encoding="ascii")


def test_a_level_a_reference_and_a_mechanism_unknown_here_are_still_shown() -> None:
    assessment = load("calciphylaxis")
    odd = changed(assessment.findings[0], level="tremendous", mechanism="moon_phase")
    shown = printed(changed(assessment, findings=(odd,), references={}))
    assert "  moon phase\n" in shown
    assert "    tremendous" in shown
    assert f"\n[1]  {assessment.alerts[0].evidence[0].id}" in shown


@pytest.mark.parametrize("full", [False, True])
def test_what_is_a_design_choice_says_so(full: bool) -> None:
    shown = flowing(printed(load("hd-warfarin"), full=full))
    assert "Decided by metastatic-by-load, a design choice" in shown
    assert ("Basis: design choice of this rulebook." if full else "fetuin-a-low-on-dialysis*") in shown
    assert full or "* design choice." in shown


def test_two_entries_of_one_source_share_a_number() -> None:
    assessment = load("hd-warfarin")
    first = next(iter(assessment.references.values()))
    numbers = citations.Numbers({"a": first, "b": changed(first, claim="another"), "c": changed(first, citation="C.")})
    assert [numbers.of(name) for name in ("a", "b", "c", "unlisted", "a")] == [1, 1, 2, 3, 1]
    assert numbers.cited() == {1: "a", 2: "c", 3: "unlisted"}


@pytest.mark.parametrize(
    ("citation", "expected"),
    [
        ("Gui X et al. A title. Chin Med J 12(3):45-50, 2014.", ("Gui X et al.", "Chin Med J, 2014.")),
        (
            "Hermans MMH et al. (NECOSAD). A title. Kidney Int 72(2):202-207, 2007.",
            ("Hermans MMH et al.", "Kidney Int, 2007."),
        ),
        ("A question? Front Physiol, 2019.", ("A question?", "Front Physiol, 2019.")),
        ("AVC and MAC and CVD events.", ("AVC and MAC and CVD events.", "")),
    ],
)
def test_a_short_citation_keeps_who_and_where(citation: str, expected: tuple[str, str]) -> None:
    assert citations.short(citation) == expected


def test_a_rule_that_a_stronger_one_covers_comes_only_with_everything() -> None:
    assessment = load("dermatomyositis")
    first, *others = chosen.fired(assessment)
    told = [first, *(changed(finding, covered_by=first.rule) for finding in others)]
    covered = changed(assessment, findings=tuple(told))
    assert f"rules hold, {len(others)} of them covered by stronger ones " in printed(covered)
    assert others[0].because not in flowing(printed(covered))
    assert others[0].because in flowing(printed(covered, full=True))


@pytest.mark.parametrize("full", [False, True])
def test_what_is_to_consider_and_what_was_declared_is_always_shown(full: bool) -> None:
    assessment = load("hd-warfarin")
    ours = changed(load("calciphylaxis").alerts[0], basis="design-choice", title="To think of")
    told = changed(assessment, consider=(ours,), assumptions={"tissue_damage": False})
    shown = flowing(printed(told, full=full))
    assert "• To think of" in shown
    assert "(design choice of this rulebook)" in shown
    assert "Assumed by declaration: tissue damage = no." in shown
    assert "**To think of**" in markdown(told, full=full)
    assert "Assumed by declaration: tissue damage = no." in markdown(told, full=full)
    quiet = changed(assessment, inputs={}, facts={}, references={})
    assert "Inputs as read" not in printed(quiet, full=full)


def test_inputs_are_stacked_on_a_narrow_page() -> None:
    assert "serum albumin: 3.1 g/dL (sample_labs/" in flowing(printed(load("hd-warfarin"), 60, full=True))
