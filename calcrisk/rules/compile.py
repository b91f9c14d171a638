"""From a rulebook's data to a ``Program``: names get slots, expressions closures, tables boxes.

Every fault in an expression or a sentence is collected with the path to it, so that a rulebook is reported whole.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from graphlib import CycleError, TopologicalSorter
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal

from calcrisk.rules import expression as ex
from calcrisk.rules.boxes import Box, Table
from calcrisk.rules.closures import KNOWN
from calcrisk.rules.encoding import decode
from calcrisk.rules.folding import folded
from calcrisk.rules.kinetics import compile_kinetics
from calcrisk.rules.logic import ABSENT
from calcrisk.rules.program import (
    MINIMUM_KNOWN,
    Axes,
    Clause,
    Condition,
    Implication,
    Program,
    Row,
    Rule,
    Slotted,
    Spec,
    Step,
    Tier,
)
from calcrisk.rules.text import Shown, Template, UnknownHoleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Path = tuple[str | int, ...]
Kind = Literal["number", "yesno", "choice"]
# The compiled rulebook leaves out what a variable does not say.
_UNSAID: Final[Spec] = {
    "unit": None,
    "digits": None,
    "units": {},
    "hard": None,
    "implies": (),
    "closed_by": (),
    "rejects": (),
    "question": None,
    "values": (),
    "of": None,
    "role": None,
    "derived": False,
}
_CLASSES: Final = "classification"  # what the boxes of the class table are called among those of the tiers
_DIGITS: Final = 2  # decimals of a number whose rulebook entry does not say


class CompileError(Exception):
    """All faults found, each with the path of the entry it lies in, a message, and a hint or drawing."""

    def __init__(self, faults: list[tuple[Path, str, str | None]]) -> None:
        """Keep them in the order found."""
        self.faults = faults
        super().__init__("; ".join(message for _, message, _ in faults))


def compile_program(data: Mapping[str, Any]) -> Program:
    """Compile a rulebook's data; raises ``CompileError``."""
    return _Compiler(data).program()


def expressions(data: Mapping[str, Any]) -> dict[str, ex.Node]:
    """Return every expression of a sound rulebook by its text, as read and not yet folded."""
    compiler = _Compiler(data)
    compiler.program()
    return compiler.read


def boxes(program: Program) -> dict[str, tuple[Box, ...]]:
    """Return the boxes of every table of a rulebook: of the classes, and of each tier by its name."""
    return {_CLASSES: program.classes.table.boxes} | {tier.name: tier.axes.table.boxes for tier in program.tiers}


def default_of(spec: Spec) -> bool | float | None:
    """What an unstated input holds: unknown while it is asked for, else absent (no for a yes/no)."""
    if spec["ask"] == "core":
        return None
    return False if spec["kind"] == "yesno" else ABSENT


def _may_be_absent(spec: Spec) -> bool:
    """Whether silence about an input may be taken for its absence: nobody is without a sex or an albumin."""
    return spec["kind"] == "yesno" and spec["role"] is None and not spec["derived"] and spec["ask"] != "core"


