"""Whether a call's request has left: what was never sent cannot have been billed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


class Departure:
    """How far a call's request has got, as the HTTP library tells it."""

    def __init__(self) -> None:
        self.waits = False
        """Whether the request is on its way to a connection and nothing of it has been sent."""
        self._extensions: dict[str, Any] = {}

    def begin(self, request: httpx2.Request) -> None:
        """The request is handed to the HTTP library, which may be asked to tell what becomes of it."""
        self.waits = True
        self._extensions = request.extensions
        self._extensions["trace"] = self._follow

    def left(self) -> None:
        """Something of it is being sent. Nothing more need be told: each further event would cost every call."""
        self.waits = False
        self._extensions.pop("trace", None)

    async def _follow(self, event: str, _info: object) -> None:
        if event.endswith("send_request_headers.started"):
            self.left()


DEPARTURE: ContextVar[Departure | None] = ContextVar("DEPARTURE", default=None)
"""Of the call that is under way, where somebody wants to know."""
