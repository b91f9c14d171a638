"""What the documents promise: pages that follow from the data, guards that exist, commands that run."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import generate_docs
import pytest
from sourcecode import ROOT

from calcrisk import Rulebook
from calcrisk.explaining import Explainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.once

DOCS = ROOT / "docs"
GUARD = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
HAZARD = re.compile(r"^### (H\d+) (.+)$", re.MULTILINE)
EXPLAINED = re.compile(r'calcrisk explain ("[^"]+"|[^\s`"#]+)')
PROSE = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


# ------------------------------------------------------------------------------------------------- generated pages


@cache
def pages() -> dict[Path, str]:
    return generate_docs.pages()


def test_the_pages_are_what_the_rulebook_says() -> None:
    assert set(pages()) == {DOCS / "rulebook.md", DOCS / "sources.md"}
    stale = [path.name for path, text in pages().items() if path.read_text("utf-8") != text]
    assert stale == [], "run 'make generate'"


def test_a_stale_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {tmp_path / path.name: text for path, text in pages().items()}
    monkeypatch.setattr(generate_docs, "pages", lambda: changed)
    monkeypatch.setattr("sys.argv", ["generate_docs.py"])
    assert generate_docs.main() == 0
    monkeypatch.setattr("sys.argv", ["generate_docs.py", "--check"])
    assert generate_docs.main() == 0
    (tmp_path / "sources.md").write_text("another page", "utf-8")
    assert generate_docs.main() == 1


def test_every_entry_of_the_rulebook_is_on_its_page() -> None:
    page, sources = pages()[DOCS / "rulebook.md"], pages()[DOCS / "sources.md"]
    data = Rulebook.default().data
    names = [
        *(rule["id"] for rule in data["rules"]),
        *(row["id"] for row in data["rows"]),
        *(entry["pattern"] for entry in data["consider"]),
        *(entry["code"] for entry in data["warnings"]),
        *(entry["name"] for entry in (*data["facts"], *data["variables"], *data["mechanisms"])),
        *data["parameters"],
        *data["profiles"],
    ]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [name for name in data["references"] if f"| `{name}` |" not in sources] == []


def test_every_rule_says_its_limits_and_its_sources_on_the_page() -> None:
    page = pages()[DOCS / "rulebook.md"]
    for rule in Rulebook.default().data["rules"]:
        entry = page.partition(f"\nrule `{rule['id']}`\n")[2].partition("\n#")[0]
        assert "**Limits" in entry
        assert "design choice: the level" in entry
        cited = {each["source"] for each in (*rule["where"], *rule["against"])}
        assert {source for source in cited if f"`{source}`" not in entry} == set(), rule["id"]


def test_a_section_that_has_no_page_of_its_own_shows_up() -> None:
    """What another part of the project adds is printed and explained without a change here."""
    book = Rulebook.default()
    where = [{"source": "therapy-landmark", "at": "claim"}]
    remedy = {"id": "a-remedy", "title": "A remedy", "says": "It was tried.", "tried": ["once"], "where": where}
    explainer = Explainer(Rulebook({**book.data, "remedies": [remedy | {"parameters": {}}]}))
    shown = explainer.explain("a-remedy")
    assert (shown.kind, shown.title) == ("remedies", "A remedy")
    assert "therapy-landmark" in shown.references
    page = generate_docs.rulebook_page(explainer)
    assert "## Remedies" in page
    assert "**What it says** (`therapy-landmark`)\n\n- says: It was tried.\n- tried: once\n" in page


# --------------------------------------------------------------------------------------------------------- hazards


def hazards() -> str:
    return (DOCS / "hazards.md").read_text("utf-8")


def defined(path: Path) -> set[str]:
    """The tests and classes of tests that a file defines."""
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def lost(text: str) -> list[str]:
    """The guards that no file defines."""
    pairs = GUARD.findall(text)
    return [
        f"{file}::{name}" for file, name in pairs if not (ROOT / file).is_file() or name not in defined(ROOT / file)
    ]


def test_every_guard_exists() -> None:
    assert len(GUARD.findall(hazards())) > 40
    assert lost(hazards()) == []


def test_a_lost_guard_is_found() -> None:
    assert lost("`tests/test_docs.py::test_every_guard_exists`") == []
    assert lost("`tests/test_docs.py::test_of_nothing` and `tests/nowhere.py::test_it`") == [
        "tests/test_docs.py::test_of_nothing",
        "tests/nowhere.py::test_it",
    ]


def entries() -> Iterator[tuple[str, str]]:
    """Each hazard's number with its text."""
    parts = HAZARD.split(hazards())[1:]
    yield from zip(parts[::3], parts[2::3], strict=True)


def test_every_hazard_is_whole_and_numbered() -> None:
    found = list(entries())
    assert [number for number, _ in found] == [f"H{at:02}" for at in range(1, len(found) + 1)]
    for number, text in found:
        for part in ("**Harm** (", "**Cause**", "**Control**", "**Guarded by**"):
            assert text.count(part) == 1, f"{number}: {part}"
        assert GUARD.search(text.partition("**Guarded by**")[2]), number


def test_every_class_of_hazard_tests_is_in_the_log() -> None:
    numbers = {number for number, _ in entries()}
    classes = {name for name in defined(ROOT / "tests" / "test_hazards.py") if name.startswith("TestH")}
    assert {re.sub(r"Test(H\d\d).*", r"\1", name) for name in classes} <= numbers
    assert {name for name in classes if f"::{name}`" not in hazards()} == set()


# ----------------------------------------------------------------------------------------------------------- words


def test_what_the_documents_ask_to_be_explained_is() -> None:
    index = Explainer(Rulebook.default()).index
    asked = {name.strip('"') for path in PROSE for name in EXPLAINED.findall(path.read_text("utf-8"))}
    assert len(asked) > 3
    assert all(index.find(name) for name in asked - {"NAME"})


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.name))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_method_is_two_pages() -> None:
    assert len((DOCS / "method.md").read_text("utf-8").split()) <= 1300
