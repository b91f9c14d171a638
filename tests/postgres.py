"""A PostgreSQL server of the tests' own: in a folder of its own, on a socket there, gone when they end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEBIAN: Final = Path("/usr/lib/postgresql")
_TRUSTED: Final = ("postgres", "nobody")  # as whom it runs: it refuses to run as root


def programs() -> Path | None:
    """The folder of the newest server's programs; None where none is installed."""
    found = [path.parent for path in sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))]
    on_path = shutil.which("initdb")
    return found[-1] if found else (Path(on_path).resolve().parent if on_path else None)


@contextmanager
def server() -> Iterator[str]:
    """Give the connection string of a new, empty server."""
    folder, home = programs(), Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path must be short
    assert folder
    try:
        _hand_over(home)
        _run(folder / "initdb", "-D", home / "data", "-U", "calcrisk", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off -c shared_buffers=64MB"
        _run(folder / "pg_ctl", "-D", home / "data", "-l", home / "log", "-w", "-t", "60", "-o", options, "start")
        try:
            yield f"host={home} user=calcrisk dbname=postgres"
        finally:
            _run(folder / "pg_ctl", "-D", home / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _user() -> str | None:
    """As whom to run it: as ourselves, unless we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _TRUSTED if name in names)


def _hand_over(home: Path) -> None:
    if user := _user():
        shutil.chown(home, user)


def _run(*command: str | Path) -> None:
    user = _user()
    group = pwd.getpwnam(user).pw_gid if user else None
    extra: list[int] | None = [] if user else None
    # its output goes nowhere: the server keeps it open for as long as it lives
    done = subprocess.run(
        command,
        user=user,
        group=group,
        extra_groups=extra,
        cwd="/",
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert done.returncode == 0, command
