"""Two assessments of one patient set against each other: only what differs, rule by rule."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from calcrisk.scenario import NOT_ASSESSED, Difference, Moved, Open, Said, Shift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calcrisk.assessment import Assessment, Fact, Input, Mechanism, TierRange

_TIERS: Final = ("metastatic", "dystrophic", "vascular")


def difference(before: Assessment, after: Assessment) -> Difference:
    """Return what differs between two assessments that hold every rule (``every_rule``)."""
    one, two = before, after
    return Difference(
        inputs=tuple(_known(one.inputs, two.inputs)),
        classification=_shift("classification", "Class", one.classification, two.classification),
        settled=_shift("settled", "Settled", one.settled, two.settled),
        tiers=tuple(_tiers(one, two)),
        mechanisms=tuple(_mechanisms(one.mechanisms, two.mechanisms)),
        rules=tuple(moved(one, two)),
        facts=tuple(_known(one.facts, two.facts)),
        opened=tuple(_questions(two, one)),
        closed=tuple(_questions(one, two)),
        begun=tuple(_only(two, one)),
        ceased=tuple(_only(one, two)),
    )


def moved(before: Assessment, after: Assessment) -> Iterator[Moved]:
    """Give the rules whose answer differs, those that begin to hold first, then those that cease, then the open."""
    was = {finding.rule: finding for finding in before.findings}
    found = []
    for finding in after.findings:
        earlier = was[finding.rule]
        if earlier.status != finding.status:
            because = finding.because if finding.status == "met" else earlier.because
            met = "met" in (finding.status, earlier.status)
            found.append(
                Moved(
                    finding.rule,
                    finding.title,
                    finding.mechanism,
                    finding.level,
                    earlier.status,
                    finding.status,
                    because if met else "",
                )
            )
    yield from sorted(found, key=lambda each: (each.after != "met", each.before != "met"))


def _shift(name: str, label: str, before: str | bool, after: str | bool) -> Shift | None:  # noqa: FBT001  # a value of any kind
    return None if before == after else Shift(name, label, before, after)


def _tiers(one: Assessment, two: Assessment) -> Iterator[Shift]:
    for name in _TIERS:
        before, after = getattr(one.risk, name), getattr(two.risk, name)
        if (said := _tier(before)) != (says := _tier(after)):
            yield Shift(name, before.label, said, says)


def _tier(told: TierRange) -> str:
    return _range(told.tier, told.lowest, told.highest) if told.assessed and told.tier else NOT_ASSESSED


def _range(at: str, lowest: str | None, highest: str | None) -> str:
    if lowest == highest == at:
        return at
    return f"{at} to {highest}" if at == lowest else f"{at} ({lowest} to {highest})"


def _mechanisms(one: Mapping[str, Mechanism], two: Mapping[str, Mechanism]) -> Iterator[Shift]:
    for name, before in one.items():
        after = two[name]
        said, says = (_range(each.level, each.lowest, each.highest) for each in (before, after))
        if said != says:
            yield Shift(name, before.label, said, says)


def _known(one: Mapping[str, Input | Fact], two: Mapping[str, Input | Fact]) -> Iterator[Shift]:
    for name in dict.fromkeys((*one, *two)):
        before, after = one.get(name), two.get(name)
        if _ends(before) != _ends(after):
            either = before or after
            if either is not None:
                yield Shift(name, either.label, _value(before), _value(after), either.unit)


def _ends(known: Input | Fact | None) -> tuple[object, ...] | None:
    return None if known is None else (known.value, known.lowest, known.highest)


def _value(known: Input | Fact | None) -> str | float | bool | None:
    if known is None:
        return None
    if known.value is not None:
        return known.value
    if known.lowest is None and known.highest is None:
        return None
    if known.highest is None:
        return f"at least {_end(known.lowest)}"
    low = "at most" if known.lowest is None else f"{_end(known.lowest)} to"
    return f"{low} {_end(known.highest)}"


def _end(end: object) -> str:
    return f"{end:g}" if isinstance(end, float) else str(end)


def _questions(one: Assessment, two: Assessment) -> Iterator[Open]:
    """Give what is missing in the first only."""
    others = {each.input for each in two.missing}
    for each in one.missing:
        if each.input not in others:
            yield Open(each.input, each.label, each.decisive)


def _only(one: Assessment, two: Assessment) -> Iterator[Said]:
    """Give what is said in the first only."""
    others = {(each.kind, each.name) for each in _all_said(two)}
    yield from (each for each in _all_said(one) if (each.kind, each.name) not in others)


def _all_said(told: Assessment) -> Iterable[Said]:
    return chain(
        (Said("alert", each.pattern, each.title) for each in told.alerts),
        (Said("consider", each.pattern, each.title) for each in told.consider),
        (Said("warning", each.code, each.message) for each in told.warnings),
    )
