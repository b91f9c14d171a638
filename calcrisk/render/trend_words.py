"""The words of a trend, of a history and of an interval: what every renderer says alike."""

from __future__ import annotations

from collections import Counter
from math import floor
from typing import TYPE_CHECKING, Any, Final

from calcrisk.printed import chance, days, limit_text, share
from calcrisk.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Document = Mapping[str, Any]

TITLE: Final = "Product over time"
NOISE: Final = "What measurement alone explains"
BESIDE: Final = "What to know before it is used"
HISTORY: Final = "History: dated panels"
INTERVAL: Final = "Does the answer hang on noise?"
WHY: Final = {
    "later": "later than the day spoken of",
    "post_dialysis": "drawn after dialysis",
    "maybe_post_dialysis": "looks drawn after dialysis",
    "haemolysed": "haemolysed",
    "acute_illness": "acute illness",
    "missing": "calcium or phosphate missing",
    "bounds": "known within bounds only",
    "no_albumin": "no albumin near enough",
    "same_time": "a second one of this time",
}
_UNIT: Final = "mg²/dL²"
_PER_CENT: Final = 100  # of a fraction
_THREE: Final = 3  # significant digits of a calcium
_NAMES: Final = {"product": "Ca×P product", "pth": "PTH"}


def quantity(value: float | None) -> str:
    """Write a product, or that there is none."""
    return "" if value is None else f"{value:.1f}"


def percent(share: float) -> str:
    """Write a share as per cent, its sign kept."""
    return f"{_signed(share * _PER_CENT, 0)} %"


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"


def name_of(trend: Document) -> str:
    """Name the quantity that a trend is of."""
    return "albumin-corrected Ca×P product" if trend["quantity"].startswith("corrected") else "Ca×P product"


def note(row: Document) -> str:
    """Say what is to know of a panel: why it is not used, or its side of the limit and another day's albumin."""
    if row["excluded"]:
        return f"not used: {WHY[row['excluded']]}{_ends(row)}"
    told = ["at or above"] if row["at_or_above"] else []
    told += [f"albumin of {row['albumin_of']}"] if row["albumin_of"] else []
    return ", ".join(told)


def _ends(row: Document) -> str:
    """Tell between which ends a product lies that is not known as a number."""
    low, high = row["product_lowest"], row["product_highest"]
    if not low and high is None:
        return ""
    said = f"at most {high:.1f}" if not low else f"at least {low:.1f}" if high is None else f"{low:.1f} to {high:.1f}"
    side = {"at_or_above": ", surely at or above", "below": ", surely below", None: ""}[row["certain"]]
    return f" (product {said}{side})"


def cell(row: Document, name: str) -> str:
    """Write a value of a panel; what is no number as it was written."""
    return quantity(row[name]) or str(words.clean(row["as_written"].get(name, "")))


def facts(trend: Document) -> Iterator[str]:
    """Tell the mean, the slope, the gaps and the age of the newest panel."""
    told = []
    if trend["mean"] is not None:
        told.append(f"mean over time {trend['mean']:.1f} {_UNIT}")
    told += _slope(trend)
    if trend["gaps_left_out"]:
        told.append(f"{words.plural(trend['gaps_left_out'], 'gap')} too long to interpolate")
    if told:
        text = "; ".join(told)
        yield f"{text[0].upper()}{text[1:]}."
    yield from _below_limit(trend)
    yield from newest(trend)


def _below_limit(trend: Document) -> Iterator[str]:
    """Say which phosphate would bring the newest draw below the limit; rounded down, so that it does."""
    last = next((row for row in reversed(trend["panels"]) if row["usable"]), None)
    found = trend["at_limit"]
    if found and last and last["at_or_above"]:
        kind = "corrected calcium" if trend["quantity"].startswith("corrected") else "calcium"
        calcium, limit = words.number(found["calcium"], _THREE), limit_text(trend["threshold"])
        to, si = (floor(found[key] * _PER_CENT) / _PER_CENT for key in ("phosphate", "si_phosphate"))
        below = f"{to:.2f} {words.unit(found['unit'])} ({si:.2f} {words.unit(found['si_unit'])})"
        start = f"At the {kind} of {found['date']} ({calcium}) the product is below {limit}"
        yield f"{start} with a phosphate below {below}: arithmetic, no advice."


