"""A listener for runs that nobody watches."""

from __future__ import annotations

from arena.types import Completion


class Silent:
    """Says nothing."""

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        """Ignored."""

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        """Ignored."""

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None:
        """Ignored."""

    def note(self, message: str) -> None:
        """Ignored."""
