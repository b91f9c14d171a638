"""Activity coefficients, conditional constants and mass balances of serum at 37 °C (MODEL sections 5 and 6).

Names follow the model: ``folded`` is c_L, ``k`` is k_ML, ``bound`` is k_ML · M · L. The first axis of an array is the
ligand in the order of ``serum.LIGANDS`` (phosphate, sulfate, citrate, carbonate, lactate, protein), the last the row.
``np.add.reduce`` adds up the first axis as ``sum(axis=0)`` does, in half the time where there is one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from calcrisk.chemistry import constants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcrisk.chemistry.constants import Phase
    from calcrisk.chemistry.serum import Array, Serum

LIGANDS: Final = 6  # how many there are
P, S, CIT, C, LAC, PR = range(LIGANDS)  # their places; the master forms are HPO4, SO4, Cit, HCO3, Lac and Pr-
SODIUM: Final = 3  # of them, from the first: sodium binds these
Z4: Final = 4.0  # the square of a charge of two
Z9: Final = 9.0  # the square of a charge of three
LN10: Final = float(np.log(10.0))  # natural logarithm of the radix


class Target(NamedTuple):
    """The solid that each row is to be saturated with: its stoichiometry and log10 of its solubility product."""

    log_k: Array
    ca: Array
    po4: Array
    hpo4: Array
    oh: Array
    h: Array
    water: Array

    @classmethod
    def of(cls, phases: Sequence[Phase], rows: int) -> Target:
        """Aim ``rows`` rows at the first phase, as many at the second, and so on."""
        return cls(*(np.repeat([getattr(phase, name) for phase in phases], rows) for name in cls._fields))

    def take(self, rows: NDArray[np.intp]) -> Target:
        """Return some of the rows."""
        return Target(*(part[rows] for part in self))


class Medium(NamedTuple):
    """What follows from ionic strength and water activity alone: coefficients, and constants made conditional."""

    g1: Array
    g2: Array
    g3: Array
    g0: Array
    h2po4: Array  # beside one HPO4, and so on: the protonated and deprotonated forms of the master ligands
    po4: Array
    hcit: Array
    co3: Array
    co2: Array
    folded: Array
    k_ca: Array
    k_mg: Array
    k_na: Array
    charged_ca: Array  # the part of k_ca that forms CaH2PO4+ and CaHCO3+
    charged_mg: Array


class Balance(NamedTuple):
    """Where everything is for given free metals: free ligands, metals bound to each, and shares of each ligand."""

    ligand: Array
    bound_ca: Array
    bound_mg: Array
    bound_na: Array
    share_ca: Array
    share_mg: Array
    share_na: Array


def medium(serum: Serum, ionic: Array, water: Array) -> Medium:
    """Return the medium of an ionic strength and water activity (Davies; MODEL 5, 6.1, 6.2)."""
    k = constants.equilibrium()
    root = np.sqrt(ionic)
    davies = root / (1 + root) - constants.value("activity", "davies_b") * ionic
    g1 = np.exp(-LN10 * constants.value("activity", "debye_huckel_a") * davies)
    squared = g1 * g1
    g2 = squared * squared
    g3 = g2 * g2 * g1
    g0 = np.exp(LN10 * constants.value("activity", "neutral_b") * ionic)
    h2po4 = k["H2PO4-"] * serum.h * g2 / g1
    po4 = k["PO4-3"] / serum.h * (g2 / g3)
    hcit = k["HCit-2"] * serum.h * g3 / g2
    co3 = g1 / (k["HCO3-"] * serum.h * g2)
    co2 = (k["CO2"] / k["HCO3-"]) * serum.h * g1 / (g0 * water)
    folded = np.ones(serum.ligands.shape)
    folded[P] += h2po4 + po4
    folded[CIT] += hcit
    folded[C] += co3 + co2
    folded[PR] += k["PrH"] * serum.h
    neutral = g2 * g2 / g0
    protein = g2 * np.exp(-LN10 * constants.value("activity", "protein_b") * ionic)
    shared = (neutral, g2 * h2po4, g2 * g3 / g1, g2, neutral * co3, protein)
    k_ca, charged_ca = _conditional("Ca", shared)
    k_mg, charged_mg = _conditional("Mg", shared)
    k_na = np.empty((SODIUM, *g2.shape))
    k_na[P], k_na[S], k_na[CIT] = k["NaHPO4-"] * g2, k["NaSO4-"] * g2, k["NaCit-2"] * (g1 * g3 / g2)
    return Medium(g1, g2, g3, g0, h2po4, po4, hcit, co3, co2, folded, k_ca, k_mg, k_na, charged_ca, charged_mg)


def _conditional(metal: str, shared: tuple[Array, ...]) -> tuple[Array, Array]:
    """Return k_ML of calcium or magnesium, and the parts of it that form MH2PO4+ and MHCO3+."""
    k = constants.equilibrium()
    neutral, acid, citrate, single, carbonate, protein = shared
    made = np.empty((LIGANDS, *single.shape))
    charged = np.empty((2, *single.shape))
    charged[0], charged[1] = k[f"{metal}H2PO4+"] * acid, k[f"{metal}HCO3+"] * single
    made[P] = k[f"{metal}HPO4"] * neutral + charged[0]
    made[S] = k[f"{metal}SO4"] * neutral
    made[CIT] = k[f"{metal}Cit-"] * citrate
    made[C] = charged[1] + k[f"{metal}CO3"] * carbonate
    made[LAC] = k[f"{metal}Lac+"] * single
    made[PR] = k[f"Pr{metal}+"] * protein
    return made, charged


def balance(serum: Serum, here: Medium, metals: Array, hpo4: Array | None) -> Balance:
    """Return where everything is, free metals given (MODEL 6.3).

    ``hpo4`` is the free phosphate where it is given and the total follows from it: it then does not share.
    """
    per_ca, per_mg, per_na = here.k_ca * metals[0], here.k_mg * metals[1], here.k_na * metals[2]
    denominator = here.folded + per_ca
    denominator += per_mg
    denominator[:SODIUM] += per_na
    inverse = np.reciprocal(denominator)
    ligand = serum.ligands * inverse
    if hpo4 is not None:
        ligand[P] = hpo4
    share_ca, share_mg, share_na = per_ca * inverse, per_mg * inverse, per_na * inverse[:SODIUM]
    if hpo4 is not None:
        share_ca[P] = share_mg[P] = share_na[P] = 0
    return Balance(ligand, per_ca * ligand, per_mg * ligand, per_na * ligand[:SODIUM], share_ca, share_mg, share_na)


def excess(serum: Serum, at: Balance, metals: Array) -> Array:
    """Return f_M, what the balances of Ca, Mg and Na hold too much; 0 for a calcium that was measured."""
    over = np.empty_like(metals)
    over[0] = np.where(np.isnan(serum.held_ca), metals[0] + np.add.reduce(at.bound_ca) - serum.ca, 0)
    over[1] = metals[1] + np.add.reduce(at.bound_mg) - serum.mg
    over[2] = metals[2] + np.add.reduce(at.bound_na) - serum.na
    return over


def ionic_strength(serum: Serum, here: Medium, at: Balance, metals: Array, water: Array) -> Array:
    """Return half the sum of z² · m over all species."""
    hydroxide = constants.equilibrium()["OH-"] * water / (serum.h * here.g1)
    ligand = at.ligand
    total = Z4 * (metals[0] + metals[1]) + metals[2] + serum.inert + serum.h / here.g1 + hydroxide
    total = total + ligand[P] * (Z4 + here.h2po4 + Z9 * here.po4) + Z4 * ligand[S]
    total = total + ligand[CIT] * (Z9 + Z4 * here.hcit) + ligand[C] * (1 + Z4 * here.co3) + ligand[LAC] + ligand[PR]
    for free, charged, bound in ((metals[0], here.charged_ca, at.bound_ca), (metals[1], here.charged_mg, at.bound_mg)):
        total = total + free * (charged[0] * ligand[P] + charged[1] * ligand[C]) + bound[CIT] + bound[LAC] + bound[PR]
    return np.asarray((total + at.bound_na[P] + at.bound_na[S] + Z4 * at.bound_na[CIT]) / 2)


def water_activity(  # noqa: PLR0913  # the state and all that follows from it
    serum: Serum, here: Medium, at: Balance, metals: Array, water: Array, hpo4: Array | None
) -> Array:
    """Return 1 - 0.017 · the sum of all solutes; whatever is bound to a ligand is part of the ligand's total."""
    hydroxide = constants.equilibrium()["OH-"] * water / (serum.h * here.g1)
    solutes = np.add.reduce(metals) + serum.inert + serum.h / here.g1 + hydroxide + np.add.reduce(serum.ligands)
    if hpo4 is not None:
        solutes = solutes + phosphate(here, at) - serum.ligands[P]
    return np.asarray(1 - constants.value("activity", "water_b") * solutes)


