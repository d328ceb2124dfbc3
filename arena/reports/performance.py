"""How fast a candidate answered, from its answers: only what was measured while it did."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from arena.types import JSON, Answer


def performance(answers: Sequence[Answer]) -> dict[str, JSON] | None:
    """Latency, time to first token and tokens of one candidate; None when nothing was measured.

    `load` says under what kind of load: numbers of different kinds are not comparable. Mixed kinds give `mixed`.
    """
    measured = [answer for answer in answers if answer.latency_s is not None and answer.load != "recorded"]
    latencies = sorted(answer.latency_s for answer in measured if answer.latency_s is not None)
    if not latencies:
        return None
    ttfts = [answer.ttft_s for answer in measured if answer.ttft_s is not None]
    tokens = [answer.usage.output_tokens for answer in measured if answer.usage.output_tokens is not None]
    busy = sum(answer.latency_s or 0.0 for answer in measured if answer.usage.output_tokens is not None)
    loads = {answer.load for answer in measured}
    peaks = [answer.peak_memory_bytes for answer in measured if answer.peak_memory_bytes]
    return {
        "load": loads.pop() if len(loads) == 1 else "mixed",
        "n": len(latencies),
        "ttft_s": fmean(ttfts) if ttfts else None,
        "latency_s": fmean(latencies),
        "latency_p50_s": _quantile(latencies, 0.5),
        "latency_p95_s": _quantile(latencies, 0.95),
        "latency_p99_s": _quantile(latencies, 0.99),
        "output_tokens": sum(tokens) if tokens else None,
        "output_tokens_per_s": sum(tokens) / busy if tokens and busy > 0 else None,
        "peak_memory_bytes": max(peaks) if peaks else None,
    }


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
