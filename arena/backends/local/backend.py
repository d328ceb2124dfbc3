"""The backend of local candidates and judges: one engine process, started when first needed, ended with `close`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from arena.backends.local.process import CHILD, EngineDied, EngineProcess, EngineRefused
from arena.backends.local.spec import EngineSpec
from arena.config.base import Price
from arena.errors import EndpointDead
from arena.money import cost_usd
from arena.types import Completion, Load, Request

MAX_DEATHS = 3
"""An engine that dies this often without answering anything in between is not started again."""

logger = logging.getLogger(__name__)


class LocalBackend:
    """vLLM or transformers in a process of its own, or replicas of it on a Ray cluster.

    When the engine dies, what it was working on is asked once more of a new one; what dies twice becomes a completion
    with status `error`, which the next run asks again.
    """

    load: Load = "offline-batch"

    def __init__(
        self,
        spec: EngineSpec,
        command: Sequence[str] = CHILD,
        *,
        price: Price | None = None,
        gpu_hour_price: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.spec = spec
        self._price = price
        self._gpu_hour_price = gpu_hour_price
        self._clock = clock
        self._paid_until = clock()
        self._command = command
        self.concurrency = spec.concurrency * spec.replicas
        self.notes: list[str] = []
        """What the user should know about this engine, each thing once."""
        self._process: EngineProcess | None = None
        self._dead: list[EngineProcess] = []
        self._starting = asyncio.Lock()
        self._deaths = 0
        self._hopeless: str | None = None

    async def complete(self, request: Request) -> Completion:
        """Generate for one request. Raises EndpointDead when the engine cannot start or keeps dying."""
        slim = replace(request, exhibit=None, schema=request.narrow_schema or request.schema, narrow_schema=None)
        died = ""
        for attempt in (1, 2):
            process = await self._running()
            try:
                completion = await process.ask(slim)
            except EngineDied as error:
                died = str(error)
                self._bury(process, died)
                continue
            self._deaths = 0
            return replace(completion, attempts=attempt, cost_usd=self._cost(completion))
        return Completion("error", error=f"the engine died twice on it: {died}", load=self.load, attempts=2)

    async def close(self) -> None:
        """End the engine and give its memory back."""
        if self._process is not None:
            self._dead.append(self._process)
            self._process = None
        await self._clear_away()

    async def _running(self) -> EngineProcess:
        async with self._starting:
            if self._hopeless is not None:
                raise EndpointDead(self._hopeless)
            if self._process is None:
                await self._start()
            assert self._process is not None
            return self._process

    async def _start(self) -> None:
        while self._process is None:
            await self._clear_away()
            process = self._process = EngineProcess(self.spec, self._note, self._command)
            try:
                await process.ready()
            except EngineRefused as error:
                self._hopeless = self._message(str(error))
            except EngineDied as error:
                self._bury(process, str(error))
            if self._hopeless is not None:
                raise EndpointDead(self._hopeless)
            self._paid_until = self._clock()

    async def _clear_away(self) -> None:
        """Wait until the memory of engines that are gone is free again."""
        while self._dead:
            await self._dead.pop().close()

    def _bury(self, process: EngineProcess, why: str) -> None:
        """Count a death once, however many requests hear of it."""
        if self._process is not process:
            return
        self._process = None
        self._dead.append(process)
        self._deaths += 1
        logger.warning("%s: %s", self.spec.name or self.spec.model, why)
        if self._deaths >= MAX_DEATHS:
            self._hopeless = self._message(f"the engine died {self._deaths} times without an answer: {why}")

    def _cost(self, completion: Completion) -> float | None:
        """USD of one answer: tokens times price; or the GPU time since the answer before it, so that all answers
        together cost what the GPUs cost from the loaded engine to the last answer."""
        if self._gpu_hour_price is None:
            return cost_usd(completion.usage, self._price)
        since, self._paid_until = self._paid_until, self._clock()
        return (self._paid_until - since) / 3600 * self._gpu_hour_price * self.spec.gpus

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            logger.warning("%s: %s", self.spec.name or self.spec.model, text)

    def _message(self, text: str) -> str:
        return f"{self.spec.name}: {text}" if self.spec.name else text
