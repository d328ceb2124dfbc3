"""Cutting a text into words, by its language: Chinese has no spaces, and a cutter for English finds no word in it."""

from __future__ import annotations

import re

from arena.formats.text import nfkc

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN += "\U00020000-\U0003fffd"
_CJK = re.compile(f"[{_HAN}]")
_WORDS = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_BY_CHARACTER = frozenset({"zh", "ja", "th", "lo", "km", "my"})


def base_language(language: str) -> str:
    """`zh-CN` and `ZH_hant` are `zh`."""
    return re.split(r"[-_]", language.strip().casefold(), maxsplit=1)[0]


def language_of(*texts: str) -> str:
    """`zh` where a third of the letters are Han or kana, else `en`: enough to choose how words are cut."""
    letters = sum(sum(map(str.isalpha, text)) for text in texts)
    han = sum(sum(map(str.isalpha, _CJK.findall(text))) for text in texts)
    return "zh" if letters and 3 * han >= letters else "en"


def words(text: str) -> list[str]:
    """Words in small letters without punctuation; every Han or kana character is a word of its own."""
    return _WORDS.findall(nfkc(text).casefold())


def bleu_tokenizer(language: str) -> str:
    """sacrebleu's tokenizer for a language; only those that need no further package."""
    base = base_language(language)
    return "zh" if base == "zh" else "char" if base in _BY_CHARACTER else "13a"
