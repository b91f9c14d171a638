"""What all tests share: gold files, refreshed by ``pytest --refresh-gold``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

# The same examples in every run, and no clock: a busy machine is not a failure.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_GOLD = Path(__file__).parent / "gold"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-gold", action="store_true", help="write the gold files anew instead of comparing")


@pytest.fixture
def gold(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with its gold file below ``tests/gold``, byte for byte."""

    def compare(name: str, text: str) -> None:
        path = _GOLD / name
        if request.config.getoption("--refresh-gold"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode(), f"{name} differs; if that is meant: pytest --refresh-gold"

    return compare
