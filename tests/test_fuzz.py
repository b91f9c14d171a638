"""Hostile documents by the thousand: each is assessed or refused, and properly; what broke once is tried again.

``CALCRISK_EXAMPLES=20`` tries twenty times as many. A failure names its kind and number: ``python fuzz/mutations.py
KIND NUMBER`` writes the input again, and a copy in tests/fuzz_seeds keeps it.
"""

from __future__ import annotations

import faulthandler
import json
import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mutations
import oracle
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import patient_from

from calcrisk import InputError, Patient, Refused
from calcrisk.inputs import everyday
from calcrisk.inputs.documents import read_documents, read_line
from calcrisk.units import has_decimal_comma, measure
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk import Assessment

pytestmark = pytest.mark.volume

SEEDS = sorted((Path(__file__).parent / "fuzz_seeds").iterdir())
MORE = int(os.environ.get("CALCRISK_EXAMPLES", "1"))
BLOCK = 250 * MORE  # inputs of one test: small enough for several processes to share
BLOCKS = [(kind, block) for kind, count in (("yaml", 16), ("json", 12), ("ndjson", 12)) for block in range(count)]
HANGS = 120  # seconds without an end, after which the stack is shown and the process ended


def examples(count: int) -> settings:
    """The same examples in every run; with ``CALCRISK_EXAMPLES`` more of them, each time new ones."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(
        max_examples=count * MORE, derandomize=MORE == 1, database=None, deadline=None, suppress_health_check=slow
    )


def check(kind: str, content: bytes) -> list[Assessment | Refused]:
    if kind != "ndjson":
        return oracle.check_file(content, f"x.{kind}")
    return oracle.check_lines(content)


@contextmanager
def blamed(kind: str, number: int) -> Iterator[None]:
    """Say which input it was; one that never ends shows where it is."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    try:
        yield
    except Exception as error:
        error.add_note(f"the input: python fuzz/mutations.py {kind} {number}")
        raise
    finally:
        faulthandler.cancel_dump_traceback_later()


# -------------------------------------------------------------------------------------------------------- documents


@pytest.mark.parametrize(("kind", "block"), BLOCKS)
def test_every_mutation_of_a_sample_is_assessed_or_refused(kind: str, block: int) -> None:
    ends: Counter[str] = Counter()
    for number, content in mutations.mutants(kind, block * BLOCK, BLOCK):
        with blamed(kind, number):
            ends.update(end.status for end in check(kind, content))
    assert ends["scored"]
    assert ends["refused"]


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_what_broke_once_holds(path: Path) -> None:
    with blamed("seed", 0):
        check(path.suffix.removeprefix("."), path.read_bytes())


def test_the_same_number_is_the_same_input() -> None:
    assert [mutations.mutant("yaml", 7), mutations.command_line(7)] == [
        mutations.mutant("yaml", 7),
        mutations.command_line(7),
    ]
    assert len({mutations.mutant(kind, number) for kind in mutations.KINDS for number in range(200)}) > 500


# ----------------------------------------------------------------------------------- documents of another structure

GROUPS = [group.name for group in registry().groups if group.name]
NAMES = [*registry(), *GROUPS, *registry().lists, "id", "as_of", "date"]
WORDS = st.sampled_from(mutations.words()) | st.text(max_size=8)
VALUES = WORDS | st.booleans() | st.none() | st.integers() | st.floats()
KEYS = st.sampled_from(NAMES) | st.sampled_from(["value", "unit", "finding", "site", "panels"]) | st.text(max_size=5)
TREES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
DOCUMENTS = st.lists(st.dictionaries(KEYS, TREES, max_size=6), min_size=1, max_size=3)


@examples(100)
@given(DOCUMENTS, st.booleans())
def test_documents_of_any_structure_are_assessed_or_refused(patients: list[dict[str, Any]], readable: bool) -> None:
    lines = [json.dumps(patient, ensure_ascii=readable).encode("utf-8", "surrogatepass") for patient in patients]
    assert len(check("ndjson", b"\n".join(lines))) == len(patients)
    assert len(check("json", b"[" + b", ".join(lines) + b"]")) >= 1
    flow = None if readable else True
    text = yaml.safe_dump_all(patients, default_flow_style=flow, allow_unicode=readable, sort_keys=False)
    check("yaml", text.encode("utf-8", "surrogatepass"))


def refused_alone(name: str, value: Any) -> bool:
    try:
        Patient(**{name: value})
    except InputError:
        return True
    return False


GOOD = {"calcium": 9.9, "phosphate": 6.8, "ckd_stage": "G5", "age": 58, "infarct": "yes"}


@examples(300)
@given(st.sampled_from(list(registry())), VALUES, st.booleans())
def test_a_refused_value_is_scored_through_no_door(name: str, value: object, grouped: bool) -> None:
    if isinstance(value, float | int) and not isinstance(value, bool):
        value = str(value)  # as every notation writes it
    if not refused_alone(name, value):
        return
    variable = registry()[name]
    stated = {key: one for key, one in GOOD.items() if key != name}
    stated |= {variable.group: {variable.key: value}} if grouped and variable.group else {name: value}
    line = json.dumps(stated).encode()
    assert all(isinstance(end, Refused) for kind in ("json", "ndjson") for end in check(kind, line))
    assert all(isinstance(end, Refused) for end in check("yaml", yaml.safe_dump(stated).encode("utf-8", "replace")))
    if isinstance(value, str) and "\x00" not in value:
        assert oracle.check_flags({name: value}, []) is None


# ------------------------------------------------------------------------------------------------- nothing is slow


@pytest.mark.parametrize("blanks", [" ", "\t", "9", "-", "less than ", "1,1"])
@pytest.mark.parametrize("behind", ["!", "1,", "1,1", "x", ""])
def test_a_long_value_takes_no_longer_than_its_length(blanks: str, behind: str) -> None:
    text = blanks * 200_000 + behind
    with blamed("a long value", 0):
        for before in ("", "1,1", "<", "less than"):
            has_decimal_comma(before + text)
            measure(before + text)


# ------------------------------------------------------------------------------------------------ the oracle itself


def test_the_oracle_finds_a_score_of_a_refused_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each promise of the oracle is one that can be broken: here by a reader that takes whatever it is given."""

    def careless(text: str, source: str, before: int) -> Any:
        return everyday.everyday_yaml(text.replace("300", "9.9"), source, before)

    monkeypatch.setattr("calcrisk.inputs.documents.everyday_yaml", careless)
    with pytest.raises(oracle.Broken, match=r"nothing is scored|both readers"):
        check("yaml", b"calcium: 300\n")


def test_the_oracle_finds_a_line_that_does_not_exist() -> None:
    document = read_line(b'{"calcium": 300}', "x.yaml", number=9, index=0)
    with pytest.raises(InputError) as caught:
        patient_from(document, {})
    with pytest.raises(oracle.Broken, match=r"x\.yaml:9:13: calcium exists"):
        oracle._check_faults(caught.value.faults, b"calcium: 300\n")


def test_the_oracle_finds_what_steers_a_terminal_what_is_long_and_what_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    (document,) = read_documents(b"calcum: 1", "x.yaml")
    (fault,) = document.faults
    with pytest.raises(oracle.Broken, match="short"):
        oracle._check_faults([fault._replace(got="x" * 2000)], None)
    with pytest.raises(oracle.Broken, match="steers"):
        oracle._clean_lines("\x1b[2J")
    monkeypatch.setattr(oracle, "SECONDS", -1.0)
    with pytest.raises(oracle.Broken, match="takes long"):
        check("yaml", b"calcium: 9.9")
