"""Battles by scores: a reward model rates each answer by itself, and the higher score wins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from arena.judging.combine import verdict_of
from arena.judging.judge import Case, Resolved
from arena.types import Label, ParsedScore, Verdict


def verdict_by_scores(
    cases: Sequence[Case], found: Sequence[Resolved | None], answer_sample: int, temperature: float | None
) -> Verdict:
    """The verdict on model_a's and model_b's answers from what each came to; no order was shown, so none is known.

    Equal scores are a tie. With a temperature the verdict is the probability σ((score_a − score_b) / temperature);
    without one it is the label alone.
    """
    for case, resolved in zip(cases, found, strict=True):
        if resolved is None or not isinstance(resolved.parsed, ParsedScore):
            return verdict_of(resolved, "a_first", answer_sample, 0, case.key)
    a, b = (resolved.parsed.score for resolved in found if resolved and isinstance(resolved.parsed, ParsedScore))
    label: Label = "tie" if a == b else "first" if a > b else "second"
    probability = None if temperature is None else _sigmoid((a - b) / temperature)
    return Verdict(
        "a_first", "ok", answer_sample, 0, label, a, b, probability, None, None, cases[0].key, order_known=False
    )


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
