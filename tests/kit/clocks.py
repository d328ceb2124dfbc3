"""Clocks that nobody waits for."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable

from arena.types import Completion


class ManualTime:
    """A clock that jumps to the next sleeper once nobody else can run."""

    def __init__(self) -> None:
        self.t = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.t

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.t + seconds, id(future), future))
        await future

    async def run(self, *jobs: Awaitable[Completion]) -> list[Completion | BaseException]:
        everything = asyncio.gather(*jobs, return_exceptions=True)
        while not everything.done():
            for _ in range(30):
                await asyncio.sleep(0)
            if self._sleepers and not everything.done():
                moment, _, future = heapq.heappop(self._sleepers)
                self.t = max(self.t, moment)
                future.set_result(None)
        return await everything


class SkippingTime:
    """A clock that a sleep moves forward at once."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.skipped += seconds
        await asyncio.sleep(0)
