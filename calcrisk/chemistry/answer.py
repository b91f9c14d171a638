"""The chemistry of assessed patients, as a part of their assessments. It reads inputs; no rule reads it.

Many patients are solved in one run, each with the answer it has alone.
"""

from __future__ import annotations

from functools import cache
from math import isnan
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from calcrisk.assessment import Assessment, Chemistry, Refused
from calcrisk.chemistry import constants
from calcrisk.chemistry.blocks import PRECIPICES, REACH, UNSOLVED, albumin_low, shown, solve_filled, warned
from calcrisk.chemistry.newton import QUICK
from calcrisk.chemistry.serum import ASSUMED, STATUS, fill, from_inputs, inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcrisk.chemistry.serum import Array, Filled
    from calcrisk.grounds import Input

    Fields = dict[str, Any]  # a part of the document, as it is written

_SHARES: Final = {
    "calcium": {"free": "ca_free", "protein": "ca_protein", "complexed": "ca_complexed"},
    "phosphate": {"free": "p_free", "sodium": "p_sodium", "calcium": "p_calcium", "magnesium": "p_magnesium"},
}
_SAID: Final = ("notice", "not_news", "inhibitors", "objection", "uncertain", "upper")


def with_chemistry(outcomes: Sequence[Assessment | Refused], *, isopleth: bool = False) -> list[Assessment | Refused]:
    """Return the same outcomes, each assessment with its chemistry, solved together.

    With ``isopleth`` each gets the curves of a plot as well, and is solved by itself.
    """
    answers = [outcome for outcome in outcomes if isinstance(outcome, Assessment)]
    parts = iter([_alone(answer) for answer in answers] if isopleth else _together(answers))
    return [
        Assessment.of({**vars(outcome), "chemistry": vars(next(parts))}) if isinstance(outcome, Assessment) else outcome
        for outcome in outcomes
    ]


def _together(answers: Sequence[Assessment]) -> list[Chemistry]:
    if not answers:
        return []
    columns = _columns(answers)
    filled = _filled(answers, columns)
    solved = solve_filled(filled, tolerance=QUICK)
    codes = warned(filled, solved)
    return [_Telling(answer, row, columns, filled, solved, codes).part(None) for row, answer in enumerate(answers)]


def _alone(answer: Assessment) -> Chemistry:
    columns = _with_curve(_columns([answer]))
    filled = _filled([answer], columns)
    solved = solve_filled(filled, tolerance=QUICK)
    points = None if solved["status"][0] else _curves(solved, answer.ca_p_product.threshold)
    return _Telling(answer, 0, columns, filled, solved, warned(filled, solved)).part(points)


@cache
def _curve_calcium() -> Array:
    """Return the total calcium (mg/dL) of each point of a curve; not to be changed."""
    shape = constants.document()["isopleth"]
    lowest, highest = shape["calcium_mg_dl"]
    return np.linspace(float(lowest), float(highest), int(shape["points"]))


def _with_curve(columns: Mapping[str, Array]) -> dict[str, Array]:
    """Put the points of one patient's isopleth behind the patient's own row: all as it is but the calcium (MODEL 8).

    The whole curve is solved in the same run as the patient, as further rows.
    """
    points = _curve_calcium() / constants.value("units", "calcium_mg_dl_per_mmol_l")
    table = np.repeat(np.array([*columns.values()]), 1 + len(points), axis=1)
    rows = dict(zip(columns, table, strict=True))
    rows["ca"][1:] = points
    rows["ionised_ca"][1:] = np.nan  # the curve is over the total calcium
    return rows


def _curves(solved: Mapping[str, Any], threshold: float) -> dict[str, tuple[float | None, ...]]:
    """Return calcium and phosphates (mg/dL) of the curves: the line of the product, brushite, amorphous phosphate.

    ``solved`` is what the rows of ``_with_curve`` gave; None where a phase is not reached.
    """
    points, factor = _curve_calcium(), constants.value("units", "phosphorus_mg_dl_per_mmol_l")
    prefix = "p_at_si0_"
    reached = {name.removeprefix(prefix): solved[name][1:] * factor for name in solved if name.startswith(prefix)}
    every = {"calcium": points, "product": threshold / points, **reached}
    return {name: tuple(None if isnan(at) else at for at in column.tolist()) for name, column in every.items()}


