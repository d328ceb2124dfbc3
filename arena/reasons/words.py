"""Explanations as rows of a matrix: a column is a word's beginning, so that its forms are one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from arena.errors import MissingDependency

if TYPE_CHECKING:
    from scipy import sparse

STEM = 6
"""Letters of a word that count: calculates, calculated and calculation are one word."""
COMMON = 0.5
"""What more of the explanations than this say tells none of them apart."""
FEWEST = 5
"""Explanations that a word has to stand in, or one in a thousand where that is more."""
_TOKEN = rf"([^\W\d_]\w{{1,{STEM - 1}}})\w*"
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_OF_SLOTS = """
first second answer response reply assistant model output candidate option one two both better best worse prefer winner
loser overall verdict judge 回答 助手 第一 第二 一个 二个 答案 模型 两个 个回
""".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary of a board's explanations."""

    names: tuple[str, ...]
    """By column: the beginning of the word."""
    said: sparse.csr_matrix
    """Explanations × words: TF-IDF, rows of length 1."""
    vectorizer: Any

    def of(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Which of the words stand in other texts: 0 or 1."""
        found: sparse.csr_matrix = self.vectorizer.transform(texts)
        found.data[:] = 1.0
        return found


def words_of(texts: Sequence[str]) -> Words | None:
    """The words of these texts; None where they have none in common. Raises MissingDependency without scikit-learn."""
    try:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
    except ImportError:
        raise MissingDependency("scores.reasons needs scikit-learn: pip install 'llm-arena[analysis]'") from None
    stop = {word[:STEM] for word in (*ENGLISH_STOP_WORDS, *_OF_SLOTS)}
    vectorizer = TfidfVectorizer(
        preprocessor=_cut, token_pattern=_TOKEN, stop_words=sorted(stop), max_df=COMMON,
        min_df=max(FEWEST, len(texts) // 1000), sublinear_tf=True, dtype=np.float32,
    )  # fmt: skip
    try:
        said = vectorizer.fit_transform(texts)
    except ValueError:  # nothing but stop words, or no word often enough
        return None
    return Words(tuple(vectorizer.get_feature_names_out()), said, vectorizer)


def _cut(text: str) -> str:
    """In small letters; Chinese and Japanese as overlapping pairs of characters."""
    return text.lower() if text.isascii() else _HAN.sub(_pairs, text).lower()


def _pairs(run: re.Match[str]) -> str:
    text = run[0]
    return f" {' '.join(text[n : n + 2] for n in range(len(text) - 1))} "


def spelled(stems: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Each beginning as the word that most of these texts have for it."""
    wanted = {stem for stem in stems if len(stem) == STEM}
    counted = Counter(
        word for text in texts for word in set(re.findall(r"\w{6,}", text.lower())) if word[:STEM] in wanted
    )
    best: dict[str, str] = {}
    for word, _ in sorted(counted.items(), key=lambda found: (-found[1], found[0])):
        best.setdefault(word[:STEM], word)
    return [best.get(stem, stem) for stem in stems]
