"""Punctuation left out or doubled, as in a hurry."""

from __future__ import annotations

import re
from random import Random

from arena.probes.words import outside_code

_MARK = re.compile(r"(?<=\w)[,.;:?!](?=\s|$)|[，。；：？！、]")


def punctuation(text: str, rng: Random) -> str:
    """The text without most of its commas, full stops and question marks, and with some of them doubled; marks inside
    numbers and words stay."""
    return outside_code(text, lambda part: _MARK.sub(lambda mark: _hurried(mark.group(), rng), part))


def _hurried(mark: str, rng: Random) -> str:
    drawn = rng.random()
    if drawn < 0.6:
        return "" if mark in ",.;:?!" else " "
    return mark * 2 if drawn < 0.75 else mark
