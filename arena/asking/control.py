"""What limits the asking of one invocation, and its clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from arena.asking.budget import Budget
from arena.asking.interruption import Interruption


def now() -> str:
    return datetime.now(UTC).isoformat("T", "milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Control:
    """What limits the asking of one invocation."""

    budget: Budget
    interruption: Interruption
