"""Work in flight: a bounded number of workers over a lazy source of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from arena.errors import ArenaError
from arena.types import Backend, Completion, Request

T = TypeVar("T")


async def work(tasks: Iterable[T], do: Callable[[T], Awaitable[None]], width: int) -> None:
    """Do every task, at most `width` at once, drawing from `tasks` only when a worker is free.

    An exception stops the drawing, lets the tasks in flight finish, and is raised then. A cancellation does not wait.
    """
    source = iter(tasks)
    failures: list[BaseException] = []

    async def worker() -> None:
        for task in source:
            try:
                await do(task)
            except ArenaError as error:
                failures.append(error)
            if failures:
                return

    workers = [asyncio.create_task(worker()) for _ in range(max(1, width))]
    try:
        await asyncio.gather(*workers)
    finally:
        for pending in workers:
            pending.cancel()
    if failures:
        raise failures[0]


async def complete(backend: Backend, request: Request) -> Completion:
    """Ask a backend; whatever unforeseen goes wrong becomes a record of this request, not the end of the run."""
    try:
        return await backend.complete(request)
    except ArenaError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place: a failed request is data
        return Completion("error", error=f"{type(error).__name__}: {error}", load=backend.load)
