"""``calcrisk batch`` as a user has it: what goes in comes out, in its place; the exit code says how it went."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from commands import run
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from rich.console import Console
from small_rulebook import FOLDER as SMALL

from calcrisk import Assessment, Refused, Rulebook, assess_many, read_outcome
from calcrisk.render import overview

GOOD = "id: {id}\nage: 60\nlabs: {{calcium: {calcium}, phosphate: 6.8}}\nkidney: {{ckd_stage: G5, dialysis: yes}}\n"
BAD = "id: {id}\nlabs: {{calcium: 2.4}}\n"
DONE, BAD_INPUT, WRONG_USAGE, REACHED, SURROUNDINGS = 0, 1, 2, 3, 4


def patient(folder: Path, name: str, text: str = GOOD, **stated: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format(**{"id": path.stem, "calcium": "9.9"} | stated), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four patients, one of them refused, in an order that is not the one they are written in."""
    found = tmp_path / "ward"
    patient(found, "b/y.yaml", calcium="8.1")
    patient(found, "a.yaml")
    patient(found, "c.yml", BAD)
    patient(found, "d.json", '{{"id": "{id}", "labs": {{"calcium": {calcium}}}}}')
    return found


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -------------------------------------------------------------------------------- what comes out


def test_every_patient_comes_out_in_its_place(folder: Path) -> None:
    ended = run("batch", "ward", "--format", "ndjson", cwd=folder.parent)
    found = documents(ended.out)
    assert [(each["patient"]["id"], each["status"]) for each in found] == [
        ("a", "scored"),
        ("y", "scored"),
        ("c", "refused"),
        ("d", "scored"),
    ]
    assert found[1]["source"] == str(Path("ward/b/y.yaml"))
    assert ended.code == BAD_INPUT
    assert ended.err.splitlines()[-1] == "3 scored, 1 refused"
    assert "ward/c.yml:2:17: labs.calcium: calcium 2.4 mg/dL" in ended.err.replace(os.sep, "/")


def test_a_refused_patient_has_the_envelope_and_every_error(folder: Path) -> None:
    lines = documents(run("batch", "ward", "--format", "ndjson", "--as-of", "2026-03-30", cwd=folder.parent).out)
    scored, refused = lines[0], lines[2]
    assert [*refused] == [*[*scored][:8], "errors"]
    assert refused["rulebook"] == scored["rulebook"]
    assert refused["as_of"] == scored["as_of"] == "2026-03-30"
    (error,) = refused["errors"]
    told = ["code", "message", "file", "line", "column", "row", "path", "expected", "got", "hint"]
    assert [*error] == [*told, "drawing"]
    assert error["drawing"] == "2 | labs: {calcium: 2.4}\n  |                 ^~~"
    assert (error["code"], error["line"], error["path"]) == ("likely-unit", 2, "labs.calcium")


def test_a_line_is_what_assess_writes(folder: Path) -> None:
    alone = json.loads(run("assess", "ward/a.yaml", "--json", cwd=folder.parent).out)
    assert documents(run("batch", "ward/a.yaml", "--format", "ndjson", cwd=folder.parent).out) == [alone]


def test_json_is_one_array_with_one_patient_a_line(folder: Path) -> None:
    whole = run("batch", "ward", "--json", cwd=folder.parent).out
    assert json.loads(whole) == documents(run("batch", "ward", "--format", "ndjson", cwd=folder.parent).out)
    assert len(whole.splitlines()) == 6


def test_csv_has_the_columns_of_the_contract(folder: Path) -> None:
    text = run("batch", "ward", "--format", "csv", cwd=folder.parent).out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.splitlines()[0].startswith(
        "source,index,id,status,classification,possible,settled,metastatic_tier,metastatic_lowest,metastatic_highest,"
        "dystrophic_tier,dystrophic_lowest,dystrophic_highest,vascular_tier,vascular_lowest,vascular_highest,"
        "ca_p_product,corrected_ca_p_product,at_or_above,mineral_load,mineral_load_lowest,mineral_load_highest,"
    )
    assert text.splitlines()[0].endswith(",met_rules,missing,errors,rulebook_sha256")
    answers = documents(run("batch", "ward", "--format", "ndjson", cwd=folder.parent).out)
    for row, answer in zip(rows, answers, strict=True):
        assert (row["id"], row["status"]) == (answer["patient"]["id"], answer["status"])
        if answer["status"] == "scored":
            assert row["possible"].split(";") == answer["possible_classifications"]
            assert row["metastatic_tier"] == (answer["risk"]["metastatic"]["tier"] or "")
            assert row["dystrophic_tier"] == ""  # not assessed is never low
            assert row["errors"] == ""
            assert [*filter(None, row["met_rules"].split(";"))] == [each["rule"] for each in answer["findings"]]
    assert float(rows[0]["ca_p_product"]) == answers[0]["ca_p_product"]["value"]
    assert rows[2]["classification"] == ""
    place = f"{Path('ward/c.yml')}:2:17"  # as standard error says it
    assert rows[2]["errors"].startswith(f"likely-unit {place}: labs.calcium: calcium 2.4 mg/dL")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x"])
