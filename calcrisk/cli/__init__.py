"""The command line: flags become calls, results become exit codes. No rule id and no clinical number appears here."""

from __future__ import annotations

import gc
import os
import sys

from calcrisk.errors import CalcriskError, SurroundingsError

_RARELY = 100_000  # new objects before Python looks for cycles: start-up makes many, and none of them is garbage
_REPORT = "This is a defect in calcrisk, not in your data. Set CALCRISK_DEBUG=1 to see where, and please report it."


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(_RARELY)
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # none may see a patient, and looking for them takes time
    _speak_utf8()
    try:
        sys.exit(_guarded())
    finally:
        gc.freeze()  # or Python would look through every object once more before it ends


def _guarded() -> int:
    try:
        from calcrisk.cli.app import command_line

        arguments = sys.argv[1:]
        program = command_line(arguments)
        return int(program(arguments, prog_name="calcrisk") or 0)  # the name also when run as `python -m calcrisk`
    except CalcriskError as error:
        from calcrisk.render.faults import show

        sys.stderr.write(show(error))
        return error.exit_code
    except KeyboardInterrupt as ended:
        return _interrupted(ended)
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}: {error.filename or 'standard output'}\n")
        return SurroundingsError.exit_code
    except Exception as error:  # noqa: BLE001  # a defect of ours: the last door, it is told and never shown as a traceback
        if isinstance(error.__cause__, KeyboardInterrupt):  # Python 3.11 wraps one that comes while a class is made
            return _interrupted(error.__cause__)
        from calcrisk.telling import tell_where

        tell_where(error)
        sys.stderr.write(f"{type(error).__name__}. {_REPORT}\n")
        return SurroundingsError.exit_code


def _interrupted(ended: KeyboardInterrupt) -> int:
    from calcrisk.cli.signals import exit_code

    return exit_code(ended)


def _speak_utf8() -> None:
    """Write UTF-8 to files and pipes whatever the code page; a terminal keeps its own encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            # An argument may hold bytes that are no UTF-8: they are shown escaped, never a reason to stop.
            shown = {"errors": "replace"} if stream.isatty() else {"encoding": "utf-8", "errors": "backslashreplace"}
            reconfigure(**shown)
