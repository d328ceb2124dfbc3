"""Facts hidden in a long text, at depths and lengths. A rule looks for them in the answer."""

from __future__ import annotations

from itertools import product
from math import ceil
from pathlib import Path
from random import Random

from arena.config.probes import NeedleConfig
from arena.config.shipped import shipped
from arena.errors import DataError
from arena.formats.text import nfkc
from arena.probes.probe import Material, Variant
from arena.probes.words import HAN
from arena.types import Answer, Question

_THINGS = {
    "en": ("lighthouse", "brewery", "observatory", "tannery", "shipyard", "vineyard", "foundry", "windmill"),
    "zh": ("灯塔", "酒厂", "天文台", "皮革厂", "船坞", "葡萄园", "铸造厂", "风车"),
}
_FACT = {"en": "The number painted on the door of the {thing} is {code}.", "zh": "{thing}门上漆着的号码是 {code}。"}
_ASK = {
    "en": "Here is a text.\n\n{text}\n\nWhat is the number painted on the door of the {things}? "
          "Answer with the number alone{several}.",
    "zh": "下面是一段文字。\n\n{text}\n\n{things}门上漆着的号码是多少？只回答号码{several}。",
}  # fmt: skip
_SEVERAL = {"en": ", one for each, in this order", "zh": "，按顺序每个一个"}
_AND = {"en": (", ", " and of the "), "zh": ("、", "和")}
CHARS_PER_TOKEN = 4.2
"""Of text in Latin letters, where no tokenizer counts; a Han character is taken as so many tokens:"""
HAN_TOKENS = 0.75


def needle(material: Material) -> list[Variant]:
    """A text for every language, length, depth and repeat. Raises DataError for a file that holds no text."""
    settings = material.settings.needle
    found = []
    for language, length in product(settings.languages, settings.lengths):
        sentences = _sentences(settings.text_file, language)
        for repeat in range(settings.repeats):
            name = f"needle-{language}-{length}-{repeat + 1}"
            rng = material.random("needle", name)
            text, codes = _text(material, sentences, length, rng), _codes(settings, language, rng)
            for depth in settings.depths:
                facts = {"length": length, "depth": depth, "language": language, "needles": settings.needles,
                         "tokens": "estimated" if material.tokens is None else "by the tokenizer"}  # fmt: skip
                asked = _asked(text, codes, depth, language)
                question = Question(f"{name}-{depth:g}", (asked,), "needle", language=language)
                found.append(Variant(question, name, facts, tuple(code for _, code in codes)))
    return found


def retrieved(variant: Variant, answer: Answer) -> float:
    """The share of the hidden numbers that stand in the answer."""
    said = nfkc(" ".join(answer.turns)).replace(",", "").replace(" ", "")
    return sum(code in said for code in variant.expected) / len(variant.expected)


def estimated_tokens(text: str) -> int:
    """Tokens of a text where no tokenizer is there to count them."""
    han = len(HAN.findall(text))
    return ceil(han * HAN_TOKENS + (len(text) - han) / CHARS_PER_TOKEN)


def _codes(settings: NeedleConfig, language: str, rng: Random) -> list[tuple[str, str]]:
    things = rng.sample(_THINGS[language], settings.needles)
    return list(zip(things, map(str, rng.sample(range(1_000_000, 10_000_000), settings.needles)), strict=True))


def _sentences(path: Path | None, language: str) -> list[str]:
    """The lines of a text, without those that are empty."""
    file = path or shipped("data") / "probes" / f"haystack.{language}.txt"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"probes.needle.text_file: {file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"probes.needle.text_file: {file}: no plain text in UTF-8: {error}") from None
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if len(found) == 1:
        found = [part for part in found[0].replace("。", "。\n").replace(". ", ".\n").split("\n") if part]
    if not found:
        raise DataError(f"probes.needle.text_file: {file}: no text in it")
    return found


def _text(material: Material, sentences: list[str], length: int, rng: Random) -> list[str]:
    """Sentences of the text up to so many tokens. The user's own text runs on from a drawn place; the shipped one is
    dealt anew each time it is used up."""
    count = material.tokens or estimated_tokens
    own = material.settings.needle.text_file is not None
    start = rng.randrange(len(sentences)) if own else 0
    found: list[str] = []
    left = float(length)
    while True:
        deck = [*sentences[start:], *sentences[:start]] if own else rng.sample(sentences, len(sentences))
        for sentence in deck:
            if (left := left - count(sentence + " ")) < 0 and found:
                return found
            found.append(sentence)


def _asked(sentences: list[str], codes: list[tuple[str, str]], depth: float, language: str) -> str:
    """The question with the first fact at the depth, and further ones evenly behind it."""
    places = [depth + (1 - depth) * n / len(codes) for n in range(len(codes))]
    parts = list(sentences)
    for (thing, code), place in sorted(zip(codes, places, strict=True), key=lambda one: -one[1]):
        parts.insert(round(place * len(sentences)), _FACT[language].format(thing=thing, code=code))
    things = [thing for thing, _ in codes]
    comma, last = _AND[language]
    listed = things[0] if len(things) == 1 else comma.join(things[:-1]) + last + things[-1]
    several = _SEVERAL[language] if len(codes) > 1 else ""
    text = ("" if language == "zh" else " ").join(parts)
    return _ASK[language].format(text=text, things=listed, several=several)
