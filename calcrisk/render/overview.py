"""Many patients on one page: those at the highest risk first, the refused, then how many there are of each kind.

Takes one line a patient and keeps no more of them than are listed, so that a page costs the same for any number.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from calcrisk.assessment import Refused
from calcrisk.render import words
from calcrisk.render.layout import ASCII, Page, cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console, JustifyMethod, RenderableType
    from rich.table import Table
    from rich.text import Text

    from calcrisk.assessment import Assessment, TierRange

_ROOMY = 100  # columns from which there is room for air between the columns, and for how much is open
_WIDE = 140  # columns from which there is also room for where a patient was read
_ALERT, _OPEN, _HIGHER, _REACHED, _NONE = "!", "?", "+", "≥", "–"
_MEANS = {
    _ALERT: "an alert: read it first",
    _REACHED: "at or above the threshold",
    _OPEN: "open: it could be another class, or the other side of the threshold",
    _HIGHER: "could be higher: an answer is missing",
    _NONE: "not assessed, or not known",
}
_STRIKING = ("bold red", "bold")  # the highest tier, and the one below
_ALERT_COLUMN = ""
_NAME = 14  # columns that a name has at least
_PRODUCT = f">{words.PRODUCT}  "  # as the title of a column
_IDS = 2**18  # ids that are remembered, some 20 MB: beyond them a page costs the same for any number
_LONGEST = 100  # characters of an id that a page shows; every other form has it whole
_LINES = (".ndjson", ".jsonl", "<stdin>")  # what holds one patient a line
_FOLDED = ("Patient", "Read from", "Refused", "Why")


class Scale(NamedTuple):
    """The words of a rulebook that patients are sorted by: tiers from the lowest, classes from the first."""

    tiers: Sequence[str]
    classes: Sequence[str]

    def rank(self, part: TierRange) -> int:
        """Give the rank of a tier; -1, below all others, when it was not assessed."""
        return self.tiers.index(part.tier) if part.tier in self.tiers else -1

    def place(self, name: str) -> int:
        """Give the place of a class."""
        return self.classes.index(name) if name in self.classes else len(self.classes)


class Line(NamedTuple):
    """One scored patient, as far as an overview shows it; ``order`` sorts alerts and the highest risk first."""

    order: tuple[int, ...]
    id: str | None
    source: str
    classification: str
    tiers: tuple[str, ...]
    ranks: tuple[int, ...]
    product: str
    open: int
    certain: bool
    alert: bool


class RefusedLine(NamedTuple):
    """One refused patient: where its first error lies and what it is, and how many there are."""

    id: str | None
    position: str
    error: str
    errors: int


def line(outcome: Assessment | Refused, scale: Scale, *, is_row: bool = False) -> Line | RefusedLine:
    """Make the line of one patient; ``is_row`` says that it is a row of a table."""
    if isinstance(outcome, Refused):
        first = outcome.errors[0]
        position = ":".join(str(part) for part in (outcome.source, first["line"]) if part)
        position = _row(position, outcome.index) if is_row else position
        error = " ".join(str(part) for part in (first["path"], f"({first['code']})") if part)
        return RefusedLine(outcome.patient.id, position, error, len(outcome.errors))
    parts = tuple(vars(outcome.risk).values())
    ranks = tuple(map(scale.rank, parts))
    return Line(
        order=(not outcome.alerts, *(-rank for rank in ranks), scale.place(outcome.classification)),
        id=outcome.patient.id,
        source=_row(outcome.source or "", outcome.index) if is_row else _position(outcome),
        classification=outcome.classification,
        tiers=tuple(map(_tier, parts)),
        ranks=ranks,
        product=_product(outcome),
        open=sum(part.decisive for part in outcome.missing),
        certain=len(outcome.possible_classifications) == 1,
        alert=bool(outcome.alerts),
    )


def _row(source: str, index: int | None) -> str:
    """Say where a row stands as its messages do: rows count from 1, beneath the header."""
    return f"{source}: row {(index or 0) + 1}"


def _position(answer: Assessment) -> str:
    """Say where a patient was read: file and line for one patient a line, else the file and its place in there."""
    source = answer.source or ""
    if source.lower().endswith(_LINES) and answer.inputs:
        return next(iter(answer.inputs.values())).origin  # every input of a line stands in that line
    return f"{source}[{answer.index}]" if answer.index else source


def _tier(part: TierRange) -> str:
    if not part.assessed or part.tier is None:
        return _NONE
    return words.word(part.tier) + (_HIGHER if part.highest != part.tier else "")


def _product(answer: Assessment) -> str:
    shown = answer.ca_p_product
    if shown.value is None:
        return f"{_NONE}  "
    reached = _REACHED if not shown.caveats else " "  # a limit that is not this patient's must not alarm
    mark = _OPEN if shown.at_or_above is None else reached if shown.at_or_above else " "
    return f"{words.beside_limit(shown.value, shown.threshold, 1)} {mark}"


class Overview:
    """Collects lines and prints the page.

    ``labels`` are those of the three questions, ``top`` is the number of patients listed (0 for all), ``footer`` what
    stands beneath the tiers wherever they go.
    """

    def __init__(self, scale: Scale, labels: Sequence[str], footer: Sequence[str], top: int) -> None:
        self._scale, self._labels, self._footer, self._top = scale, labels, footer, top
        self._worst: list[tuple[tuple[int, ...], Line]] = []  # a heap: the least urgent of those listed comes first
        self._told: list[RefusedLine] = []
        self._classes: Counter[str] = Counter()
        self._tiers: Counter[tuple[int, int]] = Counter()  # of a question and a rank
        self._scored = self._refused = self._seen = 0
        self._ids, self._repeated = set[int](), set[int]()
        self._forgetful = False
        self._counted: int | None = None  # ids that stand more than once, where they were counted elsewhere

    def add(self, lines: Iterable[Line | RefusedLine]) -> None:
        """Count every line, and keep those that will be listed; of equals, the earlier."""
        for each in lines:
            self._remember(each.id)
            if isinstance(each, Line):
                self.count(each.classification, each.ranks, 1)
                self._keep(each)
            else:
                self._refused += 1
                if not self._top or self._refused <= self._top:
                    self._told.append(each)

    def count(self, classification: str, ranks: Iterable[int], patients: int) -> None:
        """Count so many scored patients of one class and the same tiers, without listing them."""
        self._scored += patients
        self._classes[classification] += patients
        for question, rank in enumerate(ranks):
            self._tiers[question, rank] += patients

    def keep(self, lines: Iterable[Line | RefusedLine]) -> None:
        """Keep lines that were counted already, where they belong to those that will be listed."""
        for each in lines:
            if isinstance(each, Line):
                self._keep(each)

    def count_repeated(self, ids: int) -> None:
        """Say that so many ids stand more than once: not every line comes by here."""
        self._counted = ids

    def _remember(self, patient: str | None) -> None:
        """Take note of ids that stand more than once."""
        if patient is None:
            return
        number = hash(patient)
        if number in self._ids:
            self._repeated.add(number)
        elif len(self._ids) < _IDS:
            self._ids.add(number)
        else:
            self._forgetful = True

    def _keep(self, one: Line) -> None:
        self._seen += 1
        entry = (tuple(-part for part in (*one.order, self._seen)), one)
        if self._top and len(self._worst) >= self._top:
            heapq.heappushpop(self._worst, entry)
        else:
            heapq.heappush(self._worst, entry)

    # ---- the page ---------------------------------------------------------------------------------------------------

    def print_to(self, console: Console) -> None:
        """Print the page, as wide as the console and no wider."""
        page = _Sheet(Page(console.width, console.encoding, ASCII))
        for part in self._parts(page):
            console.print(part, markup=False, highlight=False)

    def _parts(self, page: _Sheet) -> Iterator[RenderableType]:
        if self._worst:
            listed = [one for _, one in sorted(self._worst, reverse=True)]
            columns = self._columns(page, listed)
            yield self._patients(page, columns, listed)
            yield from self._beneath(page, listed, columns)
            yield ""
        if self._told:
            yield self._why_refused(page)
            if more := self._refused - len(self._told):
                yield page.text(f"and {more:,} more", "dim")
            yield ""
        if self._twice:
            yield page.text(self._said_of_ids())
            yield ""
        if self._scored:
            yield self._counts(page)
            yield page.text(f"Classes: {self._of_classes()}")
            yield ""
            yield from (page.text(words.pretty(each), "dim") for each in self._footer)

    def _columns(self, page: _Sheet, listed: list[Line]) -> dict[str, list[str]]:
        """Return the columns that have room, whole; the product is the first to go."""
        columns = {
            _ALERT_COLUMN: [_ALERT * one.alert for one in listed],
            "Patient": [self._name(one) for one in listed],
        }
        if page.width >= _WIDE:
            columns["Read from"] = [one.source for one in listed]
        columns["Class"] = [f"{words.word(one.classification)} {_OPEN * (not one.certain)}".rstrip() for one in listed]
        columns |= {label: [one.tiers[at] for one in listed] for at, label in enumerate(self._labels)}
        columns[_PRODUCT] = [one.product for one in listed]
        if page.width >= _ROOMY:
            columns[">Open"] = [str(one.open or "") for one in listed]
        if not page.holds(columns):
            del columns[_PRODUCT]
        return columns

    def _patients(self, page: _Sheet, columns: dict[str, list[str]], listed: list[Line]) -> Table:
        table = page.table(*columns, whole=page.holds(columns))
        styles = {label: [self._style(one.ranks[at]) for one in listed] for at, label in enumerate(self._labels)}
        styles |= {_ALERT_COLUMN: ["bold red"] * len(listed), "Patient": ["bold" * one.alert for one in listed]}
        plain = [""] * len(listed)
        for row in range(len(listed)):
            table.add_row(*(page.text(cells[row], styles.get(name, plain)[row]) for name, cells in columns.items()))
        return table

    def _name(self, one: Line) -> str:
        if one.id is None:
            return one.source
        name = _cut(one.id)
        may_stand_twice = self._counted or hash(one.id) in self._repeated
        return f"{name} ({one.source})" if may_stand_twice and one.source else name

    def _style(self, rank: int) -> str:
        below = len(self._scale.tiers) - 1 - rank
        return _STRIKING[below] if below < len(_STRIKING) else ""

    def _beneath(self, page: _Sheet, listed: list[Line], columns: dict[str, list[str]]) -> Iterator[Text]:
        """Say how many are not listed, and what the signs mean that were used."""
        if len(listed) < self._scored:
            yield page.text(f"the {len(listed):,} at the highest risk, of {self._scored:,}", "dim")
        if _PRODUCT not in columns:
            yield page.text(f"{words.PRODUCT} takes a wider page, or another --format", "dim")
        used = "".join(cell for name, cells in columns.items() if name not in _FOLDED for cell in cells)
        yield from (page.text(f"{sign} {meaning}", "dim") for sign, meaning in _MEANS.items() if sign in used)

    def _why_refused(self, page: _Sheet) -> Table:
        table = page.table("Refused", "Why")
        for one in self._told:
            whose = f" ({_cut(one.id)})" if one.id else ""
            others = f", and {one.errors - 1} more" if one.errors > 1 else ""
            table.add_row(page.text(f"{one.position}{whose}"), page.text(f"{one.error}{others}"))
        return table

    @property
    def _twice(self) -> int:
        """How many ids stand more than once, as far as is known."""
        return len(self._repeated) if self._counted is None else self._counted

    def _said_of_ids(self) -> str:
        count = self._twice
        least = "at least " if self._forgetful and self._counted is None else ""
        return f"{least}{count:,} {'id stands' if count == 1 else 'ids stand'} more than once"

    def _counts(self, page: _Sheet) -> Table:
        """Count the patients of each tier and of each class."""
        ranks = (*range(len(self._scale.tiers) - 1, -1, -1), -1)
        names = [words.word(self._scale.tiers[rank]) if rank >= 0 else words.NOT_ASSESSED for rank in ranks]
        table = page.table("Patients", *(f">{name}" for name in names))
        for question, label in enumerate(self._labels):
            table.add_row(label, *(f"{self._tiers[question, rank]:,}" for rank in ranks))
        return table

    def _of_classes(self) -> str:
        found = sorted(self._classes.items(), key=lambda item: self._scale.place(item[0]))
        return ", ".join(f"{words.word(name)} {count:,}" for name, count in found)


class _Sheet:
    """Makes tables and texts that a console of this width and encoding can show."""

    def __init__(self, page: Page) -> None:
        self._page, self.width = page, page.width

    def text(self, words_: str, style: str = "") -> Text:
        from rich.text import Text

        return Text(self._page.literal(words_), style=style)

    @property
    def _gap(self) -> int:
        return 2 if self.width >= _ROOMY else 1

    def holds(self, columns: dict[str, list[str]]) -> bool:
        """Tell whether there is room for every cell of these columns, names and places folded."""
        taken = self._gap * (len(columns) - 1)
        for title, shown in columns.items():
            taken += _NAME if title in _FOLDED else max(cells(text) for text in (title.removeprefix(">"), *shown))
        return taken <= self.width

    def table(self, *titles: str, whole: bool = True) -> Table:
        """Make a table; a ``>`` before a title sets its column to the right.

        Names and places are folded, and everything where not all is to stay ``whole``: nothing is cut.
        """
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, self._gap, 0, 0), header_style="bold")
        for title in titles:
            folds = title in _FOLDED or not whole
            justify: JustifyMethod = "right" if title.startswith(">") else "left"
            shown = self.text(title.removeprefix(">"))
            table.add_column(
                shown,
                justify=justify,
                no_wrap=not folds,
                overflow="fold" if folds else "ellipsis",
                min_width=_NAME if folds and whole else None,
            )
        return table


def _cut(identifier: str) -> str:
    return identifier if len(identifier) <= _LONGEST else f"{identifier[:_LONGEST]}…"
