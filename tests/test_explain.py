"""``calcrisk explain``: names as people type them, pages that hold what they promise, sentences that have a source."""

from __future__ import annotations

import io
import json
import re
import statistics
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import Ended, run
from rich.console import Console
from small_rulebook import FOLDER as SMALL
from small_rulebook import book as small_book
from test_architecture import command, modules_after

from calcrisk import Rulebook
from calcrisk.entry import Other
from calcrisk.errors import UsageError
from calcrisk.explaining import Explainer
from calcrisk.explaining.naming import SECTIONS, Named, folded
from calcrisk.render.entry import lines, markdown
from calcrisk.render.layout import Page, finished
from calcrisk.render.terminal_entry import print_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcrisk.entry import Entry, Statement

DONE, WRONG_USAGE = 0, 2
SCREEN = 40  # lines of a terminal


@cache
def explainer(profile: str | None = None) -> Explainer:
    return Explainer(Rulebook.default(profile))


def every() -> list[Named]:
    return list(explainer().index.names)


def page(named: Named) -> Entry:
    return explainer()._page(named, ())


def length(entry: Entry, width: int = 80) -> int:
    return len(list(lines(entry, Page.of(width, "utf-8"))))


# ------------------------------------------------------------------------------------------------- what is meant

MEANT = [
    ("fetuin-a", "term", "fetuin-a"),
    ("Fetuin A", "term", "fetuin-a"),
    ("FETUIN_A", "term", "fetuin-a"),
    ("AHSG", "term", "fetuin-a"),
    ("ca_p_product", "term", "ca-p-product"),
    ("Ca×P", "term", "ca-p-product"),
    ("calcium-phosphorus product", "term", "ca-p-product"),
    ("warfarin", "term", "warfarin"),
    ("vitamin K antagonists", "term", "warfarin"),
    ("dystrophic", "term", "dystrophic"),
    ("metastatic calcification", "term", "metastatic"),
    ("calciprotein particle", "term", "calciprotein-particle"),
    ("calciprotein particles", "term", "calciprotein-particle"),
    ("Runx2", "term", "runx2"),
    ("Cbfa1", "term", "runx2"),
    ("matrix vesicle", "term", "matrix-vesicle"),
    ("nucleation", "term", "nucleation"),
    ("solubility product", "term", "solubility-product"),
    ("Ksp", "term", "solubility-product"),
    ("tnap", "term", "tnap"),
    ("pyrophosphate", "term", "pyrophosphate"),
    ("mgp", "term", "mgp"),
    ("Mönckeberg", "term", "medial-calcification"),
    ("hyperphosphatemia", "term", "phosphate"),
    ("ionized calcium", "input", "ionised_calcium"),
    ("parathyroid hormone (intact)", "input", "pth"),
    ("mineral load", "mechanism", "mineral_load"),
    ("heritable", "class", "heritable"),
    ("severe", "level", "severe"),
    ("very high", "tier", "very_high"),
    ("cari", "profile", "cari"),
    ("ca_p_limit_adult", "parameter", "ca_p_limit_adult"),
    ("product_at_limit", "fact", "product_at_limit"),
    ("metastatic-by-load", "row", "metastatic-by-load"),
    ("products-disagree", "warning", "products-disagree"),
    ("pattern:calciphylaxis", "pattern", "calciphylaxis"),
    ("lever:vitamin-k", "lever", "vitamin-k"),
    ("latency-infarct", "latency", "latency-infarct"),
    ("input:warfarin", "input", "warfarin"),
    ("question:metastatic", "question", "metastatic"),
    ("Class: metastatic", "class", "metastatic"),
    ("cap-55-kdoqi-2003", "evidence", "cap-55-kdoqi-2003"),
    ("G3a", "input", "ckd_stage"),
    ("tram-track", "input", "pattern_tram_track"),
    ("ca-p-product-at-70-ckd", "rule", "ca-p-product-at-70-ckd"),
]


@pytest.mark.parametrize(("typed", "kind", "name"), MEANT)
def test_a_name_is_found_as_people_type_it(typed: str, kind: str, name: str) -> None:
    found = explainer().explain(typed)
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_kind_of_thing_has_a_page(kind: str) -> None:
    assert any(kind == meant for _, meant, _ in MEANT) or kind == "question"
    assert any(named.kind == kind for named in every())


