"""What is shipped agrees with what is said: version, dependencies, public names, reasons beside every exception."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import calcrisk

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
PYTHON_FILES = [
    path for folder in ("calcrisk", "tests", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, encoding="utf-8")


# --------------------------------------------------------------------------------------------------------- version


def changelog_versions() -> list[str]:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    return [name for name in headings if name != "Unreleased"]


def test_the_version_is_written_once() -> None:
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    assert PYPROJECT["tool"]["hatch"]["version"]["path"] == "calcrisk/_version.py"
    assert importlib.metadata.version("calcrisk") == calcrisk.__version__


def test_the_changelog_begins_with_this_version() -> None:
    assert changelog_versions()[0] == calcrisk.__version__


def test_every_release_tells_its_clinical_impact() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert [release.splitlines()[0] for release in releases if "### Clinical impact" not in release] == []


def test_the_command_and_the_module_say_the_same_version() -> None:
    assert run("-m", "calcrisk", "--version").stdout.startswith(f"calcrisk {calcrisk.__version__}")


# ---------------------------------------------------------------------------------------------------- dependencies

IMPORTED_AS = {"pydantic": "pydantic", "pyyaml": "yaml", "rich": "rich", "typer": "typer"}
EXTRAS = {"chemistry": {"numpy"}, "cohort": {"duckdb"}, "spark": {"pyspark", "sqlglot"}, "sql": {"sqlglot"}}
BROUGHT_ALONG = {"pyarrow", "py4j"}  # by whoever hands over record batches, and by pyspark


def declared() -> set[str]:
    return {re.split(r"[<>=~! \[]", line)[0] for line in PYPROJECT["project"]["dependencies"]}


def foreign_imports(source: str) -> set[str]:
    """The top-level names of what is imported, neither ours nor the standard library's."""
    found = set()
    for node in ast.walk(_without_types(ast.parse(source))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"calcrisk"}


class _Run(ast.NodeTransformer):
    """Leaves out what only a type checker reads."""

    def visit_If(self, node: ast.If) -> ast.If | None:  # the name ast asks for
        return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node


def _without_types(tree: ast.Module) -> ast.AST:
    pruned: ast.AST = _Run().visit(tree)
    return pruned


def test_the_core_needs_four_packages_and_no_more() -> None:
    assert declared() == set(IMPORTED_AS)


def test_everything_imported_is_declared() -> None:
    files = (ROOT / "calcrisk").rglob("*.py")
    used = set().union(*(foreign_imports(path.read_text(encoding="utf-8")) for path in files))
    assert used == {IMPORTED_AS[name] for name in declared()} | set().union(*EXTRAS.values()) | BROUGHT_ALONG


def test_an_extra_is_imported_by_its_own_rooms_alone() -> None:
    extras = set().union(*EXTRAS.values()) | BROUGHT_ALONG
    doors = {
        path.relative_to(ROOT / "calcrisk").as_posix()
        for path in (ROOT / "calcrisk").rglob("*.py")
        if foreign_imports(path.read_text(encoding="utf-8")) & extras
    }
    beside_chemistry = {door for door in doors if not door.startswith("chemistry/")}
    assert beside_chemistry == {
        "cohort/engine.py",
        "cohort/engine_faults.py",
        "cli/spark.py",
        "cli/spark_text.py",
        "rules/sql/dialects.py",
    }


def test_the_extras_are_declared() -> None:
    optional = PYPROJECT["project"]["optional-dependencies"]
    assert {name: {re.split(r"[<>=]", line)[0] for line in lines} for name, lines in optional.items()} == EXTRAS
    tested = {line.split(" #")[0] for line in PYPROJECT["dependency-groups"]["test"]}
    assert {*optional["chemistry"], *optional["cohort"]} <= tested


def test_an_undeclared_import_is_found() -> None:
    assert foreign_imports("import os\ndef f():\n    from numpy.linalg import inv\n") == {"numpy"}


def test_the_oldest_python_is_the_same_everywhere() -> None:
    classifiers = "\n".join(PYPROJECT["project"]["classifiers"])
    oldest = re.findall(r"Python :: (3\.\d+)", classifiers)[0]
    assert PYPROJECT["project"]["requires-python"] == f">={oldest}"
    assert PYPROJECT["tool"]["mypy"]["python_version"] == oldest
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


# ---------------------------------------------------------------------------------------------------- public names


