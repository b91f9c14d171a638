"""The everyday path of many patients: what is plainly right is read in one go, with no place but its line.

Whatever is not (a fault, a name stated twice, an anchor, anything unusual) makes it give up, and the exact readers are
asked, which alone know what is wrong and where. So nothing is looser here: what this path returns, they would return.
"""

from __future__ import annotations

import json
import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from calcrisk.inputs.fold import ASKED, NOTE, SEEN, misplaced
from calcrisk.inputs.nodes import NULLS
from calcrisk.inputs.placing import DATES, Document, iso_date
from calcrisk.stated import NOWHERE, UNKNOWN, Written
from calcrisk.variables import Registry, plain, registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcrisk.variables import Variable

_LONGEST = 5_000  # characters of an everyday text, and
_DEEPEST = 200  # signs that may each begin a level: the C composer recurses without looking at its stack
_LEVELS = "[{-?"
_UNUSUAL = "&*!"  # anchors, aliases and tags, or what looks like one
_BLOCK = re.compile(r"\s[>|][-+]?[1-9]")  # a bound without quotes, which YAML takes for a text over several lines

Tree: TypeAlias = dict[str, Any]  # of Written, and of (origin, Tree) and (origin, list of Trees)


class _GiveUp(Exception):  # noqa: N818  # nothing is wrong yet: the exact reader is to look
    pass


def everyday_line(text: str, source: str, origin: str, index: int) -> Document | None:
    """Read one line of JSON; None when the exact reader must."""
    if "\\u" in text or "\n" in text[:-1]:  # half a character may hide in one, and a line of its own in the other
        return None
    try:
        members = _DECODER.decode(text)
        return _placed(_members(members, origin), source, index) if members.__class__ is dict else None
    except (_GiveUp, ValueError, RecursionError):
        return None


def everyday_yaml(text: str, source: str, before: int) -> Document | None:
    """Read one YAML document that stands behind so many lines; None when the exact reader must."""
    if len(text) > _LONGEST or sum(map(text.count, _LEVELS)) > _DEEPEST or any(sign in text for sign in _UNUSUAL):
        return None
    if (">" in text or "|" in text) and _BLOCK.search(text):
        return None
    composer = _composer()
    if composer is None:
        return None
    try:
        node = composer.compose(text)
        if node is None or node.id != "mapping":
            return None
        return _placed(composer.tree(node, source, before + 1), source, 0)
    except (_GiveUp, composer.error, UnicodeEncodeError):
        return None


# JSON: the standard library's scanner


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _GiveUp
    return members


def _refuse(_word: str) -> None:
    raise _GiveUp


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=_refuse)


def _members(members: dict[str, Any], origin: str) -> Tree:
    tree: Tree = {}
    for key, value in members.items():
        kind = value.__class__
        if kind is str or value is None:
            tree[key] = tuple.__new__(Written, (value, origin, NOWHERE))
        elif kind is bool:
            tree[key] = tuple.__new__(Written, ("true" if value else "false", origin, NOWHERE))
        elif kind is dict:
            tree[key] = origin, _members(value, origin)
        else:
            tree[key] = origin, [_members(entry, origin) if entry.__class__ is dict else None for entry in value]
    return tree


# YAML: the nodes of the C parser


class _Composer(NamedTuple):
    """What composes a text to nodes, the class of a scalar, and how it fails."""

    compose: Callable[[str], Any]
    scalar: type[Any]
    error: type[Exception]

    def tree(self, node: Any, source: str, first: int) -> Tree:  # noqa: ANN401  # a node of the C module
        """Return what a mapping holds; ``first`` is the number of the text's first line."""
        tree: Tree = {}
        scalar = self.scalar
        for key, value in node.value:
            if key.__class__ is not scalar:
                raise _GiveUp
            origin = f"{source}:{value.start_mark.line + first}"
            if value.__class__ is scalar:
                text = value.value
                raw = None if text in NULLS and not value.style else text
                tree[key.value] = tuple.__new__(Written, (raw, origin, NOWHERE))
            elif value.id == "mapping":
                tree[key.value] = origin, self.tree(value, source, first)
            else:
                entries = [self.tree(entry, source, first) if entry.id == "mapping" else None for entry in value.value]
                tree[key.value] = origin, entries
        if len(tree) != len(node.value):
            raise _GiveUp
        return tree


