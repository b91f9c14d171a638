"""The words and numbers every renderer shares: rounding, units, ranges in words, and text made safe to show.

Takes what an assessment holds and gives plain strings back; knows no clinical number, and never loads rich.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from calcrisk import printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from calcrisk.assessment import Assessment, Finding, Margin, Mechanism, Missing, Product, TierRange
    from calcrisk.grounds import Fact, Input, Reference, Scalar

TIERS = ("low", "moderate", "high", "very_high")
LEVELS = ("none", "mild", "marked", "severe")
NOT_ASSESSED = "not assessed"
DESIGN_CHOICE = "design choice"
PRODUCT = "Ca×P"

_UNIT_IN_TEXT = re.compile(r"(?<![\w/])(?:mg2/dL2|mmol2/L2|u(?:mol|kat|g)/m?L|mL/(?:min|s)/1\.73m2)(?![\w/])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, format, surrogate, line and paragraph separators
_SMALLEST = 1e-9  # what double arithmetic leaves of a tie is shown as 0
_SIGNIFICANT = 4  # digits; no laboratory measures better
_SIGNIFICANT_DERIVED = 3  # digits of a difference or a converted limit
_NAMED = 3  # so many open questions are named in a sentence
_LONG = 90  # letters of a claim that is read at a glance
_CLAUSE = re.compile(r"[;:] ")
_TIMES = frozenset({"years", "months"})  # canonical units in which nobody thinks of "10 days"
_MULTIPLE = "× "  # how a unit begins that counts multiples
_SAYS_NO_MORE = frozenset({"yes", "no", "true", "false", "unknown"})


def clean(text: str) -> str:
    """Show what could steer a terminal or hide in a text (escape codes, bidi marks, line breaks) as its escape."""
    return text if text.isprintable() else "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    return char.encode("unicode_escape").decode("ascii")


def pretty(text: str) -> str:
    """Write the units inside a sentence of the rulebook as print does: ``mg2/dL2`` becomes ``mg²/dL²``."""
    return _UNIT_IN_TEXT.sub(lambda found: printed.unit(found[0]), text)


def unit(name: str | None) -> str:
    """Give a unit as printed, or nothing where there is none."""
    return printed.unit(name) if name else ""


def word(name: str) -> str:
    """Read a name of the rulebook aloud: ``very_high`` is ``very high``."""
    return name.replace("_", " ")


def number(value: float, significant: int = _SIGNIFICANT) -> str:
    """Round to significant digits, as a laboratory would print it; never in powers of ten, never beyond the point."""
    if abs(value) < _SMALLEST:
        return "0"
    before = math.floor(math.log10(abs(value))) + 1
    text = f"{value:.{max(0, significant - before)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scalar(value: Scalar) -> str:
    """Say a value: a number rounded, a yes/no in words, None as unknown."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else clean(value)


def quantity(value: Scalar, unit_name: str | None) -> str:
    """Say a value with its unit."""
    return f"{scalar(value)} {unit(unit_name)}".rstrip() if value is not None else scalar(value)


def is_known(shown: Input | Fact) -> bool:
    """Tell whether a quantity has a value, or ends between which it lies."""
    return any(part is not None for part in (shown.value, shown.lowest, shown.highest))


def known(shown: Input | Fact) -> str:
    """Say what was stated or derived: its value, or the ends between which it lies."""
    low, high = shown.lowest, shown.highest
    if shown.value is not None or low is None is high:
        return quantity(shown.value, shown.unit)
    if low is None or high is None:
        return f"at most {quantity(high, shown.unit)}" if low is None else f"at least {quantity(low, shown.unit)}"
    return f"{scalar(low)} to {quantity(high, shown.unit)}"


def beside_limit(value: float, limit: float, decimals: int) -> str:
    """Round to ``decimals``, adding some while rounding would hide on which side of the limit the value lies."""
    while decimals < _SIGNIFICANT and abs(value - limit) > _SMALLEST and _same(value, limit, decimals):
        decimals += 1
    return f"{value:.{decimals}f}"


def _same(value: float, limit: float, decimals: int) -> bool:
    return f"{value:.{decimals}f}" == f"{limit:.{decimals}f}"


class Measured(NamedTuple):
    """A product in words and in numbers: in its conventional unit with one decimal, in its SI unit with two.

    One that is known within bounds only says both, or the one that was measured: the other is None. Of an exact one
    ``lowest`` and ``highest`` are the same.
    """

    text: str
    si: str
    lowest: float | None
    highest: float | None
    reached: bool | None


def uncorrected(shown: Product) -> Measured | None:
    """Give the product of calcium and phosphate; None where it is not known."""
    ends, si = (shown.lowest, shown.highest), (shown.si_lowest, shown.si_highest)
    return _measured(shown, ends, si, shown.at_or_above)


