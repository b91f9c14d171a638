"""The sections `history` and `variation` of a rulebook: what they may name, and what a rulebook without them does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sourcecode import RULEBOOK

from calcrisk import Patient, Rulebook, RulebookError, assess
from calcrisk.render.faults import show
from calcrisk.trending import trend, with_interval

if TYPE_CHECKING:
    from pathlib import Path

STATED = Patient(age=61, ckd_stage="G5", calcium=9.4, phosphate=6.1)
PANELS = [
    {"date": "2026-02-02", "calcium": 9.4, "phosphate": 6.3},
    {"date": "2026-03-02", "calcium": 9.5, "phosphate": 6},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the package's rulebook."""
    copied = tmp_path / "rulebook"
    shutil.copytree(RULEBOOK, copied)
    return copied


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("history.yaml", "input: product_repeated", "input: product_repeatd", "unknown name 'product_repeatd'"),
        ("history.yaml", "limit: calcium_upper", "limit: calcium_uper", "unknown name 'calcium_uper'"),
        ("history.yaml", "uses: [history_stale]", "uses: [history_stal]", "unknown name 'history_stal'"),
        ("history.yaml", "measure: slope", "measure: slop", "Input should be"),
        ("history.yaml", "input: product_mean", "input: product_slope", "'product_slope' stands 2 times"),
        ("variation.yaml", "when: ckd_3_to_5", "when: ckd_3_to_6", "unknown name 'ckd_3_to_6'"),
        (
            "variation.yaml",
            "when: ckd_3_to_5\n    unless: values_unsteady\n    caveats:\n      - when: child",
            "when: ckd_3_to_5\n    unless: values_unsteady\n    caveats:\n      - when: chyld",
            "unknown name 'chyld'",
        ),
        (
            "parameters/history.yaml",
            "history_set_point:",
            "history_setpoint:",
            "needs the parameters history_set_point",
        ),
    ],
)
def test_a_fault_is_told_when_the_rulebook_is_read(folder: Path, file: str, old: str, new: str, told: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RulebookError) as caught:
        Rulebook.from_folder(folder)
    assert told in show(caught.value)


def test_a_population_says_how_much_a_product_varies(folder: Path) -> None:
    file = folder / "variation.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("      phosphate:\n", "      ferritin:\n"), encoding="utf-8"
    )
    with pytest.raises(RulebookError) as caught:
        Rulebook.from_folder(folder)
    assert "does not say how much phosphate varies" in show(caught.value)


def test_a_rulebook_without_a_history_says_so_and_answers(folder: Path) -> None:
    (folder / "history.yaml").unlink()
    (folder / "variation.yaml").unlink()
    book = Rulebook.from_folder(folder)
    found = assess(STATED.with_panels(PANELS), book)
    assert found.history is None
    assert "panels-not-used" in {warned.code for warned in found.warnings}
    assert with_interval(found, STATED, book).interval is None
    assert trend(STATED.with_panels(PANELS), book)["noise"] is None


def test_a_hospital_may_move_the_days_between_panels(folder: Path) -> None:
    file = folder / "parameters" / "history.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("value: 21\n", "value: 29\n"), encoding="utf-8")
    ours, theirs = (
        assess(STATED.with_panels(PANELS), book) for book in (Rulebook.default(), Rulebook.from_folder(folder))
    )
    assert ours.history
    assert theirs.history
    assert (ours.history["exceedance"], theirs.history["exceedance"]) == ("sustained", "several")
