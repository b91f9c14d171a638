"""Histories by window functions are those of one patient: ``calcrisk.history``, which has tests of its own."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import run
from random_patients import book

from calcrisk import Patient, assess
from calcrisk.cohort.engine import engine
from calcrisk.cohort.histories import PREFIX
from calcrisk.cohort.mapfile import read_map
from calcrisk.cohort.staging import staged
from calcrisk.cohort.tables import PLACE, SOURCE, opened
from calcrisk.errors import UsageError
from calcrisk.past import Look, recall
from calcrisk.render.rows import of_history
from calcrisk.stated import Range

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

_FIRST: Final = datetime(2026, 1, 1, 8, tzinfo=UTC)
_GAPS: Final = (0, 0.25, 1, 7, 20, 21, 28, 30, 31, 92, 93, 200)  # days; on and beside what the rulebook counts by
_CALCIUM: Final = (8.8, 9.9, 10.2, 10.3, 11, 8.5)
_PHOSPHATE: Final = (6.25, 5.0, 5.56, 7, 7.01, 4.2, 8)
_MAP: Final = """long:
  {patient: who, time: when, analyte: what, value: value, unit: unit, one_row: patient,
   analytes: {calcium: [ca], phosphate: [p], albumin: [alb], pth: [pth]}}
"""


def a_history(chance: Random) -> list[dict[str, Any]]:
    moment, panels = _FIRST, []
    for _ in range(chance.randrange(1, 12)):
        moment += timedelta(days=chance.choice(_GAPS))
        drawn: dict[str, Any] = {"calcium": chance.choice(_CALCIUM), "phosphate": chance.choice(_PHOSPHATE)}
        drawn |= {"albumin": 3.5} if chance.random() < 0.3 else {}
        drawn |= {"pth": chance.choice((50, 700))} if chance.random() < 0.2 else {}
        kept = {name: value for name, value in drawn.items() if chance.random() < 0.85}
        if kept:
            panels.append({"date": moment.strftime("%Y-%m-%d %H:%M"), **kept})
    return panels


def as_table(histories: list[list[dict[str, Any]]], folder: Path) -> None:
    """One row a result; the panels of one instant are one draw there, and of two results the first counts."""
    short, units = (
        {"calcium": "ca", "phosphate": "p", "albumin": "alb", "pth": "pth"},
        {"pth": "pg/mL", "albumin": "g/dL"},
    )
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["who", "when", "what", "value", "unit"])
    rows = [
        (f"p{who}", panel["date"], short[name], panel[name], units.get(name, "mg/dL"))
        for who, panels in enumerate(histories)
        for panel in panels
        for name in panel
        if name != "date"
    ]
    table.writerows(rows)
    (folder / "labs.csv").write_text(text.getvalue(), "utf-8")


def draws_of(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The panels of one instant as the one draw that a long table makes of them."""
    by_time: dict[str, dict[str, Any]] = defaultdict(dict)
    for panel in panels:
        by_time[panel["date"]] = {**panel, **by_time[panel["date"]]}
    return list(by_time.values())


def filled(patient: Patient, as_of: str | None) -> dict[str, Any]:
    """What panels say as inputs, as the columns of a table hold it."""
    inputs = {entry["input"] for entry in book().data["history"]}
    found: dict[str, Any] = {}
    for name, given in recall(patient, book(), as_of).given.items():
        if name in inputs:
            open_ = given.value is None or isinstance(given.value, Range)
            found[name] = "unknown" if open_ else "yes" if given.value is True else given.value
    return found


@pytest.mark.parametrize(
    ("age", "dialysis", "as_of"),
    [(60, None, None), (None, None, None), (60, True, None), (60, True, "2026-05-03"), (60, None, "2027-02-01")],
    ids=["the limit is known", "the age is open, and the limit with it", "on dialysis", "amid the draws", "late"],
)
def test_random_histories(age: int | None, dialysis: bool | None, as_of: str | None, tmp_path: Path) -> None:
    chance = Random(7)
    histories = [panels for _ in range(150) if (panels := a_history(chance))]
    as_table(histories, tmp_path)
    stated: dict[str, Any] = {"age": age, "dialysis": dialysis}
    constants = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in stated.items() if value)
    (tmp_path / "m.yaml").write_text(_MAP + (f"constants:\n{constants}" if constants else ""), "utf-8")
    labs = str(tmp_path / "labs.csv")
    with engine() as at_work:
        table, *_ = staged(opened(at_work, [labs]), read_map(str(tmp_path / "m.yaml")), book(), at_work.held, as_of)
        names = [entry["input"] for entry in book().data["history"]]
        shown = ", ".join(["calcium", *(f'"{PREFIX}{name}"' for name in names)])
        rows = {who: cells for who, *cells in at_work.rows(f"SELECT id, {shown} FROM {table.relation} AS t")}
    seen, left_out = set(), 0
    for who, panels in enumerate(histories):
        patient = Patient(**stated).with_panels(draws_of(panels))
        left_out += bool(dialysis and Look(patient, book(), as_of).maybe_after_dialysis)
        wanted = filled(patient, as_of)
        calcium, *cells = rows[f"p{who}"]
        present = recall(patient, book(), as_of).given.get("calcium")
        assert (None if calcium is None else float(calcium)) == (present and present.value), panels
        told = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        assert told.keys() == wanted.keys(), panels
        for name, value in wanted.items():
            same = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert (float(told[name]) if isinstance(value, float) else told[name]) == same, (name, panels)
            seen.add((name, value if isinstance(value, str) else "number"))
    assert {("product_sustained", "yes"), ("product_repeated", "yes"), ("product_time_above", "number")} <= seen
    assert (("product_sustained", "unknown") in seen) == (age is None)
    assert (left_out > 5) == bool(dialysis)  # draws after a session were among them


