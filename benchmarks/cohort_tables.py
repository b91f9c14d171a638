"""Tables of patients as long as wanted: participants of NHANES drawn again and again, their values jittered.

A row stays the row of one person, so that its values hang together as those of people do. What NHANES did not ask is
drawn for each participant by hash, about as often as it is so among adults or in a clinic; the shares are made up and
carry no finding.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import duckdb

SHARED: Final = Path(os.environ.get("CALCRISK_SHARED", Path(__file__).resolve().parents[2] / "shared"))
ADULTS: Final = SHARED / "data" / "nhanes" / "nhanes_adults_ca_p_1999_2018.csv.gz"
MISSING: Final = f"skipped: no NHANES at {ADULTS.name} under CALCRISK_SHARED"


def jittered(column: str, per_cent: float, times: str = "1.0") -> str:
    """The measured value, moved by at most so much, the same way in every run."""
    share = f"(CAST(hash(i, '{column}') % 201 AS DOUBLE) - 100) * {per_cent / 10_000}"
    return f"CAST({column} * {times} * (1 + {share}) AS DOUBLE)"


def answered(column: str) -> str:
    """A question of the survey's: 1 is yes, 2 no, all else no answer."""
    return f"CAST(CASE {column} WHEN 1 THEN 1 WHEN 2 THEN 0 END AS TINYINT)"


def drawn(name: str, per_mille: int) -> str:
    """Yes for so many of a thousand participants, each time that they are drawn."""
    return f"CAST(hash(k, '{name}') % 1000 < {per_mille} AS TINYINT)"


def between(name: str, low: float, high: float, digits: int) -> str:
    """A value from that range, the same each time that a participant is drawn."""
    return f"round({low} + {high - low} * (hash(k, '{name}') % 10007) / 10007, {digits})"


def either(*names: str) -> str:
    """Yes where one of these is: what they imply, or the rows would contradict themselves."""
    return f"CAST(greatest({', '.join(names)}) AS TINYINT)"


def only_where(name: str, sql: str) -> str:
    """That value in the rows where the yes/no is yes."""
    return f"CASE WHEN {name} = 1 THEN {sql} END"


def stage(creatinine: str) -> str:
    """A stage as a chart might carry it, from the creatinine alone."""
    limits = {0.9: "G1", 1.2: "G2", 1.5: "G3a", 2.2: "G3b", 4.0: "G4"}
    whens = " ".join(f"WHEN {creatinine} < {limit} THEN '{word}'" for limit, word in limits.items())
    return f"CASE {whens} WHEN {creatinine} >= 4.0 THEN 'G5' END"


NARROW: Final = {
    "age": "CAST(RIDAGEYR AS DOUBLE)",
    "sex": "CASE RIAGENDR WHEN 1 THEN 'male' WHEN 2 THEN 'female' END",
    "calcium": jittered("LBXSCA", 1),
    "phosphate": jittered("LBXSPH", 2),
    "albumin": jittered("LBXSAL", 1),
    "creatinine": jittered("LBXSCR", 2),
    "alp": jittered("LBXSAPSI", 3),
    "diabetes": answered("DIQ010"),
    "hypertension": answered("BPQ020"),
    "dialysis": answered("KIQ025"),
    "malignancy": answered("MCQ220"),
    "warfarin": "CAST(RX_WARFARIN AS TINYINT)",
}
FINDINGS: Final = {"infarct": 60, "scar": 90, "granuloma": 12, "necrosis": 8, "haematoma": 15, "muscle_trauma": 20}
SITES: Final = {"aorta": 90, "coronary": 70, "valve": 40, "lung": 6, "skin": 5, "kidney": 8}
DISORDERS: Final = {"primary_hyperparathyroidism": 7, "hypoparathyroidism": 4, "history_hypercalcaemia": 12}
OTHERS: Final = {
    "acute_kidney_injury": 15,
    "calcium_based_binder": 12,
    "organ_transplant": 4,
    "sarcoidosis": 3,
    "atheroma": 150,
    "diseased_valve": 50,
}
WIDE: Final = NARROW | {
    "pregnancy": "CASE WHEN RIAGENDR = 2 THEN " + answered("RIDEXPRG") + " END",
    "pth": jittered("LBXPT21", 5),
    "vitamin_d_25": jittered("LBXVIDMS", 3, "1 / 2.496"),  # nmol/L to ng/mL
    "magnesium": between("magnesium", 1.4, 2.6, 2),
    "ionised_calcium": between("ionised_calcium", 1.08, 1.36, 2),
    "liver_disease": answered("MCQ160L"),
    "corticosteroids": "CAST(RX_CORTICOSTEROID_ORAL AS TINYINT)",
    "ckd_stage": stage("LBXSCR"),
    "dialysis_months": only_where(answered("KIQ025"), between("dialysis_months", 1, 120, 0)),
    "agatston": only_where(drawn("scanned", 200), between("agatston", 0, 900, 0)),
    "aac24": only_where(drawn("filmed", 100), between("aac24", 0, 20, 0)),
    **{name: drawn(name, share) for name, share in OTHERS.items()},
    **{name: drawn(name, share) for name, share in (FINDINGS | DISORDERS).items()},
    **{f"deposit_in_{site}": drawn(site, share) for site, share in SITES.items()},
    "dermatomyositis": drawn("dermatomyositis", 2),
    "systemic_sclerosis": drawn("systemic_sclerosis", 3),
    "connective_tissue_disease": either(
        "dermatomyositis", "systemic_sclerosis", drawn("connective_tissue_disease", 20)
    ),
    "tissue_damage": either(*FINDINGS, "connective_tissue_disease"),
    "deposit_seen": either(*(f"deposit_in_{site}" for site in SITES)),
    "mineral_history": either(*DISORDERS, drawn("mineral_history", 10)),
}


_READABLE: Final = "WHERE LBXSCR IS NULL OR LBXSCR > 0.1"  # one participant, whom the jitter would make impossible


def make(path: Path, columns: dict[str, str], rows: int) -> None:
    """Write that many rows with these columns and an id as Parquet."""
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    with duckdb.connect() as at_work:
        at_work.execute("SET memory_limit = '700MB'")
        at_work.execute("SET preserve_insertion_order = false")
        read = f"SELECT *, row_number() OVER () - 1 AS k FROM read_csv('{ADULTS}') {_READABLE}"
        at_work.execute(f"CREATE TABLE adults AS {read}")
        ((adults,),) = at_work.execute("SELECT count(*) FROM adults").fetchall()
        who = f"SELECT i, hash(i) % {adults} AS k FROM range({rows}) AS them(i)"
        at_work.execute(
            f"COPY (SELECT i AS id, {listed} FROM ({who}) JOIN adults USING (k)) TO '{path}' (FORMAT parquet)"
        )


if __name__ == "__main__":  # in a process of its own: whoever measures memory must not have held any
    make(Path(sys.argv[3]), {"12": NARROW, "50": WIDE}[sys.argv[1]], int(sys.argv[2]))
