"""Sending: a closed loop that keeps so many requests under way, or an open one that sends when it is time."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from arena.load.levels import Level
from arena.load.served import OK, Served
from arena.load.watch import Watched, watching

FIRST_FAILURES = 10
"""So many failures in a row at the start end a level."""
LOOKED_AT = 100
"""From so many requests on, more than half of them failing ends it."""
_LOOK_S = 0.2
"""While it waits for the next moment, an open loop looks so often whether it shall stop."""


class Reply(Protocol):
    """Fills in what came of one request. Moments are of the event loop's clock; they become the level's own here."""

    def __call__(self, served: Served) -> Awaitable[float | None]:
        """Send it, and wait for its end. `served.times` are filled in, whatever happens; failures are a status.

        `served.ended_s` is its end where it knows that better than by returning; what it returns is when it was sent,
        where it knows that better than by being called."""


class Ended(Exception):
    """The level ends early; why."""


class LevelRun:
    """One level while it is sent."""

    def __init__(
        self, level: Level, attempt: int, send: Reply, keep: Callable[[Served], None],
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.watched = Watched()
        self.ended: str | None = None
        """Why it ended before its time."""
        self._level, self._attempt, self._send, self._keep, self._stopped = level, attempt, send, keep, stopped
        self._loop = asyncio.get_running_loop()
        self._start = 0.0
        self._through = self._failed = self._repeat = 0
        self._sent = {True: 0, False: 0}
        """How many of warm-up and of others were sent, in all runs: none has another's number, and so its prompt."""

    async def run(self, seed: int) -> None:
        """Every run of the level: warm up, then send. What came back is kept, however this ends.

        Raises CancelledError where it is cancelled; a budget's end passes through.
        """
        try:
            for repeat in range(self._level.repeats):
                self._repeat = repeat
                if not self._stopped():
                    await self._once(seed)
        except Ended as why:
            self.ended = str(why)

    async def _once(self, seed: int) -> None:
        level = self._level
        width = int(level.value) if level.closed else 1
        self._start = self._loop.time()
        await self._closed(width, level.warmup, warmup=True)
        self._through = self._failed = 0
        self._start = self._loop.time()
        with watching(self.watched):
            if level.closed:
                await self._closed(width, level.requests, warmup=False)
            else:
                await self._open(seed)

    async def _closed(self, width: int, requests: int | None, *, warmup: bool) -> None:
        sent = 0
        until = None if warmup or self._level.duration_s is None else self._start + self._level.duration_s

        async def worker() -> None:
            nonlocal sent
            while (requests is None or sent < requests) and not self._stopped():
                if until is not None and self._loop.time() >= until:
                    return
                sent += 1
                await self._one(None, warmup=warmup)

        await _together([worker() for _ in range(width if requests is None else min(width, requests))])

    async def _open(self, seed: int) -> None:
        under_way: set[asyncio.Task[None]] = set()
        broken: list[BaseException] = []

        def through(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                broken.append(error)

        try:
            for at in self._level.arrivals(seed, self._repeat):
                while (left := self._start + at - self._loop.time()) > 0 and not self._stopped() and not broken:
                    await asyncio.sleep(min(left, _LOOK_S))
                if self._stopped() or broken:
                    break
                task = self._loop.create_task(self._one(at, warmup=False))
                under_way.add(task)
                task.add_done_callback(through)
                if left < 0:
                    await asyncio.sleep(0)  # late: what came back is read all the same
            while under_way and not broken:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(set(under_way))
        if broken:
            raise broken[0]

    async def _one(self, due: float | None, *, warmup: bool) -> None:
        now = self._loop.time() - self._start
        index = self._sent[warmup]
        self._sent[warmup] += 1
        at = now if due is None else due
        served = Served(self._level.number, self._attempt, index, warmup, at, now, repeat=self._repeat)
        if (left := await self._send(served)) is not None:
            served.sent_s = left - self._start
            served.scheduled_s = served.sent_s if due is None else due
        served.times = array("d", (at - self._start for at in served.times))
        if served.opened_s is not None:
            served.opened_s -= self._start
        served.ended_s = (served.ended_s or self._loop.time()) - self._start
        self._keep(served)
        self._through += 1
        self._failed += served.status != OK
        if self._failed == self._through == FIRST_FAILURES:
            raise Ended(f"the first {FIRST_FAILURES} requests failed ({served.status}: {served.error})")
        if self._through >= LOOKED_AT and 2 * self._failed > self._through:
            raise Ended(f"{self._failed:,} of {self._through:,} requests failed, the last with {served.error}")


async def _together(jobs: list[Awaitable[None]]) -> None:
    """All of them; where one raises, the others are cancelled."""
    tasks = {asyncio.ensure_future(job) for job in jobs}
    try:
        await asyncio.gather(*tasks)
    finally:
        await _end(tasks)


async def _end(tasks: set[asyncio.Task[None]] | set[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Exception):
            await task
