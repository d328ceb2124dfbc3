"""Calls that are turned down alike: does that concern one request, or everybody?

    turned down ──▶ kept back ──▶ 8 alike (all, if fewer) ──▶ one minimal request
                        │                                        │ gets through: bad requests, stored as such
                        └── any success: bad requests            └ turned down alike: nothing stored, the endpoint stops

A bad key, a used-up limit or a model that is not loaded comes as a 400 at some endpoints. What they call it does not
matter: nobody gets in.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

from arena.errors import EndpointDead
from arena.types import Backend, Completion, Message, Request

ALIKE = 8
_MOST_KEPT = 64
"""Refusals that are all different concern their requests; so many are not kept back."""
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\S*\d\S*|[^\w\s]")
"""What differs between two refusals for the same reason: quotes, numbers, ids; punctuation around them."""
_MINIMAL = Message("user", "Reply with OK.")


class Kept(NamedTuple):
    """A call that was turned down, not stored yet."""

    request: Request
    store: Callable[[], None]


@runtime_checkable
class Stops(Protocol):
    """A backend whose endpoint can be given up."""

    def stop(self, why: str) -> EndpointDead:
        """Take no further call; the error that says so."""


class Refusals:
    """What one backend turned down since it last let anybody in."""

    def __init__(self, backend: Backend, ask: Callable[[Request], Awaitable[Completion]]) -> None:
        self._backend = backend
        self._ask = ask
        self._kept: dict[str, list[Kept]] = {}
        self._single: set[str] = set()
        """Refusals that are known to concern single requests."""
        self._let_in = False
        self._stopped: EndpointDead | None = None
        self._deciding = asyncio.Lock()

    async def take(self, request: Request, completion: Completion, store: Callable[[], None]) -> bool:
        """Store what came back, or keep it back until it is known what it means. Whether it is stored now.

        Raises EndpointDead once everybody is turned down.
        """
        if completion.status != "bad_request" or completion.turns:
            if completion.status != "error":
                self._let_in = True
                self._release()
            store()
            return True
        if not isinstance(self._backend, Stops):
            store()
            return True
        reason = reason_of(completion.error or "")
        async with self._deciding:
            if self._stopped is not None:
                raise self._stopped
            if reason in self._single:
                store()
                return True
            kept = self._kept.setdefault(reason, [])
            kept.append(Kept(request, store))
            if len(kept) >= ALIKE:
                await self._decide(reason, completion.error or "")
            elif sum(map(len, self._kept.values())) >= _MOST_KEPT:
                self._release()
        return False

    async def settle(self) -> None:
        """All is asked: find out about what is still kept back, and store it if it may be. Raises EndpointDead."""
        async with self._deciding:
            if self._stopped is not None:
                raise self._stopped
            if self._kept and not self._let_in:
                reason = max(self._kept, key=lambda reason: len(self._kept[reason]))
                await self._decide(reason, "")
            self._release()

    async def _decide(self, reason: str, error: str) -> None:
        asked = self._kept[reason][0].request
        found = await self._ask(replace(asked, messages=(_MINIMAL,), follow_ups=(), prefix="", exhibit=None))
        alike = found.status == "bad_request" and reason_of(found.error or "") == reason
        if alike and (kept := self._kept.get(reason)):
            assert isinstance(self._backend, Stops)
            self._stopped = self._backend.stop(
                f"{error or found.error} (so said {len(kept)} calls and then a minimal one; none of them is stored:"
                " run again when it is mended)"
            )
            raise self._stopped
        self._let_in = self._let_in or found.status not in ("bad_request", "error")
        self._single.add(reason)
        self._release(reason)

    def _release(self, reason: str | None = None) -> None:
        """Store what is kept back, all of it or what was turned down for one reason."""
        for name in [reason] if reason is not None else list(self._kept):
            for kept in self._kept.pop(name, []):
                kept.store()


def reason_of(error: str) -> str:
    """Status and text of a refusal, without what differs from call to call."""
    status, _, text = error.partition(":")
    return f"{status}: {' '.join(_VARIABLE.sub(' ', text.lower()).split())}"
