"""The generator watches itself: what it could not do in time is its own fault and not the endpoint's."""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from arena.load.sample import Sample
from arena.ratings.data.arrays import FloatArray
from arena.types import JSON

TICK_S = 0.05
MOST_LAG_S = 0.010
"""The event loop and an open loop's sendings may be so late, at the 99th percentile."""
MOST_CPU = 0.9
"""Of one core: above it packages wait for the generator."""

COLLECTED_AFTER = 2_000
"""Requests, each of which leaves a kilobyte where its connection is not used again."""


@dataclass(slots=True)
class Watched:
    """What a watch saw during a level."""

    lags_s: array[float] = field(default_factory=lambda: array("d"))
    """How much later than asked the event loop woke, every TICK_S."""
    cpu_s: float = 0.0
    """CPU seconds of this process."""
    seconds: float = 0.0
    """How long it was watched."""

    @property
    def cpu_share(self) -> float | None:
        """Of a core, how much this process used; None where it was watched too shortly to say."""
        return self.cpu_s / self.seconds if self.seconds > TICK_S else None

    def limits(self, send_lags_s: Sequence[float] | FloatArray | None = None) -> list[str]:
        """Why the generator, and not the endpoint, may have set the pace; empty where it kept up."""
        found = []
        lag, late = high_of(self.lags_s), high_of(() if send_lags_s is None else send_lags_s)
        if lag is not None and lag > MOST_LAG_S:
            found.append(f"its event loop was {1000 * lag:.0f} ms late (p99)")
        if late is not None and late > MOST_LAG_S:
            found.append(f"it sent {1000 * late:.0f} ms late (p99)")
        if self.cpu_share is not None and self.cpu_share > MOST_CPU:
            found.append(f"it used {100 * self.cpu_share:.0f} % of a core")
        return found

    def line(self, send_lags_s: Sequence[float] | FloatArray | None) -> dict[str, JSON]:
        """As it is stored."""
        reasons: list[JSON] = [*self.limits(send_lags_s)]
        return {"limited": bool(reasons), "reasons": reasons, "loop_lag_p99_s": high_of(self.lags_s),
                "cpu_share": self.cpu_share}  # fmt: skip


def high_of(values: Sequence[float] | FloatArray) -> float | None:
    """The 99th percentile; None of nothing."""
    return Sample.of(np.asarray(values, dtype=float)).percentile(0.99) if len(values) else None


@contextmanager
def garbage_kept() -> Iterator[None]:
    """While this lasts, garbage is collected where `collect_garbage` is called and nowhere else: with 2,000 replies
    under way that takes up to 0.4 s, and all that comes or is due meanwhile is late."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def collect_garbage(requests: int) -> None:
    """Once in COLLECTED_AFTER requests."""
    if requests % COLLECTED_AFTER == 0:
        gc.collect()


@contextmanager
def watching(seen: Watched, cpu_s: Callable[[], float] = time.process_time) -> Iterator[None]:
    """While this lasts, the running event loop is watched; how it went is added to `seen`."""
    loop = asyncio.get_running_loop()
    began, used = loop.time(), cpu_s()

    async def tick() -> None:
        while True:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            seen.lags_s.append(max(0.0, loop.time() - due))

    ticking = loop.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        seen.seconds += loop.time() - began
        seen.cpu_s += cpu_s() - used
