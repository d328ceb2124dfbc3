"""The retry loop on a clock of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from kit.api_calls import FINE, ask
from kit.clocks import ManualTime

from arena.backends.http.endpoint import Endpoint, Patience
from arena.errors import CallError, EndpointDead, Rejected, Throttled, Unauthorized, Unstable
from arena.types import Completion, Request

USUAL = Patience()


class Scripted:
    """A transport that plays what the script returns, and notes when it was called."""

    def __init__(self, time: ManualTime, script: Callable[[int], Completion | CallError], takes_s: float = 0.0) -> None:
        self.time, self.script, self.takes_s = time, script, takes_s
        self.called_at: list[float] = []

    async def __call__(self, request: Request) -> Completion:
        number = len(self.called_at)
        self.called_at.append(self.time.t)
        if self.takes_s:
            await self.time.sleep(self.takes_s)
        answer = self.script(number)
        if isinstance(answer, CallError):
            raise answer
        return answer


def play(
    script: Callable[[int], Completion | CallError],
    calls: int = 1,
    patience: Patience = USUAL,
    takes_s: float = 0.0,
) -> tuple[list[Completion | BaseException], Scripted, Endpoint]:
    time = ManualTime()
    endpoint = Endpoint("judge (url)", patience, clock=time.now, sleep=time.sleep, rng=random.Random(1))
    transport = Scripted(time, script, takes_s)

    async def run() -> list[Completion | BaseException]:
        return await time.run(*(endpoint.call(transport, ask(str(i))) for i in range(calls)))

    return asyncio.run(run()), transport, endpoint


def test_retry_after_holds_back_the_whole_endpoint() -> None:
    found, transport, _ = play(lambda n: Throttled("429", 40.0) if n == 2 else FINE, calls=3)
    assert [f.attempts for f in found] == [1, 1, 2]
    assert 40 <= transport.called_at[3] <= 41


def test_calls_that_come_later_wait_too() -> None:
    time = ManualTime()
    endpoint = Endpoint("judge", Patience(), clock=time.now, sleep=time.sleep)
    transport = Scripted(time, lambda n: Throttled("429: slow down", 40.0) if n == 0 else FINE)

    async def late() -> Completion:
        await time.sleep(10)
        assert (endpoint.waiting_s, endpoint.waiting_for) == (30.0, "429: slow down")
        return await endpoint.call(transport, ask("late"))

    found = asyncio.run(time.run(endpoint.call(transport, ask("first")), late()))
    assert [f.status for f in found] == ["ok", "ok"]
    assert all(moment >= 40 for moment in transport.called_at[1:])
    assert (endpoint.waiting_s, endpoint.waiting_for) == (0.0, "")


def test_a_huge_retry_after_is_cut_to_the_configured_cap() -> None:
    _, transport, _ = play(
        lambda n: Throttled("429", 86400.0) if n == 0 else FINE, patience=Patience(max_retry_after_s=300)
    )
    assert 300 <= transport.called_at[1] <= 301


def test_without_retry_after_the_waits_double() -> None:
    _, transport, _ = play(lambda n: Throttled("503") if n < 4 else FINE)
    waits = [b - a for a, b in zip(transport.called_at, transport.called_at[1:], strict=False)]
    assert [round(w - 0.5) for w in waits] == [1, 2, 4, 8]


def test_a_wave_of_refusals_counts_once() -> None:
    _, transport, _ = play(lambda n: Throttled("429") if n < 64 else FINE, calls=64, takes_s=0.5)
    assert max(transport.called_at) < 3


def test_unstable_calls_are_repeated_twice_and_alone() -> None:
    found, transport, _ = play(lambda n: Unstable("500"))
    assert (found[0].status, found[0].attempts, found[0].maybe_billed, found[0].error) == ("error", 3, True, "500")
    assert len(transport.called_at) == 3


def test_one_success_marks_what_may_have_been_billed() -> None:
    found, _, _ = play(lambda n: Unstable("cut") if n == 0 else FINE)
    assert (found[0].status, found[0].attempts, found[0].maybe_billed) == ("ok", 2, True)


def test_throttling_alone_is_never_billed() -> None:
    found, _, _ = play(lambda n: Throttled("429") if n < 2 else FINE)
    assert (found[0].attempts, found[0].maybe_billed) == (3, False)


def test_nothing_but_refused_connections_ends_after_the_connect_patience() -> None:
    found, transport, _ = play(lambda n: Throttled("refused", refused=True), patience=Patience(connect_s=30))
    assert isinstance(found[0], EndpointDead) and "no connection for" in str(found[0])
    assert 30 <= transport.called_at[-1] <= 37


def test_a_server_that_once_answered_is_waited_for_longer() -> None:
    def script(n: int) -> Completion | CallError:
        return FINE if n == 0 else Throttled("refused", refused=True)

    time = ManualTime()
    endpoint = Endpoint("judge", Patience(connect_s=30, silence_s=600), clock=time.now, sleep=time.sleep)
    transport = Scripted(time, script)

    async def run() -> list[Completion | BaseException]:
        await endpoint.call(transport, ask())
        return await time.run(endpoint.call(transport, ask("later")))

    found = asyncio.run(run())
    assert isinstance(found[0], EndpointDead) and "no success for" in str(found[0])
    assert 600 <= time.t <= 670


def test_silence_is_counted_from_the_first_failure_not_from_the_last_call() -> None:
    time = ManualTime()
    endpoint = Endpoint("judge", Patience(silence_s=600), clock=time.now, sleep=time.sleep)
    transport = Scripted(time, lambda n: Throttled("429") if n == 1 else FINE)

    async def run() -> Completion:
        await endpoint.call(transport, ask())
        time.t += 5000
        return (await time.run(endpoint.call(transport, ask("much later"))))[0]

    assert asyncio.run(run()).status == "ok"


def test_one_call_that_is_always_throttled_gives_up_while_others_succeed() -> None:
    time = ManualTime()
    endpoint = Endpoint("judge", Patience(silence_s=100), clock=time.now, sleep=time.sleep)

    async def transport(request: Request) -> Completion:
        await time.sleep(1)
        if request.key == "cursed":
            raise Throttled("409")
        return FINE

    async def others() -> Completion:
        for i in range(150):
            last = await endpoint.call(transport, ask(str(i)))
        return last

    found = asyncio.run(time.run(endpoint.call(transport, ask("cursed")), others()))
    assert [f.status for f in found] == ["error", "ok"]


def test_a_rejected_request_is_an_answer_of_the_endpoint() -> None:
    found, transport, _ = play(lambda n: Rejected("413: too long", 413))
    assert (found[0].status, found[0].error) == ("bad_request", "413: too long")
    assert len(transport.called_at) == 1


def test_a_dead_endpoint_takes_no_further_call() -> None:
    found, transport, endpoint = play(lambda n: Unauthorized("401: wrong key", 401))
    assert isinstance(found[0], EndpointDead)
    with pytest.raises(EndpointDead, match=r"judge \(url\): 401: wrong key"):
        asyncio.run(endpoint.call(transport, ask("again")))
    assert len(transport.called_at) == 1


def test_a_403_waits_for_the_calls_under_way_before_it_condemns_the_endpoint() -> None:
    def script(n: int) -> Completion | CallError:
        return Unauthorized("403: moderated", 403) if n == 0 else FINE

    time = ManualTime()
    endpoint = Endpoint("judge", Patience(), clock=time.now, sleep=time.sleep)
    quick, slow = Scripted(time, script), Scripted(time, lambda n: FINE, takes_s=20)
    found = asyncio.run(time.run(endpoint.call(slow, ask("a")), endpoint.call(quick, ask("b"))))
    assert [f.status for f in found] == ["ok", "bad_request"]


def test_403_for_everybody_is_a_dead_endpoint() -> None:
    found, _, _ = play(lambda n: Unauthorized("403", 403), calls=8, takes_s=1)
    assert all(isinstance(f, EndpointDead) for f in found)


@pytest.mark.parametrize("status", [401, 402, 407, None])
def test_a_key_that_ends_after_a_success_ends_the_endpoint(status: int | None) -> None:
    found, _, _ = play(lambda n: FINE if n == 0 else Unauthorized("no", status), calls=3)
    assert [getattr(f, "status", "dead") for f in found] == ["ok", "dead", "dead"]


@pytest.mark.parametrize(("status", "expected"), [(403, "bad_request"), (404, "bad_request"), (405, "error")])
def test_what_may_concern_one_request_is_a_record_of_it_after_a_success(status: int, expected: str) -> None:
    found, _, _ = play(lambda n: Unauthorized("no", status) if n == 1 else FINE, calls=3)
    assert [f.status for f in found] == ["ok", expected, "ok"]


def test_a_web_page_in_the_middle_fails_one_request_only() -> None:
    found, _, _ = play(lambda n: Unauthorized("a web page", 200) if n == 1 else FINE, calls=3)
    assert [f.status for f in found] == ["ok", "error", "ok"]


def test_errors_of_ours_are_not_swallowed() -> None:
    async def broken(request: Request) -> Completion:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        asyncio.run(Endpoint("judge", Patience()).call(broken, ask()))
