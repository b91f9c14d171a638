"""How useful answers are when much is not known: settled, wide or open, over real patients; writes docs/usefulness.md.

`usefulness.py SHARED_DATA_FOLDER`, the folder that holds `nhanes`, `mimic3_demo` and `eicu_demo_subset`.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import icu_draws
import surveys

from calcrisk import Assessment, Rulebook, assess_many
from calcrisk.batch import outcomes
from calcrisk.inputs.documents import read_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calcrisk.assessment import TierRange

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "usefulness.md"
TIERS: Final = ("metastatic", "dystrophic", "vascular")
NAMED: Final = 4  # questions named in a row
HEAD: Final = """# How useful an answer is when much is not known

Written by `python benchmarks/usefulness.py FOLDER` over real patients and the samples; no test reads it. An answer is
*settled* when no open question can change its class or a tier; a tier is *exact* when its lowest and highest are the
same; a question is *decisive* when its answer alone could change the class or a tier. Nothing of a cohort is assumed
but what its row says.
"""


class Seen(NamedTuple):
    """What was seen of one group of patients."""

    group: str
    answers: list[Assessment]

    def row(self) -> str:
        """The line of the table."""
        answers = self.answers
        told = [getattr(each.risk, tier) for each in answers for tier in TIERS]
        exact = [share(tier.lowest == tier.highest for tier in self._assessed(name)) for name in TIERS]
        classes = [len(each.possible_classifications) for each in answers]
        missing = [len(each.missing) for each in answers]
        decisive = [sum(part.decisive for part in each.missing) for each in answers]
        cells = (
            self.group,
            f"{len(answers):,}",
            share(each.settled for each in answers),
            f"{statistics.median(classes):g} ({max(classes)})",
            *exact,
            share(not tier.assessed for tier in told),
            f"{statistics.median(missing):g}",
            f"{statistics.median(decisive):g}",
        )
        return f"| {' | '.join(cells)} |"

    def _assessed(self, tier: str) -> list[TierRange]:
        return [found for each in self.answers if (found := getattr(each.risk, tier)).assessed]

    def questions(self) -> str:
        """What decides most often, in a line."""
        asked = Counter(part.input for each in self.answers for part in each.missing if part.decisive)
        named = [f"`{name}` {count / len(self.answers):.0%}" for name, count in asked.most_common(NAMED)]
        classes = Counter(each.classification for each in self.answers)
        told = [f"{name} {count / len(self.answers):.0%}" for name, count in classes.most_common(NAMED)]
        return f"- {self.group}: decided most often by {', '.join(named)}. Classes: {', '.join(told)}."


def share(of: Iterable[bool]) -> str:
    """The share that is true, in per cent."""
    values = list(of)
    return f"{sum(values) / len(values):.0%}" if values else "–"


def lines(patients: Iterable[dict[str, object]], more: dict[str, object]) -> Iterator[Assessment]:
    """Assess documents as a pipe of NDJSON would be; who is refused is left out."""
    book = Rulebook.default()
    texts = (json.dumps(patient | more).encode() + b"\n" for patient in patients)
    read = (read_line(text, "x", number=at + 1, index=at) for at, text in enumerate(texts))
    yield from (each for each in outcomes(read, book) if isinstance(each, Assessment))


def groups(data: Path) -> Iterator[Seen]:
    """Each group of patients; the cohorts also as if more had been asked of them, and answered no."""
    two: dict[str, object] = {"tissue_damage": "no", "mineral_history": "no"}
    every = two | {
        "ckd_stage": "G2",
        "dialysis": "no",
        "diabetes": "no",
        "vitamin_k_antagonist": "no",
        "warfarin": "no",
    }
    samples = assess_many(ROOT / "sample_labs" / "cases", rulebook=Rulebook.default())
    yield Seen("published cases", [each for each in samples if isinstance(each, Assessment)])
    for name, source, folder in (
        ("NHANES adults", surveys.nhanes, "nhanes"),
        ("MIMIC draws", icu_draws.mimic, "mimic3_demo"),
        ("eICU draws", icu_draws.eicu, "eicu_demo_subset"),
    ):
        yield Seen(name, list(lines(source(data / folder), {})))
        yield Seen(f"{name}, tissue damage and mineral history: no", list(lines(source(data / folder), two)))
        yield Seen(f"{name}, everything that is always asked answered", list(lines(source(data / folder), every)))


def main() -> None:
    """Write the page."""
    seen = list(groups(Path(sys.argv[1])))
    title = ("patients", "how many", "settled", "possible classes, median (most)", *(f"{tier} exact" for tier in TIERS))
    title += ("tiers not assessed", "open questions", "decisive ones")
    table = [f"| {' | '.join(title)} |", f"|{' --- |' * len(title)}", *(each.row() for each in seen)]
    book = Rulebook.default()
    foot = f"Rulebook {book.version}, profile {book.profile}; refused patients are left out."
    PAGE.write_text("\n".join([HEAD, *table, "", *(each.questions() for each in seen), "", foot, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
