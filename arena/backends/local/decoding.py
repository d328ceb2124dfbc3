"""Choosing the next token of every row of a batch, so that a row is the same whoever stands beside it.

Each row draws from a generator of its own, by inverse CDF over its filtered distribution: one uniform number per token.
Filters follow vLLM: penalties, then temperature, then min_p, then top_k and top_p.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from arena.types import Sampling, TokenLogprobs

if TYPE_CHECKING:
    import torch

    from arena.backends.local.guidance import Guide
    from arena.backends.local.rendering import Tokenizer

_TAIL = 24
"""Tokens looked at for a stop string, beyond those the stop string itself may take."""


@dataclass
class Row:
    """One turn inside a batch, and what has been generated for it."""

    prompt: Sequence[int]
    limit: int
    seed: int
    stop: tuple[str, ...] = ()
    top_logprobs: int = 0
    guide: Guide | None = None
    """What the answer may be; None for any text."""
    thinking: bool = False
    """The prompt opened a `<think>` block: the guide waits until it is closed."""
    made: list[int] = field(default_factory=list)
    logprobs: list[TokenLogprobs] = field(default_factory=list)
    done: bool = False
    cut: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)


class Decoding:
    """The state of one batch: as a callable a logits processor of transformers, with `stopped` as stopping criterion.

    transformers reads the signature of a processor's `__call__` for every token, which takes 30 times as long when
    the processor is a bound method.
    """

    def __init__(
        self,
        rows: list[Row],
        tokenizer: Tokenizer,
        eos_ids: set[int],
        sampling: Sampling,
        fallback: Callable[[str], float | None] = lambda name: None,
    ) -> None:
        self.rows = rows
        self._tokenizer = tokenizer
        self._eos_ids = eos_ids

        def value(name: str, neutral: float) -> float:
            given: float | None = getattr(sampling, name)
            given = fallback(name) if given is None else given
            return neutral if given is None else given

        self._temperature = value("temperature", 1.0)
        self._min_p, self._top_k, self._top_p = value("min_p", 0.0), int(value("top_k", 0)), value("top_p", 1.0)
        self._repetition = value("repetition_penalty", 1.0)
        self._presence, self._frequency = value("presence_penalty", 0.0), value("frequency_penalty", 0.0)
        self._began = time.perf_counter()
        self.first_token_s = 0.0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores that leave exactly one token per row: the chosen one."""
        import torch

        raw = self._guided(scores)
        weighed = self._penalized(raw)
        if self._temperature == 0:
            chosen = weighed.argmax(dim=-1)
        else:
            chosen = self._drawn(self._filtered(torch.softmax(weighed / self._temperature, dim=-1)))
        picks: list[int] = chosen.tolist()
        self._note_logprobs(raw, picks)
        self._advance(picks)
        if self._temperature == 0 and weighed is scores:
            return scores  # its largest is the chosen one
        only = torch.full_like(raw, float("-inf"))
        only.scatter_(1, chosen.unsqueeze(1), 0.0)
        return only

    def stopped(self, input_ids: torch.Tensor, scores: torch.Tensor | None, **kwargs: object) -> torch.Tensor:
        """Which rows are finished."""
        import torch

        return torch.tensor([row.done for row in self.rows], device=input_ids.device, dtype=torch.bool)

    def text(self, row: Row) -> str:
        """A row's text, cut before its first stop string."""
        text = self._tokenizer.decode(row.made, skip_special_tokens=True)
        ends = [at for stop in row.stop if (at := text.find(stop)) >= 0]
        return text[: min(ends)] if ends else text

    def _penalized(self, scores: torch.Tensor) -> torch.Tensor:
        import torch

        repetition, presence, frequency = self._repetition, self._presence, self._frequency
        if repetition == 1.0 and presence == 0.0 and frequency == 0.0:
            return scores
        scores = scores.clone()
        for i, row in enumerate(self.rows):
            if repetition != 1.0:
                seen = torch.tensor(sorted({*row.prompt, *row.made}), device=scores.device)
                old = scores[i, seen]
                scores[i, seen] = torch.where(old > 0, old / repetition, old * repetition)
            if row.made:
                made, counts = torch.unique(torch.tensor(row.made, device=scores.device), return_counts=True)
                scores[i, made] -= presence + frequency * counts
        return scores

    def _guided(self, scores: torch.Tensor) -> torch.Tensor:
        guided = [(i, row.guide) for i, row in enumerate(self.rows) if row.guide and not row.thinking and not row.done]
        if not guided:
            return scores
        scores = scores.clone()
        for i, guide in guided:
            scores[i] = guide.masked(scores[i])
        return scores

    def _filtered(self, probabilities: torch.Tensor) -> torch.Tensor:
        import torch

        top_k, top_p = self._top_k, self._top_p
        if self._min_p > 0:
            floor = self._min_p * probabilities.amax(dim=-1, keepdim=True)
            probabilities = probabilities.masked_fill(probabilities < floor, 0.0)
        if 0 < top_k < probabilities.shape[-1]:
            smallest = probabilities.topk(top_k, dim=-1).values[:, -1:]
            probabilities = probabilities.masked_fill(probabilities < smallest, 0.0)
        if top_p < 1:
            total = probabilities.sum(dim=-1, keepdim=True)
            ordered, index = probabilities.sort(dim=-1, descending=True)
            before = ordered.cumsum(dim=-1) - ordered
            kept = ordered.masked_fill(before >= top_p * total, 0.0)
            probabilities = torch.zeros_like(probabilities).scatter_(1, index, kept)
        return probabilities

    def _drawn(self, probabilities: torch.Tensor) -> torch.Tensor:
        """One token per row by inverse CDF in the order of token ids."""
        import torch

        uniform = [row.random.random() for row in self.rows]
        cumulative = probabilities.cumsum(dim=-1)
        total = cumulative[:, -1:]
        target = torch.tensor(uniform, device=probabilities.device, dtype=cumulative.dtype).unsqueeze(1) * total
        found = torch.searchsorted(cumulative, target, right=True).squeeze(1)
        last = (probabilities > 0).to(torch.int8).cumsum(dim=-1).argmax(dim=-1)  # a target rounded up to the total
        return torch.minimum(found, last)

    def _note_logprobs(self, raw: torch.Tensor, picks: list[int]) -> None:
        wanted = [i for i, row in enumerate(self.rows) if row.top_logprobs and not row.done]
        if not wanted:
            return
        import torch

        table = torch.log_softmax(raw[wanted], dim=-1)
        for line, i in zip(table, wanted, strict=True):
            values, ids = line.topk(min(self.rows[i].top_logprobs, line.shape[-1]))
            top = tuple((self._token(t), v) for t, v in zip(ids.tolist(), values.tolist(), strict=True) if isfinite(v))
            self.rows[i].logprobs.append(TokenLogprobs(self._token(picks[i]), float(line[picks[i]]), top))

    def _advance(self, picks: list[int]) -> None:
        elapsed = time.perf_counter() - self._began
        self.first_token_s = self.first_token_s or elapsed
        for row, token in zip(self.rows, picks, strict=True):
            if row.done:
                continue
            row.made.append(token)
            row.seconds = elapsed
            if token in self._eos_ids or (row.stop and self._ends_in(row, row.stop)) or self._completes(row, token):
                row.done = True
            elif len(row.made) >= row.limit:
                row.done = row.cut = True

    def _completes(self, row: Row, token: int) -> bool:
        """Tell the row's guide of its token. True when nothing can follow."""
        if row.guide is None:
            return False
        if row.thinking:
            row.thinking = not self._ends_in(row, ("</think>",))
            return False
        row.guide.take(token)
        return row.guide.complete

    def _ends_in(self, row: Row, ends: tuple[str, ...]) -> bool:
        """Whether one of these stands at the end of what was made, or shortly before it."""
        longest = max(len(end) for end in ends)
        tail = self._tokenizer.decode(row.made[-(longest + _TAIL) :], skip_special_tokens=True)
        return any(end in tail for end in ends)

    def _token(self, token_id: int) -> str:
        return self._tokenizer.decode([token_id], skip_special_tokens=False)
