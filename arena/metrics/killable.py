"""Arithmetic that may never end, in a process of its own that is killed then: `python -m arena.metrics.killable`.

A user's pattern may need ages on a stranger's text, and so may 9^9^9^9. The process lives as long as this one and takes
one call after another; a call that is not through in time costs it its life, and the next call gets a new one.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache

from arena.files import from_json, to_json
from arena.metrics.number import NoNumber
from arena.types import JSON

TIME_S = 10.0
"""Of a processor, so that a busy machine changes nothing."""
PATIENCE_S = 300.0
"""By the clock, for what waits without working, and where processors' seconds are not counted (Windows)."""
MEMORY_BYTES = 4 << 30


class Worker:
    """A process that calls functions `arena.metrics.MODULE:FUNCTION` on JSON, one after another."""

    def __init__(self, time_s: float = TIME_S) -> None:
        self._time_s = time_s
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, function: str, *args: JSON) -> JSON:
        """What the function returns.

        Raises NoNumber where it is not through in time or takes the process down, and MissingDependency.
        """
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        alarm = threading.Timer(PATIENCE_S, process.kill)
        alarm.start()
        try:
            process.stdin.write(to_json([function, *args]) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            alarm.cancel()
        if not line.endswith(b"\n"):
            self.close()
            raise NoNumber("timed_out")
        match from_json(line):
            case ["missing", str(name)]:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            case ["ok", value]:
                return value
            case _:
                raise NoNumber("not_applicable")

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._process is not None:
            self._process.kill()
            with self._process:
                self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", f"from {__name__} import main; main({os.getpid()}, {self._time_s})"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self._process


@cache
def worker() -> Worker:
    """The one of this process."""
    found = Worker()
    atexit.register(found.close)
    return found


def main(parent: int, time_s: float) -> None:
    """Answer calls until stdin ends; the kernel ends it where one takes too long."""
    _bounds(parent)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a package prints is no answer
    for line in sys.stdin.buffer:
        request = from_json(line)
        assert isinstance(request, list)
        module, _, function = str(request[0]).partition(":")
        reply: Sequence[JSON]
        found = getattr(importlib.import_module(f"arena.metrics.{module}"), function)
        try:
            _end_after(time_s)
            reply = ["ok", found(*request[1:])]
        except ModuleNotFoundError as error:
            reply = ["missing", error.name]
        except Exception:  # noqa: BLE001 - whatever a library makes of a stranger's text is no number
            reply = ["failed"]
        out.write(to_json(reply) + b"\n")
        out.flush()


def _end_after(seconds: float) -> None:
    """SIGPROF, which nobody handles, after so many seconds of a processor."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _bounds(parent: int) -> None:
    """Die with the parent, and take no more memory than a machine has to spare."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
