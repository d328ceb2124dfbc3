"""Whether a call's request has left: what was never sent cannot have been billed."""

from __future__ import annotations

from contextvars import ContextVar


class Departure:
    """How far a call's request has got, as the HTTP library tells it."""

    def __init__(self) -> None:
        self.waits = False
        """Whether the request is on its way to a connection and nothing of it has been sent."""

    async def follow(self, event: str, _info: object) -> None:
        """Take an event of the HTTP library's trace."""
        if event.endswith("send_request_headers.started"):
            self.waits = False


DEPARTURE: ContextVar[Departure | None] = ContextVar("DEPARTURE", default=None)
"""Of the call that is under way, where somebody wants to know."""
