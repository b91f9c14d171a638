"""A column map proposed: from the names of a table's columns, the units in them, and what stands in the cells.

Every line says why. What is only a guess stands there as a comment, to be looked up in the table's codebook.
"""

from __future__ import annotations

import re
from math import log, sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk import units
from calcrisk.cohort.beside import UNITS, Beside, said_beside, unit_columns, units_of
from calcrisk.cohort.cells import TABLE_WORDS, is_gap, is_numeric
from calcrisk.cohort.codes import LOINC, loinc
from calcrisk.cohort.columnmap import Entry
from calcrisk.cohort.engine import name
from calcrisk.cohort.mapwords import quoted, shown
from calcrisk.errors import did_you_mean
from calcrisk.variables import choices, plain, registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calcrisk.cohort.engine import Engine
    from calcrisk.cohort.tables import Table
    from calcrisk.variables import Variable

_SAMPLE: Final = 20_000  # rows looked at
_FEW: Final = 12  # different values that codes may have
_MANY: Final = 200  # different analytes of a long table that are looked at
_TOKEN: Final = re.compile(r"[a-z0-9%]+")
_IDS: Final = frozenset({"id", "patient", "patientid", "subject", "subjectid", "seqn", "mrn", "person", "personid"})
_ANALYTES: Final = (
    *("loinc", "loinccode", "analyte", "test", "testname"),
    *("labname", "label", "itemid", "code", "component"),
)
_VALUES: Final = ("value", "result", "labresult", "labresulttext", "valuetext", "resultvalue", "testresult")
_TIMES: Final = (
    *("time", "charttime", "date", "datetime", "collected"),
    *("collectiontime", "labresultoffset", "observationdate"),
)
_ALIKE: Final = 0.74  # how alike a column's name and an input's must be for a slip of the pen
_BEFORE: Final = frozenset(
    {"serum", "plasma", "s", "p", "total", "on", "has", "is"}
)  # words that a name may begin with
_AFTER: Final = frozenset({"use", "used", "intact", "level", "value", "result", "serum", "plasma"})  # and end with
_SHORT: Final = {"years": ("yrs", "yr", "y"), "months": ("mo", "mths"), "days": ("d",)}  # how people shorten a unit
_SIZES: Final = 2
_APART: Final = 0.7  # powers of e by which one unit must fit better than another: twice as near the middle
_GUESSED: Final = {"1": "yes", "2": "no"}  # how surveys code an answer
_SEXES: Final = {"1": "male", "2": "female"}  # ISO/IEC 5218


class Line(NamedTuple):
    """One line of the map: what it says, why, and whether it is only a guess."""

    text: str
    why: str
    guess: bool = False

    def __str__(self) -> str:
        """The line as YAML."""
        return f"{'# ' if self.guess else ''}{self.text}  # {shown(self.why)}"


class Seen(NamedTuple):
    """What stands in a column: how many different values, some of them, and the median of its numbers."""

    different: int
    some: tuple[str, ...]
    median: float | None


def suggest(engine: Engine, table: Table) -> str:
    """Return a map of a table, as YAML with its reasons."""
    found = _long(engine, table)
    lines = found or _wide(engine, table)
    head = [f"# A column map proposed for {', '.join(map(shown, table.files))}: read every line before you use it.",
            "# Lines that begin with # are guesses. `calcrisk template` lists the inputs."]  # fmt: skip
    return "\n".join([*head, *map(str, lines)]) + "\n"


# ---- wide tables -----------------------------------------------------------------------------------------------------


