"""BLEU and chrF, as sacrebleu computes them (Post 2018; Popović 2015)."""

from __future__ import annotations

from collections.abc import Sequence

from arena.metrics.tokens import bleu_tokenizer

LIMIT = 100_000
"""Characters of a text that are compared; what comes after them is left out. chrF takes about 7 s per million."""


def bleu(said: str, references: Sequence[str], language: str = "en") -> float:
    """Sentence BLEU over all references at once, smoothed (exp) and with effective order; ÷ 100."""
    from sacrebleu.metrics import BLEU

    scorer = BLEU(tokenize=bleu_tokenizer(language), effective_order=True)
    return float(scorer.sentence_score(said[:LIMIT], [right[:LIMIT] for right in references]).score) / 100


def chrf(said: str, references: Sequence[str], language: str = "en") -> float:
    """Sentence chrF2 against the nearest reference; ÷ 100."""
    return chrf_percent(said, references) / 100


def chrf_percent(said: str, references: Sequence[str]) -> float:
    """Sentence chrF2 in [0, 100]."""
    from sacrebleu.metrics import CHRF

    return float(CHRF().sentence_score(said[:LIMIT], [right[:LIMIT] for right in references]).score)
