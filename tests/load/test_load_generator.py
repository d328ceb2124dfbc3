"""Sending against a planted server whose times are known, on a clock that nobody waits for."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from typing import cast

import pytest
from kit.virtual import VirtualLoop, run_virtually

from arena.config.load_test import SloConfig
from arena.load.columns import columns_of
from arena.load.figures import level_figures, sustained
from arena.load.generator import LevelRun
from arena.load.levels import Level
from arena.load.served import Served
from arena.load.watch import Watched, watching

FIRST, GAP, TOKENS, IN_PACKAGE = 0.2, 0.03, 41, 4


async def planted(served: Served) -> None:
    """The first token alone after FIRST, then packages of IN_PACKAGE tokens every GAP."""
    now = asyncio.get_running_loop().time
    served.input_tokens, served.output_tokens = 10, TOKENS
    await asyncio.sleep(FIRST)
    served.times.append(now())
    served.sizes.append(5)
    for _ in range((TOKENS - 1) // IN_PACKAGE):
        await asyncio.sleep(GAP)
        served.times.append(now())
        served.sizes.append(5 * IN_PACKAGE)


def sent(
    level: Level, reply: Callable[[Served], object], stopped: Callable[[], bool] = lambda: False
) -> tuple[list[Served], LevelRun]:
    kept: list[Served] = []

    async def job() -> LevelRun:
        run = LevelRun(level, 0, reply, kept.append, stopped)  # type: ignore[arg-type]
        await run.run(seed=1)
        return run

    return kept, run_virtually(job())


def closed(concurrency: int, requests: int, warmup: int = 0) -> Level:
    return Level(0, "closed", concurrency, requests, None, warmup)


def test_every_figure_of_a_closed_loop_is_the_planted_one() -> None:
    level = closed(4, 40, warmup=4)
    kept, run = sent(level, planted)
    figures = level_figures(level, columns_of(kept), 40, run.watched)
    took = FIRST + GAP * (TOKENS - 1) / IN_PACKAGE
    near = lambda value: pytest.approx(value, rel=1e-6)  # noqa: E731
    middle = {name: cast("dict[str, dict[str, float]]", figures[name])["p50"]["value"]
              for name in ("ttft_s", "tpot_s", "itl_s", "latency_s")}  # fmt: skip
    assert middle == {
        "ttft_s": near(FIRST), "tpot_s": near((took - FIRST) / (TOKENS - 1)), "latency_s": near(took),
        "itl_s": pytest.approx(GAP / IN_PACKAGE, rel=2.2e-4),
    }  # fmt: skip
    assert figures["wall_s"] == near(10 * took)
    assert figures["requests_per_s"] == near(4 / took)
    assert figures["output_tokens_per_s"] == near(4 * TOKENS / took)
    assert figures["total_tokens_per_s"] == near(4 * (TOKENS + 10) / took)
    assert figures["concurrency_reached"] == 4
    assert figures["packages_per_request"] == 1 + (TOKENS - 1) / IN_PACKAGE
    assert (figures["succeeded"], figures["failed"]) == (40, {})
    assert sum(one.warmup for one in kept) == 4


def test_an_open_loop_agrees_with_lindley_request_by_request() -> None:
    place, drawn = asyncio.Lock(), random.Random(3)
    services: dict[int, float] = {}

    async def one_at_a_time(served: Served) -> None:
        async with place:
            services[served.index] = drawn.expovariate(1 / 0.08)
            await asyncio.sleep(services[served.index])

    level = Level(0, "poisson", 10.0, 500, None, 0)
    kept, _ = sent(level, one_at_a_time)
    due, waited, before = list(level.arrivals(1)), 0.0, None
    by_index = {one.index: one for one in kept}
    for index, at in enumerate(due):
        if before is not None:
            waited = max(0.0, waited + services[index - 1] - (at - before))
        before = at
        assert by_index[index].latency_s == pytest.approx(waited + services[index], abs=1e-6)
        assert by_index[index].scheduled_s == pytest.approx(at)


def test_latency_of_an_open_loop_counts_from_when_it_was_due() -> None:
    async def job() -> list[Served]:
        loop = cast("VirtualLoop", asyncio.get_running_loop())

        async def blocks(served: Served) -> None:
            loop.now += 0.5  # nobody else runs meanwhile

        kept: list[Served] = []
        await LevelRun(Level(0, "constant", 10.0, 3, None, 0), 0, blocks, kept.append).run(1)
        return kept

    kept = run_virtually(job())
    assert [round(one.scheduled_s, 3) for one in kept] == [0.0, 0.1, 0.2]
    assert [round(one.sent_s, 3) for one in kept] == [0.0, 0.5, 1.0]
    assert [round(one.latency_s, 3) for one in kept] == [0.5, 0.9, 1.3]


def test_a_starved_generator_is_marked_and_a_healthy_one_is_not() -> None:
    async def job(block: float, cpu: float) -> list[str]:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        with watching(seen := Watched(), lambda: cpu * loop.now):
            for _ in range(100):
                loop.now += block
                await asyncio.sleep(0.05)
        return seen.limits()

    assert run_virtually(job(0.0, 0.3)) == []
    assert run_virtually(job(0.2, 0.3)) != []
    assert any("of a core" in why for why in run_virtually(job(0.0, 0.97)))


def test_failures_end_a_level() -> None:
    async def refuses(served: Served) -> None:
        served.status, served.error = "refused", "cannot connect"

    kept, run = sent(closed(1, 500), refuses)
    assert len(kept) == 10
    assert "first 10 requests failed" in str(run.ended)

    async def mostly_refuses(served: Served) -> None:
        served.status = "ok" if served.index % 5 in (0, 1) else "server error"

    kept, run = sent(closed(1, 500), mostly_refuses)
    assert len(kept) == 100
    assert "60 of 100" in str(run.ended)


@pytest.mark.parametrize("level", [closed(2, 100), Level(0, "constant", 20.0, 100, None, 0)])
def test_what_is_stopped_keeps_what_came_back(level: Level) -> None:
    count = 0

    async def reply(served: Served) -> None:
        nonlocal count
        await asyncio.sleep(0.05)
        count += 1

    kept, run = sent(level, reply, lambda: count >= 7)
    assert 7 <= len(kept) < 12
    assert run.ended is None


@pytest.mark.parametrize(("rate", "keeps_up"), [(5.0, True), (16.0, False)])
def test_a_rate_above_what_is_served_is_not_sustained(rate: float, *, keeps_up: bool) -> None:
    place = asyncio.Lock()

    async def one_at_a_time(_: Served) -> None:
        async with place:
            await asyncio.sleep(0.1)

    kept, _ = sent(Level(0, "poisson", rate, 400, None, 0), one_at_a_time)
    assert sustained(columns_of(kept).measured()) is keeps_up


def test_goodput_counts_failures_and_what_was_never_sent() -> None:
    async def reply(served: Served) -> None:
        await asyncio.sleep(1.0 if served.index % 10 == 0 else 0.1)
        served.status = "timeout" if served.index % 10 == 1 else "ok"
        served.times.append(asyncio.get_running_loop().time())

    level = closed(1, 100)
    kept, run = sent(level, reply)
    slo = SloConfig(latency_s=0.5, share=0.6)
    good = cast("dict[str, float]", level_figures(level, columns_of(kept), 100, run.watched, slo)["goodput"])
    assert (good["good"], good["due"], good["kept"]) == (80, 100, True)
    unsent = cast("dict[str, float]", level_figures(level, columns_of(kept), 200, run.watched, slo)["goodput"])
    assert (unsent["share"], unsent["kept"]) == (0.4, False)


def test_a_duration_ends_a_level() -> None:
    async def reply(_: Served) -> None:
        await asyncio.sleep(0.1)

    kept, _ = sent(Level(0, "closed", 2, None, 1.0, 0), reply)
    assert 20 <= len(kept) <= 22
    kept, _ = sent(Level(0, "constant", 5.0, None, 2.0, 0), reply)
    assert len(kept) == 10


def test_nothing_answered_has_no_first_token_and_a_single_token_no_time_per_token() -> None:
    async def silent(served: Served) -> None:
        served.output_tokens = 0

    level = closed(1, 20)
    kept, run = sent(level, silent)
    figures = level_figures(level, columns_of(kept), 20, run.watched)
    assert cast("dict[str, dict[str, object]]", figures["ttft_s"])["p50"]["value"] is None
    assert figures["without_first_token"] == 20
    one = Served(0, 0, 0, False, 0.0, 0.0, ended_s=1.0, output_tokens=1)
    one.times.append(0.5)
    assert one.tpot_s is None
    assert not math.isnan(one.ttft_s or 0.0)
