"""Numbers that a table's rows are scored with though they are unusual: counted, as a document is warned of them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import run

from calcrisk import InputError, Patient
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcrisk.variables import Variable

pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

pytestmark = pytest.mark.once  # DuckDB does the work, whatever the Python

WARNED: Final = {"unusual-unit", "implausible"}
NUMBERS: Final = [each for each in registry().values() if each.kind == "number" and each.plausible]


def tried(variable: Variable) -> Iterator[float]:
    """Give numbers on both sides of every limit of an input."""
    limits = {*(variable.plausible or ()), *(variable.hard or ())}
    for trap in variable.unit_traps:
        limits |= {trap[side] for side in ("below", "above") if trap.get(side) is not None}
    for limit in sorted(limits):
        yield from (limit * share for share in (0.99, 1, 1.01))


def is_warned_of(variable: Variable, value: float) -> bool:
    stated: dict[str, Any] = {variable.name: value}
    try:
        warnings = Patient(**stated).warnings
    except InputError:
        return False
    return any(code in WARNED for code, _ in warnings)


def test_what_a_document_is_warned_of_is_counted_in_a_table(tmp_path: Path) -> None:
    cases = [(each, value) for each in NUMBERS for value in tried(each)]
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [each.name for each in NUMBERS])
        table.writeheader()
        table.writerows({each.name: repr(value)} for each, value in cases)
    expected = Counter(each.name for each, value in cases if is_warned_of(each, value))
    told = re.findall(r"(?m)^(\w+)(?: in [^:]+)?: (\d+) unusual values? in", run("batch", "t.csv", cwd=tmp_path).err)
    assert len(expected) > len(NUMBERS) / 2
    assert {name: int(count) for name, count in told} == expected


def test_the_unit_is_that_of_the_map(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ca,p\n2.3,1.2\n2.4,1.1\n4,1.1\n", "utf-8")
    (tmp_path / "t.map.yaml").write_text("columns: {calcium: {column: ca, unit: mmol/L}, phosphate: p}\n", "utf-8")
    ended = run("batch", "t.csv", "--map", "t.map.yaml", cwd=tmp_path)
    assert ended.err.splitlines()[:2] == [
        "calcium in mmol/L: 1 unusual value in 3 rows, used as written",
        "3 scored, 0 refused",
    ]
