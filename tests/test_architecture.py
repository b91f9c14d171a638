"""The house stays a house: arrows, laziness, small files, nothing of one machine.

Each check is a function over source text or imports, so that a planted fault proves it can fail.
"""

from __future__ import annotations

import ast
import graphlib
import itertools
import json
import re
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sourcecode import PACKAGE, ROOT, handwritten, inside, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.volume  # it reads every file of source

SAMPLE = ROOT / "sample_labs" / "hd-warfarin-58f.yaml"

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 40
MAX_MEDIAN_FUNCTION_LINES = 8


# ---------------------------------------------------------------------------------------------------------- arrows

_LEAVES = {"_version", "errors", "packaged", "printed"}
_LANGUAGE = _LEAVES | {"rules.expression", "rules.logic"}
_STATED = _LEAVES | {"variables", "units", "stated"}
_READ = _STATED | {"answers", "quantities", "values"}
_PATIENT = _READ | {"record", "patient_base", "patient"}

# What each room may import; a module belongs to the room with the longest matching name, and a room may import itself.
# Read downwards it is the one-way flow of the design; a module without a room here fails.
ROOMS: dict[str, set[str]] = {
    "_version": set(),
    "errors": set(),
    "packaged": set(),
    "printed": set(),
    "telling": set(),
    "variables": _LEAVES,
    "units": _LEAVES | {"variables"},
    "stated": _LEAVES | {"variables", "units"},
    "answers": _STATED,
    "quantities": _STATED | {"answers"},
    "values": _STATED | {"answers", "quantities"},
    "history": {"rules.logic"},  # pure arithmetic over draws; only what a tie is comes from the rules
    "noise": set(),
    "dated": _READ | {"history"},
    "record": _READ | {"history", "dated"},
    "patient_base": _READ | {"history", "record"},
    "patient": _READ | {"patient_base"},
    "inputs": _PATIENT | {"history", "dated"},
    "rules.expression": _LEAVES,
    "rules.logic": _LANGUAGE,
    "rules": _LANGUAGE,  # the rulebook knows no patient and no document: it is handed what was stated
    "parts": set(),
    "assessment": _LEAVES | {"parts"},
    "wording": _LANGUAGE | {"rules", "assessment"},
    "past": _LANGUAGE | _PATIENT | {"rules", "history", "dated"},
    "standing": _LANGUAGE | _PATIENT | {"rules", "past"},
    "assessing": _LANGUAGE | _PATIENT | {"rules", "assessment", "wording", "past"},
    "saying": {"printed"},
    "trending": _LANGUAGE
    | _PATIENT
    | {"rules", "assessment", "assessing", "history", "noise", "past", "saying", "standing"},
    "batch": _LANGUAGE | _PATIENT | {"inputs", "rules", "assessment", "assessing", "telling"},
    # tables: SQL of the rules' own, and the reader of documents for the rows that SQL does not read
    "cohort": _LANGUAGE | _PATIENT | {"inputs", "rules", "history", "past"},
    "spark": _LEAVES | {"rules", "cohort"},  # the same SELECT on a cluster
    "chemistry": {"parts", "assessment"},  # arrays, and the inputs of an assessment; no rule and no renderer knows it
    "entry": _LEAVES | {"assessment"},
    "explaining": _LANGUAGE | {"rules", "assessment", "entry"},
    "scenario": {"assessment"},
    "whatif": _LANGUAGE | _PATIENT | {"rules", "assessment", "assessing", "scenario"},
    "shapes": {"parts", "assessment", "scenario"},  # of documents, for their JSON Schema alone
    "render": _LEAVES | {"parts", "assessment", "entry", "scenario"},
    "cli": _LANGUAGE
    | _PATIENT
    | {
        "inputs",
        "rules",
        "assessment",
        "assessing",
        "batch",
        "chemistry",
        "cohort",
        "entry",
        "explaining",
        "scenario",
        "shapes",
        "whatif",
        "render",
        "spark",
        "standing",
        "telling",
        "trending",
        "",
    },
    "": _LEAVES
    | _PATIENT
    | {"inputs", "rules", "assessment", "assessing", "batch"},  # calcrisk/__init__.py: the public names
    "__main__": {"cli"},
}


def room_of(module: str) -> str:
    """The room of a module named from within the package (``rules.scalar``); KeyError when it has none."""
    for length in range(module.count(".") + 1, 0, -1):
        name = ".".join(module.split(".")[:length])
        if name in ROOMS:
            return name
    raise KeyError(module)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def own_imports(path: Path, modules: set[str]) -> set[str]:
    """The modules of this package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{inside(path)}:{node.lineno}: imports are absolute here"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    own = {name.removeprefix("calcrisk").removeprefix(".") for name in found if name.split(".")[0] == "calcrisk"}
    return {name if name in modules else name.rpartition(".")[0] for name in own}


def import_graph() -> dict[str, set[str]]:
    modules = {module_name(path) for path in sources()}
    return {module_name(path): own_imports(path, modules) - {module_name(path)} for path in sources()}


def forbidden(graph: dict[str, set[str]]) -> list[str]:
    """Each import that runs against the arrows."""
    pairs = ((module, target) for module, targets in graph.items() for target in targets)
    rooms = ((module, target, room_of(module), room_of(target)) for module, target in pairs)
    return sorted(f"{module} → {target}" for module, target, here, there in rooms if there not in ROOMS[here] | {here})


def test_every_import_follows_the_arrows() -> None:
    assert forbidden(import_graph()) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    order = list(graphlib.TopologicalSorter(import_graph()).static_order())
    assert "errors" in order


@pytest.mark.parametrize(
    "graph",
    [
        {"rules.scalar": {"inputs.fold"}},
        {"render.terminal": {"rules.scalar"}},
        {"assessment": {"render"}},
        {"rules.closures": {"chemistry.blocks"}},
    ],
    ids=[
        "rules read no document",
        "a renderer computes nothing",
        "an assessment knows no renderer",
        "no chemistry in rules",
    ],
)
def test_an_import_against_the_arrows_is_found(graph: dict[str, set[str]]) -> None:
    assert len(forbidden(graph)) == 1


def test_a_module_without_a_room_is_found() -> None:
    with pytest.raises(KeyError, match="pharmacy"):
        forbidden({"pharmacy": {"errors"}})


# -------------------------------------------------------------------------------------------------------- laziness

_EXTRAS = {"duckdb", "fhir", "jinja2", "numpy", "pandas", "polars", "pyarrow", "pyspark", "sqlglot"}
_DRAWING = {"rich.console", "rich.live", "rich.markdown", "rich.progress", "rich.table", "calcrisk.render.terminal"}


def modules_after(code: str) -> set[str]:
    """What stands in ``sys.modules`` when a new interpreter has run the code and exits."""
    script = f"""
