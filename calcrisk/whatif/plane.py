"""The answer to one question over a plane of two inputs: each cell is evaluated at its middle, by the scalar walk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.errors import Fault, UsageError
from calcrisk.rules import expression as ex
from calcrisk.scenario import NOT_ASSESSED, Axis, Plane
from calcrisk.stated import Given
from calcrisk.units import Unit, either, find, measure, number_text
from calcrisk.variables import registry
from calcrisk.whatif.line import domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk.assessment import Assessment
    from calcrisk.patient import Patient
    from calcrisk.record import Record
    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.variables import Variable
    from calcrisk.whatif.question import Question

_AXIS: Final = re.compile(r"\s*(?P<name>[\w-]+)\s*=\s*(?P<low>[^:]+):(?P<high>[^:]+)")
_CURVE: Final = 96  # points of the limit of the product
_EXAMPLE: Final = "write --grid calcium=8:11 --grid phosphate=2:9"


class Side(NamedTuple):
    """One side of a plane as it was asked for, in the canonical unit."""

    name: str
    low: float
    high: float


def sides(texts: Sequence[str]) -> tuple[Side, Side]:
    """Read two sides (``calcium=8:11``); raises ``UsageError`` with everything that is wrong with them."""
    faults: list[Fault] = []
    found = [side for text in texts if (side := _side(text, faults))]
    if len(texts) != 2:  # noqa: PLR2004  # a plane has two
        message = f"a plane has two sides, and {len(texts)} came"
        faults.append(Fault(code="bad-grid", message=message, path="--grid", hint=_EXAMPLE))
    elif len(found) == len(texts) and found[0].name == found[1].name:
        message = f"both sides are {found[0].name}"
        faults.append(Fault(code="bad-grid", message=message, path="--grid", hint=_EXAMPLE))
    if faults:
        raise UsageError(faults)
    return found[0], found[1]


def _side(text: str, faults: list[Fault]) -> Side | None:
    def refuse(message: str, hint: str | None = None) -> None:
        faults.append(Fault(code="bad-grid", message=message, path="--grid", got=text, hint=hint or _EXAMPLE))

    read = _AXIS.fullmatch(text)
    if read is None:
        refuse(f"{text!r} is no side of a plane: an input, its lowest and its highest value")
        return None
    name = read["name"].removeprefix("--").replace("-", "_")
    variable = registry().get(name)
    if variable is None:
        refuse(f"{name} is not a known input", registry().hint(name))
        return None
    if variable.kind != "number":
        refuse(f"{name} is no number", "both sides are numbers")
        return None
    ends = _ends(variable, read["low"], read["high"])
    if ends is None:
        units = either(variable.units) if variable.units else "no unit"
        refuse(f"{text!r}: both ends are plain numbers, in {units}, one unit for both")
        return None
    low, high = ends
    least, most = domain(name)
    if not least <= low < high <= most:
        span = f"{number_text(least)} to {number_text(most)} {variable.unit or ''}".rstrip()
        other = _other_unit(variable, read["low"], read["high"])
        hint = f"did you mean {name}={read['low'].strip()}:{read['high'].strip()} {other}?" if other else None
        refuse(f"{name} runs from {span}, the lower end first; {text!r} does not", hint)
        return None
    return Side(name, low, high)


def _ends(variable: Variable, *texts: str) -> tuple[float, float] | None:
    """Return both ends in the canonical unit; a unit stands behind both, or behind one for both."""
    first, second = (measure(text.strip()) for text in texts)
    if first is None or second is None or first.bound or second.bound:
        return None
    named = {each.unit for each in (first, second) if each.unit} or {""}
    units = [find(variable, unit) if unit else Unit("", 1.0) for unit in named]
    factors = {unit.factor for unit in units if unit}
    if None in units or len(factors) != 1:
        return None
    factor = factors.pop()
    return first.number * factor, second.number * factor


def _other_unit(variable: Variable, *texts: str) -> str | None:
    """Return a unit in which both ends would be read, where none was written."""
    if any(read.unit for text in texts if (read := measure(text.strip()))):
        return None
    least, most = domain(variable.name)
    for unit in variable.units:
        ends = _ends(variable, *(f"{text.strip()} {unit}" for text in texts))
        if ends and least <= ends[0] < ends[1] <= most:
            return unit
    return None


def plane(  # noqa: PLR0913  # what a plane is made of
    patient: Patient | Record,
    book: Rulebook,
    before: Assessment,
    asked: Question,
    x: Side,
    y: Side,
    size: tuple[int, int],
) -> Plane:
    """Evaluate ``size`` cells (columns, rows); all else of the patient stays, a status of the two inputs gives way."""
    across, up = _axis(patient, x, size[0]), _axis(patient, y, size[1])
    statuses = {status.name for side in (x, y) if (status := registry().companions.get((side.name, "status")))}
    given = {name: said for name, said in patient.given.items() if name not in statuses}
    answers = (*asked.answers, *(() if asked.tier is None else (NOT_ASSESSED,)))
    places = {answer: at for at, answer in enumerate(answers)}

    def cell(one: float, two: float) -> int:
        values = {x.name: _given(one), y.name: _given(two)}
        return places[asked.answer(book, book.evaluate(given | values))]

    factors, shown = _is_product(book, x.name, y.name), before.ca_p_product
    return Plane(
        question=asked.name,
        label=asked.label,
        x=across,
        y=up,
        answers=answers,
        cells=tuple(tuple(cell(one, two) for one in across.values) for two in up.values),
        curve=tuple(_curve(x, y, shown.threshold)) if factors else (),
        limit=shown.threshold if factors else None,
        limit_unit=shown.unit if factors else None,
    )


def _axis(patient: Patient | Record, side: Side, count: int) -> Axis:
    variable = registry()[side.name]
    step = (side.high - side.low) / count
    values = tuple(side.low + step * (2 * at + 1) / 2 for at in range(count))
    stated = patient.given.get(side.name)
    now = stated.value if stated is not None and isinstance(stated.value, float) else None
    return Axis(side.name, variable.label, variable.unit, side.low, side.high, values, now)


def _given(value: float) -> Given:
    return Given(value, None, "", "--grid")


def _is_product(book: Rulebook, one: str, two: str) -> bool:
    """Tell whether the rulebook's product is the one of these two inputs."""
    name = book.data["product"]["value"]
    formula = next((step.value.node for step in book.walk.program.steps if step.name == name and step.value), None)
    match formula:
        case ex.Calculation("*", ex.Name(left), ex.Name(right)):
            return {left, right} == {one, two}
    return False


def _curve(x: Side, y: Side, limit: float) -> list[tuple[float, float]]:
    """Return the points at which the product is at its limit, within the plane."""
    steps = [x.low + (x.high - x.low) * at / (_CURVE - 1) for at in range(_CURVE)]
    return [(one, limit / one) for one in steps if one > 0 and y.low <= limit / one <= y.high]
