"""What a reward model gives: a bare number for an answer, shown as the end of its conversation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from arena.formats.base import Format, Kind, Outcome, expect_score
from arena.formats.text import Unparsed
from arena.types import ParsedScore, TokenLogprobs


@dataclass(frozen=True)
class Reward(Format):
    """A number without bounds, of the model's own scale. Nobody is told anything, so there is nothing to repair."""

    name: ClassVar[str] = "reward"
    kind: ClassVar[Kind] = "single"
    conversation: ClassVar[bool] = True

    def instructions(self, nonce: str | None) -> str:
        """None: no word of ours is shown."""
        return ""

    def parse(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> Outcome | Unparsed:
        """The number; anything else says nothing."""
        try:
            score = float(text)
        except ValueError:
            return Unparsed("no number")
        return ParsedScore(score) if math.isfinite(score) else Unparsed("no finite number")

    def write(self, outcome: Outcome, nonce: str | None, explanation: str = "") -> str:
        """The number as it reads back."""
        return repr(expect_score(outcome).score)

    def explanation(self, text: str, nonce: str | None) -> str | None:
        """There is none."""
        return None

    def repair(self, nonce: str | None) -> str:
        """Nothing can be asked again."""
        return ""