import json, os, sys
try:
    {code}
except SystemExit as end:
    assert not end.code, end.code
finally:
    os.write(2, b"\\n" + json.dumps(sorted(sys.modules)).encode())
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT)
    return set(json.loads(done.stderr.splitlines()[-1]))


def command(*arguments: str) -> str:
    return f"sys.argv = {['calcrisk', *arguments]!r}; from calcrisk.cli import main; main()"


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        pytest.param("import calcrisk", _EXTRAS | _DRAWING | {"typer", "rich", "yaml", "calcrisk.cli"}, id="import"),
        pytest.param(command("--version"), _EXTRAS | _DRAWING | {"yaml"}, id="--version"),
        pytest.param(command("--help"), _EXTRAS | {"yaml", "calcrisk.render.terminal"}, id="--help"),
        pytest.param(
            command("assess", str(SAMPLE), "--json"),
            _EXTRAS | _DRAWING | {"calcrisk.chemistry", "calcrisk.whatif", "calcrisk.scenario"},
            id="assess --json",
        ),
        pytest.param(
            command("what-if", str(SAMPLE), "--goal", "vascular=low", "--json"),
            _EXTRAS | _DRAWING | {"calcrisk.chemistry", "calcrisk.explaining"},
            id="what-if",
        ),
        pytest.param(command("chemistry", str(SAMPLE), "--json"), _EXTRAS - {"numpy"} | _DRAWING, id="chemistry"),
        pytest.param(
            command("assess", str(SAMPLE)), _EXTRAS | {"rich.markdown", "rich.live", "calcrisk.explaining"}, id="assess"
        ),
        pytest.param(command("explain", "fetuin-a"), _EXTRAS | {"yaml", "calcrisk.assessing"}, id="explain"),
    ],
)
def test_what_a_command_does_not_need_stays_unloaded(code: str, unwanted: set[str]) -> None:
    loaded = modules_after(code)
    assert "calcrisk" in loaded
    assert loaded & unwanted == set()


def test_a_loaded_module_is_found() -> None:
    assert "rich.table" in modules_after("import rich.table")


# ------------------------------------------------------------------------------------------------------------ size


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of each function, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            docstring = (first.end_lineno or 0) - first.lineno + 1 if told else 0
            yield f"{inside(path)}: {node.name}", (node.end_lineno or 0) - node.lineno + 1 - docstring


def too_long(lengths: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{name} has {length} lines" for name, length in lengths if length > MAX_FUNCTION_LINES]


def test_no_function_is_long() -> None:
    assert too_long(itertools.chain.from_iterable(map(functions, handwritten()))) == []


def test_most_functions_are_short() -> None:
    lengths = [length for path in handwritten() for _, length in functions(path)]
    assert statistics.median(lengths) <= MAX_MEDIAN_FUNCTION_LINES


def test_no_file_is_long() -> None:
    folders = (PACKAGE, ROOT / "tests", ROOT / "tools", ROOT / "benchmarks", ROOT / "fuzz")
    files = [
        path for folder in folders for path in folder.rglob("*.py") if path.name not in {"patient.py", "options.py"}
    ]
    lines = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in files}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


# ------------------------------------------------------------------------------------------------- one machine's own

_TEXT = {".cfg", ".csv", ".json", ".md", ".py", ".svg", ".toml", ".txt", ".yaml", ".yml"}
_TEXT_NAMES = {"Makefile", "LICENSE", "run"}
_NOT_OURS = re.compile(r"^\.(?!ci$)|^(build|dist|__pycache__|.*\.egg-info)$")
# a home or a work folder, as absolute paths begin on the systems developers have
_MACHINE = re.compile(r"(?<![\w.])(?:/(?:work|home|root|tmp|Users)/\w|[A-Z]:\\Users\\)")


def text_files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if any(_NOT_OURS.match(part) for part in parts[:-1]) or not path.is_file():
            continue
        if path.suffix in _TEXT or path.name in _TEXT_NAMES:
            yield path


def machine_paths(text: str) -> list[str]:
    return _MACHINE.findall(text)


def test_no_file_holds_a_path_of_one_machine() -> None:
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8", errors="replace") for path in text_files()
    }
    files = {name: machine_paths(text) for name, text in texts.items()}
    assert "pyproject.toml" in files
    assert {name: found for name, found in files.items() if found} == {}


def test_a_path_of_one_machine_is_found() -> None:
    home = "/home"  # in two pieces, or this file would be found
    assert machine_paths(f"see {home}/ada/labs.yaml")
    assert not machine_paths(f"https://example.org{home}/ada and .venv{home}/x")
