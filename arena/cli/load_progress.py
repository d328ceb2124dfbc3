"""How a load test goes, while it goes: a line per level, and one every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from arena.cli.terminal import say
from arena.load.levels import Level
from arena.load.served import Served

EVERY_S = 5.0


class LoadLines:
    """Lines on stderr."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._head = ""
        self._of: int | None = None
        self._done = self._failed = 0
        self._began = self._shown = 0.0

    def begin(self, model: str, level: Level) -> None:
        """Say which level starts."""
        self._head, self._of = f"{model}, {level.titled}", level.requests
        self._done = self._failed = 0
        self._began = self._shown = self._clock()
        self.note(f"{self._head}: {'' if self._of is None else f'{self._of:,} requests '}starting")

    def served(self, one: Served) -> None:
        """Count it; say so every EVERY_S seconds."""
        self._done += not one.warmup
        self._failed += not one.ok and not one.warmup
        now = self._clock()
        if now - self._shown >= EVERY_S:
            self._shown = now
            of = "" if self._of is None else f"/{self._of:,}"
            failed = f" · {self._failed:,} failed" if self._failed else ""
            self.note(f"{self._head}: {self._done:,}{of} · {self._done / (now - self._began):.1f}/s{failed}")

    def note(self, message: str) -> None:
        """Say it."""
        say(message, err=True)