def phosphate(here: Medium, at: Balance) -> Array:
    """Return the total phosphate that holds this free phosphate (mol/kg)."""
    bound = at.bound_ca[P] + at.bound_mg[P] + at.bound_na[P]
    return np.asarray(at.ligand[P] * here.folded[P] + bound)


class Activities(NamedTuple):
    """log10 of the activities that solubility products are made of."""

    ca: Array
    hpo4: Array
    po4: Array
    oh: Array
    co3: Array
    water: Array


def activities(serum: Serum, here: Medium, at: Balance, metals: Array, water: Array) -> Activities:
    """Return the activities (MODEL 6.4)."""
    log_k, log_water = constants.log_k(), np.log10(water)
    with np.errstate(divide="ignore"):  # no bicarbonate at all
        co3 = np.log10(here.co3 * at.ligand[C] * here.g2)
    hpo4 = np.log10(at.ligand[P] * here.g2)
    return Activities(
        ca=np.log10(metals[0] * here.g2),
        hpo4=hpo4,
        po4=hpo4 + log_k["PO4-3"] + serum.ph,
        oh=log_k["OH-"] + log_water + serum.ph,
        co3=co3,
        water=log_water,
    )


def saturation(phase: Phase, serum: Serum, log_a: Activities) -> Array:
    """Return SI = log10 of the ion activity product less log10 of the solubility product."""
    product = phase.ca * log_a.ca + phase.po4 * log_a.po4 + phase.hpo4 * log_a.hpo4
    product = product + phase.oh * log_a.oh - phase.h * serum.ph + phase.water * log_a.water
    if phase.co3:
        product = product + phase.co3 * log_a.co3
    return np.asarray(product - phase.log_k)


def saturating(target: Target, serum: Serum, here: Medium, metals: Array, water: Array) -> Array:
    """Return the free HPO4 (mol/kg) at which the target has SI = 0, the free calcium given (MODEL 6.6)."""
    log_k, log_water = constants.log_k(), np.log10(water)
    log_a = target.log_k - target.ca * np.log10(metals[0] * here.g2)
    log_a = log_a - target.po4 * (serum.ph + log_k["PO4-3"]) - target.water * log_water + target.h * serum.ph
    log_a = log_a - target.oh * (log_k["OH-"] + log_water + serum.ph)
    return np.asarray(np.exp(LN10 * log_a / (target.po4 + target.hpo4)) / here.g2)
