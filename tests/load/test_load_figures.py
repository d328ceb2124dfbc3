"""Moments, packages and intervals, without anything being sent."""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from arena.backends.anthropic import wire as anthropic
from arena.backends.http.reading import Foldable
from arena.backends.openai import responses
from arena.backends.openai import wire as chat
from arena.config.load_test import LoadTestConfig
from arena.errors import DataError
from arena.load.columns import columns_of
from arena.load.compare import changes
from arena.load.figures import level_figures
from arena.load.gaps import coded, sample_of
from arena.load.intervals import (
    by_batches,
    by_order,
    correlation_length,
    least_in_a_batch,
    mean_over_runs,
    order_ranks,
    percentile_over_runs,
    share_low,
)
from arena.load.levels import Level, levels_of, read_trace
from arena.load.packages import Packages
from arena.load.sample import Sample
from arena.load.served import Served, served_of
from arena.load.spreads import spread_of, units_of
from arena.load.timeline import MOST_STEPS, timeline
from arena.load.watch import Watched


def test_moments_of_a_poisson_process() -> None:
    level = Level(0, "poisson", 50.0, 20_000, None, 0)
    moments = list(level.arrivals(7))
    gaps = np.diff(moments)
    assert gaps.mean() == pytest.approx(1 / 50, rel=0.03)
    assert gaps.std() == pytest.approx(1 / 50, rel=0.04)
    assert statistics.correlation(gaps[:-1].tolist(), gaps[1:].tolist()) == pytest.approx(0.0, abs=0.03)
    assert moments == list(level.arrivals(7))
    assert moments != list(level.arrivals(8))


def test_moments_of_a_constant_rate_do_not_drift() -> None:
    moments = list(Level(0, "constant", 3.0, 3_000, None, 0).arrivals(0))
    assert moments[-1] == 2_999 / 3


def test_a_level_has_a_hundred_requests_or_ten_for_each_at_once() -> None:
    assert [(one.value, one.requests, one.warmup) for one in levels_of(LoadTestConfig())] == [
        (1, 100, 1), (4, 100, 4), (16, 160, 16), (64, 640, 64),
    ]  # fmt: skip


