"""What a reply may look like, token by token: one of a few texts, or JSON that a schema allows (by llguidance)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from arena.types import JSON

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher, LLTokenizer
    from transformers import PreTrainedTokenizerBase

SPACES = r"[ \t\n]{0,12}"
"""White space between the parts of a JSON reply: indented or not, but never without end."""

KEPT = 256
"""Compiled schemas that are kept: a question's are asked for close together."""


class Guide(Protocol):
    """What may come next in one row."""

    @property
    def complete(self) -> bool:
        """Whether nothing but the end can follow."""

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        """The row's scores, shape (vocabulary,), with -inf where a token may not come next."""

    def take(self, token: int) -> None:
        """Go on behind this token."""


class OneOf:
    """Keeps to one of several texts, given as token ids."""

    def __init__(self, choices: Sequence[Sequence[int]], eos: int) -> None:
        self._choices = [list(choice) for choice in choices]
        self._eos = eos
        self._made: list[int] = []

    @property
    def complete(self) -> bool:
        return self.allowed() == [self._eos]

    def allowed(self) -> list[int]:
        """The tokens that may come next."""
        at = len(self._made)
        begun = [choice for choice in self._choices if choice[:at] == self._made]
        return sorted({choice[at] if at < len(choice) else self._eos for choice in begun}) or [self._eos]

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        import torch

        allowed = self.allowed()
        kept = torch.full_like(scores, float("-inf"))
        kept[allowed] = scores[allowed]
        return kept

    def take(self, token: int) -> None:
        self._made.append(token)


class Grammar:
    """Keeps to a grammar of llguidance."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def complete(self) -> bool:
        return bool(self._matcher.is_stopped())

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        import torch

        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8)
        return scores.masked_fill(allowed[: len(scores)].to(scores.device) == 0, float("-inf"))

    def take(self, token: int) -> None:
        self._matcher.consume_token(token)


class Schemas:
    """Guides for JSON schemas, those of late compiled once. What cannot be guided, and why, is added to `notes`."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, eos_ids: Sequence[int], vocabulary: int, notes: list[str]
    ) -> None:
        self._notes = notes
        self._tokenizer = tokenizer
        self._eos_ids = list(eos_ids)
        self._vocabulary = vocabulary
        self._vocabulary_tree: LLTokenizer | None = None
        self._compiled: dict[str, LLMatcher | None] = {}

    def guide(self, schema: Mapping[str, JSON]) -> Grammar | None:
        """A guide at its beginning; None when this schema cannot be guided here."""
        text = json.dumps(schema)
        if text not in self._compiled:
            if len(self._compiled) >= KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            try:
                self._compiled[text] = self._compile(text)
            except (ImportError, ValueError) as error:
                self._compiled[text] = None
                note = f"replies are not held to their JSON schema: {' '.join(str(error).split())[:200]}"
                if note not in self._notes:
                    self._notes.append(note)
        matcher = self._compiled[text]
        return None if matcher is None else Grammar(matcher.deep_copy())

    def _compile(self, schema: str) -> LLMatcher:
        """Raises ImportError without llguidance, ValueError for a tokenizer or schema that it cannot read."""
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        if self._vocabulary_tree is None:
            size = max(self._vocabulary, len(self._tokenizer))
            self._vocabulary_tree = from_tokenizer(self._tokenizer, size, self._eos_ids or None)
        grammar = LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_pattern": SPACES})
        matcher = LLMatcher(self._vocabulary_tree, grammar, log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        return matcher
