"""Concurrency that adapts: within the cap, by what the endpoint says."""

from __future__ import annotations

import asyncio
import random

from kit.api_calls import FINE, ask
from kit.clocks import ManualTime

from arena.backends.http.endpoint import Endpoint, Patience
from arena.backends.http.window import Window
from arena.errors import Throttled
from arena.types import Completion, Request


def test_it_starts_at_the_cap_and_never_passes_it() -> None:
    window = Window(8)
    for _ in range(100):
        window.widen()
    assert (window.size, window.narrowed) == (8, False)


def test_a_refused_connection_says_nothing_about_how_many_calls_are_too_many() -> None:
    time = ManualTime()
    endpoint = Endpoint("judge", Patience(), clock=time.now, sleep=time.sleep, concurrency=8)
    sizes = []

    async def transport(request: Request) -> Completion:
        sizes.append(endpoint.window.size)
        if len(sizes) <= 2:
            raise Throttled("429" if len(sizes) == 2 else "refused", refused=len(sizes) == 1)
        return FINE

    asyncio.run(time.run(endpoint.call(transport, ask())))
    assert sizes[:2] == [8, 8] and sizes[2] < 8


def test_patience_halves_what_was_under_way_down_to_one() -> None:
    window = Window(16)
    window.narrow(16)
    assert window.size == 8
    window.narrow(3)
    assert window.size == 1
    window.narrow(1)
    assert window.size == 1


def test_a_whole_window_of_successes_makes_room_for_one_more() -> None:
    window = Window(16)
    window.narrow(8)
    assert window.size == 4
    for _ in range(5):
        window.widen()
    assert window.size == 5
    for _ in range(1000):
        window.widen()
    assert window.size == 16


def test_without_a_cap_nothing_is_held_back() -> None:
    window = Window()
    window.narrow(4)
    assert window.size == float("inf")
    assert not window.narrowed


class Capacity:
    """A server that takes `room` calls at once and answers the others with 429."""

    def __init__(self, time: ManualTime, room: int) -> None:
        self.time, self.room = time, room
        self.now = self.most = self.turned_down = self.served = 0

    async def __call__(self, request: Request) -> Completion:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.time.sleep(1.0)
            if self.now > self.room:
                self.turned_down += 1
                raise Throttled("429: slow down", 1.0)
            self.served += 1
            return FINE
        finally:
            self.now -= 1


def serve(room: int, concurrency: int | None, calls: int = 200) -> tuple[Capacity, Endpoint]:
    time = ManualTime()
    endpoint = Endpoint(
        "judge", Patience(), clock=time.now, sleep=time.sleep, rng=random.Random(1), concurrency=concurrency
    )
    server = Capacity(time, room)

    async def run() -> None:
        done = await time.run(*(endpoint.call(server, ask(str(i))) for i in range(calls)))
        assert all(isinstance(one, Completion) and one.status == "ok" for one in done)

    asyncio.run(run())
    return server, endpoint


def test_an_endpoint_that_keeps_up_is_used_at_the_cap() -> None:
    server, _ = serve(room=1000, concurrency=16)
    assert (server.most, server.turned_down) == (16, 0)


def test_a_narrow_endpoint_turns_down_far_fewer_calls_than_without_adapting() -> None:
    adaptive, endpoint = serve(room=6, concurrency=32)
    stubborn, _ = serve(room=6, concurrency=None)
    assert adaptive.served == stubborn.served == 200
    assert adaptive.turned_down < stubborn.turned_down / 4
    assert 1 <= endpoint.window.size < 32
