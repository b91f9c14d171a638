"""Hostile inputs made of the sample files: bytes flipped, spliced, cut, stretched, and words of ours in wrong places.

``python fuzz/mutations.py yaml 217 > found.yaml`` writes again what a number stands for; a seed gives the same bytes on
every machine, as long as the samples stay as they are.
"""

from __future__ import annotations

import json
import random
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from calcrisk.variables import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
KINDS: Final = ("yaml", "json", "ndjson")
_FOLDERS: Final = (ROOT / "sample_labs", ROOT / "tests" / "bad_inputs")
_SIGNS: Final = """
    { } [ ] , : - ? # & * ! | > ' " % @ ` = < << ~ --- ... \\ \\n \\u0000 \\ud800 \\ud83d\\ude00 !!float
    !!python/object:os null true false yes no on off unknown n/a nan NaN Infinity -Infinity .inf .nan none 0 -0
    -1 1 1e400 1e-400 -1e9 1_0 12:30 010 0x1F 9,9 1.2.3 <6 >425 ≤3 ≥9 <<6 99999999999999999999 0.1e1 ٣ ½ low
    normal high haemolysed see note LESS THAN 0.4 GREATER THAN 9 2026-03-02 2026-13-45 0000-00-00 value unit
    lower_limit upper_limit finding site onset pattern seen_on note panels date as_of id labs history tissue
    deposits
"""
_ODD_CHARACTERS: Final = (
    "\x00", "\x07", "\x1b[31m", "\t", "\r", "\r\n", "\x85", "\u2028", "\ufeff", "\u202e", "\u00a0", "\ud800", "é", "µ",
    "\U0001f600", "\ufffe", " " * 40, "\n", "\n\n---\n", "\n...\n", "\n- ",
)  # fmt: skip
_ODD_BYTES: Final = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5", b"\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc0\x80")
_LONG: Final = 30_000  # characters: enough for what takes the square of its length to show
_MOST_STEPS: Final = 5


@cache
def words() -> tuple[str, ...]:
    """Every name, unit and word that means something to us, and what is written beside them."""
    known: dict[str, None] = dict.fromkeys(_SIGNS.split())
    for name, variable in registry().items():
        listed = [variable.listed["key"], variable.listed.get("value")] if variable.listed else []
        own = (name, variable.key, variable.group, *variable.units, *variable.values, *variable.ranges, *listed)
        known |= dict.fromkeys(str(word) for word in (*own, *variable.spellings, *variable.synonyms) if word)
    return tuple(known)


@cache
def samples(kind: str) -> tuple[bytes, ...]:
    """What is mutated: the sample files, good and bad, in the notation asked for."""
    paths = sorted(path for folder in _FOLDERS for path in folder.rglob("*") if path.suffix in {".yaml", ".json"})
    if kind == "yaml":
        return tuple(path.read_bytes() for path in paths if path.suffix == ".yaml")
    patients = [patient for path in paths if (patient := _mapping(path))]
    if kind == "json":
        whole = [json.dumps(patient, indent=indent).encode() for patient in patients for indent in (None, 1)]
        return (*whole, *(path.read_bytes() for path in paths if path.suffix == ".json"))
    lines = [json.dumps(patient).encode() for patient in patients]
    return tuple(b"\n".join(lines[at : at + 3]) + b"\n" for at in range(len(lines)))


def _mapping(path: Path) -> dict[str, object]:
    try:
        found = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return json.loads(json.dumps(found, default=str)) if isinstance(found, dict) and len(str(found)) < _LONG else {}


def mutant(kind: str, number: int) -> bytes:
    """Give the input that a number stands for: one of the samples after a few mutations."""
    chance = random.Random(f"{kind} {number}")
    found = _restated(chance.choice(samples(kind)), kind, chance)
    if kind != "yaml" and chance.random() < 0.5:  # noqa: PLR2004  # a coin: few texts are JSON still after a mutation
        return found
    for _ in range(chance.randint(1, _MOST_STEPS)):
        found = chance.choice(_STEPS)(found, kind, chance)
    return found


