"""Who won: the words for it, and P(model_a wins)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from arena.types import Winner

Choice = Literal["model_a", "model_b", "tie", "both_bad", "skip"]
"""What a person may say of two answers."""
OUTCOMES: Mapping[Choice, float] = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "both_bad": 0.5}
"""P(model_a wins); a skip says nothing."""
WORDS: Mapping[str, Choice] = {
    "model_a": "model_a", "a": "model_a", "model_b": "model_b", "b": "model_b", "tie": "tie", "both_bad": "both_bad",
    "bothbad": "both_bad", "tie (bothbad)": "both_bad", "tie (inconsistent)": "tie", "skip": "skip", "none": "skip",
    "null": "skip",
}  # fmt: skip
"""What files write, ours and those of other tools. Files of votes may use every word, in any case."""
BATTLE_OUTCOMES: Mapping[str, float] = {
    word: OUTCOMES[WORDS[word]] for word in ("model_a", "model_b", "tie", "tie (bothbad)")
}
"""The words that files of battles may use, to the letter; there "a" or "skip" may be a model's name."""


def winner_of(outcome: float) -> Winner:
    """Who won: model_a above ½, model_b below, a tie at ½."""
    if outcome == 0.5:
        return "tie"
    return "model_a" if outcome > 0.5 else "model_b"