@pytest.mark.parametrize("entry", explainer().whole.data["history"], ids=lambda entry: str(entry["input"]))
def test_what_dated_panels_fill_is_told_with_its_numbers(entry: dict[str, Any]) -> None:
    parts = {each.title: each for each in explainer().explain(entry["input"]).parts}
    said = parts["From dated panels, unless stated by hand"].statements
    assert {each.name for each in said if each.value is not None} == set(entry["uses"])
    assert (entry["why"] is None) or any(each.text == entry["why"] for each in said)
    assert "From dated panels, unless stated by hand" not in {
        each.title for each in explainer().explain("calcium").parts
    }


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("fetuinn", "fetuin-a"), ("warfrin", "warfarin"), ("pyrofosphate", "pyrophosphate"), ("vesicle", "vesicle")],
)
def test_an_unknown_name_gets_the_nearest(typed: str, offered: str) -> None:
    with pytest.raises(UsageError) as refused:
        explainer().explain(typed)
    (fault,) = refused.value.faults
    assert fault.code == "unknown-name"
    assert offered in str(fault.hint)


@pytest.mark.parametrize(
    "typed", ["", "   ", ":", "rule:", "×", "nothing whatever of this subject", "x" * 500, "rule:warfarin"]
)
def test_what_is_near_to_nothing_says_where_to_look(typed: str) -> None:
    with pytest.raises(UsageError) as refused:
        explainer().explain(typed)
    assert refused.value.faults[0].hint


def test_namesakes_are_named_and_can_be_asked_for() -> None:
    first = explainer().explain("metastatic")
    assert {other.kind for other in first.also} == {"class", "question"}
    for other in first.also:
        again = explainer().explain(f"{other.kind}:{other.name}")
        assert (again.kind, again.name) == (other.kind, other.name)


def test_of_many_namesakes_some_are_named_on_the_screen_and_all_in_json() -> None:
    one = explainer().explain("limit")
    entry = one._replace(also=tuple(Other("parameter", f"rule-{at}:limit", "limit") for at in range(9)))
    shown = " ".join(printed(entry).split())
    assert shown.endswith(f"{len(entry.also) - 6} more")
    assert len(entry.as_json()["also"]) == len(entry.also)


@pytest.mark.parametrize("word", ["Fetuin-A", "fetuin a", "FETUIN_A", " fetuin  a "])
def test_spellings_fold_to_one(word: str) -> None:
    assert folded(word) == folded("fetuin_a")


@pytest.mark.parametrize(
    ("british", "american"),
    [("haemodialysis", "hemodialysis"), ("tumour", "tumor"), ("ionised", "ionized"), ("oedema", "edema")],
)
def test_british_and_american_are_one(british: str, american: str) -> None:
    assert folded(british) == folded(american)


def test_different_names_do_not_fold_to_one() -> None:
    """Within a kind, folding loses nothing that tells two things apart."""
    seen: dict[tuple[str, str], str] = {}
    for named in every():
        if not named.owner:
            assert seen.setdefault((named.kind, folded(named.name)), named.name) == named.name


# ------------------------------------------------------------------------------------------------ what a page holds


@pytest.mark.volume
@pytest.mark.once
@pytest.mark.parametrize("section", sorted({named.section for named in every()}))
def test_every_page_can_be_written_in_every_way(section: str) -> None:
    for named in every():
        if named.section == section:
            entry = page(named)
            assert entry.parts, named
            shown = "\n".join(
                "".join(text for text, _ in finished(line)) for line in lines(entry, Page.of(80, "ascii"))
            )
            assert shown.isascii(), named
            assert markdown(entry).startswith("# ")
            document = json.loads(json.dumps(entry.as_json()))
            cited = {
                each["id"] for part in document["parts"] for said in part["statements"] for each in said["evidence"]
            }
            assert cited == set(document["references"])


SAID = {
    "What it says",
    "Limits",
    "For whom",
    "Contested",
    "Numbers",
    "Basis",
    "What it is",
    "Why it matters",
    "Rests on",
}


