"""An error shows the field at fault and nothing else of the patient, and nothing is written but where it was asked.

Every value of a patient carries a mark of its own; one value at a time is spoilt, and no other mark may be seen.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import oracle
import pytest
from commands import run
from fenced import fenced

from calcrisk import Refused
from calcrisk.batch import outcomes
from calcrisk.errors import Fault, InputError
from calcrisk.inputs.documents import read_document, read_documents, read_line
from calcrisk.render.faults import show
from calcrisk.render.rows import columns, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk import Assessment
    from calcrisk.inputs.documents import Document

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
BAD = sorted([*(ROOT / "sample_labs" / "bad").iterdir(), *(ROOT / "tests" / "bad_inputs").glob("*.*")])
MARK = "73519"  # within every value but the one that is spoilt
NAMED = "Kowalczyk"  # the patient's id, and in a note: shown as the id of a refused patient, and nowhere else
STATED: dict[str, object] = {
    "id": NAMED,
    "age": f"61.{MARK}",
    "calcium": f"9.{MARK}",
    "phosphate": f"6.{MARK}1",
    "albumin": f"3.{MARK}2 g/dL",
    "magnesium": f"2.{MARK}3",
    "egfr": f"41.{MARK}4",
    "dialysis_months": f"62.{MARK}5",
    "tissue": [{"finding": "infarct", "onset": f"5.{MARK}6 weeks", "note": NAMED}],
}
SPOILT = [
    "-1", "1e9", "9,9", "9.9.9", "9.9 furlongs", "high fever", "maybe", "nan", "no", "<<9", "[9.9]", "[9.9", "{a: b}",
    "{a: b", "{value: 9, unit: furlongs}", "{value: {a: 1}}", "{value: 1, unit: mg/dL, valu: 2}", '"open', "'open",
    '"\\q"', "*alias", "&anchor", "!tag 9", "\x07", "@x", "`x", "%x", "| x", "- x", "9: 8: 7", "9 # 8", "\t9", "<<: {}",
    "x" * 5000, "9 " * 3000, "\ud800",
]  # fmt: skip
SPOILT_JSON = [
    "NaN",
    "01",
    "'9'",
    "9,9",
    '"open',
    "[9",
    "{",
    "tru",
    "",
    "9 9",
    '"\\q"',
    '"\ud800"',
    '"9 furlongs"',
    "-1",
]
MISSPELT = ["{}x", "{} ", "x", "<<", "labs.{}", "? {}", "", "{}\t", '"{}', "0" * 3000]


def seen(text: str) -> set[str]:
    """What may not be seen: the marks in a text."""
    return set(re.findall(f"[0-9.]*{MARK[:4]}[0-9]*|{NAMED[:5]}", text))


def as_yaml(stated: dict[str, object]) -> list[str]:
    return [f"{name}: {json.dumps(value)}" for name, value in stated.items()]


def spoilt_yaml() -> Iterator[bytes]:
    for at, name in enumerate(STATED):
        before, after = as_yaml(STATED)[:at], as_yaml(STATED)[at + 1 :]
        for value in SPOILT:
            yield "\n".join([*before, f"{name}: {value}", *after]).encode("utf-8", "surrogatepass")
        for form in MISSPELT:
            yield "\n".join([*before, f"{form.format(name)}: 9", *after]).encode()
        for odd in (
            f"{name} 9",
            f"\t{name}: 9",
            f"{name}: 9\n{name}: 9",
            f"- {name}: 9",
            f"labs: {{{name}: 9}}",
            "---",
        ):
            yield "\n".join([*before, odd, *after]).encode()


def spoilt_json() -> Iterator[bytes]:
    members = {name: f'"{name}": {json.dumps(value)}' for name, value in STATED.items()}
    for name in members:
        spoilt = [f'"{name}": {value}' for value in SPOILT_JSON]
        spoilt += [f'"{name}x": 9', f"{name}: 9", f'"{name}" 9', f'"{name}": 9 "x": 9', f'"{name}": 9, "{name}": 9']
        for odd in spoilt:
            text = ", ".join(odd if other == name else member for other, member in members.items())
            yield f"{{{text}}}".encode("utf-8", "surrogatepass")


def read_everywhere(content: bytes, name: str) -> Iterator[Document]:
    yield from read_documents(content, name)
    yield read_document(content, name)
    yield read_line(content, name, number=1, index=0)


def shown(end: Assessment | Refused) -> str:
    """All that is said of a refused patient, but for whose it is."""
    if not isinstance(end, Refused):
        return ""
    data = oracle.book().data
    names = columns(data["tiers"], [entry["name"] for entry in data["mechanisms"]])
    faults = [Fault(**error) for error in end.errors]  # type: ignore[arg-type]  # made of faults
    written = row(end, names, {})  # a refused patient has no missing inputs to put in order
    cells = written.replace(str(end.patient.id), "", 1) if end.patient.id else written
    return f"{show(InputError(faults))}{json.dumps(end.errors)}{cells}{InputError(faults)}"


def leaks(content: bytes, name: str) -> set[str]:
    ends = outcomes(read_everywhere(content, name), oracle.book())
    return seen("".join(map(shown, ends)))


@pytest.mark.volume
@pytest.mark.parametrize("make", [spoilt_yaml, spoilt_json], ids=["yaml", "json"])
def test_a_spoilt_value_shows_no_other(make: Callable[[], Iterator[bytes]]) -> None:
    found = {}
    refused = 0
    for content in make():
        for name in ("x.yaml", "x.json", "-"):
            if marks := leaks(content, name):
                found[content[-400:]] = marks
        (end,) = outcomes([read_document(content, "x.yaml")], oracle.book())
        refused += isinstance(end, Refused)
    assert found == {}
    assert refused > 100


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_no_bad_sample_shows_more_than_its_fault(path: Path) -> None:
    text = path.read_bytes()
    free = {name: value for name, value in STATED.items() if name.encode() not in text}
    behind = "\n".join(as_yaml(free)).encode()
    members = ", ".join(f'"{name}": {json.dumps(value)}' for name, value in free.items()).encode()
    assert leaks(text + b"\n" + behind, path.name) == set()
    assert leaks(behind + b"\n" + text, path.name) == set()
    assert leaks(text.replace(b"{", b"{" + members + b", ", 1), path.name) == set()


def test_a_record_in_another_form_is_not_repeated() -> None:
    for record in (f"id,calcium\n{NAMED},9.{MARK}", f"Mrs {NAMED}, 61, calcium 9.{MARK}", f"{NAMED}\t9.{MARK}", NAMED):
        assert leaks(record.encode(), "record.yaml") == set()


def test_a_mark_that_is_shown_is_found() -> None:
    assert leaks(f"calcium: perhaps 9.{MARK}".encode(), "x.yaml") == {f"9.{MARK}"}
    assert leaks(f"phosphate: {NAMED}".encode(), "x.yaml") == {NAMED[:5]}


# ------------------------------------------------------------------------------------------- as a user sees it

DEBUG = pytest.mark.parametrize("debug", [{}, {"CALCRISK_DEBUG": "1"}], ids=["", "CALCRISK_DEBUG"])
WAYS = [["assess"], ["assess", "--json"], ["assess", "--brief"], ["assess", "--format", "markdown"]]
WAYS += [["batch", *rest] for rest in ([], ["--json"], ["--format", "csv"], ["--format", "ndjson", "--jobs", "2"])]


@DEBUG
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_command_shows_the_field_at_fault_alone(way: list[str], debug: dict[str, str], tmp_path: Path) -> None:
    spoilt = STATED | {"phosphate": "6.8 furlongs", "tissue_damage": "perhaps"}
    (tmp_path / "x.yaml").write_text("\n".join(as_yaml(spoilt)), encoding="utf-8")
    ended = run(*way[:1], "x.yaml", *way[1:], cwd=tmp_path, **debug)
    assert ended.code == 1
    assert "furlongs" in ended.err
    assert seen(ended.err) == set()
    assert seen(ended.out) <= ({NAMED[:5]} if way[0] == "batch" else set())


@DEBUG
def test_a_flag_at_fault_shows_no_other(debug: dict[str, str], tmp_path: Path) -> None:
    marked = [f"--phosphate=6.{MARK}", f"--albumin=3.{MARK}"]
    for spoilt in ("--calcium=perhaps", "--calcum=9", "--unknown=calcum", "--format=pdf", "--as-of=today"):
        ended = run("assess", *marked, spoilt, cwd=tmp_path, **debug)
        assert ended.code in (1, 2)
        assert seen(ended.out + ended.err) == set()


BREAK = """
import sys
from calcrisk import assessing, batch
from calcrisk.cli import batch as command, main
def broken(patient, *_, **__):
    secret = repr(patient)
    try:
        raise KeyError(secret)
    except KeyError:
        raise ValueError(secret)
