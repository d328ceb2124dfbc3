"""Latency, throughput and memory of a candidate, from its answers."""

from __future__ import annotations

import pytest

from arena.reports.performance import busy_seconds, performance
from arena.types import Answer, Load, Usage


def _answer(
    second: float | None, latency_s: float | None, *, tokens: int | None = 10, load: Load = "offline-batch"
) -> Answer:
    at = None if second is None else f"2026-01-01T00:00:{second:06.3f}Z"
    usage = Usage(5, tokens)
    return Answer(
        "q", "m", 0, ("x",), "ok", "k", usage=usage, ttft_s=0.5, latency_s=latency_s, load=load, created_at=at,
        peak_memory_bytes=100,
    )  # fmt: skip


def test_answers_made_side_by_side_share_their_time() -> None:
    answers = [_answer(10, 4), _answer(10, 4), _answer(12, 4)]  # 6–10, 6–10, 8–12
    assert busy_seconds(answers) == pytest.approx(6)
    found = performance(answers)
    assert found is not None
    assert found["output_tokens_per_s"] == pytest.approx(5)
    assert found["requests_per_s"] == pytest.approx(0.5)
    assert (found["input_tokens"], found["output_tokens"]) == (15, 30)


def test_a_pause_between_two_runs_does_not_count() -> None:
    assert busy_seconds([_answer(10, 2), _answer(50, 3)]) == pytest.approx(5)


def test_the_order_of_the_lines_does_not_matter() -> None:
    answers = [_answer(10, 4), _answer(9, 1), _answer(30, 2)]
    assert performance(answers) == performance(answers[::-1])


def test_quantiles_are_interpolated() -> None:
    found = performance([_answer(50, float(i)) for i in range(1, 6)])
    assert found is not None
    assert (found["latency_s"], found["latency_p50_s"]) == (3.0, 3.0)
    assert found["latency_p95_s"] == pytest.approx(4.8)
    assert found["latency_p99_s"] == pytest.approx(4.96)
    assert found["ttft_s"] == 0.5
    assert found["peak_memory_bytes"] == 100


def test_recordings_and_unmeasured_answers_are_left_out() -> None:
    assert performance([]) is None
    assert performance([_answer(1, None)]) is None
    assert performance([_answer(1, 1, load="recorded")]) is None


def test_kinds_of_load_are_not_mixed_silently() -> None:
    found = performance([_answer(1, 1, load="api"), _answer(2, 1)])
    assert found is not None
    assert found["load"] == "mixed"


def test_without_arrival_times_there_is_no_throughput_rather_than_a_wrong_one() -> None:
    found = performance([_answer(None, 1), _answer(3, 1)])
    assert found is not None
    assert found["output_tokens_per_s"] is None
    assert found["latency_s"] == 1


def test_unknown_token_counts_stay_unknown() -> None:
    found = performance([_answer(1, 1, tokens=None)])
    assert found is not None
    assert found["output_tokens"] is None
    assert found["output_tokens_per_s"] is None
