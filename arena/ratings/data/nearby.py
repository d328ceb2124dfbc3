"""Keys put in an order in which what they point at lies close together.

A table larger than the processor's cache takes many times longer to add to at random than at places near each other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arena.ratings.data.arrays import IntArray

_MOST = 1 << 24
"""So many keys are held, 8 bytes each."""
_SHELVES = 256
"""As many as one byte tells apart, which sorts fastest."""


class Nearby:
    """Holds keys below `top` back until there are many, and gives them shelf by shelf: keys of the same high bits."""

    def __init__(self, top: int) -> None:
        self._shift = max((top - 1).bit_length() - (_SHELVES - 1).bit_length(), 0)
        self._held: list[tuple[IntArray, IntArray]] = []
        self._n = 0

    def add(self, keys: IntArray) -> Iterator[IntArray]:
        """Take some keys; all that are held are given back once there are many."""
        shelf = (keys >> self._shift).astype(np.uint8)
        ends = np.cumsum(np.bincount(shelf, minlength=_SHELVES))
        self._held.append((keys.take(np.argsort(shelf, kind="stable")), np.append(0, ends)))
        self._n += len(keys)
        if self._n >= _MOST:
            yield from self.rest()

    def rest(self) -> Iterator[IntArray]:
        """All that are held."""
        held, self._held, self._n = self._held, [], 0
        for shelf in range(_SHELVES if held else 0):
            yield np.concatenate([keys[ends[shelf] : ends[shelf + 1]] for keys, ends in held])
