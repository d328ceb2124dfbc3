"""What a test leaves behind: processes and threads that outlive it would disturb the next."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path

PROC = Path("/proc")
GRACE_S = 30.0
"""How long something that is ending already may take, on a machine that has much else to do."""


@dataclass(frozen=True)
class Running:
    """What runs at some moment: the ids of all processes of this machine, and the threads of this one."""

    processes: frozenset[str]
    threads: frozenset[threading.Thread]

    @classmethod
    def now(cls) -> Running:
        return cls(_ids(), frozenset(threading.enumerate()))

    def left_since(self) -> list[str]:
        """Names what began since and does not end, and ends the processes among it."""
        give_up = time.monotonic() + GRACE_S
        while (processes := self._processes()) and time.monotonic() < give_up:
            time.sleep(0.01)
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for _ in range(3000):  # killed is not yet gone, and the next look would find it again
            if not any(map(_alive, processes)):
                break
            time.sleep(0.01)
        threads = set(threading.enumerate()) - self.threads
        for thread in threads:
            thread.join(max(0.0, give_up - time.monotonic()))
        return [*processes.values(), *(str(thread) for thread in threads if thread.is_alive())]

    def _processes(self) -> dict[int, str]:
        forked = {process.pid: str(process) for process in active_children() if process.pid}
        return _children(_ids() - self.processes) | forked


def adopt_orphans() -> None:
    """From now on a process whose parent dies becomes a child of this one, where Linux can arrange it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def _ids() -> frozenset[str]:
    return frozenset(entry.name for entry in PROC.iterdir() if entry.name.isdigit()) if PROC.is_dir() else frozenset()


def _alive(process: int) -> bool:
    """Whether a process still runs; the ended wait for whoever started them."""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _children(ids: frozenset[str]) -> dict[int, str]:
    """Those of the processes that are running children of this one, and their command lines; the ended are buried."""
    found = {}
    for process in ids:
        with contextlib.suppress(OSError):
            state, parent = (PROC / process / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid():
                if state == "Z":
                    os.waitpid(int(process), os.WNOHANG)
                else:
                    found[int(process)] = _command(process)
    return found


def _command(process: str) -> str:
    """The command line of a process; for an instant after it began a program it has none."""
    for _ in range(100):
        if command := (PROC / process / "cmdline").read_text().replace("\0", " "):
            return command
        time.sleep(0.01)
    return (PROC / process / "comm").read_text().strip()
