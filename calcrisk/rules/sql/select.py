"""The whole rulebook as one SELECT: one stage a common table expression, the answer's columns at the end."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, NamedTuple

from calcrisk.rules.sql.answers import Answers, certain_yes
from calcrisk.rules.sql.layers import Column
from calcrisk.rules.sql.terms import (
    Atom,
    booleans,
    certain,
    condition,
    every,
    flag,
    number,
    one_or_zero,
    opposite,
    some,
    stored,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calcrisk.rules.rulebook import Rulebook
    from calcrisk.rules.sql.states import Source
    from calcrisk.rules.sql.terms import Condition, Truth

LISTS: Final = ("possible", "settled", "met_rules", "missing")  # the columns that cost more than all others
INPUTS: Final = "inputs"
BITS: Final = 50  # of a mask: a double holds 53, should an engine add in doubles


class Stage(NamedTuple):
    """One common table expression: it adds its columns to those of the stage before."""

    name: str
    columns: tuple[Column, ...]


class Select(NamedTuple):
    """The stages in order, and what the last SELECT gives: the columns of the answer.

    ``masks`` names the bits of every list that is given as a mask, the lowest first.
    """

    stages: tuple[Stage, ...]
    answer: tuple[Column, ...]
    masks: Mapping[str, tuple[str, ...]]


def quoted(word: str) -> str:
    """Write a word of ours."""
    return f"'{word}'"


class Wish(NamedTuple):
    """How the answer is wanted: which of ``LISTS``, as text or as masks of bits, how a word is written, which inputs.

    ``inputs`` are given back as the rules see them, in columns of their own names with ``__value`` behind.

    ``booleans`` lets columns between the stages be booleans: quicker, for an engine that has them.
    """

    lists: frozenset[str] = frozenset(LISTS)
    masks: bool = False
    word: Callable[[str], str] = quoted
    inputs: tuple[str, ...] = ()
    booleans: bool = False


def select(book: Rulebook, sources: Mapping[str, Source], wish: Wish | None = None) -> Select:
    """Write a rulebook for a table in which ``sources`` tell where each input comes from."""
    wanted = wish or Wish()
    with booleans() if wanted.booleans else nullcontext():
        return _Writer(Answers(book, sources), wanted).select()


class _Writer:
    def __init__(self, answers: Answers, wish: Wish) -> None:
        self._answers, self._wish, self._lists = answers, wish, wish.lists
        self._data, self._program = answers.data, answers.program
        self._masks: dict[str, tuple[str, ...]] = {}

    def select(self) -> Select:
        answers, layers = self._answers, self._answers.layers
        rules, levels = answers.rules(), answers.levels()
        self._missing = answers.missing() if self._lists & {"missing", "settled"} else {}
        tables = answers.tables(possible=bool(self._lists & {"possible", "settled"}))
        said, states, *facts = layers.stages
        named = [(f"facts_{at}", columns) for at, columns in enumerate(facts, 1)]
        behind = [("states", states), *named, ("rules", rules), ("levels", levels), ("tables", tables)]
        stages = [Stage(name, tuple(columns)) for name, columns in behind if columns]
        return Select((Stage(INPUTS, tuple(said)), *stages), tuple(self._answer()), self._masks)

    # ---- the answer --------------------------------------------------------------------------------------------------

    def _answer(self) -> Iterable[Column]:
        yield Column("classification", self._named("row_now", [row.spec["class"] for row in self._program.rows]))
        if "possible" in self._lists:
            yield from self._list("possible", self._possible())
        if "settled" in self._lists:
            yield Column("settled", yes_or_no(self._settled()))
        yield from self._tiers()
        yield from self._product()
        yield from self._mechanisms()
        if "met_rules" in self._lists:
            rules = zip(self._program.rules, self._answers.statuses, strict=True)
            yield from self._list("met_rules", ((rule.id, status.met) for rule, status in rules))
        if "missing" in self._lists:
            yield from self._list("missing", self._missing.items())
        yield from self._inputs()

    def _inputs(self) -> Iterable[Column]:
        columns = self._answers.layers.columns
        for name in self._wish.inputs:
            if name in columns.truths:
                yield Column(f"{name}__value", stored(columns.truths[name]))
            elif name in columns.quantities:
                yield Column(f"{name}__value", number(columns.quantities[name].value))

    def _list(self, name: str, held: Iterable[tuple[str, bool | Condition]]) -> Iterable[Column]:
        """Give the names that hold as one text, a semicolon between, or as masks of bits."""
        possible = [(word, holds) for word, holds in held if holds is not False]
        if not self._wish.masks:
            yield Column(name, _listed(possible))
            return
        self._masks[name] = tuple(word for word, _ in possible)
        for at, first in enumerate(range(0, len(possible), BITS)):
            bits = enumerate(possible[first : first + BITS])
            sums = (f"CASE WHEN {condition(holds)} THEN {1 << bit} ELSE 0 END" for bit, (_, holds) in bits)
            yield Column(f"{name}__mask_{at}", f"CAST({' + '.join(sums)} AS BIGINT)")

    def _named(self, column: str, names: Sequence[str], only_if: str = "") -> str:
        """Write the name of a number."""
        also = f"{only_if} AND " if only_if else ""
        whens = (f"WHEN {also}{column} = {at} THEN {self._wish.word(name)}" for at, name in enumerate(names))
        return f"CASE {' '.join(whens)} END"

    def _possible(self) -> Iterable[tuple[str, bool | Condition]]:
        """Each class with its first possible row: a class of several rows is named once, where it is met first."""
        earlier: dict[str, Truth] = {}
        for at, row in enumerate(self._program.rows):
            if at in self._reached():
                kind = row.spec["class"]
                holds = flag(f"row_{at}")
                yield kind, certain(every(holds, opposite(earlier.get(kind, False))))
                earlier[kind] = some(earlier.get(kind, False), holds)

    def _reached(self) -> frozenset[int]:
        return self._program.classes.table.reachable()

    def _settled(self) -> bool | Condition:
        """Whether no open question can change the class or a tier, or begin a tier that was not assessed."""
        by_class: dict[str, list[Condition]] = {}
        for at in sorted(self._reached()):
            by_class.setdefault(self._program.rows[at].spec["class"], []).append(flag(f"row_{at}"))
        kinds = " + ".join(one_or_zero(certain(some(*rows))) for rows in by_class.values())
        single = Atom(f"{kinds} = 1", f"{kinds} <> 1")
        tiers = [self._tight(at) for at in range(len(self._program.tiers))]
        return certain(every(single, *tiers))

    def _tight(self, at: int) -> bool | Condition:
        tier = self._program.tiers[at]
        assessed = flag(f"{tier.name}__assessed")
        same = Atom(f"{tier.name}__now = {tier.name}__most", f"{tier.name}__now <> {tier.name}__most")
        withheld = tier.spec["withheld_when"]
        held_back = certain_yes(self._answers.layers.columns.truths[withheld]) if withheld else False
        begins = some(*(self._missing[name] for name in self._answers.begins(at) if name in self._missing))
        idle = every(opposite(assessed), some(held_back, opposite(begins)))
        return certain(some(every(assessed, same), idle))

    def _tiers(self) -> Iterable[Column]:
        names = self._data["tier_names"]
        for tier in self._program.tiers:
            held = {"tier": f"{tier.name}__now", "lowest": f"{tier.name}__now", "highest": f"{tier.name}__most"}
            for what, column in held.items():
                yield Column(
                    f"{tier.name}_{what}", self._named(column, names, only_if=flag(f"{tier.name}__assessed").text)
                )

    def _product(self) -> Iterable[Column]:
        product, columns = self._data["product"], self._answers.layers.columns
        shown = {"ca_p_product": product["value"], "corrected_ca_p_product": product["corrected"]}
        for column, name in shown.items():
            value, absent = columns.quantities[name]
            text = "CAST(NULL AS DOUBLE)" if value is None else str(value)
            present = condition(opposite(absent))
            yield Column(column, text if absent is False else f"CASE WHEN {present} THEN {text} END")
        held, (_, absent) = columns.truths[product["at_limit"]], columns.quantities[product["value"]]
        known = every(opposite(self._answers.layers.unknown(product["value"])), opposite(absent))
        yield Column("at_or_above", _only(known, held))

    def _mechanisms(self) -> Iterable[Column]:
        levels = self._data["levels"]
        for name in (entry["name"] for entry in self._data["mechanisms"]):
            low, high = self._answers.axis(name)
            for column, held in ((name, low), (f"{name}_lowest", low), (f"{name}_highest", high)):
                word = self._wish.word(levels[held]) if isinstance(held, int) else self._named(held, levels)
                yield Column(column, word)


def _only(known: Truth, held: Truth) -> str:
    """Write a yes/no where it is known, else nothing."""
    yes, no = every(known, held), every(known, opposite(held))
    if held is None or yes is no is False:
        return "CAST(NULL AS INTEGER)"
    return f"CASE WHEN {condition(yes)} THEN 1 WHEN {condition(no)} THEN 0 END"


def _listed(held: Iterable[tuple[str, bool | Condition]]) -> str:
    parts = [f"CASE WHEN {condition(holds)} THEN ';{name}' ELSE '' END" for name, holds in held]
    return f"SUBSTR({' || '.join(parts)}, 2)" if parts else "''"
