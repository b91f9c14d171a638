"""What was made once is kept while it is not too much."""

from __future__ import annotations

from typing import TypeVar

_Key = TypeVar("_Key")
_Made = TypeVar("_Made")


def kept(made: dict[_Key, _Made], key: _Key, one: _Made, most: int) -> _Made:
    """Keep one more, and nothing of before where there are ``most``; another thread may do the same meanwhile."""
    if len(made) >= most:
        made.clear()
    made[key] = one
    return one
