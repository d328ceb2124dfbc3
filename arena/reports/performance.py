"""How fast a candidate answered, from its answers: only what was measured while it did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean

from arena.types import JSON, Answer


def performance(answers: Sequence[Answer]) -> dict[str, JSON] | None:
    """Latency, time to first token, throughput and memory of one candidate; None when nothing was measured.

    What tables show of a latency or a time to the first token is its median with the 95th percentile beside it; means
    stand in the file alone. `load` says under what kind of load: numbers of different kinds are not comparable. Mixed
    kinds give `mixed`.
    Throughput is over `busy_s`, the time in which at least one answer was being made: pauses between two runs do not
    count, answers made side by side count once. Without the moments at which answers arrived it is None.
    """
    measured = [answer for answer in answers if answer.latency_s is not None and answer.load != "recorded"]
    latencies = sorted(answer.latency_s for answer in measured if answer.latency_s is not None)
    if not latencies:
        return None
    ttfts = sorted(answer.ttft_s for answer in measured if answer.ttft_s is not None)
    loads = {answer.load for answer in measured}
    peaks = [answer.peak_memory_bytes for answer in measured if answer.peak_memory_bytes]
    output_tokens = _sum([answer.usage.output_tokens for answer in measured])
    busy_s = busy_seconds(measured)
    return {
        "load": loads.pop() if len(loads) == 1 else "mixed",
        "n": len(latencies),
        "ttft_s": fmean(ttfts) if ttfts else None,
        "ttft_p50_s": _quantile(ttfts, 0.5) if ttfts else None,
        "ttft_p95_s": _quantile(ttfts, 0.95) if ttfts else None,
        "latency_s": fmean(latencies),
        "latency_p50_s": _quantile(latencies, 0.5),
        "latency_p95_s": _quantile(latencies, 0.95),
        "latency_p99_s": _quantile(latencies, 0.99),
        "input_tokens": _sum([answer.usage.input_tokens for answer in measured]),
        "output_tokens": output_tokens,
        "output_tokens_per_s": output_tokens / busy_s if busy_s and output_tokens is not None else None,
        "requests_per_s": len(measured) / busy_s if busy_s else None,
        "busy_s": busy_s,
        "peak_memory_bytes": max(peaks) if peaks else None,
    }


def busy_seconds(answers: Sequence[Answer]) -> float | None:
    """Length of the union of the answers' intervals, each from its latency before its arrival until its arrival.

    None as soon as one answer does not say when it arrived or how long it took.
    """
    intervals = []
    for answer in answers:
        if answer.created_at is None or answer.latency_s is None:
            return None
        try:
            end = datetime.fromisoformat(answer.created_at).timestamp()
        except ValueError:  # a recording may write its moments as it likes
            return None
        intervals.append((end - answer.latency_s, end))
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total or None


def _sum(counts: Sequence[int | None]) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
