"""What a metric comes to: a number, perhaps with the numbers it is made of, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from arena.sandbox import SandboxKind

Reason = Literal["not_applicable", "timed_out"]


class NoNumber(Exception):
    """A metric says nothing of this text: it is left out and counted, never 0."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Number:
    """A number, and what it is made of."""

    value: float
    criteria: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tools:
    """What metrics may need beside the texts."""

    encoder: Path | None = None
    """A folder with a model that makes vectors of texts."""
    layer: int | None = None
    """Of it, the one whose vectors BERTScore compares; None: the last."""
    sandbox: SandboxKind = "bwrap"
    """In what code that a model wrote is run."""


NO_TOOLS = Tools()
