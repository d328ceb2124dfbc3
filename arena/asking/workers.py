"""Work in flight: a bounded number of workers over a lazy source of tasks."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from arena.asking.interruption import Interruption
from arena.errors import ArenaError

T = TypeVar("T")

LOOKAHEAD = 32
"""Tasks held back per worker, at most, while the first of their prefix is under way."""


class Taken(NamedTuple, Generic[T]):
    """A task to do now."""

    task: T
    opens: str
    """The prefix whose other tasks wait for this one; empty when none do."""


class Source(Generic[T]):
    """Hands out tasks in order, but lets the first task of each prefix finish before the others of it start.

    Providers cache the common start of prompts only once one call with it is through. A worker that would have to
    wait gets a task further on instead; nothing is held back beyond `most_parked` tasks. The first task of a prefix
    comes first again once as many other prefixes were through since: providers forget too.
    """

    def __init__(self, tasks: Iterable[T], prefix: Callable[[T], str], most_parked: int) -> None:
        self._tasks = iter(tasks)
        self._prefix = prefix
        self._most_parked = most_parked
        self._parked: dict[str, deque[T]] = {}
        self._parked_count = 0
        self._ready: deque[T] = deque()
        self._warm: OrderedDict[str, None] = OrderedDict()

    @property
    def waiting(self) -> bool:
        """Whether tasks may still come that wait for one under way."""
        return bool(self._parked)

    def take(self) -> Taken[T] | None:
        """The next task that may start now; None when there is none (see `waiting`)."""
        if self._ready:
            return Taken(self._ready.popleft(), "")
        while self._parked_count < self._most_parked:
            try:
                task = next(self._tasks)
            except StopIteration:
                return None
            prefix = self._prefix(task)
            if not prefix or prefix in self._warm:
                return Taken(task, "")
            if prefix not in self._parked:
                self._parked[prefix] = deque()
                return Taken(task, prefix)
            self._parked[prefix].append(task)
            self._parked_count += 1
        fullest = max(self._parked.values(), key=len)  # rather without the cache than without work
        self._parked_count -= 1
        return Taken(fullest.popleft(), "")

    def finished(self, prefix: str) -> None:
        """The first task of a prefix is through: its siblings may start."""
        siblings = self._parked.pop(prefix)
        self._parked_count -= len(siblings)
        self._ready.extend(siblings)
        self._warm[prefix] = None
        if len(self._warm) > self._most_parked:
            self._warm.popitem(last=False)


async def work(
    tasks: Iterable[T],
    do: Callable[[T], Awaitable[None]],
    width: int,
    *,
    prefix: Callable[[T], str] = lambda task: "",
    interruption: Interruption | None = None,
) -> None:
    """Do every task, at most `width` at once, drawing from `tasks` only when a worker is free.

    An exception stops the drawing, lets the tasks in flight finish, and is raised then. An interruption stops the
    drawing too. A cancellation does not wait.
    """
    width = max(1, width)
    source = Source(tasks, prefix, LOOKAHEAD * width)
    failures: list[BaseException] = []
    changed = asyncio.Condition()

    async def take() -> Taken[T] | None:
        async with changed:
            while not failures and not (interruption and interruption.asked):
                taken = source.take()
                if taken is not None or not source.waiting:
                    return taken
                await changed.wait()
        return None

    async def worker() -> None:
        while (taken := await take()) is not None:
            try:
                await do(taken.task)
            except ArenaError as error:
                failures.append(error)
            if taken.opens or failures:
                async with changed:
                    if taken.opens:
                        source.finished(taken.opens)
                    changed.notify_all()

    workers = [asyncio.create_task(worker()) for _ in range(width)]
    try:
        await asyncio.gather(*workers)
    finally:
        for pending in workers:
            pending.cancel()
    if failures:
        raise failures[0]
