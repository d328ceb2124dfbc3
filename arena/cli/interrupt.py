"""Ctrl-C and SIGTERM outside the part of a run that calls models, which listens itself."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """While this lasts, Ctrl-C and SIGTERM raise KeyboardInterrupt. Only the main thread can arrange that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def says_how_to_go_on() -> Iterator[None]:
    """For commands that store what comes back: an interruption is 130, and the same command goes on."""
    try:
        yield
    except KeyboardInterrupt:
        import shlex

        from arena.cli.terminal import say

        again = f"arena {shlex.join(sys.argv[1:])}"
        say(f"\ninterrupted; everything that came back is stored. Go on with: {again}", err=True)
        sys.exit(130)
