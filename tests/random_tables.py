"""Many random partial patients for the walk over tables, and what the walk for one patient says of each.

Drawn with ``random`` and a seed, not by Hypothesis: a column holds twenty thousand of them at once.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

from random_patients import ask_of, book, bounds, consistent, limits

from calcrisk import Patient, assess
from calcrisk.errors import InputError
from calcrisk.past import recall
from calcrisk.rules.sql.states import Source
from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calcrisk.stated import Given
    from calcrisk.variables import Variable

_BESIDE: Final = (0, 0, 1e-9, -1e-9, 1e-10, -1e-10, 1e-6, -1e-6, 1e-3, -1e-3)  # of a threshold, relative
_TOLD: Final = (0, 2, 5, 10, 20, 60)  # volunteered inputs a patient states
_NEAR: Final = 1e-12


def a_number(variable: Variable, chance: Random) -> float:
    """A number on a threshold of the rulebook, beside one, ordinary, or at a limit."""
    lo, hi = bounds(variable)
    known = [limit for limit in limits(variable) if lo <= limit <= hi]
    if known and chance.random() < 0.6:  # most of them
        value = chance.choice(known) * (1 + chance.choice(_BESIDE))
    elif chance.random() < 0.9:  # nearly all the others
        value = round(chance.uniform(*(variable.plausible or (lo, hi))), chance.randrange(4))
    else:
        value = chance.choice((lo, hi))
    return min(max(value, lo), hi)


def a_value(name: str, chance: Random) -> Any:
    variable = registry()[name]
    if variable.kind == "number":
        return a_number(variable, chance)
    return chance.random() < 0.5 if variable.kind == "yesno" else chance.choice(variable.values)  # a coin


def a_patient(chance: Random) -> dict[str, Any]:
    """What is stated of one: most of what is asked, some of what is volunteered, now and then that it is unknown."""
    stated = [name for name in registry() if ask_of(name) != "volunteered" and chance.random() < 0.6]
    stated += chance.sample(list(registry()), chance.choice(_TOLD))
    return consistent({name: "unknown" if chance.random() < 0.12 else a_value(name, chance) for name in stated})


def patients(count: int, seed: int) -> Iterator[Patient]:
    """So many of them that are not refused."""
    chance = Random(seed)  # not a secret
    while count:
        try:
            patient = Patient(**a_patient(chance))
        except InputError:  # two limits reversed
            continue
        count -= 1
        yield patient


# ---- as columns ------------------------------------------------------------------------------------------------------


def sources() -> dict[str, Source]:
    """Every input as a column of its own, and one beside it that says it was stated to be unknown."""
    return {name: Source(name, f"{name}_open = 1") for name in registry()}


def column_value(name: str, given: Given | None) -> float | int | None:
    """What the column of an input holds: the number, the code of the word, 1 or 0."""
    if given is None or given.value is None:
        return None
    if isinstance(given.value, str):
        return registry()[name].values.index(given.value)
    assert isinstance(given.value, (bool, float)), name  # a number within bounds has no column
    return int(given.value) if isinstance(given.value, bool) else given.value


def all_given(patient: Patient) -> Mapping[str, Given]:
    """What is stated, with what its dated panels say as inputs."""
    return recall(patient, book(), None).given if patient.panels else patient.given


def a_row(patient: Patient) -> dict[str, float | int | None]:
    given = all_given(patient)
    row = {name: column_value(name, given.get(name)) for name in registry()}
    return row | {f"{name}_open": int(name in given and given[name].value is None) for name in registry()}


# ---- compared --------------------------------------------------------------------------------------------------------


def expected(patient: Patient) -> dict[str, Any]:
    """The columns of the answer, as the walk for one patient has them."""
    answer = assess(patient, book())
    product = answer.ca_p_product
    columns: dict[str, Any] = {
        "classification": answer.classification,
        "possible": ";".join(answer.possible_classifications),
        "settled": int(answer.settled),
        "ca_p_product": product.value,
        "corrected_ca_p_product": product.corrected_value,
        "at_or_above": None if product.at_or_above is None else int(product.at_or_above),
        "met_rules": {finding.rule for finding in answer.findings},
        "missing": {part.input for part in answer.missing},
    }
    for name, tier in vars(answer.risk).items():
        columns |= {f"{name}_tier": tier.tier, f"{name}_lowest": tier.lowest, f"{name}_highest": tier.highest}
    for name, level in answer.mechanisms.items():
        columns |= {name: level.level, f"{name}_lowest": level.lowest, f"{name}_highest": level.highest}
    return columns


def differences(patient: Patient, row: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each column that says something else than the walk for one patient: its answer, then the table's."""
    wanted = expected(patient)
    assert wanted.keys() <= row.keys(), wanted.keys() - row.keys()
    return {name: (value, row[name]) for name, value in wanted.items() if not same(value, row[name])}


def same(wanted: Any, found: Any) -> bool:
    """Texts, levels and statuses exactly; lists as sets; numbers within 1e-12 of one another."""
    if isinstance(wanted, set):
        return wanted == set(found.split(";")) - {""}
    if isinstance(wanted, float) and isinstance(found, float):
        return abs(wanted - found) <= _NEAR * abs(wanted)
    return bool(wanted == found)
