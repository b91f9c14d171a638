"""``calcrisk explain``: anything a rulebook names, as a page for a clinician."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.entry import Entry, Other
from calcrisk.explaining.naming import SECTIONS, Index, Named
from calcrisk.explaining.pages import parts_of
from calcrisk.explaining.whole import Whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcrisk.rules.rulebook import Rulebook

__all__ = ["SECTIONS", "Explainer"]


class Explainer:
    """Explains what one rulebook holds."""

    def __init__(self, book: Rulebook) -> None:
        """Take a rulebook with its profile."""
        self.whole = Whole(book)
        self.index = Index(self.whole.data)

    def explain(self, name: str) -> Entry:
        """Return the page of what a name means, and what else it may mean; raises ``UsageError`` when nothing does."""
        first, *others = self.index.find(name)
        inputs = {each.name for each in (first, *others) if each.kind == "input"}
        # an input that is computed where it is not stated has one page
        return self._page(first, [each for each in others if each.kind != "fact" or each.name not in inputs])

    def entry(self, section: str, name: str) -> Entry | None:
        """Return the page of what has this very name in a section."""
        named = self.index.exactly(section, name)
        return self._page(named, ()) if named else None

    def _page(self, named: Named, others: Iterable[Named]) -> Entry:
        parts = parts_of(self.whole, named)
        cited = dict.fromkeys(each.id for part in parts for said in part.statements for each in said.evidence)
        return Entry(
            kind=named.kind,
            name=named.name,
            title=named.title,
            file=self.whole.file(named.section, named.owner or named.name),
            parts=parts,
            references={source: self.whole.reference(source) for source in cited},
            also=tuple(_other(each) for each in others),
            see=tuple(self._see(named)),
        )

    def _see(self, named: Named) -> Iterable[Other]:
        if named.section != "terms":
            return
        entry = next(each for each in self.whole.data["terms"] if each["id"] == named.name)
        for name in entry["see"]:
            if found := self.index.other(name, than=named):
                yield _other(found)


def _other(named: Named) -> Other:
    asked = named.owner or named.kind
    return Other(named.kind, f"{asked}:{named.name}" if named.owner else named.name, named.title)