def test_a_day_is_refused_where_no_draw_has_a_date(tmp_path: Path) -> None:
    as_table([[{"date": "1", "calcium": 9}]], tmp_path)
    (tmp_path / "m.yaml").write_text(_MAP.replace("one_row", "time_unit: days, one_row"), "utf-8")
    read = read_map(str(tmp_path / "m.yaml"))
    with engine() as at_work:
        opened_table = opened(at_work, [str(tmp_path / "labs.csv")])
        with pytest.raises(UsageError, match="times counted in days have no date to set beside 2026-05-03"):
            staged(opened_table, read, book(), at_work.held, "2026-05-03")
        staged(opened_table, read, book(), at_work.held)  # the newest day of each patient needs no date


def test_an_odd_row_is_answered_as_of_the_same_day(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,calcium\na,>9\n", "utf-8")
    with engine() as at_work:
        *_, reader = staged(opened(at_work, [str(tmp_path / "t.csv")]), None, book(), as_of="2026-05-03")
    assert reader({SOURCE: "t.csv", PLACE: 0, "id": "a", "calcium": ">9"}).as_of == "2026-05-03"


def test_each_row_is_the_answer_to_that_patient(tmp_path: Path) -> None:
    chance = Random(11)
    histories = [panels for _ in range(25) if (panels := a_history(chance))]
    as_table(histories, tmp_path)
    (tmp_path / "m.yaml").write_text(_MAP + "constants: {age: 60, ckd_stage: G5}\n", "utf-8")
    ended = run("batch", "labs.csv", "--map", "m.yaml", "--format", "csv", cwd=tmp_path)
    found = {row["id"]: row for row in csv.DictReader(io.StringIO(ended.out))}
    assert len(found) == len(histories)
    for who, panels in enumerate(histories):
        answer = assess(Patient(age=60, ckd_stage="G5").with_panels(draws_of(panels)), book())
        row = found[f"p{who}"]
        assert (row["classification"], row["metastatic_tier"]) == (
            answer.classification,
            answer.risk.metastatic.tier or "",
        )
        assert set(filter(None, row["met_rules"].split(";"))) == {finding.rule for finding in answer.findings}


def test_the_columns_of_history_are_those_of_documents(tmp_path: Path) -> None:
    chance = Random(13)
    histories = [panels for _ in range(40) if (panels := a_history(chance))]
    as_table(histories, tmp_path)
    (tmp_path / "m.yaml").write_text(_MAP, "utf-8")
    lines = [{"id": f"p{who}", "history": {"panels": draws_of(panels)}} for who, panels in enumerate(histories)]
    (tmp_path / "patients.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    wanted, found = (
        {
            row["id"]: {name: row[name] for name in of_history(book().data)}
            for row in csv.DictReader(io.StringIO(run("batch", *call, "--format", "csv", cwd=tmp_path).out))
        }
        for call in (("patients.ndjson", "--history"), ("labs.csv", "--map", "m.yaml", "--history"))
    )
    assert wanted.keys() == found.keys() == {line["id"] for line in lines}
    seen = set()
    for who, row in wanted.items():
        for name, cell in row.items():
            seen.add((name, cell if cell in {"true", "false", ""} else "number"))
            if cell in {"true", "false", ""}:
                assert found[who][name] == cell, (who, name)
            else:
                assert float(found[who][name]) == pytest.approx(float(cell), rel=1e-9, abs=1e-9), (who, name)
    assert {("product_repeated", "true"), ("product_repeated", "false"), ("product_time_above", "number")} <= seen
    assert {
        ("product_sustained", ""),
        ("panels_at_or_above", ""),
    } <= seen  # the limit hangs on an age that is not known


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_patients_without_panels_have_empty_columns_of_history(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("id: one\nlabs: {calcium: 9.9, phosphate: 6.8}\n", "utf-8")
    (tmp_path / "t.csv").write_text("id,calcium,phosphate,product_mean\none,9.9,6.8,61\n", "utf-8")
    for source, mean in (("p.yaml", None), ("t.csv", 61.0)):
        assert run("batch", source, "--history", "-o", f"out.{suffix}", cwd=tmp_path).code == 0
        with engine() as at_work:
            shown = "product_mean, panels_usable, product_repeated"
            assert at_work.rows(f"SELECT {shown} FROM '{tmp_path}/out.{suffix}'") == [(mean, None, None)]


def test_the_table_for_reading_has_no_room_for_history(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("labs: {calcium: 9.9}\n", "utf-8")
    ended = run("batch", "p.yaml", "--history", "--format", "table", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "no room for what --history adds" in ended.err
    assert "--format csv, json or ndjson" in ended.err
