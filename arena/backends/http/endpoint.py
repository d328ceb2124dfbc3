"""One endpoint, shared by all calls to it: the only retry loop there is, and when to give up.

    call ──▶ wait until not_before ──▶ transport ──▶ Completion
                     ▲                    │ raises a CallError
                     ├── Throttled ───────┤  the whole endpoint waits, then goes on with half as many at once
                     ├── Unstable ────────┤  this call again, at most twice, marked maybe_billed
                     │                    ├─▶ Rejected: a Completion with status bad_request
                     └────────────────────┴─▶ Unauthorized: EndpointDead

Nothing here knows HTTP: a transport raises the classes of `arena.errors`, and any clock and sleep can be given.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from arena.backends.http.window import Window
from arena.errors import CallError, EndpointDead, Rejected, Throttled, Unauthorized, Unstable
from arena.types import Completion, Request

log = logging.getLogger(__name__)

Transport = Callable[[Request], Awaitable[Completion]]

MAX_UNSTABLE_RETRIES = 2
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 60.0
_LONGEST_CONNECT_BACKOFF_S = 5.0
_SPREAD = 0.25
"""Calls that waited together start again spread over this share of their wait, at most this many seconds."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an endpoint is waited for."""

    max_retry_after_s: float = 300.0
    """A longer Retry-After is cut to this."""
    connect_s: float = 30.0
    """Nothing but refused connections for this long from the start: dead."""
    silence_s: float = 600.0
    """No success for this long, counted from the first failure: dead. One call alone gives up after as long."""