def _wide(engine: Engine, table: Table) -> Iterator[str | Line]:
    identifier = next((column for column in table.columns if plain(column) in _IDS), None)
    if identifier:
        yield Line(f"id: {quoted(identifier)}", "by its name")
    yield "columns:"
    unknown, taken = [], set[str]()
    beside, shared = _beside(table)
    whose = shared if sum(each == shared for each in beside.values()) > 1 else None  # the units of which of them?
    strange = _strange(engine, table, beside)
    for column, kind in table.columns.items():
        if column in (identifier, *beside.values()):
            continue
        variable, unit = meant(column)
        if variable is None:
            unknown.append(column)
            continue
        seen = _seen(engine, table, column, kind)
        line = _line(variable, column, kind, unit, seen)
        twice = variable.name in taken
        taken.add(variable.name)
        if by_row := beside.get(column):
            line = _with_units(variable, column, by_row, seen, shared=by_row == whose)
            if strange[column]:
                line = Line(
                    line.text, f"{line.why}; it says {_listed(strange[column])}, which is no unit of it", guess=True
                )
        text, why, guess = line
        yield Line(f"  {text}", why + (", but another column says the same" if twice else ""), guess or twice)
    yield "# assume: {tissue_damage: no}  # for what the table does not ask: assumptions become a part of the answer"
    if unknown:
        yield f"# not recognised: {', '.join(map(shown, unknown))}"


def _beside(table: Table) -> tuple[dict[str, str], str | None]:
    """Return, by the column of a number, that of its units: named after it, or the only one of units; and this one."""
    named = unit_columns(table.columns)
    alone = [each for each, of in named.items() if not of]
    shared = alone[0] if len(alone) == 1 else None
    found = {}
    for column in table.columns:
        variable, unit = meant(column)
        if variable is None or unit or not variable.units:
            continue
        if beside := units_of(column, variable, named) or shared:
            found[column] = beside
    return found, shared


def _strange(engine: Engine, table: Table, beside: Mapping[str, str]) -> dict[str, list[str]]:
    """Return, by the column of a number, what its column of units says that is no unit of it: the first few."""
    meant_by = {column: variable for column in beside if (variable := meant(column)[0])}
    asked = [Beside(Entry(meant_by[each].name, each), beside[each], alone=False) for each in meant_by]
    said = said_beside(engine, f"(SELECT * FROM {table.relation} AS s LIMIT {_SAMPLE})", asked)
    found = zip(meant_by.items(), said, strict=True)
    return {column: [word for word in words if units.find(one, word) is None][:_FEW] for (column, one), words in found}


def _with_units(variable: Variable, column: str, by_row: str, seen: Seen, *, shared: bool) -> Line:
    """Read the units row by row; a guess where several numbers would read the same column of units."""
    why = f"by its name; its units stand in {shown(by_row)}, if that column is of this one"
    why += ", which other numbers would read as well" if shared else ""
    why += "; no number was found in it" if seen.median is None else ""
    text = f"{variable.name}: {{column: {quoted(column)}, unit_column: {quoted(by_row)}}}"
    return Line(text, why, shared or seen.median is None)


def meant(column: str) -> tuple[Variable | None, str | None]:
    """Return the input that a column's name means, and the unit at the end of it."""
    words = _TOKEN.findall(column.casefold().replace("µ", "u"))
    first, last = words[:1], words[-1:]
    shorter = [words, words[len(_BEFORE.intersection(first)) :], words[: len(words) - len(_AFTER.intersection(last))]]
    return next((found for some in shorter if (found := _meant("".join(some)))[0]), (None, None))


def _meant(joined: str) -> tuple[Variable | None, str | None]:
    for length in range(len(joined), 1, -1):
        variable = registry().named(joined[:length])
        if variable is not None and (unit := _unit(variable, joined[length:])) is not None:
            return variable, unit or None
    return None, None


def likely_inputs(columns: Iterable[str]) -> dict[str, str]:
    """Return, for names that are no inputs' but mean one or nearly are one, what to say of them."""
    hints = {each: _input_meant(each) for each in columns}
    return {each: hint for each, hint in hints.items() if hint}


def _input_meant(column: str) -> str | None:
    if variable := meant(column)[0]:
        return f"did you mean {variable.name!r}? `calcrisk columns suggest` writes a map that says so"
    return did_you_mean(column, registry(), alike=_ALIKE)