assessing.assess = {assess}
batch.assess = {assess}
command.Scoring._text = {text}
sys.argv = ["calcrisk", *sys.argv[1:]]
main()
"""


@DEBUG
@pytest.mark.parametrize("way", [["assess"], ["batch", "--json", "--jobs", "1"], ["batch", "--json", "--jobs", "2"]])
@pytest.mark.parametrize("place", ["assess", "text"])
def test_a_defect_shows_where_and_nothing_of_the_patient(
    place: str, way: list[str], debug: dict[str, str], tmp_path: Path
) -> None:
    if (place, way) == ("text", ["assess"]):
        way = ["assess", "--json"]
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / "x.yaml").write_text("\n".join(as_yaml(STATED)), encoding="utf-8")
    kept = {"assess": "assessing.assess", "text": "command.Scoring._text"}
    if way[0] == "assess":
        kept["assess"] = "broken"
    code = BREAK.format(**kept | {place: "broken"})
    ended = fenced([sys.executable, "-c", code, way[0], "x.yaml", *way[1:]], tmp_path / "ward", around=debug)
    assert ended.code == (4 if "assess" not in (place, *way) or way[0] == "assess" else 1)
    assert "ValueError" in ended.err
    assert "CALCRISK_DEBUG=1" in ended.err
    assert ("in broken" in ended.err) == bool(debug)
    assert seen(ended.err) == set()
    assert "secret" not in re.sub(r"raise \w+\(secret\)|File .*", "", ended.err)
    assert seen(ended.out.decode()) <= {NAMED[:5]}


# ------------------------------------------------------------------------------------------- what is left behind


@pytest.mark.parametrize("way", [["assess", "x.yaml"], ["batch", ".", "--jobs", "2"], ["batch", ".", "-o", "out.json"]])
def test_nothing_is_left_behind_but_what_was_asked_for(way: list[str], tmp_path: Path) -> None:
    homes = {name: tmp_path / name.lower() for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    for home in homes.values():
        home.mkdir()
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "x.yaml").write_text("\n".join(as_yaml(STATED)), encoding="utf-8")
    (folder / "y.yaml").write_text("calcium: perhaps", encoding="utf-8")
    around = {name: str(at) for name, at in homes.items()}
    ended = fenced([sys.executable, "-m", "calcrisk", *way], folder, around=around)
    assert ended.code in (0, 1)
    asked = {"out.json"} if "-o" in way else set()
    assert {path.name for path in folder.iterdir()} == {"x.yaml", "y.yaml"} | asked
    assert [path for home in homes.values() for path in home.rglob("*")] == []
    assert (
        all(Path(path).name.lstrip(".").startswith("out.json") for path in ended.written)
        if asked
        else not ended.written
    )
