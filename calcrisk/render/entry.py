"""A page of ``calcrisk explain``: lines of styled words for a terminal, or Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcrisk.render import citations, words
from calcrisk.render.citations import Numbers
from calcrisk.render.layout import cells
from calcrisk.render.markdown import escaped, linked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calcrisk.entry import Entry, Other, Part, Statement
    from calcrisk.grounds import Citation, Reference
    from calcrisk.render.layout import Line, Page, Styled

    Marks = Callable[[Iterable[Citation]], str]

_INDENT = "  "
_LINES = 2  # so many lines of names are listed; the rest is counted
_NAMESAKES = 6  # so many others of one name are named


class _Shared(NamedTuple):
    """What every statement of a part has, sources or a mark: said once, behind its title."""

    cited: tuple[Citation, ...]
    mark: str | None

    def own(self, statement: Statement) -> tuple[Citation, ...]:
        return () if self.cited else statement.evidence

    def own_mark(self, statement: Statement) -> str | None:
        return None if self.mark else statement.mark


def _shared(part: Part) -> _Shared:
    if len(part.statements) == 1:
        return _Shared((), None)
    every = {tuple((each.id, each.at) for each in said.evidence): said.evidence for said in part.statements}
    marks = {said.mark for said in part.statements}
    return _Shared(next(iter(every.values())) if len(every) == 1 else (), marks.pop() if len(marks) == 1 else None)


# ---- a terminal ---------------------------------------------------------------------------------------------------


def lines(entry: Entry, page: Page) -> Iterator[Line]:
    """Lay the page out: title, parts, sources under the numbers they were cited by, and where else to look."""
    numbers = Numbers(entry.references)
    yield from page.paragraph([(page.show(title_of(entry)), "bold")])
    yield from page.paragraph([(page.literal(_subtitle(entry, page.glyphs.between)), "dim")])
    for part in entry.parts:
        shared = _shared(part)
        title = [(page.show(part.title), "bold"), *_behind(shared.mark, numbers.marks(shared.cited), page)]
        yield from page.paragraph(title)
        for statement in part.statements:
            text = _counted(statement.text, page.width, statement.name) if part.many else statement.text
            spans = [(f"{page.show(statement.name)}: ", "bold")] if statement.name else []
            behind = _behind(shared.own_mark(statement), numbers.marks(shared.own(statement)), page)
            first = (f"{_INDENT}{page.glyphs.bullet} ", "")
            yield from page.paragraph([*spans, (page.show(text), ""), *behind], first=first)
    yield from _sources(entry, page, numbers)
    yield from _elsewhere(entry, page)


def title_of(entry: Entry) -> str:
    """Write the title as one does; a name that is no title stays as it is typed."""
    return entry.title if entry.title == entry.name else entry.title[:1].upper() + entry.title[1:]


def _subtitle(entry: Entry, between: str) -> str:
    return f" {between} ".join(part for part in (f"{entry.kind} {entry.name}", entry.file) if part)


def _behind(mark: str | None, marks: str, page: Page) -> list[Styled]:
    """Give what stands behind a sentence or a title: that it is ours or unconfirmed, and its sources."""
    spans = [(f" ({page.show(mark)})", "italic")] if mark else []
    return [*spans, (f" {marks}", "dim")] if marks else spans


def _counted(text: str, width: int, name: str | None) -> str:
    """Keep as many names as two lines hold, and count the others."""
    names = text.split(", ")
    room = _LINES * (width - len(_INDENT) - len("• ")) - cells(name or "") - len(": and 000 more ")
    kept: list[str] = []
    while len(kept) < len(names) and cells(", ".join([*kept, names[len(kept)]])) <= room:
        kept.append(names[len(kept)])
    others = len(names) - len(kept)
    return f"{', '.join(kept)} and {others} more" if kept and others else text


def _sources(entry: Entry, page: Page, numbers: Numbers) -> Iterator[Line]:
    cited = numbers.cited()
    if not cited:
        return
    yield from page.paragraph([("Sources", "bold")])
    wide = len(f"{_INDENT}[{max(cited)}] ")
    for number, name in cited.items():
        first = (f"{_INDENT}[{number}] ".ljust(wide), "")
        yield from page.paragraph(_source(entry.references[name], name, page), first=first)


def _source(known: Reference, name: str, page: Page) -> list[Styled]:
    who, where = citations.short(known.citation)
    said = " ".join(part for part in (words.clause(who), where) if part)
    address = page.literal(citations.address(known))
    return [(page.show(f"{said} {known.strength}; {known.population}."), ""), (f" {address} ({name})", "dim")]


def _elsewhere(entry: Entry, page: Page) -> Iterator[Line]:
    for title, others in (("See also", entry.see), ("This name is also", entry.also)):
        if others:
            said = list(map(_asked, others[:_NAMESAKES]) if others is entry.also else map(_named, others))
            more = [f"{len(others) - len(said)} more"] if len(said) < len(others) else []
            text = "; ".join([*said, *more])
            yield from page.paragraph([(f"{title}: ", "bold"), (page.show(text), "")])


def _asked(other: Other) -> str:
    """Say how to ask for a namesake."""
    return f"{_article(other.kind)} (calcrisk explain {other.name if ':' in other.name else _quoted(other)})"


def _quoted(other: Other) -> str:
    return f"{other.kind}:{other.name}"


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _named(other: Other) -> str:
    return f"{other.name} ({other.kind})"


# ---- Markdown -----------------------------------------------------------------------------------------------------


def markdown(entry: Entry) -> str:
    """Write the page as a document of its own, its sources numbered beneath."""
    numbers = Numbers(entry.references)
    head = [f"# {escaped(title_of(entry))}", "", _code(entry), ""]
    body = body_of(entry, numbers.marks, level=2)
    references = [
        f"{number}. {escaped(entry.references[name].citation)} {linked(entry.references[name])} (`{name}`)"
        for number, name in numbers.cited().items()
    ]
    sources = ["", "## Sources", "", *references] if references else []
    see = [f"See also: {', '.join(f'`{other.name}`' for other in entry.see)}."] if entry.see else []
    also = [f"This name is also {'; '.join(map(_asked_in_code, entry.also))}."] if entry.also else []
    return "\n".join([*head, *body, *sources, *(line for text in (see, also) if text for line in ("", *text))]) + "\n"


def _asked_in_code(other: Other) -> str:
    return f"{_article(other.kind)} (`calcrisk explain {other.name if ':' in other.name else _quoted(other)}`)"


def body_of(entry: Entry, marks: Marks, level: int) -> list[str]:
    """Write the parts of a page; ``marks`` writes what a statement cites. Level 0 has no headings, and few lines."""
    found: list[str] = []
    for part in entry.parts:
        shared = _shared(part)
        items = [_item(each, shared.own_mark(each), marks(shared.own(each))) for each in part.statements]
        if not level and len(items) == 1:
            found += ["", f"**{part.title}:** {items[0]}"]
            continue
        title = f"{'#' * level} {part.title}" if level else f"**{part.title}**"
        found += ["", f"{title}{_marked(shared.mark, marks(shared.cited))}", ""]
        found += [f"- {item}" for item in items]
    return found[1:]


def _item(statement: Statement, mark: str | None, marks: str) -> str:
    name = f"{_name(statement.name)}: " if statement.name else ""
    return f"{name}{escaped(statement.text)}{_marked(mark, marks)}"


def _marked(mark: str | None, marks: str) -> str:
    return (f" *({escaped(mark)})*" if mark else "") + (f" {marks}" if marks else "")


def _name(name: str) -> str:
    return f"`{name}`" if "_" in name or "-" in name else escaped(name)


def _code(entry: Entry) -> str:
    return f"{entry.kind} `{entry.name}`" + (f", in `{entry.file}`" if entry.file else "")
