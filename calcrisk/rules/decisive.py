"""Which open inputs are missing, and which of them would decide: what the answer to one question alone could move.

An open input is *missing* when something undecided mentions it. It is *decisive* when, with it free to take any value
and every other open question left unknown, the class or a tier could become another. What was not stated and counts as
a no may decide as well: what a yes to it would change is walked again, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from calcrisk.rules.closures import KNOWN
from calcrisk.rules.logic import FREE, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcrisk.rules.filling import Stated
    from calcrisk.rules.reducing import Bits
    from calcrisk.rules.scalar import Evaluation, Walk
    from calcrisk.rules.tables import TierAnswer


class MissingInput(NamedTuple):
    """An open input that something undecided waits for; ``could_change`` is empty when it would not decide."""

    name: str
    could_change: tuple[str, ...]


class _Candidate(NamedTuple):
    """A rule that an answer could make true, and so raise its mechanism."""

    bit: Bits  # its place
    at: int
    mechanism: int
    level: int
    needed: Bits  # the facts behind it


class Question(NamedTuple):
    """What asking for one input involves, whoever the patient is."""

    rules: Bits  # the rules that mention it, or something it settles, by their places
    candidates: tuple[_Candidate, ...]  # the same, the highest level first: when one may hold, lower ones add nothing
    gates: Bits  # the gates that it is behind, by their places
    minimum: bool  # whether it belongs to what must be known at least
    freed: tuple[tuple[int, tuple[float, float] | None, Bits], ...]  # slot, bounds (None: yes/no), who reads it
    spoken: Bits  # the slots that may hold something else once it is free
    gated: bool  # whether a gate could open or close by it
    begins: tuple[bool, ...]  # for each tier, whether this answer would begin it


class _Trial:
    """A patient with one answer free to be anything; ``untaken`` are the facts that it touches, until taken again."""

    __slots__ = ("env", "spoken", "untaken")  # a dataclass takes half a millisecond of every start

    def __init__(self, env: list[Any], spoken: Bits, untaken: Bits) -> None:
        self.env, self.spoken, self.untaken = env, spoken, untaken


class Decisive:
    """Asks, for one rulebook, which question would decide."""

    def __init__(self, walk: Walk) -> None:
        """Look up what each gate needs."""
        self._walk, self._program, self._reach = walk, walk.program, walk.reach
        names = {slot: name for name, slot in self._program.slots.items()}
        self.gates = tuple(names[slot] for slot in walk.tables.gates)
        withheld = [tier.withheld for tier in self._program.tiers if tier.withheld is not None]
        self._gate_slots = frozenset((*walk.tables.gates, *withheld))
        self._facts = sum(1 << at for at, step in enumerate(self._program.steps) if step.asked is None)
        self._for_gates = self._reach.steps_needed(self._gate_slots) & self._facts
        self._minimum = {entry.name for entry in self._program.inputs.values() if entry.slot in self._program.minimum}
        self._own = {entry.slot for entry in self._program.inputs.values() if not entry.spec["derived"]}
        self._asked = tuple(
            (entry.name, entry.slot) for entry in self._program.inputs.values() if entry.spec["ask"] != "volunteered"
        )
        self._effects = ("classification", *(tier.name for tier in self._program.tiers))
        self._questions: dict[str, Question] = {}

    def open_inputs(self, found: Evaluation, given: Mapping[str, Stated]) -> list[str]:
        """Return the inputs that are unknown or inexact, in the order of the variables; none of them is derived."""
        env, inputs = found.env, self._program.inputs
        unsettled = [name for name, slot in self._asked if env[slot] is None]
        if not found.vague:
            return unsettled
        # whether a sample was fit is a question only while something of it is stated
        moot = {flag for flag, names in self._program.rejects.items() if given.keys().isdisjoint(names)}
        open_given = [
            name
            for name in given
            if (slot := inputs[name].slot) in self._own and is_open(env[slot]) and name not in moot
        ]
        return sorted({*unsettled, *open_given}, key=lambda name: inputs[name].slot)

    def waiting(self, opened: Iterable[str], rules: Iterable[int]) -> list[tuple[int, tuple[str, ...]]]:
        """Return, for each of the rules at these places, which of the ``opened`` inputs it waits for."""
        asked = [(name, self.question(name).rules) for name in opened]
        return [(at, tuple([name for name, waiting in asked if waiting >> at & 1])) for at in rules]

    def missing(self, found: Evaluation, opened: Iterable[str]) -> list[MissingInput]:
        """Return which of ``opened`` are missing: those first that could change the class, then the tiers."""
        waiting = sum(1 << at for at in found.undecided)
        gates = sum(1 << at for at, slot in enumerate(self._walk.tables.gates) if found.env[slot] is None)
        answers = []
        for name in opened:
            question = self.question(name)
            if question.minimum or question.rules & waiting or question.gates & gates:
                answers.append(MissingInput(name, self._could_change(question, found, waiting)))
        return sorted(answers, key=lambda answer: [effect not in answer.could_change for effect in self._effects])

    def _could_change(self, question: Question, found: Evaluation, undecided: Bits) -> tuple[str, ...]:
        lows = found.lows
        candidates = [
            each for each in question.candidates if each.bit & undecided and each.level > lows[each.mechanism]
        ]
        env, highs = found.env, lows
        if candidates or question.gated:
            env, highs = self._tried(question, candidates, found)
        return tuple(self._moved(question, found, env, highs))

    def _tried(
        self, question: Question, candidates: Iterable[_Candidate], found: Evaluation
    ) -> tuple[list[Any], list[int]]:
        """Return the environment with the answer free, and how high it could raise each mechanism."""
        trial = _freed(question, found)
        if question.gated:
            self._take(self._for_gates, trial)
            trial.env[self._walk.minimum_slot] = True if self._walk.minimum_known(trial.env) else None
        return trial.env, self._raised(candidates, found.lows.copy(), trial)

    def _raised(self, candidates: Iterable[_Candidate], highs: list[int], trial: _Trial) -> list[int]:
        """Let each candidate that may hold raise its mechanism; facts are taken again only when one asks for them."""
        for _, at, mechanism, level, needed in candidates:
            if level > highs[mechanism]:
                self._take(needed, trial)
                run = self._walk.planner.rule(at, trial.spoken, "bounded")
                if run and ((holds := run(trial.env)) is True or holds is FREE):
                    highs[mechanism] = level
        return highs

    def _take(self, facts: Bits, trial: _Trial) -> None:
        """Take those of these facts again that the answer touches, in their order."""
        bits, env = facts & trial.untaken, trial.env
        if bits:
            trial.untaken &= ~bits
            for slot, run in self._walk.planner.together(bits).left(trial.spoken, "bounded"):
                env[slot] = run(env)

    def _moved(self, question: Question, found: Evaluation, env: Sequence[Any], highs: Sequence[int]) -> Iterable[str]:
        classes, tiers = self._walk.tables.reached(env, found.lows, highs)
        if len(classes) > 1 or self._program.rows[found.row].spec["class"] not in classes:
            yield self._effects[0]
        for tier, answer, ranks, begins in zip(self._program.tiers, found.tiers, tiers, question.begins, strict=True):
            withheld = False if tier.withheld is None else env[tier.withheld]
            if withheld is True:
                continue
            moved = withheld is FREE or len(ranks) > 1 or answer.tier not in ranks
            if moved if answer.assessed else begins:
                yield tier.name

    def question(self, name: str) -> Question:
        """Return what asking for one input involves."""
        if name not in self._questions:
            self._questions[name] = self._asked_of(name)
        return self._questions[name]

    def _asked_of(self, name: str) -> Question:
        program, affected, touched = self._program, self._reach.affected, self._touched(name)
        entries = [program.inputs[each] for each in touched]
        known = {program.slots[KNOWN + each] for each in touched}
        mentioning = [at for at, rule in enumerate(program.rules) if touched & rule.when.mentions]
        return Question(
            rules=sum(1 << at for at in mentioning),
            candidates=tuple(sorted(map(self._candidate, mentioning), key=lambda each: -each.level)),
            gates=sum(1 << at for at, gate in enumerate(self.gates) if touched & self._walk.leaves(gate)),
            minimum=not touched.isdisjoint(self._minimum),
            gated=not touched.isdisjoint(self._minimum)
            or any(entry.slot in self._gate_slots or affected[entry.slot] & self._for_gates for entry in entries),
            freed=tuple((entry.slot, entry.whole, affected[entry.slot]) for entry in entries),
            spoken=_bits(self._reach.reached(entry.slot for entry in entries)[1] | {self._walk.minimum_slot}),
            begins=tuple(not known.isdisjoint(tier.assessed_by) for tier in program.tiers),
        )

    def _candidate(self, at: int) -> _Candidate:
        rule = self._program.rules[at]
        return _Candidate(1 << at, at, rule.mechanism, rule.level, self._reach.needed_by_rule[at] & self._facts)

    def _touched(self, name: str) -> frozenset[str]:
        """Return the inputs that an answer can settle: itself, what it implies, and what it makes needless to ask."""
        program = self._program
        follow = (rule.target for rule in program.implications if name in rule.when.mentions)
        of = (program.inputs[name].spec["of"],) if program.inputs[name].spec["role"] == "status" else ()
        spread = (others.get(name, ()) for others in (program.up, program.down, program.closes, program.rejects))
        return frozenset((name, *follow, *of, *(other for others in spread for other in others)))


def _freed(question: Question, found: Evaluation) -> _Trial:
    env, affected = found.env.copy(), 0
    for slot, whole, bits in question.freed:
        if is_open(held := env[slot]):
            env[slot] = FREE if whole is None else Span(*(held[:2] if isinstance(held, Span) else whole), free=True)
            affected |= bits
    return _Trial(env, found.plan.spoken | question.spoken, affected)


def _bits(slots: Iterable[int]) -> Bits:
    return sum(1 << slot for slot in slots)


def is_open(value: Any) -> bool:  # noqa: ANN401  # an environment holds values of every kind
    """Whether a value is unknown, or known only within bounds."""
    return value is None or isinstance(value, Span)


# What a yes would change


class _Stated(NamedTuple):
    """A yes as a reader gives it."""

    value: bool


class _Yes(NamedTuple):
    """What a yes to one input reaches, whoever the patient is."""

    sets: tuple[tuple[str, int, int], ...]  # the input and what follows from it: name, slot, and the slot of `known`
    steps: Bits  # by their places
    spoken: Bits  # every slot that may change
    rules: frozenset[int]  # the places of those that read any of these
    begins: tuple[tuple[int, ...], ...]  # for each tier, the slots of `known` that begin it


class Outcome(NamedTuple):
    """The row of the class table, and the tiers."""

    row: int
    tiers: tuple[TierAnswer, ...]


class Supposing:
    """Asks, for one rulebook, what a yes would change."""

    def __init__(self, walk: Walk) -> None:
        """Keep the walk."""
        self._walk, self._program = walk, walk.program
        self._yes: dict[str, _Yes | None] = {}

    def with_yes(self, found: Evaluation, given: Mapping[str, Stated], name: str) -> Outcome:
        """Return what ``found``, the answer to ``given``, would be with a yes to an input that was not stated."""
        if name not in self._yes:
            self._yes[name] = self._reached(name)
        yes = self._yes[name]
        if yes is None:
            other = self._walk.evaluate({**given, name: _Stated(value=True)})
            return Outcome(other.row, other.tiers)
        env = self._walked_again(yes, found, given, name)
        read = self._walk.tables.read(env, *self._levels(yes, found, env))
        tiers = zip(self._program.tiers, read.tiers, found.plan.assessed, yes.begins, strict=True)
        assessed = [
            (answers, told(env) or (any(env[slot] is True for slot in begins) and not _withheld(tier.withheld, env)))
            for tier, answers, told, begins in tiers
        ]
        return Outcome(read.row, tuple([answers[known] for answers, known in assessed]))

    def _walked_again(self, yes: _Yes, found: Evaluation, given: Mapping[str, Stated], name: str) -> list[Any]:
        env = found.env.copy()
        for other, slot, known in yes.sets:
            stated = given.get(other)
            if other == name or ((stated is None or stated.value is None) and other not in found.implied):
                env[slot] = env[known] = True
        runs = self._walk.planner.together(yes.steps)
        for slot, run in runs.left(found.plan.spoken | yes.spoken, found.plan.form):
            env[slot] = run(env)
        env[self._walk.minimum_slot] = self._walk.minimum_known(env)
        return env

    def _levels(self, yes: _Yes, found: Evaluation, env: list[Any]) -> tuple[list[int], list[int]]:
        planner, spoken, form = self._walk.planner, found.plan.spoken | yes.spoken, found.plan.form
        held: list[tuple[int, bool | None]] = [(at, True) for at in found.met if at not in yes.rules]
        held += [(at, None) for at in found.undecided if at not in yes.rules]
        for at in yes.rules:
            run = planner.rule(at, spoken, form)
            held.append((at, run(env) if run else planner.statuses[at]))
        return planner.levels([(at, status) for at, status in held if status is not False])

    def _reached(self, name: str) -> _Yes | None:
        """Return what a yes reaches; None where it does more than to say yes to others: the whole is walked."""
        program = self._program
        names = (name, *program.up.get(name, ()))
        implying = frozenset[str]().union(*(rule.when.mentions for rule in program.implications))
        targets = {rule.target for rule in program.implications}
        if not implying.union(targets, program.rejects, program.closes).isdisjoint(names):
            return None
        sets = tuple((each, program.slots[each], program.slots[KNOWN + each]) for each in names)
        steps, slots = self._walk.reach.reached(slot for _, *both in sets for slot in both)
        slots |= {self._walk.minimum_slot}
        rules = frozenset(at for at, rule in enumerate(program.rules) if not rule.when.read.isdisjoint(slots))
        begins = tuple(tuple(slot for slot in tier.assessed_by if slot in slots) for tier in program.tiers)
        return _Yes(sets, steps, _bits(slots), rules, begins)


def _withheld(slot: int | None, env: list[Any]) -> bool:
    return slot is not None and env[slot] is True