class Endpoint:
    """The shared state of one endpoint and the loop that every call to it goes through."""

    def __init__(
        self,
        where: str,
        patience: Patience,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rng: random.Random | None = None,
        concurrency: int | None = None,
    ) -> None:
        self.where = where
        """Name and URL, for messages."""
        self.window = Window(concurrency)
        """How many calls may be under way at once."""
        self.patience = patience
        self.may_have_billed = False
        """Whether any call so far was answered by a model, or may have been: see `CallError.billable`."""
        self._clock = clock
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._not_before = 0.0
        self._waiting_for = ""
        self._throttled_at = 0.0
        self._throttles = 0
        self._failing_since: float | None = None
        self._succeeded = False
        self._only_refused = True
        self._warned = False
        self._dead: str | None = None
        self._in_flight = 0
        self._returned = asyncio.Condition()

    @property
    def waiting_s(self) -> float:
        """Seconds until the endpoint may be called again; 0 when it may be called now."""
        return max(0.0, self._not_before - self._clock())

    @property
    def waiting_for(self) -> str:
        """Why it waits, for the progress line; empty when it does not."""
        return self._waiting_for if self.waiting_s > 0 else ""

    async def call(self, transport: Transport, request: Request, *, costs: bool = True) -> Completion:
        """One completion, retries included. Failures of this request come back as a Completion.

        `costs` is false for what no provider takes money for, whatever becomes of it: looking at a batch.
        Raises EndpointDead when nobody gets in, for this and every later call.
        """
        attempts, broken, throttled_since = 0, 0, None
        while True:
            await self._wait_for_turn()
            attempts += 1
            sent_at = self._clock()
            try:
                completion = await self._count_in_flight(transport, request, costs=costs)
            except Throttled as error:
                now = self._clock()
                throttled_since = now if throttled_since is None else throttled_since
                self._throttle(error, sent_at, now)
                if now - throttled_since < self.patience.silence_s:
                    continue
                return _failed("error", error, attempts, broken)
            except Unstable as error:
                self._fail(error, self._clock())
                broken += 1
                if broken > MAX_UNSTABLE_RETRIES or not error.again:
                    return _failed("error", error, attempts, broken)
                log.info("%s: %s; asking again (%d of %d)", self.where, error, broken, MAX_UNSTABLE_RETRIES)
                await self._sleep(self._spread(_FIRST_BACKOFF_S * 4 ** (broken - 1)))
            except Rejected as error:
                self._alive()
                return _failed("bad_request", error, attempts, broken)
            except Unauthorized as error:
                if await self._concerns_everybody(error):
                    raise self.stop(str(error)) from None
                if error.status_code in (403, 404):
                    return _failed("bad_request", error, attempts, broken)
                return _failed("error", error, attempts, broken)
            else:
                self._succeeded = True
                self._alive()
                self.window.widen()
                latency_s = completion.latency_s
                return replace(
                    completion,
                    attempts=attempts,
                    broken=broken + completion.broken,
                    latency_s=self._clock() - sent_at if latency_s is None else latency_s,
                )

    async def _count_in_flight(self, transport: Transport, request: Request, *, costs: bool) -> Completion:
        self._in_flight += 1
        billable = True
        try:
            return await transport(request)
        except CallError as error:
            billable = error.billable
            raise
        finally:
            self.may_have_billed = self.may_have_billed or (costs and billable)
            self._in_flight -= 1
            async with self._returned:
                self._returned.notify_all()

    async def _wait_for_turn(self) -> None:
        while True:
            if self._dead is not None:
                raise EndpointDead(self._dead)
            wait = self._not_before - self._clock()
            if wait > 0:
                await self._sleep(self._spread(wait))
            elif self._in_flight < self.window.size:
                return
            else:
                async with self._returned:
                    await self._returned.wait_for(lambda: self._dead or self._in_flight < self.window.size)

    def _spread(self, wait: float) -> float:
        return wait + self._rng.uniform(0, min(1.0, _SPREAD * wait))

    def _throttle(self, error: Throttled, sent_at: float, now: float) -> None:
        """Let the whole endpoint wait. Calls that were under way together count as one refusal, not as many."""
        self._only_refused = self._only_refused and error.refused
        self._fail(error, now)
        if self._only_refused and not self._warned:
            self._warned = True
            log.warning("%s: %s; waiting up to %g s for it", self.where, error, self.patience.connect_s)
        if sent_at >= self._throttled_at:
            self._throttles += 1
            self._throttled_at = now
            if not error.refused:
                self.window.narrow(self._in_flight + 1)
        longest = _LONGEST_CONNECT_BACKOFF_S if error.refused else _LONGEST_BACKOFF_S
        wait = min(_FIRST_BACKOFF_S * 2 ** min(self._throttles - 1, 30), longest)
        if error.retry_after_s is not None:
            wait = min(max(error.retry_after_s, 0.0), self.patience.max_retry_after_s)
        if now + wait > self._not_before:
            self._not_before = now + wait
            self._waiting_for = str(error)
            log.info("%s: %s; waiting %.3g s%s", self.where, error, wait, self._narrowed())

    def _narrowed(self) -> str:
        return f", then {self.window.size:.0f} calls at once" if self.window.narrowed else ""

    def _fail(self, error: CallError, now: float) -> None:
        """Note a failure, and give the endpoint up when there has been nothing else for too long.

        A call's own clock starts no earlier than this one: it gives up alone only where others got through since.
        """
        refused = isinstance(error, Throttled) and error.refused
        self._only_refused = self._only_refused and refused
        if self._failing_since is None:
            self._failing_since = now
        silent = now - self._failing_since
        if self._only_refused and silent >= self.patience.connect_s:
            waited = f"no connection for {silent:.0f} s: " if silent >= 0.5 else ""
            raise self.stop(f"{waited}{error}") from None
        if silent >= self.patience.silence_s:
            raise self.stop(f"no success for {silent:.0f} s, lastly: {error}") from None

    def _alive(self) -> None:
        self._only_refused = False
        self._failing_since = None
        self._throttles = 0

    async def _concerns_everybody(self, error: Unauthorized) -> bool:
        """Whether this refusal means the endpoint and not one request.

        403 and 404 also answer single requests (a moderated prompt), which shows once any other call succeeds:
        before the first success those under way are waited for. The same holds for a web page in place of an answer.
        """
        if error.status_code in (401, 402, 407) or error.status_code is None:
            return True
        async with self._returned:
            await self._returned.wait_for(lambda: self._succeeded or self._in_flight == 0)
        return not self._succeeded

    def stop(self, why: str) -> EndpointDead:
        """Take no further call; the error that says so."""
        self._dead = self._dead or f"{self.where}: {why}"
        return EndpointDead(self._dead)


def _failed(status: str, error: CallError, attempts: int, broken: int) -> Completion:
    return Completion(
        status="bad_request" if status == "bad_request" else "error",
        error=str(error),
        attempts=attempts,
        broken=broken,
    )