def test_no_cell_starts_a_formula(start: str, tmp_path: Path) -> None:
    text = json.dumps({"id": start, "calcium": 9.9})
    ended = run("batch", "-", "--format", "csv", cwd=tmp_path, stdin=text)
    (row,) = csv.DictReader(io.StringIO(ended.out))
    assert row["id"] == f"'{start}"
    assert not row["ca_p_product"].startswith("'")


def test_lines_from_standard_input_nested_and_flat(tmp_path: Path) -> None:
    lines = [
        '{"id": "n", "labs": {"calcium": 9.9}}',
        "",
        '{"id": "f", "calcium": 9.9}',
        '{"id": "b", "calcium": 99}',
        "{",
    ]
    ended = run("batch", "-", "--format", "ndjson", cwd=tmp_path, stdin="\ufeff" + "\r\n".join(lines))
    found = documents(ended.out)
    assert [(each["patient"]["id"], each["index"], each["status"]) for each in found] == [
        ("n", 0, "scored"),
        ("f", 1, "scored"),
        ("b", 2, "refused"),
        (None, 3, "refused"),
    ]
    assert [each["errors"][0]["line"] for each in found[2:]] == [4, 5]
    assert {each["source"] for each in found} == {"<stdin>"}


def test_several_patients_in_one_file(tmp_path: Path) -> None:
    patient(tmp_path, "two.yaml", "id: one\n---\nid: two\nlabs: {{calcium: 9.9}}\n")
    found = documents(run("batch", "two.yaml", "--format", "ndjson", cwd=tmp_path).out)
    assert [(each["patient"]["id"], each["index"]) for each in found] == [("one", 0), ("two", 1)]


def test_the_table_lists_the_highest_risk_first_and_counts(folder: Path) -> None:
    printed = run("batch", "ward", cwd=folder.parent).out
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["a", "y", "d"]
    assert "ward/c.yml:2 (c)" in printed.replace(os.sep, "/")
    assert "it does not diagnose" in printed
    only = run("batch", "ward", "--top", "1", cwd=folder.parent).out
    assert "the 1 at the highest risk, of 3" in only


# -------------------------------------------------------------------------------- exit codes


HIGH = ("--fail-on", "metastatic=moderate")
ENDINGS = [
    (("ward/a.yaml",), DONE),
    (("ward",), BAD_INPUT),
    (("ward/a.yaml", *HIGH), REACHED),
    (("ward/d.json", *HIGH), DONE),
    (("ward/a.yaml", "--fail-on", "dystrophic=low"), DONE),  # not assessed never counts
    (("ward", *HIGH), BAD_INPUT),
    (("ward", "--strict"), BAD_INPUT),
    (("nowhere", "ward/a.yaml"), BAD_INPUT),
    (("ward/a.yaml", "-o", "missing/x.csv"), SURROUNDINGS),
]


@pytest.mark.parametrize(("arguments", "code"), ENDINGS, ids=[" ".join(row[0]) for row in ENDINGS])
def test_the_exit_code_says_how_it_went(arguments: tuple[str, ...], code: int, folder: Path) -> None:
    ended = run("batch", *arguments, cwd=folder.parent)
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err


MISTAKES = [
    (("ward", "--fail-on", "metastatik=high"), ["'metastatik' is no question", "did you mean 'metastatic'?"]),
    (("ward", "--fail-on", "metastatic=hihg"), ["'hihg' is no tier", "did you mean 'high'"]),
    (("ward", "--fail-on", "metastatic"), ["'' is no tier", "low, moderate, high, very_high"]),
    (("ward", "--format", "xml"), ["unknown format 'xml'"]),
    (("ward", "--json", "-o", "a.csv"), ["two formats at once"]),
    (("ward", "-o", "a.md"), ["(unknown-suffix)", ".csv"]),
    (("ward", "--jobs", "0"), ["--jobs"]),
    (("ward", "--as-of", "30.03.2026"), ["(not-a-date)"]),
    ((), ["PATH"]),
]


