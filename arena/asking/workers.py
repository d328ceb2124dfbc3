"""Work in flight: a bounded number of workers over a lazy source of tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from arena.asking.budget import Budget, call_bound_usd
from arena.asking.interruption import Interruption
from arena.asking.progress import Progress
from arena.config.base import Price
from arena.errors import ArenaError, EndpointDead, RunStopped
from arena.redact import redact
from arena.types import Backend, Completion, Request

T = TypeVar("T")

LOOKAHEAD = 32
"""Tasks held back per worker, at most, while the first of their prefix is under way."""
WATCH_EVERY_S = 0.5


class Taken(NamedTuple, Generic[T]):
    """A task to do now."""

    task: T
    opens: str
    """The prefix whose other tasks wait for this one; empty when none do."""


class Source(Generic[T]):
    """Hands out tasks in order, but lets the first task of each prefix finish before the others of it start.

    Providers cache the common start of prompts only once one call with it is through. A worker that would have to
    wait gets a task further on instead; nothing is held back beyond `most_parked` tasks.
    """

    def __init__(self, tasks: Iterable[T], prefix: Callable[[T], str], most_parked: int) -> None:
        self._tasks = iter(tasks)
        self._prefix = prefix
        self._most_parked = most_parked
        self._parked: dict[str, deque[T]] = {}
        self._parked_count = 0
        self._ready: deque[T] = deque()
        self._warm: set[str] = set()

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
        self._warm.add(prefix)


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


async def complete(backend: Backend, request: Request, budget: Budget, price: Price | None) -> Completion:
    """Ask a backend within the budget. Raises BudgetReached and EndpointDead."""
    async with budget.reserve(call_bound_usd(request, price)) as expense:
        expense.completion = await _complete(backend, request)
        return expense.completion


async def _complete(backend: Backend, request: Request) -> Completion:
    """Ask a backend; whatever unforeseen goes wrong becomes a record of this request, not the end of the run."""
    try:
        return await backend.complete(request)
    except ArenaError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place: a failed request is data
        return Completion("error", error=redact(f"{type(error).__name__}: {error}"), load=backend.load)


@runtime_checkable
class Waits(Protocol):
    """A backend that is sometimes told to wait."""

    @property
    def waiting_s(self) -> float:
        """Seconds until it may go on; 0 when it may."""

    @property
    def waiting_for(self) -> str:
        """Why it waits."""


@asynccontextmanager
async def watching(backend: Backend, stage: str, name: str, progress: Progress) -> AsyncIterator[None]:
    """While this lasts, the progress hears whenever the backend has to wait."""

    async def watch() -> None:
        while isinstance(backend, Waits):
            await asyncio.sleep(WATCH_EVERY_S)
            if (seconds := backend.waiting_s) > 0:
                progress.waiting(stage, name, seconds, backend.waiting_for)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()


def raise_first(queues: Iterable[Iterable[RunStopped]]) -> None:
    """Raise the error that should end the run, if there is one: an endpoint that gave up weighs least."""
    errors = [error for queue in queues for error in queue]
    for error in sorted(errors, key=lambda error: isinstance(error, EndpointDead)):
        raise error
