"""What a running stage tells the outside: the command line draws it, run.json keeps it."""

from __future__ import annotations

from typing import Protocol

from arena.types import Completion


class Progress(Protocol):
    """Hears what happens. Everything is called from one thread."""

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        """A candidate's answers or a judge's reviews start; `done` of `total` are stored already. `recorded`: the
        others are read from a file, and nobody is asked. Called again where more than was known is to be done."""

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        """One more answer or reply came back and is stored. `again`: a call beyond the plan for a reply that is counted
        already (a repair, a longer second try), or for none; it costs, and is not counted."""

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None:
        """The endpoint asked for patience: nothing is sent for so long. Repeated while it lasts."""

    def note(self, message: str) -> None:
        """Something a person should know."""
