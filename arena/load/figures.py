"""What a level came to: figures of the requests that were measured, each with its interval. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from arena.config.base import Price
from arena.config.load_test import SloConfig
from arena.load.intervals import (
    BATCHES,
    Estimate,
    by_batches,
    by_order,
    least_in_a_batch,
    mean_of,
    percentile,
    share_high,
    share_low,
    too_few,
)  # fmt: skip
from arena.load.levels import Level
from arena.load.served import Served
from arena.load.watch import Watched
from arena.money import known_sum
from arena.ratings.data.arrays import FloatArray
from arena.ratings.intervals.student_t import t_quantile
from arena.types import JSON

PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
TOO_SHORT = "too few requests for an interval: {needed:,} are needed, since each depends on those before it"
GROWTH = 0.05
"""Of the requests that came in a window, the share by which those waiting must grow for a rate to be more than is
served."""
_RISES = 27
"""Of 45 pairs among ten tenths, so many more rises than falls come by chance once in a hundred (Mann and Kendall)."""


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
class Goodput:
    """Requests that met every part of the SLO, of all that were due."""

    good: int
    due: int
    low: float | None
    """Lower end, one-sided at 95 %; None where the data give none."""
    high: float | None
    per_s: float
    kept: bool | None
    """Whether the share is kept; None where neither that nor the opposite is shown."""


def level_figures(
    level: Level,
    requests: Sequence[Served],
    expected: int | None,
    watched: Watched,
    slo: SloConfig | None = None,
    price: Price | None = None,
) -> dict[str, JSON]:
    """The summary of a level from its requests, warm-up left out: what stands in load.json.

    `expected`: how many were due; None where the level had a duration. Throughputs are over the time from the first
    sending to the last end; a token count that one reply lacks makes its totals None.
    """  # fmt: skip
    measured = sorted((one for one in requests if not one.warmup), key=lambda one: (one.scheduled_s, one.index))
    good = [one for one in measured if one.ok]
    wall = max(one.ended_s for one in measured) - min(one.sent_s for one in measured) if measured else 0.0
    due = len(measured) if expected is None else expected
    per_s: Callable[[float | None], JSON] = lambda count: None if count is None or wall <= 0 else count / wall  # noqa: E731
    out, into = _total(one.output_tokens for one in good), _total(one.input_tokens for one in good)
    cost = known_sum([one.cost_usd for one in good]) if price is not None or good else None
    spreads = {
        "ttft_s": lambda one: one.ttft_s, "tpot_s": lambda one: one.tpot_s, "latency_s": lambda one: one.latency_s,
    }  # fmt: skip
    found: dict[str, JSON] = {
        "expected": due,
        "succeeded": len(good),
        "failed": dict(sorted(Counter(one.status for one in measured if not one.ok).items())),
        "wall_s": wall,
        "concurrency_reached": _most_at_once(measured),
        "concurrency_mean": sum(one.ended_s - one.sent_s for one in measured) / wall if wall > 0 else None,
        "requests_per_s": per_s(len(good)),
        "output_tokens_per_s": per_s(out),
        "total_tokens_per_s": per_s(None if out is None or into is None else out + into),
        "input_tokens": into,
        "output_tokens": out,
        "reasoning_tokens": _total(one.reasoning_tokens for one in good),
        "cached_input_tokens": _total(one.cached_tokens for one in good),
        "packages_per_request": sum(len(one.times) for one in good) / len(good) if good else None,
        "without_first_token": sum(1 for one in good if one.ttft_s is None),
        "not_streamed": sum(1 for one in good if not one.streamed),
    }
    for name, of in spreads.items():
        found[name] = spread_of(measured, of, closed=level.closed).line()
    found["itl_s"] = _gaps(measured).line()
    found["send_lag_s"] = None if level.closed else _lag(measured).line()
    found["sustained"] = None if level.closed else sustained(measured)
    found["goodput"] = None if slo is None else _goodput_line(goodput(level, measured, due, slo, wall))
    found["cost_usd"] = cost
    found["usd_per_million_output_tokens"] = None if cost is None or not out else cost / out * 1e6
    found["generator"] = watched.line(None if level.closed else [one.sent_s - one.scheduled_s for one in measured])
    return found


def spread_of(measured: Sequence[Served], of: Callable[[Served], float | None], *, closed: bool) -> Spread:
    """Mean and percentiles of a quantity over the requests that succeeded and have it.

    Closed loop: order statistics. Open loop: batches, since a request that waits makes the next one wait.
    """
    tenths = [_known(batch, of) for batch in _batches(measured)]
    values = np.concatenate([*tenths, np.empty(0)])
    if closed:
        found = {name: by_order(values, q) for name, q in PERCENTILES.items()}
        open_ends = [name for name, one in found.items() if one.low is None or one.high is None]
        why = f"an end beyond the data: {', '.join(open_ends)}" if open_ends and len(values) else None
        return Spread(len(values), mean_of(values), found, why)
    least = least_in_a_batch(values)
    mean, found = _over_batches(tenths, least)
    return Spread(len(values), mean, found, _why(tenths, least))


def _over_batches(tenths: Sequence[FloatArray], least: int) -> tuple[Estimate, dict[str, Estimate]]:
    mean = by_batches(tenths, lambda values: float(values.mean()), None, least)
    return mean, {
        name: by_batches(tenths, lambda values, q=q: percentile(np.sort(values), q), q, least)  # type: ignore[misc]
        for name, q in PERCENTILES.items()
    }


def _why(tenths: Sequence[FloatArray], least: int) -> str | None:
    smallest = min(map(len, tenths), default=0)
    if too_few(smallest, None, least):
        return TOO_SHORT.format(needed=BATCHES * least)
    lacking = [name for name, q in PERCENTILES.items() if too_few(smallest, q, least)]
    return f"too few requests beyond a percentile for an interval: {', '.join(lacking)}" if lacking else None


def _gaps(measured: Sequence[Served]) -> Spread:
    """Inter-token latency, over all packages but the first of each request. Those of one request depend on each other,
    so its intervals come from batches of requests."""
    tenths = [
        np.array([gap for one in batch if one.ok for gap in one.gaps()], dtype=float) for batch in _batches(measured)
    ]
    requests = min(map(len, _batches(measured)), default=0)
    least = least_in_a_batch(_known(measured, lambda one: one.latency_s))
    mean, found = _over_batches(tenths, 1)
    n = sum(map(len, tenths))
    if too_few(requests, None, least):  # many gaps of few requests
        mean, found = Estimate(mean.value), {name: Estimate(one.value) for name, one in found.items()}
        return Spread(n, mean, found, TOO_SHORT.format(needed=BATCHES * least))
    return Spread(n, mean, found, _why(tenths, 1))


def _lag(measured: Sequence[Served]) -> Spread:
    """How much later than due requests were sent: a fact about the generator, not an estimate."""
    values = np.array([one.sent_s - one.scheduled_s for one in measured], dtype=float)
    ordered = np.sort(values)
    of = {name: Estimate(percentile(ordered, q) if len(values) else None) for name, q in PERCENTILES.items()}
    return Spread(len(values), Estimate(float(values.mean()) if len(values) else None), of, "counted, not estimated")


def goodput(level: Level, measured: Sequence[Served], due: int, slo: SloConfig, wall: float) -> Goodput:
    """The share of the requests due that met the SLO; failures and what was never sent count against it.

    Bounds are exact ones for independent requests, and in an open loop those over batches where these are wider.
    """
    met = [meets(one, slo) for one in measured]
    good = sum(met)
    low: float | None = share_low(good, due) if due else None
    high: float | None = share_high(good, due) if due else None
    if not level.closed and due:
        shares = [np.array([float(meets(one, slo)) for one in batch]) for batch in _batches(measured)]
        least = least_in_a_batch(_known(measured, lambda one: one.latency_s))
        if too_few(min(map(len, shares), default=0), None, least):
            low = high = None
        else:
            each = np.array([batch.mean() for batch in shares])
            half = float(t_quantile(0.90, BATCHES - 1)) * float(each.std(ddof=1)) / BATCHES**0.5
            low, high = min(low or 0.0, good / due - half), max(high or 0.0, good / due + half)
    kept = None
    if low is not None and high is not None:
        kept = True if low >= slo.share else False if high < slo.share else None
    return Goodput(good, due, low, high, good / wall if wall > 0 else 0.0, kept)


def meets(one: Served, slo: SloConfig) -> bool:
    """Whether a request met every part of the SLO. A time that it has none of is kept (a single token has no time per
    token), but no first token is no good answer where one is wanted."""
    if not one.ok:
        return False
    if slo.ttft_s is not None and (one.ttft_s is None or one.ttft_s > slo.ttft_s):
        return False
    if slo.latency_s is not None and one.latency_s > slo.latency_s:
        return False
    return slo.tpot_s is None or one.tpot_s is None or one.tpot_s <= slo.tpot_s


def sustained(measured: Sequence[Served]) -> bool | None:
    """False where the requests that wait or are served grow over the window; None for too few requests to say.

    Counted at each tenth of the time in which requests were due: growing is a trend by Mann and Kendall, and an
    increase by more than GROWTH of all that came.
    """
    if len(measured) < 10 * BATCHES:
        return None
    first, last = measured[0].scheduled_s, measured[-1].scheduled_s
    came = np.array([one.scheduled_s for one in measured])
    went = np.sort([one.ended_s for one in measured])
    at = np.linspace(first, last, 20 * BATCHES + 1)[1:]
    inside = np.searchsorted(came, at, side="right") - np.searchsorted(went, at, side="right")
    tenths = inside.reshape(BATCHES, -1).mean(axis=1)
    rises = int(sum(np.sign(tenths[j] - tenths[i]) for i in range(BATCHES) for j in range(i + 1, BATCHES)))
    return not (rises >= _RISES and tenths[-1] - tenths[0] > GROWTH * len(measured))


def _goodput_line(found: Goodput) -> dict[str, JSON]:
    share = found.good / found.due if found.due else None
    return {"good": found.good, "due": found.due, "share": share, "low": found.low, "high": found.high,
            "per_s": found.per_s, "kept": found.kept}  # fmt: skip


def _batches(measured: Sequence[Served]) -> list[Sequence[Served]]:
    """Contiguous tenths, in the order in which requests were due."""
    cuts = [round(len(measured) * n / BATCHES) for n in range(BATCHES + 1)]
    return [measured[low:high] for low, high in pairwise(cuts)]


def _known(measured: Iterable[Served], of: Callable[[Served], float | None]) -> FloatArray:
    return np.array([value for one in measured if one.ok and (value := of(one)) is not None], dtype=float)


def _total(counts: Iterable[int | None]) -> int | None:
    """All together; None where one is not known, or there are none."""
    known = list(counts)
    return sum(n for n in known if n is not None) if known and None not in known else None


def _most_at_once(measured: Sequence[Served]) -> int:
    moments = sorted([(one.sent_s, 1) for one in measured] + [(one.ended_s, -1) for one in measured])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most
