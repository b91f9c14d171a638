"""One rulebook, two walks: the SELECT, run by DuckDB, says of every patient what the walk for one patient says.

Origin of the expected values: ``calcrisk.assess`` on the same patients, which has tests of its own.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from random_patients import book, consistent
from random_tables import a_number, a_row, a_value, all_given, differences, patients, sources
from samples import CASES, SAMPLES, patient

from calcrisk import InputError, Patient, Rulebook
from calcrisk.rules.sql.select import Wish, select
from calcrisk.rules.sql.statement import header, statement
from calcrisk.rules.sql.states import Source
from calcrisk.stated import Range
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

duckdb = pytest.importorskip("duckdb", reason="the extra calcrisk[cohort] is not installed")

_KIND: Final = {"number": "DOUBLE", "yesno": "INTEGER", "choice": "INTEGER"}
_SMALL: Final = Path(__file__).parent.parent / "rulebooks" / "small"


def answers(patients: Sequence[Patient], rulebook: Rulebook | None = None, wish: Wish | None = None) -> list[Any]:
    """What DuckDB answers of these patients, a dictionary each, in order."""
    connection = duckdb.connect()
    rows = [a_row(one) for one in patients]
    kinds = {name: _KIND[variable.kind] for name, variable in registry().items()}
    columns = [f"unnest(?::{kinds.get(name, 'INTEGER')}[]) AS {name}" for name in rows[0]]
    values = [[row[name] for row in rows] for name in rows[0]]
    places = list(range(len(rows)))
    connection.execute(
        f"CREATE TABLE labs AS SELECT unnest(?::INTEGER[]) AS place, {', '.join(columns)}", [places, *values]
    )
    written = statement(select(rulebook or book(), sources(), wish), "labs", {"place": "place"})
    found = connection.execute(f"SELECT * FROM ({written}) ORDER BY place")  # ours
    labels = [column[0] for column in found.description]
    return [dict(zip(labels, row, strict=True)) for row in found.fetchall()]


def disagreements(patients: Sequence[Patient]) -> list[Any]:
    rows = answers(patients)
    assert len(rows) == len(patients)
    pairs = zip(patients, rows, strict=True)
    return [(dict(one.given), told) for one, row in pairs if (told := differences(one, row))]


@pytest.mark.volume
def test_random_patients_with_values_on_every_threshold() -> None:
    assert disagreements(list(patients(400, seed=20261128))) == []


@pytest.mark.volume
def test_twenty_thousand_of_them() -> None:
    assert disagreements(list(patients(20_000, seed=5))) == []


def _exact(paths: Iterable[Path]) -> list[Patient]:
    """The patients of these files whose every number is stated exactly: a table has no column for bounds."""
    stated = []
    for path in paths:
        try:
            one = patient(path)
        except InputError:
            continue  # several patients in a file, or none
        if not any(isinstance(given.value, Range) for given in all_given(one).values()):
            stated.append(one)
    return stated


def test_every_sample_and_every_published_case() -> None:
    found = _exact([*sorted(SAMPLES.glob("*.yaml")), *sorted(CASES.glob("*.yaml"))])
    assert len(found) > 15  # of sixteen cases and the samples, most are exact
    assert disagreements(found) == []


def test_nobody_of_whom_nothing_is_known_is_another() -> None:
    assert disagreements([Patient()]) == []


def test_a_difference_would_be_seen() -> None:
    one = Patient(calcium=9.9, phosphate=6.8)
    (row,) = answers([one])
    assert differences(one, row) == {}
    assert differences(one, row | {"mineral_load": "severe"}).keys() == {"mineral_load"}
    assert differences(one, row | {"missing": ""}).keys() == {"missing"}
    assert differences(one, row | {"ca_p_product": row["ca_p_product"] * (1 + 1e-11)}).keys() == {"ca_p_product"}


@pytest.mark.volume
def test_every_two_decimal_pair_that_makes_a_threshold_is_at_it() -> None:
    pairs = [(a / 100, 550_000 / a / 100) for a in range(400, 2000) if 550_000 % a == 0]
    assert (8.8, 6.25) in pairs
    found = [
        Patient(calcium=a, phosphate=b, age=50, ckd_stage="G5") for a, b in pairs if 0.5 < b < 18.6
    ]  # what blood holds
    assert [row["at_or_above"] for row in answers(found)] == [1] * len(found)


def test_columns_that_the_table_does_not_have_are_folded_away_and_change_nothing() -> None:
    chance = Random(3)  # not a secret
    some = [Patient(calcium=a_number(registry()["calcium"], chance), warfarin=True) for _ in range(50)]
    whole, narrow = select(book(), sources()), select(book(), {name: Source(name) for name in ("calcium", "warfarin")})
    connection = duckdb.connect()
    connection.execute("CREATE TABLE labs (place INTEGER, calcium DOUBLE, warfarin INTEGER)")
    for place, one in enumerate(some):
        connection.execute("INSERT INTO labs VALUES (?, ?, 1)", [place, one.calcium])
    text = statement(narrow, "labs", {"place": "place"})
    found = connection.execute(f"SELECT * FROM ({text}) ORDER BY place")  # ours
    labels = [column[0] for column in found.description]
    rows = [dict(zip(labels, row, strict=True)) for row in found.fetchall()]
    assert [differences(one, row) for one, row in zip(some, rows, strict=True)] == [{}] * len(some)
    assert len(text) < len(statement(whole, "labs", {"place": "place"})) / 8


@pytest.mark.volume
@pytest.mark.parametrize("seed", range(12))
def test_whatever_columns_a_table_has(seed: int) -> None:
    """What is folded away differs with every set of columns."""
    chance = Random(seed)
    known = chance.sample(list(registry()), chance.choice((2, 5, 10, 20, 40)))
    open_, kinds = set(known[::3]), {name: _KIND[registry()[name].kind] for name in known}
    chosen = {name: Source(name, f"{name}_open = 1" if name in open_ else None) for name in known}
    stated = [
        {
            name: "unknown" if name in open_ and chance.random() < 0.2 else a_value(name, chance)
            for name in known
            if chance.random() < 0.7
        }
        for _ in range(25)
    ]
    some: list[Patient] = []
    for words in stated:
        try:
            some.append(Patient(**consistent(words)))
        except InputError:
            continue  # two limits reversed
    connection = duckdb.connect()
    columns = ", ".join(f"{name} {kinds[name]}, {name}_open INTEGER" for name in known)
    connection.execute(f"CREATE TABLE labs (place INTEGER, {columns})")
    for place, one in enumerate(some):
        row = a_row(one)
        cells = [place, *(row[each] for name in known for each in (name, f"{name}_open"))]
        connection.execute(f"INSERT INTO labs VALUES ({', '.join('?' * len(cells))})", cells)
    found = connection.execute(
        f"SELECT * FROM ({statement(select(book(), chosen), 'labs', {'place': 'place'})}) ORDER BY place"
    )
    labels = [column[0] for column in found.description]
    rows = [dict(zip(labels, row, strict=True)) for row in found.fetchall()]
    assert [differences(one, row) for one, row in zip(some, rows, strict=True)] == [{}] * len(some)


def test_another_rulebook_is_written_by_the_same_walk() -> None:
    rulebook = Rulebook.from_folder(_SMALL)
    text = statement(select(rulebook, {"calcium": Source("calcium")}), "labs", {"place": "place"})
    assert duckdb.connect().execute("CREATE TABLE labs (place INTEGER, calcium DOUBLE)").execute(text).fetchall() == []


@pytest.mark.volume
def test_a_mask_says_what_the_text_says() -> None:
    some = list(patients(60, seed=8))
    chosen = select(book(), sources(), Wish(masks=True))
    texts, masks = answers(some), answers(some, wish=Wish(masks=True))
    for text, mask in zip(texts, masks, strict=True):
        for name, bits in chosen.masks.items():
            held = [mask[f"{name}__mask_{at // 50}"] >> at % 50 & 1 for at in range(len(bits))]
            assert ";".join(word for word, bit in zip(bits, held, strict=True) if bit) == text[name]


@pytest.mark.volume
def test_columns_of_booleans_say_what_columns_of_ones_and_zeros_say() -> None:
    some = [*patients(200, seed=31), Patient(), *_exact(sorted(CASES.glob("*.yaml")))]
    plain, quick = answers(some), answers(some, wish=Wish(booleans=True))
    assert quick == plain  # DuckDB's true is 1 in Python
    assert any(row["settled"] for row in quick)


def test_the_statement_says_what_it_was_written_from() -> None:
    text = header(book(), {"tissue_damage": "no"})
    for told in (book().version, book().sha256, f"profile {book().profile}", "tissue_damage: no"):
        assert told in text
    assert all(line.startswith("--") for line in text.splitlines())


def test_every_rule_that_a_row_can_meet_stands_under_its_id_and_source() -> None:
    text = statement(select(book(), sources()), "labs", {"place": "place"})
    unwrapped = " ".join(text.replace("--", "").split())
    for rule in book().rules:
        assert f"{rule['id']}: " in unwrapped
        for cited in rule["where"]:
            assert f"{cited['source']} ({cited['at']})" in unwrapped