@pytest.mark.parametrize(("arguments", "named"), MISTAKES, ids=[" ".join(row[0]) or "nothing" for row in MISTAKES])
def test_a_wrong_call_is_told_before_anything_is_read(
    arguments: tuple[str, ...], named: list[str], folder: Path
) -> None:
    ended = run("batch", *arguments, cwd=folder.parent)
    assert (ended.code, ended.out) == (WRONG_USAGE, "")
    assert [part for part in named if part not in ended.err] == []
    assert "likely-unit" not in ended.err


# -------------------------------------------------------------------------------- output files, strictness, oddities


@pytest.mark.parametrize(("name", "start"), [("a.csv", "source,"), ("a.json", "["), ("a.ndjson", "{"), ("a.txt", " ")])
def test_a_file_holds_what_would_be_printed(name: str, start: str, folder: Path) -> None:
    ended = run("batch", "ward", "-o", name, cwd=folder.parent)
    assert (ended.code, ended.out) == (BAD_INPUT, "")
    text = (folder.parent / name).read_text("utf-8")
    assert text.startswith(start)
    form = {"txt": "table"}.get(name[2:], name[2:])
    assert text == run("batch", "ward", "--format", form, cwd=folder.parent).out


def test_an_answer_that_lies_among_the_patients_is_not_read(folder: Path) -> None:
    first, second = (run("batch", "ward", "-o", "ward/answers.json", cwd=folder.parent) for _ in range(2))
    assert second == first


def test_strict_ends_what_it_wrote_to_standard_output(folder: Path) -> None:
    """What was read up to the refused one is a whole document, and a whole table."""
    ended = run("batch", "ward", "--strict", "--json", cwd=folder.parent)
    *before, last = json.loads(ended.out)
    assert (ended.code, last["status"]) == (BAD_INPUT, "refused")
    assert {answer["status"] for answer in before} <= {"scored"}
    assert "Refused" in run("batch", "ward", "--strict", cwd=folder.parent).out


def test_strict_stops_at_the_first_and_leaves_the_old_file(folder: Path) -> None:
    (folder.parent / "a.ndjson").write_text("old", "utf-8")
    ended = run("batch", "ward", "--strict", "-o", "a.ndjson", cwd=folder.parent)
    assert ended.code == BAD_INPUT
    assert ended.err.splitlines()[-1] == "2 scored, 1 refused"
    assert (folder.parent / "a.ndjson").read_text("utf-8") == "old"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["a.ndjson", "ward"]


def test_neither_bytes_nor_words_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    for number in range(150):
        patient(tmp_path, f"many/{number:03}.yaml", BAD if number % 40 == 7 else GOOD, calcium=f"{8 + number % 3}.2")
    for form in ("ndjson", "csv", "json", "table"):
        one = run("batch", "many", "--format", form, "--jobs", "1", cwd=tmp_path)
        for jobs in ("2", "3"):
            assert run("batch", "many", "--format", form, "--jobs", jobs, cwd=tmp_path) == one
        assert one.err.splitlines()[-1] == "146 scored, 4 refused"
    strict = {run("batch", "many", "--strict", "--format", "csv", "--jobs", each, cwd=tmp_path) for each in "123"}
    (same,) = strict
    assert len(same.out.splitlines()) == 1 + 8


def test_what_lies_beside_the_patients_is_named_once(folder: Path) -> None:
    for name in (
        "x.csv",
        "y.parquet",
        "notes",
        ".hidden.yaml",
        ".git/p.yaml",
        *(f"z{number}.txt" for number in range(7)),
    ):
        patient(folder, name)
    ended = run("batch", "ward", "ward/a.yaml", "--format", "ndjson", cwd=folder.parent)
    assert len(documents(ended.out)) == 4
    assert ended.err.replace(os.sep, "/").splitlines()[-5:] == [
        "tables, to be named in a call of their own, passed over: ward/x.csv, ward/y.parquet",
        "hidden, passed over: ward/.git, ward/.hidden.yaml",
        "no patient documents, passed over: ward/notes, ward/z0.txt, ward/z1.txt, ward/z2.txt, ward/z3.txt and 3 more",
        "reached twice, and read once: ward/a.yaml",
        "3 scored, 1 refused",
    ]


# -------------------------------------------------------------------------------- names in the table


def test_patients_of_one_id_are_told_apart(tmp_path: Path) -> None:
    for name in ("x/p.yaml", "y/p.yaml", "q.yaml"):
        patient(tmp_path / "w", name)
    printed = run("batch", "w", cwd=tmp_path, COLUMNS="120").out.replace(os.sep, "/")
    assert "p (w/x/p.yaml)" in printed
    assert "p (w/y/p.yaml)" in printed
    assert "q (" not in printed
    assert "\n1 id stands more than once\n" in printed


