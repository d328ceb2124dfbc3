"""Everything in small letters, or everything in capitals."""

from __future__ import annotations

from random import Random

from arena.probes.words import outside_code


def case(text: str, rng: Random) -> str:
    """The text in one case, which the seed draws; a script without cases stays as it is."""
    capitals = rng.random() < 0.5
    return outside_code(text, str.upper if capitals else str.lower)
