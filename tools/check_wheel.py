"""Build the wheel and prove it: install it into an empty environment and run it from elsewhere.

What works from a source tree can still be broken when installed (a data file left out, an import of a test tool). So
the program runs here as a user has it: no source tree on the path, no development tool installed, no helpful variable.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULEBOOK = ROOT / "calcrisk" / "rulebook"
NEEDED = (
    "calcrisk/py.typed",
    "calcrisk/rulebook/rulebook.json",
    "calcrisk/rulebook/background.json",
    "calcrisk/chemistry/constants.json",
)
OVERLAY = 'overlay: pathologic-calcification\nid: ours\nversion: "1"\ntitle: Ours\n'
UNWANTED = ("tests/", "tools/", "benchmarks/")


def main(arguments: list[str]) -> int:
    """Check the wheel with the sample patient given; 0 when it holds."""
    sample = (ROOT / arguments[0]).resolve()
    with tempfile.TemporaryDirectory(prefix="calcrisk-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        complain_of_contents(wheel)
        program = install(wheel, folder / "environment")
        away = folder / "away"
        away.mkdir()
        shutil.copy(sample, away / "patient.yaml")
        run_as_a_user(program, away)
    print(f"{wheel.name}: built, installed into an empty environment and run from there")
    return 0


def build(folder: Path) -> Path:
    """Build the source archive, and the wheel from it, as an index would get them."""
    subprocess.run([sys.executable, "-m", "build", "--quiet", "--outdir", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def complain_of_contents(wheel: Path) -> None:
    """Raise SystemExit when the wheel lacks a file it needs or carries one it should not."""
    names = zipfile.ZipFile(wheel).namelist()
    source = [path.relative_to(ROOT).as_posix() for path in sorted(RULEBOOK.rglob("*.yaml"))]
    lacking = [name for name in (*NEEDED, *source) if name not in names]
    unwanted = [name for name in names if name.startswith(UNWANTED)]
    if lacking or unwanted:
        sys.exit(f"{wheel.name}: lacks {lacking}, should not carry {unwanted}")


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel into an environment that holds nothing else; the program's path."""
    venv.create(environment, clear=True)  # the pip of this environment serves
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", str(wheel)], check=True)
    return scripts / "calcrisk"


def run_as_a_user(program: Path, away: Path) -> None:
    """Run the commands of a first day, outside the source tree and with no environment variable that could help."""
    version = call(program, away, "--version")
    if not version.startswith("calcrisk "):
        sys.exit(f"calcrisk --version said {version!r}")
    assessment = json.loads(call(program, away, "assess", "patient.yaml", "--json"))
    if assessment["status"] != "scored":
        sys.exit(f"the sample was not scored: {assessment['status']}")
    own_words = installed_rulebook(program)
    if json.loads(call(program, away, "assess", "patient.yaml", "--json", "--rulebook", str(own_words))) != assessment:
        sys.exit(f"the installed YAML in {own_words} does not give the answer of the installed JSON")
    call(program, away, "rules", "check", str(own_words))
    lay_over(program, away)
    if assessment["classification"] not in call(program, away, "assess", "patient.yaml"):
        sys.exit("the explanation does not name the class of the JSON")
    call(program, away, "rules", "list")
    (away / "template.yaml").write_text(call(program, away, "template"), encoding="utf-8")
    call(program, away, "assess", "template.yaml", "--json")


def lay_over(program: Path, away: Path) -> None:
    """Use an overlay, which lies on the YAML that the wheel carries."""
    (away / "ours").mkdir()
    (away / "ours" / "rulebook.yaml").write_text(OVERLAY, encoding="utf-8")
    named = json.loads(call(program, away, "assess", "patient.yaml", "--json", "--rulebook", "ours"))["rulebook"]["id"]
    if not named.endswith("+ours"):
        sys.exit(f"an overlay answered as {named!r}")


def installed_rulebook(program: Path) -> Path:
    """The folder where the environment of the program keeps the package's rulebook."""
    (found,) = program.parent.parent.rglob("calcrisk/rulebook/rulebook.yaml")
    return found.parent


def call(program: Path, folder: Path, *arguments: str) -> str:
    """Run one command in a folder; what it wrote, or the end of everything when it failed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=clean, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        sys.exit(f"calcrisk {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
