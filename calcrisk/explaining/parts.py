"""What the pages share: statements of the sources, numbers, conditions, and what reads a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk import printed
from calcrisk.entry import Part, Statement
from calcrisk.explaining.typography import Typography
from calcrisk.explaining.whole import citations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.explaining.whole import Whole
    from calcrisk.rules.program import Spec

CHOICE: Final = "design choice"
_READERS: Final = {
    "variables": "Answers also",
    "facts": "Facts",
    "rules": "Rules",
    "rows": "Rows of the class table",
    "tiers": "Tiers",
    "consider": "Patterns",
    "levers": "Levers",
    "kinetics": "Times to calcification",
    "warnings": "Warnings",
}


def entry_of(whole: Whole, section: str, key: str, name: str) -> Spec:
    """Return the entry of a section that calls itself so."""
    found: Spec = next(entry for entry in whole.data[section] if entry[key] == name)
    return found


def part(title: str, statements: Iterable[Statement], *, many: bool = False) -> tuple[Part, ...]:
    """Return the part, or nothing when there is nothing to say."""
    said = tuple(statements)
    return (Part(title, said, many),) if said else ()


def plain(*texts: str | None, name: str | None = None) -> tuple[Statement, ...]:
    """Return statements that only describe, and so need no source."""
    return tuple(Statement(text, name) for text in texts if text)


def sourced(text: str, entry: Mapping[str, Any], name: str | None = None) -> Statement:
    """Return a statement with the sources of an entry, marked where the entry is our own choice."""
    mark = CHOICE if entry.get("basis") == "design-choice" else None
    return Statement(text, name, citations(entry.get("where") or ()), mark)


def basis(entry: Mapping[str, Any]) -> tuple[Part, ...]:
    """Say what an entry rests on where it is our own choice."""
    why = entry.get("why")
    if entry.get("basis") != "design-choice" or not why:
        return ()
    return part("Basis", [Statement(str(why), None, citations(entry.get("where") or ()), CHOICE)])


def against(whole: Whole, entry: Mapping[str, Any]) -> tuple[Part, ...]:
    """Say what argues against an entry, in the words of the sources."""
    cited = citations(entry.get("against") or ())
    return part("Contested", (Statement(whole.data["references"][each.id]["claim"], None, (each,)) for each in cited))


def number(whole: Whole, name: str, spec: Spec) -> Statement:
    """Return a parameter with its value, unit and source."""
    written = f"{Typography(whole).number(spec)}{_as_printed(whole, spec)}"
    mark = CHOICE if spec.get("basis") == "design-choice" else None
    text = f"{written} ({spec['why']})" if spec.get("why") else written
    return Statement(text, name, citations(spec["where"]), mark, spec["value"], spec.get("unit"))


def _as_printed(whole: Whole, spec: Spec) -> str:
    """Give the number as its source prints it, where that is in another unit."""
    for cited in spec["where"]:
        for value in whole.data["references"][cited["source"]]["values"]:
            if _is_meant(value, cited["at"]) and value["unit"] not in {None, "1", "ratio", spec.get("unit")}:
                return f" (in the source {value['value']:g} {printed.unit(value['unit'])})"
    return ""


def _is_meant(value: Any, at: str) -> bool:  # noqa: ANN401  # as the evidence review wrote it
    named = isinstance(value, dict) and value["name"] == at.removeprefix("value: ")
    return named and isinstance(value.get("value"), int | float)


def behind(whole: Whole, own: Mapping[str, Spec], *texts: str) -> tuple[Part, ...]:
    """Return the facts that expressions name, every number in either, and the names of the facts further down."""
    numbers: dict[str, Spec] = {**whole.data["parameters"], **own}
    direct = [name for name in whole.named(*texts) if name in whole.facts]
    formulas = [whole.facts[name]["formula"] for name in direct]
    for name in direct:
        numbers |= whole.facts[name]["parameters"]
    deeper = [name for name in whole.behind(*texts) if name in whole.facts and name not in direct]
    counted = (number(whole, name, numbers[name]) for name in whole.named(*texts, *formulas) if name in numbers)
    return (
        *part("Where", [_where(whole, name) for name in direct]),
        *part("Numbers", counted),
        *part("Further down", plain(", ".join(deeper), name="facts"), many=True),
    )


def _where(whole: Whole, name: str) -> Statement:
    fact = whole.facts[name]
    return sourced(f"{fact['label']}: {Typography(whole, fact['parameters']).condition(fact['formula'])}", fact, name)


def readers(whole: Whole, *names: str) -> tuple[Part, ...]:
    """Say what reads these names, itself or through facts."""
    return part("Read by", _readers(whole.read_by(*names)), many=True)


def _readers(found: Mapping[str, list[str]]) -> Iterator[Statement]:
    for section, names in found.items():
        yield Statement(", ".join(names), _READERS.get(section, section))
