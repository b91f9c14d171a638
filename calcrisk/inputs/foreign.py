"""Files of another kind than was meant, known by their first bytes, and tables that are taken for patient documents."""

from __future__ import annotations

from typing import Final

from calcrisk.errors import Fault

TABLES: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")  # how names of files end that hold tables
BETWEEN: Final = (",", ";", "\t", "|")  # what may stand between the cells of a table
_LOOKED_AT: Final = 4_096  # bytes that tell what a file is
_BEGINNING: Final = 64  # bytes of a text in none of which there is a zero
_SHEET: Final = "save its sheet as CSV (UTF-8), and give that"
_ARCHIVE: Final = b"PK\x03\x04"
_KINDS: Final = (
    (b"\x1f\x8b", "a packed file (gzip)", f"unpack it; of a table, let the name end in {TABLES[1]}"),
    (b"%PDF", "a PDF", "write its values into a document (`calcrisk template` shows the form)"),
    (b"PAR1", "a Parquet table", "let its name end in .parquet"),
    (b"\xd0\xcf\x11\xe0", "a workbook (Excel)", _SHEET),
)
_ENCODINGS: Final = (  # the longer marks first: one begins as the other does
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MARKS: Final = (_ARCHIVE, *(mark for mark, *_ in (*_KINDS, *_ENCODINGS)))


def foreign(content: bytes, file: str) -> Fault | None:
    """Say what a file is that is no text in UTF-8; None for what may be one."""
    if not content.startswith(_MARKS) and b"\0" not in content[:_BEGINNING]:
        return None
    if content.startswith(_ARCHIVE):
        return _archive(content[:_LOOKED_AT], file)
    for mark, kind, hint in _KINDS:
        if content.startswith(mark):
            return _no_text(kind, hint, file)
    found = next((name for mark, name in _ENCODINGS if content.startswith(mark)), None)
    if found or _is_wide(content[:_BEGINNING]):
        message = f"this is {found or 'UTF-16'}, not UTF-8"
        return Fault(
            code="not-utf8",
            message=message,
            file=file,
            expected="UTF-8",
            got=found or "UTF-16",
            hint="save it as UTF-8",
        )
    return None


def _archive(beginning: bytes, file: str) -> Fault:
    if b"xl/" in beginning or file.lower().endswith((".xlsx", ".xlsm")):
        return _no_text("a workbook (Excel)", _SHEET, file)
    if b"[Content_Types].xml" in beginning or b"mimetype" in beginning:
        return _no_text("a document of an office program", "save its table as CSV (UTF-8), and give that", file)
    return _no_text("an archive (zip)", "unpack it, and give the files in it", file)


def _no_text(kind: str, hint: str, file: str) -> Fault:
    return Fault(
        code="not-text", message=f"this is {kind}, and no text", file=file, expected="text", got=kind, hint=hint
    )


def _is_wide(beginning: bytes) -> bool:
    """Tell UTF-16 without its mark: every other byte of what most people write is zero, and no other is."""
    even, odd = beginning[::2], beginning[1::2]
    return any(zeros.count(0) == len(zeros) > 1 and not others.count(0) for zeros, others in ((even, odd), (odd, even)))


def looks_like_a_table(text: str) -> bool:
    """Tell whether the first two lines of a text are cells, as many in each, and no names with values."""
    first, second, *_ = [*text.lstrip("\ufeff").split("\n", 2), "", ""]
    if not second.strip() or any(sign in first for sign in "{:"):
        return False
    return any(first.count(sign) and first.count(sign) == second.count(sign) for sign in BETWEEN)


def as_a_table(fault: Fault) -> Fault:
    """Let a fault of what looks like a table say how one is read."""
    hint = f"is this a table? One is read from a file that ends in {', '.join(TABLES)}: calcrisk batch FILE"
    return fault._replace(hint=hint)
