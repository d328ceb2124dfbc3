"""A level along its time: what was under way, what came back, and how long it took, in at most 60 steps. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise

import numpy as np

from arena.load.intervals import percentile
from arena.load.served import Served
from arena.types import JSON

MOST_STEPS = 60
_ROUND = (1, 2, 5, 10)


def timeline(measured: Sequence[Served]) -> list[JSON]:
    """One object per step, runs of a level after one another.

    `at_s`: its begin. `under_way`: requests that were due and not yet ended, on average. `ended`, `failed`: how many
    ended in it. The percentiles are of what was due in it, null where nothing was.
    """
    runs = [list(own) for _, own in groupby(measured, key=lambda one: one.repeat)]
    spans = [max(one.ended_s for one in own) for own in runs]
    width = _width(sum(spans))
    found: list[JSON] = []
    for own, span in zip(runs, spans, strict=True):
        begin = width * len(found)
        found += _steps(own, width, max(1, math.ceil(span / width - 1e-9)), begin)
    return found


def _steps(measured: Sequence[Served], width: float, steps: int, begin: float) -> list[JSON]:
    came = np.array([one.scheduled_s for one in measured])
    went = np.array([one.ended_s for one in measured])
    ok = np.array([one.ok for one in measured])
    edges = width * np.arange(steps + 1)
    held = [np.clip(np.minimum(went, high) - np.maximum(came, low), 0, None).sum() / width
            for low, high in pairwise(edges)]  # fmt: skip
    due = np.minimum((came / width).astype(int), steps - 1)
    end = np.minimum((went / width).astype(int), steps - 1)
    lines: list[JSON] = []
    for n in range(steps):
        own = [one for one, at in zip(measured, due, strict=True) if at == n and one.ok]
        lines.append({
            "at_s": round(begin + float(edges[n]), 6), "under_way": float(held[n]),
            "ended": int((end == n).sum()), "failed": int(((end == n) & ~ok).sum()),
            "ttft_p50_s": _high(own, 0.5, lambda one: one.ttft_s),
            "latency_p50_s": _high(own, 0.5, lambda one: one.latency_s),
            "latency_p95_s": _high(own, 0.95, lambda one: one.latency_s),
        })  # fmt: skip
    return lines


def _high(own: Sequence[Served], q: float, of: Callable[[Served], float | None]) -> float | None:
    values = np.sort([value for one in own if (value := of(one)) is not None])
    return percentile(values, q) if len(values) else None


def _width(span: float) -> float:
    """A round number of seconds of which so few fill the time."""
    least = max(span / MOST_STEPS, 1e-3)
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _ROUND if step * power >= least * (1 - 1e-9))
