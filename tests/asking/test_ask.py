"""Several backends asked at once: who waits for whom, and which error ends the run."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from kit.silent import Silent

from arena.asking.ask import Asking, Job, ask_all
from arena.asking.budget import Budget
from arena.asking.control import Control
from arena.asking.interruption import Interruption
from arena.config.base import Price
from arena.errors import BudgetReached, DiskFull, EndpointDead, RunStopped
from arena.types import Completion, Message, Request, Sampling, Usage


def control(limit_usd: float | None = None) -> Control:
    return Control(Budget(limit_usd), Interruption(Silent()))


class Diary:
    """Jobs that note when they begin and end, and fail as told."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def job(self, name: str, error: RunStopped | None = None, *, alone: bool = False) -> Job:
        async def ask() -> None:
            self.entries.append(f"+{name}")
            await asyncio.sleep(0)
            self.entries.append(f"-{name}")
            if error is not None:
                raise error

        return Job(ask, alone)


def test_engines_wait_for_each_other_and_endpoints_do_not() -> None:
    diary = Diary()
    jobs = [diary.job("engine-1", alone=True), diary.job("a"), diary.job("engine-2", alone=True), diary.job("b")]
    asyncio.run(ask_all(jobs, Silent(), control()))
    assert sorted(diary.entries[:3]) == ["+a", "+b", "+engine-1"]
    assert diary.entries.index("-engine-1") < diary.entries.index("+engine-2")


def test_an_endpoint_that_gives_up_stops_nobody_and_weighs_least() -> None:
    diary = Diary()
    jobs = [
        diary.job("dead", EndpointDead("gone"), alone=True),
        diary.job("next", alone=True),
        diary.job("full", DiskFull("no room")),
    ]
    with pytest.raises(DiskFull, match="no room"):
        asyncio.run(ask_all(jobs, Silent(), control()))
    assert {"-next", "-full"} <= set(diary.entries)


def test_what_one_server_says_to_several_entries_is_told_once() -> None:
    class Heard(Silent):
        notes: ClassVar[list[str]] = []

        def note(self, message: str) -> None:
            self.notes.append(message)

    diary, heard = Diary(), Heard()
    said = {"a": "no connection for 30 s: refused", "b": "no connection for 34 s: refused", "c": "401: no such key"}
    jobs = [diary.job(name, EndpointDead(f"answers_gen.{name} (http://x/v1): {why}")) for name, why in said.items()]
    with pytest.raises(EndpointDead):
        asyncio.run(ask_all(jobs, heard, control()))
    assert heard.notes == [
        "answers_gen.a (http://x/v1): no connection for 30 s: refused",
        "answers_gen.c (http://x/v1): 401: no such key",
        "the same happened to answers_gen.b",
    ]


def test_any_other_stop_ends_the_jobs_that_wait_for_it() -> None:
    diary = Diary()
    jobs = [diary.job("full", DiskFull("no room"), alone=True), diary.job("next", alone=True), diary.job("free")]
    with pytest.raises(DiskFull):
        asyncio.run(ask_all(jobs, Silent(), control()))
    assert "+next" not in diary.entries and "-free" in diary.entries


def test_nothing_begins_once_the_run_is_asked_to_stop() -> None:
    diary, stopping = Diary(), control()
    stopping.interruption.asked = True
    asyncio.run(ask_all([diary.job("a"), diary.job("b", alone=True)], Silent(), stopping))
    assert diary.entries == []


class Backend:
    """Answers with the question's number, and breaks on the second."""

    load = "api"
    concurrency = 2

    async def complete(self, request: Request) -> Completion:
        if request.question_id == "2":
            raise ValueError("broken")
        return Completion("ok", (f"answer {request.question_id}",), usage=Usage(1000, 10), cost_usd=1.0)

    async def close(self) -> None:
        """Nothing is open."""


def ask_three(limit_usd: float | None) -> dict[str, str]:
    asking = Asking(Backend(), "tests", "m", Price(input=1.0, output=1.0), Silent(), control(limit_usd))
    kept: dict[str, str] = {}

    async def do(number: str) -> None:
        request = Request(number, number, (Message("user", "?"),), sampling=Sampling(max_tokens=10))
        completion = await asking.complete(request)
        kept[number] = completion.status
        asking.stored(completion, completion.cost_usd)

    asyncio.run(asking.each(["1", "2", "3"], do))
    return kept


def test_what_breaks_unforeseen_is_a_record_and_the_others_go_on() -> None:
    assert ask_three(None) == {"1": "ok", "2": "error", "3": "ok"}


def test_the_budget_stops_the_asking() -> None:
    with pytest.raises(BudgetReached):
        ask_three(1e-9)
