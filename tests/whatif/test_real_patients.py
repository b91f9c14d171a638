"""Real patients: what is found for a goal is confirmed by an assessment, whoever asks. The data are not ours."""

from __future__ import annotations

import subprocess
import sys

import pytest
from samples import ROOT, patient_from, rulebook, shared

from calcrisk import InputError, assess
from calcrisk.inputs.documents import read_document
from calcrisk.whatif.goals import Search, alone
from calcrisk.whatif.question import goal_of

pytestmark = pytest.mark.volume

DRAWS = ROOT / "benchmarks" / "real_draws.py"
GOALS = ("metastatic=low", "vascular=low", "metastatic=moderate")


@pytest.mark.parametrize(
    ("source", "file", "every"), [("mimic", "mimic3_demo/README.md", 4), ("nhanes", "nhanes/README.md", 60)]
)
def test_whatever_is_found_is_confirmed(source: str, file: str, every: int) -> None:
    folder = shared(f"data/{file}").parent
    written = subprocess.run(
        [sys.executable, DRAWS, source, folder], capture_output=True, check=True, timeout=600
    ).stdout
    found = 0
    for line in written.splitlines()[::every]:
        try:
            patient = patient_from(read_document(line, "draw.json"), {})
        except InputError:
            continue
        before = assess(patient, rulebook(), every_rule=True)
        for goal in GOALS:
            search = Search(patient, rulebook(), *goal_of(rulebook(), goal))
            if search.reaches(search.now):
                continue
            for name, entry in search.entries.items():
                if entry["modifiable"] and name in search.mentioned and search.unmovable(name) is None:
                    told = alone(search, name, before)  # confirmed, or it is None
                    assert (told is None) == (search.region(search.line(name)) is None), (patient.id, goal, name)
                    found += told is not None
    assert found > 50
