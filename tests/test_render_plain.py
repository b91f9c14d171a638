"""The renderers for files and pipes: brief, Markdown, JSON, and faults on standard error."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from renderings import NAMES, changed, document, flowing, load, printed
from samples import rulebook

from calcrisk import Patient, Rulebook, assess
from calcrisk.errors import Fault, InputError
from calcrisk.explaining import Explainer
from calcrisk.render import chosen, whatif_markdown
from calcrisk.render import entry as entries
from calcrisk.render.brief import brief
from calcrisk.render.faults import show
from calcrisk.render.json import to_json, to_line
from calcrisk.render.markdown import escaped, markdown
from calcrisk.whatif.scene import Asked, scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcrisk.assessment import Reference

HOSTILE = "a|b <script>alert(1)</script> [x](y) *b* _i_ `c` # h\n\n# head \x1b[31m"


@pytest.mark.parametrize("name", NAMES)
def test_json_gives_back_the_document_it_came_from(name: str) -> None:
    assert to_json(load(name)) == document(name)


@pytest.mark.parametrize(
    ("value", "written"), [(1e-5, "0.00001"), (1e-7, "1e-7"), (0.1 + 0.2, "0.30000000000000004"), (410.0, "410.0")]
)
def test_a_number_is_written_alike_in_a_document_and_in_a_line(value: float, written: str) -> None:
    assessment = assess(Patient(pth=value), Rulebook.default())
    assert f'"value": {written},' in to_json(assessment)
    assert f'"value":{written},' in to_line(assessment).decode()


@pytest.mark.parametrize("name", NAMES)
def test_brief_is_three_lines_as_agreed(name: str, gold: Callable[[str, str], None]) -> None:
    shown = brief(load(name))
    assert shown.count("\n") == len(shown.splitlines()) == 3
    gold(f"render/{name}-brief.txt", shown)


def test_brief_stays_three_lines_whatever_the_texts_hold() -> None:
    assessment = load("hd-warfarin")
    said = changed(assessment.conclusion, sentence=HOSTILE)
    shown = brief(changed(assessment, conclusion=said, notice=HOSTILE))
    assert len(shown.splitlines()) == 3
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_as_agreed(name: str, gold: Callable[[str, str], None]) -> None:
    gold(f"render/{name}.md", markdown(load(name)))
    gold(f"render/{name}-all.md", markdown(load(name), full=True))


def test_markdown_says_not_assessed() -> None:
    assert markdown(load("empty")).count("| not assessed | | |") == 3


def test_an_input_known_within_bounds_is_not_called_unknown() -> None:
    assessment = load("hd-warfarin")
    stated = assessment.inputs["phosphate"]
    for ends, said in (((10, None), "at least 10 mg/dL"), ((None, 6), "at most 6 mg/dL"), ((3, 6), "3 to 6 mg/dL")):
        part = changed(stated, value=None, lowest=ends[0], highest=ends[1], as_written="<so>")
        found = changed(assessment, inputs={"phosphate": part})
        assert f"<so> → {said}" in flowing(printed(found))
        assert f"\\<so\\> = {said}" in markdown(found)
        assert f"| \\<so\\> | {said} |" in markdown(found, full=True)


def test_markdown_escapes_what_it_is_given() -> None:
    assessment = load("hd-warfarin")
    said = changed(assessment.conclusion, sentence=HOSTILE, label=HOSTILE)
    finding = changed(assessment.findings[0], because=HOSTILE, rule="a`b|c", limits=(HOSTILE,))
    stated = changed(assessment.inputs["phosphate"], as_written=HOSTILE, origin=HOSTILE)
    source = changed(next(iter(assessment.references.values())), doi=None, url="javascript:x <y>")
    shown = markdown(
        changed(
            assessment,
            conclusion=said,
            findings=(finding,),
            inputs={"p": stated},
            references={"one": source},
            patient=changed(assessment.patient, id=HOSTILE),
        ),
        full=True,
    )
    assert "\x1b" not in shown
    assert not re.search(r"(?<!\\)<script", shown)
    assert "](y)" not in shown.replace("\\](y)", "")
    assert not re.search(r"^# head", shown, re.MULTILINE)
    rows = [line for line in shown.splitlines() if line.startswith("| ")]
    inputs = [line for line in rows if "script" in line]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in inputs] == [5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a list", r"\- a list"),
        ("12. a list", r"12\. a list"),
        ("--- ", r"\---"),
        ("===", r"\==="),
        ("9.9 mg/dL", "9.9 mg/dL"),
        ("--calcium", "--calcium"),
        ("2026-03-30", "2026-03-30"),
        ("a&lt;b", r"a\&lt;b"),
        ("# no heading", r"\# no heading"),
    ],
)
def test_only_what_markdown_would_read_is_escaped(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_json_keeps_letters_and_unknowns_and_can_be_one_line() -> None:
    line = to_line(load("empty")).decode()
    assert line.count("\n") == 1
    assert "Ca×P" in line
    assert json.loads(line)["ca_p_product"]["value"] is None


def test_brief_puts_alerts_first_and_never_calls_what_was_not_assessed_low() -> None:
    assert brief(load("calciphylaxis")).startswith("ALERT: Calciphylaxis. ")
    tiers = brief(load("empty")).splitlines()[1]
    assert tiers.startswith("Metastatic: not assessed; Dystrophic: not assessed; Vascular: not assessed. ")


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_markdown_names_every_finding_and_lists_what_it_cites_in_order(name: str, full: bool) -> None:
    assessment = load(name)
    shown = markdown(assessment, full=full)
    for finding in chosen.fired(assessment) if full else chosen.told(assessment):
        assert escaped(finding.because) in shown
        assert not full or f"Rule `{finding.rule}` in `{finding.file}`" in shown
    body, _, listed = shown.partition("## References")
    numbers = [int(found) for found in re.findall(r"^(\d+)\. ", listed, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    cited = {int(found) for mark in re.findall(r"(?<!\\)\[([\d, ]+)\]", body) for found in mark.split(",")}
    assert cited == set(numbers) or (full and cited <= set(numbers))


def test_markdown_of_a_sparse_assessment_leaves_its_sections_out() -> None:
    assessment = changed(load("hd-warfarin"), findings=(), missing=(), inputs={}, facts={}, warnings=())
    for full in (False, True):
        shown = markdown(assessment, full=full)
        assert "No rule holds on what is known." in shown
        assert "- Nothing that was asked is open." in shown
        assert not {"## Inputs as read", "## To consider", "## Warnings"} & set(shown.splitlines())


def test_markdown_says_what_is_a_design_choice() -> None:
    shown = markdown(load("hd-warfarin"))
    assert "Decided by metastatic-by-load, a design choice." in shown
    assert "(`fetuin-a-low-on-dialysis`, a design choice)" in shown


def test_faults_are_blocks_whose_first_line_a_program_can_read() -> None:
    faults = [
        Fault(
            code="out-of-range",
            message="calcium 2.4 mg/dL is below what blood can hold",
            file="hd.yaml",
            line=5,
            column=12,
            path="labs.calcium",
            expected="2 to 25 mg/dL",
            got="2.4",
            hint="did you mean 2.4 mmol/L?",
        ),
        Fault(code="unknown-name", message="unknown name 'calcum'"),
        Fault(
            code="bad", message="unknown name\n  a >= b\n       ^", file="r.yaml", row=3, hint="first\nsecond \x1b[1m"
        ),
    ]
    assert show(InputError(faults)) == (
        "hd.yaml:5:12: labs.calcium: calcium 2.4 mg/dL is below what blood can hold (out-of-range)\n"
        "    expected: 2 to 25 mg/dL\n"
        "    got: 2.4\n"
        "    hint: did you mean 2.4 mmol/L?\n"
        "unknown name 'calcum' (unknown-name)\n"
        "r.yaml: row 3: unknown name (bad)\n"
        "      a >= b\n"
        "           ^\n"
        "    hint: first\n"
        "    second \\x1b[1m\n"
    )


@pytest.mark.parametrize("module", ["brief", "markdown", "json", "faults"])
def test_a_plain_renderer_leaves_rich_alone(module: str) -> None:
    code = (
        f"import sys, calcrisk.render.{module}; print([name for name in sys.modules if name.split('.')[0] == 'rich'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_address_that_is_no_page_is_no_link_in_any_note() -> None:
    source = changed(next(iter(load("hd-warfarin").references.values())), doi=None, url="javascript:x <y>")
    fine = changed(source, url="https://example.org/a")
    for written in (of_scenario, of_entry):
        assert "javascript:x \\<y\\>" in written(source)
        assert "<javascript" not in written(source)
        assert "<https://example.org/a>" in written(fine)


def of_scenario(source: Reference) -> str:
    patient = Patient(age=50, calcium=9.5, phosphate=8.5, ckd_stage="G5", dialysis=True)
    shown = scenario(patient, None, rulebook(), Asked.read(rulebook(), "metastatic=low", (), None, (8, 5)))
    known = changed(shown.before, references=dict.fromkeys(shown.before.references, source))
    return whatif_markdown.markdown(shown._replace(before=known))


def of_entry(source: Reference) -> str:
    entry = Explainer(rulebook()).explain("ca_p_product")
    return entries.markdown(entry._replace(references=dict.fromkeys(entry.references, source)))
