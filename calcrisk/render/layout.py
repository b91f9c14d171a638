"""A page of the terminal: styled words wrapped to its width, in characters its encoding can show.

Takes spans (text, style) and gives lines of spans. Styles are names of the terminal's own palette, never fixed colours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from calcrisk.render import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

Styled = tuple[str, str]
Line = list[Styled]

MEASURE = 100  # columns; longer lines of prose lose the eye
_NARROWEST = 20
_WIDEST = 2  # columns of a character at most: a word of fewer is not measured before it is placed
GLUE = "\N{NO-BREAK SPACE}"
_GLUED = re.compile(r"(?<=\d) (?=[^\W\d_]|[%×])|(?<=[≥≤<>=×±]) (?=\d)")  # a number and its unit stay on one line
_SIMPLER = str.maketrans(
    {"×": "x", "²": "2", "³": "3", "µ": "u", "μ": "u", "≥": ">=", "≤": "<=", "–": "-", "—": "-", "−": "-", "→": "->"}
    | {"…": "...", "‘": "'", "’": "'", "“": '"', "”": '"', "·": "-", GLUE: " "},
)


class Glyphs(NamedTuple):
    """The signs that are drawn, not written; one set fits every Unicode terminal, the other ASCII."""

    reached: str = "■"
    possible: str = "□"
    step: str = "·"
    bar: str = "━"
    track: str = "─"
    tick: str = "┼"
    tick_reached: str = "╋"
    beyond: str = "▶"
    edge: str = "┃"
    bullet: str = "•"
    arrow: str = "→"
    between: str = "·"


ASCII = Glyphs("#", "+", ".", "=", "-", "|", "#", ">", "!", "*", "->", "-")


def glyphs_for(encoding: str) -> Glyphs:
    """Choose the signs that an encoding can carry."""
    drawn = Glyphs()
    return drawn if _carries(encoding, "".join(drawn)) else ASCII


def _carries(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class Page(NamedTuple):
    """Where the explanation is written."""

    width: int
    encoding: str
    glyphs: Glyphs

    @classmethod
    def of(cls, width: int, encoding: str) -> Page:
        """Make a page no wider than the console and no wider than the eye likes."""
        return cls(max(_NARROWEST, min(width, MEASURE)), encoding, glyphs_for(encoding))

    def show(self, text: str) -> str:
        """Make a text of the rulebook or patient safe, literal and printable in this encoding."""
        return _GLUED.sub(GLUE, self.literal(words.pretty(text)))

    def literal(self, text: str) -> str:
        """Show exactly what was written, as far as the encoding can."""
        text = words.clean(text)
        if text.isascii() or self.encoding.startswith("utf"):
            return text
        return "".join(char if _carries(self.encoding, char) else self._simpler(char) for char in text)

    def _simpler(self, char: str) -> str:
        simple = char.translate(_SIMPLER)
        return simple if simple.isascii() else simple.encode("ascii", "backslashreplace").decode("ascii")

    def paragraph(
        self, spans: Iterable[Styled], first: Styled = ("", ""), rest: Styled | None = None
    ) -> Iterator[Line]:
        """Wrap words behind a prefix; from the second line on, behind ``rest`` (by default as many spaces)."""
        later = rest or (" " * cells(first[0]), "")
        width = max(_NARROWEST // 2, self.width - max(cells(first[0]), cells(later[0])))
        for position, line in enumerate(_wrapped(list(spans), width)):
            yield joined([later if position else first, *line])

    def beside(self, left: list[Line], right: list[Line], column: int) -> Iterator[Line]:
        """Set two blocks side by side, the second from ``column`` on."""
        for number in range(max(len(left), len(right))):
            start = left[number] if number < len(left) else []
            end = right[number] if number < len(right) else []
            yield joined([*start, (" " * (column - length(start)), ""), *end] if end else start)

    def narrower(self, width: int) -> Page:
        """Give the same page with fewer columns."""
        return Page(width, self.encoding, self.glyphs)


class Printed(NamedTuple):
    """A page that rich can print, as wide as the console it is printed on."""

    lines: Callable[[Page], Iterator[Line]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give styled text line by line; no text of a patient or rulebook is ever read as markup."""
        from rich.segment import Segment  # files and pipes that are laid out alike do without rich

        end = Segment.line()
        for line in self.lines(Page.of(options.max_width, options.encoding)):
            yield from (Segment(text, console.get_style(style) if style else None) for text, style in finished(line))
            yield end


def cells(text: str) -> int:
    """Count the columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def length(line: Iterable[Styled]) -> int:
    """Count the columns a line takes."""
    return sum([cells(text) for text, _ in line])


def padded(text: str, width: int) -> str:
    """Fill a text with spaces to ``width`` columns."""
    return text + " " * (width - cells(text))


def joined(spans: Iterable[Styled]) -> Line:
    """Merge neighbours of one style."""
    line: Line = []
    for text, style in spans:
        if line and line[-1][1] == style:
            line[-1] = (line[-1][0] + text, style)
        elif text:
            line.append((text, style))
    return line


def finished(line: Line) -> Line:
    """Undo the glue and drop trailing spaces: what is copied from the screen, or kept in a file, is plain."""
    kept = [(text.replace(GLUE, " "), style) for text, style in line]
    while kept and not kept[-1][0].rstrip():
        kept.pop()
    return [*kept[:-1], (kept[-1][0].rstrip(), kept[-1][1])] if kept else kept


def _wrapped(spans: list[Styled], width: int) -> Iterator[Line]:
    if len(spans) == 1 and (lines := _cut(spans[0][0], width)) is not None:  # most are one text of plain letters
        return ([(line, spans[0][1])] for line in lines)
    return _filled(_words(spans, width), width)


def _cut(text: str, width: int) -> list[str] | None:
    """Cut a text at spaces into lines; None where that takes more than counting letters."""
    if "  " in text or text[:1] == " " or text[-1:] == " " or not _is_single(text):
        return None
    lines, begin = [], 0
    while len(text) - begin > width:
        end = text.rfind(" ", begin, begin + width + 1)
        if end < 0:
            return None
        lines.append(text[begin:end])
        begin = end + 1
    return [*lines, text[begin:]] if text else []


def _is_single(text: str) -> bool:
    """Tell whether every letter takes one column: a sum could be right by letters of two and of none."""
    return text.isascii() or all(letter.isascii() or cells(letter) == 1 for letter in set(text))


def _words(spans: Iterable[Styled], width: int) -> Iterator[Line]:
    """Cut spans at spaces; what touches without a space stays one word, unless it is longer than a line."""
    word: Line = []
    for text, style in spans:
        for position, piece in enumerate(text.split(" ")):
            if position and word:
                yield word
                word = []
            *whole, last = words.broken(piece, width, cells) if len(piece) * _WIDEST > width else (piece,)
            if whole or (word and last and length(word) + cells(last) > width):
                yield from ([part] for part in [*word, *((part, style) for part in whole)])
                word = []
            if last:
                word.append((last, style))
    if word:
        yield word


def _filled(pieces: Iterable[Line], width: int) -> Iterator[Line]:
    line: Line = []
    used = 0
    for piece in pieces:
        size = length(piece)
        if line and used + 1 + size > width:
            yield line
            line, used = [], 0
        if line:
            line.append((" ", piece[0][1] if piece[0][1] == line[-1][1] else ""))
            used += 1
        line.extend(piece)
        used += size
    if line:
        yield line
