"""Activity coefficients, conditional constants and mass balances of serum at 37 °C.

MODEL (docs/chemistry-model.md), sections 4 to 6; docs/chemistry.md has a table of its names and these.

Names follow the model: ``folded`` is c_L, ``k`` is k_ML, ``bound`` is k_ML · M · L. The last axis of an array is the
row; before it stand the metal (calcium, magnesium, sodium) and the ligand (phosphate, sulfate, citrate, carbonate,
lactate, protein), where there are several. Work is done for all metals and ligands at once: for one row, what takes
time is how often numpy is called. ``np.add.reduce`` adds up the first axis as ``sum(axis=0)`` does, in half the time.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from calcrisk.chemistry import constants
from calcrisk.chemistry.serum import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcrisk.chemistry.constants import Phase
    from calcrisk.chemistry.serum import Array, Serum

METALS: Final = 3  # how many there are
CA, MG, NA = range(METALS)  # their places
LIGANDS: Final = 6  # how many there are
P, S, CIT, C, LAC, PR = range(LIGANDS)  # their places; the master forms are HPO4, SO4, Cit, HCO3, Lac and Pr-
SODIUM: Final = 3  # of them, from the first: sodium binds these
LN10: Final = float(np.log(10.0))  # natural logarithm of the radix
_TWO: Final = slice(NA)  # the metals of two charges, which bind every ligand
_ACIDS: Final = slice(P, C + 1, C)  # the ligands that bind them with their proton and without: phosphate, carbonate
_Z4: Final = 4.0  # the square of a charge of two
_Z9: Final = 9.0  # the square of a charge of three
_Z_METAL: Final = np.array([[_Z4], [_Z4], [1.0]])  # the same of each metal
_Z_LIGAND: Final = np.array([[_Z4], [_Z4], [_Z9], [1.0], [1.0], [1.0]])  # of each master form
_MASTER: Final = np.array([np.ones((LIGANDS, 1)), _Z_LIGAND])  # how many they are, and the squares of their charges
# of what the two make of each other, but for acids with metals of two charges: ``charged`` tells how much of that is
_Z_BOUND: Final = np.array([[0, 0, 1.0, 0, 1.0, 1.0], [0, 0, 1.0, 0, 1.0, 1.0], [1.0, 1.0, _Z4, 0, 0, 0]])


class Target(Rows):
    """The solid that each row is to be saturated with: SI = 0, solved for log10 of the activity of HPO4 (MODEL 6.6).

    That is ``fixed``, less ``by_ca`` times log10 of the calcium's activity, less ``by_water`` times log10 of the
    water's, and ``by_ph`` times the pH. ``fixed`` is NaN in rows that have no target and keep their phosphate.
    """

    fixed: Array
    by_ca: Array
    by_ph: Array
    by_water: Array

    @classmethod
    def of(cls, phases: Sequence[Phase | None], rows: int) -> Target:
        """Aim ``rows`` rows at the first phase, as many at the second, and so on; at none where there is None."""
        return cls(*np.repeat(np.array([_aim(phase) for phase in phases]).T, rows, axis=1))


def _aim(phase: Phase | None) -> tuple[float, ...]:
    if phase is None:
        return np.nan, 0.0, 0.0, 0.0
    log_k, phosphates = constants.log_k(), phase.po4 + phase.hpo4
    fixed = phase.log_k - phase.po4 * log_k["PO4-3"] - phase.oh * log_k["OH-"]
    parts = (fixed, phase.ca, phase.h - phase.po4 - phase.oh, phase.water + phase.oh)
    return tuple(part / phosphates for part in parts)


class Medium(Rows):
    """What follows from ionic strength and water activity alone: coefficients, and constants made conditional.

    ``h2po4``, ``po4`` and ``co3`` stand beside one HPO4 or HCO3. ``squared`` is the square of the charge of a ligand
    and of its forms beside it, ``charged`` the part of ``k`` that forms CaH2PO4+, CaHCO3+ and those of magnesium,
    ``inert`` the ions of one charge that bind nothing.
    """

    g1: Array
    g2: Array
    g3: Array
    g0: Array
    h2po4: Array
    po4: Array
    co3: Array
    folded: Array
    squared: Array
    k: Array
    charged: Array
    inert: Array


class Balance(Rows):
    """Where everything is for given free metals.

    Free ligands, metals bound to each, all of each metal, what a unit of a free ligand binds, and its free part.
    """

    ligand: Array
    bound: Array
    held: Array
    per: Array
    free: Array


def medium(serum: Serum, ionic: Array, water: Array) -> Medium:
    """Return the medium of an ionic strength and water activity (Davies; MODEL 5, 6.1, 6.2)."""
    k, number = constants.equilibrium(), constants.value
    root = np.sqrt(ionic)
    davies = root / (1 + root) - number("activity", "davies_b") * ionic
    g1 = np.exp(-LN10 * number("activity", "debye_huckel_a") * davies)
    squared = g1 * g1
    g2 = squared * squared
    g3 = g2 * g2 * g1
    g0 = np.exp(LN10 * number("activity", "neutral_b") * ionic)
    h2po4, po4, hcit, co3, co2 = serum.forms * np.array((g2 / g1, g2 / g3, g3 / g2, g1 / g2, g1 / (g0 * water)))
    beside = np.zeros((2, *serum.ligands.shape))
    beside[:, P] = h2po4 + po4, h2po4 + _Z9 * po4
    beside[:, CIT] = hcit, _Z4 * hcit
    beside[:, C] = co3 + co2, _Z4 * co3
    beside[0, PR] = k["PrH"] * serum.h
    folded, squares = _MASTER + beside
    neutral = g2 * g2 / g0
    protein = g2 * np.exp(-LN10 * number("activity", "protein_b") * ionic)
    made, charged = _conditional((neutral, neutral, g2 * g3 / g1, neutral * co3, g2, protein), (g2 * h2po4, g2))
    made[NA, :SODIUM] = _sodium() * np.array((g2, g2, g1 * g3 / g2))
    inert = serum.inert + (serum.h + k["OH-"] * water / serum.h) / g1
    return Medium(g1, g2, g3, g0, h2po4, po4, co3, folded, squares, made, charged, inert)


def _conditional(uncharged: Sequence[Array], charged: Sequence[Array]) -> tuple[Array, Array]:
    """Return k_ML of Ca and Mg (MODEL 6.2), with room for Na, and the parts of it that form MH2PO4+ and MHCO3+."""
    forms = _divalent() * np.array((*uncharged, *charged))
    made = np.zeros((METALS, LIGANDS, forms.shape[-1]))
    made[_TWO] = forms[:, :LIGANDS]
    made[_TWO, _ACIDS] += forms[:, LIGANDS:]
    return made, forms[:, LIGANDS:]


@cache
def _divalent() -> Array:
    """Return the constants of calcium and magnesium: each ligand in its order, then the acids with their proton."""
    formed = ("{}HPO4", "{}SO4", "{}Cit-", "{}CO3", "{}Lac+", "Pr{}+", "{}H2PO4+", "{}HCO3+")
    k = constants.equilibrium()
    return np.array([[[k[name.format(metal)]] for name in formed] for metal in ("Ca", "Mg")])


@cache
def _sodium() -> Array:
    """Return the constants of sodium."""
    return np.array([[constants.equilibrium()[name]] for name in ("NaHPO4-", "NaSO4-", "NaCit-2")])


def balance(serum: Serum, here: Medium, metals: Array, hpo4: Array | None) -> Balance:
    """Return where everything is, free metals given (MODEL 6.3).

    ``hpo4`` is the free phosphate where it is given and the total follows from it; NaN in rows where it is not.
    """
    per = here.k * metals[:, None]
    free = np.reciprocal(here.folded + np.add.reduce(per))
    ligand = serum.ligands * free
    if hpo4 is not None:
        shared = np.isnan(hpo4)
        ligand[P] = np.where(shared, ligand[P], hpo4)
        free[P] *= shared  # what is given does not share
    bound = per * ligand
    return Balance(ligand, bound, metals + np.add.reduce(bound, axis=1), per, free)


def excess(serum: Serum, at: Balance) -> Array:
    """Return f_M, what the balances of Ca, Mg and Na hold too much (MODEL 6.3); 0 for a measured calcium (6.5)."""
    over = at.held - serum.totals
    over[CA] = np.where(np.isnan(serum.held_ca), over[CA], 0)
    return over


def ionic_strength(here: Medium, at: Balance, metals: Array) -> Array:
    """Return half the sum of z² · m over all species (MODEL 5)."""
    total = np.add.reduce(_Z_METAL * metals) + here.inert + np.add.reduce(at.ligand * here.squared)
    acids = here.charged * at.ligand[_ACIDS]
    total = total + np.add.reduce(metals[_TWO] * (acids[:, 0] + acids[:, 1]))
    return np.asarray((total + np.einsum("ml,mlj->j", _Z_BOUND, at.bound)) / 2)


def water_activity(serum: Serum, here: Medium, at: Balance, metals: Array, *, aimed: bool) -> Array:
    """Return 1 - 0.017 · the sum of all solutes (MODEL 5); what is bound to a ligand is part of the ligand's total."""
    solutes = np.add.reduce(metals) + here.inert + np.add.reduce(serum.ligands)
    if aimed:  # at a target
        solutes = solutes + phosphate(here, at) - serum.ligands[P]
    return np.asarray(1 - constants.value("activity", "water_b") * solutes)


