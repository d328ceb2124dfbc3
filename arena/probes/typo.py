"""Typing mistakes: neighbours on the keyboard, letters swapped, left out and doubled; in Chinese, characters that sound
alike."""

from __future__ import annotations

import re
from random import Random

from arena.probes.words import outside_code

WORDS_PER_TYPO = 6
"""About every so manyth word has a mistake, at least one."""
_WORD = re.compile(r"[A-Za-z]{4,}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    char: row[max(0, place - 1) : place] + row[place + 1 : place + 2] for row in _KEYS for place, char in enumerate(row)
}
_PAIRS = (
    "的地", "在再", "做作", "那哪", "以已", "象像", "账帐", "他她", "是事", "有又", "会回", "和合", "对队", "到道",
    "如入", "和何", "进近", "请清", "题提", "问文", "个各", "为位", "时实", "种重", "公工", "因应", "要药", "明名",
)  # fmt: skip
_ALIKE = {pair[0]: pair[1] for pair in (*(pair[::-1] for pair in _PAIRS), *_PAIRS)}
_SOUNDS = re.compile("[" + "".join(_ALIKE) + "]")


def typo(text: str, rng: Random) -> str:
    """The text with mistakes; numbers, first letters and short words stay."""
    return outside_code(text, lambda part: _mistyped(part, rng))


def _mistyped(text: str, rng: Random) -> str:
    places = [*_WORD.finditer(text), *_SOUNDS.finditer(text)]
    if not places:
        return text
    chosen = rng.sample(places, max(1, round(len(places) / WORDS_PER_TYPO)))
    for place in sorted(chosen, key=lambda match: -match.start()):
        word = place.group()
        wrong = _ALIKE[word] if word in _ALIKE else _slip(word, rng)
        text = text[: place.start()] + wrong + text[place.end() :]
    return text


def _slip(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    match rng.choice(("swap", "drop", "double", "neighbour")):
        case "swap" if word[i] != word[i + 1]:
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        case "drop":
            return word[:i] + word[i + 1 :]
        case "double":
            return word[:i] + word[i] + word[i:]
        case _:
            near = rng.choice(_NEIGHBOURS[word[i].lower()])
            return word[:i] + (near.upper() if word[i].isupper() else near) + word[i + 1 :]
