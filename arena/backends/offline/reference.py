"""The rule-based judge: compares answers with a reference answer. No key, no network, the same verdict every time."""

from __future__ import annotations

import asyncio

from arena.metrics.closeness import closeness
from arena.types import Completion, Load, Parsed, ParsedScore, Request

TIE_MARGIN = 0.05
"""Closeness of two answers, each in [0, 1], below which they are as good as each other."""
_AT_ONCE = 1000
"""Characters compared on the event loop; more are compared in a thread, so that other calls go on."""


class ReferenceBackend:
    """Judges by rule: exact match, choice letter, number, and chrF for everything else."""

    concurrency = 8
    load: Load = "recorded"

    async def complete(self, request: Request) -> Completion:
        """A reply in the format the prompt asks for. Rejects a request that has no reference to compare with."""
        exhibit = request.exhibit
        if exhibit is None or not any(exhibit.question.reference):
            why = "the reference judge needs a reference answer"
            return Completion("bad_request", error=why, load=self.load, model_returned="reference")
        reference = exhibit.question.reference
        if sum(len(turn) for turns in (*exhibit.answers, reference) for turn in turns) <= _AT_ONCE:
            scores = [closeness(answer, reference) for answer in exhibit.answers]
        else:
            scores = [await asyncio.to_thread(closeness, answer, reference) for answer in exhibit.answers]
        if len(scores) == 1:
            low, high = exhibit.scale
            verdict: Parsed | ParsedScore = ParsedScore(low + (high - low) * scores[0])
            explanation = f"Closeness to the reference: {scores[0]:.3f}."
        else:
            verdict = _compare(*scores)
            explanation = f"Closeness to the reference: {scores[0]:.3f} (first), {scores[1]:.3f} (second)."
        return Completion("ok", (exhibit.write(verdict, explanation),), load=self.load, model_returned="reference")

    async def close(self) -> None:
        """Nothing to let go of."""


def _compare(first: float, second: float) -> Parsed:
    if abs(first - second) <= TIE_MARGIN:
        return Parsed("tie", first, second)
    return Parsed("first" if first > second else "second", first, second)
