"""METEOR (Banerjee & Lavie 2005), by nltk: matches of words, stems and WordNet's synonyms, and their order."""

from __future__ import annotations

from collections.abc import Sequence

from arena.errors import DataError
from arena.metrics.number import NoNumber
from arena.metrics.tokens import base_language, words

HOW = "METEOR needs WordNet on the disk: python -m nltk.downloader wordnet, or NLTK_DATA where its corpora lie"


def meteor(said: str, references: Sequence[str], language: str = "en") -> float:
    """Against the nearest reference, with α 0.9, β 3, γ 0.5. WordNet knows English: raises NoNumber for others.

    Raises DataError where WordNet does not lie on the disk, and ModuleNotFoundError without nltk.
    """
    from nltk import corpus
    from nltk.translate.meteor_score import meteor_score

    if base_language(language) != "en":
        raise NoNumber("not_applicable")
    try:
        wordnet = corpus.wordnet
        wordnet.ensure_loaded()
        return float(meteor_score([words(right) for right in references], words(said), wordnet=wordnet))
    except LookupError:
        raise DataError(HOW) from None
