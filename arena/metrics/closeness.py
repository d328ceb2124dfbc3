"""Closeness: what the rule-based judge compares by. A match, a choice or a number is right or wrong; a text is near."""

from __future__ import annotations

from collections.abc import Sequence

from arena.metrics.choices import settled
from arena.metrics.exact import normal
from arena.metrics.sacre import chrf_percent


def closeness(answer: Sequence[str], reference: Sequence[str]) -> float:
    """How close an answer is to its reference, in [0, 1]: the mean over the turns that have one. 1 is a match."""
    judged = [(said, right) for said, right in zip(answer, reference, strict=False) if right.strip()]
    missing = sum(bool(right.strip()) for right in reference) - len(judged)
    return sum(turn_closeness(said, right) for said, right in judged) / max(1, len(judged) + missing)


def turn_closeness(said: str, right: str) -> float:
    """Closeness of one turn: 1 for an exact match (white space, case and final dots aside), the same choice letter or
    the same number; otherwise 0 for choices and numbers, and nine tenths of chrF for texts."""
    if normal(said) == normal(right):
        return 1.0
    if (right_or_wrong := settled(said, right)) is not None:
        return float(right_or_wrong)
    return 0.9 * chrf_percent(said, (right,)) / 100


def against_any(said: str, references: Sequence[str], language: str = "en") -> float:
    """Closeness to the nearest of several references."""
    return max((turn_closeness(said, right) for right in references), default=0.0)
