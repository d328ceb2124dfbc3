"""The search for the largest rate that keeps the SLO: where it looks, how it ends, and that it can be gone on with."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from kit.virtual import run_virtually

from arena.config.load_test import SloConfig
from arena.load.columns import columns_of
from arena.load.figures import level_figures
from arena.load.generator import LevelRun
from arena.load.levels import Level
from arena.load.limit import MOST_LEVELS, NARROW, Verdict, bracket_of, counted, next_level, next_rate
from arena.load.served import Served
from arena.types import JSON


def searched(says: Callable[[float, int], Verdict], start: float = 1.0) -> list[tuple[float, Verdict]]:
    tried: list[tuple[float, Verdict]] = []
    while (rate := next_rate(tried, start)) is not None:
        tried.append((rate, says(rate, sum(other == rate for other, _ in tried))))
    return tried


@pytest.mark.parametrize("capacity", [0.02, 0.9, 7.3, 1_000.0])
def test_a_sharp_limit_ends_in_a_narrow_bracket_run_twice(capacity: float) -> None:
    tried = searched(lambda rate, _: "kept" if rate <= capacity else "missed")
    found = bracket_of(tried)
    assert found.kept is not None and found.missed is not None
    assert found.kept <= capacity < found.missed <= NARROW * found.kept
    assert found.confirmed and found.between == ()
    assert [n for n in found.runs.values() if n > 1] == [2, 2]


def test_rates_of_which_nothing_is_shown_stay_between_the_ends() -> None:
    tried = searched(lambda rate, _: "kept" if rate <= 8 else "missed" if rate > 11 else "open")
    found = bracket_of(tried)
    assert found.kept is not None and found.missed is not None
    assert 8 / NARROW < found.kept <= 8 and 11 < found.missed < 11 * NARROW
    assert found.between and all(8 < rate <= 11 for rate in found.between)
    assert found.confirmed


def test_an_end_that_its_second_run_denies_is_an_end_no_more() -> None:
    tried = searched(lambda rate, again: "kept" if rate <= 6 and not (rate > 5.5 and again) else "missed")
    found = bracket_of(tried)
    assert found.kept is not None and found.kept <= 5.5
    assert found.runs[found.kept] == 2


def test_what_this_machine_cannot_send_bounds_nothing() -> None:
    found = bracket_of(searched(lambda rate, _: "kept" if rate <= 100 else "limited"))
    assert found.limited and found.missed is None and not found.confirmed
    assert found.kept is not None and found.runs[found.kept] == 2


def test_it_ends_where_nothing_is_kept_or_nothing_missed() -> None:
    assert bracket_of(searched(lambda rate, _: "missed")).kept is None
    assert len(searched(lambda rate, _: "kept")) == MOST_LEVELS


def row(value: float, **changed: JSON) -> dict[str, JSON]:
    return {"value": value, "complete": True, "ended": None, "sustained": True, "goodput": {"kept": True},
            "generator": {"limited": False}} | changed  # fmt: skip


def test_what_is_not_sustained_or_ended_by_failures_is_missed() -> None:
    assert counted([row(1), row(2, sustained=False), row(2, complete=False, ended="failures")]) == [
        (1, "kept"), (2, "missed"), (2, "missed"),
    ]  # fmt: skip
    assert counted([row(1, complete=False, ended="failures")]) == []
    assert counted([row(1), row(2, complete=False)]) == [(1, "kept")]  # interrupted: sent again


@pytest.mark.slow
def test_a_queue_with_one_place_is_found_near_its_capacity() -> None:
    """Services of 50 ms: 20 a second. A latency of 0.4 s is kept by 9 in 10 up to 14.2 a second."""
    first = Level(0, "poisson", 4.0, 1_000, None, 1)
    slo, rows = SloConfig(latency_s=0.4, share=0.9), []  # type: ignore[call-arg]

    def send(level: Level) -> dict[str, JSON]:
        kept: list[Served] = []

        async def job() -> LevelRun:
            place, drawn = asyncio.Lock(), random.Random(level.number)

            async def one_at_a_time(served: Served) -> None:
                async with place:
                    await asyncio.sleep(drawn.expovariate(20))

            run = LevelRun(level, 0, one_at_a_time, kept.append)
            await run.run(seed=1)
            return run

        run = run_virtually(job())
        run.watched.cpu_s = 0.0  # the clock is no real one
        figures = level_figures(level, columns_of(kept), level.requests, run.watched, slo)
        return {"value": level.value, "complete": True, "ended": None} | figures

    while (level := next_level(rows, first)) is not None:
        rows.append(send(level))
    found = bracket_of(counted(rows))
    assert found.kept is not None and found.missed is not None
    assert 8 <= found.kept < found.missed <= 25
    assert found.kept <= 20 - 2.303 / 0.4 <= found.missed  # M/M/1: P(latency > t) = exp(-(20 - rate) t)
    moments = [list(Level(0, "poisson", 5.0, 9, None, 0, again=n).arrivals(1)) for n in (0, 1)]
    assert moments[0] != moments[1]
