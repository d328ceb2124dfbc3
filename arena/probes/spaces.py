"""White space where none belongs: doubled, at the ends, inside Chinese."""

from __future__ import annotations

import re
from random import Random

from arena.probes.words import outside_code

_BETWEEN = re.compile(r"(?<=\S) (?=\S)|(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])")


def spaces(text: str, rng: Random) -> str:
    """The text with further blanks at a fifth of the places between words (in Chinese: characters), and at its ends."""
    return "  " + outside_code(text, lambda part: _BETWEEN.sub(lambda gap: _wider(gap.group(), rng), part)) + " \n"


def _wider(gap: str, rng: Random) -> str:
    return gap + " " * rng.randint(1, 2) if rng.random() < 0.2 else gap