def corrected(shown: Product) -> Measured | None:
    """Give the product of the albumin-corrected calcium and phosphate; None where it is not known."""
    ends = (shown.corrected_lowest, shown.corrected_highest)
    si = (shown.corrected_si_lowest, shown.corrected_si_highest)
    return _measured(shown, ends, si, shown.corrected_at_or_above)


_Ends = tuple[float | None, float | None]


def _measured(shown: Product, ends: _Ends, si_ends: _Ends, reached: bool | None) -> Measured | None:  # noqa: FBT001 - three values
    lowest, highest = ends
    if lowest is None is highest:
        return None
    text = f"{_between(ends, shown.threshold, 1)} {unit(shown.unit)}"
    si = f"{_between(si_ends, shown.si_threshold, 2)} {unit(shown.si_unit)}" if si_ends != (None, None) else ""
    return Measured(text, si, lowest, highest, reached)


def _between(ends: _Ends, limit: float, decimals: int) -> str:
    said = dict.fromkeys([beside_limit(end, limit, decimals) for end in dict.fromkeys(ends) if end is not None])
    if None in ends:
        return f"at {'most' if ends[0] is None else 'least'} {''.join(said)}"
    return f"between {' and '.join(said)}" if len(said) > 1 else "".join(said)


def threshold(shown: Product) -> str:
    """Give the threshold in both units; while it hangs on what is not known, the ends between which it lies."""
    ends = dict.fromkeys((shown.threshold_lowest, shown.threshold_highest))
    si_ends = dict.fromkeys((shown.si_threshold_lowest, shown.si_threshold_highest))
    si = f"{' to '.join(number(end, _SIGNIFICANT_DERIVED) for end in si_ends)} {unit(shown.si_unit)}"
    return f"{' to '.join(map(number, ends))} {unit(shown.unit)} ({si})"


def no_product(shown: Product) -> str:
    """Say that there is no product, and what is lacking."""
    lacking = f": {listed(shown.waits_for)} not known" if shown.waits_for else " from what is known"
    return f"The product cannot be computed{lacking}."


def first_sentence(text: str) -> str:
    """Give the first sentence of a text."""
    return text.partition(". ")[0].rstrip(".") + "."


