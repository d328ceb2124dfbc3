"""The rehearsal: answers and verdicts drawn from the seed, without a model. Nothing it says is a result."""

from __future__ import annotations

import asyncio
import math
from statistics import NormalDist

from arena.keys import digest
from arena.types import Completion, Exhibit, Label, Load, Parsed, ParsedScore, Request, TokenLogprobs, Usage

TIE_SHARE = 0.12
ORDER_NOISE = 0.15
"""Share of verdicts in which the simulated judge prefers the first slot whatever stands there."""


class SimulatedBackend:
    """Invents an answer, or a verdict in the format the prompt asks for. The same seed gives the same texts."""

    load: Load = "offline-batch"

    def __init__(self, name: str, seed: int, latency_s: float = 0.0, concurrency: int = 16) -> None:
        self.name, self.seed, self.latency_s, self.concurrency = name, seed, latency_s, concurrency

    async def complete(self, request: Request) -> Completion:
        """A simulated completion, after `latency_s` seconds."""
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        logprobs: tuple[TokenLogprobs, ...] = ()
        if request.exhibit is None:
            turns = self._answers(request)
        else:
            verdict = self._verdict(request.exhibit, request)
            turns = (request.exhibit.write(verdict, "A simulated verdict: no model has read these answers."),)
            logprobs = request.exhibit.write_logprobs(verdict) if request.exhibit.write_logprobs else ()
        tokens_in = sum(len(message.content) for message in request.messages) // 4
        usage = Usage(tokens_in, sum(len(turn) for turn in turns) // 4)
        return Completion("ok", turns, usage=usage, logprobs=logprobs, load=self.load, model_returned="simulated")

    async def close(self) -> None:
        """Nothing to let go of."""

    def _answers(self, request: Request) -> tuple[str, ...]:
        turns = 1 + len(request.follow_ups)
        words = 20 + int(60 * self._uniform("length", self.name, request.question_id, request.sample))
        return tuple(
            f"(simulated answer of {self.name} to question {request.question_id}, turn {turn + 1}) " + "lorem " * words
            for turn in range(turns)
        )

    def _verdict(self, exhibit: Exhibit, request: Request) -> Parsed | ParsedScore:
        question_id = exhibit.question.question_id
        if len(exhibit.models) == 2:
            return self._compare(exhibit, question_id, request.sample)
        low, high = exhibit.scale
        share = _logistic(self._strength(exhibit.models[0]) + self._normal(question_id, exhibit.models[0]))
        return ParsedScore(float(round(low + (high - low) * share)))

    def _compare(self, exhibit: Exhibit, question_id: str, sample: int) -> Parsed:
        first = exhibit.models[0]
        if self._uniform("slot", question_id, *sorted(exhibit.models), first, sample) < ORDER_NOISE:
            return Parsed("first", probability=1 - ORDER_NOISE)
        a, b = sorted(exhibit.models)
        p = _logistic(
            self._strength(a) - self._strength(b) + self._normal(question_id, a) - self._normal(question_id, b)
        )
        draw = self._uniform("verdict", question_id, a, b, sample)
        p_first = p if a == first else 1 - p
        if abs(draw - p) < TIE_SHARE / 2:
            return Parsed("tie", probability=p_first)
        label: Label = "first" if (draw < p) == (a == first) else "second"
        return Parsed(label, probability=p_first)

    def _strength(self, model: str) -> float:
        return self._normal("strength", model)

    def _normal(self, *parts: object) -> float:
        return NormalDist().inv_cdf(min(max(self._uniform(*parts), 1e-9), 1 - 1e-9))

    def _uniform(self, *parts: object) -> float:
        return int(digest([self.seed, *parts])[:13], 16) / 16**13


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
