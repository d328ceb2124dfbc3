"""Gaps between packages in two bytes each: on a scale of logarithms, to 0.02 % of the gap."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arena.load.sample import Sample
from arena.ratings.data.arrays import FloatArray

LEAST_S = 1e-7
"""Shorter gaps count as none: what comes in one piece has none between its packages."""
MOST_S = 1e5
_STEP = float(np.log(MOST_S / LEAST_S)) / 65_534

Codes = NDArray[np.uint16]


def coded(gaps: Sequence[float]) -> array[int]:
    """Seconds as codes: 0 for none, else 1 + the number of steps above LEAST_S, at most 65,535."""
    seconds = np.clip(np.asarray(gaps, dtype=float), LEAST_S / 2, MOST_S)
    steps = np.rint(np.log(seconds / LEAST_S) / _STEP) + 1
    return array("H", np.where(seconds < LEAST_S, 0, steps).astype(np.uint16).tobytes())


def sample_of(codes: Codes) -> Sample:
    """The gaps that codes stand for."""
    counts = np.zeros(1 << 16, dtype=np.int64)
    for at in range(0, len(codes), len(counts)):
        counts += np.bincount(codes[at : at + len(counts)], minlength=len(counts))
    used = np.flatnonzero(counts)
    return Sample(_seconds(used), np.cumsum(counts[used]))


def _seconds(codes: NDArray[np.intp]) -> FloatArray:
    found: FloatArray = np.where(codes == 0, 0.0, LEAST_S * np.exp((codes - 1) * _STEP))
    return found