def test_the_public_names_are_one_sorted_list() -> None:
    assert list(calcrisk.__all__) == sorted(calcrisk.__all__)
    assert [name for name in calcrisk.__all__ if not hasattr(calcrisk, name)] == []
    assert {"Assessment", "Patient", "Rulebook", "assess"} <= set(calcrisk.__all__)


@pytest.mark.parametrize("name", [name for name in calcrisk.__all__ if not name.startswith("__")])
def test_every_public_name_explains_itself(name: str) -> None:
    assert getattr(calcrisk, name).__doc__


def test_the_package_says_it_is_typed() -> None:
    assert (ROOT / "calcrisk" / "py.typed").is_file()


def test_the_typed_consumer_runs() -> None:
    said = run(str(ROOT / "tests" / "typing" / "consumer.py")).stdout
    assert "2.4 mmol/L?" in said


def test_the_script_leads_to_the_command_line() -> None:
    module, _, function = PYPROJECT["project"]["scripts"]["calcrisk"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


# --------------------------------------------------------------------------------------------- rules for ourselves


def lines_without_a_reason(toml: str) -> list[str]:
    """The entries of ruff's ignore lists that no comment explains."""
    lists = re.findall(r"^(?:ignore|\"[^\"]+\") = \[\n(.*?)^\]", toml, flags=re.MULTILINE | re.DOTALL)
    entries = [line.strip() for part in lists for line in part.splitlines()]
    return [line for line in entries if line and not re.fullmatch(r'("[A-Z0-9]+",\s+)?#\s.+', line)]


def test_every_lint_exception_has_its_reason() -> None:
    assert lines_without_a_reason(PYPROJECT_TEXT) == []


def test_a_lint_exception_without_a_reason_is_found() -> None:
    toml = 'ignore = [\n    "D105", # a reason\n    "E501",\n]\n"tests/**" = [\n    "S101",\n]\n'
    assert lines_without_a_reason(toml) == ['"E501",', '"S101",']


def silencers_without_a_reason(source: str) -> list[str]:
    """Each ``noqa`` or ``type: ignore`` that lacks its code or a sentence after it."""
    silencers = re.findall(r"#\s*(?:noqa|type:\s*ignore)\b.*", source)
    told = re.compile(r"#\s*(?:noqa:\s*[A-Z0-9, ]+?|type:\s*ignore\[[\w, -]+\])\s+(?:#|-|–)\s*\S.*")
    return [silencer for silencer in silencers if not told.fullmatch(silencer)]


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_silencer_has_its_reason(path: Path) -> None:
    if path != Path(__file__):  # this file quotes bad ones below
        assert silencers_without_a_reason(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("silencer", "missing"),
    [
        ("# noqa", True),
        ("# noqa: S603", True),
        ("# type: ignore", True),
        ("# type: ignore[arg-type]", True),
        ("# noqa: S603 # the arguments are ours", False),
        ("# type: ignore[arg-type] # wrong on purpose: the test is about it", False),
    ],
)
def test_a_silencer_without_a_reason_is_found(silencer: str, missing: bool) -> None:
    assert bool(silencers_without_a_reason(f"x = 1  {silencer}\n")) is missing


def test_continuous_integration_runs_make_test_and_installs_nothing_but_a_server_to_test_against() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#!")
    assert lines[1] == "set -euo pipefail"
    server, (last,) = lines[2:-1], lines[-1:]
    assert last == "make test"
    assert [line.split()[0] for line in server if not line.startswith("#")] == ["cd", "if", "{", "fi"]
    assert re.findall(r"install (?:--\S+ )*(\S+);", "\n".join(server)) == ["postgresql"]


# ------------------------------------------------------------------------------------------------------ hazard log


def guards_named_in(text: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)


def has_test(path: Path, test: str) -> bool:
    """Whether the file is there and defines the test, or the class of tests."""
    return path.is_file() and bool(re.search(rf"\b(?:def|class) {test}\b", path.read_text(encoding="utf-8")))


def test_every_hazard_is_guarded_by_a_test_that_exists() -> None:
    hazards = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
    sections = re.split(r"^### ", hazards, flags=re.MULTILINE)[1:]
    assert [section.splitlines()[0] for section in sections if not guards_named_in(section)] == []
    missing = [f"{file}::{test}" for file, test in guards_named_in(hazards) if not has_test(ROOT / file, test)]
    assert missing == []
