"""What the pages share: statements of the sources, numbers, conditions, and what reads a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk.entry import Part, Statement
from calcrisk.explaining.typography import Typography
from calcrisk.explaining.whole import citations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.explaining.whole import Whole
    from calcrisk.rules.program import Spec

CHOICE: Final = "design choice"
_READERS: Final = {
    "facts": "Facts",
    "rules": "Rules",
    "rows": "Rows of the class table",
    "tiers": "Tiers",
    "consider": "Patterns",
    "warnings": "Warnings",
}


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
    return part("Basis", [Statement(str(why), CHOICE, citations(entry.get("where") or ()))])


def against(whole: Whole, entry: Mapping[str, Any]) -> tuple[Part, ...]:
    """Say what argues against an entry, in the words of the sources."""
    cited = citations(entry.get("against") or ())
    return part("Contested", (Statement(whole.data["references"][each.id]["claim"], None, (each,)) for each in cited))


def number(whole: Whole, name: str, spec: Spec) -> Statement:
    """Return a parameter with its value, unit and source."""
    written = Typography(whole).number(spec)
    mark = CHOICE if spec.get("basis") == "design-choice" else None
    text = f"{written} ({spec['why']})" if spec.get("why") else written
    return Statement(text, name, citations(spec["where"]), mark, spec["value"], spec.get("unit"))


def behind(whole: Whole, own: Mapping[str, Spec], *texts: str) -> tuple[Part, ...]:
    """Return the facts that expressions read, to the bottom, and every number in them."""
    numbers: dict[str, Spec] = {**whole.data["parameters"], **own}
    facts, found = [], []
    for name in whole.behind(*texts):
        if name in numbers:
            found.append(number(whole, name, numbers[name]))
        elif name in whole.facts:
            fact = whole.facts[name]
            numbers |= fact["parameters"]
            written = Typography(whole, fact["parameters"]).condition(fact["formula"])
            facts.append(sourced(f"{fact['label']}: {written}", fact, name))
    return (*part("Where", facts), *part("Numbers", found))


def readers(whole: Whole, *names: str) -> tuple[Part, ...]:
    """Say what reads these names, itself or through facts."""
    return part("Read by", _readers(whole.read_by(*names)), many=True)


def _readers(found: Mapping[str, list[str]]) -> Iterator[Statement]:
    for section, names in found.items():
        yield Statement(", ".join(names), _READERS.get(section, section))
