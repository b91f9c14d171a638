"""What a what-if says, as sections of plain words that the terminal and a note lay out each in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.render import words
from calcrisk.scenario import NOT_ASSESSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.assessment import Assessment
    from calcrisk.grounds import Scalar
    from calcrisk.render.citations import Numbers
    from calcrisk.scenario import Difference, Evidence, Goal, Moved, Pair, Reached, Scenario, Shift

_HUNDRED = 100  # parts of a whole in per cent
_OBSTACLES = 5  # rules in the way that a page names
_MOVES = {
    ("met", True): "begins to hold",
    ("met", False): "ceases to hold",
    ("unknown", True): "becomes undecided",
    ("unknown", False): "is decided: does not hold",
}


class Item(NamedTuple):
    """One thing said, its first words strong, and what stands beneath it."""

    strong: str
    text: str = ""
    under: tuple[str, ...] = ()


class Section(NamedTuple):
    """Words under a title: rows of before and after, then items."""

    title: str
    rows: tuple[tuple[str, str, str], ...] = ()
    items: tuple[Item, ...] = ()


def sections(shown: Scenario, numbers: Numbers) -> Iterator[Section]:
    """Give all that is said but the plane, which each page draws for itself."""
    if items := tuple(Item(strong, text) for strong, text in above(shown.before)):
        yield Section("Of the patient as stated", items=items)
    if shown.difference is not None and shown.after is not None:
        yield from _changed(shown.before, shown.after, shown.difference)
    if shown.goal is not None:
        yield from _goal(shown.goal, numbers)


def above(told: Assessment) -> Iterator[tuple[str, str]]:
    """Give what stands above an answer wherever it goes: what must not wait, and what its product is no measure of."""
    yield from (("ALERT:", f"{each.title} (calcrisk assess says why).") for each in told.alerts)
    yield from (("Mind:", f"{caveat}.") for caveat in told.ca_p_product.caveats)


# ---- before and after ---------------------------------------------------------------------------------------------


def _changed(before: Assessment, after: Assessment, found: Difference) -> Iterator[Section]:
    rows = [_row(shift) for shift in found.inputs]
    yield Section("What if", tuple(rows), () if rows else (Item("Nothing is changed:", "every value is what it was."),))
    answer = [each for each in (found.classification, *found.tiers, *found.mechanisms, found.settled) if each]
    if not (answer or found.rules or found.facts):
        yield Section("What the rules say then", items=(Item("The same:", "no rule, class or tier differs."),))
    else:
        yield Section("What the rules say then", tuple(map(_row, answer)), tuple(_sentences(before, after, found)))
    if found.rules:
        yield Section("Rule by rule", items=tuple(map(_rule, found.rules)))
    if found.facts:
        yield Section("Facts", tuple(map(_row, found.facts)))
    if said := (*_questions(found), *_said(found), *_kept(found)):
        yield Section("Besides", items=said)


def _sentences(before: Assessment, after: Assessment, found: Difference) -> Iterator[Item]:
    if found.classification is None:
        yield Item("The class stays", f"{words.word(before.classification)}.")
    if before.conclusion.sentence != after.conclusion.sentence:
        yield Item("Before:", before.conclusion.sentence)
        yield Item("After:", after.conclusion.sentence)


def _row(shift: Shift) -> tuple[str, str, str]:
    return shift.label, _value(shift.before, shift.unit), _value(shift.after, shift.unit)


def _value(value: Scalar, unit: str | None) -> str:
    if isinstance(value, str):
        return f"{words.clean(words.word(value))} {words.unit(unit)}".rstrip()
    return words.quantity(value, unit)


def _rule(rule: Moved) -> Item:
    move = _MOVES.get((rule.after, True)) or _MOVES[rule.before, False]
    detail = f"{rule.title} ({words.word(rule.mechanism)}, {rule.level}; {rule.rule})"
    when = "" if rule.after == "met" or not rule.because else "Before: "
    return Item(f"{move}:", detail, (f"{when}{rule.because}",) if rule.because else ())


def _questions(found: Difference) -> Iterator[Item]:
    if found.opened:
        yield Item("No longer known:", words.listed([each.label for each in found.opened]) + ".")
    if found.closed:
        yield Item("No longer open:", words.listed([each.label for each in found.closed]) + ".")


def _said(found: Difference) -> Iterator[Item]:
    for way, those in (("is added:", found.begun), ("no longer said:", found.ceased)):
        yield from (Item(f"{_KINDS[each.kind]} {way}", each.text) for each in those)


_KINDS = {"alert": "Alert", "consider": "To consider", "warning": "Warning"}


def _kept(found: Difference) -> Iterator[Item]:
    for each in found.kept:
        yield Item(f"Asked, never proposed ({words.listed(each.labels)}):", each.why)


# ---- a goal -------------------------------------------------------------------------------------------------------


def _goal(goal: Goal, numbers: Numbers) -> Iterator[Section]:
    now = words.word(goal.now)
    title = f"What would make it {goal.label.lower()}: {_at_most(goal)}"
    if goal.reached:
        below = "" if goal.now == goal.wanted else f", below {words.word(goal.wanted)}"
        yield Section(title, items=(Item("Reached already:", f"on what is known it is {now}{below}."),))
        return
    yield Section(title, items=(Item("Today:", f"{now}, on what is known."), *map(_alone, goal.alone), *_none(goal)))
    if goal.pairs:
        yield Section("Two at once", items=tuple(map(_pair, goal.pairs)))
    if goal.obstacles:
        yield Section("What stands in the way", items=tuple(_obstacles(goal)))
    if goal.unmoved or goal.kept:
        yield Section("What is not changed", items=tuple(_unmoved(goal)))
    if goal.evidence:
        yield Section("Evidence for and against", items=tuple(_evidence(goal.evidence, numbers)))


def _at_most(goal: Goal) -> str:
    """Name what is wanted; of a tier, that whatever lies below it will do as well."""
    return f"{words.word(goal.wanted)}{' or lower' * (words.rank(goal.wanted, words.TIERS) > 0)}"


def _none(goal: Goal) -> Iterator[Item]:
    if not goal.alone and not goal.pairs and goal.now == NOT_ASSESSED:
        yield Item("Nothing to come down from:", "none of its questions was answered, so there is no tier.")
    elif not goal.alone and not goal.pairs:
        yield Item(
            "Nothing reaches it:", "no change of one or two modifiable inputs does, on the rules of this rulebook."
        )
    elif not goal.alone:
        yield Item("None reaches it alone;", "two at once do.")


def _alone(found: Reached) -> Item:
    unit = words.unit(found.unit)
    other = f" ({words.pretty(found.in_written_unit)})" if found.in_written_unit else ""
    size = f"{found.relative * _HUNDRED:+.0f} %".replace("-", "\N{MINUS SIGN}")
    text = f"{found.side} {found.text} {unit}{other}, all else as today; it is {words.number(found.now)} now ({size})."
    return Item(f"{found.label} to", text, tuple(_beneath(found)))


def _beneath(found: Reached) -> Iterator[str]:
    unit = words.unit(found.unit)
    yield f"The rules turn at {found.edge:.9g} {unit}."
    if not found.at_limit:
        end = "above" if found.until > found.edge else "below"
        yield f"Not without end: {end} {words.number(found.until)} {unit} it is lost again."
    if found.could_be:
        yield f"On what is known: open questions could still make it {words.word(found.could_be)}."
    ceased = [each.title for each in found.turns if each.before == "met"]
    begun = [each.title for each in found.turns if each.after == "met"]
    yield from (f"No longer holds: {'; '.join(ceased)}." for _ in ceased[:1])
    yield from (f"Begins to hold: {'; '.join(begun)}." for _ in begun[:1])
    yield from (f"Then true: {'; '.join(found.begins)}." for _ in found.begins[:1])
    if not found.plausible:
        yield "Outside what the rulebook calls plausible: read it as out of reach."


def _pair(found: Pair) -> Item:
    sides = [
        f"{label} {text} {words.unit(unit)}".rstrip()
        for label, text, unit in zip(found.labels, found.nearest.texts, found.units, strict=True)
    ]
    size = f"{found.nearest.relative * _HUNDRED:.1f} %"
    points = ", ".join(" and ".join(each.texts) for each in found.frontier[::2])
    text = "together: the point of smallest relative change (root of the sum of squares, "
    return Item(" with ".join(sides), f"{text}{size}).", (f"On the frontier, in the same order: {points}.",))


def _obstacles(goal: Goal) -> Iterator[Item]:
    for each in goal.obstacles[:_OBSTACLES]:
        yield Item(f"{each.title} ({each.level}):", each.because)
    if len(goal.obstacles) > _OBSTACLES:
        yield Item(
            "Further", f"{words.plural(len(goal.obstacles) - _OBSTACLES, 'rule')} hold wherever it was tried: --json."
        )


def _unmoved(goal: Goal) -> Iterator[Item]:
    for each in goal.unmoved:
        yield Item(f"{each.label}:", f"{each.why}.")
    for kept in goal.kept:
        yield Item(f"{words.listed(kept.labels)}:", f"{kept.why} (design choice)")


def _evidence(found: Iterable[Evidence], numbers: Numbers) -> Iterator[Item]:
    told: set[str] = set()
    for each in found:
        under = []
        for lever in each.levers:
            again = lever.lever in told
            under.append(
                f"{lever.title}: {lever.direction}{'; the studies stand above.' if again else f'. {lever.why}'}"
            )
            told.add(lever.lever)
            for study in () if again else lever.studies:
                marks = numbers.marks(study.evidence)
                under.append(f"{study.direction}: {study.sentence} ({study.strength}; {study.population}) {marks}")
        yield Item(
            f"{each.label}:", each.why, tuple(under) or ("No lever of this rulebook speaks of it for this patient.",)
        )
