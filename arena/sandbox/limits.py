"""What a program may use, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Ending = Literal["passed", "failed", "no_end", "timeout", "output"]
"""passed: it ran to its end. failed: it ended with an error. no_end: it ended by itself before its end was reached
(`os._exit(0)`, `SystemExit`). timeout, output: it was stopped at that limit."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one program. A sandbox enforces each; none of them is a hint."""

    time_s: float = 10.0
    """Seconds by the clock, starting the interpreter included."""
    memory_bytes: int = 512 << 20
    """Address space of one process; the program's processes together may hold `processes` times as much."""
    processes: int = 8
    """Processes and threads at one time."""
    disk_bytes: int = 32 << 20
    """All that may lie in its private /tmp, which is gone afterwards."""
    output_bytes: int = 256 << 10
    """What it may print, both streams together."""


class Outcome(NamedTuple):
    """What became of one program."""

    ending: Ending
    message: str
    """The last line it wrote about an error, as it wrote it (a text of a stranger), at most 300 characters; or ""."""

    @property
    def passed(self) -> bool:
        """Whether the program ran to its very end: all its assertions held."""
        return self.ending == "passed"
