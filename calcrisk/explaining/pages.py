"""A page for each kind of thing in a rulebook: what it is, why it matters, the numbers, the sources, who disagrees."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from calcrisk import printed
from calcrisk.entry import Part, Statement
from calcrisk.explaining.beside import from_panels, latency, lever, spoken
from calcrisk.explaining.parts import CHOICE, against, basis, behind, entry_of, number, part, plain, readers, sourced
from calcrisk.explaining.typography import Typography
from calcrisk.explaining.whole import citations
from calcrisk.rules.entries import entry_name
from calcrisk.rules.modifiable import by_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calcrisk.explaining.naming import Named
    from calcrisk.explaining.whole import Whole
    from calcrisk.rules.program import Spec

Parts = tuple[Part, ...]
_KINDS: Final = {"number": "a number", "yesno": "yes or no", "choice": "one of"}
_ASKED: Final = {
    "core": "always asked; silence is an open question",
    "volunteered": "never asked; silence is taken for absence, and that is said",
}


def parts_of(whole: Whole, named: Named) -> Parts:
    """Return what a page says of one thing."""
    if named.owner:
        return _own_parameter(whole, named)
    page = _PAGES.get(named.section)
    return page(whole, named.name) if page else _anything(whole, named.section, named.name)


# ---- what is known of a patient -----------------------------------------------------------------------------------


def _input(whole: Whole, name: str) -> Parts:
    entry = whole.inputs[name]
    ask = entry["ask"]
    asked = _ASKED[ask] if isinstance(ask, str) else f"asked while {Typography(whole).condition(ask['when'])}"
    said = {
        None: entry["means"],
        "counts": entry.get("counts"),
        "does not count": entry.get("excludes"),
        "stated as": _stated_as(entry),
        "limits": _limits(entry),
        "silence": asked,
        "also written": ", ".join(entry.get("synonyms") or ()),
    }
    computed = whole.facts.get(name)
    return (
        *part("What it is", [sourced(text, entry, key) for key, text in said.items() if text]),
        *basis(entry),
        *(() if entry.get("basis") == "design-choice" else part("Rests on", _claims(whole, entry))),
        *(_computed(whole, computed) if computed else ()),
        *from_panels(whole, name),
        *readers(whole, name),
        *part("In a goal of what-if", _moved_by_a_goal(whole, name)),
    )


def _moved_by_a_goal(whole: Whole, name: str) -> Iterator[Statement]:
    entry = by_input(whole.data, whole.data["modifiable"]).get(name)
    if entry is not None:
        yield Statement(f"{'may be moved' if entry['modifiable'] else 'never moved'}. {entry['why']}", None, (), CHOICE)


def _stated_as(entry: Spec) -> str:
    words = entry.get("values") or ()
    units = [printed.unit(unit) for unit in (entry.get("unit"), *entry.get("units", {})) if unit]
    factors = ", ".join(
        f"1 {printed.unit(unit)} is {factor:g} {printed.unit(entry['unit'])}"
        for unit, factor in (entry.get("units") or {}).items()
        if factor != 1
    )
    text = f"{_KINDS[entry['kind']]} {', '.join(words)}".strip() if words else _KINDS[entry["kind"]]
    return f"{text} in {' or '.join(units)}{f' ({factors})' if factors else ''}" if units else text


def _limits(entry: Spec) -> str:
    pairs = (("refused outside", entry.get("hard")), ("unusual outside", entry.get("plausible")))
    return "; ".join(f"{what} {pair[0]:g} to {pair[1]:g}" for what, pair in pairs if pair)


def _claims(whole: Whole, entry: Mapping[str, Any]) -> Iterator[Statement]:
    for each in citations(entry.get("where") or ()):
        yield Statement(whole.data["references"][each.id]["claim"], None, (each,))


def _fact(whole: Whole, name: str) -> Parts:
    return (*_computed(whole, whole.facts[name]), *readers(whole, name))


def _computed(whole: Whole, entry: Spec) -> Parts:
    type_ = Typography(whole, entry["parameters"])
    unit = printed.unit(entry["unit"]) if entry.get("unit") else None
    valid = entry["valid_when"]
    said = [
        sourced(type_.condition(entry["formula"]), entry, "is"),
        *plain(f"unknown unless {type_.condition(valid)}" if valid else None, unit and f"in {unit}"),
        *plain("for display alone: no rule may read it" if entry["display_only"] else None),
    ]
    texts = [entry["formula"], *([valid] if valid else [])]
    return (
        *part("How it follows", said),
        *behind(whole, entry["parameters"], *texts),
        *basis(entry),
        *against(whole, entry),
    )


# ---- what is held to be true --------------------------------------------------------------------------------------


def _rule(whole: Whole, name: str) -> Parts:
    entry = entry_of(whole, "rules", "id", name)
    type_ = Typography(whole, entry["parameters"])
    level = Statement(f"{whole.label(entry['mechanism'])} to {entry['level']}", "raises", (), f"{CHOICE}: the level")
    return (
        *part("What it says", [sourced(type_.sentence(entry["because"]), entry)]),
        *part("When", [*plain(type_.condition(entry["when"])), level, *_covered(entry)]),
        *behind(whole, entry["parameters"], entry["when"], entry["because"]),
        *part("For whom", [sourced(entry["applies_when"], {"where": entry["where"]})]),
        *part("Limits", [sourced(text, {"where": entry["where"]}) for text in entry["limits"]]),
        *basis(entry),
        *against(whole, entry),
    )


def _covered(entry: Spec) -> tuple[Statement, ...]:
    stronger = ", ".join(entry.get("covered_by") or ())
    return plain(f"not shown beside {stronger}, which says more" if stronger else None)


def _row(whole: Whole, name: str) -> Parts:
    entry = entry_of(whole, "rows", "id", name)
    type_ = Typography(whole)
    place = [row["id"] for row in whole.data["rows"]].index(name) + 1
    clauses = (_clause(clause, entry, type_) for clause in entry["clauses"])
    label = whole.data["classes"][entry["class"]]["label"]
    answer = f"row {place} of {len(whole.data['rows'])} of the class table; the first that holds answers: {label}"
    return (
        *part("What it says", [sourced(type_.sentence(entry["say"]), entry), *clauses]),
        *part("When", plain(type_.condition(entry["when"]), answer)),
        *behind(whole, {}, entry["when"]),
        *basis(entry),
        *against(whole, entry),
    )


def _clause(clause: Mapping[str, Any], row: Mapping[str, Any], type_: Typography) -> Statement:
    when = f"when {type_.condition(str(clause['when']))}"
    return sourced(type_.sentence(clause["say"]), clause if clause.get("where") else row, when)


# ---- how answers are ordered --------------------------------------------------------------------------------------


def _class(whole: Whole, name: str) -> Parts:
    entry, type_ = whole.data["classes"][name], Typography(whole)
    rows = [(at, row) for at, row in enumerate(whole.data["rows"], 1) if row["class"] == name]
    said = (
        Statement(f"{type_.condition(row['when'])} (row {at})", row["id"], citations(row["where"]), _mark(row))
        for at, row in rows
    )
    return (
        *part("What it is", [Statement(entry.get("means") or f"A class: {entry['label']}.", None, (), CHOICE)]),
        *part("Answers when", said),
        *part("Order", [Statement("The first row of the table that holds gives the class.", None, (), CHOICE)]),
    )


def _mark(entry: Mapping[str, Any]) -> str | None:
    return CHOICE if entry.get("basis") == "design-choice" else None


def _mechanism(whole: Whole, name: str) -> Parts:
    entry = whole.mechanisms[name]
    rules = [rule for rule in whole.data["rules"] if rule["mechanism"] == name]
    raised = (
        Statement(", ".join(rule["id"] for rule in rules if rule["level"] == level), level)
        for level in reversed(whole.data["levels"])
        if any(rule["level"] == level for rule in rules)
    )
    how = f"Each of {len(rules)} rules raises it when it holds; the highest level counts, and nothing lowers it."
    return (
        *part("The question", [Statement(entry["question"] or entry["label"], None, (), CHOICE)]),
        *part("How", [Statement(how, None, (), f"{CHOICE}: the levels")]),
        *part("Raised to", raised, many=True),
        *readers(whole, name),
    )


def _question(whole: Whole, name: str) -> Parts:
    table, type_ = whole.data["tiers"][name], Typography(whole)
    rows = (Statement(type_.condition(str(row["when"])), row["tier"].replace("_", " ")) for row in table["rows"])
    asked = ", ".join(table["assessed_by"])
    gate = table["withheld_when"]
    return (
        *part("Tier", rows),
        *part(
            "Assessed", plain(f"when one of these is stated: {asked}", gate and f"withheld when {whole.label(gate)}")
        ),
        *basis(table),
    )


def _level(whole: Whole, name: str) -> Parts:
    counts = Counter(rule["mechanism"] for rule in whole.data["rules"] if rule["level"] == name)
    where = "; ".join(f"{whole.label(mechanism)} {count}" for mechanism, count in counts.items())
    order = " < ".join(whole.data["levels"])
    said = Statement(f"A level of a mechanism: {order}. The highest rule that holds gives it.", None, (), CHOICE)
    return (*part("What it is", [said]), *part("Rules of this level", plain(where)))


def _tier(whole: Whole, name: str) -> Parts:
    type_ = Typography(whole)
    order = " < ".join(tier.replace("_", " ") for tier in whole.data["tier_names"])
    what = Statement(f"A tier of one of three questions: {order}. It is no probability.", None, (), CHOICE)
    rows = (
        Statement(type_.condition(str(row["when"])), table["label"])
        for table in whole.data["tiers"].values()
        for row in table["rows"]
        if row["tier"] == name
    )
    return (*part("What it is", [what]), *part("Given when", rows))


# ---- numbers, sources, words --------------------------------------------------------------------------------------


def _profile(whole: Whole, name: str) -> Parts:
    entry = whole.data["profiles"][name]
    in_use = "in use here" if name == whole.profile else None
    replaced = (number(whole, key, spec) for key, spec in entry["parameters"].items())
    return (
        *part("What it is", [_title_of(entry), *plain("the default" if entry["default"] else None, in_use)]),
        *part("Numbers it replaces", replaced),
    )


def _title_of(profile: Spec) -> Statement:
    where = [cited for spec in profile["parameters"].values() for cited in spec["where"]]
    return Statement(profile["title"], None, citations(where))


def _parameter(whole: Whole, name: str) -> Parts:
    spec = whole.data["parameters"][name]
    profiles = (
        number(whole, profile, entry["parameters"][name])
        for profile, entry in whole.data["profiles"].items()
        if name in entry["parameters"]
    )
    return (
        *part("Value", [number(whole, name, spec)]),
        *part("Rests on", _claims(whole, spec)),
        *part("In other profiles", profiles),
        *readers(whole, name),
    )


def _own_parameter(whole: Whole, named: Named) -> Parts:
    entries = whole.data[named.section]
    owner = next(entry for entry in entries if entry_name(entry) == named.owner)
    spec = owner["parameters"][named.name]
    return (
        *part("Value", [number(whole, named.name, spec)]),
        *part("Rests on", _claims(whole, spec)),
        *part("Read by", plain(named.owner)),
    )


def _evidence(whole: Whole, name: str) -> Parts:
    entry = whole.data["references"][name]
    standing = [
        Statement(entry["strength"], "strength"),
        Statement(entry["population"] or "not stated", "studied"),
        Statement(entry["use"] + ("" if entry["verified"] else ", not verified"), "may serve as"),
        *plain(entry["added"], name="added"),
    ]
    itself = citations([{"source": name, "at": "claim"}])
    return (
        *part("What it says", [Statement(entry["claim"], None, itself)]),
        *part("Values", (_value(value) for value in entry["values"])),
        *part("Standing", standing),
        *part("Notes", plain(entry["notes"])),
        *part("Carries", _citing(whole, name, "where"), many=True),
        *part("Argues against", _citing(whole, name, "against"), many=True),
    )


def said_of(whole: Whole, name: str) -> dict[str, tuple[Statement, ...]]:
    """Return what is said of a source, by the titles of its page; nothing under a title that it lacks."""
    said = {each.title: each.statements for each in _evidence(whole, name)}
    return {title: said.get(title, ()) for title in ("Values", "Carries", "Argues against")}


def _value(value: Any) -> Statement:  # noqa: ANN401  # as the evidence review wrote it
    if not isinstance(value, dict):
        return Statement(str(value))
    given = value.get("value")
    ends = f"{value['low']:g} to {value['high']:g}" if "low" in value else _figure(given)
    unit = printed.unit(value["unit"]) if value.get("unit") not in (None, "1") else ""
    interval = value.get("ci95")
    spread = f" (95 % interval {interval[0]:g} to {interval[1]:g})" if interval else ""
    text = " ".join(word for word in (value.get("op"), ends, unit) if word)
    exact = float(given) if isinstance(given, int | float) else None
    return Statement(f"{text}{spread}", value["name"], (), None, exact, value.get("unit"))


def _figure(given: Any) -> str:  # noqa: ANN401  # as the evidence review wrote it
    if isinstance(given, list):
        return ", ".join(map(_figure, given))
    return f"{given:.6g}" if isinstance(given, int | float) else str(given)


def _citing(whole: Whole, source: str, role: str) -> Iterator[Statement]:
    found: dict[str, dict[str, None]] = {}
    for section, name, entry in whole.entries():
        if any(each["source"] == source for each in entry.get(role) or ()):
            found.setdefault(section, {})[name] = None
    for section, names in found.items():
        yield Statement(", ".join(names), section)


def _term(whole: Whole, name: str) -> Parts:
    entry = entry_of(whole, "terms", "id", name)
    known = [each for each in entry["see"] if each in whole.inputs or each in whole.facts]
    namesakes = [each for each in known if each.replace("_", "-") == name]
    names = namesakes or known  # what reads the calcium beside the product would hide what reads the product
    titles = (("What it is", "what"), ("Why it matters", "matters"), ("Numbers", "numbers"), ("Contested", "contested"))
    said = (part(title, map(_said, entry[key])) for title, key in titles)
    return (*(each for parts in said for each in parts), *(readers(whole, *names) if names else ()))


def _said(statement: Mapping[str, Any]) -> Statement:
    who = statement.get("unconfirmed")
    return Statement(statement["say"], None, citations(statement["where"]), f"unconfirmed: {who}" if who else None)


# of an entry that has no page of its own: what is said elsewhere on it, or is no text
_NO_TEXT: Final = frozenset(
    {"id", "name", "pattern", "code", "title", "label", "when", "unless", "basis", "why", "where", "file"}
)
_NO_TEXT_EITHER: Final = frozenset({"against", "parameters", "cases", "aliases", "see"})


def _anything(whole: Whole, section: str, name: str) -> Parts:
    """Return the page of an entry of a section that has no page of its own yet: its texts, numbers and sources."""
    entry: Any = next(each for found, key, each in whole.entries() if (found, key) == (section, name))
    own = entry.get("parameters") or {}
    type_ = Typography(whole, own)
    when = [str(entry["when"])] if entry.get("when") else []
    texts = {key: value for key, value in entry.items() if key not in _NO_TEXT | _NO_TEXT_EITHER}
    said = (statement for key, value in texts.items() for statement in _texts(whole, entry, key, value))
    return (
        *part("What it says", (each._replace(text=type_.sentence(each.text)) for each in said)),
        *part("When", plain(*map(type_.condition, when), *_unless(whole, entry))),
        *behind(whole, own, *when),
        *basis(entry),
        *against(whole, entry),
    )


def _unless(whole: Whole, entry: Spec) -> tuple[str, ...]:
    return (f"no set point is told in {whole.label(entry['unless'])}",) if entry.get("unless") else ()


def _texts(whole: Whole, entry: Spec, key: str, value: Any) -> Iterator[Statement]:  # noqa: ANN401  # whatever stands there
    """Say a field: a text, a number with its unit, or a list of either; what has its own source keeps it."""
    if isinstance(value, list):
        for each in value:
            yield from _texts(whole, entry, key, each)
    elif isinstance(value, dict) and "value" in value and "where" in value:
        yield number(whole, key, value)
    elif isinstance(value, dict):
        text = next((value[word] for word in ("say", "text", "claim") if value.get(word)), None)
        yield from () if text is None else [sourced(text, value if value.get("where") else entry, key)]
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield sourced(value if isinstance(value, str) else f"{value:g}", entry, key)


_PAGES: Final[dict[str, Callable[[Whole, str], Parts]]] = {
    "terms": _term,
    "classes": _class,
    "mechanisms": _mechanism,
    "tiers": _question,
    "variables": _input,
    "facts": _fact,
    "rules": _rule,
    "consider": spoken("consider", "pattern"),
    "levers": lever,
    "kinetics": latency,
    "rows": _row,
    "warnings": spoken("warnings", "code"),
    "profiles": _profile,
    "parameters": _parameter,
    "levels": _level,
    "tier_names": _tier,
    "references": _evidence,
}