def test_no_word_of_ids_that_stand_once(folder: Path) -> None:
    assert "more than once" not in run("batch", "ward", cwd=folder.parent).out


def test_ids_beyond_those_remembered_are_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "_IDS", 2)
    page = overview.Overview(overview.Scale([], []), [], [], 0)
    page.add(overview.RefusedLine(name, "x", "y", 1) for name in ("a", "b", "a", "c", None, None))
    text = io.StringIO()
    page.print_to(Console(file=text, width=80))
    assert "at least 1 id stands more than once" in text.getvalue()


@pytest.mark.parametrize("source", ["lines.ndjson", "-"])
def test_a_patient_without_an_id_is_named_by_its_line(source: str, tmp_path: Path) -> None:
    lines = '{"calcium": 9.9}\n\n{"calcium": 9.9, "phosphate": 6.8}\n{"calcium": 2.4}\n'
    (tmp_path / "lines.ndjson").write_text(lines, "utf-8")
    printed = run("batch", source, cwd=tmp_path, stdin=lines, COLUMNS="120").out
    name = "<stdin>" if source == "-" else source
    assert [part for part in (f"{name}:1 ", f"{name}:3 ", f"{name}:4 ") if part not in printed] == []


def test_an_empty_folder_or_stream_is_told_and_no_success(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, code in (("empty", "no-patients"), ("-", "empty"), ("nowhere", "cannot-read")):
        ended = run("batch", path, "--format", "ndjson", cwd=tmp_path)
        assert ended.code == BAD_INPUT
        assert [each["code"] for each in documents(ended.out)[0]["errors"]] == [code]


def test_no_patient_is_quoted_beyond_the_field_at_fault(tmp_path: Path) -> None:
    patient(tmp_path, "p.yaml", "id: Jane Doe\nage: 61\nlabs: {{calcium: 2.4, phosphate: 6.123}}\n")
    err = run("batch", "p.yaml", "--format", "csv", cwd=tmp_path).err
    assert "Jane" not in err
    assert "6.123" not in err


def test_another_rulebook_without_an_input_refuses_the_patient_only(folder: Path) -> None:
    patient(folder.parent, "small.yaml", "labs: {{calcium: 9.9, phosphate: 6.8}}\n")
    ended = run("batch", "ward/a.yaml", "small.yaml", "--rulebook", str(SMALL), "--format", "ndjson", cwd=folder.parent)
    refused, scored = documents(ended.out)
    assert {each["code"] for each in refused["errors"]} == {"not-in-rulebook"}
    assert (ended.code, scored["rulebook"]["id"]) == (BAD_INPUT, "small")


# -------------------------------------------------------------------------------- read back


@pytest.fixture
def schema(tmp_path: Path) -> Draft202012Validator:
    """The schema that the program prints."""
    found = json.loads(run("schema", "assessment", cwd=tmp_path).out)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def test_the_schema_takes_every_document_and_no_mixture(folder: Path, schema: Draft202012Validator) -> None:
    found = json.loads(run("batch", "ward", "--json", cwd=folder.parent).out)
    assert [schema.is_valid(each) for each in found] == [True] * 4
    scored, refused = found[0], found[2]
    error = refused["errors"][0]
    for wrong in (
        {**scored, "status": "refused"},
        {**refused, "status": "scored"},
        {**refused, "status": "pending"},
        {key: value for key, value in refused.items() if key != "index"},
        {**refused, "errors": [{key: value for key, value in error.items() if key != "hint"}]},
        {**refused, "errors": [{**error, "line": 2.5}]},
    ):
        assert not schema.is_valid(wrong)


def test_every_line_reads_back_as_what_python_gives(folder: Path) -> None:
    ended = run("batch", str(folder), "--format", "ndjson", cwd=folder.parent)
    back = [read_outcome(line) for line in ended.out.splitlines()]
    assert back == list(assess_many(folder, rulebook=Rulebook.default()))
    assert [type(each) for each in back] == [Assessment, Assessment, Refused, Assessment]


def test_only_an_assessment_is_read_as_one(folder: Path) -> None:
    lines = run("batch", "ward", "--format", "ndjson", cwd=folder.parent).out.splitlines()
    assert Assessment.from_json(lines[0]) == read_outcome(lines[0])
    with pytest.raises(ValidationError, match="status"):
        Assessment.from_json(lines[2])
    with pytest.raises(ValidationError):
        read_outcome('{"status": "pending"}')
