"""Coverage-guided fuzzing with atheris: ``make fuzz``, or ``python fuzz/harness.py yaml CORPUS -max_total_time=60``.

The first argument says what is fuzzed (yaml, json, ndjson, line, flags), the second names a folder that keeps what was
worth keeping; it is filled with the samples. Whatever follows is libFuzzer's. A finding is written to the folder
``found`` beside it: copy it to tests/fuzz_seeds, where a test replays it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import atheris

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "fuzz")]

with atheris.instrument_imports(include=["calcrisk", "oracle", "yaml"]):
    import mutations
    import oracle

    from calcrisk.variables import registry

_SEEDS: Final = ROOT / "tests" / "fuzz_seeds"
_LONGEST: Final = 20_000  # bytes of one input
_SLOWEST: Final = 20  # seconds until libFuzzer calls it a hang


def flags(content: bytes) -> None:
    """Take bytes apart into options: a number that chooses the input, then the words behind it, up to a line's end."""
    names = list(registry())
    values: dict[str, str | bool] = {}
    unknown: list[str] = []
    for line in content.split(b"\n")[:6]:
        text = line[1:].decode("utf-8", "surrogateescape").replace("\x00", "")
        name = names[line[0] % len(names)] if line else names[0]
        if text.startswith("?"):
            unknown.append(text[1:])
        elif registry()[name].kind == "yesno":
            values[name] = not text.startswith("n")
        else:
            values[name] = text
    oracle.check_flags(values, unknown)


TARGETS: Final = {
    "yaml": lambda content: oracle.check_file(content, "x.yaml"),
    "json": lambda content: oracle.check_file(content, "x.json"),
    "ndjson": oracle.check_lines,
    "line": oracle.check_line,
    "flags": flags,
}


def _fill(kind: str, corpus: Path) -> None:
    """Begin with the samples, with what broke once, and with some of their mutants."""
    corpus.mkdir(parents=True, exist_ok=True)
    if kind == "flags":
        begin = [b"%c9.9\n%c<6 pg/mL" % (at % 256, (at + 7) % 256) for at in range(0, 120, 5)]
    else:
        notation = "ndjson" if kind == "line" else kind
        begin = [*mutations.samples(notation), *(text for _, text in mutations.mutants(notation, 0, 200))]
        begin += [path.read_bytes() for path in sorted(_SEEDS.glob(f"*.{notation}"))]
    for at, content in enumerate(begin):
        (corpus / f"begin-{at:04}").write_bytes(content[:_LONGEST])


def _write_words(path: Path) -> None:
    """Write the words that mean something to us, as libFuzzer reads them."""
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in mutations.words())
    path.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")


def main() -> None:
    """Fuzz one target until time or a finding ends it."""
    kind, corpus = sys.argv[1], Path(sys.argv[2])
    _fill(kind, corpus)
    found = corpus.parent / "found"
    found.mkdir(exist_ok=True)
    dictionary = corpus.parent / "words.txt"
    _write_words(dictionary)
    options = [f"-dict={dictionary}", f"-artifact_prefix={found}/{kind}-", f"-max_len={_LONGEST}"]
    options += [f"-timeout={_SLOWEST}", "-rss_limit_mb=2000", "-print_final_stats=1", *sys.argv[3:]]
    atheris.Setup([sys.argv[0], str(corpus), *options], TARGETS[kind])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
