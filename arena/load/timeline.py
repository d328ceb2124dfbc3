"""A level along its time: what was under way, what came back, and how long it took, in at most 60 steps. Pure."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from arena.load.columns import Measured
from arena.load.sample import Sample
from arena.ratings.data.arrays import FloatArray
from arena.types import JSON

MOST_STEPS = 60
_ROUND = (1, 2, 5, 10)


def timeline(measured: Measured) -> list[JSON]:
    """One object per step, runs of a level after one another.

    `at_s`: its begin. `under_way`: requests that were due and not yet ended, on average. `ended`, `failed`: how many
    ended in it. The percentiles are of what was due in it, null where nothing was.
    """
    runs = measured.runs()
    spans = [float(own.ended_s.max()) for own in runs]
    width = _width(sum(spans))
    found: list[JSON] = []
    for own, span in zip(runs, spans, strict=True):
        begin = width * len(found)
        found += _steps(own, width, max(1, math.ceil(span / width - 1e-9)), begin)
    return found


def _steps(measured: Measured, width: float, steps: int, begin: float) -> list[JSON]:
    came, went, ok = measured.scheduled_s, measured.ended_s, measured.ok
    edges = width * np.arange(steps + 1)
    held = [np.clip(np.minimum(went, high) - np.maximum(came, low), 0, None).sum() / width
            for low, high in pairwise(edges)]  # fmt: skip
    end = np.minimum((went / width).astype(int), steps - 1)
    cuts = np.searchsorted(np.minimum((came / width).astype(int), steps - 1), np.arange(steps + 1))
    lines: list[JSON] = []
    for n, (low, high) in enumerate(pairwise(cuts.tolist())):
        own = measured.part(low, high)
        latency = own.of("latency_s")
        lines.append({
            "at_s": round(begin + float(edges[n]), 6), "under_way": float(held[n]),
            "ended": int((end == n).sum()), "failed": int(((end == n) & ~ok).sum()),
            "ttft_p50_s": _high(own.of("ttft_s"), 0.5), "latency_p50_s": _high(latency, 0.5),
            "latency_p95_s": _high(latency, 0.95),
        })  # fmt: skip
    return lines


def _high(values: FloatArray, q: float) -> float | None:
    return Sample.of(values).percentile(q) if len(values) else None


def _width(span: float) -> float:
    """A round number of seconds of which so few fill the time."""
    least = max(span / MOST_STEPS, 1e-3)
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _ROUND if step * power >= least * (1 - 1e-9))
