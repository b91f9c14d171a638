"""Rulebook files as plain data, with the file and line of every entry, so that a fault is shown where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import yaml

from calcrisk.errors import Fault, RulebookError
from calcrisk.rules.entries import entry_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Route = tuple[str | int, ...]


class Mark(NamedTuple):
    """Where something stands: its file and line from 1, its columns from 0 (a key's, or a value's first line)."""

    file: str
    line: int
    start: int
    end: int


# sections whose entries stand in a file of their name (a folder of that name holds several such files, at any depth)
LISTED: Final = (
    *("variables", "facts", "rules", "consider", "levers", "modifiable"),
    *("warnings", "terms", "kinetics", "history", "variation", "allowed"),
)
MAPPED: Final = ("parameters", "references", "profiles", "tiers")


class Source:
    """The merged data of a rulebook folder, and where each entry was written."""

    def __init__(self, folder: Path, called: str = "") -> None:
        """Read every file; raises ``RulebookError`` for what is not YAML, not UTF-8, or not there.

        ``called`` stands before the name of each file, where files of two rulebooks are spoken of.
        """
        self.folder, self.called = folder, called
        self.marks: dict[Route, Mark] = {}
        self.texts: dict[str, str] = {}
        self.data: dict[str, Any] = {}
        if not (folder / "rulebook.yaml").is_file():
            message = "a rulebook is a folder with a rulebook.yaml in it"
            raise RulebookError([Fault(code="no-rulebook", message=message, file=str(folder), path="rulebook.yaml")])
        self._merge()

    def place(self, route: Route) -> Mark | None:
        """Return where an entry stands, or the nearest one above it."""
        while route:
            if route in self.marks:
                return self.marks[route]
            route = route[:-1]
        return None

    def line(self, file: str, line: int) -> str:
        """Return a line of a file as it is written, counted from 1."""
        return self.texts[file].splitlines()[line - 1]

    def name(self, file: Path) -> str:
        """Return a file's name within the folder."""
        return self.called + file.relative_to(self.folder).as_posix()

    def _merge(self) -> None:
        head = self._read(self.folder / "rulebook.yaml")
        head["tier_names"] = head.pop("tiers", [])
        self.data |= head
        for section in LISTED:
            self.data[section] = self._whole_list(section)
        for section in MAPPED:
            self.data[section] = {}
            self._add_mapped(section)
        self.data["implied"] = self._part(self.folder / "facts.yaml", "implied", list)
        self.data |= self._read(self.folder / "classification.yaml")

    def _whole_list(self, section: str) -> list[Any]:
        return [entry for file in self._files(section) for entry in self._listed(file, section)]

    def _add_mapped(self, section: str) -> None:
        for file in self._files(section):
            entries = self._part(file, section, dict)
            for name in self.data[section].keys() & entries.keys():
                self._stands_twice(section, name)
            self.data[section] |= entries

    def _stands_twice(self, section: str, name: str) -> None:
        at = self.place((section, name))
        message = f"{name!r} stands in another file already"
        file, line = (at.file, at.line) if at else (None, None)
        raise RulebookError([Fault(code="bad-yaml", message=message, file=file, line=line, path=section)])

    def _listed(self, file: Path, section: str) -> list[Any]:
        # Entries of several files share one list, so their routes start where the files before them ended.
        start = sum(1 for route in self.marks if len(route) == 2 and route[0] == section)  # noqa: PLR2004  # (section, index)
        entries = self._part(file, section, list, start)
        relative = self.name(file)
        return [
            entry | {"file": relative} if section == "rules" and isinstance(entry, dict) else entry for entry in entries
        ]

    def _part(self, file: Path, key: str, kind: type[Any], start: int = 0) -> Any:  # noqa: ANN401  # of that kind
        """Return what stands under a key of a file; an empty one of its kind when nothing does."""
        part = self._read(file, start).get(key)
        if part is None or isinstance(part, kind):
            return part or kind()
        message = f"a {'list' if kind is list else 'mapping'} belongs here"
        name = self.name(file)
        raise RulebookError([Fault(code="bad-yaml", message=message, file=name, path=key)])

    def _files(self, section: str) -> Iterator[Path]:
        single, folder = self.folder / f"{section}.yaml", self.folder / section
        if single.is_file():
            yield single
        yield from sorted(folder.rglob("*.yaml")) if folder.is_dir() else ()

    def _read(self, file: Path, start: int = 0) -> dict[str, Any]:
        relative = self.name(file)
        try:
            text = file.read_text(encoding="utf-8-sig")
            node, data = _loaded(text)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else None
            message = str(getattr(error, "problem", None) or getattr(error, "strerror", None) or error)
            raise RulebookError([Fault(code="bad-yaml", message=message, file=relative, line=line)]) from None
        if not isinstance(data, dict):
            message = "expected a mapping at the top of the file"
            raise RulebookError([Fault(code="bad-yaml", message=message, file=relative)])
        self.texts[relative] = text
        self._mark(cast("yaml.Node", node), (), relative, start)
        return data

    def _mark(self, node: yaml.Node, route: Route, file: str, start: int) -> None:
        self.marks.setdefault(route, _mark(file, node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.marks[(*route, key.value)] = _mark(file, key)
                self._mark(value, (*route, key.value), file, start)
        elif isinstance(node, yaml.SequenceNode):
            offset = start if len(route) == 1 else 0
            for at, value in enumerate(node.value):
                self._mark(value, (*route, at + offset), file, start)


def files_of(place: Callable[[Route], Mark | None], data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the file of every entry that has a name, by section; ``place`` tells where an entry stands."""
    found: dict[str, dict[str, str]] = {}
    for section, entries in data.items():
        if isinstance(entries, list | dict):
            pairs = enumerate(entries) if isinstance(entries, list) else ((name, name) for name in entries)
            marked = ((entry_name(entry) or key, place((section, key))) for key, entry in pairs)
            found[section] = {name: mark.file for name, mark in marked if mark and isinstance(name, str)}
    return {section: files for section, files in found.items() if files}


def _mark(file: str, node: yaml.Node) -> Mark:
    start, end = node.start_mark, node.end_mark
    single = end.line == start.line and end.column > start.column
    return Mark(file, start.line + 1, start.column, end.column if single else start.column + 1)


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    """Read a document once, for what it says and for where it says it."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader where there is one
    """Safe, and refuses a key written twice."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:  # noqa: ANN401  # PyYAML types its loaders loosely
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            problem = f"the key {key.value!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        seen.add(key.value)
    pairs: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return pairs


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
