"""The traps of the hospitals' and surveys' tables, planted in a few rows: what is piped on says what was sent."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from samples import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, str]


def table(path: Path, columns: str, *rows: str) -> None:
    """Write a CSV table; cells are separated by bars."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(line.split("|") for line in (columns, *rows))


def read(source: str, folder: Path) -> list[dict[str, Any]]:
    script = ROOT / "benchmarks" / "real_draws.py"
    ended = subprocess.run([sys.executable, script, source, folder], capture_output=True, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def mimic(folder: Path, *results: str) -> list[dict[str, Any]]:
    """Draws of two made-up people: 1, in one stay from 2150 on, and 2, older than the source tells."""
    table(folder / "patients.csv", "subject_id|gender|age_at_first_admission|age_over_89_flag", "1|F|70|0", "2|M|91|1")
    table(
        folder / "admissions.csv",
        "subject_id|hadm_id|admittime",
        "1|12|2153-05-01 08:00:00",
        "1|11|2150-05-01 08:00:00",
    )
    table(folder / "diagnoses_icd9.csv", "hadm_id|icd9_code", "11|5849", "11|5853", "11|5856", "12|25000")
    table(folder / "procedures_icd9.csv", "hadm_id|icd9_code", "11|3995")
    table(folder / "prescriptions.csv", "hadm_id|startdate|drug", "11|2150-05-03 00:00:00|Warfarin", "12||Warfarin")
    columns = "subject_id|hadm_id|charttime|itemid|fluid|loinc_code|value|valueuom"
    table(folder / "labs_long.csv", columns, *results)
    return read("mimic", folder)


def test_a_draw_is_one_patient_at_one_time(tmp_path: Path) -> None:
    draws = mimic(
        tmp_path,
        "1|11|2150-05-02 06:00:00|50893|Blood|2000-8|10.0|mg/dL",
        "1|11|2150-05-02 06:00:00|50970|Blood|2777-1|5.50|mg/dL",
        "1|11|2150-05-02 06:00:00|50970|Blood|2777-1|5.9|mg/dL",
        "2||2150-05-02 06:00:00|50893|Blood|2000-8|9.1|mg/dL",
        "1|12|2153-06-02 06:00:00|50893|Blood|2000-8|9.9|mg/dL",
    )
    first, other, later = draws
    assert first["id"] == "1 2150-05-02T06:00:00"
    assert first["labs"] == {"calcium": "10.0 mg/dL", "phosphate": "5.50 mg/dL"}  # digits kept; of two the first
    assert (first["age"], later["age"], other["age"]) == ("70 years", "73 years", ">89 years")
    assert (first["as_of"], other["sex"]) == ("2150-05-02", "male")


def test_only_blood_is_read_and_a_bound_keeps_its_words(tmp_path: Path) -> None:
    [draw] = mimic(
        tmp_path,
        "1|11|2150-05-02 06:00:00|50912|Blood|2160-0|LESS THAN 0.4|mg/dL",
        "1|11|2150-05-02 06:00:00|50862|Blood|1751-7|UNABLE TO REPORT|g/dL",
        "1|11|2150-05-02 06:00:00|50893|Urine|2000-8|3.1|mg/dL",
        "1|11|2150-05-02 06:00:00|51491|Blood|2000-8|6.5|units",
    )
    assert draw["labs"] == {"creatinine": "LESS THAN 0.4 mg/dL", "albumin": "UNABLE TO REPORT"}


def test_a_code_says_yes_and_its_absence_nothing(tmp_path: Path) -> None:
    draws = mimic(
        tmp_path,
        "1|11|2150-05-02 06:00:00|50893|Blood||10|mg/dL",
        "1|11|2150-05-03 06:00:00|50893|Blood||10|mg/dL",
        "1||2151-05-03 06:00:00|50893|Blood||10|mg/dL",
        "1|12|2153-05-03 06:00:00|50893|Blood||10|mg/dL",
    )
    before, after, outside, next_stay = draws
    assert before["kidney"] == {"acute_kidney_injury": True, "ckd_stage": "G5", "dialysis": True}
    assert (before["medications"], after["medications"]) == ({}, {"warfarin": True})  # it began on the third
    assert (outside["kidney"], outside["conditions"], outside["medications"]) == ({}, {}, {})
    assert (next_stay["conditions"], next_stay["medications"]) == ({"diabetes": True}, {})


def test_eicu_is_read_by_what_was_printed_and_sent(tmp_path: Path) -> None:
    stay = "patientunitstayid"
    table(tmp_path / "patients_icu_stays.csv", f"uniquepid|{stay}|gender|age|tx_dialysis", "002-1|7|Female|> 89|0")
    table(tmp_path / "diagnoses.csv", f"{stay}|icd9code", "7|584.9, N17.9", "7|I10, 250.00")
    table(
        tmp_path / "medications.csv",
        f"{stay}|drugname|drugstartoffset",
        "7|WARFARIN SODIUM 5 MG PO TABS|20",
        "7|COUMADIN|",
    )
    columns = f"{stay}|labresultoffset|labname|labresult|labresulttext|labmeasurenamesystem|labmeasurenameinterface"
    table(
        tmp_path / "labs_long.csv",
        columns,
        "7|-9|ionized calcium|4.44|1.11|mg/dL|mmol/L",
        "7|-9|magnesium|1.5|1.50|mg/dL|meq/L",
        "7|-9|CRP|1148|114.8|mg/dL|mg/L",
        "7|30|calcium|9|9.0|mg/dL|",
        "7|30|phosphate||  |mg/dL|mg/dL",
    )
    before, after = read("eicu", tmp_path)
    assert before["id"] == "002-1 7+-9min"
    assert before["labs"] == {"ionised_calcium": "1.11 mmol/L", "magnesium": "1.50 meq/L"}
    assert after["labs"] == {"calcium": "9.0 mg/dL"}
    assert (before["age"], before["kidney"], before["conditions"]) == (
        ">89 years",
        {"acute_kidney_injury": True},
        {"diabetes": True},
    )
    assert (before["medications"], after["medications"]) == ({}, {"warfarin": True})


_SURVEY = (
    "SEQN|CYCLE|SDDSRVYR|RIAGENDR|RIDAGEYR|RIDEXPRG|LBXSCA|LBXSPH|LBXSAL|LBXSCR|LBXSAPSI|LBXPT21|LBXVIDMS|"
    "BPQ020|DIQ010|KIQ025|MCQ160L|MCQ220|RX_WARFARIN|RX_CORTICOSTEROID_ORAL"
)


def nhanes(folder: Path, *participants: str) -> list[dict[str, Any]]:
    table(folder / "nhanes_adults_ca_p_1999_2018.csv.gz", _SURVEY, *participants)
    table(folder / "nhanes_aac_2013_2014.csv", "SEQN|DXXAAC24", "3|9", "1|")
    return read("nhanes", folder)


def test_nhanes_hides_nothing_behind_a_number(tmp_path: Path) -> None:
    old, oldest, recent = nhanes(
        tmp_path,
        "1|2005-2006|4|1|80||9.5|3.2|4.5|1.0|63|6.36||1|3|1||1|1|0",
        "2|2005-2006|4|2|85|3|9.5|3.2|||||50|2|9||2|2||",
        "3|2013-2014|8|2|80||9.5|3.2||1.0||410||7|2|2|1||0|1",
    )
    assert (old["age"], oldest["age"], recent["age"]) == ("80 years", ">=85 years", ">=80 years")
    assert (old["pth"], recent["pth"]) == ("<9 pg/mL", "410 pg/mL")  # 6.36 fills in for what lay below detection
    assert (old["creatinine"], recent["creatinine"]) == ("0.96 mg/dL", "1.0 mg/dL")  # only the old cycle is converted
    assert (oldest["vitamin_d_25"], recent["aac24"]) == ("50 nmol/L", "9")
    assert {"albumin", "creatinine", "pth", "aac24", "warfarin"}.isdisjoint(oldest)


def test_nhanes_answers_are_yes_no_open_or_not_given(tmp_path: Path) -> None:
    first, second = nhanes(
        tmp_path,
        "1|2013-2014|8|1|50||9.5|3.2||||||1|3|1||1|1|0",
        "2|2013-2014|8|2|40|3|9.5|3.2||||||2|9||2|2||",
    )
    answers = {
        "diabetes": "unknown",
        "hypertension": "yes",
        "dialysis": "yes",
        "malignancy": "unknown",
        "warfarin": "yes",
    }
    assert answers.items() <= first.items()
    answers = {
        "diabetes": "unknown",
        "hypertension": "no",
        "pregnancy": "unknown",
        "malignancy": "no",
        "liver_disease": "no",
    }
    assert answers.items() <= second.items()
    assert {"pregnancy", "liver_disease"}.isdisjoint(first)
    assert {"dialysis", "warfarin", "corticosteroids"}.isdisjoint(second)


def test_boyd_is_passed_on_errors_and_all(tmp_path: Path) -> None:
    columns = "obsno|age|sex|alkphos|lab|cammol|phosmmol|agegroup"
    table(tmp_path / "calcium.csv", columns, "28|70|22|65|3|24.3|1.42|2", "105||2|163|1|2.25||2")
    wrong, gaps = read("boyd", tmp_path)
    assert wrong == {
        "id": "28",
        "age": "70",
        "sex": "22",
        "calcium": "24.3 mmol/L",
        "phosphate": "1.42 mmol/L",
        "alp": "65 IU/L",
    }
    assert gaps == {"id": "105", "sex": "female", "calcium": "2.25 mmol/L", "alp": "163 IU/L"}