@lru_cache(maxsize=1)
def _composer() -> _Composer | None:
    """Return the composer of the C parser; None where there is none."""
    import yaml  # what is JSON does not pay for it

    if not yaml.__with_libyaml__:
        return None
    from yaml._yaml import CParser

    class Composer(CParser):
        """The parser alone: scalars stay text, so no tag is looked for.

        What it calls for every node is written in C, whatever it answers: in Python that would take most of the time.
        """

        resolve = staticmethod(slice)
        descend_resolver = staticmethod(operator.is_)
        ascend_resolver = staticmethod(bool)

    def compose(text: str) -> Any:  # noqa: ANN401  # a node of the C module
        parser = Composer(text)
        try:
            return parser.get_single_node()
        finally:
            parser.dispose()

    return _Composer(compose, yaml.ScalarNode, yaml.YAMLError)


# From either to a document


@lru_cache(maxsize=1)
def _groups() -> tuple[Registry, frozenset[str]]:
    variables = registry()
    return variables, frozenset(group.name for group in variables.groups if group.name)


def _placed(tree: Tree, source: str, index: int) -> Document:
    variables, groups = _groups()
    document = Document(source, index=index)
    fields, places = document.fields, variables.places
    lists: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if name in groups:
            for key, part in _tree_of(value).items():
                _put(fields, places.get((name, key)), part)
        elif (variable := places.get((None, name))) is not None:
            _put(fields, variable, value)
        elif name == "id":
            document.id = _text(value)
        elif name in variables.lists:
            lists.append((name, value))
        else:
            _date(document, name, value)
    for name, value in lists:
        _fold(name, value, fields, variables)
    document.day = document.as_of
    return document


def _tree_of(value: Any) -> Tree:  # noqa: ANN401  # a part of a tree
    """Return the members of a mapping, and none where nothing is stated."""
    if value.__class__ is tuple and value[1].__class__ is dict:
        tree: Tree = value[1]
        return tree
    if value.__class__ is Written and value[0] is None:
        return {}
    raise _GiveUp


def _put(fields: dict[str, Written], variable: Variable | None, value: Any) -> None:  # noqa: ANN401  # a part of a tree
    if variable is None or variable.name in fields:
        raise _GiveUp
    if value.__class__ is not Written:
        origin, parts = value
        if parts.__class__ is list or any(part.__class__ is not Written for part in parts.values()):
            raise _GiveUp
        value = Written(parts, origin, NOWHERE)
    fields[variable.name] = value


def _text(value: Any) -> Any:  # noqa: ANN401  # a part of a tree
    if value.__class__ is not Written:
        raise _GiveUp
    return value[0]


def _date(document: Document, name: str, value: Any) -> None:  # noqa: ANN401  # a part of a tree
    found = _text(value)
    if name not in DATES or document.as_of or (found is not None and (found := iso_date(found)) is None):
        raise _GiveUp
    document.as_of = found


def _fold(name: str, value: Any, fields: dict[str, Written], variables: Registry) -> None:  # noqa: ANN401  # a part
    """Fold a list as ``fold`` does; of several times it is the exact reader that finds the longest."""
    if value.__class__ is Written and value[0] is None:
        return
    if value.__class__ is not tuple or value[1].__class__ is not list:
        raise _GiveUp
    origin, entries = value
    found: dict[str, Written] = {}
    for entry in entries:
        _fold_entry(name, entry, found, variables)
    if found and name in SEEN and (SEEN[name] not in fields or fields[SEEN[name]].is_empty):
        found[SEEN[name]] = Written("yes", origin)
    for flat, written in found.items():
        if flat in fields and flat not in SEEN.values():
            raise _GiveUp
        fields[flat] = written


def _fold_entry(name: str, entry: Any, found: dict[str, Written], variables: Registry) -> None:  # noqa: ANN401  # a part
    if entry.__class__ is not dict or ASKED[name] not in entry:
        raise _GiveUp
    said: set[str] = set()
    times: list[tuple[Variable, Written]] = []
    for key, value in entry.items():
        raw = _text(value)
        if key == NOTE:
            continue
        members = variables.lists[name].get(key)
        if members is None or raw is None:
            raise _GiveUp
        if members[0].kind == "number":
            times += [(member, value) for member in members]
        elif raw.strip().casefold() != UNKNOWN:
            meant = variables.list_words[name, key].get(plain(raw))
            if meant is None:
                raise _GiveUp
            said.add(meant.name)
            found.setdefault(meant.name, value._replace(raw="yes"))
    if misplaced(variables[each] for each in said):
        raise _GiveUp
    _keep(times, said, found)


def _keep(times: list[tuple[Variable, Written]], said: set[str], found: dict[str, Written]) -> None:
    """Keep the times of an entry that belong to what it says; a second one is for the exact reader."""
    for variable, value in times:
        if variable.onset_of is None or variable.onset_of in said:
            if variable.name in found:
                raise _GiveUp
            found[variable.name] = value
