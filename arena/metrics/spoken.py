"""The language that a text is written in: by its script where that decides, else by py3langid's model of bytes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from arena.metrics.number import NoNumber
from arena.metrics.tokens import base_language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_NO_WORDS = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\$[^$\n]*\$|\\\[(?:(?!\\\[).)*?\\\]|https?://\S+", re.S)
_SCRIPTS = {
    "zh": "CJK", "ja": "CJK", "ko": "HANGUL", "th": "THAI", "el": "GREEK", "he": "HEBREW", "hy": "ARMENIAN",
    "ka": "GEORGIAN", "ar": "ARABIC", "fa": "ARABIC", "ur": "ARABIC", "hi": "DEVANAGARI", "mr": "DEVANAGARI",
    "ne": "DEVANAGARI", "ru": "CYRILLIC", "uk": "CYRILLIC", "bg": "CYRILLIC", "sr": "CYRILLIC", "bn": "BENGALI",
    "ta": "TAMIL", "te": "TELUGU", "kn": "KANNADA", "ml": "MALAYALAM", "gu": "GUJARATI", "pa": "GURMUKHI",
}  # fmt: skip
_LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs", "sk", "sl", "hr", "hu", "ro",
          "tr", "vi", "id", "ms", "ca", "et", "lt", "lv", "sq", "sw", "tl")  # fmt: skip
ENOUGH = 20
"""Letters, below which languages that share a script are not told apart."""
_HAN_WEIGHT = 3
"""A Han or kana character stands for as much text as so many letters."""


def language(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where the answer is in the language of its question: the one that the question names, else the one it is
    written in. `references`: (named or empty, the question's text).

    Raises NoNumber where a text is too short to tell, as a number is.
    """
    named, asked = references[0], references[1]
    wanted = base_language(named) if named else spoken(asked)
    if wanted is None:
        raise NoNumber("not_applicable")
    found = spoken(said, wanted)
    if found is None:
        raise NoNumber("not_applicable")
    return float(found == wanted)


def spoken(text: str, expected: str | None = None) -> str | None:
    """The language of a text as ISO 639-1, code, formulas and addresses aside; None where it is too short to tell.
    `expected` is among those that are looked for."""
    plain = _NO_WORDS.sub(" ", text)
    counts = Counter(name for char in plain if (name := _script(char)) is not None)
    if not counts:
        return None
    kana = counts.pop("KANA", 0)
    counts["CJK"] = _HAN_WEIGHT * (counts["CJK"] + kana)
    script = max(sorted(counts), key=lambda name: counts[name])
    if script == "CJK":
        return "ja" if _HAN_WEIGHT * kana >= 0.1 * counts["CJK"] else "zh"
    known = _LATIN if script == "LATIN" else tuple(name for name, own in _SCRIPTS.items() if own == script)
    if expected is not None and expected not in known and expected not in _SCRIPTS and script == "LATIN":
        known = (*known, expected)
    if len(known) == 1:
        return known[0]
    if counts[script] < ENOUGH:
        return None if expected is None or expected in known else "other"
    if not known:
        return "other"
    return str(_identifier(known).classify(plain)[0])


def _script(char: str) -> str | None:
    if not char.isalpha():
        return None
    first = unicodedata.name(char, "").partition(" ")[0]
    return "KANA" if first in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else first


@cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE)
    found.set_languages([name for name in languages if name in found.labels])
    return found
