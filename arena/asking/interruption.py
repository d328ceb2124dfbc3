"""Ctrl-C and SIGTERM: send nothing more, keep what is under way if it comes soon, then stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

GRACE_S = 5.0
"""How long calls in flight are waited for: they are paid for already."""


class Noting(Protocol):
    """Tells a person something."""

    def note(self, message: str) -> None:
        """Something a person should know."""


class Interruption:
    """Whether somebody asked this run to stop."""

    def __init__(self, progress: Noting, grace_s: float = GRACE_S) -> None:
        self.asked = False
        self._progress = progress
        self._grace_s = grace_s

    def ask(self, task: asyncio.Task[object]) -> None:
        """Stop gently the first time, cancel the task after the grace period or the second time."""
        if self.asked:
            task.cancel()
            return
        self.asked = True
        self._progress.note(f"stopping: up to {self._grace_s:g} s for the calls in flight; once more to stop at once")
        asyncio.get_running_loop().call_later(self._grace_s, task.cancel)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this lasts, Ctrl-C and SIGTERM ask the current task to stop. Elsewhere they act as usual."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        heard = []
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, or not the main thread
            for number in before:
                loop.add_signal_handler(number, self.ask, task)
                heard.append(number)
        try:
            yield
        finally:
            for number in heard:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])
