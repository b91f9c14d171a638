"""Pages of what stands beside an answer: patterns, alerts, warnings, times to calcification, what could be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcrisk.entry import Part, Statement
from calcrisk.explaining.parts import CHOICE, against, basis, behind, entry_of, number, part, plain, sourced
from calcrisk.explaining.typography import Typography

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calcrisk.explaining.whole import Whole

Parts = tuple[Part, ...]
NO_CLAIM: Final = "of the program: no clinical claim"


def spoken(section: str, key: str) -> Callable[[Whole, str], Parts]:
    """Make the page of a pattern or a warning."""

    def page(whole: Whole, name: str) -> Parts:
        entry = entry_of(whole, section, key, name)
        type_ = Typography(whole, entry["parameters"])
        alert = "an alert: it stands above the class" if entry.get("alert") else None
        return (
            *part("What it says", [_told(type_.sentence(entry["say"]), entry)]),
            *part("Ask next", plain(entry.get("next"))),
            *part("When", plain(type_.condition(entry["when"]), alert)),
            *behind(whole, entry["parameters"], entry["when"], entry["say"]),
            *basis(entry),
            *against(whole, entry),
        )

    return page


def lever(whole: Whole, name: str) -> Parts:
    """Make the page of something that can be changed."""
    entry = entry_of(whole, "levers", "lever", name)
    return (
        *part("Sums up to", [Statement(f"{entry['direction']}. {entry['why']}", None, (), CHOICE)]),
        *part("What studies found", [sourced(study["say"], study, study["direction"]) for study in entry["studies"]]),
        *part("Shown when", plain(Typography(whole, entry["parameters"]).condition(entry["when"]))),
        *behind(whole, entry["parameters"], entry["when"]),
        *part("Stands for", plain("discussion: no rule, class or tier reads it, and nothing here advises")),
    )


def latency(whole: Whole, name: str) -> Parts:
    """Make the page of a time to calcification."""
    entry = entry_of(whole, "kinetics", "id", name)
    type_ = Typography(whole, entry["parameters"])
    bands = (
        sourced(f"{type_.sentence(band['say'])}{_begins(band)}", entry, band["status"].replace("_", " "))
        for band in entry["bands"]
    )
    claimed = entry["unconfirmed"]
    return (
        *part("Published", [sourced(entry["published"], entry)]),
        *part("Claimed", [Statement(claimed, None, (), "unconfirmed")] if claimed else ()),
        *part("By the time since", bands),
        *part("Said when", plain(type_.condition(entry["when"]), f"by the input {entry['onset']}; nothing is scored")),
        *behind(whole, entry["parameters"], entry["when"]),
        *basis(entry),
    )


def _begins(band: Mapping[str, Any]) -> str:
    return f" (from {band['from']} on)" if band["from"] else ""


def _told(text: str, entry: Mapping[str, Any]) -> Statement:
    said = sourced(text, entry)
    return said if said.evidence or said.mark else said._replace(mark=NO_CLAIM)


_MEASURES: Final = {
    "usable": "how many panels are usable for {of}",
    "at_or_above": "how many usable panels have {of} at or above {limit}",
    "repeated": "yes, when {of} is {side} {limit} on two usable panels far enough apart, whatever lies between",
    "sustained": "yes, when {of} is {side} {limit} on consecutive usable panels far enough apart",
    "fraction": "the share of the interpolated time with {of} at or above {limit}",
    "mean": "the mean of {of} over the interpolated time",
    "slope": "the slope of {of} by least squares, where the panels span the time it is told for",
    "age": "the days from the newest panel that is usable for {of} to the day spoken of",
}


def from_panels(whole: Whole, name: str) -> tuple[Part, ...]:
    """Say how dated panels fill an input, and by which numbers; nothing for an input that they do not fill."""
    entry = next((each for each in whole.data.get("history", ()) if each["input"] == name), None)
    if entry is None:
        return ()
    limit = whole.label(entry["limit"]) if entry["limit"] else ""
    side = "beyond" if entry["beyond"] else "at or above"
    text = _MEASURES[entry["measure"]].format(of=whole.label(entry["of"]), side=side, limit=limit)
    numbers = (number(whole, each, whole.data["parameters"][each]) for each in entry["uses"])
    why = (sourced(entry["why"], entry),) if entry["why"] else ()
    return part("From dated panels, unless stated by hand", (sourced(text, entry), *why, *numbers))
