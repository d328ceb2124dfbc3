"""What a level came to: figures of the requests that were measured, each with its interval. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arena.config.load_test import SloConfig
from arena.load.columns import BoolArray, Columns, Measured
from arena.load.intervals import BATCHES, LEVEL, over_runs, share_high, share_low, too_few
from arena.load.levels import Level
from arena.load.spreads import Units, few_runs, gaps_of, lag_of, spread_of, units_of
from arena.load.timeline import timeline
from arena.load.watch import Watched
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
    level: Level, columns: Columns, expected: int | None, watched: Watched, slo: SloConfig | None = None
) -> dict[str, JSON]:
    """The summary of a level from its requests: what stands in load.json.

    `expected`: how many were due; None where the level had a duration. Throughputs are over the time from the first
    sending to the last end, of several runs together; a token count that one reply lacks makes its totals None.
    """
    measured = columns.measured()
    units = units_of(measured, level.repeats)
    runs = measured.runs()
    succeeded = int(measured.ok.sum())
    wall = sum(own.wall_s for own in runs)
    due = len(measured) if expected is None else expected
    per_s: Callable[[float | None], JSON] = lambda count: None if count is None or wall <= 0 else count / wall  # noqa: E731
    out, into, cost = columns.total("output_tokens"), columns.total("input_tokens"), columns.cost_usd
    found: dict[str, JSON] = {
        "expected": due,
        "succeeded": succeeded,
        "failed": dict(sorted(columns.failed.items())),
        "wall_s": wall,
        "concurrency_reached": max(map(_most_at_once, runs), default=0),
        "concurrency_mean": float((measured.ended_s - measured.sent_s).sum()) / wall if wall > 0 else None,
        "requests_per_s": per_s(succeeded),
        "output_tokens_per_s": per_s(out),
        "total_tokens_per_s": per_s(None if out is None or into is None else out + into),
        "throughput_intervals": _rates(
            runs,
            {
                "requests_per_s": [int(own.ok.sum()) for own in runs],
                "output_tokens_per_s": None if out is None else [own.output_tokens for own in runs],
            },
        ),
        "input_tokens": into,
        "output_tokens": out,
        "reasoning_tokens": columns.total("reasoning_tokens"),
        "cached_input_tokens": columns.total("cached_tokens"),
        "packages_per_request": columns.packages / succeeded if succeeded else None,
        "without_first_token": columns.without_first_token,
        "not_streamed": columns.not_streamed,
        "ttft_s": spread_of(measured, units, "ttft_s", closed=level.closed).line(),
        "tpot_s": spread_of(measured, units, "tpot_s", closed=level.closed).line(),
        "latency_s": spread_of(measured, units, "latency_s", closed=level.closed).line(),
        "itl_s": gaps_of(measured, units).line(),
    }
    found["send_lag_s"] = None if level.closed else lag_of(measured).line()
    found["sustained"] = None if level.closed else _all_sustained(runs)
    found["goodput"] = None if slo is None else _goodput_line(goodput(level, measured, units, due, slo, wall))
    found["cost_usd"] = cost
    found["usd_per_million_output_tokens"] = None if cost is None or not out else cost / out * 1e6
    found["timeline"] = timeline(measured)
    found["generator"] = watched.line(None if level.closed else measured.lag_s)
    return found


def _rates(runs: Sequence[Measured], counts: Mapping[str, Sequence[int] | None]) -> dict[str, JSON]:
    """The intervals of throughputs, from those of the runs: requests of one run share its time, so one run has none."""
    why = few_runs([len(own) for own in runs])
    found: dict[str, JSON] = {"without_interval": why}
    for name, each in counts.items():
        if why is None and each is not None and all(own.wall_s > 0 for own in runs):
            value = sum(each) / sum(own.wall_s for own in runs)
            _, low, high = over_runs(value, np.array([n / own.wall_s for n, own in zip(each, runs, strict=True)]))
            found[name] = {"low": low, "high": high}
    return found


def goodput(level: Level, measured: Measured, units: Units, due: int, slo: SloConfig, wall: float) -> Goodput:
    """The share of the requests due that met the SLO; failures and what was never sent count against it.

    Bounds are exact ones for independent requests, and over runs or, in an open loop, tenths where these are wider.
    """
    good = int(meets(measured, slo).sum())
    low: float | None = share_low(good, due) if due else None
    high: float | None = share_high(good, due) if due else None
    if due and (units.runs or not level.closed):
        least = units.least(measured.of("latency_s"))
        if units.few or too_few(units.smallest, None, least):
            low = high = None
        else:
            each = np.array([meets(part, slo).mean() for part in units.parts])
            half = float(t_quantile(2 * LEVEL - 1, len(each) - 1)) * float(each.std(ddof=1)) / len(each) ** 0.5
            low, high = min(low or 0.0, good / due - half), max(high or 0.0, good / due + half)
    kept = None
    if low is not None and high is not None:
        kept = True if low >= slo.share else False if high < slo.share else None
    return Goodput(good, due, low, high, good / wall if wall > 0 else 0.0, kept)


def meets(measured: Measured, slo: SloConfig) -> BoolArray:
    """Which requests met every part of the SLO. A time that one has none of is kept (a single token has no time per
    token), but no first token is no good answer where one is wanted."""
    good = measured.ok.copy()
    if slo.ttft_s is not None:
        good &= measured.ttft_s <= slo.ttft_s
    if slo.latency_s is not None:
        good &= measured.latency_s <= slo.latency_s
    if slo.tpot_s is not None:
        good &= ~(measured.tpot_s > slo.tpot_s)
    return good


def sustained(measured: Measured) -> bool | None:
    """False where the requests that wait or are served grow over the window; None for too few requests to say.

    Counted at each tenth of the time in which requests were due: growing is a trend by Mann and Kendall, and an
    increase by more than GROWTH of all that came.
    """
    if len(measured) < 10 * BATCHES:
        return None
    came, went = measured.scheduled_s, np.sort(measured.ended_s)
    at = np.linspace(came[0], came[-1], 20 * BATCHES + 1)[1:]
    inside = np.searchsorted(came, at, side="right") - np.searchsorted(went, at, side="right")
    tenths = inside.reshape(BATCHES, -1).mean(axis=1)
    rises = int(sum(np.sign(tenths[j] - tenths[i]) for i in range(BATCHES) for j in range(i + 1, BATCHES)))
    return not (rises >= _RISES and tenths[-1] - tenths[0] > GROWTH * len(measured))


def _all_sustained(runs: Sequence[Measured]) -> bool | None:
    """Of several runs: not sustained where most of those that can tell are not."""
    told = [one for own in runs if (one := sustained(own)) is not None]
    return 2 * sum(told) > len(told) if told else None


def _goodput_line(found: Goodput) -> dict[str, JSON]:
    share = found.good / found.due if found.due else None
    return {"good": found.good, "due": found.due, "share": share, "low": found.low, "high": found.high,
            "per_s": found.per_s, "kept": found.kept}  # fmt: skip


def _most_at_once(measured: Measured) -> int:
    sent = np.sort(measured.sent_s)
    ended = np.searchsorted(np.sort(measured.ended_s), sent, side="right")  # what ends makes room for what is sent then
    return int((np.arange(1, len(sent) + 1) - ended).max())