class _Compiler:
    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.faults: list[tuple[Path, str, str | None]] = []
        self.variables: dict[str, Spec] = {spec["name"]: _UNSAID | spec for spec in data["variables"]}
        self.facts: dict[str, Spec] = {spec["name"]: spec for spec in data["facts"]}
        self.read: dict[str, ex.Node] = {}
        self.encoded: Mapping[str, Any] = data.get("expressions", {})
        self.boxes: Mapping[str, Any] = data.get("boxes", {})
        self.levels: tuple[str, ...] = tuple(data["levels"])
        self.mechanisms: tuple[str, ...] = tuple(entry["name"] for entry in data["mechanisms"])
        self.display_only = {name for name, spec in self.facts.items() if spec["display_only"]}
        self.slots = self._slots()
        self.symbols = self._symbols()
        # What changes no level, class or tier may ask of any input whether it is known.
        asking = {name: self.symbols[name]._replace(may_ask_known=True) for name in self.variables}
        self.asking = ChainMap(asking, self.symbols)
        self.shown = self._shown()
        self.leaves: dict[str, frozenset[str]] = {}
        self._numbers = count()

    def _slots(self) -> dict[str, int]:
        names = [*self.variables, *(name for name in self.facts if name not in self.variables), MINIMUM_KNOWN]
        return {name: slot for slot, name in enumerate([*names, *(KNOWN + name for name in self.variables)])}

    def _symbols(self) -> dict[str, ex.Symbol]:
        words = {name: tuple(spec["values"] or ()) for name, spec in self.variables.items()}
        symbols = {MINIMUM_KNOWN: ex.Symbol("yesno")}
        for name, spec in self.facts.items():
            values = words.get(spec.get("values_of") or "", ())
            symbols[name] = ex.Symbol(spec["kind"], values, unit=spec.get("unit"))
        for name, spec in self.variables.items():
            askable = spec["ask"] == "volunteered" or spec["derived"]
            symbols[name] = ex.Symbol(spec["kind"], words[name], unit=spec.get("unit"), may_ask_known=askable)
        return symbols | self._constants(self.data["parameters"])

    @staticmethod
    def _constants(parameters: Mapping[str, Spec]) -> dict[str, ex.Symbol]:
        return {
            name: ex.Symbol("number", constant=float(spec["value"]), unit=spec.get("unit"))
            for name, spec in parameters.items()
        }

    def _shown(self) -> dict[str, Shown]:
        entries = self.facts | self.variables
        placed = {
            name: Shown(
                self.slots[name], None, spec.get("unit"), _digits(spec), self.symbols[name].values, spec["label"]
            )
            for name, spec in entries.items()
        }
        return placed | self._shown_constants(self.data["parameters"])

    @staticmethod
    def _shown_constants(parameters: Mapping[str, Spec]) -> dict[str, Shown]:
        return {
            name: Shown(None, float(spec["value"]), spec.get("unit"), _digits(spec), (), name)
            for name, spec in parameters.items()
        }

    def program(self) -> Program:
        steps = self.steps()
        mechanisms = tuple(self.rule(entry, ("rules", at)) for at, entry in enumerate(self.data["rules"]))
        classes = self.axes(self.data["rows"], ("rows",), _CLASSES)
        built = (
            tuple(self.implication(entry, ("implied", at)) for at, entry in enumerate(self.data["implied"])),
            tuple(self.row(entry, ("rows", at)) for at, entry in enumerate(self.data["rows"])),
            tuple(self.tier(name, entry) for name, entry in self.data["tiers"].items()),
            self.clauses(self.data["consider"], ("consider",), asking=True),
            self.clauses([{"say": "", **lever} for lever in self.data["levers"]], ("levers",)),
            self.clauses(self.data["warnings"], ("warnings",), asking=True),
            self.clauses(self.data["product"]["caveats"], ("product", "caveats"), asking=True),
            self.clauses(self.data["product"]["notes"], ("product", "notes"), asking=True),
            tuple(compile_kinetics(self.data, self.slots, self.clause, self.conditional, self.sentence)),
        )
        if self.faults or classes is None:
            raise CompileError(self.faults)
        return self._assemble(steps, [rule for rule in mechanisms if rule], classes, built)

    def _assemble(self, steps: list[Step], rules: list[Rule], classes: Axes, built: tuple[Any, ...]) -> Program:
        implications, rows, tiers, consider, levers, warnings, caveats, notes, kinetics = built
        inputs = {name: self.slotted(name, spec) for name, spec in self.variables.items()}
        up = {name: self._reach(name, lambda at: self.variables[at]["implies"]) for name in self.variables}
        return Program(
            slots=self.slots,
            symbols=self.symbols,
            shown=self.shown,
            inputs=inputs,
            silent=self._silent(rules),
            blank=self._blank(inputs),
            up={name: reached for name, reached in up.items() if reached},
            down=_turned(up),
            closes=_turned({name: spec["closed_by"] for name, spec in self.variables.items()}),
            rejects={name: tuple(spec["rejects"]) for name, spec in self.variables.items() if spec["rejects"]},
            leaves=self.leaves,
            implications=implications,
            steps=tuple(step for step in steps if step.name not in self.display_only),
            display=tuple(step for step in steps if step.name in self.display_only),
            mechanisms=len(self.mechanisms),
            rules=tuple(rules),
            rows=rows,
            classes=classes,
            minimum=tuple(self.slots[name] for name in self.data["minimum"]),
            tiers=tiers,
            consider=consider,
            levers=levers,
            warnings=warnings,
            caveats=caveats,
            notes=notes,
            kinetics=kinetics,
        )

    def _silent(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        if "silent" in self.data:  # counted when the rulebook was made; no profile lets a rule mention other inputs
            return tuple(self.data["silent"])
        mentioned = Counter(name for rule in rules for name in rule.when.mentions)
        names = (name for name, spec in self.variables.items() if _may_be_absent(spec))
        return tuple(sorted(names, key=lambda name: -mentioned[name]))

    def _blank(self, inputs: Mapping[str, Slotted]) -> tuple[Any, ...]:
        blank: list[Any] = [None] * len(self.slots)
        for name, entry in inputs.items():
            blank[entry.slot] = entry.default
            blank[self.slots[KNOWN + name]] = False
        return tuple(blank)

    @staticmethod
    def _reach(start: str, onward: Any) -> tuple[str, ...]:  # noqa: ANN401  # a local function of a name
        reached: dict[str, None] = {}
        todo = list(onward(start))
        while todo:
            name = todo.pop(0)
            if name not in reached:
                reached[name] = None
                todo += onward(name)
        return tuple(reached)

    def slotted(self, name: str, spec: Spec) -> Slotted:
        values = tuple(spec["values"] or ())
        codes = {word: float(code) for code, word in enumerate(values)}
        whole = (
            (0.0, len(values) - 1.0) if values else (spec["hard"] and (float(spec["hard"][0]), float(spec["hard"][1])))
        )
        return Slotted(name, self.slots[name], spec, default_of(spec), values, codes, whole or None)

    # ---- expressions ------------------------------------------------------------------------------------------

    def parsed(
        self,
        text: str,
        path: Path,
        own: Mapping[str, Spec] | None = None,
        expect: Kind = "yesno",
        *,
        asking: bool = False,
    ) -> ex.Node | None:
        symbols = self.asking if asking else self.symbols
        scope = ChainMap(self._constants(own), symbols) if own else symbols
        try:
            return self._node(text, scope, expect)
        except ex.ExpressionError as fault:
            self.faults.append((path, fault.message, fault.drawing()))
            return None

    def _node(self, text: str, scope: Mapping[str, ex.Symbol], expect: Kind = "yesno") -> ex.Node:
        if text in self.encoded:
            return decode(self.encoded[text], scope)
        self.read[text] = ex.parse(text, scope, expect=expect)
        return folded(self.read[text])

    def condition(self, node: ex.Node, text: str) -> Condition:
        return Condition(text, node, self.slots, self.leaves)

    def conditional(
        self, text: str, path: Path, own: Mapping[str, Spec] | None = None, *, asking: bool = False
    ) -> Condition | None:
        node = self.parsed(text, path, own, asking=asking)
        return None if node is None else self.condition(node, text)

    def sentence(self, text: str, path: Path, own: Mapping[str, Spec] | None = None) -> Template:
        names = ChainMap(self._shown_constants(own), self.shown) if own else self.shown
        sentence = Template(text, names, self.mechanisms)
        if not self.encoded:  # the compiled rulebook was checked when it was made
            self._check(sentence, path)
        return sentence

    def _check(self, sentence: Template, path: Path) -> None:
        try:
            _ = sentence.pieces
        except UnknownHoleError as error:
            message = f"the sentence names {error}, which the rulebook does not have"
            self.faults.append((path, message, sentence.text))

    # ---- facts and questions, in order ------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        asked = {name: spec for name, spec in self.variables.items() if isinstance(spec["ask"], dict)}
        parsed: dict[str, dict[str, ex.Node]] = {}
        for at, (name, spec) in enumerate(self.facts.items()):
            parsed[name] = self._fact_nodes(spec, ("facts", at))
        for name, spec in asked.items():
            node = self.parsed(spec["ask"]["when"], ("variables", list(self.variables).index(name), "ask", "when"))
            parsed[name] = {"asked": node} if node else {}
        return [self._step(name, parsed[name]) for name in self._in_order(parsed)]

    def _fact_nodes(self, spec: Spec, path: Path) -> dict[str, ex.Node]:
        texts = {"value": (spec["formula"], spec["kind"]), "valid": (spec["valid_when"], "yesno")}
        field = {"value": "formula", "valid": "valid_when"}
        nodes = {
            key: self.parsed(text, (*path, field[key]), spec["parameters"], expect)
            for key, (text, expect) in texts.items()
            if text
        }
        return {key: node for key, node in nodes.items() if node is not None}

    def _in_order(self, parsed: Mapping[str, Mapping[str, ex.Node]]) -> list[str]:
        needs = {
            name: frozenset[str]().union(*map(ex.names, nodes.values())) & parsed.keys()
            for name, nodes in parsed.items()
        }
        try:
            return list(TopologicalSorter(needs).static_order())
        except CycleError as error:
            self.faults.append((("facts",), f"these depend on each other: {' → '.join(error.args[1])}", None))
            return []

    def _step(self, name: str, nodes: Mapping[str, ex.Node]) -> Step:
        if "asked" not in nodes:
            found = (self.leaves.get(part, frozenset((part,))) for node in nodes.values() for part in ex.names(node))
            self.leaves[name] = frozenset[str]().union(*found)
        built = {key: self.condition(node, name) for key, node in nodes.items()}
        spec = self.variables.get(name)
        stated = self.slots[KNOWN + name] if spec else None
        default = default_of(spec) if spec else None
        return Step(name, self.slots[name], stated, built.get("value"), built.get("valid"), built.get("asked"), default)

    def implication(self, entry: Spec, path: Path) -> Implication | None:
        when = self.conditional(entry["when"], (*path, "when"))
        spec = self.variables[entry["set"]]
        words = spec["values"] or (True, False)
        if (
            spec["kind"] == "number"
            or entry["to"] not in words
            or isinstance(entry["to"], bool) == bool(spec["values"])
        ):
            self.faults.append(((*path, "to"), f"{entry['set']} does not take {entry['to']!r}", None))
            return None
        value = float(words.index(entry["to"])) if spec["values"] else entry["to"]
        if when and (facts := ex.names(when.node) - self.variables.keys()):
            self.faults.append(
                ((*path, "when"), f"an implication may read inputs only, and {min(facts)!r} is a fact", None)
            )
        return Implication(entry["set"], value, when, entry["because"]) if when else None

    # ---- rules, tables, sentences -----------------------------------------------------------------------------

    def rule(self, entry: Spec, path: Path) -> Rule | None:
        own = entry["parameters"]
        when = self.conditional(entry["when"], (*path, "when"), own)
        because = self.sentence(entry["because"], (*path, "because"), own)
        phrase = self.sentence(entry["phrase"], (*path, "phrase"), own)
        margin = self._margin(entry["margin"], (*path, "margin"), ChainMap(self._shown_constants(own), self.shown))
        if when is None:
            return None
        mechanism, level = self.mechanisms.index(entry["mechanism"]), self.levels.index(entry["level"])
        return Rule(entry["id"], mechanism, level, when, because, phrase, margin, entry)

    def _margin(self, entry: Spec | None, path: Path, names: Mapping[str, Shown]) -> tuple[Shown, Shown] | None:
        if entry is None:
            return None
        strange = [name for name in (entry["of"], entry["from"]) if name not in names]
        self.faults += [
            (path, f"the margin names {name!r}, which the rulebook does not have", None) for name in strange
        ]
        return None if strange else (names[entry["of"]], names[entry["from"]])

    def axes(self, rows: Iterable[Spec], path: Path, called: str) -> Axes | None:
        levels = {name: ex.Symbol("choice", self.levels) for name in self.mechanisms}
        gates = {name: symbol for name, symbol in self.symbols.items() if symbol.kind == "yesno"}
        nodes = []
        for at, row in enumerate(rows):
            try:
                nodes.append(self._node(row["when"], levels | gates))
            except ex.ExpressionError as fault:
                self.faults.append(((*path, at, "when"), fault.message, fault.drawing()))
        used = frozenset[str]().union(*map(ex.names, nodes))
        axes = {name: len(self.levels) - 1 for name in self.mechanisms if name in used}
        own = tuple((name, self.slots[name]) for name in gates if name in used)
        try:
            split = [Box(row, tuple(map(tuple, sides))) for row, sides in self.boxes.get(called, ())]
            table = Table(axes | {name: 1 for name, _ in own}, nodes, split)
        except ValueError as error:
            self.faults.append((path, str(error), None))
            return None
        return Axes(table, tuple(self.mechanisms.index(name) for name in axes), own)

    def row(self, entry: Spec, path: Path) -> Row:
        label = self.data["classes"][entry["class"]]["label"]
        say = self.sentence(entry["say"], (*path, "say"))
        row = Row(say, label, lambda: self.clauses(entry["clauses"], (*path, "clauses")), entry)
        if any(clause["when"] not in self.encoded for clause in entry["clauses"]):
            _ = row.clauses  # no one has read these yet: a fault in one is told when the rulebook is
        return row

    def tier(self, name: str, entry: Spec) -> Tier | None:
        axes = self.axes(entry["rows"], ("tiers", name, "rows"), name)
        names: list[str] = self.data["tier_names"]
        order = tuple(names.index(row["tier"]) for row in entry["rows"])
        assessed = tuple(self.slots[KNOWN + input_name] for input_name in entry["assessed_by"])
        withheld = self.slots[entry["withheld_when"]] if entry["withheld_when"] else None
        return Tier(name, axes, order, assessed, withheld, entry) if axes else None

    def clauses(self, entries: Iterable[Spec], path: Path, *, asking: bool = False) -> tuple[Clause, ...]:
        return tuple(self.clause(entry, (*path, at), asking=asking) for at, entry in enumerate(entries))

    def clause(self, entry: Spec, path: Path, *, asking: bool = False) -> Clause:
        always, own = entry["when"] in (True, None, "True"), entry.get("parameters")
        when = None if always else self.conditional(entry["when"], (*path, "when"), own, asking=asking)
        return Clause(when, self.sentence(entry["say"], (*path, "say"), own), entry, next(self._numbers))


def _turned(leading: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return for each name the ones that lead to it, in order."""
    turned: dict[str, tuple[str, ...]] = {}
    for name, reached in leading.items():
        for other in reached:
            turned[other] = (*turned.get(other, ()), name)
    return turned


def _digits(spec: Spec) -> int:
    digits = spec.get("digits")
    return _DIGITS if digits is None else int(digits)
