"""Workers, and who goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from kit.silent import Silent

from arena.asking.interruption import Interruption
from arena.asking.workers import LOOKAHEAD, Source, work
from arena.errors import DiskFull


def letter(task: str) -> str:
    return task[0]


def test_siblings_wait_for_the_first_of_their_prefix_and_others_do_not() -> None:
    source = Source(["a1", "a2", "b1", "a3", "b2"], letter, 100)
    assert [source.take(), source.take()] == [("a1", "a"), ("b1", "b")]
    assert source.take() is None and source.waiting
    source.finished("a")
    assert [source.take(), source.take()] == [("a2", ""), ("a3", "")]
    source.finished("b")
    assert source.take() == ("b2", "")
    assert source.take() is None and not source.waiting


def test_a_prefix_that_is_through_stays_open() -> None:
    source = Source(["a1", "a2", "a3"], letter, 100)
    source.take()
    source.finished("a")
    assert [source.take(), source.take()] == [("a2", ""), ("a3", "")]


def test_a_prefix_that_was_through_long_ago_comes_first_again() -> None:
    source = Source(["a1", "b1", "a2", "c1", "a3", "a4"], letter, 2)
    for letters in ("a", "b"):
        assert source.take() == (f"{letters}1", letters)
        source.finished(letters)
    assert source.take() == ("a2", "")
    assert source.take() == ("c1", "c")
    source.finished("c")
    assert source.take() == ("a3", "a")
    assert source.take() is None and source.waiting
    source.finished("a")
    assert source.take() == ("a4", "")


def test_tasks_without_a_prefix_never_wait() -> None:
    source = Source(["x", "y", "z"], lambda task: "", 100)
    assert [source.take().task for _ in range(3)] == ["x", "y", "z"]
    assert source.take() is None


def test_no_worker_idles_when_too_many_are_held_back() -> None:
    source = Source([f"a{i}" for i in range(10)], letter, 3)
    assert source.take() == ("a0", "a")
    assert [source.take() for _ in range(3)] == [("a1", ""), ("a2", ""), ("a3", "")]


def run(tasks: object, do: Callable[[int], Awaitable[None]], width: int, **options: object) -> None:
    asyncio.run(work(tasks, do, width, **options))


def test_every_task_is_done_once_whatever_the_prefixes() -> None:
    done: list[int] = []

    async def do(task: int) -> None:
        await asyncio.sleep(0)
        done.append(task)

    run(range(500), do, 16, prefix=lambda task: str(task // 7))
    assert sorted(done) == list(range(500))


def test_tasks_are_drawn_only_when_a_worker_is_free() -> None:
    drawn = finished = most_ahead = 0

    def tasks() -> Iterator[int]:
        nonlocal drawn, most_ahead
        for task in range(1000):
            drawn += 1
            most_ahead = max(most_ahead, drawn - finished)
            yield task

    async def do(task: int) -> None:
        nonlocal finished
        await asyncio.sleep(0)
        finished += 1

    run(tasks(), do, 4)
    assert most_ahead <= 5
    drawn = finished = most_ahead = 0
    run(tasks(), do, 4, prefix=lambda task: "all the same")
    assert most_ahead <= 4 * LOOKAHEAD + 5


def test_an_error_stops_the_drawing_and_lets_the_others_finish() -> None:
    done: list[int] = []

    async def do(task: int) -> None:
        if task == 3:
            raise DiskFull("full")
        await asyncio.sleep(0.01)
        done.append(task)

    with pytest.raises(DiskFull):
        run(range(100), do, 4, prefix=lambda task: "p" if task > 50 else "")
    assert sorted(done) == [0, 1, 2]


def test_an_error_wakes_workers_that_wait_for_a_prefix() -> None:
    async def do(task: int) -> None:
        await asyncio.sleep(0)
        raise DiskFull("full")

    with pytest.raises(DiskFull):
        run([1, 2, 3], do, 3, prefix=lambda task: "p")


def test_an_interruption_lets_the_tasks_in_flight_finish_and_starts_no_more() -> None:
    done: list[int] = []

    async def main() -> None:
        interruption = Interruption(Silent())

        async def do(task: int) -> None:
            if task == 5:
                interruption.asked = True
            await asyncio.sleep(0.001)
            done.append(task)

        await work(range(100), do, 4, interruption=interruption)

    asyncio.run(main())
    assert 5 in done and len(done) <= 9
