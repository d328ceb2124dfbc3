"""Word and character error rates, by jiwer: what must be changed to make the reference of what was said."""

from __future__ import annotations

from collections.abc import Sequence

from arena.metrics.tokens import words

LIMIT = 20_000
"""Characters of a text that are compared."""


def wer(said: str, references: Sequence[str], language: str = "en") -> float:
    """Words put in, left out or changed ÷ words of the reference; the nearest reference counts. Above 1 where much is
    said that it does not say."""
    import jiwer

    return min(float(jiwer.wer(" ".join(_cut(right)), " ".join(_cut(said)))) for right in references)


def cer(said: str, references: Sequence[str], language: str = "en") -> float:
    """The same of characters, white space and punctuation aside."""
    import jiwer

    return min(float(jiwer.cer("".join(_cut(right)), "".join(_cut(said)))) for right in references)


def _cut(text: str) -> list[str]:
    """A text without a word is one mark: it has something to be compared by."""
    return words(text[:LIMIT]) or [text[:LIMIT].strip() or "-"]