def test_a_trace_is_read_as_moments_after_its_first(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('10.0\n\n{"timestamp": 10.5}\n{"at_s": 12}\n', encoding="utf-8")
    assert read_trace(file) == (0.0, 0.5, 2.0)


@pytest.mark.parametrize(
    ("text", "where"), [("1\nnull\n2\n", ":2:"), ("1\n{}\n", ":2:"), ("3\n1\n", ":2:"), ("", "no")]
)
def test_a_trace_with_holes_is_refused(tmp_path: Path, text: str, where: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=where):
        read_trace(file)


def test_the_99th_percentile_needs_368_requests_for_both_ends() -> None:
    assert order_ranks(368, 0.99)[1] == 368
    assert order_ranks(367, 0.99)[1] is None
    assert order_ranks(5, 0.5) == (None, None)
    assert order_ranks(100, 0.5) == (40, 61)  # Conover, Practical Nonparametric Statistics, section 3.2


@pytest.mark.parametrize(("n", "q"), [(50, 0.5), (200, 0.9), (500, 0.99)])
def test_order_statistics_cover(n: int, q: float) -> None:
    rng = np.random.default_rng(0)
    true, hits, rounds = -np.log(1 - q), 0, 1_000
    for _ in range(rounds):
        found = by_order(Sample.of(rng.exponential(size=n)), q)
        hits += found.low is not None and found.low <= true and (found.high is None or true <= found.high)
    assert hits / rounds >= 0.94 - 0.02


def mean(values: Sample) -> float:
    return values.mean


def samples(parts: np.ndarray) -> tuple[Sample, list[Sample]]:
    return Sample.of(parts.ravel()), [Sample.of(part) for part in parts]


def test_batches_give_an_interval_only_where_each_says_something() -> None:
    rng = np.random.default_rng(1)
    drawn = lambda n: samples(rng.normal(size=(10, n)))  # noqa: E731
    assert by_batches(*drawn(10), mean, None).low is None
    assert by_batches(*drawn(50), mean, 0.99).low is None
    found = by_batches(*drawn(50), mean, None)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.2
    assert found.high > -0.2


def waits(n: int, load: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Times in a queue with one place (Lindley), arrivals and services exponential."""
    rng = np.random.default_rng(seed)
    arrivals, services = rng.exponential(1 / load, n), rng.exponential(1.0, n)
    out, waited = np.empty(n), 0.0
    for i in range(n):
        waited = max(0.0, waited + services[i - 1] - arrivals[i]) if i else 0.0
        out[i] = waited + services[i]
    return out


@pytest.mark.slow
def test_a_queue_needs_more_requests_the_fuller_it_is() -> None:
    assert correlation_length(np.random.default_rng(2).normal(size=5_000)) == pytest.approx(1.0, abs=0.2)
    half = [correlation_length(waits(20_000, 0.5, seed)) for seed in range(5)]
    assert np.mean(half) == pytest.approx(10.6, rel=0.35)  # of the waits alone 9.7 (Whitt 1989, Management Science 35)
    assert least_in_a_batch(waits(500, 0.8, 0)) > 50  # ten batches of 50 are refused
    assert least_in_a_batch(waits(20_000, 0.5, 0)) < 2_000


def test_batches_of_a_queue_cover_where_they_are_given() -> None:
    true, hits, given = 1 / (1 - 0.5), 0, 0
    for seed in range(150):
        values = waits(2_000, 0.5, seed)
        found = by_batches(*samples(values.reshape(10, -1)), mean, None, least_in_a_batch(values))
        given += found.low is not None
        hits += found.low is not None and found.high is not None and found.low <= true <= found.high
    assert given >= 100
    assert hits / given >= 0.95 - 3 * (0.95 * 0.05 / given) ** 0.5


def test_a_share_of_all_requests_is_bounded_exactly() -> None:
    assert share_low(299, 299) >= 0.99 > share_low(298, 298)
    assert share_low(0, 10) == 0.0


EVENTS: dict[str, tuple[Foldable, list[Mapping[str, object]], int]] = {
    "chat": (
        chat.StreamedBody(),
        [
            {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
            {"choices": [{"delta": {"reasoning_content": "so"}}]},
            {"choices": [{"delta": {"content": "four tokens in one"}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}}]},
            {"choices": [{"delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"completion_tokens": 7}},
        ],
        4,
    ),
    "completions": (chat.StreamedBody(), [{"choices": [{"text": "a"}]}, {"choices": [{"text": ""}]}], 1),
    "anthropic": (
        anthropic.StreamedBody(),
        [
            {"type": "message_start", "message": {"id": "m"}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "yes"}},
            {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f"}},
            {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        ],
        4,
    ),
    "responses": (
        responses.StreamedResponse(),
        [
            {"type": "response.created", "response": {}},
            {"type": "response.output_text.delta", "delta": "yes"},
            {"type": "response.function_call_arguments.delta", "delta": "{}"},
        ],
        2,
    ),
}


@pytest.mark.parametrize("api", EVENTS)
def test_packages_are_the_events_that_bring_text_reasoning_or_tool_calls(api: str) -> None:
    inner, events, packages = EVENTS[api]
    served = Served(0, 0, 0, False, 0.0, 0.0)
    clock = iter(range(100))
    folded = Packages(inner, served, lambda: float(next(clock)))
    for event in events:
        folded.add(event)
    assert len(served.times) == packages


def request(times: list[float], sizes: list[float], tokens: int | None) -> Served:
    return Served(0, 0, 3, False, 0.0, 0.1, 9.0, times=array("d", times), sizes=array("d", sizes), output_tokens=tokens)


def test_a_gap_is_shared_by_the_tokens_of_the_later_package() -> None:
    assert request([1.0, 2.0, 4.0], [1, 1, 1], 3).gaps() == [1.0, 2.0]
    assert request([1.0, 2.0, 4.0], [5, 5, 20], 6).gaps() == [1.0, 0.5]
    assert request([1.0, 2.0], [1, 1], None).gaps() == []
    counted = request([1.0, 2.0], [9, 1], 5)
    counted.counted = array("d", [1, 4])
    assert counted.gaps() == [0.25]


def test_a_request_is_read_as_it_was_written() -> None:
    one = request([1.0, 2.5], [3, 4], 7)
    assert served_of(one.line()) == one


def run(p50: float, low: float, high: float) -> dict[str, object]:
    row = {"arrival": "closed", "value": 4, "titled": "4 at once", "requests_per_s": 2.0,
           "ttft_s": {"p50": {"value": p50, "low": low, "high": high}}}  # fmt: skip
    return {"run": "r", "models": {"m": {"levels": [row]}}}


def test_two_runs_differ_where_the_interval_of_the_difference_says_so() -> None:
    first, second = changes(run(1.0, 0.9, 1.1), run(1.5, 1.4, 1.6))  # type: ignore[arg-type]
    assert (first.figure, first.differs) == ("ttft_s.p50", True)
    assert first.low == pytest.approx(0.5 - 0.1 * 2**0.5)
    assert (second.figure, second.differs) == ("requests_per_s", None)
    assert changes(run(1.0, 0.5, 1.5), run(1.2, 0.8, 1.6))[0].differs is False  # type: ignore[arg-type]
    other = run(1.0, 0.9, 1.1) | {"models": {}}
    with pytest.raises(DataError, match="in common"):
        changes(other, run(1.0, 0.9, 1.1))  # type: ignore[arg-type]


@pytest.mark.slow
def test_intervals_over_runs_of_a_queue_cover() -> None:
    rng, rounds, runs, n, load = np.random.default_rng(2), 300, 8, 100, 0.8

    def queue(many: int) -> np.ndarray:
        gaps, services = rng.exponential(1 / load, (many, n)), rng.exponential(1.0, (many, n))
        waited, found = np.zeros(many), np.empty((many, n))
        for at in range(n):
            if at:
                waited = np.maximum(0.0, waited + services[:, at - 1] - gaps[:, at])
            found[:, at] = waited + services[:, at]
        return found

    long = queue(10_000)
    true, high = float(long.mean()), float(np.quantile(long, 0.9))
    hits = {"mean": 0, "p90": 0}
    for _ in range(rounds):
        drawn = samples(queue(runs))
        middle, p90 = mean_over_runs(*drawn), percentile_over_runs(*drawn, 0.9)
        assert middle.low is not None and middle.high is not None and p90.low is not None
        hits["mean"] += middle.low <= true <= middle.high
        hits["p90"] += p90.low <= high and (p90.high is None or high <= p90.high)
    assert hits["mean"] / rounds >= 0.88  # t alone: .87
    assert hits["p90"] / rounds >= 0.90  # the runs' own percentiles: .81


def test_too_few_runs_give_no_interval_and_say_so() -> None:
    served = [Served(0, 0, n, False, 0.0, 0.0, 1.0 + n % 7, repeat=n // 50) for n in range(200)]
    measured = columns_of(served).measured()
    found = spread_of(measured, units_of(measured, 4), "latency_s", closed=False)
    assert found.mean.low is None and found.without == "too few runs for an interval: 5 are needed"


def test_a_timeline_counts_everybody_once_and_runs_after_one_another() -> None:
    served = [Served(0, 0, n, False, n / 10, n / 10, n / 10 + 0.25, repeat=run) for run in (0, 1) for n in range(100)]
    steps = timeline(columns_of(served).measured())
    assert len(steps) <= MOST_STEPS + 1
    assert sum(step["ended"] for step in steps) == 200
    width = steps[1]["at_s"] - steps[0]["at_s"]
    assert sum(step["under_way"] for step in steps) * width == pytest.approx(200 * 0.25)
    assert [step["at_s"] for step in steps] == sorted(step["at_s"] for step in steps)


def test_a_sample_has_the_percentiles_and_the_mean_of_its_values() -> None:
    values = np.round(np.random.default_rng(4).exponential(size=102), 1)
    ordered, distinct = np.sort(values), np.unique(values, return_counts=True)
    for found in (Sample.of(values), Sample(distinct[0], np.cumsum(distinct[1]))):
        assert len(found) == 102
        assert [found.at(rank) for rank in (1, 50, 102)] == [ordered[0], ordered[49], ordered[101]]
        assert [found.percentile(q) for q in (0.5, 0.99, 1.0)] == [ordered[50], ordered[100], ordered[101]]
        assert (found.mean, found.variance) == (pytest.approx(values.mean()), pytest.approx(values.var(ddof=1)))
        assert found.share(float(ordered[70])) == (values <= ordered[70]).mean()
        assert found.share(-1.0) == 0.0


def test_gaps_are_kept_to_a_fiftieth_of_a_percent() -> None:
    rng = np.random.default_rng(5)
    gaps = np.concatenate([10 ** rng.uniform(-7, 4, 5_000), [0.0, 0.0, 1e9]])
    found = sample_of(np.frombuffer(coded(gaps), dtype=np.uint16))
    assert len(found) == len(gaps)
    assert [found.at(1), found.at(2)] == [0.0, 0.0]
    ranks = np.array([found.at(rank) for rank in range(3, len(gaps))])
    assert np.abs(ranks / np.sort(gaps)[2:-1] - 1).max() < 2.2e-4
    assert len(sample_of(np.frombuffer(coded([]), dtype=np.uint16))) == 0


def test_figures_of_columns_are_those_of_the_requests() -> None:
    rng = np.random.default_rng(4)
    served = []
    for n in rng.permutation(60).tolist():
        times = array("d", np.cumsum(rng.exponential(0.05, n % 7)) + n)
        served.append(Served(0, 0, n, False, n, n + 0.1, n + 1.0 + n / 7, "ok" if n % 9 else "broken", times=times,
                             sizes=array("d", [3.0] * len(times)), output_tokens=2 * len(times), input_tokens=5,
                             cost_usd=0.25))  # fmt: skip
    found = level_figures(Level(0, "closed", 4, 60, None, 0), columns_of(served), 60, Watched())
    good = [one for one in served if one.ok]
    gaps = sorted(gap for one in good for gap in one.gaps())
    of = {name: sorted(value for one in good if (value := getattr(one, name)) is not None)
          for name in ("ttft_s", "tpot_s", "latency_s")}  # fmt: skip
    for name, values in of.items():
        assert found[name]["n"] == len(values)
        assert found[name]["mean"]["value"] == pytest.approx(statistics.fmean(values))
        assert found[name]["p90"]["value"] == values[-(-9 * len(values) // 10) - 1]
    assert found["itl_s"]["n"] == len(gaps)
    assert found["itl_s"]["p50"]["value"] == pytest.approx(gaps[-(-len(gaps) // 2) - 1], rel=2.2e-4)
    assert found["itl_s"]["mean"]["value"] == pytest.approx(statistics.fmean(gaps), rel=2.2e-4)
    assert (found["failed"], found["cost_usd"]) == ({"broken": 7}, 0.25 * 53)
    assert found["without_first_token"] == sum(not one.times for one in good)
    assert found["wall_s"] == pytest.approx(60 + 59 / 7 - 0.1)
    at_once = [sum(one.sent_s <= at.sent_s < one.ended_s for one in served) for at in served]
    assert found["concurrency_reached"] == max(at_once)


def test_a_number_of_tokens_that_nobody_can_count_breaks_nothing() -> None:
    one = Served(0, 0, 0, False, 0.0, 0.0, 1.0, times=array("d", [0.5]), sizes=array("d", [1.0]), output_tokens=10**30)
    found = level_figures(Level(0, "closed", 1, 1, None, 0), columns_of([one]), 1, Watched())
    assert found["output_tokens"] == 10**30


def test_throughputs_have_an_interval_over_runs_and_so_has_their_change() -> None:
    def told(per_s: float, runs: int) -> dict[str, object]:
        served = [Served(0, 0, 20 * r + n, False, n / per_s, n / per_s, (n + 1 + r / 10) / per_s, output_tokens=3,
                         repeat=r) for r in range(runs) for n in range(20)]  # fmt: skip
        level = Level(0, "closed", 1, 20, None, 0, repeats=runs)
        head = {"arrival": "closed", "value": 1, "titled": "1 at once"}
        row = head | level_figures(level, columns_of(served), 20 * runs, Watched())
        return {"run": "r", "models": {"m": {"levels": [row]}}}

    def changed(runs: int) -> dict[str, bool | None]:
        found = changes(told(5.0, runs), told(6.0, runs))  # type: ignore[arg-type]
        return {one.figure: one.differs for one in found if one.figure.endswith("_per_s")}

    assert changed(6) == {"requests_per_s": True, "output_tokens_per_s": True}
    assert changed(4) == {"requests_per_s": None, "output_tokens_per_s": None}
    rates = told(5.0, 4)["models"]["m"]["levels"][0]["throughput_intervals"]  # type: ignore[index]
    assert rates == {"without_interval": "too few runs for an interval: 5 are needed"}
