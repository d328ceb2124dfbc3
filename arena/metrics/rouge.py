"""ROUGE (Lin 2004), by rouge-score, over words that are cut by our own cutter: its own finds none in Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from arena.metrics.tokens import words

MOST_WORDS = 2000
"""Words of a text that are compared; ROUGE-L takes time in proportion to the product of both lengths."""


class _Words:
    def tokenize(self, text: str) -> list[str]:
        return words(text)[:MOST_WORDS]


def rouge_1(said: str, references: Sequence[str], language: str = "en") -> float:
    """F of single words, against the nearest reference."""
    return _best("rouge1", said, references)


def rouge_2(said: str, references: Sequence[str], language: str = "en") -> float:
    """F of pairs of words, against the nearest reference."""
    return _best("rouge2", said, references)


def rouge_l(said: str, references: Sequence[str], language: str = "en") -> float:
    """F of the longest common subsequence of words, against the nearest reference."""
    return _best("rougeL", said, references)


def _best(kind: str, said: str, references: Sequence[str]) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer([kind], tokenizer=_Words())
    return max((float(scorer.score(right, said)[kind].fmeasure) for right in references), default=0.0)