def unfounded(entry: Entry) -> Iterator[Statement]:
    """The sentences that claim something, and neither name an item nor are marked as ours."""
    for part in entry.parts:
        claims = part.title in SAID and entry.kind not in {"evidence", "profile"}
        yield from (said for said in part.statements if claims and not said.evidence and not said.mark)


@pytest.mark.volume
def test_no_sentence_stands_without_its_item_or_a_mark() -> None:
    found = {(named.kind, named.name): [said.text for said in unfounded(page(named))] for named in every()}
    assert {key: texts for key, texts in found.items() if texts} == {}


def test_an_unfounded_sentence_is_found() -> None:
    entry = explainer().explain("rule:ca-p-product-at-70-ckd")
    parts = tuple(part._replace(statements=(part.statements[0]._replace(evidence=()),)) for part in entry.parts)
    assert list(unfounded(entry._replace(parts=parts)))


def test_a_number_is_given_with_its_unit_and_its_source() -> None:
    (value,) = (part for part in explainer().explain("ca_p_limit_adult").parts if part.title == "Value")
    (said,) = value.statements
    spec = Rulebook.default().data["parameters"]["ca_p_limit_adult"]
    assert (said.value, said.unit) == (spec["value"], spec["unit"])
    assert [(each.id, each.at) for each in said.evidence] == [(each["source"], each["at"]) for each in spec["where"]]


def test_the_profile_in_use_gives_the_numbers() -> None:
    usual, other = (explainer(profile).explain("product_at_limit") for profile in (None, "cari"))
    assert usual.as_json() != other.as_json()
    shown = "\n".join(said.text for part in other.parts for said in part.statements)
    assert "4 mmol²/L²" in shown  # as the source prints what was converted


@pytest.mark.volume
def test_most_pages_fit_a_screen() -> None:
    terms = [length(page(named)) for named in every() if named.kind == "term"]
    assert statistics.median(terms) <= SCREEN * 3 / 4
    assert sum(size > SCREEN for size in terms) <= len(terms) / 5
    assert statistics.median(length(page(named)) for named in every()) <= SCREEN


def test_what_reads_a_name_is_followed_through_facts_and_implied_inputs() -> None:
    read = {part.title: part for part in explainer().explain("input:warfarin").parts}["Read by"]
    rules = next(said.text for said in read.statements if said.name == "Rules")
    data = Rulebook.default().data
    assert "warfarin" not in " ".join(rule["when"] for rule in data["rules"])
    reading = [rule["id"] for rule in data["rules"] if "vitamin_k_antagonist" in rule["when"]]
    assert reading
    assert set(reading) <= set(rules.split(", "))


# ------------------------------------------------------------------------------------------------------------ terms

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def terms() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = explainer().whole.data["terms"]
    return found


