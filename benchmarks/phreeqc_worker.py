"""PHREEQC, run in an environment that holds phreeqpython and nothing of ours.

Reads one line of JSON (the database and the rows, molal), answers with what PHREEQC finds, then times a round for each
line that it is sent. All rows go in as one batch, which is the quickest way in.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from phreeqpython import PhreeqPython

ELEMENTS = ("Ca", "Mg", "Na", "K", "Cl", "C", "S", "P", "Cit", "Lac", "Pr")
PHASES = ("HAP", "OCP", "TCP", "DCPD", "DCPA", "ACP", "Calcite")


def main() -> None:
    """Answer, then race until the other side hangs up."""
    task = json.loads(sys.stdin.readline())
    database = Path(task["database"])
    engine = PhreeqPython(database=database.name, database_directory=database.parent).ip
    batch = written(task["rows"], task["tolerance"])
    tell(answers(engine, batch))
    for _ in sys.stdin:
        began = time.perf_counter()
        engine.run_string(batch)
        engine.get_selected_output_array()
        tell(time.perf_counter() - began)


def written(rows: list[dict[str, float]], tolerance: float) -> str:
    """Every row as a solution of one batch, and what is to be read of each."""
    names = (*(element for element in ELEMENTS if element in rows[0]), "pH")
    lines = [f"{place} 37 " + " ".join(f"{row[name]:.17g}" for name in names) for place, row in enumerate(rows, 1)]
    return "\n".join(
        [
            "KNOBS",
            f"-convergence_tolerance {tolerance:g}",
            "SELECTED_OUTPUT",
            "-reset false",
            "-ionic_strength true",
            "-high_precision true",
            f"-saturation_indices {' '.join(PHASES)}",
            "-molalities Ca+2 HPO4-2",
            "SOLUTION_SPREAD",
            "-units mol/kgw",
            f"Number Temp {' '.join(names)}",
            *lines,
            "END\n",
        ]
    ).replace(" ", "\t")


def answers(engine: Any, batch: str) -> dict[str, list[float]]:  # noqa: ANN401  # phreeqpython has no types
    """What PHREEQC says of every row, by column."""
    engine.run_string(batch)
    head, *table = engine.get_selected_output_array()
    return {name: [row[place] for row in table] for place, name in enumerate(head)}


def tell(what: object) -> None:
    """Send one line of JSON."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