def _columns(answers: Sequence[Assessment], end: str = "value") -> dict[str, Array]:
    """Return what was measured of some patients, by field and in its unit; or an ``end`` of what is known of them."""
    names = inputs()
    table = np.array([_numbers(answer.inputs, names, end) for answer in answers]).T
    return from_inputs(dict(zip(names, table, strict=True)), len(answers))


def _numbers(stated: Mapping[str, Input], names: Sequence[str], end: str) -> list[float]:
    values = [getattr(stated[name], end) if name in stated else None for name in names]
    return [float(value) if isinstance(value, int | float) else np.nan for value in values]


def _filled(answers: Sequence[Assessment], columns: Mapping[str, Array]) -> Filled:
    read = set(inputs())
    if not any(part.value is None and name in read for answer in answers for name, part in answer.inputs.items()):
        return fill(columns)
    from calcrisk.chemistry.bounds import fill_within

    return fill_within(columns, _columns(answers, "lowest"), _columns(answers, "highest"))


class _Telling:
    """One patient's row on its way into the part of the assessment."""

    def __init__(  # noqa: PLR0913  # what was given, what was filled in, what came of it, who is warned of what
        self,
        answer: Assessment,
        row: int,
        columns: Mapping[str, Array],
        filled: Filled,
        solved: Mapping[str, Any],
        codes: Mapping[str, Any],
    ) -> None:
        self.answer, self.row, self.filling = answer, row, filled
        self.numbers = {name: _plain(column.item(row)) for name, column in solved.items() if column.dtype.kind == "f"}
        self.filled = {name: _plain(column.item(row)) for name, column in filled.values.items()}
        self.given = {name: _plain(column.item(row)) for name, column in columns.items()}
        self.status = STATUS[solved["status"][row]]
        self.reach = {name: int(solved[f"reach_{name}"][row]) for name in PRECIPICES}
        self.assumed = [name for bit, name in enumerate(ASSUMED) if int(solved["assumed"][row]) >> bit & 1]
        self.codes = [code for code, rows in codes.items() if rows[row]]
        self.words = constants.document()["words"]
        self.errors = {name: self.between_patients(name) for name in shown()}

    def part(self, isopleth: dict[str, tuple[float | None, ...]] | None) -> Chemistry:
        numbers, solved = self.numbers, self.status == STATUS[0]
        return Chemistry.of(
            {
                "status": self.status,
                "why": None if solved else self.why(),
                "ionised_calcium": numbers["ionised_ca"],
                "measured": solved and self.given["ionised_ca"] is not None,
                "ionised_magnesium": numbers["ionised_mg"],
                "total_calcium": numbers["total_ca"],
                "albumin_g_l": self.filled["albumin"] if solved else None,
                "ph": self.filled["ph"] if solved else None,
                **{name: {to: numbers[of] for to, of in shares.items()} for name, shares in _SHARES.items()},
                "ionic_strength": numbers["ionic_strength"],
                "saturation": {name: self.saturation(name) for name in shown()},
                "precipice": {name: self.precipice(name) for name in PRECIPICES},
                "product_threshold": self.answer.ca_p_product.threshold,
                "phosphate_at_threshold_mg_dl": self.at_threshold() if solved else None,
                "point_mg_dl": self.point(),
                "measured_total": self.measured_total(),
                "measured_total_mg_dl": self.measured_total(constants.value("units", "calcium_mg_dl_per_mmol_l")),
                "isopleth": isopleth,
                "assumed": tuple(self.assumptions()) if solved else (),
                "warnings": tuple(self.warnings()) if solved else (),
                "says": {name: self.words[name] for name in _SAID} | ({"between": self.between()} if solved else {}),
                "sources": tuple(map(_cited, constants.document()["objection"])),
            }
        )

    def why(self) -> str:
        names = {"missing": self.lacking, "out_of_range": self.outside}.get(self.status, list)()
        return str(self.words[self.status].format(names=" and ".join(names)))

    def lacking(self) -> list[str]:
        fields = constants.document()["fields"]
        needed = ("ca", "p") if self.given["ionised_ca"] is None else ("p",)
        return [fields[name]["label"] for name in needed if self.given[name] is None]

    def outside(self) -> list[str]:
        said, fields = [], constants.document()["fields"]
        for name, value in {**self.filled, "ionised_ca": self.given["ionised_ca"]}.items():
            (lowest, highest), label, unit = (fields[name][key] for key in ("range", "label", "unit"))
            if value is None or lowest <= value <= highest:
                continue
            if name == "globulin" and value < 0:
                albumin = self.filled["albumin"] or 0
                said.append(self.words["negative_globulin"].format(protein=albumin + value, albumin=albumin))
                continue
            if self.is_estimated(name):
                label = self.words["estimated"].format(label=label)
            said.append(f"{label} {value:.3g} (from {lowest:g} to {highest:g} {unit})".replace(" )", ")"))
        return said

    def is_at_bound(self, name: str) -> bool:
        marked = self.filling.at_bound.get(name)
        return marked is not None and bool(marked[self.row])

    def is_estimated(self, name: str) -> bool:
        return name == "ph" and "ph_estimated" in self.assumed

    def saturation(self, name: str) -> Fields:
        phase, entry = constants.phases()[name], constants.document()["phases"][name]
        index = self.numbers[f"si_{name}"]
        usual = _uncertainty("reference_si")[name]
        lowest, highest = _uncertainty("band_of_normal_serum").get(name, (usual, usual))
        return {
            "label": phase.label,
            "formula": entry["formula"],
            "always": phase.always,
            "index": index,
            "lowest": None if index is None else index + lowest - usual,
            "highest": None if index is None else index + highest - usual,
            "per_ion": self.numbers[f"si_{name}_per_ion"],
            "between_patients": self.errors[name],
        }

    def between_patients(self, name: str) -> float | None:
        """Return what the errors of one patient make of an index; None where one of them has no bound (MODEL 12)."""
        usual: float | None = _uncertainty("between_patients").get(name)
        if self.status != STATUS[0] or {"albumin-low", "albumin-assumed"} & set(self.codes):
            return None
        if usual is not None and name in _uncertainty("doubled_without_ph"):
            return None if "ph-assumed" in self.codes else 2 * usual if "ph-estimated" in self.codes else usual
        return usual

    def between(self) -> str:
        """Say what ``between_patients`` presupposes, and which assumption leaves which solids without it."""
        words, within, labels = self.words["between"], _uncertainty("within"), constants.phases()
        known = [(size, labels[name].label) for name, size in self.errors.items() if size is not None]
        said = []
        if known:
            ends = " to ".join(f"± {size:g} ({label})" for size, label in sorted({min(known), max(known)}))
            ph = within["ph_estimated" if "ph-estimated" in self.codes else "ph"]
            form = words["without_ph" if "ph-assumed" in self.codes else "known"]
            said.append(form.format(ends=ends, calcium=within["calcium"], ph=ph))
        if len(known) < len(self.errors):
            form = words["unbounded" if known else "none"]
            solids = " and ".join(label for _, label in known)
            said.append(form.format(solids=solids, why=words["why"][self.unbounded()]))
        return " ".join(said)

    def unbounded(self) -> str:
        """Return the code of the assumption that weighs most: an albumin, assumed before low, then the pH."""
        return next(code for code in ("albumin-assumed", "albumin-low", "ph-assumed") if code in self.codes)

    def precipice(self, name: str) -> Fields:
        level, factor = self.numbers[f"p_at_si0_{name}"], constants.value("units", "phosphorus_mg_dl_per_mmol_l")
        band, base = self.bounds(name)
        own, calcium = self.filled["p"], self.filled["ca"]
        if self.given["ionised_ca"] is not None:
            calcium = self.numbers["total_ca"]  # the one that goes with it, and that the phosphate was found at
        product = constants.value("units", "product_mg2_dl2_per_mmol2_l2")
        known = level is not None and own is not None and calcium is not None
        return {
            "label": constants.phases()[name].label,
            "status": None if self.reach[name] == UNSOLVED else REACH[self.reach[name]],
            "phosphate": level,
            "phosphate_mg_dl": level * factor if known and level else None,
            "product": product * calcium * level if known and level and calcium else None,
            "times": level / own if known and level and own else None,
            "lowest": level * band[0] / base if known and level and band else None,
            "highest": level * band[1] / base if known and level and band else None,
        }

    def bounds(self, name: str) -> tuple[tuple[float, float] | None, float]:
        """Return lowest and highest phosphate of the reference serum by other constants, and the one by ours."""
        entry = _uncertainty("precipice")
        return ((entry["lowest"], entry["highest"]) if name == PRECIPICES[0] else None), entry["base"]

    def at_threshold(self) -> float | None:
        calcium = self.filled["ca"]
        per = constants.value("units", "calcium_mg_dl_per_mmol_l")
        return None if calcium is None else self.answer.ca_p_product.threshold / (calcium * per)

    def point(self) -> tuple[float | None, float | None]:
        """Return where the patient stands in the plot: the total calcium that goes with the ionised one, phosphate."""
        calcium, phosphate = self.numbers["total_ca"], self.given["p"]
        if calcium is None or phosphate is None:
            return None, None
        units = constants.document()["units"]
        return (
            calcium * units["calcium_mg_dl_per_mmol_l"]["value"],
            phosphate * units["phosphorus_mg_dl_per_mmol_l"]["value"],
        )

    def measured_total(self, per: float = 1) -> float | None:
        """Return the total calcium as measured (mmol/L, or so many of ``per``) where an ionised one was as well."""
        total = self.given["ca"]
        if total is None or self.given["ionised_ca"] is None or self.numbers["total_ca"] is None:
            return None
        return total * per

    def assumptions(self) -> list[Fields]:
        fields, how = constants.document()["fields"], self.words["how"]
        told = []
        for name in self.assumed:
            if name in fields:
                said = {"label": fields[name]["label"], "value": self.filled[name], "unit": fields[name]["unit"]}
                told.append({**said, "how": how[self.how(name)], "estimated": self.is_estimated(name)})
        return told

    def how(self, name: str) -> str:
        if self.is_at_bound(name):
            return "at_bound"
        if self.is_estimated(name) or (name == "ph" and self.is_at_bound("tco2")):
            return "ph_estimated"
        if name in {"albumin", "globulin"} and (self.given["protein"] is not None or self.is_at_bound("protein")):
            return "protein"
        if name == "cl" and (self.given["na"] is not None or self.is_at_bound("na")):
            return "cl"
        return "on_dialysis" if name == "so4" and self.given["dialysis"] else "default"

    def warnings(self) -> list[Fields]:
        entries = constants.document()["warnings"]
        return [{"code": f"chemistry-{code}", "message": self.warning(code, entries[code])} for code in self.codes]

    def warning(self, code: str, entry: Fields) -> str:
        if code in {"at-bound", "bound-not-used"}:
            from calcrisk.chemistry.bounds import labels

            return str(
                entry["say"].format(names=labels(self.filling, self.row, self.answer.inputs, used=code == "at-bound"))
            )
        if code == "calcium-differs" and ("albumin" in self.assumed or albumin_low(self.filling)[self.row]):
            reason = "albumin-assumed" if "albumin" in self.assumed else "albumin-low"
            return str(entry["say_of_albumin"].format(albumin=self.words["albumin"][reason]))
        if code == "albumin-low" and "albumin" in self.assumed:
            return str(entry["say_of_assumed"])
        predicted = self.given["ionised_ca"] is None
        return str(entry["say"] if predicted else entry.get("say_of_measured", entry["say"]))


def _uncertainty(name: str) -> Any:  # noqa: ANN401  # as it stands in the data
    return constants.document()["uncertainty"][name]["value"]


def _plain(number: float) -> float | None:
    return None if isnan(number) else number


def _cited(source: str) -> str:
    entry = constants.document()["sources"][source]
    return f"{entry['citation']} doi:{entry['doi']}" if entry["doi"] else str(entry["citation"])