def _slope(trend: Document) -> Iterator[str]:
    """Tell the straight line, over no more time than the draws span."""
    if trend["change_over_span"] is None:
        return
    span = days(trend["span_days"])
    if trend["slope"] is None:
        yield f"straight line through the draws {_signed(trend['change_over_span'], 1)} {_UNIT} over {span}"
    else:
        yield f"slope {_signed(trend['slope'], 1)} {_UNIT} in {days(trend['slope_days'])}, over {span}"


def newest(trend: Document) -> Iterator[str]:
    """Say when the newest usable panel is out of date."""
    if trend["stale"]:
        age = f"{days(trend['age_days'])} old on {trend['as_of']}"
        yield f"The newest usable panel is {age}: stale, no present value."


def noise(trend: Document) -> Iterator[str]:
    """Tell the set point, the probability and the model they stand on."""
    shown = trend["noise"]
    if shown is None:
        return
    if shown["no_set_point"]:
        reasons = "; ".join(each["says"] for each in shown["no_set_point"])
        yield f"No set point and no probability are told, since both assume one unchanged value: {reasons}."
    if shown["set_point"] is not None:
        yield from _set_point(shown, shown["set_point"], limit_text(trend["threshold"]))
    yield f"One product varies by {_cv(shown)} (CV, as measured in {shown['title']}). Model: {shown['model']}."
    yield from shown["caveats"]
    if shown["instead"]:
        other = shown["instead"]
        yield f"Kidney disease is neither stated nor denied: in {other['title']} it would vary by {_cv(other)}."
    if trend["quantity"].startswith("corrected"):
        yield "The variation of albumin, and of the correction itself, is not in it."


def _cv(shown: Document) -> str:
    return f"{shown['product_cv'] * _PER_CENT:.1f} %"


def beside(trend: Document) -> Iterator[str]:
    """Tell what must stand beside a product over time: its limit, other quantities, what is to consider."""
    yield from open_limit(trend)
    yield from others(trend)
    for each in trend["consider"]:
        yield f"To consider: {each['title']} (calcrisk assess says why)."
    yield " ".join(trend["notes"])


def others(trend: Document) -> Iterator[str]:
    """Tell how often another quantity passed its own limit."""
    for each in trend["others"]:
        limit = words.quantity(each["limit"], each["unit"])
        text = f"{each['label']} above {limit} on {each['beyond']} of {words.plural(each['usable'], 'draw')}"
        side = ", sustained" if each["sustained"] else ""
        yield f"{text[0].upper()}{text[1:]}{side}. The product does not show it."


def left_out(trend: Document) -> Iterator[str]:
    """Count the panels that are not used, by their reason."""
    counted = Counter(WHY[row["excluded"]] for row in trend["panels"] if row["excluded"])
    if counted:
        yield f"Not used: {', '.join(f'{many} {reason}' for reason, many in counted.items())}."


def open_limit(shown: Document) -> Iterator[str]:
    """Say between which ends the limit lies while the age is open, and how often the higher one is reached."""
    low, high = shown["threshold_lowest"], shown["threshold_highest"]
    if low != high:
        draws = words.plural(shown["usable"], "draw")
        above = f"at or above {limit_text(high)} on {shown['at_or_above_highest']} of {draws}"
        counted = f"counted against {limit_text(shown['threshold'])}"
        yield f"The limit is {limit_text(low)} or {limit_text(high)}, by an age that is not stated: {counted}; {above}."


