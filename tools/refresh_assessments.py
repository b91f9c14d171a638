"""Assess the patients whose answers the renderer tests show: ``python tools/refresh_assessments.py``.

Run it when the assessment gains a key; a change of rules alone need not change what renderers are tested on.
"""

from __future__ import annotations

import os
from pathlib import Path

from calcrisk import Rulebook, assess
from calcrisk.inputs import record_from
from calcrisk.inputs.documents import read_document
from calcrisk.render.json import to_json

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    "calciphylaxis": "sample_labs/cases/calciphylaxis-nonuremic-58f.yaml",
    "dermatomyositis": "sample_labs/cases/dm-calcinosis-54f.yaml",
    "hd-warfarin": "sample_labs/hd-warfarin-58f.yaml",
    "healthy": "sample_labs/nhanes-healthy-34m.yaml",
    "products-disagree": "sample_labs/nhanes-products-disagree-46f.yaml",
}
EVERY_RULE = "products-disagree"  # the one that carries the rules that do not hold as well


def main() -> None:
    """Write one file a patient, and one for a patient of whom nothing is known."""
    os.chdir(ROOT)  # so that every origin is written from the root of the project
    texts = {name: (Path(source).read_bytes(), source) for name, source in SOURCES.items()}
    for name, (text, source) in {**texts, "empty": (b"{}", "empty.yaml")}.items():
        document = read_document(text, source)
        patient = record_from(document, {})
        answer = assess(patient, Rulebook.default(), as_of=document.as_of, every_rule=name == EVERY_RULE)
        Path("tests/assessments", f"{name}.json").write_text(to_json(answer), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