def _unit(variable: Variable, rest: str) -> str | None:
    """Return the unit that the end of a name means, empty for no end; None when it means something else."""
    if not rest:
        return ""
    for unit in variable.units:
        bare = "".join(_TOKEN.findall(unit.casefold()))
        if rest in (bare, bare.removesuffix("l"), *_SHORT.get(unit, ())):  # mmol, as people call mmol/L
            return unit
    return None


def _seen(engine: Engine, table: Table, column: str, kind: str) -> Seen:
    sample = f"(SELECT {name(column)} AS c FROM {table.relation} AS t LIMIT {_SAMPLE})"
    if gap := is_gap("c" if is_numeric(kind) else "CAST(c AS VARCHAR)", kind):
        sample = f"(SELECT * FROM {sample} WHERE NOT coalesce({gap}, FALSE))"
    number = "CAST(c AS DOUBLE)" if is_numeric(kind) else "TRY_CAST(trim(CAST(c AS VARCHAR)) AS DOUBLE)"
    ((different, median),) = engine.rows(f"SELECT count(DISTINCT c), median({number}) FROM {sample}")
    counted = f"SELECT trim(CAST(c AS VARCHAR)), count(*) FROM {sample} WHERE c IS NOT NULL"
    some = engine.rows(f"{counted} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_FEW}")
    return Seen(int(different), tuple(str(value) for value, _ in some if value), median)


def _line(variable: Variable, column: str, kind: str, unit: str | None, seen: Seen) -> Line:
    if variable.kind == "number":
        return _number(variable, column, unit, seen)
    words = set(TABLE_WORDS) if variable.kind == "yesno" else set(choices(variable))
    known = [value for value in seen.some if _word(value, variable) in words or value.casefold() == "unknown"]
    if len(known) == len(seen.some) and not (is_numeric(kind) and variable.kind == "choice"):
        return Line(f"{variable.name}: {quoted(column)}", f"by its name; its cells say {_listed(seen.some)}")
    return _codes(variable, column, seen)


def _word(value: str, variable: Variable) -> str:
    return value.casefold() if variable.kind == "yesno" else plain(value)


def _codes(variable: Variable, column: str, seen: Seen) -> Line:
    words = _SEXES if set(variable.values) == set(_SEXES.values()) else _GUESSED if variable.kind == "yesno" else {}
    some = [_bare(value) for value in sorted(seen.some, key=_place)]
    told = ((value, _meaning(value, variable) or words.get(value)) for value in some)
    # a number beyond those of the sexes is a slip of the pen, which no map may turn into an open question
    codes = {value: word or "unknown" for value, word in told if word or words is not _SEXES or not value.isdigit()}
    text = ", ".join(f"{_key(value)}: {word}" for value, word in codes.items())
    why = f"by its name; what its codes mean only the codebook tells ({_listed(seen.some)})"
    return Line(f"{variable.name}: {{column: {quoted(column)}, codes: {{{text}}}}}", why, guess=True)


def _meaning(value: str, variable: Variable) -> str | None:
    """Return what a word says by itself; a digit says nothing without a codebook."""
    if value.isdigit():
        return None
    if variable.kind == "yesno":
        answer = TABLE_WORDS.get(value.casefold())
        return None if answer is None else "yes" if answer else "no"
    choice = choices(variable).get(plain(value))
    return choice and ((value if value.isalnum() else quoted(value)) if choice.also else choice.word)


def _key(value: str) -> str:
    is_word, *_ = _place(value)
    return quoted(value) if is_word or not value.isprintable() else _bare(value)


def _bare(value: str) -> str:
    return value.removesuffix(".0")


