"""Where the program begins: Ctrl-C and SIGTERM end it in one line, before anything is loaded too."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` loads enums, longer than all of this
import gc
import os
import sys

_OBJECTS_BETWEEN = 100_000
"""What is read from files has no cycles, so the collector need not look for any after every 700 objects, nor while
modules are loaded."""


def main() -> None:
    """`arena`. Nothing is lost until a command begins: a signal ends the program at once with exit code 130."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    gc.set_threshold(_OBJECTS_BETWEEN, 20, 20)
    from arena.cli import main as run

    try:
        run()
    except SystemExit as end:
        if end.code != 130:
            gc.freeze()  # the process ends: Python looks no more for cycles in what it takes apart
            raise
        _end()


def _leave(_number: int, _frame: object) -> None:
    os.write(2, b"arena: interrupted\n")
    os._exit(130)


def _end() -> None:
    """End with 130. Python itself ends with SIGINT where an interruption met code that it had compiled from a text."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(130)