def statements(term: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("what", "matters", "numbers", "contested"):
        yield from term[key]


def invented(statement: dict[str, Any]) -> set[float]:
    """The numbers of a sentence that none of its sources holds."""
    references = explainer().whole.data["references"]
    sources = json.dumps([references[each["source"]] for each in statement["where"]])
    known = {float(number) for number in NUMBER.findall(sources.replace("-", " "))}
    return {float(number) for number in NUMBER.findall(statement["say"].replace("-", " "))} - known


@pytest.mark.parametrize("term", terms(), ids=lambda term: str(term["id"]))
def test_a_term_says_no_number_that_its_sources_do_not(term: dict[str, Any]) -> None:
    assert {said["say"]: invented(said) for said in statements(term) if said["where"] and invented(said)} == {}
    for said in statements(term):
        assert said["where"] or not NUMBER.search(said["say"]), "an unconfirmed sentence gives no number"


def test_a_number_of_nobody_is_found() -> None:
    where = [{"source": "cap-55-kdoqi-2003", "at": "claim"}]
    assert invented({"say": "Below 56 mg²/dL².", "where": where}) == {56.0}
    assert invented({"say": "Below 55 mg²/dL².", "where": where}) == set()


def test_terms_lead_on_to_what_there_is() -> None:
    for term in terms():
        assert len(explainer().explain(f"term:{term['id']}").see) == len(term["see"]), term["id"]


def test_no_two_terms_answer_to_one_name() -> None:
    owner: dict[str, str] = {}
    for term in terms():
        for name in (term["id"], *term["aliases"]):
            assert owner.setdefault(folded(name), term["id"]) == term["id"], name


def test_what_nobody_confirmed_is_marked_as_that() -> None:
    shown = run("explain", "nucleation", cwd=Path.cwd()).out
    assert "(unconfirmed: the founding text)" in " ".join(shown.split())


def test_terms_take_no_part_in_an_answer(tmp_path: Path) -> None:
    term = "terms:\n  - {id: word, title: Word, what: [{say: A word., unconfirmed: a test}]}\n"
    for name, text in (_files(SMALL) | {"terms.yaml": term}).items():
        (tmp_path / name).write_text(text, "utf-8")
    book = Rulebook.from_folder(tmp_path)
    assert book.sha256 == small_book().sha256
    assert Explainer(book).explain("word").file == "terms.yaml"
    loaded = modules_after(command("assess", "--calcium", "9.9"))
    assert not {name for name in loaded if name.startswith("calcrisk.explaining")}


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")}


# ------------------------------------------------------------------------------------------------- as it is printed


def printed(entry: Entry, width: int = 80) -> str:
    text = io.StringIO()
    print_to(Console(file=text, width=width, color_system=None, _environ={}), entry)
    return text.getvalue()


def test_a_term_is_printed_as_agreed(gold: Callable[[str, str], None]) -> None:
    gold("explain/runx2-80.txt", printed(explainer().explain("runx2")))
    gold("explain/runx2.md", markdown(explainer().explain("runx2")))


def test_the_entries_of_a_small_rulebook_are_printed_as_agreed(gold: Callable[[str, str], None]) -> None:
    small = Explainer(small_book())
    whole = [printed(small._page(named, ())) for named in small.index.names]
    gold("explain/small-80.txt", "\n".join(whole))


# ------------------------------------------------------------------------------------------------- the command line


def explained(*arguments: str, cwd: Path) -> Ended:
    ended = run("explain", *arguments, cwd=cwd)
    assert (ended.code, ended.err) == (DONE, "")
    return ended


def test_the_formats_of_a_page(tmp_path: Path) -> None:
    shown = explained("fetuin-a", cwd=tmp_path).out
    assert "\x1b" not in shown
    assert shown.splitlines()[0] == "Fetuin-A"
    document = json.loads(explained("fetuin-a", "--json", cwd=tmp_path).out)
    assert (document["format"], document["kind"], document["name"]) == (1, "term", "fetuin-a")
    noted = explained("fetuin-a", "--format", "markdown", cwd=tmp_path).out
    assert noted.startswith("# Fetuin-A\n")
    for name, text in (("page.json", None), ("page.md", noted), ("page.txt", shown)):
        assert explained("fetuin-a", "-o", name, cwd=tmp_path).out == ""
        written = (tmp_path / name).read_text("utf-8")
        assert written == text if text else json.loads(written) == document


def test_another_rulebook_and_another_profile(tmp_path: Path) -> None:
    here = small_book().data["rules"][0]
    assert here["title"] in explained(here["id"], "--rulebook", str(SMALL), cwd=tmp_path).out
    usual, other = (explained("product_at_limit", *how, cwd=tmp_path).out for how in ((), ("--profile", "cari")))
    assert usual != other


def test_a_mistyped_name_is_wrong_usage(tmp_path: Path) -> None:
    ended = run("explain", "fetuinn", cwd=tmp_path)
    assert (ended.code, ended.out) == (WRONG_USAGE, "")
    assert "(unknown-name)" in ended.err
    assert "did you mean 'fetuin-a'" in ended.err


def test_a_shell_is_offered_names(tmp_path: Path) -> None:
    asked = {"_CALCRISK_COMPLETE": "complete_bash", "COMP_WORDS": "calcrisk explain fetu", "COMP_CWORD": "2"}
    assert {"fetuin-a", "fetuin_a"} <= set(run(cwd=tmp_path, **asked).out.split())
