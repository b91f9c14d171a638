"""The chemistry against PHREEQC itself, on sera it has not seen, where phreeqpython is installed.

``pip install --group phreeqc`` brings it; without it the stored answers of ``test_chemistry_reference.py`` stand alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
from samples import ROOT
from sera import DATA, EVERY_PHASE, extremes, serum

from calcrisk.chemistry.blocks import solve
from calcrisk.chemistry.serum import MILLI
from calcrisk.chemistry.speciation import CA, CIT, LAC, MG, NA, PR, C, P, S

if TYPE_CHECKING:
    from sera import Columns

WORKER = ROOT / "benchmarks" / "phreeqc_worker.py"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(find_spec("phreeqpython") is None, reason="phreeqpython is not installed (--group phreeqc)"),
]


def molal_rows(columns: Columns) -> list[dict[str, float]]:
    """The same sera as PHREEQC reads them."""
    one = serum(columns)
    totals = {"Ca": one.totals[CA], "Mg": one.totals[MG], "Na": one.totals[NA], "pH": one.ph}
    totals |= {"K": MILLI * columns["k"] / one.kg, "Cl": MILLI * columns["cl"] / one.kg}
    places = {"C": C, "S": S, "P": P, "Cit": CIT, "Lac": LAC, "Pr": PR}
    totals |= {name: one.ligands[place] for name, place in places.items()}
    return [{name: float(column[row]) for name, column in totals.items()} for row in range(len(one.ph))]


def test_phreeqc_finds_the_same_in_extreme_sera() -> None:
    columns = extremes(500, 37)
    task = {"database": str(DATA / "serum37.dat"), "rows": molal_rows(columns), "tolerance": 1e-12}
    line = json.dumps(task) + "\n"
    ran = subprocess.run([sys.executable, WORKER], input=line, capture_output=True, text=True, check=True, timeout=300)
    theirs, ours = json.loads(ran.stdout), solve(columns, phases=EVERY_PHASE, precipices=())
    for phase in EVERY_PHASE:
        expected = np.array(theirs[f"si_{'Calcite' if phase == 'calcite' else phase.upper()}"])
        assert np.abs(ours[f"si_{phase}"] - expected).max() < 1e-6, phase
    assert np.abs(ours["ionic_strength"] / np.array(theirs["mu"]) - 1).max() < 1e-6
