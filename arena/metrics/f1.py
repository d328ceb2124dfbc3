"""F1 of words: SQuAD's, for short answers (Rajpurkar et al. 2016)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from arena.metrics.tokens import words

_ARTICLES = frozenset({"a", "an", "the"})


def f1(said: str, references: Sequence[str], language: str = "en") -> float:
    """Harmonic mean of precision and recall of words, against the nearest reference."""
    return max((_f1(_cut(said), _cut(right)) for right in references), default=0.0)


def _cut(text: str) -> Counter[str]:
    return Counter(word for word in words(text) if word not in _ARTICLES)


def _f1(said: Counter[str], right: Counter[str]) -> float:
    shared = (said & right).total()
    return 2 * shared / (said.total() + right.total()) if shared else float(not said and not right)
