"""Quantities of requests, their means and percentiles, and how sure these are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from arena.load.columns import Measured, TimeName
from arena.load.gaps import sample_of
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
    percentile_over_runs,
    too_few,
)
from arena.load.sample import Sample
from arena.ratings.data.arrays import FloatArray
from arena.types import JSON

PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
TOO_SHORT = "too few requests for an interval: {needed:,} are needed, since each depends on those before it"


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

    parts: tuple[Measured, ...]
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


def units_of(measured: Measured, repeats: int) -> Units:
    """The parts of a level with so many runs."""
    if repeats > 1:
        return Units(tuple(measured.runs()), True)
    cuts = [round(len(measured) * n / BATCHES) for n in range(BATCHES + 1)]
    return Units(tuple(measured.part(low, high) for low, high in pairwise(cuts)), False)


def spread_of(measured: Measured, units: Units, name: TimeName, *, closed: bool) -> Spread:
    """Mean and percentiles of a quantity over the requests that succeeded and have it.

    Closed loop: order statistics. Open loop: tenths, since a request that waits makes the next one wait. With runs of
    their own: runs, in both.
    """
    values = Sample.of(measured.of(name))
    if not units.runs and closed:
        found = {share: by_order(values, q) for share, q in PERCENTILES.items()}
        return Spread(len(values), mean_of(values), found, _beyond(found) if len(values) else None)
    parts = [Sample.of(part.of(name)) for part in units.parts]
    return _over_runs(values, parts) if units.runs else _over_tenths(values, parts, least_in_a_batch(measured.of(name)))


def gaps_of(measured: Measured, units: Units) -> Spread:
    """Inter-token latency, over all packages but the first of each request. Those of one request depend on each other,
    so its intervals come from parts of requests."""
    gaps, parts = sample_of(measured.all_codes), [sample_of(part.gap_codes()) for part in units.parts]
    if units.runs:
        return _over_runs(gaps, parts)
    least = least_in_a_batch(measured.of("latency_s"))
    found = _over_tenths(gaps, parts, 1)
    if too_few(units.smallest, None, least):  # many gaps of few requests
        values = {name: Estimate(one.value) for name, one in found.percentiles.items()}
        return Spread(found.n, Estimate(found.mean.value), values, TOO_SHORT.format(needed=BATCHES * least))
    return found


def lag_of(measured: Measured) -> Spread:
    """How much later than due requests were sent: a fact about the generator, not an estimate."""
    values = Sample.of(measured.lag_s)
    of = {name: Estimate(values.percentile(q) if len(values) else None) for name, q in PERCENTILES.items()}
    return Spread(len(values), Estimate(values.mean if len(values) else None), of, "counted, not estimated")


def _over_tenths(everything: Sample, parts: Sequence[Sample], least: int) -> Spread:
    n = len(everything)
    mean = by_batches(everything, parts, lambda values: values.mean, None, least)
    found = {
        name: by_batches(everything, parts, lambda values, q=q: values.percentile(q), q, least)  # type: ignore[misc]
        for name, q in PERCENTILES.items()
    }
    smallest = min(map(len, parts), default=0)
    if too_few(smallest, None, least):
        return Spread(n, mean, found, TOO_SHORT.format(needed=BATCHES * least))
    lacking = [name for name, q in PERCENTILES.items() if too_few(smallest, q, least)]
    why = f"too few requests beyond a percentile for an interval: {', '.join(lacking)}" if lacking else None
    return Spread(n, mean, found, why)


def _over_runs(everything: Sample, parts: Sequence[Sample]) -> Spread:
    n = len(everything)
    found = {name: percentile_over_runs(everything, parts, q) for name, q in PERCENTILES.items()}
    why = few_runs([len(part) for part in parts]) or (_beyond(found) if n else None)
    return Spread(n, mean_over_runs(everything, parts), found, why)


def few_runs(requests: Sequence[int]) -> str | None:
    """Why runs with so many requests give no interval; None where they do."""
    if len(requests) < FEWEST_RUNS:
        return f"too few runs for an interval: {FEWEST_RUNS} are needed"
    if min(requests) < FEWEST_IN_A_BATCH:
        return f"too few requests in a run for an interval: {FEWEST_IN_A_BATCH} are needed"
    return None


def _beyond(found: Mapping[str, Estimate]) -> str | None:
    """Which percentiles have an end that the data cannot give."""
    open_ends = [name for name, one in found.items() if one.low is None or one.high is None]
    return f"an end beyond the data: {', '.join(open_ends)}" if open_ends else None
