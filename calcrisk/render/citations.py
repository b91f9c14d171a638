"""Numbers for references, given in the order in which a reader meets them, and their short form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcrisk.grounds import Citation, Reference

_SENTENCE = re.compile(r"(?<=[.?!]) ")
_AUTHOR = re.compile(r"[^.?!]* et al\b|[\w'’-]+(?: [\w'’-]+)? [A-Z]{1,4}\.")
_YEAR = re.compile(r"\b\d{4}\.$")
_TWO = 2  # sentences: a title and a journal
_VOLUME = re.compile(r" \d+(?:\([^)]*\))?:[\w.-]+(?=,)")


class Numbers:
    """Numbers each source when it is first cited; two entries of the same citation and address share one number."""

    def __init__(self, references: Mapping[str, Reference]) -> None:
        self._references = references
        self._numbers: dict[tuple[str, str], int] = {}
        self._first: dict[int, str] = {}

    def of(self, name: str) -> int:
        """Give the number of a reference id, a new one when it was not cited before."""
        known = self._references.get(name)
        source = (known.citation, known.url or known.doi or "") if known else (name, "")
        number = self._numbers.setdefault(source, len(self._numbers) + 1)
        self._first.setdefault(number, name)
        return number

    def marks(self, cited: Iterable[Citation]) -> str:
        """Give the bracketed numbers: ``[1, 3]``; nothing without a citation."""
        found = sorted({self.of(citation.id) for citation in cited})
        return f"[{', '.join(map(str, found))}]" if found else ""

    def cited(self) -> dict[int, str]:
        """List the numbers given so far, each with its reference id."""
        return dict(self._first)


def link(reference: Reference) -> str:
    """Give the address of a source: its DOI, else its page, else nothing."""
    return f"https://doi.org/{reference.doi}" if reference.doi else reference.url or ""


def address(reference: Reference) -> str:
    """Give the same in few columns: ``doi:10.1038/…``, or the page without its scheme."""
    return f"doi:{reference.doi}" if reference.doi else (reference.url or "").partition("://")[2]


def short(citation: str) -> tuple[str, str]:
    """Give who said it (or, where no author is named, the title) and where: ``Gui X et al.``, ``Chin Med J, 2014.``."""
    first, *rest = _SENTENCE.split(citation)
    return first, _VOLUME.sub("", rest[-1]) if rest else ""


def is_found_without_title(citation: str) -> bool:
    """Tell whether journal, year and address are enough: no author is named, and the title alone stands before them."""
    return bool(_YEAR.search(citation) and not _AUTHOR.match(citation) and len(_SENTENCE.split(citation)) == _TWO)
