"""Inputs answered with a word: yes or no, and the choices (sex, CKD stage, low or normal or high)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.errors import did_you_mean
from calcrisk.stated import Given, Range, Reading, Value, Written, expected, quoted
from calcrisk.variables import Choice, choices, plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from calcrisk.variables import Variable

YES_NO = {"yes": True, "true": True, "on": True, "y": True, "no": False, "false": False, "off": False, "n": False}
_SHORT = 3  # letters of a word in which a slip makes another word
_BETWEEN = "/,;.+"  # what may stand between two words, besides blanks
_NOTHING_KNOWN = frozenset(
    {"n/a", "na", "#n/a", "nan", ".nan", "none", "nil", "-", "--", "?", ".", "missing", "not known"}
)


def read_yesno(variable: Variable, word: str, written: Written, into: Reading) -> None:
    """Read yes or no in any of its spellings."""
    answer = YES_NO.get(word.casefold())
    if answer is None:
        _refuse_word(variable, word, written, YES_NO, into)
    else:
        into.put(variable.name, Given(answer, None, word, written.origin), written.location)


def read_choice(variable: Variable, word: str, written: Written, into: Reading) -> None:
    """Read one of a choice's words, and note what the word says besides."""
    choice = choices(variable).get(plain(word))
    if choice is None:
        _refuse_word(variable, word, written, _near_words(variable, word), into)
        return
    into.put(variable.name, Given(_chosen(variable, choice), None, word, written.origin), written.location)
    for name, answer in choice.also.items():
        into.also.append((name, Given(answer, None, word, written.origin), written.location))


def _chosen(variable: Variable, choice: Choice) -> Value:
    return variable.values[choice.low] if choice.low == choice.high else Range(choice.low, choice.high)


def _near_words(variable: Variable, word: str) -> list[str]:
    """Give the words that may be meant: of the same digits, for another number is no slip, and long enough for one."""
    spelt = (known for known in (*variable.ranges, *variable.spellings) if len(known) > _SHORT)
    digits = _digits(word)
    return [known for known in dict.fromkeys((*variable.offered, *variable.values, *spelt)) if _digits(known) == digits]


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _alone(variable: Variable, word: str) -> str | None:
    """Say what to write where a word of a choice stands beside what no input holds (``G4 A3``)."""
    for beside, meaning in variable.unread.items():
        bare = plain(word).removesuffix(plain(beside)).rstrip(_BETWEEN)
        if bare != plain(word) and (meant := choices(variable).get(bare)) is not None:
            return f"write {meant.word} alone: the {meaning} is no input"
    return None


def left_open(word: str) -> str | None:
    """Say what to write in place of a word by which tables mean that nothing is known, or None for another word."""
    return "leave it empty, or write unknown" if word.casefold() in _NOTHING_KNOWN else None


def _refuse_word(variable: Variable, word: str, written: Written, known: Collection[str], into: Reading) -> None:
    wanted = expected(variable)
    into.fault(
        written.location,
        code="unknown-word",
        message=f"{variable.name} cannot be {quoted(word)}",
        expected=wanted,
        got=word,
        hint=left_open(word)
        or _alone(variable, word)
        or did_you_mean(word.casefold(), known)
        or did_you_mean(word, known)
        or f"write {wanted}",
    )