def _place(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _number(variable: Variable, column: str, unit: str | None, seen: Seen) -> Line:
    if seen.median is None:
        return Line(f"{variable.name}: {quoted(column)}", "by its name; no number was found in it", guess=True)
    usual = [each for each, factor in variable.units.items() if _usual(variable, seen.median * factor)]
    likely = _likely(variable, usual, seen.median)
    chosen = unit or (likely[0] if likely else variable.unit)
    why = f"by its name; the median is {units.number_text(seen.median)}"
    if unit:
        why = f"by its name, which ends with the unit; the median is {units.number_text(seen.median)}"
    elif len(likely) > 1:
        why += f", which may be in {' or '.join(likely)}: say which"
    elif chosen != variable.unit:
        less = "less so" if variable.unit in usual else "not"
        why += f", usual in {chosen} and {less} in {variable.unit}"
    doubtful = bool(variable.units) and (chosen not in usual or (unit is None and len(likely) > 1))
    if doubtful and chosen not in usual:
        why += ", which is unusual in it" if usual else ", which is usual in no unit"
    entry = quoted(column) if chosen in (variable.unit, None) else f"{{column: {quoted(column)}, unit: {chosen}}}"
    return Line(f"{variable.name}: {entry}", why, doubtful)


def _likely(variable: Variable, usual: Sequence[str], median: float) -> list[str]:
    """Return the units that a median may be in, the likeliest first: those in which it lies about as near the middle.

    Units of one size count once, and no more than two sizes are compared: the variable's own and the next.
    """
    low, high = variable.plausible or (0.0, 0.0)
    if low <= 0 or median <= 0:
        return list(usual[:1])
    sizes = list(dict.fromkeys(variable.units.values()))[:_SIZES]
    off: dict[str, float] = {}
    for each in usual:
        size = variable.units[each]
        if size in sizes:
            sizes.remove(size)
            off[each] = abs(log(median * size / sqrt(low * high)))
    return sorted((each for each in off if off[each] <= min(off.values()) + _APART), key=lambda each: off[each])


def _usual(variable: Variable, value: float) -> bool:
    low, high = variable.plausible or variable.hard or (value, value)
    return low <= value <= high


# ---- long tables -----------------------------------------------------------------------------------------------------


def _long(engine: Engine, table: Table) -> list[str | Line] | None:
    """Return the map of a table of one row a result, or None for another one."""
    by_name = {plain(column): column for column in table.columns}
    value = next((by_name[each] for each in _VALUES if each in by_name), None)
    analytes = [by_name[each] for each in _ANALYTES if each in by_name]
    if value is None or not analytes:
        return None
    named = [(column, _analytes(engine, table, column)) for column in analytes]
    column, found = max(named, key=lambda one: len(one[1]))
    if not found:
        return None
    besides = {"patient": _IDS, "time": _TIMES, "unit": UNITS}
    lines: list[str | Line] = ["long:"]
    for what, names in besides.items():
        of = next((each for each in table.columns if plain(each) in names), None)
        of = of or next((each for each in table.columns if any(plain(each).startswith(one) for one in names)), None)
        lines += [Line(f"  {what}: {quoted(of)}", "by its name")] if of else []
    lines.append(Line(f"  analyte: {quoted(column)}", f"it names {len(found)} inputs"))
    lines.append(Line(f"  value: {quoted(value)}", "by its name"))
    lines.append("  analytes:")
    lines += [f"    {variable}: [{', '.join(map(quoted, labels))}]" for variable, labels in found.items()]
    return lines


def _analytes(engine: Engine, table: Table, column: str) -> dict[str, list[str]]:
    counted = f"SELECT trim(CAST({name(column)} AS VARCHAR)), count(*) FROM {table.relation} AS t"
    query = f"{counted} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MANY}"
    by_code = {code: variable for variable, codes in loinc().items() for code in codes}
    found: dict[str, list[str]] = {}
    for label, _ in engine.rows(query):
        said = str(label or "")
        variable = by_code.get(said) if LOINC.fullmatch(said) else _analyte(said)
        if variable:
            found.setdefault(variable, []).append(said)
    return found


def _analyte(label: str) -> str | None:
    variable, _ = meant(label)
    return variable.name if variable is not None and variable.kind == "number" and variable.group == "labs" else None


def _listed(some: Sequence[str]) -> str:
    return ", ".join(some) if some else "nothing"
