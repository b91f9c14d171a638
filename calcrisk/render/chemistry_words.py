"""What is said of the chemistry, in sentences that the terminal and a note share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcrisk.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcrisk.assessment import Chemistry, Precipice, Saturation

TITLE = "Ion chemistry of the serum at 37 °C"
_NOT_CALCIUM = {"sodium", "calcium", "magnesium"}  # what phosphate is paired with
_SHARES = {"free": "free", "protein": "on protein", "complexed": "complexed"}


def sentences(shown: Chemistry) -> Iterator[str]:
    """Give what stands beneath the numbers, one sentence or two each, the most telling first."""
    if shown.why is not None:
        yield shown.why
        yield shown.says["notice"]
        return
    yield shown.says["inhibitors"]
    yield precipices(shown)
    yield f"{shown.says['uncertain']} {shown.says['between']} {shown.says['upper']}"
    if shown.assumed:
        yield f"Assumed, not measured: {assumed(shown)}."
    yield f"{shown.says['objection']} ({'; '.join(shown.sources)})"
    yield shown.says["notice"]


def assumed(shown: Chemistry) -> str:
    """Name what was not measured and what stood for it, those of one origin together."""
    origins: dict[str, list[str]] = {}
    for part in shown.assumed:
        origins.setdefault(part.how, []).append(f"{part.label} {_amount(part.value, part.unit)}")
    return "; ".join(f"{', '.join(parts)} ({how})" for how, parts in origins.items())


def _amount(value: float, unit: str) -> str:
    return f"{words.number(value)} {unit}".rstrip()


def ionised(shown: Chemistry) -> str:
    """Say the ionised calcium, and whether it was measured."""
    if shown.ionised_calcium is None:
        return "not known"
    how = "measured, and used" if shown.measured else "predicted; no rule reads it"
    return f"{shown.ionised_calcium:.2f} mmol/L of serum water, as an electrode reads it ({how})"


def consistent(shown: Chemistry) -> str | None:
    """Say the total calcium that goes with a measured ionised one, beside the measured total."""
    total, in_mg_dl = shown.total_calcium, shown.point_mg_dl[0]
    if not shown.measured or total is None or in_mg_dl is None:
        return None
    said = f"The total calcium that goes with it is {_total(total, in_mg_dl)}"
    measured, also = shown.measured_total, shown.measured_total_mg_dl
    if measured is None or also is None:
        return f"{said}."
    more = "more" if measured > total else "less"
    apart = _total(abs(measured - total), abs(also - in_mg_dl))
    return f"{said}; measured was {_total(measured, also)}, {apart} {more}."


def _total(mmol_l: float, mg_dl: float) -> str:
    return f"{mmol_l:.2f} mmol/L ({mg_dl:.1f} mg/dL)"


def curves_of(shown: Chemistry) -> str:
    """Say which serum the curves of a plot are of."""
    assumed = {part.label: "estimated" if part.estimated else "assumed" for part in shown.assumed}
    parts = (("albumin", shown.albumin_g_l, " g/L"), ("pH", shown.ph, ""))
    said = [
        f"{label} {words.number(value)}{unit}{f' ({assumed[label]})' if label in assumed else ''}"
        for label, value, unit in parts
        if value is not None
    ]
    return ", ".join(said)


def band_of_curve(shown: Chemistry) -> tuple[float, float] | None:
    """Return in how many parts of the curve of brushite other published constants put it; None without a precipice."""
    part = next(iter(shown.precipice.values()))
    if not part.phosphate or part.lowest is None or part.highest is None:
        return None
    return part.lowest / part.phosphate, part.highest / part.phosphate


def point(shown: Chemistry, ends: tuple[float, float], other: str) -> str:
    """Say where the patient stands, where that is not plain from the place; ``other`` marks the measured total."""
    calcium, said = shown.point_mg_dl[0], []
    if calcium is not None and not ends[0] <= calcium <= ends[1]:
        said.append(f"calcium {words.number(calcium)} is beyond the plot")
    if shown.measured_total_mg_dl is not None:
        said.append(f"total calcium that goes with the ionised; {other}: as measured, which Ca×P is made of")
    return "; ".join(said)


def shares(parts: dict[str, float | None]) -> str:
    """Say where an ion is."""
    return ", ".join(f"{_share(name)} {value:.0f} %" for name, value in parts.items() if value is not None)


def _share(name: str) -> str:
    return f"with {name}" if name in _NOT_CALCIUM else _SHARES[name]


def index(part: Saturation) -> str:
    """Say a saturation index with its sign, to two digits and no more."""
    return "–" if part.index is None else f"{part.index:+.2f}"


def band(part: Saturation) -> str:
    """Say the range that published constants give an index."""
    return "" if part.lowest is None or part.highest is None else f"{_tenth(part.lowest)} to {_tenth(part.highest)}"


def _tenth(number: float) -> str:
    return f"{_to_tenth(number):+.1f}"


def _to_tenth(number: float) -> float:
    return round(number, 1) + 0.0  # added to a negative zero, which it makes none


def side(part: Saturation) -> str:
    """Say on which side of saturation a solid is, by its range as it is printed, and when that is no news."""
    if part.index is None or part.lowest is None or part.highest is None:
        return ""
    if _to_tenth(part.lowest) <= 0 <= _to_tenth(part.highest):
        return "near saturation"
    if part.index < 0:
        return "below saturation"
    return "above, as always" if part.always else "above saturation"


def precipices(shown: Chemistry) -> str:
    """Say at which phosphate the serum is saturated, beside the line of the product."""
    said = [_precipice(part) for part in shown.precipice.values()]
    if line := shown.phosphate_at_threshold_mg_dl:
        said.append(_threshold(shown, line))
    return " ".join(said)


def _threshold(shown: Chemistry, phosphate: float) -> str:
    """Say where the product has its threshold, beside the product at which brushite is saturated."""
    measured = " by the measured total calcium" if shown.measured_total is not None else ""
    text = f"The Ca×P product reaches {words.number(shown.product_threshold)} mg²/dL² at a phosphate of "
    text += f"{words.number(phosphate, 2)} mg/dL{measured}"
    brushite = next(iter(shown.precipice.values()))
    if brushite.product is None:
        return f"{text}."
    other = " by the one that goes with the ionised" if measured else ""
    return f"{text}; saturation with {brushite.label} is at {words.number(brushite.product, 2)} mg²/dL²{other}."


def _precipice(part: Precipice) -> str:
    if part.status == "not_converged":
        return f"The phosphate that saturates this serum with {part.label} could not be computed."
    if part.phosphate_mg_dl is None or part.phosphate is None or part.times is None:
        return f"No phosphate that occurs saturates this serum with {part.label}."
    text = f"A phosphate of {words.number(part.phosphate_mg_dl, 2)} mg/dL ({words.number(part.phosphate, 2)} mmol/L), "
    beyond = part.times < 1
    text += f"{words.number(part.times, 2)} times the patient's, {'saturates' if beyond else 'would saturate'} "
    text += f"this serum with {part.label}"
    if part.lowest and part.highest:
        scale = part.phosphate_mg_dl / part.phosphate
        lowest, highest = words.number(part.lowest * scale, 2), words.number(part.highest * scale, 2)
        text += f" (by other published constants {lowest} to {highest} mg/dL)"
    return f"{text}: it is beyond that, which does not mean that anything precipitates." if beyond else f"{text}."


def note(shown: Chemistry) -> Iterator[str]:
    """Give the chemistry as plain lines for a note."""
    if shown.why is None:
        yield f"Ionised calcium {ionised(shown)}."
        yield f"Calcium: {shares(shown.calcium)}. Phosphate: {shares(shown.phosphate)}."
        said = [f"{part.label} {index(part)} ({band(part)})" for part in shown.saturation.values()]
        yield f"Saturation index, log10: {'; '.join(said)}."
        yield shown.says["not_news"]
    yield from sentences(shown)
    yield from (part.message for part in shown.warnings)
