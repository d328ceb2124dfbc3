"""What a level came to: figures of the requests that were measured, each with its interval. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from arena.config.base import Price
from arena.config.load_test import SloConfig
from arena.load.intervals import BATCHES, LEVEL, share_high, share_low, too_few
from arena.load.levels import Level
from arena.load.served import Served
from arena.load.spreads import Units, gaps_of, known, lag_of, spread_of, units_of
from arena.load.timeline import timeline
from arena.load.watch import Watched
from arena.money import known_sum
from arena.ratings.intervals.student_t import t_quantile
from arena.types import JSON

GROWTH = 0.05
"""Of the requests that came in a window, the share by which those waiting must grow for a rate to be more than is
served."""
_RISES = 27
"""Of 45 pairs among ten tenths, so many more rises than falls come by chance once in a hundred (Mann and Kendall)."""


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
    sending to the last end, of several runs together; a token count that one reply lacks makes its totals None.
    """
    measured = sorted((one for one in requests if not one.warmup),
                      key=lambda one: (one.repeat, one.scheduled_s, one.index))  # fmt: skip
    good = [one for one in measured if one.ok]
    units = units_of(measured, level.repeats)
    runs = [list(own) for _, own in groupby(measured, key=lambda one: one.repeat)]
    wall = sum(max(one.ended_s for one in own) - min(one.sent_s for one in own) for own in runs)
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
        "concurrency_reached": max(map(_most_at_once, runs), default=0),
        "concurrency_mean": sum(one.ended_s - one.sent_s for one in measured) / wall if wall > 0 else None,
        "requests_per_s": per_s(len(good)),
        "output_tokens_per_s": per_s(out),
        "total_tokens_per_s": per_s(None if out is None or into is None else out + into),
        "input_tokens": into,
        "output_tokens": out,
        "reasoning_tokens": _total(one.reasoning_tokens for one in good),
        "cached_input_tokens": _total(one.cached_tokens for one in good),
        "packages_per_request": sum(one.packages for one in good) / len(good) if good else None,
        "without_first_token": sum(1 for one in good if one.ttft_s is None),
        "not_streamed": sum(1 for one in good if not one.streamed),
    }
    for name, of in spreads.items():
        found[name] = spread_of(units, of, closed=level.closed).line()
    found["itl_s"] = gaps_of(units).line()
    found["send_lag_s"] = None if level.closed else lag_of(measured).line()
    found["sustained"] = None if level.closed else _all_sustained(runs)
    found["goodput"] = None if slo is None else _goodput_line(goodput(level, units, due, slo, wall))
    found["cost_usd"] = cost
    found["usd_per_million_output_tokens"] = None if cost is None or not out else cost / out * 1e6
    found["timeline"] = timeline(measured)
    found["generator"] = watched.line(None if level.closed else [one.sent_s - one.scheduled_s for one in measured])
    return found


def goodput(level: Level, units: Units, due: int, slo: SloConfig, wall: float) -> Goodput:
    """The share of the requests due that met the SLO; failures and what was never sent count against it.

    Bounds are exact ones for independent requests, and over runs or, in an open loop, tenths where these are wider.
    """
    measured = [one for part in units.parts for one in part]
    good = sum(meets(one, slo) for one in measured)
    low: float | None = share_low(good, due) if due else None
    high: float | None = share_high(good, due) if due else None
    if due and (units.runs or not level.closed):
        least = units.least(known(measured, lambda one: one.latency_s))
        if units.few or too_few(units.smallest, None, least):
            low = high = None
        else:
            each = np.array([sum(meets(one, slo) for one in part) / len(part) for part in units.parts])
            half = float(t_quantile(2 * LEVEL - 1, len(each) - 1)) * float(each.std(ddof=1)) / len(each) ** 0.5
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


def _all_sustained(runs: Sequence[Sequence[Served]]) -> bool | None:
    """Of several runs: not sustained where most of those that can tell are not."""
    told = [one for own in runs if (one := sustained(own)) is not None]
    return 2 * sum(told) > len(told) if told else None


def _goodput_line(found: Goodput) -> dict[str, JSON]:
    share = found.good / found.due if found.due else None
    return {"good": found.good, "due": found.due, "share": share, "low": found.low, "high": found.high,
            "per_s": found.per_s, "kept": found.kept}  # fmt: skip


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
