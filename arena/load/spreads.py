"""Quantities of requests, their means and percentiles, and how sure these are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from arena.load.intervals import (
    BATCHES,
    FEWEST_IN_A_BATCH,
    FEWEST_RUNS,
    Estimate,
    by_batches,
    by_order,
    least_in_a_batch,
    mean_of,
    mean_over_runs,
    percentile,
    percentile_over_runs,
    too_few,
)
from arena.load.served import Served
from arena.ratings.data.arrays import FloatArray
from arena.types import JSON

PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
TOO_SHORT = "too few requests for an interval: {needed:,} are needed, since each depends on those before it"

Of = Callable[[Served], float | None]


class Spread(NamedTuple):
    """A quantity of a request: its mean and percentiles over the requests that have it."""

    n: int
    mean: Estimate
    percentiles: dict[str, Estimate]
    without: str | None
    """Why there are no intervals, or not all."""

    def line(self) -> dict[str, JSON]:
        """As it is stored."""
        known = {"mean": self.mean, **self.percentiles}
        return {
            "n": self.n,
            **{name: {"value": e.value, "low": e.low, "high": e.high} for name, e in known.items()},
            "without_interval": self.without,
        }


@dataclass(frozen=True, slots=True)
class Units:
    """The requests of a level in parts that say nothing about each other: its runs, else contiguous tenths."""

    parts: tuple[Sequence[Served], ...]
    runs: bool
    """Whether they are runs of their own."""

    @property
    def smallest(self) -> int:
        """Requests in the smallest of them."""
        return min(map(len, self.parts), default=0)

    @property
    def few(self) -> bool:
        """Whether there are too few of them for an interval."""
        return len(self.parts) < (FEWEST_RUNS if self.runs else BATCHES)

    def least(self, values: FloatArray) -> int:
        """How many requests each must hold. Runs depend on none; tenths follow each other."""
        return FEWEST_IN_A_BATCH if self.runs else least_in_a_batch(values)


def units_of(measured: Sequence[Served], repeats: int) -> Units:
    """`measured` in the order in which requests were due, run by run."""
    if repeats > 1:
        return Units(tuple(tuple(own) for _, own in groupby(measured, key=lambda one: one.repeat)), True)
    cuts = [round(len(measured) * n / BATCHES) for n in range(BATCHES + 1)]
    return Units(tuple(measured[low:high] for low, high in pairwise(cuts)), False)


def known(measured: Iterable[Served], of: Of) -> FloatArray:
    """The values of those that succeeded and have one."""
    return np.array([value for one in measured if one.ok and (value := of(one)) is not None], dtype=float)


def spread_of(units: Units, of: Of, *, closed: bool) -> Spread:
    """Mean and percentiles of a quantity over the requests that succeeded and have it.

    Closed loop: order statistics. Open loop: tenths, since a request that waits makes the next one wait. With runs of
    their own: runs, in both.
    """
    parts = [known(part, of) for part in units.parts]
    values = np.concatenate([*parts, np.empty(0)])
    if units.runs:
        return _over_runs(parts)
    if closed:
        found = {name: by_order(values, q) for name, q in PERCENTILES.items()}
        return Spread(len(values), mean_of(values), found, _beyond(found) if len(values) else None)
    return _over_tenths(parts, least_in_a_batch(values))


def gaps_of(units: Units) -> Spread:
    """Inter-token latency, over all packages but the first of each request. Those of one request depend on each other,
    so its intervals come from parts of requests."""
    parts = [np.array([gap for one in part if one.ok for gap in one.gaps()], dtype=float) for part in units.parts]
    if units.runs:
        return _over_runs(parts)
    least = least_in_a_batch(known((one for part in units.parts for one in part), lambda one: one.latency_s))
    found = _over_tenths(parts, 1)
    if too_few(units.smallest, None, least):  # many gaps of few requests
        values = {name: Estimate(one.value) for name, one in found.percentiles.items()}
        return Spread(found.n, Estimate(found.mean.value), values, TOO_SHORT.format(needed=BATCHES * least))
    return found


def lag_of(measured: Sequence[Served]) -> Spread:
    """How much later than due requests were sent: a fact about the generator, not an estimate."""
    values = np.array([one.sent_s - one.scheduled_s for one in measured], dtype=float)
    ordered = np.sort(values)
    of = {name: Estimate(percentile(ordered, q) if len(values) else None) for name, q in PERCENTILES.items()}
    return Spread(len(values), Estimate(float(values.mean()) if len(values) else None), of, "counted, not estimated")


def _over_tenths(parts: Sequence[FloatArray], least: int) -> Spread:
    n = sum(map(len, parts))
    mean = by_batches(parts, lambda values: float(values.mean()), None, least)
    found = {
        name: by_batches(parts, lambda values, q=q: percentile(np.sort(values), q), q, least)  # type: ignore[misc]
        for name, q in PERCENTILES.items()
    }
    smallest = min(map(len, parts), default=0)
    if too_few(smallest, None, least):
        return Spread(n, mean, found, TOO_SHORT.format(needed=BATCHES * least))
    lacking = [name for name, q in PERCENTILES.items() if too_few(smallest, q, least)]
    why = f"too few requests beyond a percentile for an interval: {', '.join(lacking)}" if lacking else None
    return Spread(n, mean, found, why)


def _over_runs(parts: Sequence[FloatArray]) -> Spread:
    n = sum(map(len, parts))
    found = {name: percentile_over_runs(parts, q) for name, q in PERCENTILES.items()}
    why = _beyond(found) if n else None
    if len(parts) < FEWEST_RUNS:
        why = f"too few runs for an interval: {FEWEST_RUNS} are needed"
    elif min(map(len, parts)) < FEWEST_IN_A_BATCH:
        why = f"too few requests in a run for an interval: {FEWEST_IN_A_BATCH} are needed"
    return Spread(n, mean_over_runs(parts), found, why)


def _beyond(found: Mapping[str, Estimate]) -> str | None:
    """Which percentiles have an end that the data cannot give."""
    open_ends = [name for name, one in found.items() if one.low is None or one.high is None]
    return f"an end beyond the data: {', '.join(open_ends)}" if open_ends else None
