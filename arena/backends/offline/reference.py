"""The rule-based judge: compares answers with a reference answer. No key, no network, the same verdict every time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from arena.formats.text import nfkc
from arena.types import Completion, Load, Parsed, ParsedScore, Request

TIE_MARGIN = 0.05
"""Closeness of two answers, each in [0, 1], below which they are as good as each other."""
LIMIT = 100_000
"""Characters of a text that chrF compares; what comes after them is left out. It takes about 7 s per million."""
_AT_ONCE = 1000
"""Characters compared on the event loop; more are compared in a thread, so that other calls go on."""
_CHOICE = re.compile(r"\(?([A-Ja-j])\)?[.:]?")
_STATED_CHOICE = re.compile(
    r"(?:answer|option|choice|答案|选项?)\s*(?:(?:is|:|：|为|是)\s*)?\(?([A-J])\)?(?![A-Za-z])", re.I
)
_LONE_LETTER = re.compile(r"(?<![A-Za-z])\(?([A-J])\)?(?![A-Za-z'])")
_NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


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


def closeness(answer: Sequence[str], reference: Sequence[str]) -> float:
    """How close an answer is to its reference, in [0, 1]: the mean over the turns that have one. 1 is a match."""
    judged = [(said, right) for said, right in zip(answer, reference, strict=False) if right.strip()]
    missing = sum(bool(right.strip()) for right in reference) - len(judged)
    return sum(turn_closeness(said, right) for said, right in judged) / max(1, len(judged) + missing)


def turn_closeness(said: str, right: str) -> float:
    """Closeness of one turn: 1 for an exact match (white space, case and final dots aside), the same choice letter or
    the same number; otherwise 0 for choices and numbers, and nine tenths of chrF (Popović 2015) for texts, of which the
    first `LIMIT` characters are compared."""
    if _normal(said) == _normal(right):
        return 1.0
    if _CHOICE.fullmatch(right.strip()):
        return float(_choice(said) == _normal(right).strip("().:").upper())
    if (number := _as_number(right.strip())) is not None:
        found = _NUMBER.findall(said)
        return float(bool(found) and abs(_to_float(found[-1]) - number) <= 1e-9 * max(1.0, abs(number)))
    from sacrebleu.metrics import CHRF

    return 0.9 * float(CHRF().sentence_score(said[:LIMIT], [right[:LIMIT]]).score) / 100


def _compare(first: float, second: float) -> Parsed:
    if abs(first - second) <= TIE_MARGIN:
        return Parsed("tie", first, second)
    return Parsed("first" if first > second else "second", first, second)


def _normal(text: str) -> str:
    return " ".join(nfkc(text).casefold().split()).rstrip(".。")


def _choice(said: str) -> str | None:
    if match := _CHOICE.fullmatch(said.strip()):
        return match.group(1).upper()
    found = _STATED_CHOICE.findall(said) or _LONE_LETTER.findall(said)
    return found[-1].upper() if found else None


def _as_number(text: str) -> float | None:
    return _to_float(text) if _NUMBER.fullmatch(text) else None


def _to_float(text: str) -> float:
    return float(text.replace(",", ""))
