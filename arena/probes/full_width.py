"""Letters, digits and marks in their full-width forms, as Chinese and Japanese keyboards type them."""

from __future__ import annotations

from random import Random

from arena.probes.words import outside_code

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def full_width(text: str, rng: Random) -> str:
    """The same text for whoever normalises it (NFKC), in other characters."""
    return outside_code(text, lambda part: part.translate(_WIDE))
