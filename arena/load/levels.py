"""What is sent when: the levels of a load test, and the moments of an open loop. Pure; nothing waits here."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arena.config.load_test import Arrival, LoadTestConfig
from arena.errors import DataError
from arena.files import from_json, read_lines
from arena.reports.load_words import level_title
from arena.types import JSON

FEWEST_REQUESTS = 100
"""Of a level, where the config says neither how many nor how long."""
LIMIT_REQUESTS = 1_000
"""Of a level in the search for the largest rate, where the config does not say."""
LIMIT_START = 1.0
"""Requests per second with which that begins, where the config names no rate."""
_MOMENTS = ("at_s", "timestamp", "time", "arrival_s")


@dataclass(frozen=True, slots=True)
class Level:
    """One load: how many at once (closed), or how many a second (open)."""

    number: int
    arrival: Arrival
    value: float
    """Requests at once, or per second; of a trace its mean rate."""
    requests: int | None
    """How many; None: as many as `duration_s` holds."""
    duration_s: float | None
    warmup: int
    moments: tuple[float, ...] = ()
    """Of a trace: seconds after the start."""
    repeats: int = 1
    """Runs of it, each with a warm-up and moments of its own."""
    again: int = 0
    """How often this load was sent before: other moments then."""

    @property
    def closed(self) -> bool:
        """Whether the next request waits for one that came back."""
        return self.arrival == "closed"

    @property
    def titled(self) -> str:
        """What people read."""
        return level_title(self.arrival, self.value)

    def arrivals(self, seed: int, run: int = 0) -> Iterator[float]:
        """The moments of an open loop, in seconds after its start; the same for the same seed and run."""
        if self.arrival == "trace":
            yield from self.moments
            return
        run += self.again * self.repeats
        drawn = random.Random(f"{seed}:{self.value!r}" + (f":{run}" if run else ""))
        at, sent = 0.0, 0
        while (self.requests is None or sent < self.requests) and (self.duration_s is None or at < self.duration_s):
            yield at
            sent += 1
            at = at + drawn.expovariate(self.value) if self.arrival == "poisson" else sent / self.value

    def expected(self, seed: int) -> int | None:
        """How many requests are measured; None where that depends on how fast they come back."""
        if self.closed:
            return None if self.requests is None else self.repeats * self.requests
        return sum(1 for run in range(self.repeats) for _ in self.arrivals(seed, run))


def levels_of(settings: LoadTestConfig) -> list[Level]:
    """The levels in their order; of a search its first. Raises DataError for a trace that cannot be read."""
    if settings.arrival == "trace":
        assert settings.trace is not None
        moments = read_trace(settings.trace)
        if settings.requests is not None:
            moments = moments[: settings.requests]
        if settings.duration_s is not None:
            moments = tuple(at for at in moments if at < settings.duration_s)
        mean = (len(moments) - 1) / moments[-1] if len(moments) > 1 and moments[-1] > 0 else float(len(moments))
        return [Level(0, "trace", mean, len(moments), None, _warmup(settings, 1), moments,
                      settings.repeat)]  # fmt: skip
    if settings.find_limit:
        whole = LIMIT_REQUESTS if settings.requests is None and settings.duration_s is None else settings.requests
        start = settings.rate[0] if settings.rate else LIMIT_START
        return [Level(0, settings.arrival, start, whole, settings.duration_s, _warmup(settings, 1),
                      repeats=settings.repeat)]  # fmt: skip
    values: tuple[float, ...] = settings.concurrency if settings.arrival == "closed" else settings.rate
    levels = []
    for number, value in enumerate(values):
        requests = settings.requests
        if requests is None and settings.duration_s is None:
            requests = max(FEWEST_REQUESTS, 10 * int(value)) if settings.arrival == "closed" else FEWEST_REQUESTS
        warmup = _warmup(settings, int(value) if settings.arrival == "closed" else 1)
        levels.append(Level(number, settings.arrival, value, requests, settings.duration_s, warmup,
                            repeats=settings.repeat))  # fmt: skip
    return levels


def read_trace(path: Path) -> tuple[float, ...]:
    """Moments in seconds after the first of them: a number on each line, or an object with `at_s` or `timestamp`.

    Raises DataError naming the line that holds none, or one before the line above it.
    """
    moments: list[float] = []
    for where, line in read_lines(path):
        try:
            value = from_json(line)
        except ValueError:
            value = None
        moment = _moment(value)
        if moment is None:
            raise DataError(f'{path}:{where.number}: expected a moment in seconds (a number, or {{"at_s": 1.5}})')
        if moments and moment < moments[-1]:
            raise DataError(f"{path}:{where.number}: {moment:g} is before the line above it ({moments[-1]:g})")
        moments.append(moment)
    if not moments:
        raise DataError(f"{path}: no moments in it (seconds, one a line)")
    return tuple(moment - moments[0] for moment in moments)


def _moment(value: JSON) -> float | None:
    if isinstance(value, dict):
        value = next((value[name] for name in _MOMENTS if name in value), None)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _warmup(settings: LoadTestConfig, default: int) -> int:
    return default if settings.warmup is None else settings.warmup
