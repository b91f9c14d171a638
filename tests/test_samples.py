"""Every sample patient: it can be read, its answer is the one that is listed here, and both keep to their schema."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from samples import ROOT, SAMPLES, answer, patient

from calcrisk.render.json import to_json

if TYPE_CHECKING:
    from pathlib import Path

# file, class, and what makes it so
EXPECTED = {
    "hd-warfarin-58f.yaml": ("metastatic", "a product of 67 in CKD; the infarct is mild"),
    "mixed-tuberculosis-61m.yaml": ("mixed", "a sustained product in dialysis and a caseating granuloma"),
    "nhanes-aorta-80m.yaml": ("vascular", "an AAC-24 of 17, and nothing else is marked"),
    "nhanes-dialysis-warfarin-68m.yaml": ("metastatic", "dialysis implies G5, and 10.6 × 6.9 is 73"),
    "nhanes-gaps-46m.yaml": ("metastatic", "9.7 × 7.3 is 71, above 70 with or without a stage"),
    "nhanes-healthy-34m.yaml": ("indeterminate", "tissue damage and mineral history were never asked"),
    "nhanes-hypercalcaemia-50m.json": ("metastatic", "calcium 12.7 is no longer mild, though the product is 39"),
    "nhanes-products-disagree-46f.yaml": ("indeterminate", "8.9 × 6.0 is 53, and the stage is open"),
    "cases/calciphylaxis-nonuremic-58f.yaml": ("calciphylaxis", "unexplained skin necrosis and a malignancy"),
    "cases/dm-calcinosis-54f.yaml": ("dystrophic", "dermatomyositis with normal chemistry"),
    "cases/dm-calcinosis-68f.yaml": ("dystrophic", "dermatomyositis with normal chemistry"),
    "cases/fahr-37f.yaml": ("other", "hypoparathyroidism, basal ganglia"),
    "cases/gastric-calcinosis-52m-hd.yaml": ("metastatic", "phosphate and calcium were high before"),
    "cases/hftc-galnt3-15m.yaml": ("metastatic", "familial tumoral calcinosis"),
    "cases/iatrogenic-neonate.yaml": ("iatrogenic", "calcium by vein, a deposit in the skin"),
    "cases/mpc-esrd-64m.yaml": ("metastatic", "a sustained product of 67 in CKD"),
    "cases/parathyroid-carcinoma-63m.yaml": ("metastatic", "calcium 25"),
    "cases/phpt-mpc-normocalcaemic-56f.yaml": ("metastatic", "primary hyperparathyroidism"),
    "cases/rhabdo-60m.yaml": ("dystrophic", "the high calcium is a result of the rhabdomyolysis"),
    "cases/scfn-neonate.yaml": ("dystrophic", "the high calcium is a result of the fat necrosis"),
    "cases/sepsis-lv-postpartum.yaml": ("dystrophic", "septic heart muscle"),
    "cases/tumoral-calcinosis-12m.yaml": ("metastatic", "a high phosphate and a mass about a joint"),
    "cases/utc-48f-pd.yaml": ("metastatic", "a product of 99 in CKD"),
    "cases/vitd-toxicity-4mo.yaml": ("metastatic", "calcium 18.7 and vitamin D intoxication"),
}


def samples() -> dict[str, Path]:
    """Every sample that is meant to be read, by its name below ``sample_labs``."""
    beside = ("bad", "maps")  # of bad ones, and of columns
    found = [
        path for path in SAMPLES.rglob("*") if path.suffix in (".yaml", ".json") and path.parent.name not in beside
    ]
    return {path.relative_to(SAMPLES).as_posix(): path for path in found}


def run(*arguments: str) -> str:
    """What the program itself prints."""
    command = [sys.executable, "-m", "calcrisk", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@lru_cache
def validator(what: str) -> Draft202012Validator:
    """The schema that ``calcrisk schema`` prints, itself checked."""
    schema: dict[str, Any] = json.loads(run("schema", what))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def complaints(what: str, document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(what).iter_errors(document)]


def test_every_sample_is_listed_here() -> None:
    assert samples().keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_assessed_as_listed(name: str) -> None:
    found = answer(patient(SAMPLES / name))
    expected, because = EXPECTED[name]
    assert found.classification == expected, because
    assert expected in found.possible_classifications
    assert not [warning for warning in found.warnings if warning.code == "implausible" and "nhanes" in name]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_answer_keeps_to_its_schema(name: str) -> None:
    assert complaints("assessment", json.loads(to_json(answer(patient(SAMPLES / name))))) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_keeps_to_the_schema_of_patients(name: str) -> None:
    text = (SAMPLES / name).read_text(encoding="utf-8")
    document = json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # the loader that makes nothing but text
    assert complaints("patient", numbers(document)) == []


def numbers(node: object) -> object:
    """Read texts that are numbers or empty as JSON would; a plain YAML loader would also make dates and booleans."""
    if isinstance(node, dict):
        return {key: numbers(value) for key, value in node.items()}
    if isinstance(node, list):
        return [numbers(value) for value in node]
    if node == "":
        return None
    if node in ("true", "false"):
        return node == "true"
    return float(node) if isinstance(node, str) and re.fullmatch(r"-?\d+(\.\d+)?", node) else node


def test_a_schema_refuses_what_the_reader_refuses() -> None:
    assert complaints("patient", {"labs": {"calcum": 9.9}})
    assert complaints("patient", {"labs": {"calcium": 99}})
    assert complaints("assessment", {"format": 2})


def test_the_list_in_the_readme_is_complete() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[[^\]]+\]\(([^)]+)\)", text, flags=re.MULTILINE)) == EXPECTED.keys()


def test_the_commands_of_the_readme_run() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    healthy, sustained = re.findall(r"^calcrisk (assess .+)$", text, flags=re.MULTILINE)
    closed = json.loads(run(*shlex.split(healthy), "--json"))
    assert (closed["classification"], closed["settled"]) == ("none_identified", True)
    confirmed = json.loads(run(*shlex.split(sustained), "--json"))
    assert confirmed["risk"]["metastatic"]["tier"] == "very_high"


def test_both_systems_of_units_and_both_formats_are_shown() -> None:
    texts = [
        path.read_text(encoding="utf-8") for name, path in samples().items() if name.startswith(("nhanes", "mixed"))
    ]
    assert any("mmol/L" in text for text in texts)
    assert any("mmol/L" not in text for text in texts)
    assert any(name.endswith(".json") for name in samples())


def test_a_fictional_patient_says_so_and_a_real_one_says_where_from() -> None:
    for name, path in samples().items():
        text = path.read_text(encoding="utf-8")
        kind = "fictional" if name.startswith(("hd-", "mixed-")) else "SEQN" if "nhanes" in name else "http"
        assert name.endswith(".json") or kind in text, name
