"""Whether a text is as long as it should be."""

from __future__ import annotations

from collections.abc import Sequence

from arena.config.strict import nearest
from arena.errors import DataError
from arena.files import from_json
from arena.metrics.tokens import words

BOUNDS = ("min_words", "max_words", "min_characters", "max_characters")


def length(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where it is inside all bounds. Every Han or kana character is a word; white space at the ends is none."""
    bounds = bounds_of(references[0])
    sizes = {"words": len(words(said)), "characters": len(said.strip())}
    return float(all(
        sizes[name[4:]] >= bound if name.startswith("min_") else sizes[name[4:]] <= bound
        for name, bound in bounds.items()
    ))  # fmt: skip


def bounds_of(text: str) -> dict[str, int]:
    """Bounds by name. Raises DataError where they are none."""
    try:
        read = from_json(text)
    except ValueError:
        read = None
    if not isinstance(read, dict) or not read:
        raise DataError(f"expected some of {', '.join(BOUNDS)}, as in {{max_words: 50}}")
    for name, bound in read.items():
        if name not in BOUNDS:
            raise DataError(f"no bound {name!r}{nearest(name, list(BOUNDS))}")
        if isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
            raise DataError(f"{name}: expected a number of at least 0, found {bound!r}")
    return {name: int(str(bound)) for name, bound in read.items()}


def check_bounds(text: str) -> None:
    """Raises DataError where they are none."""
    bounds_of(text)