def mutants(kind: str, first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Give so many inputs with their numbers, the first first."""
    for number in range(first, first + count):
        yield number, mutant(kind, number)


def command_line(number: int) -> list[str]:
    """Give the options of ``assess`` that a number stands for: right names mostly, with any words behind them."""
    chance = random.Random(f"flags {number}")
    return [part for _ in range(chance.randint(1, _MOST_STEPS)) for part in _option(chance)]


def _option(chance: random.Random) -> list[str]:
    name = chance.choice(list(registry()))
    flag = f"--{name.replace('_', '-')}"
    value = _value(name, chance) if chance.random() < 0.5 else _phrase(chance)  # noqa: PLR2004  # a coin
    yesno = registry()[name].kind == "yesno"
    usual = [flag] if yesno else [f"{flag}={value}"]
    odd = [
        [flag, value],
        [f"--no-{flag[2:]}"],
        [flag[:-1], value],
        ["--unknown", name],
        [f"--unknown={value}"],
        [value],
    ]
    return usual if chance.random() < 0.8 else chance.choice(odd)  # noqa: PLR2004  # four in five


def _value(name: str, chance: random.Random) -> str:
    variable = registry()[name]
    if variable.kind != "number" or variable.hard is None:
        return chance.choice([*variable.values, *variable.ranges, *variable.spellings, "yes"])
    unit = chance.choice(["", "", *variable.units])
    return f"{chance.choice(['', '', '<', '>'])}{chance.uniform(*variable.hard):.4g} {unit}".strip()


def _phrase(chance: random.Random) -> str:
    """Give a few words that an argument may hold: no NUL, which no system passes on."""
    parts = [chance.choice((*words(), *_ODD_CHARACTERS[1:])) for _ in range(chance.randint(0, 3))]
    return chance.choice(["", " "]).join(parts).replace("\x00", "")


# Other statements, in a notation that is whole


def _restated(text: bytes, kind: str, chance: random.Random) -> bytes:
    """State other things of the patients of JSON that can be read: a value or a name here and there."""
    if kind == "yaml":
        return text
    try:
        patients = [json.loads(line) for line in (text.splitlines() if kind == "ndjson" else [text])]
    except ValueError:
        return text
    for _ in range(chance.randint(0, _MOST_STEPS)):
        _restate(chance.choice(patients), chance)
    odd = [json.dumps(patient, ensure_ascii=chance.random() < 0.5) for patient in patients]  # noqa: PLR2004  # a coin
    return "\n".join(odd).encode("utf-8", "surrogatepass")


def _restate(node: object, chance: random.Random) -> None:
    """Change one member of a mapping or list, or of one within."""
    members = node if isinstance(node, dict) else dict(enumerate(node)) if isinstance(node, list) else {}
    if not members:
        return
    at = chance.choice(list(members))
    if isinstance(members[at], dict | list) and chance.random() < 0.8:  # noqa: PLR2004  # mostly further in
        _restate(members[at], chance)
    elif isinstance(node, dict | list):
        node[at] = _statement(chance)
        if isinstance(node, dict) and chance.random() < 0.3:  # noqa: PLR2004  # rarely: a wrong name hides the value
            node[_phrase(chance)] = node.pop(at)


def _statement(chance: random.Random) -> object:
    name = chance.choice(list(registry()))
    simple = [_value(name, chance), _phrase(chance), chance.choice([True, False, None, 0, -1, 1e308, 10**30, 9.9])]
    held = {"value": chance.choice(simple), "unit": chance.choice(words()), "upper_limit": chance.choice(simple)}
    return chance.choice([*simple, *simple, held, {name: chance.choice(simple)}, [chance.choice(simple)], [held]])


# Steps


def _flip(text: bytes, _kind: str, chance: random.Random) -> bytes:
    changed = bytearray(text or b"\0")
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(text: bytes, _kind: str, chance: random.Random) -> bytes:
    return text[: chance.randint(0, len(text))] if chance.random() < 0.3 else _without(text, chance)  # noqa: PLR2004  # rarer


def _without(text: bytes, chance: random.Random) -> bytes:
    first, last = _span(text, chance)
    return text[:first] + text[last:]


def _repeat(text: bytes, _kind: str, chance: random.Random) -> bytes:
    first, last = _span(text, chance)
    return text[:last] + text[first:]


def _stretch(text: bytes, _kind: str, chance: random.Random) -> bytes:
    at = chance.randint(0, len(text))
    piece = text[at : at + chance.choice([1, 1, 2, 8])] or b" "
    piece = chance.choice([piece, piece, b" ", b"[", b"9", b'{"a":'])
    longest = _LONG if chance.random() < 0.1 else 300  # noqa: PLR2004  # rarely, for they take their time
    return text[:at] + piece * (longest // len(piece)) + text[at:]


def _splice(text: bytes, kind: str, chance: random.Random) -> bytes:
    other = chance.choice(samples(kind if chance.random() < 0.7 else chance.choice(KINDS)))  # noqa: PLR2004  # mostly
    return text[: chance.randint(0, len(text))] + other[chance.randint(0, len(other)) :]


def _insert(text: bytes, _kind: str, chance: random.Random) -> bytes:
    at = chance.randint(0, len(text))
    odd = chance.choice([chance.choice(_ODD_CHARACTERS).encode("utf-8", "surrogatepass"), chance.choice(_ODD_BYTES)])
    return text[:at] + chance.choice([odd, chance.choice(words()).encode()]) + text[at:]


def _swap_word(text: bytes, _kind: str, chance: random.Random) -> bytes:
    """Put a word of ours where a word or number stands."""
    places = [at for at in range(1, len(text)) if _is_inside(text[at]) and not _is_inside(text[at - 1])]
    if not places:
        return text
    first = last = chance.choice(places)
    while last < len(text) and _is_inside(text[last]):
        last += 1
    return text[:first] + chance.choice(words()).encode() + text[last:]


def _shuffle_lines(text: bytes, kind: str, chance: random.Random) -> bytes:
    mark = b"," if kind == "json" else b"\n"
    lines = text.split(mark)
    chance.shuffle(lines)
    return mark.join(lines)


def _is_inside(byte: int) -> bool:
    return chr(byte).isalnum() or byte in b"._"


def _span(text: bytes, chance: random.Random) -> tuple[int, int]:
    first = chance.randint(0, len(text))
    return first, min(len(text), first + chance.choice([1, 2, 5, 20, 100]))


_STEPS: Final[tuple[Callable[[bytes, str, random.Random], bytes], ...]] = (
    _flip, _cut, _repeat, _stretch, _splice, _insert, _swap_word, _swap_word, _swap_word, _shuffle_lines,
)  # fmt: skip


def main() -> None:
    """Write the input that stands for ``KIND NUMBER`` to standard output."""
    kind, number = sys.argv[1], int(sys.argv[2])
    found = "\n".join(command_line(number)).encode() if kind == "flags" else mutant(kind, number)
    sys.stdout.buffer.write(found)


if __name__ == "__main__":
    main()
