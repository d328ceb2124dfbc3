"""References that are written in another language than their questions say."""

from __future__ import annotations

from collections.abc import Sequence

from arena.metrics.tokens import base_language, language_of
from arena.types import Question

LISTED = 3
SHORT = 20
"""Letters: a shorter name or formula is written in Latin letters in Chinese, too."""
_OF_HAN = {"zh", "ja"}


def odd_references(questions: Sequence[Question]) -> list[str]:
    """One line about references that are Chinese or Japanese where the question says otherwise, or the reverse: the
    metrics cut words by what it says."""
    odd = [question.question_id for question in questions if question.language and _odd(question)]
    if not odd:
        return []
    listed = ", ".join(odd[:LISTED]) + (f" and {len(odd) - LISTED:,} more" if len(odd) > LISTED else "")
    return [f"references in another language than their question says, so that words are cut wrongly: {listed}"]


def _odd(question: Question) -> bool:
    says_han = base_language(question.language or "") in _OF_HAN
    written_in_han = language_of(*question.reference) == "zh"
    letters = sum(char.isalpha() for text in question.reference for char in text)
    return says_han != written_in_han and letters >= (SHORT if says_han else 1)
