"""One patient as one row of a table (CSV): the columns of the assessment's contract, unknown and refused included.

Numbers are unrounded; what is not known, and a tier that was not assessed, is an empty cell.
"""

from __future__ import annotations

import csv
import io
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from calcrisk.assessment import ESTIMATED, Refused
from calcrisk.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calcrisk.assessment import Assessment, Chemistry, Risk

_HEAD = ("source", "index", "id", "status", "classification", "possible", "settled")
_PRODUCT = ("ca_p_product", "corrected_ca_p_product", "at_or_above")
_TAIL = ("met_rules", "missing", "errors", "rulebook_sha256")
_RANGE = ("lowest", "highest")
CHEMISTRY = (
    *("chemistry", "ionised_calcium_mmol_l", "ionised_calcium_measured"),
    *("si_dcpd", "si_acp", "si_ocp", "si_tcp", "si_hap", "brushite_at_phosphate_mg_dl", "brushite_precipice"),
    *("chemistry_assumed", "chemistry_warnings"),
)
_BREAK = "\r\n"  # while writing: a cell with either of the two is quoted, or it would begin a row for some readers
_NONE: Final[Mapping[str, bool | None]] = MappingProxyType({})
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Cell: TypeAlias = str | float | bool | None


def columns(tiers: Iterable[str], mechanisms: Iterable[str]) -> list[str]:
    """Name the columns, for the tiers and mechanisms of a rulebook."""
    of_tiers = [f"{tier}_{what}" for tier in tiers for what in ("tier", *_RANGE)]
    of_mechanisms = [name for one in mechanisms for name in (one, *(f"{one}_{what}" for what in _RANGE))]
    return [*_HEAD, *of_tiers, *_PRODUCT, *of_mechanisms, *_TAIL]


def of_history(data: Mapping[str, Any]) -> dict[str, bool | None]:
    """Name the inputs that a rulebook fills from dated panels, each with what their silence means."""
    kinds = {entry["name"]: entry["kind"] for entry in data["variables"]}
    names = [entry["input"] for entry in data.get("history", ())]
    return {name: False if kinds[name] == "yesno" else None for name in names}


def header(names: Sequence[str]) -> str:
    """Write the first line."""
    return _line(names)


def row(
    outcome: Assessment | Refused,
    names: Sequence[str],
    order: Mapping[str, int],
    panels: Mapping[str, bool | None] = _NONE,
) -> str:
    """Write the line of one patient under these columns; a refused one has its place, its id and its errors."""
    told = cells(outcome, order, panels)
    return _line([_shown(told.get(name)) for name in names])


def cells(
    outcome: Assessment | Refused, order: Mapping[str, int], panels: Mapping[str, bool | None] = _NONE
) -> dict[str, Cell]:
    """Return the cells of one patient by column; those that are not there are empty.

    Inputs that are missing stand in the rulebook's ``order``, as where a table is scored in one piece. ``panels``, as
    ``of_history`` names them, are shown as well.
    """
    return _refused(outcome) if isinstance(outcome, Refused) else _scored(outcome, order) | _of_panels(outcome, panels)


def _of_panels(answer: Assessment, panels: Mapping[str, bool | None]) -> dict[str, Cell]:
    silent = panels if answer.history else {}
    return {name: answer.inputs[name].value if name in answer.inputs else silent.get(name) for name in panels}


def _line(cells: Iterable[str | float]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator=_BREAK).writerow(cells)
    return written.getvalue().removesuffix(_BREAK) + "\n"


def _shown(cell: Cell) -> str | float:
    """Guard a text that a spreadsheet would take for a formula; a number is a number, its sign included."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell


def _scored(answer: Assessment, order: Mapping[str, int]) -> dict[str, Cell]:
    product = answer.ca_p_product
    told: dict[str, Cell] = {
        "source": answer.source,
        "index": answer.index,
        "id": answer.patient.id,
        "status": answer.status,
        "classification": answer.classification,
        "possible": ";".join(answer.possible_classifications),
        "settled": answer.settled,
        "ca_p_product": product.value,
        "corrected_ca_p_product": product.corrected_value,
        "at_or_above": product.at_or_above,
        "met_rules": ";".join(finding.rule for finding in answer.findings if finding.status == "met"),
        "missing": ";".join(sorted((part.input for part in answer.missing), key=order.__getitem__)),
        "rulebook_sha256": answer.rulebook.sha256,
    }
    told.update(_tiers(answer.risk))
    if answer.chemistry is not None:
        told.update(_of_chemistry(answer.chemistry))
    for name, part in answer.mechanisms.items():
        told[name], told[f"{name}_lowest"], told[f"{name}_highest"] = part.level, part.lowest, part.highest
    return told


def _of_chemistry(shown: Chemistry) -> dict[str, Cell]:
    told: dict[str, Cell] = {
        "chemistry": shown.status,
        "ionised_calcium_mmol_l": shown.ionised_calcium,
        "ionised_calcium_measured": shown.measured if shown.why is None else None,
        "brushite_at_phosphate_mg_dl": shown.precipice["dcpd"].phosphate_mg_dl,
        "brushite_precipice": shown.precipice["dcpd"].status,
        "chemistry_assumed": ";".join(part.label + ESTIMATED * part.estimated for part in shown.assumed),
        "chemistry_warnings": ";".join(part.code for part in shown.warnings),
    }
    return told | {f"si_{name}": part.index for name, part in shown.saturation.items()}


def _tiers(risk: Risk) -> Iterator[tuple[str, str | None]]:
    for name, part in vars(risk).items():
        yield f"{name}_tier", part.tier
        yield f"{name}_lowest", part.lowest
        yield f"{name}_highest", part.highest


def _refused(refused: Refused) -> dict[str, Cell]:
    return {
        "source": refused.source,
        "index": refused.index,
        "id": refused.patient.id,
        "status": refused.status,
        "errors": "; ".join(map(_error, refused.errors)),
        "rulebook_sha256": refused.rulebook.sha256,
    }


def _error(fault: dict[str, str | int | None]) -> str:
    where = Fault(**fault).where  # type: ignore[arg-type]  # made of a fault
    return f"{fault['code']}{f' {where}' if where else ''}: {fault['message']}"