def clause(text: str) -> str:
    """Give the first clause of a long claim, an ellipsis for the rest; never cut within one."""
    if len(text) <= _LONG:
        return text
    cut = next((found.start() for found in _CLAUSE.finditer(text) if found.start() >= _LONG // 2), None)
    return text if cut is None else f"{text[:cut]} …"


def objection(known: Reference) -> str:
    """Say what a source speaks against where it is cited so; the first clause of its claim where nothing is written."""
    return known.objection or clause(pretty(known.claim))


def shortened(text: str, width: int, measure: Callable[[str], int] = len) -> str:
    """Keep the first words that fit, an ellipsis for the rest; always at least one word."""
    kept = text
    while " " in kept and measure(kept if kept == text else f"{kept} …") > width:
        kept = kept.rpartition(" ")[0]
    return kept if kept == text else f"{kept} …"


def side(at_or_above: bool | None) -> str:  # noqa: FBT001 - the field has three values, and is it
    """Say on which side of the threshold a product stands."""
    if at_or_above is None:
        return "cannot be told"
    return "at or above" if at_or_above else "below"


def verdict(at_or_above: bool | None, limit: float) -> str:  # noqa: FBT001 - as above
    """Say it with the threshold."""
    return f"{side(at_or_above)} {number(limit)}" if at_or_above is not None else side(at_or_above)


def disagreement(shown: Product) -> str:
    """Say in words that the correction moves the product across the threshold."""
    return (
        "Uncorrected and albumin-corrected disagree: uncorrected is "
        f"{verdict(shown.at_or_above, shown.threshold)}, corrected is "
        f"{verdict(shown.corrected_at_or_above, shown.threshold)}."
    )


def spread(at: str, lowest: str, highest: str) -> str:
    """Say a tier or level, and the range that open questions allow: ``high to very high``."""
    if lowest == highest == at:
        return word(at)
    return f"{word(at)} to {word(highest)}" if at == lowest else f"{word(at)} ({word(lowest)} to {word(highest)})"


def tier(shown: TierRange) -> str:
    """Say a tier; one that nobody asked about is never called low."""
    if not shown.assessed or shown.tier is None:
        return NOT_ASSESSED
    return spread(shown.tier, shown.lowest or shown.tier, shown.highest or shown.tier)


def level(shown: Mechanism) -> str:
    """Say a mechanism's level."""
    return spread(shown.level, shown.lowest, shown.highest)


def margin(shown: Margin) -> str:
    """Say how far a quantity lies from its limit."""
    if abs(shown.value) < _SMALLEST:
        return "exactly at its limit"
    size = number(abs(shown.value), _SIGNIFICANT_DERIVED)
    if shown.unit and shown.unit.startswith(_MULTIPLE):
        more = "more" if shown.value > 0 else "less"
        return f"{size} times the {shown.unit.removeprefix(_MULTIPLE)} {more} than the rule asks"
    amount = f"{size} {unit(shown.unit)}".rstrip()
    return f"{amount} {'above' if shown.value > 0 else 'below'} its limit"


def basis(shown: Finding) -> str:
    """Name the kind of source, or say that a rule is ours."""
    ours = shown.basis == "design-choice"
    return f"Basis: {f'{DESIGN_CHOICE} of this rulebook' if ours else word(shown.strength)}."


def origin(assessment: Assessment) -> tuple[str, ...]:
    """Name the program and the rules that answered, so that the answer can be had again."""
    book = assessment.rulebook
    program, rules = f"calcrisk {assessment.calcrisk}", f"rulebook {book.id} {book.version}"
    return (program, rules, f"profile {book.profile}", printed.fingerprint(book.sha256))


def plural(count: int, one: str, many: str | None = None) -> str:
    """Count things: ``1 rule``, ``2 rules``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def standing(assessment: Assessment) -> str:
    """Say whether the open questions could still move the answer, and where to; and what was assumed that could."""
    others = [word(name) for name in assessment.possible_classifications if name != assessment.classification]
    absent = assumed(assessment)
    if others:
        stands = f"Not settled: could also be {clean(listed(others, 'or'))}."
    elif not assessment.settled:
        stands = f"The class is settled{' as far as was asked' * bool(absent)}; open questions could still move a tier."
    elif absent:
        stands = "Settled as far as was asked."
    else:
        stands = "Settled: no open question could change the class or a tier."
    return f"{stands} {absent}".rstrip()


def assumed(assessment: Assessment) -> str:
    """Name what silence took for absent and would change the answer, as "Ask next" asks; nothing when there is none."""
    patterns = (*assessment.alerts, *assessment.consider)
    names = dict.fromkeys(clean(word(name)) for pattern in patterns for name in pattern.decides)
    return f"Assumed absent, and would change it: {'; '.join(names)}." if names else ""


def deciding(assessment: Assessment) -> str:
    """Name the first open questions that could change the class or a tier; nothing when there are none."""
    names = [part.label for part in assessment.missing if part.decisive]
    more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"What could change it: {'; '.join(names[:_NAMED])}{more}." if names else ""


def could_change(shown: Missing) -> str:
    """Say what the answer to one open question could move."""
    moved = [word(name) for name in shown.could_change if name != "classification"]
    tiers = [f"the {listed(moved)} tier{'s' if len(moved) > 1 else ''}"] if moved else []
    return listed([*(["the class"] if "classification" in shown.could_change else []), *tiers])


def as_canonical(shown: Input) -> bool:
    """Tell whether what was written says the canonical value already."""
    written = shown.as_written.strip()
    if _is_time(shown):
        return True
    if shown.value is None or isinstance(shown.value, bool):
        return not written or written.casefold() in _SAYS_NO_MORE
    return not written or written == shown.value or _numeral(written, shown.unit) == shown.value


def _is_time(shown: Input) -> bool:
    """Tell whether a length of time is known in words that say its unit: it is shown in these."""
    return shown.unit in _TIMES and is_known(shown) and shown.as_written.strip()[-1:].isalpha()


def _numeral(written: str, unit_name: str | None) -> float | None:
    try:
        return float(written.removesuffix(unit_name or ""))
    except ValueError:
        return None


def given(shown: Input) -> str:
    """Give a canonical value with the digits that were written; a length of time in its own unit."""
    if _is_time(shown):
        return clean(shown.as_written.strip())
    number_written = shown.as_written.strip().removesuffix(shown.unit or "").strip()
    plain = isinstance(shown.value, bool) or not isinstance(shown.value, int | float) or not number_written
    return quantity(shown.value, shown.unit) if plain else f"{clean(number_written)} {unit(shown.unit)}".rstrip()


def strongest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by level, the highest first; the rulebook's order otherwise."""
    return sorted(findings, key=lambda finding: -rank(finding.level, LEVELS))


def rank(name: str | None, order: tuple[str, ...]) -> int:
    """Give the place of a word in its order; -1 for one of another rulebook."""
    return order.index(name) if name in order else -1


def broken(whole: str, width: int, measure: Callable[[str], int] = len) -> list[str]:
    """Break one word that is longer than a line, after a slash or hyphen where one is near the edge."""
    parts = []
    while measure(whole) > width and len(whole) > 1:
        end = _fitting(whole, width, measure)
        parts.append(whole[:end])
        whole = whole[end:]
    return [*parts, whole]


def _fitting(whole: str, width: int, measure: Callable[[str], int]) -> int:
    end = min(len(whole), max(1, width))
    while end > 1 and measure(whole[:end]) > width:
        end -= 1
    near = max(whole.rfind(mark, end // 2, end) for mark in "/-_.,;")
    return near + 1 if near > 0 else end
