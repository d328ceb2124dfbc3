"""Any requests to any backends, within a budget, until somebody interrupts. What is asked, and what comes of it, is the
caller's.

    ask_all(jobs) ──▶ Asking(backend).each(tasks, do) ──▶ do(task): complete, keep(store it), stored
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from arena.asking.budget import call_bound_usd
from arena.asking.control import Control
from arena.asking.progress import Progress
from arena.asking.refusals import Refusals
from arena.asking.workers import work
from arena.config.base import Price
from arena.errors import ArenaError, EndpointDead, RunStopped
from arena.redact import redact
from arena.types import Backend, Completion, Request

T = TypeVar("T")
WATCH_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of one backend. `ask` opens and closes it."""

    ask: Callable[[], Awaitable[None]]
    one_at_a_time: bool
    """Whether it needs the machine: such jobs wait for each other, all others run side by side."""


async def ask_all(jobs: Sequence[Job], progress: Progress, control: Control) -> None:
    """Do every job. One whose endpoint gives up does not stop the others; any other stop ends those that wait for it.

    Raises the error that should end the run, once all is done; an endpoint that gave up weighs least. What one endpoint
    says to several entries is told once, and at the end of whom else.
    """
    told: dict[str, list[str]] = {}

    async def one_after_another(queue: Iterable[Job]) -> list[RunStopped]:
        failures: list[RunStopped] = []
        for job in queue:
            if control.interruption.asked or any(not isinstance(error, EndpointDead) for error in failures):
                break
            try:
                await job.ask()
            except RunStopped as error:
                failures.append(error)
                if isinstance(error, EndpointDead):
                    who, _, said = str(error).partition(" (")  # entry (address): why
                    alike = told.setdefault(re.sub(r"\d+ s\b", "", said or who), [])
                    alike.append(who)
                    if len(alike) == 1:
                        progress.note(str(error))
        return failures

    queues = [[job for job in jobs if job.one_at_a_time], *([job] for job in jobs if not job.one_at_a_time)]
    found = await asyncio.gather(*(one_after_another(queue) for queue in queues))
    for _, *others in told.values():
        if others:
            progress.note(f"the same happened to {', '.join(others)}")
    errors = [error for failures in found for error in failures]
    for error in sorted(errors, key=lambda error: isinstance(error, EndpointDead)):
        raise error


@asynccontextmanager
async def opened(backend: Backend, control: Control) -> AsyncIterator[Backend]:
    """A backend that is closed at the end; whether it may have billed anything by then is noted."""
    try:
        yield backend
    finally:
        control.spending.possible |= isinstance(backend, Bills) and backend.may_have_billed
        await backend.close()


@dataclass(slots=True)
class Asking:
    """One open backend at work. What it is called in the progress are its stage and name."""

    backend: Backend
    stage: str
    name: str
    price: Price | None
    progress: Progress
    control: Control
    room: AbstractAsyncContextManager[object] = field(default_factory=nullcontext)
    """What a call has to be in: the room of a server that other entries call too."""
    refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        self.refusals = Refusals(self.backend, self._ask_minimal)

    async def each(
        self,
        tasks: Iterable[T],
        do: Callable[[T], Awaitable[None]],
        prefix: Callable[[T], str] = lambda task: "",
    ) -> None:
        """Do every task, as many at once as the backend takes, the first of each prefix before its others."""
        async with self._watched():
            await work(tasks, do, self.backend.concurrency, prefix=prefix, interruption=self.control.interruption)
            await self.settle()

    async def complete(self, request: Request) -> Completion:
        """Ask within the budget. Raises BudgetReached and EndpointDead."""
        async with self.room, self.control.budget.reserve(call_bound_usd(request, self.price)) as expense:
            expense.completion = await self._complete(request)
            return expense.completion

    async def keep(self, request: Request, completion: Completion, store: Callable[[], None]) -> bool:
        """Store what came back; what was turned down is kept back until it is known whether everybody is.

        Whether it is stored now. Raises EndpointDead when everybody is turned down.
        """
        return await self.refusals.take(request, completion, store)

    async def settle(self) -> None:
        """Nothing more is asked: decide about what is kept back. After an interruption it is left to the next run."""
        if not self.control.interruption.asked:
            await self.refusals.settle()

    async def _ask_minimal(self, request: Request) -> Completion:
        """Ask something that is no part of the board, within the budget, and count it."""
        completion = await self.complete(request)
        self.stored(completion, completion.cost_usd, again=True)
        return completion

    def stored(self, completion: Completion, cost_usd: float | None, *, again: bool = False) -> None:
        """Tell the progress that what came back is kept; `again` as `Progress.advance` has it."""
        self.progress.advance(self.stage, self.name, completion, cost_usd, again=again)

    async def _complete(self, request: Request) -> Completion:
        """Whatever unforeseen goes wrong becomes a record of this request, not the end of the run."""
        try:
            return await self.backend.complete(request)
        except ArenaError:
            raise
        except Exception as error:  # noqa: BLE001 - the one place: a failed request is data
            return Completion("error", error=redact(f"{type(error).__name__}: {error}"), load=self.backend.load)

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """While this lasts, the progress hears whenever the backend has to wait."""

        async def watch() -> None:
            while isinstance(self.backend, Waits):
                await asyncio.sleep(WATCH_EVERY_S)
                if (seconds := self.backend.waiting_s) > 0:
                    self.progress.waiting(self.stage, self.name, seconds, self.backend.waiting_for)

        watcher = asyncio.create_task(watch())
        try:
            yield
        finally:
            watcher.cancel()


@runtime_checkable
class Bills(Protocol):
    """A backend whose calls can cost something even where nothing comes of them."""

    @property
    def may_have_billed(self) -> bool:
        """Whether any call so far was answered by a model, or may have been."""


@runtime_checkable
class Waits(Protocol):
    """A backend that is sometimes told to wait."""

    @property
    def waiting_s(self) -> float:
        """Seconds until it may go on; 0 when it may."""

    @property
    def waiting_for(self) -> str:
        """Why it waits."""