def _set_point(shown: Document, found: Document, limit: str) -> Iterator[str]:
    span = f"{found['from']} to {found['to']}" if found["readings"] > 1 else found["from"]
    sure = f"{shown['confidence'] * _PER_CENT:.0f} %"
    centre = f"{words.plural(found['readings'], 'reading')} ({span}) put the set point at {found['centre']:.1f} {_UNIT}"
    yield f"{centre}, {sure} interval {found['lowest']:.1f} to {found['highest']:.1f}."
    sure = chance(found["probability_at_or_above"])
    yield f"Probability that this patient's true product lies at or above {limit}: {sure}. {shown['says']}"


def changes(trend: Document) -> Iterator[tuple[str, str, str, str]]:
    """Give for each quantity its name, its last change, what counts as one, and the verdict."""
    for part in trend["noise"]["changes"] if trend["noise"] else ():
        limits, last = part["reference_change"], part["last"]
        name = _NAMES.get(part["of"], part["of"])
        counts = f"{percent(limits['fall'])} or {percent(limits['rise'])}"
        if last:
            yield (
                name,
                percent(last["relative"]),
                counts,
                "changed beyond noise" if last["beyond_noise"] else "within noise",
            )
        else:
            yield name, "", counts, "one value"


def history(shown: Document) -> Iterator[str]:
    """Tell in an assessment what its panels say."""
    limit, above = limit_text(shown["threshold"]), shown["at_or_above"]
    usable = words.plural(shown["usable"], "usable panel")
    left = f"; {words.plural(shown['excluded'], 'panel')} not used" if shown["excluded"] else ""
    yield f"At or above {limit} {_UNIT} on {above} of {usable}{left}. {_kind(shown)}"
    yield from open_limit(shown)
    if shown["fraction_at_or_above"] is not None:
        part = share(shown["fraction_at_or_above"])
        yield f"Interpolated: {part} of {days(shown['days_interpolated'])}; mean {shown['mean']:.1f} {_UNIT}."
    yield from newest(shown)
    reasons = [f"{row['date']} {WHY[row['excluded']]}{_ends(row)}" for row in shown["panels"] if row["excluded"]]
    if reasons:
        yield f"Not used: {'; '.join(reasons)}."


def _kind(shown: Document) -> str:
    run = shown["sustained"]
    if run:
        until = "to the newest" if run["current"] else f"to {run['to']}"
        return f"Sustained: {words.plural(run['panels'], 'panel')} in a row from {run['from']} {until}."
    return {
        "none": "None reaches it.",
        "single": "Single, unconfirmed.",
        "several": "Too close together to confirm each other.",
        "repeated": "Repeated, not in a row.",
        "sustained": "",
    }[shown["exceedance"]]


def interval(shown: Document) -> Iterator[str]:
    """Tell class and tiers at both ends of the noise, and whether they differ."""
    sure = f"{shown['confidence'] * _PER_CENT:.0f} %"
    lowest, highest = shown["lowest"], shown["highest"]
    span = f"{lowest['product']:.1f} to {highest['product']:.1f}"
    if shown["unsteady"]:
        yield f"The model does not hold here: {shown['unsteady']}. More stays open than what follows."
    cv = f"CV {shown['cv'] * _PER_CENT:.1f} % in {shown['title']}"
    yield f"One reading of {shown['product']:.1f} {_UNIT} is compatible with a true one from {span} ({sure}, {cv})."
    yield from shown["caveats"]
    if shown["hangs_on_noise"]:
        yield from (_differing(shown, name) for name in shown["differ"])
    else:
        yield "Class and tiers are the same at both ends: they do not hang on the noise of one reading."
    yield f"Model: {shown['model']}. {shown['says']}"


def _differing(shown: Document, name: str) -> str:
    values = [words.word(str(shown[end][name] or words.NOT_ASSESSED)) for end in ("lowest", "here", "highest")]
    return f"{name.capitalize()} hangs on noise: {' / '.join(values)} (lowest, as measured, highest)."