def phosphate(here: Medium, at: Balance) -> Array:
    """Return the total phosphate that holds this free phosphate (mol/kg): [HPO4] · D_P (MODEL 6.6)."""
    return np.asarray(at.ligand[P] * here.folded[P] + np.add.reduce(at.bound[:, P]))


def activities(serum: Serum, here: Medium, at: Balance, metals: Array, water: Array) -> Array:
    """Return log10 of the activities of Ca, HPO4, PO4, OH, CO3 and water (MODEL 6.4)."""
    log_k = constants.log_k()
    with np.errstate(divide="ignore"):  # no bicarbonate at all
        ca, hpo4, co3 = np.log10((metals[CA], at.ligand[P], here.co3 * at.ligand[C])) + np.log10(here.g2)
    log_water = np.log10(water)
    oh = log_k["OH-"] + log_water + serum.ph
    return np.array((ca, hpo4, hpo4 + log_k["PO4-3"] + serum.ph, oh, co3, log_water))


def saturation(phases: Sequence[Phase], serum: Serum, log_a: Array) -> Array:
    """Return SI of each phase: log10 of its ion activity product less log10 of its solubility product (MODEL 6.4)."""
    ions = [(p.ca, p.hpo4, p.po4, p.oh, p.co3, p.water, p.h, p.log_k) for p in phases]
    of = np.array(ions).reshape(len(phases), -1, 1)
    return np.asarray(np.einsum("pij,ij->pj", of[:, : len(log_a)], log_a) - of[:, -2] * serum.ph - of[:, -1])


def saturating(target: Target, serum: Serum, here: Medium, metals: Array, water: Array) -> Array:
    """Return the free HPO4 (mol/kg) that gives the target SI = 0 at this free calcium (MODEL 6.6); NaN without one."""
    log_a = target.fixed - target.by_ca * np.log10(metals[CA] * here.g2) + target.by_ph * serum.ph
    log_a = log_a - target.by_water * np.log10(water)
    return np.asarray(np.exp(LN10 * log_a) / here.g2)
