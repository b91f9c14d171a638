"""The other side of the race, run by zen_race.py in an environment that holds GoRules Zen and nothing else.

Reads one line of JSON (the decision graph and the rows), answers with what Zen says of every row, then times a round
for each line it is sent. Zen is timed as its documentation shows it, and in the quickest way its Python package has.
"""

from __future__ import annotations

import json
import sys
import time

import zen


def main() -> None:
    """Answer, then race until the other side hangs up."""
    task = json.loads(sys.stdin.readline())
    rows, traced = task["rows"], {"trace": True}
    as_documented = zen.ZenEngine().create_decision(json.dumps(task["graph"]))
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": task["graph"]}}})
    answers = [engine.evaluate("rules", row, traced)["result"] for row in rows]
    tell(answers)
    for _ in sys.stdin:
        began = time.perf_counter()
        for row in rows:
            as_documented.evaluate(row, traced)
        middle = time.perf_counter()
        for row in rows:
            engine.evaluate("rules", row, traced)
        tell({"documented": middle - began, "quickest": time.perf_counter() - middle})


def tell(what: object) -> None:
    """Send one line of JSON."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
