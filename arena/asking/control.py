"""What limits the asking of one invocation, and its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from arena.asking.budget import Budget
from arena.asking.interruption import Interruption
from arena.config.kinds import BackendConfig


def now() -> str:
    return datetime.now(UTC).isoformat("T", "milliseconds").replace("+00:00", "Z")


class Rooms:
    """Servers that several entries name: each lets in as many calls at once, from all of them together, as the smallest
    of their limits."""

    def __init__(self, entries: Iterable[BackendConfig] = ()) -> None:
        limits: dict[str, list[int]] = {}
        for entry in entries:
            if (room := entry.shared_room) is not None:
                limits.setdefault(room.server, []).append(room.limit)
        self._rooms = {server: asyncio.Semaphore(min(found)) for server, found in limits.items() if len(found) > 1}

    def of(self, entry: BackendConfig) -> AbstractAsyncContextManager[object]:
        """The room to be in while calling."""
        room = entry.shared_room
        return (room and self._rooms.get(room.server)) or nullcontext()


@dataclass
class Spending:
    """Whether this invocation spent anything."""

    possible: bool = False
    """Whether a model worked for it, or may have. Nothing was spent where this is false."""


@dataclass(frozen=True, slots=True)
class Control:
    """What limits the asking of one invocation."""

    budget: Budget
    interruption: Interruption
    rooms: Rooms = field(default_factory=Rooms)
    spending: Spending = field(default_factory=Spending)
